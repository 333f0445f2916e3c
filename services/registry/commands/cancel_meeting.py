"""Record that a planned meeting does not take place."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import tell
from services.registry.commands.meeting_rows import change_state, require_state, told
from services.registry.domain.governance import MeetingState
from services.registry.queries.meetings import find_meeting
from services.registry.schemas.meetings import MeetingCancellation
from services.registry.tables import Meeting


async def cancel_meeting(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    meeting_id: UUID,
    draft: MeetingCancellation,
    if_match: str,
) -> Meeting:
    """Lock, check version and state, cancel, audit, tell. Raises NotFound, StaleVersion, Conflict."""
    meeting = await find_meeting(session, Scope.of(principal), meeting_id, lock=True)
    check_version(if_match, meeting.row_version)
    require_state(meeting, MeetingState.PLANNED)
    meeting.cancel_reason = draft.reason
    await change_state(session, clock, meeting, MeetingState.CANCELLED)
    after = {"state": meeting.state}
    action, kind = "meeting.cancel", "meeting"
    await audit(session, clock, principal, action, kind, meeting_id, after=after, reason=draft.reason)
    tell(session, clock, principal.alliance, "meeting.cancelled", meeting_id, told(meeting))
    return meeting
