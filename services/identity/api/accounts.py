"""Accounts and the caller's own."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from services.identity import queries
from services.identity.auth import Person, Secretariat
from services.identity.schemas.account import AccountRead, Me, UserInfo
from services.kernel.auth import CurrentPrincipal
from services.kernel.errors import NotSignedIn
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.permissions import ROLE_LABELS, Role
from services.kernel.sessions import CallerScope, Reading

router = APIRouter(tags=["accounts"])
userinfo_router = APIRouter(include_in_schema=False)


@router.get("/me", summary="当前登录者")
async def read_me(principal: CurrentPrincipal) -> Me:
    return Me(
        subject=principal.subject,
        name=principal.name,
        role=principal.role,
        role_label=ROLE_LABELS[principal.role],
        alliance=principal.alliance,
        division=principal.division,
        member=principal.member,
        client_id=principal.client_id,
        scopes=sorted(principal.scopes),
    )


@router.get("/accounts", summary="账号列表（秘书处）")
async def read_accounts(
    _caller: Secretariat, session: Reading, scope: CallerScope, page: Annotated[PageRequest, Depends(page_request)]
) -> Page[AccountRead]:
    rows, cursor, total = await queries.list_accounts(session, scope, page)
    return Page(items=[AccountRead.model_validate(row) for row in rows], next_cursor=cursor, total=total)


@userinfo_router.get("/oauth/userinfo")
@userinfo_router.post("/oauth/userinfo")
async def read_userinfo(principal: Person, session: Reading) -> UserInfo:
    """The signed-in person as the account is now. Raises NotSignedIn when it was deactivated meanwhile."""
    account = await queries.account_by_id(session, principal.alliance, UUID(principal.subject))
    if account is None or not account.active:
        raise NotSignedIn("账号已停用或不存在，请重新登录。", code="account_inactive")
    return UserInfo(
        sub=account.id,
        name=account.display_name,
        username=account.username,
        role=Role(account.role),
        alliance=account.alliance,
        alliance_name=await queries.alliance_name(session, account.alliance),
        division=account.division,
        member=account.member,
    )
