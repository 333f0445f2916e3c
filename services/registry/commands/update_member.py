"""Change a member."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.member_rows import FIELDS, facts, fill, logo_issues, twin_issues
from services.registry.commands.telling import tell_member
from services.registry.domain.members import member_issues, status_issues
from services.registry.queries.members import find_member
from services.registry.schemas.members import MemberUpdate
from services.registry.tables import Member


async def update_member(
    session: WriteSession, clock: Clock, principal: Principal, member_id: UUID, draft: MemberUpdate, if_match: str
) -> Member:
    """Load, check version and fields, change, audit what changed. Raises NotFound, StaleVersion, InvalidInput."""
    scope = Scope.of(principal)
    member = await find_member(session, scope, member_id)
    check_version(if_match, member.row_version)
    day = effective_day(draft.effective_on, clock)
    issues = [*member_issues(draft), *status_issues(draft, member)]
    issues += await twin_issues(session, scope, draft, member_id)
    issues += await logo_issues(session, scope, draft, member)
    if issues:
        raise InvalidInput(issues)
    before = facts(member)
    await session.effective_on(day)
    changed = fill(member, draft.model_dump(include={*FIELDS}), day)
    if not changed:
        return member
    member.updated_at = clock.now()
    await session.flush()  # the new row version goes into the answer's ETag
    after = facts(member, changed)
    kept = {name: before[name] for name in changed}
    await audit(session, clock, principal, "member.update", "member", member.id, before=kept, after=after)
    tell_member(session, clock, member, "member.updated", changed, before["division"])
    return member
