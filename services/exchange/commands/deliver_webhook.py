"""One attempt of one delivery: claim it, send it, write down what came of it and when the next one is due.

Claiming leases the delivery for longer than an attempt can take, so that two workers never send it at the same time; if
a worker dies in the middle, another sends the message again after the lease, under the same message id. Receivers are
told that a message may come twice (at least once), and that order is best effort: a retry overtakes nothing, but what
came later does not wait for it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from services.exchange.clients.receivers import Answer, Sender
from services.exchange.commands.disable_endpoint import disable_endpoint
from services.exchange.commands.queue_deliveries import DeliveryReference
from services.exchange.domain import TEST_EVENT, DeliveryState, DisabledReason, Fault, next_delay, retry_after
from services.exchange.messages import as_sent, body_of
from services.exchange.queries.webhooks import change_of
from services.exchange.settings import ExchangeSettings
from services.exchange.signing import Seal, signed_headers
from services.exchange.tables import Attempt, Delivery, Endpoint
from services.kernel.clock import Clock
from services.kernel.database import Database, WriteSession

LEASE: Final = timedelta(seconds=60)
AT_ONCE_PER_ENDPOINT: Final = 4
BUSY: Final = timedelta(seconds=2)
GONE: Final = 410
THROTTLED: Final = frozenset({429, 502, 503, 504})
_RANDOM: Final = secrets.SystemRandom()


@dataclass(frozen=True)
class Claimed:
    """An attempt that is to be made now."""

    url: str
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Later:
    """Nothing may be sent before this has passed."""

    delay: timedelta


@dataclass(frozen=True)
class Deliverer:
    """What a worker needs to deliver."""

    settings: ExchangeSettings
    seal: Seal
    sender: Sender

    async def deliver(self, database: Database, clock: Clock, wanted: DeliveryReference) -> timedelta | None:
        """Make the next attempt; returns when to come again, None when the delivery has ended."""
        async with database.write(wanted.alliance) as session:
            claimed = await self._claim(session, clock, wanted)
        if not isinstance(claimed, Claimed):
            return claimed.delay if claimed else None
        answer = await self.sender.post(claimed.url, claimed.headers, claimed.body)
        async with database.write(wanted.alliance) as session:
            return await self._record(session, clock, wanted, answer)

    async def _claim(self, session: WriteSession, clock: Clock, wanted: DeliveryReference) -> Claimed | Later | None:
        now = clock.now()
        found = await _lock(session, wanted)
        if found is None:
            return None  # deleted, ended or replayed meanwhile
        endpoint, delivery = found
        if (wait := await _must_wait(session, endpoint, delivery, now)) is not None:
            return Later(wait)
        if delivery.tries > len(self.settings.retry_seconds):
            # Each attempt wrote down its end, but the last: what interrupts them all must not go on for ever.
            delivery.last_fault, delivery.leased_until = Fault.INTERRUPTED.value, None
            _end(delivery, DeliveryState.DEAD, now)
            return None
        delivery.leased_until = now + LEASE
        delivery.attempts += 1
        delivery.tries += 1
        session.add(
            Attempt(alliance=delivery.alliance, delivery_id=delivery.id, no=delivery.attempts, at=now, answer="")
        )
        body = as_sent(body_of(delivery, await change_of(session, delivery)))
        return Claimed(endpoint.url, signed_headers(self._secrets(endpoint, now), delivery.message_id, now, body), body)

    def _secrets(self, endpoint: Endpoint, now: datetime) -> list[str]:
        sealed = [endpoint.secret]
        if endpoint.previous_secret and endpoint.previous_signs_until and now < endpoint.previous_signs_until:
            sealed.append(endpoint.previous_secret)
        return [self.seal.open(secret) for secret in sealed]

    async def _record(
        self, session: WriteSession, clock: Clock, wanted: DeliveryReference, answer: Answer
    ) -> timedelta | None:
        found = await _lock(session, wanted)
        if found is None:
            return None
        endpoint, delivery = found
        await _close_attempt(session, clock, delivery, answer)
        if answer.delivered:
            endpoint.failing_since = endpoint.resting_until = None
            _end(delivery, DeliveryState.DELIVERED, clock.now())
            return None
        return await self._after_failure(session, clock, endpoint, delivery, answer)

    async def _after_failure(
        self, session: WriteSession, clock: Clock, endpoint: Endpoint, delivery: Delivery, answer: Answer
    ) -> timedelta | None:
        now = clock.now()
        asked = retry_after(answer.retry_after, now) if answer.status in THROTTLED else timedelta(0)
        scheduled = None if _is_final(delivery, answer) else next_delay(delivery.tries, self.settings.retry_seconds)
        if delivery.type != TEST_EVENT:
            endpoint.failing_since = endpoint.failing_since or now
            endpoint.resting_until = now + asked if asked else None
        if scheduled is None:
            _end(delivery, DeliveryState.DEAD, now)
        else:
            scheduled = max(scheduled * _RANDOM.uniform(1.0, 1.1), asked)
            delivery.next_attempt_at = now + scheduled
        if delivery.type != TEST_EVENT and (reason := self._reason_to_stop(endpoint, answer, now)) is not None:
            await session.flush()  # what is pending is ended by a statement of its own
            await disable_endpoint(session, clock, endpoint, reason)
            return None
        return scheduled

    def _reason_to_stop(self, endpoint: Endpoint, answer: Answer, now: datetime) -> DisabledReason | None:
        if not endpoint.active:
            return None
        if answer.status == GONE:
            return DisabledReason.GONE
        since = endpoint.failing_since
        failing = since is not None and now - since >= timedelta(days=self.settings.disable_after_days)
        return DisabledReason.FAILING if failing else None


async def _lock(session: WriteSession, wanted: DeliveryReference) -> tuple[Endpoint, Delivery] | None:
    """Endpoint and delivery, locked in this order; None when the delivery's round is over."""
    own = (Endpoint.alliance == wanted.alliance, Endpoint.id == wanted.endpoint)
    statement = select(Endpoint).where(*own).with_for_update(key_share=True)
    endpoint = (await session.scalars(statement)).one_or_none()
    sought = (
        Delivery.alliance == wanted.alliance,
        Delivery.id == wanted.delivery,
        Delivery.round == wanted.round,
        Delivery.state == DeliveryState.PENDING.value,
    )
    delivery = (await session.scalars(select(Delivery).where(*sought).with_for_update())).one_or_none()
    return (endpoint, delivery) if endpoint and delivery else None


