"""Settlements: compute, read, explain, verify, confirm, and the payment table."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from services.kernel.audit import audit_export, audit_read
from services.kernel.database import Database
from services.kernel.etags import check_version, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing, database_of
from services.subsidies.api.dependencies import WithTools
from services.subsidies.api.downloads import WORKBOOK_RESPONSE, workbook
from services.subsidies.api.settlement_reading import (
    line_explanation,
    line_read,
    settlement_pending,
    settlement_read,
    settlement_summary,
)
from services.subsidies.auth import SubsidiesCheck, SubsidiesConfirm, SubsidiesRead, SubsidiesSettle
from services.subsidies.commands.confirm_settlement import confirm_settlement
from services.subsidies.commands.start_settlement import start_settlement
from services.subsidies.commands.verify_settlement import verify_settlement
from services.subsidies.domain import SettlementState
from services.subsidies.payment_table import Contents, payment_table
from services.subsidies.queries.explaining import explain_line
from services.subsidies.queries.lines import LineFilter, find_line, page_of_lines, short_lines
from services.subsidies.queries.payments import carried_payments, payments_of, shares_of
from services.subsidies.queries.pinned import changed_inputs
from services.subsidies.queries.policy import current_policy
from services.subsidies.queries.pool_decisions import decided_lines, decisions_of, standing_among
from services.subsidies.queries.settlements import find_settlement, inputs_of, page_of_settlements, viewer_of
from services.subsidies.queries.subjects import people_on, subjects_of
from services.subsidies.schemas.rosters import JobAccepted
from services.subsidies.schemas.settlements import (
    LineExplanation,
    LineRead,
    OpinionBody,
    SettlementCreate,
    SettlementRead,
    SettlementSummary,
    VerificationRead,
)
from services.subsidies.tables import DecidedLine, Settlement, SettlementLine

router = APIRouter(tags=["settlements"])


async def _seen(settlement_id: UUID, session: Reading, scope: CallerScope, principal: SubsidiesRead) -> Settlement:
    return await find_settlement(session, scope, principal, settlement_id)


async def _disclosed(settlement_id: UUID, session: Writing, scope: CallerScope, principal: SubsidiesRead) -> Settlement:
    """For routes that show people, which the log tells: seen through the session that writes it."""
    return await find_settlement(session, scope, principal, settlement_id)


async def _held(settlement_id: UUID, session: Writing, scope: CallerScope, principal: SubsidiesCheck) -> Settlement:
    return await find_settlement(session, scope, principal, settlement_id, lock=True)


SeenSettlement = Annotated[Settlement, Depends(_seen)]
DisclosedSettlement = Annotated[Settlement, Depends(_disclosed)]
HeldSettlement = Annotated[Settlement, Depends(_held)]


@router.post("/settlements", status_code=202, summary="结算一个年度", response_model=JobAccepted)
async def create_settlement(
    body: SettlementCreate, session: Writing, principal: SubsidiesSettle, clock: InjectedClock, once: IdempotentCreate
) -> Response:
    if replay := await once.replay():
        return replay
    row = await start_settlement(session, clock, principal, year=body.year, snapshot_date=body.snapshot_date)
    assert row.job_id is not None  # noqa: S101  # just queued
    headers = {"Location": f"/api/subsidies/v1/jobs/{row.job_id}"}
    return await once.answer(JobAccepted(job=row.job_id, id=row.id), 202, headers)


@router.get("/settlements", summary="结算列表")
async def list_settlements(
    session: Reading,
    scope: CallerScope,
    principal: SubsidiesRead,
    page: Annotated[PageRequest, Depends(page_request)],
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    state: SettlementState | None = None,
) -> Page[SettlementSummary]:
    rows, cursor, total = await page_of_settlements(session, scope, principal, page, year=year, state=state)
    return Page(items=[settlement_summary(row) for row in rows], next_cursor=cursor, total=total)


@router.get("/settlements/{settlement_id}", summary="一次结算：合计、资金池、超出时的可选方案")
async def read_settlement(
    settlement: SeenSettlement,
    session: Reading,
    scope: CallerScope,
    principal: SubsidiesRead,
    tools: WithTools,
    response: Response,
) -> SettlementRead:
    set_etag(response, settlement.row_version)
    if settlement.pins is None:
        return settlement_pending(settlement)
    inputs = await inputs_of(session, tools.registry, settlement)
    changed: list[str] = []
    if settlement.state == SettlementState.COMPUTED.value:
        policy = await current_policy(session, principal.alliance)
        known = await tools.registry.kept_version(session, principal.alliance)
        changed = await changed_inputs(session, inputs.pinned, policy, known)
    viewer = viewer_of(principal, scope, inputs.registry)
    return settlement_read(settlement, inputs, viewer, changed, await decisions_of(session, scope, settlement))


@router.get("/settlements/{settlement_id}/lines", summary="结算明细")
async def list_lines(
    settlement: DisclosedSettlement,
    session: Writing,
    scope: CallerScope,
    principal: SubsidiesRead,
    clock: InjectedClock,
    tools: WithTools,
    page: Annotated[PageRequest, Depends(page_request)],
    rule: Annotated[str | None, Query(max_length=63)] = None,
    outcome: Annotated[str | None, Query(max_length=20, description="payable 或 excluded")] = None,
    reason: Annotated[str | None, Query(max_length=40)] = None,
    funding: Annotated[str | None, Query(max_length=20, description="within_pool 或 above_pool")] = None,
    payee: UUID | None = None,
) -> Page[LineRead]:
    inputs = await inputs_of(session, tools.registry, settlement)
    viewer = viewer_of(principal, scope, inputs.registry)
    wanted = LineFilter(rule, outcome, reason, funding, payee)
    rows, cursor, total = await page_of_lines(session, scope, viewer, settlement, inputs.terms, page, wanted)
    subjects = await subjects_of(session, principal.alliance, inputs.registry, rows)
    if people := people_on(rows):
        await audit_read(session, clock, principal, "settlement_line", settlement.id, rows=people)
    decided = await _decided(session, scope, settlement, rows)
    items = [line_read(row, inputs, subjects, decided.get(row.line_no)) for row in rows]
    return Page(items=items, next_cursor=cursor, total=total)


@router.get("/settlements/{settlement_id}/lines/{line_no}", summary="一行明细的完整说明")
async def read_line(
    settlement: DisclosedSettlement,
    line_no: Annotated[int, Path(ge=1, le=2**31 - 1)],
    session: Writing,
    scope: CallerScope,
    principal: SubsidiesRead,
    clock: InjectedClock,
    tools: WithTools,
) -> LineExplanation:
    inputs = await inputs_of(session, tools.registry, settlement)
    viewer = viewer_of(principal, scope, inputs.registry)
    line = await find_line(session, scope, viewer, settlement, line_no)
    subjects = await subjects_of(session, principal.alliance, inputs.registry, [line])
    if people := people_on([line]):
        await audit_read(session, clock, principal, "settlement_line", f"{settlement.id}/{line_no}", rows=people)
    decided = await _decided(session, scope, settlement, [line])
    explanation = await explain_line(session, inputs, settlement, line)
    return line_explanation(line, inputs, subjects, decided.get(line_no), explanation)


async def _decided(
    session: Writing, scope: CallerScope, settlement: Settlement, lines: Sequence[SettlementLine]
) -> dict[int, DecidedLine]:
    """What the standing decisions say of some lines, by line number."""
    standing = standing_among(await decisions_of(session, scope, settlement))
    return await decided_lines(session, settlement.alliance, standing, [line.line_no for line in lines])


@router.post("/settlements/{settlement_id}/confirmation", summary="确认结算（每年度一次）")
async def confirm(
    principal: SubsidiesConfirm,
    settlement: HeldSettlement,
    version: Annotated[str, Depends(if_match)],
    session: Writing,
    clock: InjectedClock,
    tools: WithTools,
    database: Annotated[Database, Depends(database_of)],
    response: Response,
    body: OpinionBody | None = None,
) -> SettlementSummary:
    check_version(version, settlement.row_version)
    opinion = body.opinion if body else None
    newest = partial(tools.registry.latest, database, principal.alliance)
    await confirm_settlement(session, clock, principal, settlement, opinion, newest)
    set_etag(response, settlement.row_version)
    return settlement_summary(settlement)


@router.post("/settlements/{settlement_id}/verification", summary="复核：按当时的依据重新计算并比对")
async def verify(
    settlement: HeldSettlement, session: Writing, principal: SubsidiesCheck, clock: InjectedClock, tools: WithTools
) -> VerificationRead:
    result = await verify_settlement(session, clock, principal, tools.registry, settlement)
    return VerificationRead(**vars(result), matches=result.matches)


@router.get(
    "/settlements/{settlement_id}/payment-table.xlsx",
    summary="拨付表",
    response_class=Response,
    responses=WORKBOOK_RESPONSE,
)
async def download_payment_table(
    settlement_id: UUID,
    session: Writing,
    scope: CallerScope,
    principal: SubsidiesCheck,
    clock: InjectedClock,
    tools: WithTools,
) -> Response:
    settlement = await find_settlement(session, scope, principal, settlement_id)
    inputs = await inputs_of(session, tools.registry, settlement)
    standing = standing_among(await decisions_of(session, scope, settlement))
    book = inputs.policy.book
    payments = payments_of(shares_of(settlement.totals or {}, book, standing), book)
    payments += await carried_payments(session, inputs.pinned)
    short = await short_lines(session, settlement, standing)
    subjects = await subjects_of(session, principal.alliance, inputs.registry, [each.line for each in short])
    contents = Contents(settlement, inputs, payments, short, standing, subjects)
    content = await asyncio.to_thread(payment_table, contents)
    rows = len(payments) + len(short)
    await audit_export(session, clock, principal, "settlement", settlement.id, rows=rows)
    return workbook(content, f"{settlement.year}年度奖补资金拨付表.xlsx")
