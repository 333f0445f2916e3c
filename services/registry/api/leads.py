"""`/leads`: which units lead the alliance or one of its undertakings."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.registry.api.parameters import AsOf, Seen
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.create_lead import create_lead
from services.registry.commands.end_lead import end_lead
from services.registry.queries.governance import Moment, find_lead, lead_reads, leads_on
from services.registry.schemas.governance import LeadCreate, LeadEnding, LeadRead

router = APIRouter(prefix="/leads", tags=["governance"])


class LeadList(BaseModel):
    """The leads that stand on the day, in their order: a document names a handful."""

    items: list[LeadRead]


@router.get("", summary="查询牵头单位")
async def list_(
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    member: Annotated[UUID | None, Query(description="该单位牵头的")] = None,
    as_of: AsOf = None,
) -> LeadList:
    moment = Moment.of(as_of, clock)
    return LeadList(items=await lead_reads(session, scope, moment, await leads_on(session, scope, moment, member)))


@router.post("", status_code=201, response_model=LeadRead, summary="登记牵头单位")
async def create(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: LeadCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    lead = await create_lead(session, clock, principal, draft)
    shown = (await lead_reads(session, scope, Moment.of(None, clock), [lead]))[0]
    headers = {"Location": f"/api/registry/v1/leads/{lead.id}", "ETag": etag_of(lead.row_version)}
    return await once.answer(shown, headers=headers)


@router.get("/{lead_id}", summary="查看一项牵头登记")
async def get(
    lead_id: UUID,
    session: Reading,
    scope: CallerScope,
    clock: InjectedClock,
    _caller: RegistryRead,
    response: Response,
) -> LeadRead:
    lead = await find_lead(session, scope, lead_id)
    set_etag(response, lead.row_version)
    return (await lead_reads(session, scope, Moment.of(None, clock), [lead]))[0]


@router.post("/{lead_id}/ending", summary="终止牵头")
async def end(
    lead_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: LeadEnding,
    seen: Seen,
    response: Response,
) -> LeadRead:
    lead = await end_lead(session, clock, principal, lead_id, draft, seen)
    set_etag(response, lead.row_version)
    return (await lead_reads(session, scope, Moment.of(None, clock), [lead]))[0]
