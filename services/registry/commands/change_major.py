"""Change a major of a school."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.major_rows import begins_on, check_code_free, facts, full_values, tell_major
from services.registry.queries.kept_units import find_kept_member
from services.registry.queries.majors import find_kept_major
from services.registry.schemas.coverage import MajorWrite
from services.registry.tables import MemberMajor


async def change_major(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member_id: UUID,
    major_id: UUID,
    draft: MajorWrite,
    if_match: str,
) -> MemberMajor:
    """Load, check, change from the effective day, audit. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    member = await find_kept_member(session, scope, member_id)
    major = await find_kept_major(session, scope, member_id, major_id)
    check_version(if_match, major.row_version)
    effective = effective_day(draft.effective_on, clock)
    await check_code_free(session, scope, member_id, draft.major_code, begins_on(draft, effective), major_id)
    values = await full_values(session, scope, draft)
    changed = [name for name, value in values.items() if getattr(major, name) != value]
    if not changed:
        return major
    before = facts(major)
    await session.effective_on(effective)
    for name in changed:
        setattr(major, name, values[name])
    major.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    after = facts(major)
    kept = {name: before[name] for name in changed}
    now = {name: after[name] for name in changed}
    await audit(session, clock, principal, "major.update", "major", major.id, before=kept, after=now)
    tell_major(session, clock, member, major, "major.updated")
    return major
