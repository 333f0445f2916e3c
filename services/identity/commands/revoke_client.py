"""Revoke a county's machine client: it stays for the record and is refused everywhere within seconds."""

from sqlalchemy import Select

from services.identity.commands.client_rows import end_tokens, refuse_revoked
from services.identity.queries.clients import lock_client
from services.identity.tables import OAuthClient
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def revoke_client(
    session: WriteSession, clock: Clock, actor: Principal, found: Select[OAuthClient], client_id: str, reason: str
) -> OAuthClient:
    """Lock, check, close, end the tokens, audit. Raises ClientUnknown or ClientRevoked."""
    client = await lock_client(session, found, client_id)
    refuse_revoked(client)
    client.active = False
    client.revoked_at = clock.now()
    await end_tokens(session, clock, client)
    before, after = {"active": True}, {"active": False, "generation": client.generation}
    await audit(
        session, clock, actor, "client.revoke", "oauth_client", client_id, before=before, after=after, reason=reason
    )
    return client
