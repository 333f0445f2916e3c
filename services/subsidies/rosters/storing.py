"""Checked rows into the tables: COPY to a temporary table, then set-based, so that a file costs four statements.

PostgreSQL refuses COPY into a table with row-level security, hence the detour.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.kernel.database import WriteSession
from services.subsidies.domain import RosterKind
from services.subsidies.queries.bulk import driver_of
from services.subsidies.rosters.checking import Record

INCOMING: Final = "incoming_roster"


@dataclass(frozen=True)
class Target:
    """The table of one kind: what makes a subject of one owner and year, and what is compared and kept."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


TARGETS: Final = {
    RosterKind.STUDENTS: Target(
        "student",
        ("school", "person_key"),
        (
            "name_masked",
            "id_masked",
            "enrolment_year",
            "school_name",
            "major",
            "class_code",
            "enrolled_on",
            "origin_division",
            "sending_school",
            "sending_school_name",
            "status",
            "left_on",
            "claimed_rule",
        ),
    ),
    RosterKind.CLASSES: Target(
        "school_class",
        ("school", "class_code"),
        (
            "class_name",
            "school_name",
            "major",
            "opening_year",
            "opened_on",
            "format",
            "enterprise",
            "enterprise_member",
            "enterprise_uscc",
            "enterprise_division",
            "enterprise_size",
            "size_evidence",
            "score",
        ),
    ),
}


@dataclass(frozen=True)
class Source:
    """Whose rows they are, and the file that they came in."""

    alliance: str
    owner: str
    year: int
    import_id: UUID


@dataclass(frozen=True)
class Stored:
    """How many rows were new, changed and unchanged; `sequence` numbers the change, none when nothing changed."""

    new: int
    changed: int
    unchanged: int
    sequence: int | None


async def store_roster(session: WriteSession, kind: RosterKind, source: Source, records: list[Record]) -> Stored:
    """Record new and changed rows under the next roster number; the same rows again change nothing.

    The lock on the roster number makes imports of one alliance follow one another.
    """
    target = TARGETS[kind]
    sequence = await next_sequence(session, source.alliance)
    await _copy(session, target, records)
    bound: dict[str, Any] = {
        "alliance": source.alliance,
        "owner": source.owner,
        "year": source.year,
        "import_id": source.import_id,
        "sequence": sequence,
    }
    changed = (await session.execute(text(_supersede(target)), bound)).rowcount  # type: ignore[attr-defined]
    added = (await session.execute(text(_insert(target)), bound)).rowcount  # type: ignore[attr-defined]
    if added == 0:
        return Stored(0, 0, len(records), None)
    advance = text("UPDATE roster_sequence SET last = :sequence WHERE alliance = :alliance")
    await session.execute(advance, {"sequence": sequence, "alliance": source.alliance})
    return Stored(added - changed, changed, len(records) - added, sequence)


async def next_sequence(session: WriteSession, alliance: str) -> int:
    """The number that the next change will have; its row stays locked until the transaction ends."""
    first = text("INSERT INTO roster_sequence (alliance, last) VALUES (:alliance, 0) ON CONFLICT DO NOTHING")
    await session.execute(first, {"alliance": alliance})
    locked = text("SELECT last FROM roster_sequence WHERE alliance = :alliance FOR UPDATE")
    return int((await session.execute(locked, {"alliance": alliance})).scalar_one()) + 1


async def _copy(session: WriteSession, target: Target, records: list[Record]) -> None:
    columns = ("line", *target.key, *target.columns)
    named = ", ".join(columns)
    shape = f"CREATE TEMP TABLE {INCOMING} ON COMMIT DROP AS SELECT {named} FROM {target.table} WITH NO DATA"  # noqa: S608  # names from this module
    await session.execute(text(shape))
    driver = await driver_of(session)
    rows = [tuple(record[column] for column in columns) for record in records]
    await driver.copy_records_to_table(INCOMING, records=rows, columns=columns)
    await session.execute(text(f"ANALYZE {INCOMING}"))


def _own(target: Target) -> str:
    """Rows of this owner and year that stand now, matched with the incoming ones."""
    same = " AND ".join(f"s.{column} = i.{column}" for column in target.key)
    return f"s.alliance = :alliance AND s.owner = :owner AND s.year = :year AND s.superseded_seq IS NULL AND {same}"


def _supersede(target: Target) -> str:
    standing = ", ".join(f"s.{column}" for column in target.columns)
    incoming = ", ".join(f"i.{column}" for column in target.columns)
    return (
        f"UPDATE {target.table} s SET superseded_seq = :sequence FROM {INCOMING} i "  # noqa: S608
        f"WHERE {_own(target)} AND ({standing}) IS DISTINCT FROM ({incoming})"
    )


def _insert(target: Target) -> str:
    columns = (*target.key, *target.columns)
    kept, incoming = ", ".join(columns), ", ".join(f"i.{column}" for column in columns)
    return (
        f"INSERT INTO {target.table} (alliance, owner, year, import_id, recorded_seq, line, {kept}) "  # noqa: S608
        "SELECT CAST(:alliance AS varchar), CAST(:owner AS varchar), CAST(:year AS smallint), "
        f"CAST(:import_id AS uuid), CAST(:sequence AS bigint), i.line, {incoming} FROM {INCOMING} i "
        f"WHERE NOT EXISTS (SELECT FROM {target.table} s WHERE {_own(target)}) ORDER BY i.line"
    )
