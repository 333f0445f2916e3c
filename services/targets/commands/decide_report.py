"""The secretariat accepts a report or returns it."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.targets.commands.report_steps import record_step
from services.targets.domain import ReportAction, ReportState, next_state
from services.targets.queries.reports import find_report
from services.targets.tables import Report


async def decide_report(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    report_id: UUID,
    *,
    seen: str,
    action: ReportAction,
    opinion: str,
) -> Report:
    """Carry out `action` (accept or return). Raises NotFound, StaleVersion, Conflict; a return needs an opinion."""
    report = await find_report(session, Scope.of(principal), report_id, lock=True)
    check_version(seen, report.row_version)
    if action is ReportAction.RETURN and not opinion.strip():
        raise InvalidInput([FieldIssue("opinion", "missing", "退回时请写明原因，便于填报单位修改。")])
    report.state = next_state(ReportState(report.state), action).value
    await record_step(session, clock, principal, report, action, opinion)
    return report
