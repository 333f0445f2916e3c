"""Read agreements, now or as of a day: lists, single ones, with parties, coverage and renewals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, and_, cast, func, not_, or_, select
from sqlalchemy.orm import aliased

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.domain.agreements import WARNING_DAYS, Phase, last_day_within
from services.registry.queries.members import names_of
from services.registry.tables import Agreement, AgreementCoverage, AgreementParty, Collaboration, Member

SORTABLE: Final = {"title": "sort_key", "signed_on": "signed_on", "until_date": "until_order"}
P = TypeVar("P", AgreementParty, AgreementCoverage)
MOST: Final = 5_000
"""Rows of an export."""


@dataclass(frozen=True)
class AgreementFilter:
    """Conditions of a list on `day`, as of which it is read when `as_of` is given.

    `expiring_within` finds those in force that end within so many days, and that nobody renewed when `unrenewed`.
    """

    day: date
    as_of: date | None = None
    q: str | None = None
    kind: str | None = None
    party: UUID | None = None
    phase: str | None = None
    expiring_within: int | None = None
    collaboration: UUID | None = None
    unrenewed: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What stands around agreements, by agreement."""

    names: dict[UUID, str]
    parties: dict[UUID, list[AgreementParty]]
    coverage: dict[UUID, list[AgreementCoverage]]
    collaborations: dict[UUID, str]
    renewals: dict[UUID, Agreement]
    renewed: dict[UUID, Agreement]


def visible(scope: Scope, table: type[Agreement], as_of: date | None) -> Select[Agreement]:
    """The agreements of the scope: of a county those to which a unit of its division is party, of a unit its own."""
    statement = scope.select(table)
    if scope.division is None and scope.member is None:
        return statement
    if scope.division is not None:
        return statement.where(_has_party(table, as_of, scope.limit(select(Member.id), Member)))
    return statement.where(_has_party(table, as_of, [scope.member]))


def _has_party(table: type[Agreement], as_of: date | None, members: Any) -> ColumnElement[bool]:
    party = at(AgreementParty, as_of)
    return table.id.in_(select(party.agreement).where(party.alliance == table.alliance, party.member.in_(members)))


def _covers(table: type[Agreement], as_of: date | None, collaboration: UUID) -> ColumnElement[bool]:
    covered = at(AgreementCoverage, as_of)
    own = (covered.alliance == table.alliance, covered.collaboration == collaboration)
    return table.id.in_(select(covered.agreement).where(*own))


def in_phase(table: type[Agreement], phase: str, day: date) -> ColumnElement[bool]:
    """The condition that says in the database what `domain.agreements.phase_on` says of one row."""
    ended = and_(table.ended_on.is_not(None), table.ended_on <= day)
    begun = and_(not_(ended), table.from_date <= day)
    edge = last_day_within(day, max(WARNING_DAYS))
    return {
        Phase.ENDED: ended,
        Phase.UPCOMING: and_(not_(ended), table.from_date > day),
        Phase.EXPIRED: and_(begun, table.until_order <= day),
        Phase.EXPIRING: and_(begun, table.until_order > day, table.until_date <= edge),
        Phase.IN_FORCE: and_(begun, table.until_order > day, or_(table.until_date.is_(None), table.until_date > edge)),
    }[Phase(phase)]


def ending_within(table: type[Agreement], day: date, days: int) -> ColumnElement[bool]:
    """In force on a day, and over within so many days."""
    running = or_(in_phase(table, Phase.EXPIRING, day), in_phase(table, Phase.IN_FORCE, day))
    return and_(running, table.until_date <= last_day_within(day, days))


def not_renewed(table: type[Agreement], as_of: date | None) -> ColumnElement[bool]:
    """Those that no other agreement renews."""
    other = aliased(Agreement) if as_of is None else at(Agreement, as_of)
    same = (other.alliance == table.alliance, other.renews == table.id)
    return not_(select(other.id).where(*same).exists())


def matching(scope: Scope, table: type[Agreement], asked: AgreementFilter) -> Select[Agreement]:
    """The agreements that the scope sees and the filter asks for, unsorted."""
    statement = visible(scope, table, asked.as_of)
    if asked.kind:
        statement = statement.where(table.kind == asked.kind)
    if asked.q:
        statement = statement.where(table.search_text.contains(asked.q.strip().lower(), autoescape=True))
    if asked.party:
        statement = statement.where(_has_party(table, asked.as_of, [asked.party]))
    if asked.collaboration:
        statement = statement.where(_covers(table, asked.as_of, asked.collaboration))
    if asked.phase:
        statement = statement.where(in_phase(table, asked.phase, asked.day))
    if asked.expiring_within is not None:
        statement = statement.where(ending_within(table, asked.day, asked.expiring_within))
    return statement.where(not_renewed(table, asked.as_of)) if asked.unrenewed else statement


