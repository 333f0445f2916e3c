"""Recognitions of a member pass to its successor: withdrawn here and granted there on the same day, so that each day
tells who held them. Contributions stay with who made them: they are events of their day.
"""

from datetime import date

from sqlalchemy import Date, cast, func, select

from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.tenancy import Scope
from services.registry.domain.recognitions import overlaps, stands
from services.registry.queries.recognition_touches import held_by
from services.registry.tables import Member, Recognition

EFFECTIVE = select(cast(func.current_setting("hub.effective_on"), Date))
KEPT = ("alliance", "kind", "title", "level", "document_number", "lapses_on")


async def transfer(session: WriteSession, from_member: Member, to_member: Member) -> int:
    """Hand over what stands on the session's effective day; returns how many that were.

    What the successor holds already is only withdrawn from the predecessor.
    """
    scope, day = Scope(from_member.alliance), (await session.execute(EFFECTIVE)).scalar_one()
    theirs = list(await session.scalars(held_by(scope, to_member.id)))
    moved = [grant for grant in await session.scalars(held_by(scope, from_member.id)) if stands(grant, day)]
    for grant in moved:
        grant.withdrawn_on = day
        grant.withdrawal_reason = f"单位变更，由{to_member.name}承接"[:200]
        if not overlaps(day, grant.lapses_on, [one for one in theirs if _same(one, grant)]):
            session.add(_granted_anew(grant, to_member, day))
    await session.flush()  # what the caller does next, such as ending the predecessor, comes after
    return len(moved)


def _same(one: Recognition, other: Recognition) -> bool:
    return (one.level, one.kind, one.title) == (other.level, other.kind, other.title)


def _granted_anew(grant: Recognition, to_member: Member, day: date) -> Recognition:
    kept = {name: getattr(grant, name) for name in KEPT}
    return Recognition(**kept, id=new_id(), member=to_member.id, granted_on=day, created_at=to_member.updated_at)
