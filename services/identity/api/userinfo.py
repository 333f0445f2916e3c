"""The signed-in person, for clients (OpenID Connect Core 1.0, 5.3)."""

from uuid import UUID

from fastapi import APIRouter

from services.identity.auth import OwnReading, Person
from services.identity.queries import account_by_id, alliance_name, held_post
from services.identity.schemas.account import UserInfo
from services.kernel.clock import business_date
from services.kernel.errors import NotSignedIn
from services.kernel.sessions import InjectedClock

router = APIRouter(include_in_schema=False)


@router.get("/oauth/userinfo")
@router.post("/oauth/userinfo")
async def read_userinfo(principal: Person, session: OwnReading, clock: InjectedClock) -> UserInfo:
    """The person and post as they are now. Raises NotSignedIn when the account or the post was lost meanwhile."""
    account = await account_by_id(session, principal.alliance, UUID(principal.subject))
    if account is None or not account.active:
        raise NotSignedIn("账号已停用或不存在，请重新登录。", code="account_inactive")
    assert principal.post is not None  # noqa: S101  # Person has one
    held = await held_post(session, principal.alliance, account.id, principal.post, business_date(clock))
    if held is None:
        raise NotSignedIn("您已不再担任该岗位，请重新登录。", code="post_not_held")
    return UserInfo(
        sub=account.id,
        name=account.person.name,
        username=account.username,
        role=held.role,
        alliance=account.alliance,
        alliance_name=await alliance_name(session, account.alliance),
        division=held.post.division,
        member=held.post.member,
        department=held.principal.department,
        post=held.post.id,
        title=held.post.title,
        unit_name=held.post.unit_name,
    )
