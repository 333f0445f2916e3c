"""Indicators and tasks with their status."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.kernel.clock import business_date
from services.kernel.sessions import InjectedClock, Reading
from services.targets.auth import TargetsRead
from services.targets.presenting import indicator_detail, indicator_read, task_read, year_status
from services.targets.queries.policy import find_indicator, plans
from services.targets.queries.reports import accepted
from services.targets.schemas.indicators import IndicatorDetail, IndicatorList, TaskList
from services.targets.settings import TargetsSettings
from services.targets.spreadsheets import series_workbook

router = APIRouter(tags=["indicators"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Year = Annotated[int | None, Query(ge=2000, le=2100, description="考核年度，默认今年")]


def near_due_days(request: Request) -> int:
    settings: TargetsSettings = request.app.state.settings
    return settings.near_due_days


NearDue = Annotated[int, Depends(near_due_days)]


@router.get("/indicators", summary="指标及其当年状态")
async def list_indicators(
    session: Reading, principal: TargetsRead, clock: InjectedClock, near_due: NearDue, year: Year = None
) -> IndicatorList:
    today = business_date(clock)
    chosen = year or today.year
    items = []
    for plan in await plans(session, principal.alliance):
        reports = await accepted(session, principal.alliance, plan.pack)
        for indicator in plan.indicators:
            status = year_status(indicator, chosen, reports, today, near_due)
            items.append(indicator_read(plan, indicator, status, reports))
    return IndicatorList(items=items, total=len(items), year=chosen)


@router.get("/indicators/{code}", summary="一个指标，含各年度")
async def read_indicator(
    code: str, session: Reading, principal: TargetsRead, clock: InjectedClock, near_due: NearDue, year: Year = None
) -> IndicatorDetail:
    plan, indicator = await find_indicator(session, principal.alliance, code)
    reports = await accepted(session, principal.alliance, plan.pack)
    today = business_date(clock)
    return indicator_detail(plan, indicator, year or today.year, reports, today, near_due)


@router.get("/indicators/{code}/series.xlsx", summary="图表背后的数据表")
async def download_series(
    code: str, session: Reading, principal: TargetsRead, clock: InjectedClock, near_due: NearDue
) -> Response:
    detail = await read_indicator(code, session, principal, clock, near_due)
    headers = {"Content-Disposition": f'attachment; filename="{code}.xlsx"'}
    return Response(series_workbook(detail), media_type=XLSX, headers=headers)


@router.get("/tasks", summary="文件规定的任务")
async def list_tasks(session: Reading, principal: TargetsRead) -> TaskList:
    items = [task_read(plan, task) for plan in await plans(session, principal.alliance) for task in plan.tasks]
    return TaskList(items=items, total=len(items))
