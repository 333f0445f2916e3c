"""Record that a school no longer offers a major; earlier days still show it."""

from datetime import date
from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.major_rows import facts, tell_major
from services.registry.queries.kept_units import find_kept_member
from services.registry.queries.majors import find_kept_major


async def end_major(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member_id: UUID,
    major_id: UUID,
    effective_on: date | None,
    if_match: str,
) -> None:
    """Load, check version, delete from the effective day, audit. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    member = await find_kept_member(session, scope, member_id)
    major = await find_kept_major(session, scope, member_id, major_id)
    check_version(if_match, major.row_version)
    await session.effective_on(effective_day(effective_on, clock))
    await session.delete(major)
    await audit(session, clock, principal, "major.end", "major", major_id, before=facts(major))
    tell_major(session, clock, member, major, "major.ended")
