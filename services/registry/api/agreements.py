"""`/agreements`: list, read, record, change, renew, end, export; now or as of a day."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.clock import business_date
from services.kernel.database import AnySession
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.histories import add_history
from services.registry.api.members import workbook
from services.registry.api.parameters import AsOf, Paging, Purpose, Seen
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.create_agreement import create_agreement
from services.registry.commands.end_agreement import end_agreement
from services.registry.commands.export_agreements import export_agreements
from services.registry.commands.renew_agreement import renew_agreement
from services.registry.commands.update_agreement import update_agreement
from services.registry.domain.agreements import AgreementKind, Phase, days_left, part_label, phase_on
from services.registry.queries.agreements import (
    AgreementFilter,
    Surroundings,
    find_agreement,
    list_agreements,
    surroundings_of,
)
from services.registry.schemas.agreements import (
    AgreementCreate,
    AgreementEnding,
    AgreementRead,
    AgreementRenewal,
    AgreementSummary,
    AgreementUpdate,
    Named,
    PartyRead,
)
from services.registry.tables import Agreement

router = APIRouter(prefix="/agreements", tags=["agreements"])
LONGEST = 3_660


def agreement_filter(
    clock: InjectedClock,
    q: Annotated[str | None, Query(max_length=50, description="名称、编号、拼音或首字母中的一段")] = None,
    kind: AgreementKind | None = None,
    party: Annotated[UUID | None, Query(description="该单位签约的")] = None,
    phase: Annotated[Phase | None, Query(description="当天的状态")] = None,
    expiring_within: Annotated[int | None, Query(ge=1, le=LONGEST, description="履行中，且在这些天内到期的")] = None,
    collaboration: Annotated[UUID | None, Query(description="涉及该合作载体的")] = None,
    unrenewed: Annotated[bool, Query(description="只要还没有续签的")] = False,
    as_of: AsOf = None,
) -> AgreementFilter:
    """The query of a list or an export."""
    day = as_of or business_date(clock)
    return AgreementFilter(day, as_of, q, kind, party, phase, expiring_within, collaboration, unrenewed)


Asked = Annotated[AgreementFilter, Depends(agreement_filter)]


def summary(found: Agreement, around: Surroundings, day: date) -> AgreementSummary:
    """An agreement for a list, as it stands on a day."""
    left = days_left(found.until_date, day)
    renewal = around.renewals.get(found.id)
    return AgreementSummary(
        id=found.id,
        kind=found.kind,
        number=found.number,
        title=found.title,
        signed_on=found.signed_on,
        from_date=found.from_date,
        until_date=found.until_date,
        phase=phase_on(found, day),
        days_left=left if left is not None and left > 0 and found.ended_on is None else None,
        parties=[
            PartyRead(part=one.part, label=part_label(one.part), id=one.member, name=around.names.get(one.member, ""))
            for one in around.parties.get(found.id, [])
        ],
        renewed_by=renewal.id if renewal else None,
    )


async def read(session: AnySession, scope: Scope, found: Agreement, day: date, as_of: date | None) -> AgreementRead:
    """An agreement for its own page."""
    around = await surroundings_of(session, scope, [found], as_of)
    covered = around.coverage.get(found.id, [])
    renewed, renewal = around.renewed.get(found.renews) if found.renews else None, around.renewals.get(found.id)
    return AgreementRead(
        **summary(found, around, day).model_dump(),
        terms=found.terms,
        collaborations=[
            Named(id=one.collaboration, name=around.collaborations.get(one.collaboration, ""))
            for one in covered
            if one.collaboration
        ],
        subjects=[one.subject for one in covered if one.subject],
        renews=Named(id=renewed.id, name=renewed.title) if renewed else None,
        renewal=Named(id=renewal.id, name=renewal.title) if renewal else None,
        ended_on=found.ended_on,
        end_reason=found.end_reason,
        row_version=found.row_version,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


@router.get("", summary="查询合作协议")
async def list_(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    asked: Asked,
    page: Paging,
) -> Page[AgreementSummary]:
    found, cursor, total = await list_agreements(session, scope, asked, page)
    around = await surroundings_of(session, scope, found, asked.as_of)
    items = [summary(one, around, asked.day) for one in found]
    return Page(items=items, next_cursor=cursor, total=total)


@router.post("", status_code=201, response_model=AgreementRead, summary="登记协议")
async def create(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: AgreementCreate,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await create_agreement(session, clock, principal, draft)
    headers = {"Location": f"/api/registry/v1/agreements/{made.id}", "ETag": etag_of(made.row_version)}
    return await once.answer(await read(session, scope, made, business_date(clock), None), headers=headers)


@router.get("/export.xlsx", summary="导出合作协议", response_class=Response)
async def export(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryRead,
    asked: Asked,
    reason: Purpose = None,
) -> Response:
    return workbook(await export_agreements(session, clock, principal, asked, reason), "agreements", "合作协议")


@router.get("/{agreement_id}", summary="查看一份协议")
async def get(
    agreement_id: UUID,
    session: Reading,
    scope: CallerScope,
    _caller: RegistryRead,
    clock: InjectedClock,
    response: Response,
    as_of: AsOf = None,
) -> AgreementRead:
    found = await find_agreement(session, scope, agreement_id, as_of)
    if as_of is None:
        set_etag(response, found.row_version)
    return await read(session, scope, found, as_of or business_date(clock), as_of)


@router.put("/{agreement_id}", summary="修改协议")
async def update(
    agreement_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: AgreementUpdate,
    seen: Seen,
    response: Response,
) -> AgreementRead:
    found = await update_agreement(session, clock, principal, agreement_id, draft, seen)
    set_etag(response, found.row_version)
    return await read(session, scope, found, business_date(clock), None)


@router.post("/{agreement_id}/renewal", status_code=201, response_model=AgreementRead, summary="续签")
async def renew(
    agreement_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    once: IdempotentCreate,
    draft: AgreementRenewal,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await renew_agreement(session, clock, principal, agreement_id, draft)
    headers = {"Location": f"/api/registry/v1/agreements/{made.id}", "ETag": etag_of(made.row_version)}
    return await once.answer(await read(session, scope, made, business_date(clock), None), headers=headers)


@router.post("/{agreement_id}/ending", summary="提前终止")
async def end(
    agreement_id: UUID,
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    scope: CallerScope,
    draft: AgreementEnding,
    seen: Seen,
    response: Response,
) -> AgreementRead:
    found = await end_agreement(session, clock, principal, agreement_id, draft, seen)
    set_etag(response, found.row_version)
    return await read(session, scope, found, business_date(clock), None)


add_history(router, "agreement", find_agreement)
