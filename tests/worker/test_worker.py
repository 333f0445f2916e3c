"""Jobs whose worker died, and jobs cut off from their database, end all the same, and once."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.errors import NotFound
from services.kernel.jobs import JobContext, JobHandler, enqueue, find_job, run_job
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.settings import RegistrySettings
from services.worker import app as worker
from tests.support.databases import TestServer
from tests.support.services import service_settings

pytestmark = pytest.mark.anyio
CLERK = Principal("clerk-1", "经办", Role.SECRETARIAT_CLERK, "anqing", frozenset())
PATIENCE = 20.0


@pytest.fixture
def settings(server: TestServer, tmp_path: Path) -> RegistrySettings:
    return service_settings(RegistrySettings, server.service_url("registry"), tmp_path)


class Bench:
    """A queue with one kind of job, and the worker's own loop on it."""

    def __init__(self, settings: RegistrySettings, clock: FixedClock, handler: JobHandler) -> None:
        self.clock = clock
        self.database = Database(settings.database_url.get_secret_value())
        self.queue = worker.Queue("registry", settings, {"example": handler}, settings.files())

    async def put(self) -> UUID:
        async with self.database.write("anqing") as session:
            return await enqueue(session, self.clock, CLERK, "registry", "example", {"number": 7})

    async def state_of(self, job: UUID) -> str:
        async with self.database.read("anqing") as session:
            return str((await find_job(session, Scope("anqing"), job, None)).state)

    async def until(self, wanted: Callable[[], Awaitable[bool]]) -> None:
        """Let the worker run until something holds."""
        stop = asyncio.Event()
        working = asyncio.create_task(worker.work(self.queue, stop))
        try:
            async with asyncio.timeout(PATIENCE):
                while not await wanted():  # noqa: ASYNC110  # another process would tell only the database, too
                    await asyncio.sleep(0.05)
        finally:
            stop.set()
            await working
            await self.database.close()


async def test_a_job_whose_worker_was_killed_is_taken_up_and_ends(
    settings: RegistrySettings, clock: FixedClock
) -> None:
    ran: list[int] = []

    async def handler(context: JobContext) -> dict[str, Any]:
        ran.append(context.payload["number"])
        return {"ran": len(ran)}

    bench = Bench(settings, clock, handler)
    job = await bench.put()
    async with bench.database.engine.begin() as connection:  # as kill -9 in the middle of the job leaves it
        silent = "queue_manager_id = gen_random_uuid(), heartbeat = now() - make_interval(mins => 2)"
        dead = f"UPDATE pgqueuer SET status = 'picked', {silent}"
        await connection.execute(text(dead))
        await connection.execute(text("SELECT set_config('hub.alliance', 'anqing', true)"))
        await connection.execute(text("UPDATE job SET state = 'running', done = 1"))

    async def ended() -> bool:
        return await bench.state_of(job) == "succeeded"

    await bench.until(ended)
    assert ran == [7]


async def test_a_job_cut_off_from_its_database_is_tried_again(
    settings: RegistrySettings, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts = 0

    async def handler(_context: JobContext) -> dict[str, Any]:
        return {}

    async def cut_off_at_first(*arguments: Any) -> None:
        nonlocal cuts
        cuts += 1
        if cuts == 1:
            raise ConnectionResetError
        await run_job(*arguments)

    monkeypatch.setattr(worker, "run_job", cut_off_at_first)
    monkeypatch.setattr(worker, "CUT_OFF_DELAY", timedelta(seconds=0.1))
    bench = Bench(settings, clock, handler)
    job = await bench.put()

    async def ended() -> bool:
        return await bench.state_of(job) == "succeeded"

    await bench.until(ended)
    assert cuts == 2


async def test_two_workers_never_run_one_job_at_the_same_time(settings: RegistrySettings, clock: FixedClock) -> None:
    running = most = calls = 0

    async def handler(_context: JobContext) -> dict[str, Any]:
        nonlocal running, most, calls
        running, calls = running + 1, calls + 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1
        return {}

    bench = Bench(settings, clock, handler)
    await bench.put()
    async with bench.database.engine.connect() as connection:
        reference = (await connection.execute(text("SELECT payload FROM pgqueuer"))).scalar_one()
    work = [run_job(bench.database, clock, bench.queue.handlers, reference) for _ in range(3)]
    await asyncio.gather(*work)
    await bench.database.close()
    assert (most, calls) == (1, 1)


async def test_old_files_go_without_any_upload(settings: RegistrySettings, clock: FixedClock) -> None:
    files = settings.files()
    old, young = files.save(b"old"), files.save(b"young")
    folder = settings.hub.files_dir / "registry"
    for file_id, age in ((young, timedelta(0)), (old, worker.FILES_KEPT + timedelta(minutes=1))):
        written = (clock.now() - age).timestamp()
        os.utime(folder / f"{file_id}.bin", (written, written))
    await worker.sweep(worker.Queue("registry", settings, {}, files), clock)
    assert files.load(young) == b"young"
    with pytest.raises(NotFound):
        files.load(old)
