"""What the commands on clients share: new secrets, and a client as the audit log tells of it."""

import secrets
from typing import Any

from services.identity.client_rules import takes_secret
from services.identity.commands.end_access import revoke
from services.identity.credentials import digest
from services.identity.domain import ClientRevoked
from services.identity.tables import OAuthClient
from services.kernel.clock import Clock
from services.kernel.database import WriteSession

FACTS = ("kind", "name", "division", "practice", "auth_method", "scopes", "redirect_uris", "active", "generation")


def give_secret(client: OAuthClient) -> str | None:
    """Set a new secret, as far as the client authenticates by one; returns it, to be shown this once."""
    if not takes_secret(client.auth_method):
        return None
    secret = secrets.token_urlsafe(32)
    client.secret_hash = digest(secret)
    return secret


def described(client: OAuthClient) -> dict[str, Any]:
    """The client as it stands in the audit log."""
    return {name: getattr(client, name) for name in FACTS}


def refuse_revoked(client: OAuthClient) -> None:
    """Raise ClientRevoked for one that was revoked."""
    if client.revoked_at is not None:
        raise ClientRevoked("该接入已吊销，不能再更改；如需继续接入，请重新开设。")


async def end_tokens(session: WriteSession, clock: Clock, client: OAuthClient) -> None:
    """Have every service refuse the tokens that the client has got until now."""
    client.generation += 1
    client.updated_at = clock.now()
    await revoke(session, clock.now(), "client", client.client_id, generation=client.generation)
