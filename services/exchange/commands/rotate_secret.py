"""Give an endpoint a new signing secret; the old one signs beside it for a day, so that no message is refused."""

from uuid import UUID

from services.exchange.commands.endpoint_facts import KIND
from services.exchange.domain import OLD_SECRET_SIGNS
from services.exchange.queries.webhooks import find_endpoint
from services.exchange.schemas.webhooks import SecretRead
from services.exchange.signing import Seal, new_secret
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def rotate_secret(
    session: WriteSession, clock: Clock, principal: Principal, seal: Seal, endpoint_id: UUID
) -> SecretRead:
    """The new secret, told this once. A secret that was still signing as the previous one stops at once."""
    endpoint = await find_endpoint(session, principal, endpoint_id, lock=True)
    secret, until = new_secret(), clock.now() + OLD_SECRET_SIGNS
    endpoint.previous_secret, endpoint.previous_signs_until = endpoint.secret, until
    endpoint.secret = seal.close(secret)
    after = {"previous_secret_signs_until": until.isoformat()}
    await audit(session, clock, principal, "webhook_endpoint.rotate_secret", KIND, endpoint.id, after=after)
    return SecretRead(secret=secret, previous_secret_signs_until=until)
