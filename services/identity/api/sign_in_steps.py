"""What follows the password: which step is due, its page, and the choice of a post.

The pages of the steps stand at addresses of their own only for sending their forms; to load the authorisation request
again always shows the step that is due, so none can be left out by its address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.identity.api.sign_in_links import sign_in_links
from services.identity.api.visits import Visit, opened_visit
from services.identity.commands.choose_post import choose_post
from services.identity.commands.end_access import end_sessions
from services.identity.commands.enrol_factor import offered_enrolment
from services.identity.commands.open_session import SignedIn
from services.identity.credentials import alliance_of
from services.identity.oauth.authorization import ConsentNeeded
from services.identity.oauth.requests import form_pairs
from services.identity.oauth.subject import Subject
from services.identity.pages import Message
from services.identity.parts import IdentityParts, Parts
from services.identity.queries import HeldPost, live_session, posts_held
from services.identity.queries.choices import last_choice
from services.identity.steps import Stage, choices_of, key_of, next_stage
from services.identity.tables import Account, LoginSession
from services.kernel.clock import business_date
from services.kernel.database import WriteSession
from services.kernel.permissions import ROLE_LABELS

router = APIRouter(include_in_schema=False)

NO_POST = Message(
    "没有可用的岗位",
    "用户名和密码正确，但您目前没有在任的岗位，因此不能进入系统。",
    "岗位由安全管理员任命。请联系本单位负责人，由其向联盟秘书处申请；已任命的，请确认任职日期已到。",
)
STALE = "页面已过期或不是由本浏览器打开，请重新填写。"
TIMED_OUT = "登录已超时或已在别处继续，请重新输入用户名和密码。"
UNKNOWN_CHOICE = "所选岗位已不可用，请重新选择。"


@dataclass(frozen=True)
class Arrival:
    """Somebody on the way: the login session, its account and the posts held today."""

    login: LoginSession
    account: Account
    posts: Sequence[HeldPost]

    @property
    def chosen(self) -> HeldPost | None:
        """The post of the session while it is held."""
        key = (self.login.post_id, self.login.practice)
        return next((held for held in choices_of(self.posts) if (held.post.id, held.practice) == key), None)

    @property
    def stage(self) -> Stage:
        """What is due now, by what is known now: posts come and go, and a factor may have been set up meanwhile."""
        return next_stage(self.account, self.posts, self.login.amr, chosen=self.chosen is not None)

    @property
    def subject(self) -> Subject | None:
        """For whom the client may get tokens, once every step was passed."""
        complete = self.stage is Stage.COMPLETE and self.login.stage == Stage.COMPLETE
        return Subject(self.chosen, self.login) if complete and self.chosen is not None else None


async def arrived(session: WriteSession, parts: IdentityParts, request: Request, alliance: str) -> Arrival | None:
    """The living login session of this browser, its rest counted anew."""
    cookie = parts.cookies.session(request) or ""
    now = parts.clock.now()
    live = await live_session(session, alliance, cookie, now, parts.settings.session_idle) if cookie else None
    if live is None:
        return None
    login, account = live
    login.seen_at = now
    return Arrival(login, account, await posts_held(session, alliance, account.id, business_date(parts.clock)))


def browser_alliance(request: Request, parts: IdentityParts) -> str:
    """The alliance that the browser's session names, or the default one."""
    return alliance_of(parts.cookies.session(request) or "", parts.default_alliance)


async def finished(visit: Visit, arrival: Arrival, subject: Subject, *, allowed: bool | None = None) -> Response:
    """Answer the client for a session that has passed every step; a third party's program may need consent first."""
    answer = await visit.answer(subject, allowed=allowed)
    if isinstance(answer, ConsentNeeded):
        return await visit.page("consent.html", "consent", needed=answer, chosen=arrival.chosen)
    return answer


async def after_step(visit: Visit, signed_in: SignedIn, posts: Sequence[HeldPost], *, chosen: bool = False) -> Response:
    """The client's answer when this was the last step, else on to the next; with the session's new cookie.

    `chosen` says that the step was the choice of the post, for which the client may ask of everybody.
    """
    arrival = Arrival(signed_in.session, signed_in.account, posts)
    if arrival.subject is None or (visit.chooses_post and not chosen):
        return visit.onward(signed_in.cookie)
    answer = await visit.answer(arrival.subject)
    if isinstance(answer, ConsentNeeded):  # its page brings a form's cookie, which a new session's would end
        return visit.onward(signed_in.cookie, chosen=chosen)
    visit.parts.cookies.set_session(answer, signed_in.cookie)
    return answer


