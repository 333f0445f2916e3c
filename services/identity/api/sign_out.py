"""Sign-out started by a client (OpenID Connect RP-Initiated Logout 1.0).

With an ID token of ours as the hint its session ends at once. Without one anybody's link could have led here, so the
person is asked first (6).
"""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.identity.actors import account_holder
from services.identity.commands.end_access import end_sessions
from services.identity.credentials import alliance_of
from services.identity.oauth.hints import Hint, hint_of, way_back
from services.identity.oauth.requests import form_pairs
from services.identity.pages import Message
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import account_by_id, alliance_name, find_client, held_post, live_session, published_keys
from services.identity.queries.sessions import session_by_id
from services.identity.tables import Account, LoginSession
from services.kernel.audit import audit
from services.kernel.clock import business_date
from services.kernel.database import WriteSession

router = APIRouter(include_in_schema=False)

PURPOSE = "sign out"
LONGEST = 8_000
SIGNED_OUT = Message("已退出登录", "本浏览器的登录已经结束。", "如需继续使用，请从系统首页重新登录。")


@dataclass(frozen=True)
class Wanted:
    """What the client asked for, as far as it may be granted. `live` is who is signed in in this browser."""

    alliance: str
    hint: Hint | None
    back: str | None
    live: tuple[LoginSession, Account] | None

    @property
    def proved(self) -> bool:
        """The hint stands for the session of this browser, or for one that this browser no longer knows of."""
        return self.hint is not None and (self.live is None or self.live[0].id == self.hint.session_id)


@router.get("/oauth/logout")
async def sign_out(request: Request, parts: Parts) -> Response:
    """End the session that the hint names, or ask."""
    return await _sign_out(request, parts, dict(request.query_params))


@router.post("/oauth/logout")
async def sign_out_by_form(request: Request, parts: Parts) -> Response:
    """The same with the client's parameters in a form, or the answer of who was asked."""
    form = dict(await form_pairs(request))
    told = form.get("csrf_token", "")
    confirmed = bool(told) and parts.form_tokens.accepts(parts.cookies.form(request), told, PURPOSE)
    return await _sign_out(request, parts, form, confirmed=confirmed)


async def _sign_out(
    request: Request, parts: IdentityParts, asked: dict[str, str], *, confirmed: bool = False
) -> Response:
    asked = {name: "" if "\x00" in value or len(value) > LONGEST else value for name, value in asked.items()}
    cookie = parts.cookies.session(request) or ""
    async with parts.database.write(alliance_of(cookie, parts.default_alliance)) as session:
        wanted = await _wanted(session, parts, cookie, asked)
        if wanted.live is not None and not (confirmed or wanted.proved):
            name = await alliance_name(session, wanted.alliance)
            return _ask(request, parts, wanted, asked, alliance_name=name, person=wanted.live[1].person.name)
        if wanted.live is not None:
            await _end(session, parts, *wanted.live)
    if wanted.live is None and wanted.hint is not None:
        await _end_elsewhere(parts, wanted.hint)
    return _gone(parts, wanted, trusted=confirmed or wanted.proved)


async def _wanted(session: WriteSession, parts: IdentityParts, cookie: str, asked: dict[str, str]) -> Wanted:
    now, alliance = parts.clock.now(), alliance_of(cookie, parts.default_alliance)
    keys = await published_keys(session, now)
    given = asked.get("id_token_hint", "")
    hint = hint_of(given, keys, parts.settings.hub.public_url) if given else None
    client_id = asked.get("client_id") or (hint.client_id if hint else "")
    client = await find_client(session, client_id)
    back = way_back(client, hint, asked.get("post_logout_redirect_uri", ""), asked.get("state", ""))
    idle = parts.settings.session_idle
    live = await live_session(session, alliance, cookie, now, idle) if cookie else None
    return Wanted(alliance, hint, back, live)


async def _end(session: WriteSession, parts: IdentityParts, login: LoginSession, account: Account) -> None:
    """End the session and everything that it gave, within seconds and everywhere."""
    await end_sessions(session, parts.clock, login.alliance, session_id=login.id)
    actor = account_holder(account)
    if login.post_id is not None:
        held = await held_post(session, login.alliance, account.id, login.post_id, business_date(parts.clock))
        actor = held.principal if held is not None else actor
    await audit(session, parts.clock, actor, "sign_out", "account", account.id, after={"session": str(login.id)})


async def _end_elsewhere(parts: IdentityParts, hint: Hint) -> None:
    """The browser lost its cookie, or never had one: end the session that the client proves to be of."""
    async with parts.database.write(hint.alliance) as session:
        login = await session_by_id(session, hint.alliance, hint.session_id)
        account = await account_by_id(session, hint.alliance, login.account_id) if login is not None else None
        if login is not None and account is not None and login.ended_at is None:
            await _end(session, parts, login, account)


def _ask(request: Request, parts: IdentityParts, wanted: Wanted, asked: dict[str, str], **shown: str) -> Response:
    """A page with one button; what the client asked for travels in the form."""
    cookie = parts.cookies.form(request) or parts.form_tokens.new_cookie()
    kept = {name: asked[name] for name in ("client_id", "post_logout_redirect_uri", "state") if asked.get(name)}
    response = parts.pages.render(
        "sign_out.html",
        200,
        form_target=wanted.back or "",
        csrf_token=parts.form_tokens.token_for(cookie, PURPOSE),
        fields=kept,
        **shown,
    )
    parts.cookies.set_form(response, cookie)
    return response


def _gone(parts: IdentityParts, wanted: Wanted, *, trusted: bool) -> Response:
    """On to the client where that is safe, else a page of our own."""
    if wanted.back is not None and trusted:
        response: Response = RedirectResponse(wanted.back, 303, {"Cache-Control": "no-store"})
    else:
        response = parts.pages.message(200, SIGNED_OUT)
    parts.cookies.drop_session(response)
    return response
