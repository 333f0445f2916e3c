"""Change an endpoint: its address, what it is told, whether it is told at all."""

from uuid import UUID

from services.exchange.commands.disable_endpoint import bury_pending
from services.exchange.commands.endpoint_facts import KIND, facts
from services.exchange.commands.endpoint_url import check_url
from services.exchange.queries.webhooks import find_endpoint
from services.exchange.schemas.webhooks import EndpointUpdate
from services.exchange.tables import Endpoint
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal


async def update_endpoint(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    endpoint_id: UUID,
    seen: str,
    given: EndpointUpdate,
    *,
    allow_private: bool,
) -> Endpoint:
    """Raises NotFound, StaleVersion when somebody changed it first, InvalidInput for its address."""
    endpoint = await find_endpoint(session, principal, endpoint_id, lock=True)
    check_version(seen, endpoint.row_version)
    before = facts(endpoint)
    if given.url is not None:
        endpoint.url = check_url(given.url, allow_private=allow_private)
    if "event_types" in given.model_fields_set:
        endpoint.event_types = given.event_types
    if given.description is not None:
        endpoint.description = given.description
    if given.active is not None:
        await _switch(session, clock, endpoint, active=given.active)
    await session.flush()  # sets the row version that the answer shows
    after = facts(endpoint)
    await audit(session, clock, principal, "webhook_endpoint.update", KIND, endpoint.id, before=before, after=after)
    return endpoint


async def _switch(session: WriteSession, clock: Clock, endpoint: Endpoint, *, active: bool) -> None:
    if active and not endpoint.active:
        endpoint.disabled_at = endpoint.disabled_reason = None
        endpoint.failing_since = endpoint.resting_until = None
    if endpoint.active and not active:
        await bury_pending(session, clock, endpoint)
    endpoint.active = active
