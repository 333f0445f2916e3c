"""What every step in a report's life shares: the decision row and the audit entry."""

from sqlalchemy import func, select

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal
from services.targets.domain import ReportAction
from services.targets.tables import Report, ReportDecision


def figures_of(report: Report) -> dict[str, str | None]:
    """The figures of a report as JSON."""
    return {
        name: None if (number := getattr(report, name)) is None else str(number)
        for name in ("numerator", "denominator", "value")
    }


async def record_step(
    session: WriteSession, clock: Clock, principal: Principal, report: Report, action: ReportAction, opinion: str
) -> None:
    """Write the decision with the figures it was about, and audit it."""
    await session.flush()  # the report must stand before its decision refers to it
    own = (ReportDecision.alliance == report.alliance, ReportDecision.report_id == report.id)
    last = await session.scalar(select(func.max(ReportDecision.no)).where(*own))
    decision = ReportDecision(
        alliance=report.alliance,
        report_id=report.id,
        no=(last or 0) + 1,
        action=action.value,
        at=clock.now(),
        actor=principal.subject,
        actor_name=principal.name,
        opinion=opinion,
        figures=figures_of(report),
    )
    session.add(decision)
    after = {"state": report.state, **decision.figures}
    await audit(
        session, clock, principal, f"report.{action.value}", "report", report.id, after=after, reason=opinion or None
    )
