"""Plan a meeting of a body."""

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import facts, refuse, tell, unknown_body
from services.registry.commands.meeting_rows import FACTS, PLAIN_FIELDS, set_agenda, told
from services.registry.domain.governance import MeetingState
from services.registry.queries.governance import find_body
from services.registry.schemas.meetings import MeetingCreate
from services.registry.tables import Meeting


async def plan_meeting(session: WriteSession, clock: Clock, principal: Principal, draft: MeetingCreate) -> Meeting:
    """Check, insert with its agenda, audit, tell. Raises InvalidInput."""
    scope = Scope.of(principal)
    refuse(await _issues(session, scope, draft))
    now = clock.now()
    plain = {name: getattr(draft, name) for name in PLAIN_FIELDS}
    key = {"alliance": principal.alliance, "id": new_id(), "body": draft.body}
    meeting = Meeting(**key, **plain, state=MeetingState.PLANNED.value, created_at=now, updated_at=now)
    session.add(meeting)
    await session.flush()  # the agenda refers to this row
    await set_agenda(session, scope, meeting, draft.agenda)
    await audit(session, clock, principal, "meeting.plan", "meeting", meeting.id, after=facts(meeting, FACTS))
    tell(session, clock, principal.alliance, "meeting.planned", meeting.id, told(meeting))
    return meeting


async def _issues(session: WriteSession, scope: Scope, draft: MeetingCreate) -> list[FieldIssue]:
    issues = await unknown_body(session, scope, "body", draft.body)
    if not issues and (await find_body(session, scope, draft.body)).dissolved_on is not None:
        issues.append(FieldIssue("body", "body_dissolved", "这个机构已经撤销，不能再开会。"))
    if any(item.id for item in draft.agenda):
        issues.append(FieldIssue("agenda", "agenda_unknown", "新会议的议题不带编号，请刷新后重试。"))
    return issues
