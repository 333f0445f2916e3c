"""Settlement: rows in PostgreSQL to committed, explained lines. The product, the limit, SQL and OpenFisca in turn.

Each contender does its work in one transaction that ends in a commit on a server with fsync. The product runs its own
job (`compute_settlement`) as its own login role, with row-level security, pins, hash, totals and audit; what it is
compared with has none of these. All but the limit leave a table keyed as the product's partition is.
"""

import io
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.jobs import JobContext
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.subsidies.clients.registry import Latest, RegistryClient, RegistryFacts
from services.subsidies.commands.compute_settlement import compute_settlement
from services.subsidies.commands.start_settlement import start_settlement
from services.subsidies.queries.facts import Inputs
from services.subsidies.queries.pinned import gather_pins
from services.subsidies.queries.policy import current_policy
from services.subsidies.settings import SubsidiesSettings
from services.subsidies.tools import Tools, make_tools
from tests.bench.data import ALLIANCE, NOW, SNAPSHOT_DATE, YEAR, World, load_world
from tests.bench.settlement_sql import settle_in_sql
from tests.subsidies.world import apply_anqing
from tests.support.databases import TestServer
from tests.support.services import service_settings

COLUMNS: Final = (
    "line_no",
    "rule_no",
    "subject_kind",
    "subject_no",
    "payee",
    "outcome",
    "reason",
    "rank",
    "funding",
    "amount_fen",
)
LISTED: Final = ", ".join(COLUMNS)


class TotalsDiffer(AssertionError):
    """A contender that must be exact came to other lines than the product."""


@dataclass(frozen=True)
class Tally:
    """What a settlement came to: lines and payable 分 in all and by rule number."""

    lines: int
    payable_fen: int
    by_rule: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Written:
    """A turn's seconds from start to commit, the table that it left, and the total in 元 if it made its own sum."""

    seconds: float
    table: str
    reported: float | None = None


@dataclass(frozen=True)
class Run:
    """One contender's turn: seconds from start to commit, and what it came to."""

    seconds: float
    tally: Tally
    reported: float | None = None
    """The total in 元 as the contender itself reports it, where that is not what its lines add up to."""


class StandingRegistry(RegistryClient):
    """The registry's facts without asking for them: they are pinned before the clock of a settlement matters."""

    def __init__(self, facts: RegistryFacts) -> None:
        self.facts = facts

    async def latest(self, database: Database, alliance: str) -> Latest:
        return Latest(self.facts, fresh=True)


@dataclass(frozen=True)
class Stage:
    """A loaded world on a running server, and ways to it: the service's own, and the administrator's."""

    world: World
    database: Database
    tools: Tools
    admin: Any
    principal: Principal

    async def inputs(self) -> Inputs:
        """The pinned inputs, for contenders that take their facts from the product's loader."""
        async with self.database.read(ALLIANCE) as session:
            policy = await current_policy(session, ALLIANCE)
            pinned = await gather_pins(
                session,
                alliance=ALLIANCE,
                year=YEAR,
                snapshot_date=SNAPSHOT_DATE,
                policy=policy,
                registry_version=self.world.registry.version,
                roster_sequence=1,
            )
        return Inputs(pinned, policy, self.world.registry)


@asynccontextmanager
async def stage(server: TestServer, url: str, students: int) -> AsyncIterator[Stage]:
    """Load a world of that many students; `url` is the service's own login on the migrated, empty schema."""
    admin = await asyncpg.connect(server.address.url("hub").replace("+asyncpg", "", 1))
    database = Database(url)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as files:
        settings = service_settings(SubsidiesSettings, url, Path(files), person_key=secrets.token_urlsafe(32))
        try:
            await apply_anqing(database, FixedClock(NOW))
            world = await load_world(admin, students)
            tools = make_tools(settings, FixedClock(NOW), StandingRegistry(world.registry))
            principal = Principal("bench", "测算", Role.SECRETARIAT_CLERK, ALLIANCE, frozenset())
            yield Stage(world, database, tools, admin, principal)
        finally:
            await database.close()
            await admin.close()


async def queued_settlement(stage: Stage) -> tuple[UUID, int]:
    """A settlement that waits to be computed: its id and its number."""
    async with stage.database.write(ALLIANCE) as session:
        row = await start_settlement(session, FixedClock(NOW), stage.principal, year=YEAR, snapshot_date=SNAPSHOT_DATE)
    return row.id, row.no


