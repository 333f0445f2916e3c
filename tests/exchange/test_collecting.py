"""Collecting: real outboxes over real sockets into one feed, once each, one collector at a time."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Response
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from services.exchange.collector import ALONE, LEARN_EVERY, Collector
from services.exchange.commands.store_changes import store_changes
from services.exchange.jobs import collector
from services.exchange.settings import ExchangeSettings
from services.exchange.tables import Change
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.outbox import publish
from services.kernel.permissions import Role
from services.registry.app import create_app as create_registry
from services.registry.settings import RegistrySettings
from services.targets.app import create_app as create_targets
from services.targets.settings import TargetsSettings
from tests.exchange.world import ALLIANCE, HUAINING, PRACTICE, World, event, exchange_settings
from tests.support.databases import TestServer
from tests.support.servers import serving
from tests.support.services import hub_settings, service_settings
from tests.support.tokens import Signer

pytestmark = pytest.mark.anyio


@dataclass
class FakeIdentity:
    """Stands for identity: its alliances and service tokens; the services' outboxes beside it are real."""

    signer: Signer
    alliances: list[str] = field(default_factory=lambda: [ALLIANCE, PRACTICE])
    asked: int = 0
    down: bool = False

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/oauth/token")
        async def token() -> dict[str, Any]:
            return {"access_token": self.signer.token(Role.SERVICE, alliance=None), "expires_in": 300}

        @app.get("/api/identity/v1/alliances")
        async def alliances() -> list[dict[str, str]]:
            self.asked += 1
            if self.down:
                raise RuntimeError("identity is down")
            return [{"code": code, "name": code} for code in self.alliances]

        @app.get("/internal/revocations")
        async def revocations(response: Response) -> dict[str, Any]:
            response.headers["ETag"] = '"none"'
            return {"sessions": [], "clients": {}, "tokens": []}

        return app


@dataclass
class Neighbours:
    """What the exchange talks to: identity (fake), registry and targets (real). The subsidies service does not run."""

    identity: FakeIdentity
    addresses: dict[str, str]
    urls: dict[str, str]
    clock: FixedClock

    async def happen(self, source: str, *kinds: str, alliance: str = ALLIANCE, **facts: Any) -> None:
        """Changes in a service, told by its own outbox in one transaction."""
        database = Database(self.urls[source])
        try:
            async with database.write(alliance) as session:
                for kind in kinds:
                    about = {"object_kind": "member", "object_id": "m-1", "data": {"n": 1}}
                    publish(session, self.clock, alliance, kind, **about, **facts)
        finally:
            await database.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hub-ex-", dir="/tmp") as made:
        yield Path(made)


def real_service(name: str, url: str, folder: Path, identity: str, signer: Signer, clock: FixedClock) -> FastAPI:
    hub = hub_settings(folder, upstream_identity=identity)
    if name == "registry":
        own = service_settings(RegistrySettings, url, folder, hub=hub)
        return create_registry(own, jwks_source=signer.jwks, clock=clock)
    return create_targets(service_settings(TargetsSettings, url, folder, hub=hub), jwks_source=signer.jwks, clock=clock)


@pytest.fixture
def neighbours(server: TestServer, signer: Signer, folder: Path, clock: FixedClock) -> Iterator[Neighbours]:
    identity = FakeIdentity(signer)
    with ExitStack() as stack:
        addresses = {"identity": stack.enter_context(serving(identity.app(), folder / "identity.sock"))}
        urls = {name: server.service_url(name) for name in ("registry", "targets")}
        for name, url in urls.items():
            app = real_service(name, url, folder, addresses["identity"], signer, clock)
            addresses[name] = stack.enter_context(serving(app, folder / f"{name}.sock"))
        yield Neighbours(identity, addresses, urls, clock)


@pytest.fixture
def settings(exchange_url: str, folder: Path, neighbours: Neighbours) -> ExchangeSettings:
    upstreams = {f"upstream_{name}": address for name, address in neighbours.addresses.items()}
    return exchange_settings(exchange_url, folder, hub=hub_settings(folder, **upstreams))


