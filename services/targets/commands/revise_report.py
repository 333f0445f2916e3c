"""The reporting unit corrects its report while it is not accepted."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import NotFound
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.targets.commands.report_figures import check_figures
from services.targets.commands.report_steps import record_step
from services.targets.domain import ReportAction, ReportState, next_state
from services.targets.queries.policy import find_indicator
from services.targets.queries.reports import find_report
from services.targets.schemas.reports import ReportFigures
from services.targets.tables import Report


async def revise_report(
    session: WriteSession, clock: Clock, principal: Principal, report_id: UUID, seen: str, given: ReportFigures
) -> Report:
    """Change the figures and hand the report in again. Raises NotFound, StaleVersion, Conflict, InvalidInput."""
    report = await find_report(session, Scope.of(principal), report_id, lock=True)
    if report.owner != principal.owner:
        raise NotFound("只有填报单位可以修改自己的填报，请退回后由该单位修改。", code="report_not_own")
    check_version(seen, report.row_version)
    state = next_state(ReportState(report.state), ReportAction.REVISE)
    _, indicator = await find_indicator(session, principal.alliance, report.indicator)
    check_figures(indicator, given.numerator, given.denominator, given.value)
    report.numerator, report.denominator, report.value = given.numerator, given.denominator, given.value
    report.note, report.state, report.reported_at = given.note, state.value, clock.now()
    await record_step(session, clock, principal, report, ReportAction.REVISE, given.note)
    return report
