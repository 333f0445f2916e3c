"""Make an endpoint of the caller's unit, with a signing secret that is told once."""

from sqlalchemy import func, select

from services.exchange.commands.endpoint_facts import KIND, facts
from services.exchange.commands.endpoint_url import check_url
from services.exchange.queries.webhooks import own_endpoints
from services.exchange.schemas.webhooks import EndpointCreate
from services.exchange.signing import Seal, new_secret
from services.exchange.tables import Endpoint
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.ids import new_id
from services.kernel.principal import Principal

MOST_ENDPOINTS = 20


async def create_endpoint(
    session: WriteSession, clock: Clock, principal: Principal, seal: Seal, given: EndpointCreate, *, allow_private: bool
) -> tuple[Endpoint, str]:
    """The endpoint and its secret. Raises InvalidInput for its address, Conflict when the unit has too many."""
    url = check_url(given.url, allow_private=allow_private)
    count = (await session.execute(select(func.count()).select_from(own_endpoints(principal).subquery()))).scalar_one()
    if count >= MOST_ENDPOINTS:
        raise Conflict(f"每个单位最多 {MOST_ENDPOINTS} 个接收地址，请先删去不用的。", code="too_many_endpoints")
    secret = new_secret()
    endpoint = Endpoint(
        alliance=principal.alliance,
        id=new_id(),
        owner=principal.owner,
        url=url,
        event_types=given.event_types,
        description=given.description,
        active=given.active,
        secret=seal.close(secret),
        created_at=clock.now(),
        created_by_name=principal.name,
    )
    session.add(endpoint)
    await session.flush()  # sets the row version that the answer shows
    await audit(session, clock, principal, "webhook_endpoint.create", KIND, endpoint.id, after=facts(endpoint))
    return endpoint, secret
