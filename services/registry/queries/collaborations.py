"""Read collaborations: lists, single ones, with names of members and their recognitions."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from services.kernel.database import AnySession
from services.kernel.errors import NotFound
from services.kernel.pagination import PageRequest, paginate, sort_column
from services.kernel.tenancy import Scope
from services.registry.queries.members import names_of
from services.registry.tables import Collaboration, Member, Participant, Recognition

SORTABLE: Final[dict[str, InstrumentedAttribute[Any]]] = {
    "name": Collaboration.sort_key,
    "kind": Collaboration.kind,
}


@dataclass(frozen=True)
class CollaborationFilter:
    """Conditions of a list; `member` finds those in which a member has any part, `level` those that hold it now."""

    q: str | None = None
    kind: str | None = None
    status: str | None = None
    member: UUID | None = None
    level: str | None = None


@dataclass(frozen=True)
class Details:
    """What stands around collaborations: names of members, participants and recognitions by collaboration."""

    names: dict[UUID, str]
    participants: dict[UUID, list[UUID]]
    recognitions: dict[UUID, list[Recognition]]


def visible(scope: Scope) -> Select[Collaboration]:
    """The collaborations of the scope: a county sees those in which a member of its division has any part."""
    statement = scope.select(Collaboration)
    if scope.division is None:
        return statement
    own = scope.limit(select(Member.id), Member)
    return statement.where(_has_part(own))


def _has_part(members: Any) -> Any:
    taking_part = select(Participant.collaboration).where(
        Participant.alliance == Collaboration.alliance, Participant.member.in_(members)
    )
    return or_(
        Collaboration.host_member.in_(members),
        Collaboration.lead_member.in_(members),
        Collaboration.id.in_(taking_part),
    )


def matching(scope: Scope, asked: CollaborationFilter) -> Select[Collaboration]:
    """The collaborations that the scope sees and the filter asks for, unsorted."""
    statement = visible(scope)
    if asked.kind:
        statement = statement.where(Collaboration.kind == asked.kind)
    if asked.status:
        statement = statement.where(Collaboration.status == asked.status)
    if asked.q:
        statement = statement.where(Collaboration.search_text.contains(asked.q.strip().lower(), autoescape=True))
    if asked.member:
        statement = statement.where(_has_part([asked.member]))
    if asked.level:
        holders = scope.limit(select(Recognition.collaboration), Recognition)
        holders = holders.where(Recognition.level == asked.level, Recognition.withdrawn_on.is_(None))
        statement = statement.where(Collaboration.id.in_(holders))
    return statement


async def list_collaborations(
    session: AnySession, scope: Scope, asked: CollaborationFilter, page: PageRequest
) -> tuple[list[Collaboration], str | None, int]:
    """One page of collaborations, the next cursor, and how many match."""
    order = sort_column(page, SORTABLE, "name")
    return await paginate(session, matching(scope, asked), page, order=order, tie=Collaboration.id)


async def find_collaboration(session: AnySession, scope: Scope, collaboration_id: UUID) -> Collaboration:
    """One collaboration that the scope sees. Raises NotFound."""
    statement = visible(scope).where(Collaboration.id == collaboration_id)
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound("没有这个合作载体，或它不在您的管辖范围内。", code="collaboration_not_found")
    return found


async def details_of(session: AnySession, scope: Scope, found: list[Collaboration]) -> Details:
    """Names, participants and recognitions of some collaborations, in three statements."""
    ids = [collaboration.id for collaboration in found]
    participants: dict[UUID, list[UUID]] = {}
    for part in await session.scalars(scope.select(Participant).where(Participant.collaboration.in_(ids))):
        participants.setdefault(part.collaboration, []).append(part.member)
    recognitions: dict[UUID, list[Recognition]] = {}
    grants = scope.select(Recognition).where(Recognition.collaboration.in_(ids))
    for grant in await session.scalars(grants.order_by(Recognition.granted_on, Recognition.id)):
        recognitions.setdefault(grant.collaboration, []).append(grant)
    members = {m for c in found for m in (c.host_member, c.lead_member) if m}
    members |= {m for parts in participants.values() for m in parts}
    return Details(await names_of(session, scope.alliance, members), participants, recognitions)
