"""The caller's own: who it is, its posts, its sessions, its password."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.identity.auth import OwnPages, OwnReading, OwnWriting, Person
from services.identity.commands.change_password import change_password
from services.identity.commands.end_sessions_of import end_own_session
from services.identity.domain import Outcome, refuse
from services.identity.parts import Parts
from services.identity.password_rules import password_issues
from services.identity.presenting import own_post, session_read
from services.identity.queries import get_account_by_id
from services.identity.queries.login_sessions import open_sessions
from services.identity.queries.posts import current_holdings
from services.identity.schemas.account import Me
from services.identity.schemas.people import OwnPosts, PasswordChange, Sessions
from services.kernel.alliances import is_practice
from services.kernel.auth import CurrentPrincipal
from services.kernel.clock import business_date
from services.kernel.errors import FieldIssue, InvalidInput, TooManyRequests
from services.kernel.permissions import ROLE_LABELS
from services.kernel.sessions import InjectedClock

router = APIRouter(prefix="/me", tags=["me"])


@router.get("", summary="当前登录者")
async def read_me(principal: CurrentPrincipal) -> Me:
    return Me(
        subject=principal.subject,
        name=principal.name,
        role=principal.role,
        role_label=ROLE_LABELS[principal.role],
        alliance=principal.alliance,
        practice=is_practice(principal.alliance),
        division=principal.division,
        member=principal.member,
        department=principal.department,
        post=principal.post,
        post_title=principal.post_title,
        unit_name=principal.unit_name,
        client_id=principal.client_id,
        scopes=sorted(principal.scopes),
    )


@router.get("/posts", summary="我今日担任的岗位")
async def read_posts(person: Person, session: OwnReading, clock: InjectedClock) -> OwnPosts:
    account = await get_account_by_id(session, person.alliance, UUID(person.subject))
    held = await current_holdings(session, person.alliance, account.person_id, business_date(clock))
    return OwnPosts(items=[own_post(holding, person.post) for holding in held if holding.post.active])


@router.get("/sessions", summary="我的登录")
async def read_sessions(person: OwnPages, session: OwnReading, clock: InjectedClock) -> Sessions:
    found = await open_sessions(session, person.alliance, UUID(person.subject), clock.now())
    return Sessions(items=[session_read(one, person.session_id) for one in found])


@router.delete("/sessions/{session_id}", status_code=204, summary="退出某处的登录", response_class=Response)
async def end_session(session_id: UUID, person: OwnPages, session: OwnWriting, clock: InjectedClock) -> Response:
    await end_own_session(session, clock, person, session_id)
    return Response(status_code=204)


@router.post("/password", status_code=204, summary="修改我的密码", response_class=Response)
async def write_password(person: OwnPages, parts: Parts, draft: PasswordChange) -> Response:
    """Its own transaction: a wrong present password is counted and audited, and only then refused."""
    current, new = draft.current_password.get_secret_value(), draft.new_password.get_secret_value()
    async with parts.tools.passwords.slots, parts.database.write(person.alliance) as session:
        account = await get_account_by_id(session, person.alliance, UUID(person.subject))
        refuse(_new_password_issues(account.username, current, new))
        outcome = await change_password(session, parts.tools, person, current, new)
    if outcome is Outcome.LOCKED:
        minutes = parts.settings.lock_minutes
        sentence = f"连续输错的次数过多，各处登录均已退出，请 {minutes} 分钟后重新登录。"
        raise TooManyRequests(sentence, retry_after_seconds=minutes * 60)
    if outcome is not Outcome.ACCEPTED:
        raise InvalidInput([FieldIssue("current_password", "password_wrong", "当前密码不正确，请重新输入。")])
    return Response(status_code=204)


def _new_password_issues(username: str, current: str, new: str) -> list[FieldIssue]:
    issues = [FieldIssue("new_password", one.code, one.message) for one in password_issues(username, new)]
    same = FieldIssue("new_password", "password_unchanged", "新密码不能与当前密码相同。")
    return [*issues, same] if new == current else issues
