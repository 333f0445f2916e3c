"""What the tests of the exchange share: events, endpoints, and the service's parts on a real database."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, text

from services.exchange.app import create_app
from services.exchange.clients.outboxes import OutboxEvent
from services.exchange.clients.receivers import Sender
from services.exchange.commands.deliver_webhook import Deliverer
from services.exchange.commands.queue_deliveries import DeliveryReference
from services.exchange.commands.store_changes import position_of, store_changes
from services.exchange.settings import ExchangeSettings
from services.exchange.signing import Seal
from services.exchange.tables import Change, Delivery
from services.kernel.clock import FixedClock
from services.kernel.database import Database
from services.kernel.ids import new_id
from services.kernel.permissions import Role
from tests.support.services import client_of, service_settings
from tests.support.tokens import ISSUER, Signer

ALLIANCE = "anqing"
PRACTICE = "anqing-practice"
HUAINING, QIANSHAN = "340822", "340882"
COLLEGE = UUID("8b6f2c3e-7d0a-4c2b-9a51-0d9c1f6f2a01")
SCHOOL = UUID("8b6f2c3e-7d0a-4c2b-9a51-0d9c1f6f2a02")


def event(
    seq: int, kind: str = "claim.accepted", *, division: str | None = None, member: UUID | None = None, **data: Any
) -> OutboxEvent:
    """An event as some service's outbox tells it."""
    return OutboxEvent(
        seq=seq,
        id=new_id(),
        at=datetime(2025, 12, 1, 4, 0, tzinfo=UTC),
        type=kind,
        object_kind=kind.split(".", maxsplit=1)[0],
        object_id=str(new_id()),
        division=division,
        member=member,
        data=data,
    )


@dataclass
class World:
    """One exchange on an empty database; `clock` is real time that stands still, because receivers check it."""

    settings: ExchangeSettings
    database: Database
    clock: FixedClock
    signer: Signer

    async def store(
        self, *events: OutboxEvent, source: str = "subsidies", alliance: str = ALLIANCE
    ) -> Sequence[Change]:
        """Take events in as the collector does."""
        async with self.database.write(alliance) as session:
            return await store_changes(session, self.clock, alliance, source, events)

    async def happen(self, *kinds: str, alliance: str = ALLIANCE, **facts: Any) -> Sequence[Change]:
        """New events, behind those that there are."""
        async with self.database.read(alliance) as session:
            position = await position_of(session, alliance, "subsidies")
        return await self.store(*(event(position + n, k, **facts) for n, k in enumerate(kinds, 1)), alliance=alliance)

    @asynccontextmanager
    async def api(self, role: Role | str = Role.COUNTY_CLERK, **claims: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the service in a role; a county's clerk is Huaining's unless told otherwise."""
        if Role(role) is Role.COUNTY_CLERK:
            claims = {"division": HUAINING, **claims}
        app = create_app(self.settings, jwks_source=self.signer.jwks, clock=self.clock)
        async with client_of(app, headers=self.signer.headers(role, **claims)) as client:
            client.base_url = httpx.URL(f"{ISSUER}/api/exchange/v1")
            yield client

    async def endpoint(self, url: str, *, role: Role | str = Role.COUNTY_CLERK, **given: Any) -> dict[str, Any]:
        """A new endpoint of Huaining's, with its secret."""
        async with self.api(role) as client:
            answer = await client.post("/webhook-endpoints", json={"url": url, **given})
            assert answer.status_code == 201, answer.text
            made: dict[str, Any] = answer.json()
            return made

    async def deliveries(self, alliance: str = ALLIANCE) -> Sequence[Delivery]:
        """Every delivery, in order."""
        async with self.database.read(alliance) as session:
            return (await session.scalars(select(Delivery).order_by(Delivery.created_at, Delivery.change_seq))).all()

    async def queued(self) -> int:
        """How many entries the queue holds."""
        async with self.database.engine.connect() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM pgqueuer"))).scalar_one())

    def deliverer(self, **sending: Any) -> Deliverer:
        """One that sends for real; `sending` replaces parts of its sender."""
        options = {"allow_private": True, "seconds": self.settings.attempt_seconds, **sending}
        return Deliverer(self.settings, Seal(self.settings.webhook_key), Sender(**options))

    async def attempt(self, delivery: Delivery, deliverer: Deliverer | None = None) -> Any:
        """One attempt as the queue begins it; returns when the next one is due."""
        reference = DeliveryReference(delivery.alliance, delivery.endpoint_id, delivery.id, delivery.round)
        return await (deliverer or self.deliverer()).deliver(self.database, self.clock, reference)


@asynccontextmanager
async def world_on(settings: ExchangeSettings, signer: Signer) -> AsyncIterator[World]:
    """A world with these settings."""
    database = Database(settings.database_url.get_secret_value())
    try:
        yield World(settings, database, FixedClock(datetime.now(UTC)), signer)
    finally:
        await database.close()


def exchange_settings(url: str, files: Path, **changes: Any) -> ExchangeSettings:
    """Settings of an exchange that may send to this machine."""
    values = {"webhook_key": secrets.token_urlsafe(32), "allow_private_addresses": True, **changes}
    return service_settings(ExchangeSettings, url, files, **values)


async def the_delivery(world: World) -> Delivery:
    """The only delivery there is."""
    (found,) = await world.deliveries()
    return found


async def log_of(world: World, delivery: Delivery) -> dict[str, Any]:
    """A delivery as the API shows it, with its attempts."""
    async with world.api() as client:
        shown: dict[str, Any] = (await client.get(f"/webhook-deliveries/{delivery.id}")).json()
        return shown


async def read_endpoint(world: World, made: dict[str, Any]) -> dict[str, Any]:
    """An endpoint as the API shows it."""
    async with world.api() as client:
        shown: dict[str, Any] = (await client.get(f"/webhook-endpoints/{made['id']}")).json()
        return shown
