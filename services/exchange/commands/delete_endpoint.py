"""Delete an endpoint with its deliveries."""

from uuid import UUID

from services.exchange.commands.endpoint_facts import KIND, facts
from services.exchange.queries.webhooks import find_endpoint
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def delete_endpoint(session: WriteSession, clock: Clock, principal: Principal, endpoint_id: UUID) -> None:
    """Raises NotFound. The database deletes what belongs to it."""
    endpoint = await find_endpoint(session, principal, endpoint_id, lock=True)
    await audit(session, clock, principal, "webhook_endpoint.delete", KIND, endpoint.id, before=facts(endpoint))
    await session.delete(endpoint)
