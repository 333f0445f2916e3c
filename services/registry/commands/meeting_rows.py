"""What the commands on meetings share: fields, the agenda, and which state allows what."""

from typing import Final

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue
from services.kernel.ids import new_id
from services.kernel.tenancy import Scope
from services.registry.domain.governance import MeetingState
from services.registry.queries.meetings import agenda_of, resolutions_of
from services.registry.schemas.meetings import AgendaItemWrite, MeetingWrite
from services.registry.tables import AgendaItem, Meeting

PLAIN_FIELDS: Final = tuple(name for name in MeetingWrite.model_fields if name != "agenda")
FACTS: Final = (*PLAIN_FIELDS, "body", "state")
SENTENCES: Final = {
    MeetingState.PLANNED: "会议还没有召开，请先登记召开。",
    MeetingState.CONVENED: "会议已经召开。",
    MeetingState.ARCHIVED: "会议已经归档，不能再改。",
    MeetingState.CANCELLED: "会议已经取消，不能再改。",
}


def require_state(meeting: Meeting, *allowed: MeetingState) -> None:
    """Raise Conflict that says in which state the meeting is, unless it is one of these."""
    state = MeetingState(meeting.state)
    if state not in allowed:
        raise Conflict(SENTENCES[state], code=f"meeting_{state.value}")


async def agenda_issues(
    session: WriteSession, scope: Scope, meeting: Meeting, agenda: list[AgendaItemWrite]
) -> list[FieldIssue]:
    """Items that are not the meeting's own, named twice, or that a resolution still stands on."""
    standing = {item.id for item in await agenda_of(session, scope, meeting.id)}
    kept = [item.id for item in agenda if item.id]
    if not standing >= set(kept) or len(set(kept)) != len(kept):
        return [FieldIssue("agenda", "agenda_unknown", "议程中有不属于本次会议或重复的议题，请刷新后重试。")]
    used = {one.agenda_item for one in await resolutions_of(session, scope, meeting.id)}
    if used & (standing - set(kept)):
        return [FieldIssue("agenda", "agenda_in_use", "有的议题已有决议，不能从议程中删去。")]
    return []


async def set_agenda(session: WriteSession, scope: Scope, meeting: Meeting, agenda: list[AgendaItemWrite]) -> None:
    """Bring the agenda to what the draft lists, in its order."""
    standing = {item.id: item for item in await agenda_of(session, scope, meeting.id)}
    for position, wanted in enumerate(agenda, start=1):
        item = standing.pop(wanted.id, None) if wanted.id else None
        if item is None:
            item = AgendaItem(alliance=meeting.alliance, id=new_id(), meeting=meeting.id)
            session.add(item)
        item.position, item.title, item.proposer = position, wanted.title, wanted.proposer
    for dropped in standing.values():
        await session.delete(dropped)
    await session.flush()


async def change_state(session: WriteSession, clock: Clock, meeting: Meeting, state: MeetingState) -> None:
    """Set the state; the new row version goes into the answer's ETag."""
    meeting.state = state.value
    meeting.updated_at = clock.now()
    await session.flush()


def told(meeting: Meeting) -> dict[str, str]:
    """What an event tells of a meeting."""
    return {"body": str(meeting.body), "held_on": meeting.held_on.isoformat(), "state": meeting.state}
