"""Read bodies, terms, seats with their holders, and leads, as of a day."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, or_, select

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.schemas.collaborations import MemberRef
from services.registry.schemas.governance import BodyRef, BodySummary, LeadRead, SeatSummary
from services.registry.tables import Body, BodyTerm, Lead, Member, Seat, SeatHolding


@dataclass(frozen=True)
class Moment:
    """The day that is asked about; `as_of` is None for today, which reads the tables themselves."""

    as_of: date | None
    day: date

    @classmethod
    def of(cls, as_of: date | None, clock: Clock) -> "Moment":
        return cls(as_of, as_of or business_date(clock))


@dataclass(frozen=True)
class BodyFilter:
    """Conditions of a list of bodies."""

    q: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class SeatFilter:
    """Conditions of a list of seats; `vacant` asks for those that nobody (or somebody) is known to hold."""

    body: UUID | None = None
    member: UUID | None = None
    holder: str | None = None
    vacant: bool | None = None


def standing_bodies(scope: Scope, moment: Moment) -> tuple[type[Body], Select[Any]]:
    """The table as of the day, and the bodies that stand on it."""
    table = at(Body, moment.as_of)
    ended = or_(table.dissolved_on.is_(None), table.dissolved_on > moment.day)
    begun = or_(table.founded_on.is_(None), table.founded_on <= moment.day)
    return table, scope.limit(select(table), table).where(ended, begun)


async def list_bodies(
    session: AnySession, scope: Scope, moment: Moment, asked: BodyFilter, page: PageRequest
) -> tuple[list[Body], str | None, int]:
    """One page of bodies, the next cursor, and how many match."""
    table, statement = standing_bodies(scope, moment)
    if asked.kind:
        statement = statement.where(table.kind == asked.kind)
    if asked.q:
        statement = statement.where(table.search_text.contains(asked.q.strip().lower(), autoescape=True))
    order = sort_column(page, {"name": table.sort_key, "position": table.position}, "position")
    return await paginate(session, statement, page, order=order, tie=table.id)


async def find_body(session: AnySession, scope: Scope, body_id: UUID, moment: Moment | None = None) -> Body:
    """One body, also a dissolved one; with a moment as it stood then. Raises NotFound."""
    table = at(Body, moment.as_of if moment else None)
    statement = scope.limit(select(table), table).where(table.id == body_id)
    found: Body | None = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound("没有这个机构，或当时还没有成立。", code="body_not_found")
    return found


async def names_on(
    session: AnySession, alliance: str, table: type[Any], ids: Iterable[UUID | None], as_of: date | None
) -> dict[UUID, str]:
    """Names of members or bodies by id as they were on the day; of one entered later, its name today."""
    wanted = {one for one in ids if one}
    names: dict[UUID, str] = {}
    for then in [table] if as_of is None else [table, at(table, as_of)]:
        statement = select(then.id, then.name).where(then.alliance == alliance, then.id.in_(wanted))
        names |= {row.id: row.name for row in await session.execute(statement)}
    return names


async def terms_of(session: AnySession, scope: Scope, body_id: UUID) -> list[BodyTerm]:
    """Every term of a body, newest first."""
    statement = scope.select(BodyTerm).where(BodyTerm.body == body_id).order_by(BodyTerm.number.desc())
    return list((await session.scalars(statement)).all())


def standing_seats(scope: Scope, moment: Moment) -> tuple[type[Seat], Select[Any]]:
    """The table as of the day, and the seats that stand on it."""
    table = at(Seat, moment.as_of)
    ended = or_(table.abolished_on.is_(None), table.abolished_on > moment.day)
    begun = or_(table.established_on.is_(None), table.established_on <= moment.day)
    return table, scope.limit(select(table), table).where(ended, begun)


async def seats_of(session: AnySession, scope: Scope, moment: Moment, bodies: Iterable[UUID]) -> list[Seat]:
    """The seats of some bodies in their order."""
    table, statement = standing_seats(scope, moment)
    statement = statement.where(table.body.in_(list(bodies))).order_by(table.body, table.position, table.id)
    return list((await session.scalars(statement)).all())


async def list_seats(
    session: AnySession, scope: Scope, moment: Moment, asked: SeatFilter, page: PageRequest
) -> tuple[list[Seat], str | None, int]:
    """One page of seats, the next cursor, and how many match."""
    table, statement = standing_seats(scope, moment)
    statement = _asked(table, statement, asked, scope, moment)
    order = sort_column(page, {"position": table.position, "title": table.title}, "position")
    return await paginate(session, statement, page, order=order, tie=table.id)


async def all_seats(session: AnySession, scope: Scope, moment: Moment, asked: SeatFilter) -> list[Seat]:
    """Every matching seat, for an export."""
    table, statement = standing_seats(scope, moment)
    statement = _asked(table, statement, asked, scope, moment).order_by(table.body, table.position, table.id)
    return list((await session.scalars(statement)).all())


def _asked(table: type[Seat], statement: Any, asked: SeatFilter, scope: Scope, moment: Moment) -> Any:
    held = at(SeatHolding, moment.day)
    holding = scope.limit(select(held.seat), held)
    if asked.body:
        statement = statement.where(table.body == asked.body)
    if asked.member:
        statement = statement.where(table.member == asked.member)
    if asked.holder:
        wanted = held.holder.contains(asked.holder.strip(), autoescape=True)
        statement = statement.where(table.id.in_(holding.where(wanted)))
    if asked.vacant is not None:
        is_held = table.id.in_(holding)
        statement = statement.where(~is_held if asked.vacant else is_held)
    return statement


async def find_seat(session: AnySession, scope: Scope, seat_id: UUID, *, lock: bool = False) -> Seat:
    """One seat as it is now, locked for a change of its holders if asked. Raises NotFound."""
    statement = scope.select(Seat).where(Seat.id == seat_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound("没有这个席位。", code="seat_not_found")
    return found


async def holdings_of(session: AnySession, scope: Scope, seat_id: UUID) -> list[SeatHolding]:
    """Everybody who held or will hold a seat, newest first."""
    statement = scope.select(SeatHolding).where(SeatHolding.seat == seat_id).order_by(SeatHolding.from_date.desc())
    return list((await session.scalars(statement)).all())


async def holders_on(session: AnySession, scope: Scope, day: date, seats: Iterable[UUID]) -> dict[UUID, SeatHolding]:
    """Who holds each of some seats on a day."""
    table = at(SeatHolding, day)
    statement = scope.limit(select(table), table).where(table.seat.in_(list(seats)))
    return {found.seat: found for found in await session.scalars(statement)}


async def seat_summaries(session: AnySession, scope: Scope, moment: Moment, seats: Sequence[Seat]) -> list[SeatSummary]:
    """Seats with their bodies, units and holders as of the day."""
    bodies = await names_on(session, scope.alliance, Body, (seat.body for seat in seats), moment.as_of)
    members = await names_on(session, scope.alliance, Member, (seat.member for seat in seats), moment.as_of)
    holders = await holders_on(session, scope, moment.day, (seat.id for seat in seats))
    return [_seat_summary(seat, bodies, members, holders.get(seat.id)) for seat in seats]


def _seat_summary(
    seat: Seat, bodies: dict[UUID, str], members: dict[UUID, str], holding: SeatHolding | None
) -> SeatSummary:
    plain = {name: getattr(seat, name) for name in PLAIN_SEAT}
    return SeatSummary(
        **plain,
        body=BodyRef(id=seat.body, name=bodies[seat.body]),
        member=MemberRef(id=seat.member, name=members[seat.member]) if seat.member else None,
        holder=holding.holder if holding else None,
        since=holding.from_date if holding else None,
    )


PLAIN_SEAT: Final = tuple(
    name for name in SeatSummary.model_fields if name not in ("body", "member", "holder", "since")
)
PLAIN_BODY: Final = ("id", "name", "aliases", "kind", "host_name", "founded_on", "dissolved_on", "pack", "article")


async def body_summaries(
    session: AnySession, scope: Scope, moment: Moment, bodies: Sequence[Body]
) -> list[BodySummary]:
    """Bodies with the names around them and how many seats they have, as of the day."""
    names = await names_on(session, scope.alliance, Body, (body.parent for body in bodies), moment.as_of)
    members = await names_on(session, scope.alliance, Member, (body.host_member for body in bodies), moment.as_of)
    seats = [seat for seat in await seats_of(session, scope, moment, (b.id for b in bodies)) if not seat.open_ended]
    held = await holders_on(session, scope, moment.day, (seat.id for seat in seats))
    count = Counter(seat.body for seat in seats)
    vacant = Counter(seat.body for seat in seats if seat.id not in held)
    return [
        BodySummary(
            **{name: getattr(body, name) for name in PLAIN_BODY},
            parent=BodyRef(id=body.parent, name=names[body.parent]) if body.parent else None,
            host_member=MemberRef(id=body.host_member, name=members[body.host_member]) if body.host_member else None,
            seats=count[body.id],
            vacant=vacant[body.id],
        )
        for body in bodies
    ]


async def leads_on(session: AnySession, scope: Scope, moment: Moment, member: UUID | None = None) -> list[Lead]:
    """The leads that stand on the day, in their order."""
    table = at(Lead, moment.as_of)
    ended = or_(table.ended_on.is_(None), table.ended_on > moment.day)
    begun = or_(table.from_date.is_(None), table.from_date <= moment.day)
    statement = scope.limit(select(table), table).where(ended, begun).order_by(table.position, table.id)
    if member:
        statement = statement.where(table.member == member)
    return list((await session.scalars(statement)).all())


async def find_lead(session: AnySession, scope: Scope, lead_id: UUID) -> Lead:
    """One lead. Raises NotFound."""
    found = (await session.scalars(scope.select(Lead).where(Lead.id == lead_id))).one_or_none()
    if found is None:
        raise NotFound("没有这项牵头登记。", code="lead_not_found")
    return found


async def lead_reads(session: AnySession, scope: Scope, moment: Moment, leads: Sequence[Lead]) -> list[LeadRead]:
    """Leads with the names of their members."""
    names = await names_on(session, scope.alliance, Member, (lead.member for lead in leads), moment.as_of)
    plain = tuple(name for name in LeadRead.model_fields if name != "member")
    return [
        LeadRead(
            **{name: getattr(lead, name) for name in plain},
            member=MemberRef(id=lead.member, name=names[lead.member]) if lead.member else None,
        )
        for lead in leads
    ]
