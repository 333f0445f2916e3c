"""What changes of members and collaborations tell the rest of the hub, to whoever may see them here."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.outbox import OFFICE_ONLY, Audience, publish
from services.registry.tables import Collaboration, Member


def tell_member(
    session: WriteSession, clock: Clock, member: Member, event: str, changed: list[str], former_division: str | None
) -> None:
    """Tell the member and its county; a county that it left hears that it moved, and nothing more."""
    kept = {"category": member.category, "division": member.division, "status": member.status}
    publish(
        session,
        clock,
        member.alliance,
        event,
        object_kind="member",
        object_id=member.id,
        division=member.division,
        member=member.id,
        data={**kept, "changed": sorted(changed)},
    )
    if former_division is not None and former_division != member.division:
        publish(
            session,
            clock,
            member.alliance,
            "member.moved",
            object_kind="member",
            object_id=member.id,
            division=former_division,
            data={"division": member.division},
        )


async def tell_collaboration(
    session: WriteSession,
    clock: Clock,
    collaboration: Collaboration,
    concerned: set[UUID],
    event: str,
    *,
    data: dict[str, Any] | None = None,
    thing: UUID | None = None,
) -> None:
    """Tell each county in which a member takes part (once each), and with the first the leading member.

    `concerned` are members beside lead and host: those that take part, or did so before this change. `thing` is what
    the event is about where that is not the collaboration itself: the event's name begins with its kind.
    """
    divisions = await divisions_of(session, collaboration.alliance, [(collaboration, concerned)])
    publish_collaboration(session, clock, collaboration, concerned, divisions, event, data=data, thing=thing)


async def divisions_of(
    session: WriteSession, alliance: str, told: Sequence[tuple[Collaboration, set[UUID]]]
) -> dict[UUID, str | None]:
    """The divisions of all that are to be told of collaborations."""
    members = {member for collaboration, concerned in told for member in {*concerned, *_holders(collaboration)}}
    found = await session.execute(
        select(Member.id, Member.division).where(Member.alliance == alliance, Member.id.in_(members))
    )
    return {row.id: row.division for row in found}


def publish_collaboration(
    session: WriteSession,
    clock: Clock,
    collaboration: Collaboration,
    concerned: set[UUID],
    divisions: Mapping[UUID, str | None],
    event: str,
    *,
    data: dict[str, Any] | None = None,
    thing: UUID | None = None,
) -> None:
    """`tell_collaboration` where the divisions of the members are known."""
    shown = {"collaboration": str(collaboration.id), "kind": collaboration.kind, "status": collaboration.status}
    for audience in _audiences(collaboration, concerned, divisions):
        publish(
            session,
            clock,
            collaboration.alliance,
            event,
            object_kind=event.split(".", maxsplit=1)[0] if thing else "collaboration",
            object_id=thing or collaboration.id,
            division=audience["division"],
            member=audience["member"],
            data={**shown, **(data or {})},
        )


def _audiences(
    collaboration: Collaboration, concerned: set[UUID], divisions: Mapping[UUID, str | None]
) -> list[Audience]:
    leader = collaboration.lead_member or collaboration.host_member
    told = {divisions.get(member) for member in {*concerned, *_holders(collaboration)}}
    home = divisions.get(leader) if leader else None
    others = sorted({division for division in told if division} - {home})
    first = Audience(division=home if leader else OFFICE_ONLY, member=leader)
    return [first, *(Audience(division=division, member=None) for division in others)]


def _holders(collaboration: Collaboration) -> list[UUID]:
    return [member for member in (collaboration.lead_member, collaboration.host_member) if member]
