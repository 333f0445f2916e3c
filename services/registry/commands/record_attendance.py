"""Record who came to a meeting, seat by seat, proxies included."""

from collections import Counter
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm.attributes import flag_modified

from services.kernel.audit import audit
from services.kernel.clock import Clock, business_date
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.governance_rows import refuse, tell
from services.registry.commands.meeting_rows import require_state, told
from services.registry.domain.governance import MeetingState, Outcome, Presence
from services.registry.queries.governance import holders_on
from services.registry.queries.meetings import find_meeting, resolutions_of, seats_at
from services.registry.schemas.meetings import AttendanceSheet, AttendanceWrite
from services.registry.tables import Attendance, Meeting, Seat


async def record_attendance(
    session: WriteSession, clock: Clock, principal: Principal, meeting_id: UUID, sheet: AttendanceSheet, if_match: str
) -> Meeting:
    """Lock, check version, state and every entry, replace the sheet, audit, tell.

    Raises NotFound, StaleVersion, InvalidInput, or Conflict once a vote has been counted on it.
    """
    scope = Scope.of(principal)
    meeting = await find_meeting(session, scope, meeting_id, lock=True)
    check_version(if_match, meeting.row_version)
    require_state(meeting, MeetingState.CONVENED)
    if any(one.outcome != Outcome.PENDING for one in await resolutions_of(session, scope, meeting_id)):
        raise Conflict("已有决议按现在的到会情况表决，不能再改到会登记。", code="votes_counted")
    seats = {seat.id: seat for seat in await seats_at(session, scope, meeting, business_date(clock))}
    refuse(_issues(sheet.entries, seats))
    await _replace(session, scope, meeting, sheet.entries)
    meeting.updated_at = clock.now()
    flag_modified(meeting, "updated_at")  # also when the clock stood still
    await session.flush()
    counts = dict(Counter(entry.presence.value for entry in sheet.entries))
    await audit(session, clock, principal, "meeting.attendance", "meeting", meeting_id, after=counts)
    tell(session, clock, principal.alliance, "meeting.updated", meeting_id, told(meeting), office_only=True)
    return meeting


def _issues(entries: list[AttendanceWrite], seats: dict[UUID, Seat]) -> list[FieldIssue]:
    issues = []
    named = Counter(entry.seat for entry in entries)
    if any(count > 1 for count in named.values()):
        issues.append(FieldIssue("entries", "seat_repeated", "同一席位登记了两次，一席只登记一行。"))
    for number, entry in enumerate(entries):
        issues += _entry_issues(f"entries.{number}", entry, seats)
    return issues


def _entry_issues(field: str, entry: AttendanceWrite, seats: dict[UUID, Seat]) -> list[FieldIssue]:
    seat = seats.get(entry.seat)
    if seat is None or seat.open_ended:
        return [FieldIssue(f"{field}.seat", "seat_unknown", "会议当日该机构没有这个席位，请刷新后重新登记。")]
    by_proxy = entry.presence == Presence.PROXY
    if by_proxy and not entry.attendee:
        return [FieldIssue(f"{field}.attendee", "proxy_unnamed", f"“{seat.title}”席委托他人到会，请填写受托人。")]
    if not by_proxy and (entry.proxy_seat or entry.authorisation):
        return [FieldIssue(f"{field}.presence", "proxy_unexpected", "只有委托到会才填写受托席位和委托书。")]
    if entry.proxy_seat is not None and (entry.proxy_seat == entry.seat or entry.proxy_seat not in seats):
        return [FieldIssue(f"{field}.proxy_seat", "proxy_seat_unknown", "受托席位应是本机构的另一席位，请重新选择。")]
    return []


async def _replace(session: WriteSession, scope: Scope, meeting: Meeting, entries: list[AttendanceWrite]) -> None:
    same = (Attendance.alliance == scope.alliance, Attendance.meeting == meeting.id)
    await session.execute(delete(Attendance).where(*same))
    holders = await holders_on(session, scope, meeting.held_on, (entry.seat for entry in entries))
    for entry in entries:
        values = entry.model_dump()
        if entry.presence == Presence.PRESENT and not entry.attendee and entry.seat in holders:
            values["attendee"] = holders[entry.seat].holder  # who sits there unless told otherwise
        session.add(Attendance(alliance=scope.alliance, meeting=meeting.id, **values))