async def _must_wait(session: WriteSession, endpoint: Endpoint, delivery: Delivery, now: datetime) -> timedelta | None:
    """How long another attempt under way, or the receiver's wish to rest, still forbids one."""
    if delivery.leased_until is not None and delivery.leased_until > now:
        return delivery.leased_until - now
    if delivery.type != TEST_EVENT and endpoint.resting_until is not None and endpoint.resting_until > now:
        return (endpoint.resting_until - now) * _RANDOM.uniform(1.0, 1.1)
    under_way = select(func.count()).where(
        Delivery.alliance == endpoint.alliance,
        Delivery.endpoint_id == endpoint.id,
        Delivery.state == DeliveryState.PENDING.value,
        Delivery.leased_until > now,
    )
    busy = (await session.execute(under_way)).scalar_one() >= AT_ONCE_PER_ENDPOINT
    return BUSY * _RANDOM.uniform(1.0, 5.0) if busy else None


async def _close_attempt(session: WriteSession, clock: Clock, delivery: Delivery, answer: Answer) -> None:
    attempt = await session.get_one(Attempt, (delivery.alliance, delivery.id, delivery.attempts))
    attempt.ended_at = clock.now()
    attempt.status = delivery.last_status = answer.status
    attempt.fault = delivery.last_fault = answer.fault.value if answer.fault else None
    attempt.answer = answer.text
    delivery.leased_until = None


def _is_final(delivery: Delivery, answer: Answer) -> bool:
    """A test is tried once; an address that is not allowed does not become so by waiting, and 410 means never."""
    return delivery.type == TEST_EVENT or answer.fault is Fault.ADDRESS or answer.status == GONE


def _end(delivery: Delivery, state: DeliveryState, now: datetime) -> None:
    delivery.state = state.value
    delivery.finished_at, delivery.next_attempt_at = now, None
