"""The people of a unit, by its own administrator."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.identity.api.links import answer_link
from services.identity.auth import UnitManage
from services.identity.commands.reset_unit_password import reset_unit_password
from services.identity.parts import Parts
from services.identity.presenting import unit_account_read
from services.identity.queries.units import posts_in_unit, unit_accounts
from services.identity.schemas.people import InvitationRead, UnitAccountRead
from services.kernel.audit import audit_read
from services.kernel.clock import business_date
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import InjectedClock, Writing

router = APIRouter(prefix="/unit", tags=["unit"])


@router.get("/accounts", summary="本单位人员")
async def list_(
    principal: UnitManage,
    session: Writing,
    clock: InjectedClock,
    page: Annotated[PageRequest, Depends(page_request)],
) -> Page[UnitAccountRead]:
    today = business_date(clock)
    accounts, cursor, total = await unit_accounts(session, principal, today, page)
    posts = await posts_in_unit(session, principal, [account.person_id for account in accounts], today)
    await audit_read(session, clock, principal, "account", rows=len(accounts))
    items = [unit_account_read(account, posts.get(account.person_id, [])) for account in accounts]
    return Page(items=items, next_cursor=cursor, total=total)


@router.post(
    "/accounts/{account_id}/password-resets",
    status_code=201,
    response_model=InvitationRead,
    summary="为本单位人员生成密码重置链接",
)
async def create_password_reset(
    account_id: UUID,
    principal: UnitManage,
    session: Writing,
    clock: InjectedClock,
    parts: Parts,
    once: IdempotentCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    purpose, invited = await reset_unit_password(session, clock, principal, parts.settings, account_id)
    return await answer_link(once, purpose, invited)
