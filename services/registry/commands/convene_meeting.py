"""Record that a planned meeting takes place."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import day_issues, refuse, tell
from services.registry.commands.meeting_rows import change_state, require_state, told
from services.registry.domain.governance import MeetingState
from services.registry.queries.meetings import find_meeting
from services.registry.tables import Meeting


async def convene_meeting(
    session: WriteSession, clock: Clock, principal: Principal, meeting_id: UUID, if_match: str
) -> Meeting:
    """Lock, check version, state and day, convene, tell. Raises NotFound, StaleVersion, Conflict, InvalidInput."""
    meeting = await find_meeting(session, Scope.of(principal), meeting_id, lock=True)
    check_version(if_match, meeting.row_version)
    require_state(meeting, MeetingState.PLANNED)
    refuse(day_issues("held_on", meeting.held_on, clock))
    await change_state(session, clock, meeting, MeetingState.CONVENED)
    await audit(session, clock, principal, "meeting.convene", "meeting", meeting_id, after={"state": meeting.state})
    tell(session, clock, principal.alliance, "meeting.held", meeting_id, told(meeting))
    return meeting
