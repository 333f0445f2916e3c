"""Bring the practice alliance's members and collaborations up to what the alliance itself has on record.

Ids stay the same, since a member unit's people name their member by id in both. Contacts are not copied. What was added
in the practice alliance itself stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.kernel.alliances import practice_of
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import AnySession, Database, WriteSession
from services.kernel.principal import Principal
from services.registry.commands.member_rows import PERSONAL
from services.registry.tables import Collaboration, Member, Participant, Recognition

TABLES: tuple[type[Any], ...] = (Member, Collaboration, Participant, Recognition)
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Copied:
    """How many rows the practice alliance was brought up to."""

    alliance: str
    members: int
    collaborations: int


async def copy_to_practice(database: Database, session: WriteSession, clock: Clock, principal: Principal) -> Copied:
    """Copy from the principal's alliance to its practice alliance, in a transaction of that alliance.

    `session` is the principal's own, for the audit entry there. Repeating it changes nothing.
    """
    target = practice_of(principal.alliance)
    rows = {table: await _rows(session, table, principal.alliance) for table in TABLES}
    async with database.write(target) as practice:
        for table in TABLES:
            await _put(practice, table, [_moved(row, target) for row in rows[table]])
    copied = Copied(target, len(rows[Member]), len(rows[Collaboration]))
    await audit(session, clock, principal, "practice.members_copied", "alliance", target, after=vars(copied))
    return copied


async def _rows(session: AnySession, table: type[Any], alliance: str) -> Sequence[dict[str, Any]]:
    columns = [column for column in table.__table__.columns if column.computed is None]
    found = await session.execute(select(*columns).where(table.alliance == alliance))
    return [dict(row) for row in found.mappings()]


def _moved(row: dict[str, Any], target: str) -> dict[str, Any]:
    return {**row, "alliance": target, **{name: None for name in PERSONAL if name in row}}


async def _put(session: WriteSession, table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    keys = [column.name for column in table.__table__.primary_key]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        statement = insert(table.__table__).values(list(rows[start : start + ROWS_AT_ONCE]))
        changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        if changed:
            statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
        else:
            statement = statement.on_conflict_do_nothing()
        await session.execute(statement)
