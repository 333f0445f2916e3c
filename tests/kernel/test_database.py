"""Sessions, tenancy in the database, and the queue, on a real PostgreSQL."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from services.kernel.audit import audit
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.errors import Unavailable
from services.kernel.jobs import JobContext, enqueue, find_job, queries_on, run_job
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.kernel.shared_tables import audit_entry, snapshot
from services.kernel.tenancy import Scope
from tests.support.databases import TestServer

NOON = datetime(2025, 12, 1, 4, tzinfo=UTC)
CLERK = Principal("clerk-1", "经办", Role.SECRETARIAT_CLERK, "anqing", frozenset({"registry:read"}))


@pytest.fixture
def url(server: TestServer) -> str:
    return server.service_url("registry")


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def snapshot_row(alliance: str) -> dict[str, Any]:
    return {"alliance": alliance, "source": "x", "version": "1", "fetched_at": NOON, "content": {}}


def test_rows_of_another_alliance_are_neither_seen_nor_written(url: str) -> None:
    async def body() -> None:
        database = Database(url)
        async with database.write("anqing") as session:
            await session.execute(insert(snapshot).values(snapshot_row("anqing")))
        async with database.read("xiaogan") as session:
            assert (await session.execute(select(snapshot))).all() == []
        async with database.read("anqing") as session:
            assert len((await session.execute(select(snapshot))).all()) == 1
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.write("anqing") as session:
                await session.execute(insert(snapshot).values(snapshot_row("xiaogan")))
        await database.close()

    run(body())


def test_without_an_alliance_nothing_is_seen(url: str) -> None:
    async def body() -> None:
        database = Database(url)
        async with database.write("anqing") as session:
            await session.execute(insert(snapshot).values(snapshot_row("anqing")))
        async with database.engine.connect() as connection:
            assert (await connection.execute(select(snapshot))).all() == []
        await database.close()

    run(body())


def test_a_read_session_cannot_write(url: str) -> None:
    async def body() -> None:
        database = Database(url)
        with pytest.raises(DBAPIError, match="read-only"):
            async with database.read("anqing") as session:
                await session.execute(insert(snapshot).values(snapshot_row("anqing")))
        await database.close()

    run(body())


@pytest.mark.parametrize("sql", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"])
def test_the_audit_log_is_append_only_for_the_service(url: str, sql: str) -> None:
    async def body() -> None:
        database = Database(url)
        async with database.write("anqing") as session:
            await audit(session, FixedClock(NOON), CLERK, "member.create", "member", "1", after={"name": "甲"})
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.write("anqing") as session:
                await session.execute(text(sql))
        async with database.read("anqing") as session:
            row = (await session.execute(select(audit_entry))).one()
            assert (row.actor, row.action, row.after) == ("clerk-1", "member.create", {"name": "甲"})
        await database.close()

    run(body())


def test_a_job_runs_once_and_tells_its_result(url: str) -> None:
    async def body() -> None:
        database, clock = Database(url), FixedClock(NOON)
        async with database.write("anqing") as session:
            job_id = await enqueue(session, clock, CLERK, "registry", "double", {"n": 21})
        calls = []

        async def double(context: JobContext) -> dict[str, Any]:
            calls.append(context.payload)
            await context.progress(1, 2, "一半")
            return {"n": context.payload["n"] * 2}

        reference = await queued_reference(database)
        for _ in range(2):
            await run_job(database, clock, {"double": double}, reference)
        async with database.read("anqing") as session:
            status = await find_job(session, Scope("anqing"), job_id, None)
        assert calls == [{"n": 21}]
        assert (status.state, status.done, status.total, status.result) == ("succeeded", 1, 2, {"n": 42})
        await database.close()

    run(body())


def test_a_job_of_a_transaction_that_failed_is_never_queued(url: str) -> None:
    async def body() -> None:
        database = Database(url)
        with pytest.raises(RuntimeError, match="stop"):
            async with database.write("anqing") as session:
                await enqueue(session, FixedClock(NOON), CLERK, "registry", "double", {})
                raise RuntimeError("stop")
        async with database.engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM pgqueuer"))).scalar() == 0
        await database.close()

    run(body())


async def queued_reference(database: Database) -> bytes:
    async with database.engine.connect() as connection:
        payload: bytes = (await connection.execute(text("SELECT payload FROM pgqueuer"))).scalar_one()
        return payload


def test_the_queue_has_its_own_names() -> None:
    queries = queries_on(None, "registry")
    assert queries.qbe.settings.channel == "jobs_registry"
    assert queries.qbe.qualified.queue_table == "registry.pgqueuer"


@pytest.mark.parametrize("where", ["/nonexistent", "localhost"])
def test_a_server_that_is_down_is_unavailable_and_not_a_program_error(where: str) -> None:
    async def body() -> None:
        database = Database(f"postgresql+asyncpg://nobody:x@/hub?host={where}&port=1")
        try:
            with pytest.raises(Unavailable):
                async with database.read("anqing"):
                    pass
        finally:
            await database.close()

    run(body())


def test_an_error_of_the_database_does_not_tell_what_was_written(url: str) -> None:
    async def body() -> None:
        database = Database(url)
        with pytest.raises(DBAPIError) as caught:
            async with database.write("anqing") as session:
                await session.execute(
                    text("SELECT CAST(:secret AS text), 1 / (CAST(:zero AS int))"), {"secret": "王小明", "zero": 0}
                )
        assert "王小明" not in str(caught.value)
        await database.close()

    run(body())
