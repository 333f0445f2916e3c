"""A unit reports one indicator for one year."""

from sqlalchemy import select

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.targets.commands.report_figures import check_figures
from services.targets.commands.report_steps import record_step
from services.targets.domain import ReportAction, ReportState
from services.targets.queries.policy import find_indicator
from services.targets.schemas.reports import ReportCreate
from services.targets.tables import Report


async def submit_report(session: WriteSession, clock: Clock, principal: Principal, given: ReportCreate) -> Report:
    """Record a report. Raises NotFound, InvalidInput, and Conflict when the unit has already reported this year."""
    plan, indicator = await find_indicator(session, principal.alliance, given.indicator)
    check_figures(indicator, given.numerator, given.denominator, given.value)
    await _refuse_second(session, principal, plan.pack, given)
    report = Report(
        alliance=principal.alliance,
        id=new_id(),
        pack=plan.pack,
        indicator=indicator.code,
        year=given.year,
        owner=principal.owner,
        reporter=principal.name,
        numerator=given.numerator,
        denominator=given.denominator,
        value=given.value,
        note=given.note,
        state=ReportState.SUBMITTED.value,
        reported_at=clock.now(),
    )
    session.add(report)
    await record_step(session, clock, principal, report, ReportAction.SUBMIT, given.note)
    return report


async def _refuse_second(session: WriteSession, principal: Principal, pack: str, given: ReportCreate) -> None:
    same = select(Report.id).where(
        Report.alliance == principal.alliance,
        Report.pack == pack,
        Report.indicator == given.indicator,
        Report.year == given.year,
        Report.owner == principal.owner,
    )
    if await session.scalar(same) is not None:
        raise Conflict("本单位这一年已填报过这个指标，请打开原填报修改。", code="report_exists")
