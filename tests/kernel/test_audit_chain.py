"""The chain of audit entries on a real PostgreSQL: numbers, hashes, rights, rollbacks and many writers at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from services.kernel.audit import audit
from services.kernel.audit_chain import FIELDS, entry_hash, genesis
from services.kernel.audit_reading import find_stretch, lines_of
from services.kernel.clock import FixedClock
from services.kernel.database import Database, WriteSession
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.kernel.shared_tables import audit_anchor, audit_entry, idempotency_key, outbox_event, snapshot
from tests.kernel.audit_exports import parsed_lines
from tests.support.databases import TestServer

NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
CLERK = Principal("clerk-1", "经办", Role.SECRETARIAT_CLERK, "anqing", frozenset())
Body = Callable[[Database], Awaitable[Any]]


@pytest.fixture
def on_database(server: TestServer) -> Callable[[Body], Any]:
    url = server.service_url("registry")

    def go(body: Body) -> Any:
        async def run() -> Any:
            database = Database(url, pool_size=20)
            try:
                return await body(database)
            finally:
                await database.close()

        return asyncio.run(run())

    return go


Go = Callable[[Body], Any]


async def record(database: Database, thing: str = "1", **more: Any) -> None:
    async with database.write("anqing") as session:
        await audit(session, FixedClock(NOON), CLERK, "thing.changed", "thing", thing, **more)


async def exported(database: Database, alliance: str = "anqing") -> list[dict[str, Any]]:
    async with database.read(alliance) as session:
        stretch = await find_stretch(session, alliance, None, None)
    assert stretch is not None
    return parsed_lines([part async for part in lines_of(database, alliance, stretch)])


def assert_chained(lines: list[dict[str, Any]], alliance: str = "anqing") -> None:
    previous = genesis("registry", alliance)
    for number, line in enumerate(lines, start=1):
        assert (line["entry_no"], line["previous_hash"]) == (number, previous.hex())
        previous = entry_hash(previous, line)
        assert line["hash"] == previous.hex()


ODD = [
    {"after": {"名称": "安庆 “职教” 联盟", "quote": 'it\'s "so"', "行": "一\n二\r\n三\t"}},
    {"before": {"a": None, "b": [], "c": {"d": [1, 2.50, -0.0, 1e300, True, {"e": {}}]}}, "after": {}},
    {"reason": "", "after": {"": ""}},
    {"reason": "1:-3:2:", "before": {"12:": "-"}},
    {"reason": "𠮷😀\u200b\u0301 \\u0041 \\ '' $$ %s {service}"},
    {"after": {"large": "长" * 400_000, "many": list(range(20_000))}},
    {"after": {"number": 123456789012345678901234567890, "small": 1e-300}},
]


def test_python_and_the_database_hash_alike(on_database: Go) -> None:
    async def body(database: Database) -> None:
        for place, odd in enumerate(ODD):
            clock = FixedClock(NOON + timedelta(microseconds=place))
            async with database.write("anqing") as session:
                await audit(session, clock, CLERK, "thing.changed", "thing", "换'行\n", **odd)
        lines = await exported(database)
        assert_chained(lines)
        assert [line["reason"] for line in lines] == [odd.get("reason") for odd in ODD]
        assert lines[1]["at"] == "2025-12-01T04:00:00.000001Z"

    on_database(body)


def test_an_entry_says_who_in_which_post_from_where(on_database: Go) -> None:
    post = "7f1d3c1e-7b7e-4b0e-9c0a-3f2b6a1d2c3b"
    principal = Principal(
        "p-1", "王经办", Role.COUNTY_CLERK, "anqing", frozenset(), division="340822", client_id="frontend",
        session_id="s-1", post=UUID(post), post_title="基教科经办", unit_name="怀宁县教育局",
    )  # fmt: skip

    async def body(database: Database) -> None:
        async with database.write("anqing") as session:
            await audit(session, FixedClock(NOON), principal, "thing.changed", "thing", "1")
        [line] = await exported(database)
        shown = {name: line[name] for name in ("post", "post_title", "unit", "unit_name", "client_id", "session_id")}
        assert shown == {
            "post": post,
            "post_title": "基教科经办",
            "unit": "division:340822",
            "unit_name": "怀宁县教育局",
            "client_id": "frontend",
            "session_id": "s-1",
        }

    on_database(body)


def test_twenty_writers_at_once_leave_one_chain_without_gaps(on_database: Go) -> None:
    async def body(database: Database) -> None:
        async def writer(number: int) -> None:
            for step in range(5):
                async with database.write("anqing") as session:
                    for part in range(2):
                        await audit(
                            session, FixedClock(NOON), CLERK, "thing.changed", "thing", f"{number}-{step}-{part}"
                        )
                    if (number + step) % 4 == 0:
                        await session.finish()  # the numbers are taken, and given back by the rollback
                        await session.rollback()

        await asyncio.gather(*(writer(number) for number in range(20)))
        lines = await exported(database)
        assert len(lines) == 20 * 5 * 2 * 3 // 4
        assert_chained(lines)

    on_database(body)


def test_what_is_rolled_back_leaves_no_gap(on_database: Go) -> None:
    async def body(database: Database) -> None:
        await record(database)
        with pytest.raises(RuntimeError, match="late"):
            async with database.write("anqing") as session:
                await audit(session, FixedClock(NOON), CLERK, "thing.changed", "thing", "lost")
                await session.finish()
                raise RuntimeError("late")
        await record(database, "2")
        lines = await exported(database)
        assert [line["object_id"] for line in lines] == ["1", "2"]
        assert_chained(lines)

    on_database(body)


def test_writers_of_one_alliance_wait_in_turn_and_never_for_one_another(on_database: Go) -> None:
    """Two transactions audit first and then lock the same two rows in the same order as they come: no deadlock."""

    async def body(database: Database) -> None:
        async with database.write("anqing") as session:
            rows = [
                {"alliance": "anqing", "source": s, "version": "1", "fetched_at": NOON, "content": {}} for s in "ab"
            ]
            await session.execute(insert(snapshot), rows)
        first_holds, second_audited = asyncio.Event(), asyncio.Event()
        lock = select(snapshot.c.source).where(snapshot.c.source == "a").with_for_update()

        async def first() -> None:
            async with database.write("anqing") as session:
                await audit(session, FixedClock(NOON), CLERK, "thing.changed", "thing", "first")
                await session.execute(lock)
                first_holds.set()
                await second_audited.wait()

        async def second() -> None:
            await first_holds.wait()
            async with database.write("anqing") as session:
                await audit(session, FixedClock(NOON), CLERK, "thing.changed", "thing", "second")
                second_audited.set()
                await session.execute(lock)  # waits for the first one, which still has to write its entry

        await asyncio.wait_for(asyncio.gather(first(), second()), 20)
        lines = await exported(database)
        assert [line["object_id"] for line in lines] == ["first", "second"]
        assert_chained(lines)

    on_database(body)


def test_each_alliance_has_a_chain_of_its_own(on_database: Go) -> None:
    async def body(database: Database) -> None:
        other = Principal("x", "孝感", Role.SECRETARIAT_CLERK, "xiaogan", frozenset())
        for principal in (CLERK, other, CLERK, other):
            async with database.write(principal.alliance) as session:
                await audit(session, FixedClock(NOON), principal, "thing.changed", "thing", "1")
        for alliance in ("anqing", "xiaogan"):
            lines = await exported(database, alliance)
            assert len(lines) == 2
            assert_chained(lines, alliance)

    on_database(body)


def test_number_and_hash_cannot_be_forged(on_database: Go) -> None:
    async def body(database: Database) -> None:
        await record(database)
        forged = {
            "entry_no": 99,
            "previous_hash": bytes(32),
            "hash": b"\x01" * 32,
            **{name: "-" for name in FIELDS if name not in ("entry_no", "at", "post", "before", "after")},
            "alliance": "anqing",
            "at": NOON,
        }
        async with database.write("anqing") as session:
            await session.execute(insert(audit_entry), [forged, {**forged, "entry_no": 1}])
        lines = await exported(database)
        assert [line["entry_no"] for line in lines] == [1, 2, 3]
        assert_chained(lines)

    on_database(body)


def test_many_rows_in_one_statement_are_chained_one_by_one(on_database: Go) -> None:
    async def body(database: Database) -> None:
        async with database.write("anqing") as session:
            await session.execute(
                text(
                    """INSERT INTO audit_entry (alliance, at, actor, actor_name, actor_role, client_address, action,
                           object_kind, object_id, request_id)
                       SELECT 'anqing', now(), '-', '-', '-', '-', '-', '-', n::text, '-'
                       FROM generate_series(1, 1500) n"""
                )
            )
        lines = await exported(database)
        assert [line["object_id"] for line in lines] == [str(n) for n in range(1, 1501)]
        assert_chained(lines)

    on_database(body)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET reason = 'x'",
        "UPDATE audit_entry SET hash = sha256('x')",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE outbox_event SET data = '{}'",
        "DELETE FROM outbox_event",
        "TRUNCATE outbox_event",
        "INSERT INTO audit_anchor VALUES ('anqing', 1, '\\x00', now(), now())",
        "DELETE FROM audit_anchor",
        "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_chain",
        "DROP TRIGGER audit_entry_chain ON audit_entry",
        "CREATE OR REPLACE FUNCTION log_fields(fields text[]) RETURNS bytea LANGUAGE sql AS 'SELECT null::bytea'",
        "SELECT log_lock('registry', 'anqing')",
        "SET session_replication_role = replica",
    ],
)
def test_the_service_may_insert_and_read_and_nothing_else(on_database: Go, sql: str) -> None:
    async def body(database: Database) -> None:
        await record(database)
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with database.write("anqing") as session:
                await session.execute(text(sql))
        assert_chained(await exported(database))

    on_database(body)


def test_a_temporary_table_of_the_same_name_does_not_mislead_the_trigger(on_database: Go) -> None:
    async def body(database: Database) -> None:
        await record(database)
        async with database.write("anqing") as session:
            await session.execute(text("CREATE TEMP TABLE audit_entry (alliance text, entry_no bigint, hash bytea)"))
            await session.execute(text("INSERT INTO audit_entry VALUES ('anqing', 41, sha256('x'))"))
            await _raw(session)
        lines = await exported(database)
        assert [line["entry_no"] for line in lines] == [1, 2]
        assert_chained(lines)

    on_database(body)


async def _raw(session: WriteSession) -> None:
    await session.execute(
        text(
            """INSERT INTO registry.audit_entry (alliance, at, actor, actor_name, actor_role, client_address, action,
                   object_kind, object_id, request_id)
               VALUES ('anqing', now(), '-', '-', '-', '-', '-', '-', '-', '-')"""
        )
    )
    await session.execute(text("DROP TABLE pg_temp.audit_entry"))


def test_the_tables_are_as_the_code_says(on_database: Go) -> None:
    async def body(database: Database) -> None:
        columns = text(
            """SELECT column_name, is_nullable FROM information_schema.columns
               WHERE table_schema = 'registry' AND table_name = :name"""
        )
        for table in (audit_entry, audit_anchor, outbox_event, idempotency_key, snapshot):
            async with database.read("anqing") as session:
                found = {
                    row.column_name: row.is_nullable for row in await session.execute(columns, {"name": table.name})
                }
            assert found == {column.name: "YES" if column.nullable else "NO" for column in table.columns}

    on_database(body)
