"""The worker's own loop on the exchange's queue: real pgqueuer, real receiver."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.exchange import jobs
from services.kernel.clock import SystemClock
from services.worker import app as worker
from tests.exchange.receiver import Receiver, answer, hanging
from tests.exchange.world import ALLIANCE, World

pytestmark = pytest.mark.anyio
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def short_waits(world: World) -> None:
    world.settings = world.settings.model_copy(update={"retry_seconds": (1, 1)})


async def until(wanted: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await wanted():  # noqa: ASYNC110  # another process or thread tells only the database
            await asyncio.sleep(0.05)


async def working(world: World, wanted: Callable[[], Awaitable[bool]], *, workers: int = 1) -> None:
    """Let workers run until something holds; collecting finds nobody to ask, and goes on trying."""
    stop = asyncio.Event()
    queues = [worker.exchange_queue(world.settings, SystemClock()) for _ in range(workers)]
    tasks = [asyncio.create_task(worker.work(queue, stop)) for queue in queues]
    try:
        await until(wanted)
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def all_ended(world: World) -> Callable[[], Awaitable[bool]]:
    async def ended() -> bool:
        return all(d.state != "pending" for d in await world.deliveries())

    return ended


async def test_the_queue_sends_and_sends_again_by_its_own_means(world: World, receiver: Receiver) -> None:
    made = await world.endpoint(receiver.url)
    receiver.script = [answer(500), answer(302)]
    await world.happen("claim.accepted")
    await working(world, all_ended(world))
    assert [got.verified(made["secret"])["type"] for got in receiver.got] == ["claim.accepted"] * 3
    assert {d.state for d in await world.deliveries()} == {"delivered"}
    assert await world.queued() == 0


async def test_after_the_last_attempt_the_queue_is_empty_and_the_delivery_dead(
    world: World, receiver: Receiver
) -> None:
    await world.endpoint(receiver.url)
    receiver.script = [answer(500) for _ in range(5)]
    await world.happen("claim.accepted")
    await working(world, all_ended(world))
    (dead,) = await world.deliveries()
    assert (dead.state, dead.attempts, len(receiver.got)) == ("dead", 3, 3)


async def test_two_workers_deliver_each_message_once(world: World, receiver: Receiver) -> None:
    await world.endpoint(receiver.url)
    await world.endpoint(receiver.url)
    await world.happen(*(["claim.accepted"] * 20))
    receiver.script = [hanging(0.05) for _ in range(40)]
    await working(world, all_ended(world), workers=2)
    ids = [got.message_id for got in receiver.got]
    assert len(ids) == 40
    assert all(ids.count(one) == 2 for one in ids), "once to each endpoint"


WORKER = """
import asyncio, json, sys
from services.exchange.settings import ExchangeSettings
from services.kernel.clock import SystemClock
from services.worker import app as worker
settings = ExchangeSettings()
asyncio.run(worker.work(worker.exchange_queue(settings, SystemClock()), asyncio.Event()))
"""


def environment(world: World) -> dict[str, str]:
    hub = {name.upper(): value for name, value in world.settings.hub.model_dump(mode="json").items()}
    own = world.settings.model_dump(mode="json", exclude={"hub"})
    secrets = {
        "HUB_FILES_KEY": world.settings.hub.files_key.get_secret_value(),
        "HUB_EXCHANGE_DATABASE_URL": world.settings.database_url.get_secret_value(),
        "HUB_EXCHANGE_CLIENT_SECRET": world.settings.client_secret.get_secret_value(),
        "HUB_EXCHANGE_WEBHOOK_KEY": world.settings.webhook_key.get_secret_value(),
        "HUB_EXCHANGE_RETRY_SECONDS": "[1, 1]",
        "HUB_EXCHANGE_ALLOW_PRIVATE_ADDRESSES": str(own["allow_private_addresses"]),
    }
    return {**{f"HUB_{name}": str(value) for name, value in hub.items()}, **secrets, "PATH": "/usr/bin:/bin"}


def started_worker(world: World) -> "subprocess.Popen[bytes]":
    root = Path(worker.__file__).resolve().parents[2]
    return subprocess.Popen([sys.executable, "-c", WORKER], env=environment(world), cwd=root)


async def test_a_worker_killed_between_attempts_loses_nothing(world: World, receiver: Receiver) -> None:
    """`kill -9` once the first attempt has failed: another worker makes the second, when it is due."""
    made = await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    receiver.script = [answer(500)]
    process = started_worker(world)
    try:

        async def failed_once() -> bool:
            (delivery,) = await world.deliveries()
            return delivery.last_status is not None or process.poll() is not None

        await until(failed_once)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    await working(world, all_ended(world))
    assert {d.state for d in await world.deliveries()} == {"delivered"}
    assert len({got.message_id for got in receiver.got}) == 1
    assert receiver.got[-1].verified(made["secret"])


async def test_a_message_that_was_in_a_killed_workers_hands_is_taken_up(world: World, receiver: Receiver) -> None:
    """As `kill -9` in the middle of an attempt leaves it: picked, silent, leased; here the lease has just ended."""
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    async with world.database.engine.begin() as connection:
        silent = "queue_manager_id = gen_random_uuid(), heartbeat = now() - make_interval(mins => 2)"
        await connection.execute(text(f"UPDATE pgqueuer SET status = 'picked', {silent}"))
        await connection.execute(text(f"SELECT set_config('hub.alliance', '{ALLIANCE}', true)"))
        lease = {"until": datetime.now(UTC)}
        taken = "UPDATE webhook_delivery SET attempts = 1, tries = 1, leased_until = :until"
        await connection.execute(text(taken), lease)
        begun = """INSERT INTO webhook_attempt (alliance, delivery_id, no, at, answer)
                   SELECT alliance, id, 1, now(), '' FROM webhook_delivery"""
        await connection.execute(text(begun))
    await working(world, all_ended(world))
    (delivery,) = await world.deliveries()
    assert (delivery.state, delivery.attempts, len(receiver.got)) == ("delivered", 2, 1)


async def test_work_cut_off_from_its_database_stays_queued(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.endpoint(receiver.url)
    await world.happen("claim.accepted")
    cuts = 0
    real = jobs.delivering

    def cut_off_at_first(used: Any) -> Any:
        plain = real(used)

        async def act(*arguments: Any) -> None:
            nonlocal cuts
            cuts += 1
            if cuts == 1:
                raise ConnectionResetError
            await plain(*arguments)

        return act

    monkeypatch.setattr(jobs, "delivering", cut_off_at_first)
    monkeypatch.setattr(worker, "CUT_OFF_DELAY", worker.CUT_OFF_DELAY / 100)
    await working(world, all_ended(world))
    assert (cuts, len(receiver.got)) == (2, 1)
