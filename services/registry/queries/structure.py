"""Read the whole structure back as of a day: formula, leads, members, bodies with seats, what is built together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import desc, select

from services.kernel.database import AnySession
from services.kernel.history import at
from services.kernel.tenancy import Scope
from services.registry.domain.collaborations import CollaborationStatus
from services.registry.domain.members import StructureRole as MemberRole
from services.registry.queries.governance import Moment, holders_on, leads_on, names_on, seats_of, standing_bodies
from services.registry.queries.members import belonging
from services.registry.schemas.structure import (
    StructureBody,
    StructureCollaboration,
    StructureFormula,
    StructureHolder,
    StructureLead,
    StructureMember,
    StructurePack,
    StructureRead,
    StructureRole,
    StructureSeat,
)
from services.registry.tables import Body, Collaboration, Lead, Member, Participant, PolicyVersion, Seat, SeatHolding

MEMBER_ROLES: Final = {
    "leader": MemberRole.LEADING,
    "backbone": MemberRole.BACKBONE,
    "consortia": MemberRole.CONSORTIUM,
    "partners": MemberRole.PARTICIPANT,
}
"""By which role of members a place of a document's formula is kept."""


async def read_structure(session: AnySession, scope: Scope, moment: Moment) -> StructureRead:
    """Everything that stands on the day."""
    packs = await applied_packs(session, scope)
    members = await _members(session, scope, moment)
    collaborations = await _collaborations(session, scope, moment)
    return StructureRead(
        as_of=moment.day,
        packs=[_pack(version) for version in packs],
        formula=_formula(packs, members, collaborations),
        leads=await _leads(session, scope, moment),
        members=[_member(one) for one in members],
        bodies=await _bodies(session, scope, moment),
        collaborations=await _collaboration_reads(session, scope, moment, collaborations, packs),
    )


async def applied_packs(session: AnySession, scope: Scope) -> list[PolicyVersion]:
    """The newest version of each document that is applied."""
    statement = scope.select(PolicyVersion).order_by(PolicyVersion.pack, desc(PolicyVersion.version))
    newest: dict[str, PolicyVersion] = {}
    for version in await session.scalars(statement):
        newest.setdefault(version.pack, version)
    return list(newest.values())


def _pack(version: PolicyVersion) -> StructurePack:
    document = version.document
    return StructurePack(
        pack=version.pack,
        title=document["title"],
        number=document.get("number"),
        alliance=document["alliance"]["name"],
    )


async def _members(session: AnySession, scope: Scope, moment: Moment) -> list[Member]:
    table = at(Member, moment.as_of)
    statement = scope.limit(select(table), table).where(belonging(table, moment.day))
    return list((await session.scalars(statement.order_by(table.sort_key, table.id))).all())


def _member(found: Member) -> StructureMember:
    return StructureMember(id=found.id, name=found.name, category=found.category, aliases=found.aliases)


async def _leads(session: AnySession, scope: Scope, moment: Moment) -> list[StructureLead]:
    leads = await leads_on(session, scope, moment)
    names = await names_on(session, scope.alliance, Member, (lead.member for lead in leads), moment.as_of)
    return [_lead(lead, names) for lead in leads]


def _lead(lead: Lead, names: dict[UUID, str]) -> StructureLead:
    unit = names[lead.member] if lead.member else lead.unit_name
    return StructureLead(id=lead.id, unit=unit, member=lead.member, scope=lead.scope, article=lead.article)


async def _bodies(session: AnySession, scope: Scope, moment: Moment) -> list[StructureBody]:
    table, statement = standing_bodies(scope, moment)
    bodies = list((await session.scalars(statement.order_by(table.position, table.sort_key, table.id))).all())
    seats = await seats_of(session, scope, moment, (body.id for body in bodies))
    held = await holders_on(session, scope, moment.day, (seat.id for seat in seats))
    units = {seat.member for seat in seats} | {body.host_member for body in bodies}
    names = await names_on(session, scope.alliance, Member, units, moment.as_of)
    parents = await names_on(session, scope.alliance, Body, (body.parent for body in bodies), moment.as_of)
    by_body: dict[UUID, list[Seat]] = {body.id: [] for body in bodies}
    for seat in seats:
        by_body[seat.body].append(seat)
    return [_body(body, _seats(by_body[body.id], held, names), names, parents) for body in bodies]


def _body(body: Body, seats: list[StructureSeat], names: dict[UUID, str], parents: dict[UUID, str]) -> StructureBody:
    plain = ("id", "name", "aliases", "kind", "host_options", "duties", "succession", "pack", "article")
    return StructureBody(
        **{name: getattr(body, name) for name in plain},
        parent=parents[body.parent] if body.parent else None,
        host=names[body.host_member] if body.host_member else body.host_name,
        seats=seats,
    )


