"""What every step in a report's life shares: the decision row, the audit entry, the event."""

from typing import Final

from sqlalchemy import func, select

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.outbox import audience_of, publish
from services.kernel.principal import Principal
from services.targets.domain import ReportAction
from services.targets.tables import Report, ReportDecision

EVENTS: Final = {
    ReportAction.SUBMIT: "report.submitted",
    ReportAction.REVISE: "report.revised",
    ReportAction.ACCEPT: "report.accepted",
    ReportAction.RETURN: "report.returned",
}


def figures_of(report: Report) -> dict[str, str | None]:
    """The figures of a report as JSON."""
    return {
        name: None if (number := getattr(report, name)) is None else str(number)
        for name in ("numerator", "denominator", "value")
    }


async def record_step(
    session: WriteSession, clock: Clock, principal: Principal, report: Report, action: ReportAction, opinion: str
) -> None:
    """Write the decision with the figures it was about, audit and tell it."""
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
    publish(
        session,
        clock,
        report.alliance,
        EVENTS[action],
        object_kind="report",
        object_id=report.id,
        **audience_of(report.owner),
        data={"indicator": report.indicator, "year": report.year, "owner": report.owner, **after},
    )
