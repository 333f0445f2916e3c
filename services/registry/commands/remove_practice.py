"""Remove a practice period that was entered by mistake; the audit keeps it."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.practice_rows import facts, tell_practice
from services.registry.commands.teacher_rows import touch
from services.registry.queries.teaching import find_own, find_period


async def remove_practice(
    session: WriteSession, clock: Clock, principal: Principal, teacher_id: UUID, period_id: UUID, if_match: str
) -> None:
    """Load, check version, delete, audit. Raises NotFound, StaleVersion."""
    scope = Scope.of(principal)
    teacher = await find_own(session, scope, teacher_id)
    period = await find_period(session, scope, teacher_id, period_id)
    check_version(if_match, period.row_version)
    await session.delete(period)
    touch(teacher, clock)
    before = facts(period)
    await audit(session, clock, principal, "teacher.practice_remove", "teacher", teacher_id, before=before)
    await tell_practice(session, clock, teacher)
