"""Change the wording of a resolution before it is voted on."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import facts, fill, refuse, tell
from services.registry.commands.resolution_rows import PLAIN_FIELDS, derive, draft_issues
from services.registry.domain.governance import Outcome
from services.registry.queries.meetings import find_meeting, find_resolution
from services.registry.schemas.meetings import ResolutionUpdate
from services.registry.tables import Resolution


async def update_resolution(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    resolution_id: UUID,
    draft: ResolutionUpdate,
    if_match: str,
) -> Resolution:
    """Lock, check version and that nobody has voted, change, audit. Raises NotFound, StaleVersion, Conflict."""
    scope = Scope.of(principal)
    resolution = await find_resolution(session, scope, resolution_id, lock=True)
    check_version(if_match, resolution.row_version)
    if resolution.outcome != Outcome.PENDING:
        raise Conflict("这项决议已经表决，正文不能再改。", code="resolution_voted")
    meeting = await find_meeting(session, scope, resolution.meeting)
    refuse(await draft_issues(session, scope, meeting, draft))
    before = facts(resolution, ("title", "agenda_item"))
    changed = fill(resolution, {name: getattr(draft, name) for name in PLAIN_FIELDS})
    if not changed:
        return resolution
    derive(resolution, meeting.held_on)
    resolution.updated_at = clock.now()
    await session.flush()
    after = {**facts(resolution, ("title", "agenda_item")), "changed": sorted(changed)}
    action, kind = "resolution.update", "resolution"
    await audit(session, clock, principal, action, kind, resolution_id, before=before, after=after)
    told = {"meeting": str(meeting.id), "body": str(meeting.body)}
    tell(session, clock, principal.alliance, "resolution.updated", resolution_id, told, office_only=True)
    return resolution
