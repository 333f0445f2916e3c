"""Archive a meeting with its minutes; from then on nothing of it changes."""

from uuid import UUID

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import tell
from services.registry.commands.meeting_rows import change_state, require_state, told
from services.registry.domain.governance import MeetingState, Outcome
from services.registry.queries.meetings import find_meeting, resolutions_of
from services.registry.schemas.meetings import MeetingArchiving
from services.registry.tables import Meeting


async def archive_meeting(
    session: WriteSession, clock: Clock, principal: Principal, meeting_id: UUID, draft: MeetingArchiving, if_match: str
) -> Meeting:
    """Lock, check version, state and open votes, archive, audit, tell. Raises NotFound, StaleVersion, Conflict."""
    scope = Scope.of(principal)
    meeting = await find_meeting(session, scope, meeting_id, lock=True)
    check_version(if_match, meeting.row_version)
    require_state(meeting, MeetingState.CONVENED)
    if any(one.outcome == Outcome.PENDING for one in await resolutions_of(session, scope, meeting_id)):
        raise Conflict("还有决议没有登记表决结果，请登记后再归档。", code="votes_pending")
    meeting.minutes = draft.minutes
    await change_state(session, clock, meeting, MeetingState.ARCHIVED)
    after = {"state": meeting.state, "minutes": len(draft.minutes)}
    await audit(session, clock, principal, "meeting.archive", "meeting", meeting_id, after=after)
    tell(session, clock, principal.alliance, "meeting.archived", meeting_id, told(meeting))
    return meeting
