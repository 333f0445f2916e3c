"""Record that a school offers a major."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.history import effective_day
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.major_rows import (
    begins_on,
    check_code_free,
    check_school,
    facts,
    full_values,
    tell_major,
)
from services.registry.queries.kept_units import find_kept_member
from services.registry.schemas.coverage import MajorWrite
from services.registry.tables import MemberMajor


async def add_major(
    session: WriteSession, clock: Clock, principal: Principal, member_id: UUID, draft: MajorWrite
) -> MemberMajor:
    """Load the school, check, insert, audit. Raises NotFound, InvalidInput."""
    scope = Scope.of(principal)
    member = await find_kept_member(session, scope, member_id)
    check_school(member)
    effective = effective_day(draft.effective_on, clock)
    await check_code_free(session, scope, member_id, draft.major_code, begins_on(draft, effective))
    values = await full_values(session, scope, draft)
    await session.effective_on(effective)
    now = clock.now()
    key = {"alliance": principal.alliance, "id": new_id(), "member": member_id}
    major = MemberMajor(**key, **values, created_at=now, updated_at=now)
    session.add(major)
    await session.flush()  # the row version that the answer's ETag carries is made here
    await audit(session, clock, principal, "major.create", "major", major.id, after=facts(major))
    tell_major(session, clock, member, major, "major.created")
    return major
