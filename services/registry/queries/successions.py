"""Read mergers and splits of members."""

from collections import defaultdict
from datetime import date
from uuid import UUID

from sqlalchemy import or_

from services.kernel.database import AnySession
from services.kernel.history import at
from services.kernel.tenancy import Scope
from services.registry.domain.successions import SuccessionKind
from services.registry.queries.members import names_of
from services.registry.schemas.successions import MemberName, SuccessionRead
from services.registry.tables import MemberSuccession


async def mergers(session: AnySession, scope: Scope, as_of: date | None = None) -> dict[UUID, list[UUID]]:
    """The members merged into each member, by its id; those until a day when one is given."""
    table = at(MemberSuccession, as_of)
    merged: dict[UUID, list[UUID]] = defaultdict(list)
    statement = scope.select(table).where(table.kind == SuccessionKind.MERGE)
    for found in await session.scalars(statement.order_by(table.on_date, table.predecessor)):
        merged[found.successor].append(found.predecessor)
    return merged


async def successions_of(
    session: AnySession, scope: Scope, member_id: UUID, as_of: date | None = None
) -> list[SuccessionRead]:
    """What a member came from and what became of it, oldest first."""
    table = at(MemberSuccession, as_of)
    has_part = or_(table.predecessor == member_id, table.successor == member_id)
    statement = scope.select(table).where(has_part).order_by(table.on_date, table.created_at, table.id)
    return await in_words(session, scope, list((await session.scalars(statement)).all()))


async def in_words(session: AnySession, scope: Scope, found: list[MemberSuccession]) -> list[SuccessionRead]:
    """Successions with the names of the members."""
    ids = {member for one in found for member in (one.predecessor, one.successor)}
    names = await names_of(session, scope.alliance, ids)
    return [
        SuccessionRead(
            id=one.id,
            kind=one.kind,
            predecessor=MemberName(id=one.predecessor, name=names[one.predecessor]),
            successor=MemberName(id=one.successor, name=names[one.successor]),
            on_date=one.on_date,
            document=one.document,
            reason=one.reason,
        )
        for one in found
    ]
