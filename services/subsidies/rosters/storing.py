"""Checked rows into the tables: COPY to temporary tables part by part, then a few statements for the whole file.

PostgreSQL refuses COPY into a table with row-level security, hence the detour.
"""

import io
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.kernel.database import WriteSession
from services.subsidies.domain import RosterKind
from services.subsidies.queries.bulk import driver_of

ROWS: Final = "incoming_roster"
FAULTS: Final = "incoming_fault"
FAULT_COLUMNS: Final = ("no", "line", "field", "code", "message")
PATIENCE: Final = "30min"
"""How long one statement of an import may take; the role's own limit is meant for requests."""

MEMORY: Final = "64MB"
"""For sorting and matching the rows of a file; few imports run at once."""


@dataclass(frozen=True)
class Target:
    """The table of one kind: what makes a subject of one owner and year, and what is compared and kept.

    Rows are inserted in the order of `key`, so that the unique index grows at one place and not everywhere at once.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


TARGETS: Final = {
    RosterKind.STUDENTS: Target(
        "student",
        ("person_key", "school"),
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
    """How many rows were new, changed and unchanged; `sequence` numbers the change, none when nothing changed, and
    `standing` is the roster number afterwards.
    """

    new: int
    changed: int
    unchanged: int
    sequence: int | None
    standing: int


class Incoming:
    """The rows and faults of one file on their way: gathered in temporary tables, part by part, then merged at once."""

    def __init__(self, session: WriteSession, kind: RosterKind, source: Source) -> None:
        self._session = session
        self._target = TARGETS[kind]
        self._source = source

    async def prepare(self) -> None:
        """Make the temporary tables; they last as long as the transaction."""
        await self._session.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE}'"))
        await self._session.execute(text(f"SET LOCAL work_mem = '{MEMORY}'"))
        columns = ", ".join(self._columns)
        shape = f"CREATE TEMP TABLE {ROWS} ON COMMIT DROP AS SELECT {columns} FROM {self._target.table} WITH NO DATA"  # noqa: S608  # names from this module
        await self._session.execute(text(shape))
        faults = ", ".join(FAULT_COLUMNS)
        shape = f"CREATE TEMP TABLE {FAULTS} ON COMMIT DROP AS SELECT {faults} FROM roster_reject WITH NO DATA"  # noqa: S608
        await self._session.execute(text(shape))

    async def add(self, rows: bytes, faults: bytes) -> None:
        """Some more rows and faults as CSV, in the order of `columns` and of `FAULT_COLUMNS`."""
        driver = await driver_of(self._session)
        for table, columns, csv in ((ROWS, self._columns, rows), (FAULTS, FAULT_COLUMNS, faults)):
            if csv:
                await driver.copy_to_table(table, source=io.BytesIO(csv), columns=columns, format="csv")

    async def merge(self, count: int) -> Stored:
        """Record new and changed rows under the next roster number; the same rows again change nothing.

        The lock on the roster number makes imports of one alliance follow one another.
        """
        await self._session.execute(text(f"ANALYZE {ROWS}"))
        sequence = await next_sequence(self._session, self._source.alliance)
        bound: dict[str, Any] = {**self._own, "sequence": sequence, "last": await self._last_number()}
        changed = await self._run(_supersede(self._target), bound)
        added = await self._run(_insert(self._target), bound)
        if added == 0:
            return Stored(0, 0, count, None, sequence - 1)
        await self._run("UPDATE roster_sequence SET last = :sequence WHERE alliance = :alliance", bound)
        return Stored(added - changed, changed, count - added, sequence, sequence)

    async def keep_faults(self) -> None:
        """Keep every fault with the import."""
        columns = ", ".join(FAULT_COLUMNS)
        await self._run(
            f"INSERT INTO roster_reject (alliance, import_id, {columns}) "  # noqa: S608
            f"SELECT CAST(:alliance AS varchar), CAST(:import_id AS uuid), {columns} FROM {FAULTS}",
            self._own,
        )

    async def _last_number(self) -> int:
        """The greatest row number of the alliance; the rows of the file are counted on from it by their lines."""
        greatest = text(f"SELECT coalesce(max(no), 0) FROM {self._target.table} WHERE alliance = :alliance")  # noqa: S608
        return int((await self._session.execute(greatest, {"alliance": self._source.alliance})).scalar_one())

    @property
    def _columns(self) -> tuple[str, ...]:
        return ("line", *self._target.key, *self._target.columns)

    @property
    def _own(self) -> dict[str, Any]:
        return dict(vars(self._source))

    async def _run(self, statement: str, bound: dict[str, Any]) -> int:
        return (await self._session.execute(text(statement), bound)).rowcount  # type: ignore[attr-defined, no-any-return]


async def next_sequence(session: WriteSession, alliance: str) -> int:
    """The number that the next change will have; its row stays locked until the transaction ends."""
    first = text("INSERT INTO roster_sequence (alliance, last) VALUES (:alliance, 0) ON CONFLICT DO NOTHING")
    await session.execute(first, {"alliance": alliance})
    locked = text("SELECT last FROM roster_sequence WHERE alliance = :alliance FOR UPDATE")
    return int((await session.execute(locked, {"alliance": alliance})).scalar_one()) + 1


def _own(target: Target) -> str:
    """Rows of this owner and year that stand now, matched with the incoming ones."""
    same = " AND ".join(f"s.{column} = i.{column}" for column in target.key)
    return f"s.alliance = :alliance AND s.owner = :owner AND s.year = :year AND s.superseded_seq IS NULL AND {same}"


def _supersede(target: Target) -> str:
    standing = ", ".join(f"s.{column}" for column in target.columns)
    incoming = ", ".join(f"i.{column}" for column in target.columns)
    return (
        f"UPDATE {target.table} s SET superseded_seq = :sequence FROM {ROWS} i "  # noqa: S608
        f"WHERE {_own(target)} AND ({standing}) IS DISTINCT FROM ({incoming})"
    )


def _insert(target: Target) -> str:
    columns = (*target.key, *target.columns)
    kept, incoming = ", ".join(columns), ", ".join(f"i.{column}" for column in columns)
    return (
        f"INSERT INTO {target.table} (alliance, no, owner, year, import_id, recorded_seq, line, {kept}) "  # noqa: S608
        "SELECT CAST(:alliance AS varchar), CAST(:last AS bigint) + i.line, CAST(:owner AS varchar), "
        f"CAST(:year AS smallint), CAST(:import_id AS uuid), CAST(:sequence AS bigint), i.line, {incoming} "
        f"FROM {ROWS} i WHERE NOT EXISTS (SELECT FROM {target.table} s WHERE {_own(target)}) "
        f"ORDER BY {', '.join(f'i.{column}' for column in target.key)}"
    )
