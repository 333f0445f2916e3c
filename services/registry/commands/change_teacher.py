"""Change a teacher, also to another unit that the caller keeps."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.teacher_rows import FIELDS, facts, fill, tell_teacher, unit_of
from services.registry.queries.teaching import find_own
from services.registry.schemas.teaching import TeacherWrite
from services.registry.tables import Teacher


async def change_teacher(
    session: WriteSession, clock: Clock, principal: Principal, teacher_id: UUID, draft: TeacherWrite, if_match: str
) -> Teacher:
    """Load, check, change from the effective day, audit what changed. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    teacher = await find_own(session, scope, teacher_id)
    check_version(if_match, teacher.row_version)
    unit = await unit_of(session, scope, draft.member)
    await session.effective_on(effective_day(draft.effective_on, clock))
    before = facts(teacher)
    changed = fill(teacher, {name: getattr(draft, name) for name in FIELDS})
    if not changed:
        return teacher
    teacher.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    kept, after = {name: before[name] for name in changed}, facts(teacher, changed)
    await audit(session, clock, principal, "teacher.update", "teacher", teacher.id, before=kept, after=after)
    tell_teacher(session, clock, unit, teacher, "teacher.updated")
    return teacher
