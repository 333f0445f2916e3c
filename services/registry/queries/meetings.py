"""Read meetings with agenda and attendance, resolutions and votes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from services.kernel.citations import CitedResolution
from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.domain.governance import ATTENDING, CITABLE, Presence, resolution_number
from services.registry.queries.governance import Moment, holders_on, names_on, seats_of
from services.registry.schemas.meetings import AttendanceRead
from services.registry.tables import AgendaItem, Attendance, Meeting, Member, Resolution, ResolutionVote, Seat

MOST_OPTIONS: Final = 20


@dataclass(frozen=True)
class MeetingFilter:
    """Conditions of a list of meetings."""

    body: UUID | None = None
    state: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class ResolutionFilter:
    """Conditions of a list of resolutions; `q` is a fragment of title, pinyin or number."""

    q: str | None = None
    body: UUID | None = None
    meeting: UUID | None = None
    year: int | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Turnout:
    """Seats with a vote, those present (proxies included), and the proxies among them."""

    seats: int
    present: int
    proxies: int


def of_year(column: Any, year: int) -> tuple[Any, Any]:
    """The days of a calendar year."""
    return column >= date(year, 1, 1), column <= date(year, 12, 31)


async def list_meetings(
    session: AnySession, scope: Scope, as_of: date | None, asked: MeetingFilter, page: PageRequest
) -> tuple[list[Meeting], str | None, int]:
    """One page of meetings, the next cursor, and how many match."""
    table = at(Meeting, as_of)
    statement = scope.limit(select(table), table)
    if asked.body:
        statement = statement.where(table.body == asked.body)
    if asked.state:
        statement = statement.where(table.state == asked.state)
    if asked.year:
        statement = statement.where(*of_year(table.held_on, asked.year))
    order = sort_column(page, {"held_on": table.held_on, "title": table.title}, "held_on")
    return await paginate(session, statement, page, order=order, tie=table.id)


async def find_meeting(session: AnySession, scope: Scope, meeting_id: UUID, *, lock: bool = False) -> Meeting:
    """One meeting. Raises NotFound."""
    statement = scope.select(Meeting).where(Meeting.id == meeting_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound("没有这次会议。", code="meeting_not_found")
    return found


async def agenda_of(session: AnySession, scope: Scope, meeting_id: UUID) -> list[AgendaItem]:
    """The agenda in order."""
    statement = scope.select(AgendaItem).where(AgendaItem.meeting == meeting_id).order_by(AgendaItem.position)
    return list((await session.scalars(statement)).all())


async def seats_at(session: AnySession, scope: Scope, meeting: Meeting, today: date) -> list[Seat]:
    """The seats that the body has on the day of the meeting; ahead of that day as they are now."""
    as_of = meeting.held_on if meeting.held_on < today else None
    return await seats_of(session, scope, Moment(as_of, meeting.held_on), [meeting.body])


async def attendance_of(session: AnySession, scope: Scope, meeting_id: UUID) -> dict[UUID, Attendance]:
    """The recorded attendance by seat."""
    statement = scope.select(Attendance).where(Attendance.meeting == meeting_id)
    return {row.seat: row for row in await session.scalars(statement)}


def voting(seats: list[Seat]) -> list[Seat]:
    """The seats that have a vote."""
    return [seat for seat in seats if seat.votes and not seat.open_ended]


def turnout_of(seats: list[Seat], attendance: dict[UUID, Attendance]) -> Turnout:
    """How many of the seats with a vote are taken."""
    entitled = voting(seats)
    taken = [attendance[seat.id].presence for seat in entitled if seat.id in attendance]
    present = [presence for presence in taken if presence in ATTENDING]
    return Turnout(len(entitled), len(present), present.count(Presence.PROXY))


async def attendance_reads(
    session: AnySession, scope: Scope, meeting: Meeting, seats: list[Seat], attendance: dict[UUID, Attendance]
) -> list[AttendanceRead]:
    """Every seat on the day, who holds it, and how it was taken."""
    holders = await holders_on(session, scope, meeting.held_on, (seat.id for seat in seats))
    names = await names_on(session, scope.alliance, Member, (seat.member for seat in seats), None)
    rows = []
    for seat in seats:
        taken = attendance.get(seat.id)
        recorded = {
            name: getattr(taken, name, None) for name in ("presence", "attendee", "proxy_seat", "authorisation")
        }
        holder = holders[seat.id].holder if seat.id in holders else None
        unit = seat.unit_name or (names[seat.member] if seat.member else None)
        plain = {name: getattr(seat, name) for name in ("title", "post", "votes", "open_ended")}
        rows.append(AttendanceRead(seat=seat.id, unit=unit, holder=holder, **plain, **recorded))
    return rows


async def list_resolutions(
    session: AnySession, scope: Scope, as_of: date | None, asked: ResolutionFilter, page: PageRequest
) -> tuple[list[Resolution], str | None, int]:
    """One page of resolutions, the next cursor, and how many match."""
    table = at(Resolution, as_of)
    statement = scope.limit(select(table), table)
    if as_of is not None:  # what had not been voted on by then was no resolution yet
        statement = statement.where(table.resolved_on.is_not(None))
    for column, value in (
        (table.body, asked.body),
        (table.meeting, asked.meeting),
        (table.year, asked.year),
        (table.outcome, asked.outcome),
    ):
        if value:
            statement = statement.where(column == value)
    if asked.q:
        statement = statement.where(table.search_text.contains(asked.q.strip().lower(), autoescape=True))
    order = sort_column(page, {"resolved_on": table.sort_key}, "resolved_on")
    return await paginate(session, statement, page, order=order, tie=table.id)


async def find_resolution(session: AnySession, scope: Scope, resolution_id: UUID, *, lock: bool = False) -> Resolution:
    """One resolution. Raises NotFound."""
    statement = scope.select(Resolution).where(Resolution.id == resolution_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound("没有这项决议。", code="resolution_not_found")
    return found


async def resolutions_to_cite(session: AnySession, scope: Scope, q: str | None) -> list[Resolution]:
    """Passed resolutions that fit what was typed, newest first."""
    statement: Select[Any] = scope.select(Resolution).where(Resolution.outcome.in_(CITABLE))
    if q and q.strip():
        statement = statement.where(Resolution.search_text.contains(q.strip().lower(), autoescape=True))
    statement = statement.order_by(Resolution.sort_key.desc(), Resolution.id).limit(MOST_OPTIONS)
    return list((await session.scalars(statement)).all())


async def resolutions_by_id(session: AnySession, scope: Scope, ids: Iterable[UUID | None]) -> dict[UUID, Resolution]:
    """The resolutions of the alliance among these ids."""
    wanted = {one for one in ids if one is not None}
    found = await session.scalars(scope.select(Resolution).where(Resolution.id.in_(wanted))) if wanted else ()
    return {one.id: one for one in found}


async def cited_resolution(session: AnySession, scope: Scope, resolution: UUID | None) -> CitedResolution | None:
    """What those who cite a resolution are told of it; None when the alliance has none of this id."""
    found = (await resolutions_by_id(session, scope, [resolution])).get(resolution) if resolution else None
    if found is None:
        return None
    citable = found.outcome in CITABLE
    told = {name: getattr(found, name) for name in ("id", "title", "outcome", "resolved_on")}
    return CitedResolution(**told, number=number_of(found), citable=citable)


async def resolutions_of(session: AnySession, scope: Scope, meeting_id: UUID) -> list[Resolution]:
    """The resolutions of a meeting in the order of their entry."""
    statement = scope.select(Resolution).where(Resolution.meeting == meeting_id)
    return list((await session.scalars(statement.order_by(Resolution.created_at, Resolution.id))).all())


async def votes_of(session: AnySession, scope: Scope, resolution_id: UUID) -> dict[UUID, ResolutionVote]:
    """The votes by name of a resolution, by seat."""
    statement = scope.select(ResolutionVote).where(ResolutionVote.resolution == resolution_id)
    return {row.seat: row for row in await session.scalars(statement)}


def number_of(resolution: Resolution) -> str | None:
    """The number as people cite it; none before it is passed."""
    if resolution.year is None or resolution.number is None:
        return None
    return resolution_number(resolution.number_prefix, resolution.year, resolution.number)
