"""Write down that a client used the token endpoints, or was refused there."""

from services.identity.actors import identity_itself, program
from services.identity.tables import OAuthClient
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession


async def note_use(session: WriteSession, clock: Clock, client: OAuthClient) -> None:
    """A county's program signs in by this, so it is audited; services of the hub do so all day, and are not."""
    if client.kind not in ("machine", "third_party"):
        return
    client.last_used_at = clock.now()
    if client.kind == "machine":
        await audit(session, clock, program(client), "client.used", "oauth_client", client.client_id)


async def note_refusal(
    session: WriteSession, clock: Clock, alliance: str, client: OAuthClient | None, code: str
) -> None:
    """A client that did not authenticate is not named: what it sent may be a secret in the wrong field."""
    subject = client.client_id if client is not None else "unknown"
    await audit(session, clock, identity_itself(alliance), "client.refused", "oauth_client", subject, reason=code)