async def product(stage: Stage) -> Written:
    """The product's own job, as the worker runs it."""
    settlement, number = await queued_settlement(stage)
    payload = {"settlement": str(settlement)}
    context = JobContext(stage.database, FixedClock(NOW), stage.principal, settlement, payload)
    started = time.perf_counter()
    await compute_settlement(context, stage.tools)
    return Written(time.perf_counter() - started, f"subsidies.settlement_line_{number}")


async def fresh_table(admin: Any, table: str) -> None:
    """An empty table like the product's partition, with the constant columns filled by default as there."""
    await admin.execute(f"CREATE TABLE {table} (LIKE subsidies.settlement_line INCLUDING DEFAULTS)")
    await admin.execute(f"ALTER TABLE {table} ALTER alliance SET DEFAULT '{ALLIANCE}'")
    await admin.execute(f"ALTER TABLE {table} ALTER settlement_no SET DEFAULT 1")


async def keyed(admin: Any, table: str) -> None:
    await admin.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (alliance, settlement_no, line_no)")


async def limit(stage: Stage, lines: bytes) -> Written:
    """A plain COPY of lines that stand ready as bytes."""
    started = time.perf_counter()
    async with stage.admin.transaction():
        await fresh_table(stage.admin, "bench.copied")
        await stage.admin.copy_to_table(
            "copied", schema_name="bench", source=io.BytesIO(lines), columns=COLUMNS, format="csv"
        )
    return Written(time.perf_counter() - started, "bench.copied")


async def sql(stage: Stage) -> Written:
    """The independent checker, with memory enough to sort without files."""
    inputs = await stage.inputs()
    started = time.perf_counter()
    async with stage.admin.transaction():
        await stage.admin.execute("SET LOCAL work_mem = '512MB'; SET LOCAL jit = off")
        await fresh_table(stage.admin, "bench.queried")
        await settle_in_sql(stage.admin, "bench.queried", inputs.terms, stage.world.registry)
        await keyed(stage.admin, "bench.queried")
    return Written(time.perf_counter() - started, "bench.queried")


async def tally_of(admin: Any, table: str) -> Tally:
    rows = await admin.fetch(
        f"SELECT rule_no, count(*), sum(amount_fen)::bigint FROM {table} GROUP BY rule_no ORDER BY rule_no"
    )
    by_rule = tuple((no, count, amount) for no, count, amount in rows)
    return Tally(sum(count for _, count, _ in by_rule), sum(amount for *_, amount in by_rule), by_rule)


async def differing_lines(admin: Any, one: str, other: str) -> int:
    """How many lines stand in only one of two tables, all columns compared."""
    only = "SELECT count(*) FROM (SELECT {c} FROM {a} EXCEPT ALL SELECT {c} FROM {b}) AS found"
    ways = [only.format(c=LISTED, a=one, b=other), only.format(c=LISTED, a=other, b=one)]
    return sum([await admin.fetchval(statement) for statement in ways])


def demand_equal(name: str, found: Tally, product_tally: Tally) -> None:
    """Raises TotalsDiffer unless both came to the same, to the last 分."""
    if found != product_tally:
        raise TotalsDiffer(f"{name}与产品结果不一致：{found}，产品为 {product_tally}")


async def lines_as_csv(admin: Any, table: str) -> bytes:
    buffer = io.BytesIO()
    await admin.copy_from_query(f"SELECT {LISTED} FROM {table} ORDER BY line_no", output=buffer, format="csv")
    return buffer.getvalue()


Turn = Callable[[], Awaitable[Written]]


def measured(stage: Stage, turn: Turn) -> Callable[[], Awaitable[Run]]:
    """A contender's turn between a checkpoint, so that nobody pays for another's writing, and its clearing away."""

    async def run() -> Run:
        await stage.admin.execute("CHECKPOINT")
        written = await turn()
        tally = await tally_of(stage.admin, written.table)
        await stage.admin.execute(f"DROP TABLE {written.table}")
        return Run(written.seconds, tally, written.reported)

    return run


async def prepared(stage: Stage) -> tuple[bytes, Tally]:
    """The product's lines once, before the clock counts, for the limit to copy; checked line by line against SQL."""
    table = (await product(stage)).table
    lines, tally = await lines_as_csv(stage.admin, table), await tally_of(stage.admin, table)
    await stage.admin.execute("CREATE SCHEMA IF NOT EXISTS bench")
    queried = (await sql(stage)).table
    differing = await differing_lines(stage.admin, table, queried)
    if differing:
        raise TotalsDiffer(f"SQL 核对与产品结果有 {differing} 行不同")
    await stage.admin.execute(f"DROP TABLE {table}, {queried}")
    return lines, tally
