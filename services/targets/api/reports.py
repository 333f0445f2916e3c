"""Reports of indicators: hand in, correct, accept, return."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.kernel.etags import etag_of, if_match, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.pagination import Page, PageRequest, page_request, paginate, sort_column
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.targets.auth import TargetsAssess, TargetsRead, TargetsReport
from services.targets.commands.decide_report import decide_report
from services.targets.commands.revise_report import revise_report
from services.targets.commands.submit_report import submit_report
from services.targets.domain import ReportAction, ReportState
from services.targets.presenting import report_detail, report_read
from services.targets.queries.policy import find_indicator, indicators_ever
from services.targets.queries.reports import decisions_of, find_report
from services.targets.schemas.reports import Opinion, ReportCreate, ReportDetail, ReportFigures, ReportRead
from services.targets.tables import Report

router = APIRouter(tags=["reports"])
SORTABLE = {"reported_at": Report.reported_at, "year": Report.year, "indicator": Report.indicator}
Seen = Annotated[str, Depends(if_match)]


@router.get("/reports", summary="填报列表")
async def list_reports(
    session: Reading,
    scope: CallerScope,
    principal: TargetsRead,
    page: Annotated[PageRequest, Depends(page_request)],
    indicator: str | None = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    state: ReportState | None = None,
) -> Page[ReportRead]:
    wanted = {"indicator": indicator, "year": year, "state": state.value if state else None}
    statement = scope.select(Report).filter_by(**{k: v for k, v in wanted.items() if v is not None})
    order = sort_column(page, SORTABLE, "reported_at")
    rows, cursor, total = await paginate(session, statement, page, order=order, tie=Report.id)
    known = await indicators_ever(session, principal.alliance)
    return Page(items=[report_read(r, known[r.indicator]) for r in rows], next_cursor=cursor, total=total)


@router.post("/reports", status_code=201, summary="填报一个指标", response_model=ReportRead)
async def create_report(
    given: ReportCreate, session: Writing, principal: TargetsReport, clock: InjectedClock, once: IdempotentCreate
) -> Response:
    if (earlier := await once.replay()) is not None:
        return earlier
    report = await submit_report(session, clock, principal, given)
    _, indicator = await find_indicator(session, principal.alliance, report.indicator)
    headers = {"Location": f"/api/targets/v1/reports/{report.id}", "ETag": etag_of(report.row_version)}
    return await once.answer(report_read(report, indicator), 201, headers)


@router.get("/reports/{report_id}", summary="一份填报，含办理过程")
async def read_report(
    report_id: UUID, session: Reading, scope: CallerScope, principal: TargetsRead, response: Response
) -> ReportDetail:
    report = await find_report(session, scope, report_id)
    known = await indicators_ever(session, principal.alliance)
    set_etag(response, report.row_version)
    return report_detail(report, known[report.indicator], await decisions_of(session, report))


@router.put("/reports/{report_id}", summary="修改后重报")
async def update_report(
    report_id: UUID,
    given: ReportFigures,
    session: Writing,
    principal: TargetsReport,
    clock: InjectedClock,
    seen: Seen,
    response: Response,
) -> ReportRead:
    report = await revise_report(session, clock, principal, report_id, seen, given)
    _, indicator = await find_indicator(session, principal.alliance, report.indicator)
    set_etag(response, report.row_version)
    return report_read(report, indicator)


async def _decide(
    action: ReportAction,
    report_id: UUID,
    given: Opinion,
    session: Writing,
    principal: TargetsAssess,
    clock: InjectedClock,
    seen: str,
    response: Response,
) -> ReportRead:
    report = await decide_report(session, clock, principal, report_id, seen=seen, action=action, opinion=given.opinion)
    _, indicator = await find_indicator(session, principal.alliance, report.indicator)
    set_etag(response, report.row_version)
    return report_read(report, indicator)


@router.post("/reports/{report_id}/acceptance", summary="采纳")
async def accept_report(
    report_id: UUID,
    given: Opinion,
    session: Writing,
    principal: TargetsAssess,
    clock: InjectedClock,
    seen: Seen,
    response: Response,
) -> ReportRead:
    return await _decide(ReportAction.ACCEPT, report_id, given, session, principal, clock, seen, response)


@router.post("/reports/{report_id}/return", summary="退回修改")
async def return_report(
    report_id: UUID,
    given: Opinion,
    session: Writing,
    principal: TargetsAssess,
    clock: InjectedClock,
    seen: Seen,
    response: Response,
) -> ReportRead:
    return await _decide(ReportAction.RETURN, report_id, given, session, principal, clock, seen, response)
