"""Send a test message to an endpoint: once, so that its outcome is known at once."""

from uuid import UUID

from services.exchange.commands.endpoint_facts import KIND
from services.exchange.commands.queue_deliveries import queue_deliveries
from services.exchange.commands.store_changes import new_delivery
from services.exchange.domain import TEST_EVENT
from services.exchange.queries.webhooks import find_endpoint
from services.exchange.tables import Delivery
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.ids import new_id
from services.kernel.principal import Principal


async def send_test(session: WriteSession, clock: Clock, principal: Principal, endpoint_id: UUID) -> Delivery:
    """The queued delivery; an endpoint that is not active may be tested, too. Raises NotFound."""
    endpoint = await find_endpoint(session, principal, endpoint_id)
    delivery = new_delivery(clock, endpoint, TEST_EVENT, message_id=str(new_id()), change_seq=None)
    session.add(delivery)
    await queue_deliveries(session, [delivery])
    await audit(session, clock, principal, "webhook_endpoint.test", KIND, endpoint.id)
    return delivery