async def list_agreements(
    session: AnySession, scope: Scope, asked: AgreementFilter, page: PageRequest
) -> tuple[list[Agreement], str | None, int]:
    """One page of agreements, the next cursor, and how many match."""
    table = at(Agreement, asked.as_of)
    sortable = {name: getattr(table, column) for name, column in SORTABLE.items()}
    order = sort_column(page, sortable, "until_date")
    return await paginate(session, matching(scope, table, asked), page, order=order, tie=table.id)


async def all_agreements(session: AnySession, scope: Scope, asked: AgreementFilter) -> list[Agreement]:
    """The matching agreements by title, for an export."""
    table = at(Agreement, asked.as_of)
    statement = matching(scope, table, asked).order_by(table.sort_key, table.id).limit(MOST)
    return list((await session.scalars(statement)).all())


async def find_agreement(session: AnySession, scope: Scope, agreement_id: UUID, as_of: date | None = None) -> Agreement:
    """One agreement that the scope sees. Raises NotFound."""
    table = at(Agreement, as_of)
    found = (await session.scalars(visible(scope, table, as_of).where(table.id == agreement_id))).one_or_none()
    if found is None:
        raise NotFound("没有这份协议，或它不在您的管辖范围内。", code="agreement_not_found")
    return found


async def parties_of(
    session: AnySession, scope: Scope, ids: Sequence[UUID], as_of: date | None = None
) -> dict[UUID, list[AgreementParty]]:
    """The parties of some agreements in the order of their parts."""
    party = at(AgreementParty, as_of)
    statement = scope.select(party).where(party.agreement.in_(ids)).order_by(party.part, party.member)
    return _by_agreement((await session.scalars(statement)).all())


async def coverage_of(
    session: AnySession, scope: Scope, ids: Sequence[UUID], as_of: date | None = None
) -> dict[UUID, list[AgreementCoverage]]:
    """What some agreements are about, in the order in which it was written."""
    covered = at(AgreementCoverage, as_of)
    statement = scope.select(covered).where(covered.agreement.in_(ids)).order_by(covered.place, covered.id)
    return _by_agreement((await session.scalars(statement)).all())


def _by_agreement(rows: Sequence[P]) -> dict[UUID, list[P]]:
    found: dict[UUID, list[P]] = {}
    for one in rows:
        found.setdefault(one.agreement, []).append(one)
    return found


async def surroundings_of(
    session: AnySession, scope: Scope, found: Sequence[Agreement], as_of: date | None = None
) -> Surroundings:
    """Parties, coverage and renewals of some agreements, named, in a handful of statements."""
    ids = [agreement.id for agreement in found]
    table = at(Agreement, as_of)
    parties = await parties_of(session, scope, ids, as_of)
    coverage = await coverage_of(session, scope, ids, as_of)
    members = {party.member for several in parties.values() for party in several}
    wanted = {one.collaboration for several in coverage.values() for one in several if one.collaboration}
    named = scope.limit(select(Collaboration.id, Collaboration.name), Collaboration)
    earlier = [agreement.renews for agreement in found if agreement.renews]
    later = await session.scalars(scope.select(table).where(table.renews.in_(ids)))
    before = await session.scalars(scope.select(table).where(table.id.in_(earlier)))
    return Surroundings(
        names=await names_of(session, scope.alliance, members),
        parties=parties,
        coverage=coverage,
        collaborations={row.id: row.name for row in await session.execute(named.where(Collaboration.id.in_(wanted)))},
        renewals={one.renews: one for one in later if one.renews},
        renewed={one.id: one for one in before},
    )


async def effective_date(session: AnySession) -> date:
    """The day from which the session's changes hold; in a session that only reads, the database's today."""
    chosen = cast(func.nullif(func.current_setting("hub.effective_on", True), ""), Date)
    today = cast(func.timezone("Asia/Shanghai", func.now()), Date)
    return (await session.execute(select(func.coalesce(chosen, today)))).scalar_one()


async def open_parties(session: AnySession, scope: Scope, member: UUID, day: date) -> list[AgreementParty]:
    """The parts of a member in agreements that are not over on a day."""
    over = or_(in_phase(Agreement, Phase.ENDED, day), in_phase(Agreement, Phase.EXPIRED, day))
    still = scope.limit(select(Agreement.id), Agreement).where(not_(over))
    own = scope.select(AgreementParty).where(AgreementParty.member == member, AgreementParty.agreement.in_(still))
    return list((await session.scalars(own)).all())
