"""Change a meeting and its agenda until it is archived."""

from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import facts, fill, refuse, tell
from services.registry.commands.meeting_rows import PLAIN_FIELDS, agenda_issues, require_state, set_agenda, told
from services.registry.domain.governance import MeetingState
from services.registry.queries.meetings import find_meeting
from services.registry.schemas.meetings import MeetingUpdate
from services.registry.tables import Meeting


async def update_meeting(
    session: WriteSession, clock: Clock, principal: Principal, meeting_id: UUID, draft: MeetingUpdate, if_match: str
) -> Meeting:
    """Lock, check version, state and fields, change, audit. Raises NotFound, StaleVersion, Conflict, InvalidInput."""
    scope = Scope.of(principal)
    meeting = await find_meeting(session, scope, meeting_id, lock=True)
    check_version(if_match, meeting.row_version)
    require_state(meeting, MeetingState.PLANNED, MeetingState.CONVENED)
    issues = await agenda_issues(session, scope, meeting, draft.agenda)
    if meeting.state == MeetingState.CONVENED and draft.held_on != meeting.held_on:
        issues.append(FieldIssue("held_on", "already_held", "会议已经召开，不能再改日期。"))
    refuse(issues)
    before = facts(meeting, PLAIN_FIELDS)
    changed = fill(meeting, {name: getattr(draft, name) for name in PLAIN_FIELDS})
    await set_agenda(session, scope, meeting, draft.agenda)
    meeting.updated_at = clock.now()
    flag_modified(meeting, "updated_at")  # also when only the agenda changed and the clock stood still
    await session.flush()
    kept = {name: before[name] for name in changed}
    after = {**facts(meeting, changed), "agenda": len(draft.agenda)}
    await audit(session, clock, principal, "meeting.update", "meeting", meeting_id, before=kept, after=after)
    tell(session, clock, principal.alliance, "meeting.updated", meeting_id, told(meeting))
    return meeting
