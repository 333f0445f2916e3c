"""待办: reports to review and conflicts to decide for the secretariat, reports to hand in or correct for a unit."""

from fastapi import APIRouter

from services.kernel.database import ReadSession
from services.kernel.permissions import Permission
from services.kernel.sessions import CallerScope, Reading
from services.kernel.todos import Todo, TodoList
from services.targets.auth import TargetsRead
from services.targets.domain import ReportState
from services.targets.measures.indicator import Indicator
from services.targets.measures.milestones import Conflict
from services.targets.measures.status import asked_by
from services.targets.queries.policy import indicators_ever, plans
from services.targets.tables import Report

router = APIRouter(tags=["todos"])


@router.get("/todos", summary="待办、已办、逾期")
async def list_todos(session: Reading, scope: CallerScope, principal: TargetsRead) -> TodoList:
    reviews = principal.may(Permission.TARGETS_ASSESS)
    newest = scope.select(Report).order_by(Report.reported_at.desc()).limit(200)
    known = await indicators_ever(session, principal.alliance)
    found = [_todo(report, known[report.indicator], reviews) for report in await session.scalars(newest)]
    conflicts = await _conflicts(session, principal.alliance) if reviews else []
    return TodoList(items=[*conflicts, *(todo for todo in found if todo is not None)])


async def _conflicts(session: ReadSession, alliance: str) -> list[Todo]:
    """The years of which nobody has said yet which of two places of the document counts."""
    return [
        _decide(indicator, conflict)
        for plan in await plans(session, alliance)
        for indicator in plan.indicators
        for conflict in indicator.undecided
    ]


def _decide(indicator: Indicator, conflict: Conflict) -> Todo:
    year = f"{conflict.year}年" if conflict.year else "未规定时限"
    return Todo(
        id=f"source-{indicator.code}-{conflict.year or 'standing'}",
        kind="source_conflict",
        title=f"确定考核口径：{indicator.name}（{year}）",
        detail=f"{asked_by(indicator, conflict)}；确定前暂不评分。",
        due_on=None,
        state="open",
        href=f"/targets/{indicator.code}",
    )


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