async def step_page(visit: Visit, arrival: Arrival, status: int = 200, problem: str = "") -> Response:
    """The page of the step that is due: second factor, setting one up, or the choice of a post."""
    if not arrival.posts:
        return await _without_post(visit, arrival)
    told = {"problem": problem, "person": arrival.account.person.name}
    if arrival.stage is not Stage.FACTOR:
        return await visit.page("choose_post.html", "post", status, posts=await _offered(visit, arrival), **told)
    if arrival.account.totp_confirmed_at is not None:
        return await visit.page("second_factor.html", "factor", status, **told)
    enrolment = await offered_enrolment(visit.session, visit.parts.tools, arrival.account, arrival.login.id)
    return await visit.page("enrol_factor.html", "enrolment", status, enrolment=enrolment, **told)


async def _without_post(visit: Visit, arrival: Arrival) -> Response:
    """The last post ended: so does the session, and the next one begins with the password."""
    await end_sessions(visit.session, visit.parts.clock, visit.alliance, session_id=arrival.login.id)
    response = visit.parts.pages.message(403, NO_POST)
    visit.parts.cookies.drop_session(response)
    return response


@dataclass(frozen=True)
class OfferedPost:
    """One post on the page of choices, with the buttons to enter it; `last` is the choice of last time, if here."""

    held: HeldPost
    last: HeldPost | None = None

    @property
    def role_label(self) -> str:
        return ROLE_LABELS[self.held.role]

    @property
    def practises(self) -> bool:
        """Whether one of the buttons leads into practice."""
        return any(practice for _key, practice, _again in self.buttons())

    def buttons(self) -> list[tuple[str, bool, bool]]:
        """(value, whether it is practice, whether it was the choice of last time), always in the same order."""
        return [(key_of(choice), choice.practice, choice == self.last) for choice in choices_of([self.held])]


async def _offered(visit: Visit, arrival: Arrival) -> list[OfferedPost]:
    """The posts, the one worked in last first."""
    last = await last_choice(visit.session, visit.alliance, arrival.account.id)
    found = next((choice for choice in choices_of(arrival.posts) if (choice.post.id, choice.practice) == last), None)
    first = found.post.id if found is not None else None
    posts = sorted(arrival.posts, key=lambda held: held.post.id != first)
    return [OfferedPost(held, found if held.post.id == first else None) for held in posts]


@dataclass(frozen=True)
class Sent:
    """The checked form of a step: from this browser, for this request, by a session that is at this step."""

    visit: Visit
    arrival: Arrival
    form: dict[str, str]


async def sent_form(
    session: WriteSession, parts: IdentityParts, request: Request, step: str, stages: Sequence[Stage]
) -> Sent | Response:
    """Read and check the form of a step; anything wrong is answered with the page that is due instead."""
    form = dict(await form_pairs(request))
    visit = await opened_visit(request, parts, session, browser_alliance(request, parts))
    if isinstance(visit, Response):
        return visit
    arrival = await arrived(session, parts, request, visit.alliance)
    if arrival is None:
        links = await sign_in_links(visit)
        return await visit.page("sign_in.html", "", 403, username="", problem=TIMED_OUT, errors={}, links=links)
    if arrival.stage not in stages or not arrival.posts:
        return visit.onward()
    if not visit.accepts(step, form.get("csrf_token", "")):
        return await step_page(visit, arrival, 403, STALE)
    return Sent(visit, arrival, form)


@router.post("/oauth/authorize/post")
async def submit_post(request: Request, parts: Parts) -> Response:
    """Take the post to work in; a person who is signed in already changes it this way, without the password."""
    async with parts.database.write(browser_alliance(request, parts)) as session:
        sent = await sent_form(session, parts, request, "post", (Stage.POST, Stage.COMPLETE))
        if isinstance(sent, Response):
            return sent
        arrival = sent.arrival
        wanted = sent.form.get("choice", "")
        chosen = next((choice for choice in choices_of(arrival.posts) if key_of(choice) == wanted), None)
        if chosen is None:
            return await step_page(sent.visit, arrival, 422, UNKNOWN_CHOICE)
        signed_in = await choose_post(session, parts.tools, arrival.account, arrival.login, arrival.posts, chosen)
        return await after_step(sent.visit, signed_in, arrival.posts, chosen=True)
