"""Send again what has ended: one delivery, or all that an endpoint missed. The message id stays the same."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.exchange.commands.endpoint_facts import KIND
from services.exchange.commands.queue_deliveries import queue_deliveries
from services.exchange.domain import TEST_EVENT, DeliveryState
from services.exchange.queries.webhooks import find_delivery, find_endpoint, own_deliveries
from services.exchange.tables import Delivery, Endpoint
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal


async def replay_delivery(session: WriteSession, clock: Clock, principal: Principal, delivery_id: UUID) -> Delivery:
    """Begin a new round. Raises NotFound, Conflict while it is still being tried or its endpoint is not active."""
    found = await find_delivery(session, principal, delivery_id)
    endpoint = await _active_endpoint(session, principal, found.endpoint_id)
    delivery = (
        await session.scalars(
            own_deliveries(principal)
            .where(Delivery.id == delivery_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()
    if delivery.state == DeliveryState.PENDING.value:
        raise Conflict("这条推送还在自动重试，不必重发。", code="delivery_pending")
    await _revive(session, clock, [delivery])
    after = {"delivery": str(delivery_id)}
    await audit(session, clock, principal, "webhook_endpoint.replay", KIND, endpoint.id, after=after)
    return delivery


async def replay_dead(
    session: WriteSession, clock: Clock, principal: Principal, endpoint_id: UUID, since: datetime
) -> int:
    """Begin a new round for every dead delivery made since then, in their order; returns how many."""
    endpoint = await _active_endpoint(session, principal, endpoint_id)
    missed = own_deliveries(principal).where(
        Delivery.endpoint_id == endpoint.id,
        Delivery.state == DeliveryState.DEAD.value,
        Delivery.type != TEST_EVENT,
        Delivery.created_at >= since,
    )
    deliveries = (await session.scalars(missed.order_by(Delivery.change_seq).with_for_update())).all()
    await _revive(session, clock, deliveries)
    after = {"since": since.isoformat(), "replayed": len(deliveries)}
    await audit(session, clock, principal, "webhook_endpoint.replay", KIND, endpoint.id, after=after)
    return len(deliveries)


async def _active_endpoint(session: WriteSession, principal: Principal, endpoint_id: UUID) -> Endpoint:
    endpoint = await find_endpoint(session, principal, endpoint_id, lock=True)
    if not endpoint.active:
        raise Conflict("接收地址已停用，请先启用再重发。", code="endpoint_inactive")
    return endpoint


async def _revive(session: WriteSession, clock: Clock, deliveries: Sequence[Delivery]) -> None:
    for delivery in deliveries:
        delivery.state = DeliveryState.PENDING.value
        delivery.round, delivery.tries = delivery.round + 1, 0
        delivery.finished_at, delivery.leased_until = None, None
        delivery.next_attempt_at = clock.now()
    await queue_deliveries(session, deliveries)
