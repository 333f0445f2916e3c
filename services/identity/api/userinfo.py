"""The signed-in person, for clients (OpenID Connect Core 1.0, 5.3)."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from services.identity.auth import OwnReading, Person
from services.identity.queries import HeldPost, alliance_name, held_post
from services.identity.schemas.userinfo import UserInfo
from services.kernel.alliances import is_practice
from services.kernel.auth import CurrentPrincipal
from services.kernel.clock import business_date
from services.kernel.errors import Forbidden, NotSignedIn
from services.kernel.permissions import ROLE_LABELS
from services.kernel.problems import problem_response
from services.kernel.sessions import InjectedClock

router = APIRouter(include_in_schema=False)
TOO_NARROW = 'Bearer error="insufficient_scope", scope="openid"'


@router.get("/oauth/userinfo")
@router.post("/oauth/userinfo")
async def read_userinfo(
    caller: CurrentPrincipal, person: Person, session: OwnReading, clock: InjectedClock
) -> Response:
    """The person and post as they are now. Raises NotSignedIn when the account or the post was lost meanwhile."""
    if "openid" not in caller.scopes:
        refusal = problem_response(Forbidden("访问令牌不含 openid，不能读取登录者信息，请申请该范围后重新登录。"))
        refusal.headers["WWW-Authenticate"] = TOO_NARROW
        return refusal
    assert person.post is not None  # noqa: S101  # so says its type
    account_id, today = UUID(person.subject), business_date(clock)
    practice = is_practice(caller.alliance)
    held = await held_post(session, person.alliance, account_id, person.post, today, practice=practice)
    if held is None:
        raise NotSignedIn("账号已停用，或您已不再担任该岗位，请重新登录。", code="post_not_held")
    told = UserInfo(sub=account_id)
    if "profile" in caller.scopes:
        told = profile_of(held, await alliance_name(session, person.alliance))
    return JSONResponse(told.model_dump(mode="json", exclude_none=True), headers={"Cache-Control": "no-store"})


def profile_of(held: HeldPost, name_of_alliance: str) -> UserInfo:
    """Everything that a client may know of a person at work."""
    return UserInfo(
        sub=held.account.id,
        name=held.account.person.name,
        preferred_username=held.account.username,
        role=held.role,
        role_label=ROLE_LABELS[held.role],
        alliance=held.claims["alliance"],
        alliance_name=name_of_alliance,
        practice=held.practice,
        division=held.post.division,
        member=held.post.member,
        department=held.principal.department,
        post=held.post.id,
        post_title=held.post.title,
        unit_name=held.post.unit_name,
    )