@pytest.fixture
async def collecting(settings: ExchangeSettings, clock: FixedClock) -> AsyncIterator[Collector]:
    made = collector(settings, clock)
    yield made
    await made.outboxes.close()


async def feed(world: World, alliance: str = ALLIANCE) -> list[tuple[int, str, int, str]]:
    async with world.database.read(alliance) as session:
        changes = (await session.scalars(select(Change).order_by(Change.seq))).all()
    return [(c.seq, c.source, c.source_seq, c.type) for c in changes]


async def test_outboxes_become_one_feed_and_collecting_again_changes_nothing(
    world: World, neighbours: Neighbours, collecting: Collector
) -> None:
    await neighbours.happen("registry", "member.created", "member.updated", division=HUAINING)
    await neighbours.happen("targets", "report.submitted")
    assert await collecting.round(world.database, world.clock) == 3
    first = await feed(world)
    assert first == [
        (1, "registry", 1, "member.created"),
        (2, "registry", 2, "member.updated"),
        (3, "targets", 1, "report.submitted"),
    ]
    assert await collecting.round(world.database, world.clock) == 0
    assert await feed(world) == first
    await neighbours.happen("targets", "report.accepted")
    await neighbours.happen("registry", "member.updated")
    assert await collecting.round(world.database, world.clock) == 2
    assert (await feed(world))[3:] == [(4, "registry", 3, "member.updated"), (5, "targets", 2, "report.accepted")]


async def test_each_alliance_has_a_feed_of_its_own(world: World, neighbours: Neighbours, collecting: Collector) -> None:
    await neighbours.happen("registry", "member.created")
    await neighbours.happen("registry", "member.updated", alliance=PRACTICE)
    await neighbours.happen("registry", "member.updated", alliance="elsewhere")  # which identity does not list
    assert await collecting.round(world.database, world.clock) == 2
    assert await feed(world) == [(1, "registry", 1, "member.created")]
    assert await feed(world, PRACTICE) == [(1, "registry", 1, "member.updated")]
    assert await feed(world, "elsewhere") == []


