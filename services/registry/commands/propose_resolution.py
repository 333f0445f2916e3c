"""Draft a resolution of a meeting."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import facts, refuse, tell
from services.registry.commands.meeting_rows import require_state
from services.registry.commands.resolution_rows import FACTS, PLAIN_FIELDS, derive, draft_issues
from services.registry.domain.governance import MeetingState, Outcome
from services.registry.queries.meetings import find_meeting
from services.registry.schemas.meetings import ResolutionCreate
from services.registry.tables import Resolution


async def propose_resolution(
    session: WriteSession, clock: Clock, principal: Principal, draft: ResolutionCreate
) -> Resolution:
    """Lock the meeting, check, insert, audit, tell the secretariat. Raises NotFound, Conflict, InvalidInput."""
    scope = Scope.of(principal)
    meeting = await find_meeting(session, scope, draft.meeting, lock=True)
    require_state(meeting, MeetingState.PLANNED, MeetingState.CONVENED)
    refuse(await draft_issues(session, scope, meeting, draft))
    now = clock.now()
    resolution = Resolution(
        alliance=principal.alliance,
        id=new_id(),
        meeting=meeting.id,
        body=meeting.body,
        outcome=Outcome.PENDING.value,
        created_at=now,
        updated_at=now,
        **{name: getattr(draft, name) for name in PLAIN_FIELDS},
    )
    derive(resolution, meeting.held_on)
    session.add(resolution)
    await session.flush()
    after = facts(resolution, FACTS)
    await audit(session, clock, principal, "resolution.propose", "resolution", resolution.id, after=after)
    told = {"meeting": str(meeting.id), "body": str(meeting.body)}
    tell(session, clock, principal.alliance, "resolution.proposed", resolution.id, told, office_only=True)
    return resolution
