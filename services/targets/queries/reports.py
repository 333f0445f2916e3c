"""Reports: one, many, and the accepted ones rolled up."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import select

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.tenancy import Scope
from services.targets.domain import ReportState
from services.targets.measures.rollup import Reported
from services.targets.tables import Report, ReportDecision


async def find_report(session: AnySession, scope: Scope, report_id: UUID, *, lock: bool = False) -> Report:
    """One report that the scope may see. Raises NotFound."""
    statement = scope.select(Report).where(Report.id == report_id)
    report = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if report is None:
        raise NotFound("没有这份填报，或它不属于您的单位。", code="report_not_found")
    return report


async def decisions_of(session: AnySession, report: Report) -> list[ReportDecision]:
    """The life of a report, in order."""
    own = (ReportDecision.alliance == report.alliance, ReportDecision.report_id == report.id)
    return list(await session.scalars(select(ReportDecision).where(*own).order_by(ReportDecision.no)))


async def accepted(session: AnySession, alliance: str, pack: str) -> dict[tuple[str, int], list[Reported]]:
    """Accepted reports of a pack by indicator and year: alliance-wide figures, which everybody in it may see."""
    columns = (Report.indicator, Report.year, Report.owner, Report.numerator, Report.denominator, Report.value)
    own = (Report.alliance == alliance, Report.pack == pack, Report.state == ReportState.ACCEPTED.value)
    found: dict[tuple[str, int], list[Reported]] = defaultdict(list)
    for row in await session.execute(select(*columns).where(*own).order_by(Report.owner)):
        reported = Reported(row.owner, row.numerator, row.denominator, row.value)
        found[row.indicator, row.year].append(reported)
    return found
