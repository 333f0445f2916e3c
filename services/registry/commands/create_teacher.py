"""Record a teacher of a unit."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.teacher_rows import FIELDS, facts, fill, tell_teacher, unit_of
from services.registry.schemas.teaching import TeacherWrite
from services.registry.tables import Teacher


async def create_teacher(session: WriteSession, clock: Clock, principal: Principal, draft: TeacherWrite) -> Teacher:
    """Check the unit, insert, audit. Raises InvalidInput."""
    unit = await unit_of(session, Scope.of(principal), draft.member)
    await session.effective_on(effective_day(draft.effective_on, clock))
    now = clock.now()
    teacher = Teacher(alliance=principal.alliance, id=new_id(), created_at=now, updated_at=now)
    fill(teacher, {name: getattr(draft, name) for name in FIELDS})
    session.add(teacher)
    await session.flush()  # the row version that the answer's ETag carries is made here
    await audit(session, clock, principal, "teacher.create", "teacher", teacher.id, after=facts(teacher))
    tell_teacher(session, clock, unit, teacher, "teacher.created")
    return teacher
