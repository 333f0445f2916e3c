"""Bring the practice alliance up to what the alliance itself has on record of units and of what they hold together.

Members, collaborations, bodies with their seats, leads, majors, leading industries and what serves them. No people:
contacts are not copied, seats come vacant, studios without their master's name, teachers not at all, since a name is
what a teacher's record is about; units try those out with made-up ones. Ids stay the same, since a member unit's people
name their member by id in both. What was added in the practice alliance itself stays; what the alliance ended since
goes there too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from services.kernel.alliances import practice_of
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import AnySession, Database, WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal
from services.registry.commands.member_rows import PERSONAL
from services.registry.schemas.collaboration_details import PERSONAL as PERSONAL_DETAILS
from services.registry.tables import (
    Body,
    BodyTerm,
    Collaboration,
    IndustryMatch,
    Lead,
    LeadEnterprise,
    LeadingIndustry,
    Member,
    MemberMajor,
    Participant,
    Recognition,
    Seat,
)

TABLES: Final[tuple[type[Any], ...]] = (
    Member,
    Collaboration,
    Participant,
    Recognition,
    Body,
    BodyTerm,
    Seat,
    Lead,
    MemberMajor,
    LeadingIndustry,
    LeadEnterprise,
    IndustryMatch,
)
"""In the order of their references."""
ENDED_BY_DELETION: Final[tuple[type[Any], ...]] = (
    Participant,
    MemberMajor,
    IndustryMatch,
    LeadEnterprise,
    LeadingIndustry,
)
"""Tables whose rows end by going, in the order in which they can go; others keep a row that ended."""
NOT_COPIED: Final = (*PERSONAL, "logo")
"""Whom to reach, and the logo: it is an attachment, and those stay where they are."""
ROWS_AT_ONCE: Final = 500
ONCE_THERE: Final = text("SELECT row_key FROM row_history WHERE alliance = :alliance AND table_name = :table_name")


@dataclass(frozen=True)
class Copied:
    """How many rows the practice alliance was brought up to."""

    alliance: str
    members: int
    collaborations: int
    bodies: int
    seats: int
    majors: int
    industries: int


async def copy_to_practice(database: Database, session: WriteSession, clock: Clock, principal: Principal) -> Copied:
    """Copy from the principal's alliance to its practice alliance, in a transaction of that alliance.

    `session` is the principal's own, for the audit entry there. Repeating it changes nothing. Raises Conflict when
    something tried out there has a name or code that the alliance uses for another record.
    """
    target = practice_of(principal.alliance)
    rows = {table: await _rows(session, table, principal.alliance) for table in TABLES}
    gone = {table: await _gone(session, table, principal.alliance, rows[table]) for table in ENDED_BY_DELETION}
    try:
        async with database.write(target) as practice:
            for table in ENDED_BY_DELETION:
                await _drop(practice, table, target, gone[table])
            for table in TABLES:
                await _put(practice, table, [_moved(row, target) for row in rows[table]])
    except IntegrityError as fault:
        sentence = (
            "练习环境里试填的内容与正式登记有冲突（名称或代码相同，或对接着正式登记已取消的产业），没有更新。"
            "请先在练习环境改名或清空，再来更新。"
        )
        raise Conflict(sentence, code="practice_collides") from fault
    kinds = (Member, Collaboration, Body, Seat, MemberMajor, LeadingIndustry)
    copied = Copied(target, *(len(rows[table]) for table in kinds))
    await audit(session, clock, principal, "practice.members_copied", "alliance", target, after=vars(copied))
    return copied


async def _rows(session: AnySession, table: type[Any], alliance: str) -> Sequence[dict[str, Any]]:
    columns = [column for column in table.__table__.columns if column.computed is None]
    found = await session.execute(select(*columns).where(table.alliance == alliance))
    return [dict(row) for row in found.mappings()]


def _keys(table: type[Any]) -> list[str]:
    """The columns of the primary key, which history joins by slashes, without the alliance."""
    return [column.name for column in table.__table__.primary_key if column.name != "alliance"]


async def _gone(session: AnySession, table: type[Any], alliance: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """The joined keys of rows that the alliance had once and has no more.

    What ended on the day of its entry left no history: copied on that day, it stays until practice is emptied.
    """
    known = await session.scalars(ONCE_THERE, {"alliance": alliance, "table_name": table.__tablename__})
    standing = {"/".join(str(row[name]) for name in _keys(table)) for row in rows}
    return sorted({*known} - standing)


async def _drop(session: WriteSession, table: type[Any], target: str, gone: Sequence[str]) -> None:
    key = func.concat_ws("/", *(getattr(table, name) for name in _keys(table)))
    for start in range(0, len(gone), ROWS_AT_ONCE):
        some = gone[start : start + ROWS_AT_ONCE]
        await session.execute(delete(table).where(table.alliance == target, key.in_(some)))


def _moved(row: dict[str, Any], target: str) -> dict[str, Any]:
    emptied: dict[str, Any] = {name: None for name in NOT_COPIED if name in row}
    if row.get("details"):
        emptied["details"] = {name: told for name, told in row["details"].items() if name not in PERSONAL_DETAILS}
    return {**row, "alliance": target, **emptied}


async def _put(session: WriteSession, table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    keys = ["alliance", *_keys(table)]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        statement = insert(table.__table__).values(list(rows[start : start + ROWS_AT_ONCE]))
        changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        if changed:
            statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
        else:
            statement = statement.on_conflict_do_nothing()
        await session.execute(statement)
