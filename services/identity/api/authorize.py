"""The authorisation endpoint (RFC 6749, 3.1; OpenID Connect Core 1.0, 3.1.2): the sign-in page, and the way back."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from authlib.oidc.core.errors import LoginRequiredError
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.identity.api.sign_in_links import sign_in_links
from services.identity.api.sign_in_steps import (
    NO_POST,
    Arrival,
    after_step,
    arrived,
    browser_alliance,
    finished,
    step_page,
)
from services.identity.api.visits import AUTHORIZE, Visit, opened_visit
from services.identity.commands.sign_in import sign_in
from services.identity.domain import Outcome, normalise_username
from services.identity.oauth.requests import form_pairs
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import posts_held
from services.identity.queries.alliances import alliance_of_account
from services.identity.settings import IdentitySettings
from services.kernel.clock import business_date
from services.kernel.database import WriteSession

router = APIRouter(include_in_schema=False)

STATUS = {Outcome.WRONG: 403, Outcome.LOCKED: 429, Outcome.DEACTIVATED: 403}
STALE = "登录页已过期或不是由本浏览器打开，请重新填写后登录。"
HINT_LENGTH = 64


def refusal_sentence(outcome: Outcome, settings: IdentitySettings) -> str:
    """What the page says; for a wrong name and a wrong password alike."""
    limit, minutes = settings.failures_before_lock, settings.lock_minutes
    return {
        Outcome.WRONG: f"用户名或密码不正确，请检查后重新输入。连续输错 {limit} 次将暂停登录 {minutes} 分钟。",
        Outcome.LOCKED: f"已连续输错 {limit} 次，为保护账号暂停登录 {minutes} 分钟。请稍后再试，或请管理员重设密码。",
        Outcome.DEACTIVATED: "该账号已停用，不能登录。如需恢复请联系系统管理员。",
    }[outcome]


@router.get("/oauth/authorize")
async def show(request: Request, parts: Parts) -> Response:
    """Show the step that is due, or answer with a code at once when this browser is signed in."""
    alliance = browser_alliance(request, parts)
    async with parts.database.write(alliance) as session:
        visit = await opened_visit(request, parts, session, alliance)
        if isinstance(visit, Response):
            return visit
        arrival = await arrived(session, parts, request, alliance)
        if arrival is not None and _anew(visit, arrival):
            arrival = None
        subject = arrival.subject if arrival is not None else None
        if arrival is not None and subject is not None and not visit.chooses_post:
            return await finished(visit, arrival, subject)
        if visit.wishes.silent:
            return await visit.refuse(LoginRequiredError())
        return await step_page(visit, arrival) if arrival is not None else await password_page(visit)


@router.get("/oauth/authorize/{step}")
async def show_due(request: Request, step: str) -> Response:  # noqa: ARG001  # whichever it names
    """A step's address serves its form; whoever loads it is shown the step that is due."""
    return RedirectResponse(f"{AUTHORIZE}?{request.url.query}", 303, {"Cache-Control": "no-store"})


@router.post("/oauth/authorize")
async def submit(request: Request, parts: Parts) -> Response:
    """Take user name and password; on success open a login session and go on to what it still waits for."""
    pairs = await form_pairs(request)
    # A client may send its request as a form (OpenID Connect Core 1.0, 3.1.2.1); a password never enters an address.
    if not request.url.query and "password" not in dict(pairs):
        return RedirectResponse(f"{AUTHORIZE}?{urlencode(pairs)}", 303, {"Cache-Control": "no-store"})
    form = dict(pairs)
    name = normalise_username(form.get("username", ""))
    home = await alliance_of_account(parts.database, parts.default_alliance, name)
    async with parts.tools.passwords.slots, parts.database.write(home) as session:
        answer = await _attempt(request, parts, session, home, form)
    if not isinstance(answer, Refusal):
        return answer
    # The page is that of before: whose name it is must not show in the alliance that it names.
    alliance = browser_alliance(request, parts)
    async with parts.database.write(alliance) as session:
        visit = await opened_visit(request, parts, session, alliance)
        return visit if isinstance(visit, Response) else await _refused(visit, answer)


@dataclass(frozen=True)
class Refusal:
    """Why user name and password were not taken, for the page that is shown again."""

    status: int
    problem: str = ""
    username: str = ""
    errors: dict[str, str] = field(default_factory=dict)


async def _attempt(
    request: Request, parts: IdentityParts, session: WriteSession, alliance: str, form: dict[str, str]
) -> Response | Refusal:
    visit = await opened_visit(request, parts, session, alliance)
    if isinstance(visit, Response):
        return visit
    if not visit.accepts("", form.get("csrf_token", "")):
        return Refusal(403, STALE)
    username, password = form.get("username", ""), form.get("password", "")
    if errors := _missing(username, password):
        return Refusal(422, username=username, errors=errors)
    return await _try(visit, username, password)


async def _try(visit: Visit, username: str, password: str) -> Response | Refusal:
    parts, session = visit.parts, visit.session
    before = await arrived(session, parts, visit.request, visit.alliance)
    outcome = await sign_in(
        session,
        parts.tools,
        visit.alliance,
        username,
        password,
        user_agent=visit.request.headers.get("user-agent", ""),
        replaces=before.login.id if before else None,
    )
    if outcome is Outcome.NO_POST:
        return parts.pages.message(403, NO_POST)
    if isinstance(outcome, Outcome):
        return Refusal(STATUS[outcome], refusal_sentence(outcome, parts.settings), username)
    posts = await posts_held(session, visit.alliance, outcome.account.id, business_date(parts.clock))
    return await after_step(visit, outcome, posts)


def _missing(username: str, password: str) -> dict[str, str]:
    errors = {} if username.strip() else {"username": "请填写用户名。"}
    return errors if password else {**errors, "password": "请填写密码。"}


def _anew(visit: Visit, arrival: Arrival) -> bool:
    """Whether the client wants the person to sign in once more, although the session lives."""
    oldest, age = visit.wishes.max_age, visit.parts.clock.now() - arrival.login.created_at
    return "login" in visit.wishes.prompts or (oldest is not None and age > oldest)


async def password_page(
    visit: Visit, status: int = 200, *, username: str = "", problem: str = "", errors: dict[str, str] | None = None
) -> Response:
    """User name and password, or the units' own sign-ins. What the client says of the name is a hint (`login_hint`)."""
    if status == 200:
        username = visit.wanted.payload.data.get("login_hint", "")[:HINT_LENGTH]
    links = await sign_in_links(visit)
    return await visit.page(
        "sign_in.html", "", status, username=username, problem=problem, errors=errors or {}, links=links
    )


async def _refused(visit: Visit, refusal: Refusal) -> Response:
    response = await password_page(
        visit, refusal.status, username=refusal.username, problem=refusal.problem, errors=refusal.errors
    )
    if refusal.status == STATUS[Outcome.LOCKED]:
        response.headers["Retry-After"] = str(visit.parts.settings.lock_minutes * 60)
    return response
