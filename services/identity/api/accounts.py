"""Accounts, by the system administrator."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.identity.auth import AccountsRead
from services.identity.presenting import accounts_read
from services.identity.queries.accounts import list_accounts
from services.identity.queries.posts import posts_by_person
from services.identity.schemas.account import AccountRead
from services.kernel.audit import audit_read
from services.kernel.clock import business_date
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import InjectedClock, Writing

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("", summary="查询账号")
async def list_(
    principal: AccountsRead,
    session: Writing,
    clock: InjectedClock,
    page: Annotated[PageRequest, Depends(page_request)],
) -> Page[AccountRead]:
    accounts, cursor, total = await list_accounts(session, principal.alliance, page)
    people = [account.person_id for account in accounts]
    posts = await posts_by_person(session, principal.alliance, people, business_date(clock))
    await audit_read(session, clock, principal, "account", rows=len(accounts))
    return Page(items=accounts_read(accounts, posts), next_cursor=cursor, total=total)
