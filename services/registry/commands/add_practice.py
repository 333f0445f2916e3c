"""Record practice of a teacher in an enterprise."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.practice_rows import check_period, facts, fill, tell_practice
from services.registry.commands.teacher_rows import touch
from services.registry.queries.teaching import find_own
from services.registry.schemas.teaching import PeriodWrite
from services.registry.tables import PracticePeriod


async def add_practice(
    session: WriteSession, clock: Clock, principal: Principal, teacher_id: UUID, draft: PeriodWrite
) -> PracticePeriod:
    """Load the teacher, check, insert, audit. Raises NotFound, InvalidInput."""
    scope = Scope.of(principal)
    teacher = await find_own(session, scope, teacher_id)
    await check_period(session, scope, draft)
    now = clock.now()
    key = {"alliance": principal.alliance, "id": new_id(), "teacher": teacher_id}
    period = PracticePeriod(**key, created_at=now, updated_at=now)
    fill(period, draft)
    session.add(period)
    touch(teacher, clock)
    await session.flush()  # the row version that the answer's ETag carries is made here
    await audit(session, clock, principal, "teacher.practice_add", "teacher", teacher_id, after=facts(period))
    await tell_practice(session, clock, teacher)
    return period
