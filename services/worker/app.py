"""Composition root of the worker: one pgqueuer per service in one event loop, until the process is told to stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from pgqueuer import Job, PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.errors import RetryRequested

from services.kernel.clock import Clock, SystemClock
from services.kernel.database import Database
from services.kernel.files import FileStore
from services.kernel.jobs import ENTRYPOINT, JobHandler, queries_on, queue_settings, run_job
from services.kernel.logs import configure_logs
from services.kernel.settings import HubSettings, ServiceSettings
from services.registry import jobs as registry_jobs
from services.registry.settings import RegistrySettings
from services.subsidies import jobs as subsidies_jobs
from services.subsidies.settings import SubsidiesSettings

log = logging.getLogger(__name__)
CONCURRENT_JOBS = 2
CUT_OFF_DELAY = timedelta(seconds=10)

SWEEP_SECONDS = 3600.0
FILES_KEPT = timedelta(days=31)  # a day longer than a service lets anybody fetch them


@dataclass(frozen=True)
class Queue:
    """One service's queue: its settings and what its jobs do."""

    service: str
    settings: ServiceSettings
    handlers: Mapping[str, JobHandler]
    files: FileStore


def queues() -> list[Queue]:
    """The queues of every service that has background work, read from the environment."""
    registry, subsidies = RegistrySettings(), SubsidiesSettings()
    return [
        Queue("registry", registry, registry_jobs.handlers(registry), registry.files()),
        Queue("subsidies", subsidies, subsidies_jobs.handlers(subsidies), subsidies.files()),
    ]


async def sweep(queue: Queue, clock: Clock) -> None:
    """Delete a service's files once nobody may need them any more, also where no upload ever comes again."""
    swept = await asyncio.to_thread(queue.files.sweep, clock.now() - FILES_KEPT)
    if swept:
        log.info("old files deleted", extra={"queue": queue.service, "files": swept})


async def keep_sweeping(queue: Queue, clock: Clock) -> None:
    """Sweep at the start and every hour."""
    while True:
        await sweep(queue, clock)
        await asyncio.sleep(SWEEP_SECONDS)


@asynccontextmanager
async def again_when_cut_off() -> AsyncIterator[None]:
    """A job that could not even say how it ended was cut off from its database: keep it queued, and try again soon."""
    try:
        yield
    except Exception as fault:
        log.warning("job cut off", extra={"kind": type(fault).__name__})
        raise RetryRequested(delay=CUT_OFF_DELAY, reason=type(fault).__name__) from fault


async def work(queue: Queue, stop: asyncio.Event) -> None:
    """Run one service's jobs until told to stop; work in hand is finished first."""
    url = queue.settings.database_url.get_secret_value()
    database = Database(url, pool_size=CONCURRENT_JOBS + 1)
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    driver = AsyncpgDriver(connection)
    names = queue_settings(queue.service)
    runner = PgQueuer(driver, channel=names.channel, queries=queries_on(driver, queue.service))
    clock = SystemClock()

    @runner.entrypoint(ENTRYPOINT, concurrency_limit=CONCURRENT_JOBS)
    async def run(job: Job) -> None:
        async with again_when_cut_off():
            await run_job(database, clock, queue.handlers, job.payload or b"{}")

    async def forward_stop() -> None:
        await stop.wait()
        runner.shutdown.set()

    beside = [asyncio.create_task(forward_stop()), asyncio.create_task(keep_sweeping(queue, clock))]
    try:
        log.info("worker ready", extra={"queue": queue.service, "kinds": sorted(queue.handlers)})
        await runner.run()
    finally:
        for task in beside:
            task.cancel()
        await connection.close(timeout=5)
        await database.close()


async def main() -> None:
    """Work every queue until SIGTERM or SIGINT; a queue that fails stops the process, so that it is seen."""
    configure_logs("worker", HubSettings().log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    async with asyncio.TaskGroup() as group:
        for queue in queues():
            group.create_task(work(queue, stop))