async def test_more_than_one_page_comes_in_one_round(
    world: World, neighbours: Neighbours, collecting: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("services.exchange.clients.outboxes", "services.exchange.collector"):
        monkeypatch.setattr(f"{module}.BATCH", 3)
    await neighbours.happen("registry", *(["member.updated"] * 8))
    assert await collecting.round(world.database, world.clock) == 8
    assert [row[0] for row in await feed(world)] == list(range(1, 9))


async def test_a_service_that_is_down_holds_up_nobody_else(
    world: World, neighbours: Neighbours, collecting: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # an application that an earlier test made may have set another
    await neighbours.happen("targets", "report.submitted")
    for _ in range(3):
        await collecting.round(world.database, world.clock)
    assert [row[1] for row in await feed(world)] == ["targets"]
    told = [r.__dict__["part"] for r in caplog.records if r.getMessage().startswith("service not reached")]
    assert sorted(told) == ["exchange", "subsidies"], "once each, not every second"


async def test_without_identity_the_alliances_that_are_known_go_on(
    world: World, neighbours: Neighbours, collecting: Collector
) -> None:
    await collecting.round(world.database, world.clock)
    neighbours.identity.down = True
    await neighbours.happen("registry", "member.created")
    world.clock.advance(LEARN_EVERY)
    assert await collecting.round(world.database, world.clock) == 1
    assert (neighbours.identity.asked, collecting.unreached & {"identity"}) == (2, {"identity"})


async def test_a_new_alliance_is_noticed_after_a_while(
    world: World, neighbours: Neighbours, collecting: Collector
) -> None:
    await collecting.round(world.database, world.clock)
    neighbours.identity.alliances.append("xianning")
    await neighbours.happen("registry", "member.created", alliance="xianning")
    assert await collecting.round(world.database, world.clock) == 0
    assert neighbours.identity.asked == 1, "not each second"
    world.clock.advance(LEARN_EVERY)
    assert await collecting.round(world.database, world.clock) == 1
    assert len(await feed(world, "xianning")) == 1


async def test_while_one_collects_another_does_nothing(
    world: World, neighbours: Neighbours, collecting: Collector
) -> None:
    await neighbours.happen("registry", "member.created")
    async with world.database.engine.begin() as other:
        assert (await other.execute(ALONE)).scalar_one() is True
        assert await collecting.round(world.database, world.clock) == 0
        assert neighbours.identity.asked == 0
    assert await collecting.round(world.database, world.clock) == 1


async def test_two_collectors_for_a_while_bring_every_change_once(
    settings: ExchangeSettings, world: World, neighbours: Neighbours, clock: FixedClock
) -> None:
    several = [collector(settings, clock) for _ in range(2)]

    async def write() -> None:
        for n in range(12):
            await neighbours.happen("registry" if n % 2 else "targets", "thing.done", "thing.undone")

    async def keep(one: Collector, until: asyncio.Event) -> None:
        while not until.is_set():
            await one.round(world.database, clock)
        await one.outboxes.close()

    done = asyncio.Event()
    tasks = [asyncio.create_task(keep(one, done)) for one in several]
    await write()
    done.set()
    await asyncio.gather(*tasks)
    last = collector(settings, clock)
    await last.round(world.database, clock)
    await last.outboxes.close()
    rows = await feed(world)
    assert [row[0] for row in rows] == list(range(1, 25))
    for source in ("registry", "targets"):
        assert [row[2] for row in rows if row[1] == source] == list(range(1, 13))


async def test_even_without_the_lock_a_number_is_given_once(world: World) -> None:
    """A collector whose lock was lost collides with the next one, and its transaction fails as a whole."""
    async with world.database.write(ALLIANCE) as slow:
        await store_changes(slow, world.clock, ALLIANCE, "registry", [event(1), event(2)])
        quick = asyncio.create_task(world.store(event(1), source="targets"))
        await waiting_for_a_lock(world)
    with pytest.raises(IntegrityError):
        await quick
    assert [row[1] for row in await feed(world)] == ["registry", "registry"]


async def waiting_for_a_lock(world: World) -> None:
    """Until somebody waits for another's transaction."""
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
    async with asyncio.timeout(10), world.database.engine.connect() as connection:
        while (await connection.execute(waits)).scalar_one() == 0:  # noqa: ASYNC110  # only the database knows
            await asyncio.sleep(0.01)


async def test_a_failed_round_is_logged_and_the_next_one_succeeds(
    world: World, neighbours: Neighbours, collecting: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    await neighbours.happen("registry", "member.created")
    rounds = 0

    async def fail_at_first(self: Collector, database: Database, clock: Any) -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise ConnectionResetError
        return await real(self, database, clock)

    real = Collector.round
    monkeypatch.setattr(Collector, "round", fail_at_first)
    keeping = asyncio.create_task(collecting.keep_collecting(world.database, world.clock))
    async with asyncio.timeout(20):
        while not await feed(world):  # noqa: ASYNC110  # another task writes to the database
            await asyncio.sleep(0.05)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping


async def test_what_an_endpoint_asked_for_is_queued_with_the_change(world: World) -> None:
    await world.endpoint("http://127.0.0.1:9/claims", event_types=["claim.accepted"])
    await world.endpoint("http://127.0.0.1:9/all")
    await world.endpoint("http://127.0.0.1:9/off", active=False)
    await world.endpoint("http://127.0.0.1:9/office", role=Role.SECRETARIAT_CLERK)
    await world.store(event(1, division=HUAINING), event(2, "roster.imported"), event(3, division="340882"))
    deliveries = await world.deliveries()
    assert sorted((d.owner, d.change_seq) for d in deliveries) == [
        ("division:340822", 1),
        ("division:340822", 1),
        ("division:340822", 2),
        ("secretariat", 1),
        ("secretariat", 2),
        ("secretariat", 3),
    ]
    assert await world.queued() == 6
    assert await world.store(event(1), event(2), event(3)) == []
    assert await world.queued() == 6
