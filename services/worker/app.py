"""Composition root of the worker: one pgqueuer per service in one event loop, until the process is told to stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
from pgqueuer import Job, PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.errors import RetryRequested

from services.exchange import jobs as exchange_jobs
from services.exchange.commands.queue_deliveries import ENTRYPOINT as DELIVER_WEBHOOK
from services.exchange.settings import ExchangeSettings
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
CONCURRENT_WORK = 16
QUIET_POLL = timedelta(seconds=30)
RETRY_POLL = timedelta(seconds=1)  # pgqueuer is notified of what comes, but not of a retry that falls due
CUT_OFF_DELAY = timedelta(seconds=10)

SWEEP_SECONDS = 3600.0
FILES_KEPT = timedelta(days=31)  # a day longer than a service lets anybody fetch them


Work = Callable[[Database, Clock, bytes], Awaitable[None]]
Loop = Callable[[Database, Clock], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Queue:
    """One service's queue: its settings and what its jobs do.

    `work` is what is queued beside jobs, many at once and without progress for people; `loops` run as long as the
    worker does, and end only when they are cancelled.
    """

    service: str
    settings: ServiceSettings
    handlers: Mapping[str, JobHandler]
    files: FileStore | None = None
    work: Mapping[str, Work] = field(default_factory=dict)
    loops: Sequence[Loop] = ()


def queues() -> list[Queue]:
    """The queues of every service that has background work, read from the environment."""
    registry, subsidies = RegistrySettings(), SubsidiesSettings()
    return [
        registry_queue(registry, SystemClock()),
        Queue("subsidies", subsidies, subsidies_jobs.handlers(subsidies), subsidies.files()),
        exchange_queue(ExchangeSettings(), SystemClock()),
    ]


def registry_queue(registry: RegistrySettings, clock: Clock) -> Queue:
    """The registry has jobs for people, and hourly rounds of its own."""
    rounds = registry_jobs.housekeeping(registry, clock)
    return Queue("registry", registry, registry_jobs.handlers(registry), registry.files(), loops=[rounds.keep])


def exchange_queue(exchange: ExchangeSettings, clock: Clock) -> Queue:
    """The exchange has no jobs for people: it sends webhooks, and collects changes."""
    delivering = exchange_jobs.delivering(exchange_jobs.deliverer(exchange))
    collector = exchange_jobs.collector(exchange, clock)
    return Queue("exchange", exchange, {}, work={DELIVER_WEBHOOK: delivering}, loops=[collector.keep_collecting])


async def sweep(queue: Queue, clock: Clock) -> None:
    """Delete a service's files once nobody may need them any more, also where no upload ever comes again."""
    if queue.files is None:
        return
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
    """A job that could not even say how it ended was cut off from its database: keep it queued, and try again soon.

    Work that asks itself to be done again later is let through.
    """
    try:
        yield
    except RetryRequested:
        raise
    except Exception as fault:
        log.warning("job cut off", extra={"kind": type(fault).__name__})
        raise RetryRequested(delay=CUT_OFF_DELAY, reason=type(fault).__name__) from fault


def register_work(runner: PgQueuer, name: str, act: Work, database: Database, clock: Clock) -> None:
    """Have the runner do this kind of work, which may ask to be done again later."""

    @runner.entrypoint(name, concurrency_limit=CONCURRENT_WORK)
    async def run(job: Job) -> None:
        async with again_when_cut_off():
            await act(database, clock, job.payload or b"{}")


async def work(queue: Queue, stop: asyncio.Event) -> None:
    """Run one service's jobs until told to stop; work in hand is finished first."""
    url = queue.settings.database_url.get_secret_value()
    clock = SystemClock()
    overflow = CONCURRENT_WORK if queue.work else 10
    database = Database(url, pool_size=CONCURRENT_JOBS + 1, max_overflow=overflow, clock=clock)
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    driver = AsyncpgDriver(connection)
    names = queue_settings(queue.service)
    runner = PgQueuer(driver, channel=names.channel, queries=queries_on(driver, queue.service))

    @runner.entrypoint(ENTRYPOINT, concurrency_limit=CONCURRENT_JOBS)
    async def run(job: Job) -> None:
        async with again_when_cut_off():
            await run_job(database, clock, queue.handlers, job.payload or b"{}")

    for name, act in queue.work.items():
        register_work(runner, name, act, database, clock)

    async def forward_stop() -> None:
        await stop.wait()
        runner.shutdown.set()

    beside = [asyncio.create_task(forward_stop()), asyncio.create_task(keep_sweeping(queue, clock))]
    beside += [asyncio.create_task(loop(database, clock)) for loop in queue.loops]
    try:
        log.info("worker ready", extra={"queue": queue.service, "kinds": sorted(queue.handlers)})
        await runner.run(dequeue_timeout=RETRY_POLL if queue.work else QUIET_POLL)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)  # so that each has let go of what it held
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
