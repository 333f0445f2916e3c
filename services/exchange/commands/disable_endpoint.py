"""Stop sending to an endpoint: the hub's own decision, written down with its reason; what is under way ends."""

from sqlalchemy import update

from services.exchange.commands.endpoint_facts import KIND, facts
from services.exchange.domain import TEST_EVENT, DeliveryState, DisabledReason, Fault
from services.exchange.tables import Delivery, Endpoint
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.outbox import audience_of, publish
from services.kernel.permissions import Role
from services.kernel.principal import Principal


async def disable_endpoint(session: WriteSession, clock: Clock, endpoint: Endpoint, reason: DisabledReason) -> None:
    """Disable an endpoint that is locked and active, and tell its unit by the feed."""
    before = facts(endpoint)
    endpoint.active = False
    endpoint.disabled_at, endpoint.disabled_reason = clock.now(), reason.value
    await bury_pending(session, clock, endpoint)
    hub = Principal("exchange", "交换服务", Role.SERVICE, endpoint.alliance, frozenset())
    await audit(
        session,
        clock,
        hub,
        "webhook_endpoint.disable",
        KIND,
        endpoint.id,
        before=before,
        after=facts(endpoint),
        reason=reason.label,
    )
    publish(
        session,
        clock,
        endpoint.alliance,
        "webhook_endpoint.disabled",
        object_kind=KIND,
        object_id=endpoint.id,
        **audience_of(endpoint.owner),
        data={"reason": reason.value},
    )


async def bury_pending(session: WriteSession, clock: Clock, endpoint: Endpoint) -> None:
    """End every delivery that still waits for the endpoint; they can be replayed once it is active again."""
    waiting = (
        Delivery.alliance == endpoint.alliance,
        Delivery.endpoint_id == endpoint.id,
        Delivery.state == DeliveryState.PENDING.value,
        Delivery.type != TEST_EVENT,
    )
    ended = {
        "state": DeliveryState.DEAD.value,
        "finished_at": clock.now(),
        "last_fault": Fault.INACTIVE.value,
        "next_attempt_at": None,
    }
    await session.execute(update(Delivery).where(*waiting).values(**ended))
