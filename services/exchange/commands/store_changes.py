"""Take events of one service's outbox into the alliance's feed, and begin the deliveries that they call for."""

from collections.abc import Sequence

from sqlalchemy import func, select

from services.exchange.clients.outboxes import OutboxEvent
from services.exchange.commands.queue_deliveries import queue_deliveries
from services.exchange.domain import Audience, DeliveryState
from services.exchange.queries.changes import head_of
from services.exchange.tables import Change, Delivery, Endpoint
from services.kernel.clock import Clock
from services.kernel.database import AnySession, WriteSession
from services.kernel.ids import new_id


async def position_of(session: AnySession, alliance: str, source: str) -> int:
    """The last event of a service that the feed holds; 0 before the first."""
    own = select(func.coalesce(func.max(Change.source_seq), 0)).filter_by(alliance=alliance, source=source)
    return (await session.execute(own)).scalar_one()


async def store_changes(
    session: WriteSession, clock: Clock, alliance: str, source: str, events: Sequence[OutboxEvent]
) -> list[Change]:
    """Number the events that are new and store them; those that are there already change nothing.

    One collector writes at a time (`collector.py`). Should a second one, its numbers collide with the first one's, and
    its transaction fails as a whole.
    """
    position = await position_of(session, alliance, source)
    fresh = [event for event in events if event.seq > position]
    if not fresh:
        return []
    head = await head_of(session, alliance)
    changes = [
        Change(
            alliance=alliance,
            seq=seq,
            source=source,
            source_seq=event.seq,
            collected_at=clock.now(),
            **event.model_dump(exclude={"seq"}),
        )
        for seq, event in enumerate(fresh, head + 1)
    ]
    session.add_all(changes)
    await session.flush()  # deliveries refer to changes
    await _begin_deliveries(session, clock, alliance, changes)
    return changes


async def _begin_deliveries(session: WriteSession, clock: Clock, alliance: str, changes: Sequence[Change]) -> None:
    active = select(Endpoint).where(Endpoint.alliance == alliance, Endpoint.active).order_by(Endpoint.id)
    endpoints = (await session.scalars(active)).all()
    deliveries = [
        new_delivery(clock, endpoint, change.type, message_id=str(change.id), change_seq=change.seq)
        for change in changes
        for endpoint in endpoints
        if wants(endpoint, change)
    ]
    session.add_all(deliveries)
    await queue_deliveries(session, deliveries)


def wants(endpoint: Endpoint, change: Change) -> bool:
    """Whether the endpoint asked for this type of change and its unit may see it."""
    asked = endpoint.event_types is None or change.type in endpoint.event_types
    return asked and Audience.of_owner(endpoint.owner).admits(change.division, change.member)


def new_delivery(
    clock: Clock, endpoint: Endpoint, event_type: str, *, message_id: str, change_seq: int | None
) -> Delivery:
    """A delivery that waits for its first attempt."""
    return Delivery(
        alliance=endpoint.alliance,
        id=new_id(),
        endpoint_id=endpoint.id,
        owner=endpoint.owner,
        message_id=message_id,
        type=event_type,
        change_seq=change_seq,
        state=DeliveryState.PENDING.value,
        round=1,
        tries=0,
        attempts=0,
        created_at=clock.now(),
        next_attempt_at=clock.now(),
    )
