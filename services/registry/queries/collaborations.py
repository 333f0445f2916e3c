"""Read collaborations, now or as of a day: lists, single ones, with names of members and their recognitions.

A list of 200,000 stays quick because what a filter or a county narrows it to is looked up beforehand by index
(`Known`): a few ids are picked by id and counted; where there are very many, the list is read in its order until a page
is full, and is not counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, and_, any_, cast, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.history import at
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.search import holds_fragment, ids_with
from services.kernel.tenancy import Scope
from services.registry.domain.collaborations import Part
from services.registry.queries.collaboration_parts import Members, looked_up, takes_part, with_part
from services.registry.queries.recognitions import standing_on
from services.registry.tables import Collaboration, Member, Participant, Recognition

SORTABLE: Final = {"name": "sort_key", "kind": "kind", "founded_on": "founded_order"}


@dataclass(frozen=True)
class CollaborationFilter:
    """Conditions of a list on `day`, as of which it is read when `as_of` is given.

    `member` finds those in which a member has any part, `division` and `partner` (a fragment of a name) those in which
    such a member has, `level` those that hold it on the day, `missing` those that lack something their kind needs;
    `ids` are those that were ticked.
    """

    day: date
    as_of: date | None = None
    q: str | None = None
    kind: str | None = None
    status: str | None = None
    member: UUID | None = None
    level: str | None = None
    division: str | None = None
    partner: str | None = None
    missing: str | None = None
    ids: tuple[UUID, ...] = ()


Known = Mapping[str, list[UUID] | None]
"""By condition (`q`, `own`, `member`, `partners`) the ids that hold it, or None when they are too many to name."""


@dataclass(frozen=True)
class Details:
    """What stands around collaborations: names of members, who takes part as what, recognitions by collaboration."""

    names: dict[UUID, str]
    parts: dict[UUID, dict[UUID, str]]
    recognitions: dict[UUID, list[Recognition]]

    def members_of(self, collaboration: UUID) -> set[UUID]:
        """Who takes part beside host and lead."""
        return {*self.parts.get(collaboration, {})}


def visible(scope: Scope, as_of: date | None = None) -> tuple[type[Collaboration], Select[Collaboration]]:
    """The table of the day, and the collaborations of the scope: a county sees those in which its members take part."""
    table = at(Collaboration, as_of)
    statement = scope.select(table)
    if scope.division is None:
        return table, statement
    return table, statement.where(takes_part(table, _own(scope, as_of), as_of))


def matching(
    scope: Scope, asked: CollaborationFilter, known: Known | None = None
) -> tuple[type[Collaboration], Select[Collaboration]]:
    """The table of the day, and what the scope sees and the filter asks for, unsorted; by what is known beforehand."""
    known = known or {}
    table = at(Collaboration, asked.as_of)
    statement = scope.select(table)
    for name, members in _whose(scope, asked).items():
        statement = statement.where(_takes_part(scope, table, asked.as_of, members, name, known))
    for column, value in ((table.kind, asked.kind), (table.status, asked.status)):
        if value:
            statement = statement.where(column == value)
    if asked.q:
        statement = statement.where(holds_fragment(table, asked.q, known.get("q")))
    if asked.ids:
        statement = statement.where(table.id.in_(asked.ids))
    if asked.level:
        holders = scope.limit(select(Recognition.collaboration), Recognition)
        holders = holders.where(Recognition.level == asked.level, standing_on(Recognition, asked.day))
        statement = statement.where(table.id.in_(holders))
    if asked.missing:
        statement = statement.where(table.status == "active", MISSING[asked.missing](table, asked.as_of))
    return table, statement


def _whose(scope: Scope, asked: CollaborationFilter) -> dict[str, Members]:
    """Of which members a collaboration must have one, for each condition that asks for that."""
    whose: dict[str, Members] = {}
    if scope.division is not None:
        whose["own"] = _own(scope, asked.as_of)
    if asked.member:
        whose["member"] = [asked.member]
    if asked.division or asked.partner:
        whose["partners"] = _partners(scope, asked)
    return whose


def _takes_part(
    scope: Scope, table: type[Collaboration], as_of: date | None, members: Members, name: str, known: Known
) -> ColumnElement[bool]:
    if name not in known:
        return table.id.in_(with_part(scope, members, as_of))
    ids = known[name]
    return takes_part(table, members) if ids is None else table.id == any_(cast(ids, ARRAY(Uuid)))


def _own(scope: Scope, as_of: date | None) -> Select[UUID]:
    """The members of a county's scope."""
    own = at(Member, as_of)
    return scope.limit(select(own.id), own)


def _partners(scope: Scope, asked: CollaborationFilter) -> Select[UUID]:
    """The members of the division, or those of the name that was asked for."""
    member = at(Member, asked.as_of)
    partners = select(member.id).where(member.alliance == scope.alliance)
    if asked.division:
        partners = partners.where(member.division == asked.division)
    if asked.partner:
        partners = partners.where(member.search_text.contains(asked.partner.strip().lower(), autoescape=True))
    return partners


