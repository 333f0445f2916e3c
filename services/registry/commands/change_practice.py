"""Change a practice period of a teacher, such as when it ended."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.practice_rows import check_period, facts, fill, tell_practice
from services.registry.commands.teacher_rows import touch
from services.registry.queries.teaching import find_own, find_period
from services.registry.schemas.teaching import PeriodWrite
from services.registry.tables import PracticePeriod


async def change_practice(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    teacher_id: UUID,
    period_id: UUID,
    draft: PeriodWrite,
    if_match: str,
) -> PracticePeriod:
    """Load, check, change, audit. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    teacher = await find_own(session, scope, teacher_id)
    period = await find_period(session, scope, teacher_id, period_id)
    check_version(if_match, period.row_version)
    await check_period(session, scope, draft)
    before = facts(period)
    fill(period, draft)
    after = facts(period)
    if before == after:
        return period
    period.updated_at = clock.now()
    touch(teacher, clock)
    await session.flush()  # the new row version goes into the answer's ETag
    action = "teacher.practice_update"
    await audit(session, clock, principal, action, "teacher", teacher_id, before=before, after=after)
    await tell_practice(session, clock, teacher)
    return period
