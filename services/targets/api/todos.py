"""待办: reports to review for the secretariat, reports to hand in or correct for a unit."""

from fastapi import APIRouter

from services.kernel.permissions import Permission
from services.kernel.sessions import CallerScope, Reading
from services.kernel.todos import Todo, TodoList
from services.targets.auth import TargetsRead
from services.targets.domain import ReportState
from services.targets.measures.indicator import Indicator
from services.targets.queries.policy import indicators_ever
from services.targets.tables import Report

router = APIRouter(tags=["todos"])


@router.get("/todos", summary="待办、已办、逾期")
async def list_todos(session: Reading, scope: CallerScope, principal: TargetsRead) -> TodoList:
    reviews = principal.may(Permission.TARGETS_ASSESS)
    newest = scope.select(Report).order_by(Report.reported_at.desc()).limit(200)
    known = await indicators_ever(session, principal.alliance)
    found = [_todo(report, known[report.indicator], reviews) for report in await session.scalars(newest)]
    return TodoList(items=[todo for todo in found if todo is not None])


def _todo(report: Report, indicator: Indicator, reviews: bool) -> Todo | None:
    mine = ReportState.SUBMITTED if reviews else ReportState.RETURNED
    done = report.state == ReportState.ACCEPTED.value
    if not done and report.state != mine.value:
        return None
    verb = "审核指标填报" if reviews else "修改被退回的指标填报"
    return Todo(
        id=f"report-{report.id}",
        kind="report",
        title=f"{verb}：{indicator.name}（{report.year}年）",
        detail=f"填报人：{report.reporter}",
        due_on=None,
        state="done" if done else "open",
        href=f"/targets/reports/{report.id}",
    )