def _without_enterprise(table: type[Collaboration], as_of: date | None) -> ColumnElement[bool]:
    """A class that names no enterprise, neither among its participants nor in its own fields."""
    participant = at(Participant, as_of)
    named = exists().where(
        participant.alliance == table.alliance,
        participant.collaboration == table.id,
        participant.part == Part.ENTERPRISE,
    )
    unnamed = table.details["enterprise_name"].astext.is_(None)
    return and_(table.kind == "school_enterprise_class", unnamed, ~named)


MISSING: Final[dict[str, Callable[[type[Collaboration], date | None], ColumnElement[bool]]]] = {
    "lead": lambda table, _day: and_(table.kind == "consortium", table.lead_member.is_(None)),
    "host": lambda table, _day: and_(
        table.kind.in_(("industry_college", "school_enterprise_class")), table.host_member.is_(None)
    ),
    "enterprise": _without_enterprise,
    "class_code": lambda table, _day: and_(
        table.kind == "school_enterprise_class", table.details["class_code"].astext.is_(None)
    ),
    "details": lambda table, _day: table.details == {},
    "founded_on": lambda table, _day: table.founded_on.is_(None),
}


async def list_collaborations(
    session: AnySession, scope: Scope, asked: CollaborationFilter, page: PageRequest
) -> tuple[list[Collaboration], str | None, int | None]:
    """One page of collaborations, the next cursor, and how many match (None: very many)."""
    known = await _known(session, scope, asked)
    table, statement = matching(scope, asked, known)
    counted = None not in known.values()
    sortable: dict[str, InstrumentedAttribute[Any]] = {name: getattr(table, key) for name, key in SORTABLE.items()}
    order = sort_column(page, sortable, "name")
    return await paginate(session, statement, page, order=order, tie=table.id, counted=counted)


async def _known(session: AnySession, scope: Scope, asked: CollaborationFilter) -> Known:
    """What can be looked up of the conditions; the index of names is today's."""
    whose = _whose(scope, asked).items()
    known = {name: await looked_up(session, scope, members, asked.as_of) for name, members in whose}
    if asked.q:
        known["q"] = await ids_with(session, Collaboration, asked.q) if asked.as_of is None else None
    return known


async def all_collaborations(
    session: AnySession, scope: Scope, asked: CollaborationFilter, at_most: int
) -> list[Collaboration]:
    """Every matching collaboration by name, for an export; one more than `at_most` tells that there are too many."""
    table, statement = matching(scope, asked, await _known(session, scope, asked))
    return list((await session.scalars(statement.order_by(table.sort_key, table.id).limit(at_most + 1))).all())


async def find_collaboration(
    session: AnySession, scope: Scope, collaboration_id: UUID, as_of: date | None = None
) -> Collaboration:
    """One collaboration that the scope sees. Raises NotFound."""
    table, statement = visible(scope, as_of)
    found = (await session.scalars(statement.where(table.id == collaboration_id))).one_or_none()
    if found is None:
        raise NotFound("没有这个合作载体，或它不在您的管辖范围内。", code="collaboration_not_found")
    return found


async def details_of(
    session: AnySession, scope: Scope, found: list[Collaboration], as_of: date | None = None
) -> Details:
    """Names, participants and recognitions of some collaborations, in three statements."""
    ids = [collaboration.id for collaboration in found]
    participant = at(Participant, as_of)
    parts: dict[UUID, dict[UUID, str]] = {}
    for part in await session.scalars(scope.select(participant).where(participant.collaboration.in_(ids))):
        parts.setdefault(part.collaboration, {})[part.member] = part.part
    recognitions: dict[UUID, list[Recognition]] = {}
    grants = scope.select(Recognition).where(Recognition.collaboration.in_(ids))
    if as_of is not None:
        grants = grants.where(Recognition.granted_on <= as_of)
    for grant in await session.scalars(grants.order_by(Recognition.granted_on, Recognition.id)):
        if grant.collaboration is not None:
            recognitions.setdefault(grant.collaboration, []).append(grant)
    members = {m for c in found for m in (c.host_member, c.lead_member) if m}
    members |= {member for named in parts.values() for member in named}
    return Details(await member_names(session, scope, members, as_of), parts, recognitions)


async def member_names(session: AnySession, scope: Scope, ids: set[UUID], as_of: date | None) -> dict[UUID, str]:
    """Names of members, as of the day, also of those beyond a county: a collaboration names all who take part.

    A member that was entered later than the day for which it is named goes by its name of today.
    """
    names: dict[UUID, str] = {}
    for day in dict.fromkeys((None, as_of)):
        member = at(Member, day)
        statement = select(member.id, member.name).where(member.alliance == scope.alliance, member.id.in_(ids))
        names |= {row.id: row.name for row in await session.execute(statement)}
    return names
