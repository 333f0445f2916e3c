"""What the worker does for the exchange: collect each second, and send what is queued."""

import json
from collections.abc import Awaitable, Callable

from pgqueuer.errors import RetryRequested

from services.exchange.clients.outboxes import Outboxes
from services.exchange.clients.receivers import Sender
from services.exchange.collector import Collector
from services.exchange.commands.deliver_webhook import Deliverer
from services.exchange.commands.queue_deliveries import DeliveryReference
from services.exchange.settings import ExchangeSettings
from services.exchange.signing import Seal
from services.kernel.clock import Clock
from services.kernel.database import Database
from services.kernel.service_calls import ServiceToken

Work = Callable[[Database, Clock, bytes], Awaitable[None]]


def collector(settings: ExchangeSettings, clock: Clock) -> Collector:
    """The collector on the services' own addresses."""
    return Collector(settings, Outboxes(settings.hub, ServiceToken("exchange", settings, clock)))


def deliverer(settings: ExchangeSettings) -> Deliverer:
    """The deliverer on the real network."""
    sender = Sender(allow_private=settings.allow_private_addresses, seconds=settings.attempt_seconds)
    return Deliverer(settings, Seal(settings.webhook_key), sender)


def delivering(used: Deliverer) -> Work:
    """The queue's work: one attempt, and through the queue's own means another one later."""

    async def work(database: Database, clock: Clock, reference: bytes) -> None:
        delay = await used.deliver(database, clock, DeliveryReference.read(json.loads(reference)))
        if delay is not None:
            raise RetryRequested(delay=delay, reason="webhook not delivered yet")

    return work