def _seats(seats: Sequence[Seat], held: dict[UUID, SeatHolding], names: dict[UUID, str]) -> list[StructureSeat]:
    """Seats that a document counts together come together, in the order of the first."""
    groups: dict[Any, list[Seat]] = {}
    for seat in seats:
        groups.setdefault(seat.code or seat.id, []).append(seat)
    return [_group(group, held, names) for group in groups.values()]


def _group(group: list[Seat], held: dict[UUID, SeatHolding], names: dict[UUID, str]) -> StructureSeat:
    first = group[0]
    holders = [_holder(seat, held.get(seat.id)) for seat in group]
    only = holders[0] if len(holders) == 1 else None
    return StructureSeat(
        title=first.title,
        unit=names[first.member] if first.member else first.unit_name,
        member=first.member,
        post=first.post,
        count=None if first.open_ended else len(group),
        votes=first.votes,
        succession=first.succession,
        article=first.article,
        holder=only.holder if only else None,
        since=only.since if only else None,
        seats=holders,
    )


def _holder(seat: Seat, holding: SeatHolding | None) -> StructureHolder:
    held = {"holder": holding.holder, "since": holding.from_date} if holding else {"holder": None, "since": None}
    return StructureHolder(id=seat.id, **held)


async def _collaborations(session: AnySession, scope: Scope, moment: Moment) -> list[Collaboration]:
    """Those that run, as everybody in the alliance may know of them: the structure is the alliance's own."""
    table = at(Collaboration, moment.as_of)
    running = (table.alliance == scope.alliance, table.status == CollaborationStatus.ACTIVE)
    statement = select(table).where(*running).order_by(table.kind, table.sort_key, table.id)
    return list((await session.scalars(statement)).all())


async def _collaboration_reads(
    session: AnySession,
    scope: Scope,
    moment: Moment,
    found: Sequence[Collaboration],
    packs: Iterable[PolicyVersion],
) -> list[StructureCollaboration]:
    table = at(Participant, moment.as_of)
    own = (table.alliance == scope.alliance, table.collaboration.in_([one.id for one in found]))
    parts: dict[UUID, list[UUID]] = {}
    for part in await session.execute(select(table.collaboration, table.member).where(*own)):
        parts.setdefault(part.collaboration, []).append(part.member)
    named = {m for members in parts.values() for m in members}
    named |= {m for one in found for m in (one.host_member, one.lead_member) if m}
    names = await names_on(session, scope.alliance, Member, named, moment.as_of)
    collective = collective_partners(packs)
    return [
        StructureCollaboration(
            id=one.id,
            kind=one.kind,
            name=one.name,
            host=names[one.host_member] if one.host_member else None,
            lead=names[one.lead_member] if one.lead_member else None,
            partners=sorted(names[m] for m in parts.get(one.id, [])) + collective.get((one.kind, one.name), []),
            details=one.details,
        )
        for one in found
    ]


def collective_partners(packs: Iterable[PolicyVersion]) -> dict[tuple[str, str], list[str]]:
    """Partners that are no single unit and so no member: they stand in the document alone."""
    partners = {}
    for version in packs:
        units = {name: unit for unit in version.structure["units"] for name in [unit["name"], *unit["aliases"]]}
        for one in version.structure["collaborations"]:
            several = [units[name]["name"] for name in one["partners"] if units[name]["collective"]]
            partners[one["kind"], one["name"]] = several
    return partners


def _formula(
    packs: Iterable[PolicyVersion], members: Sequence[Member], collaborations: Sequence[Collaboration]
) -> StructureFormula | None:
    """The document's formula with the members that hold its places now; None where no document has one."""
    stated = next((version for version in packs if version.structure["formula"] is not None), None)
    if stated is None:
        return None
    formula = stated.structure["formula"]
    roles = [_role(role, members, collaborations) for role in formula["roles"]]
    return StructureFormula(pack=stated.pack, name=formula["name"], roles=roles)


def _role(role: dict[str, Any], members: Sequence[Member], collaborations: Sequence[Collaboration]) -> StructureRole:
    kept = MEMBER_ROLES.get(role["code"])
    holding = [one for one in members if kept is not None and one.structure_role == kept]
    names = [name for one in holding for name in _in_role(one, kept, collaborations)]
    listed = {name: place for place, name in enumerate(role["members"])}
    counted = Counter(one.category for one in members if one.structure_role is None)
    others = sum(counted[category] for category in role["categories"]) if role["open_ended"] else 0
    return StructureRole(
        label=role["label"],
        name=role["name"],
        members=sorted(names, key=lambda name: (listed.get(name, len(listed)), name)),
        open_ended=role["open_ended"],
        others=others,
    )


def _in_role(member: Member, role: MemberRole | None, collaborations: Sequence[Collaboration]) -> list[str]:
    """A park holds its place as the consortium that it leads."""
    led = [one.name for one in collaborations if one.kind == "consortium" and one.lead_member == member.id]
    return led if role is MemberRole.CONSORTIUM and led else [member.name]
