"""Give a client new credentials; the old ones, and every token that they got, are worth nothing from then on."""

from sqlalchemy import Select

from services.identity.client_rules import key_issues
from services.identity.commands.client_rows import end_tokens, give_secret, refuse_revoked
from services.identity.domain import refuse
from services.identity.queries.clients import lock_client
from services.identity.schemas.clients import ClientRotation
from services.identity.tables import OAuthClient
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal


async def rotate_client(
    session: WriteSession,
    clock: Clock,
    actor: Principal,
    found: Select[OAuthClient],
    client_id: str,
    draft: ClientRotation,
) -> tuple[OAuthClient, str | None]:
    """Lock, check, replace, end the tokens, audit. `found` is what the actor may touch.

    Returns the client and its new secret. Raises ClientUnknown, ClientRevoked, InvalidInput for unusable keys, or
    Conflict for a public client, which has no credentials.
    """
    client = await lock_client(session, found, client_id)
    refuse_revoked(client)
    if client.auth_method == "none":
        raise Conflict("公开应用没有密钥，无须更换。", code="no_credentials")
    refuse(key_issues(client.auth_method, draft.jwks))
    if draft.jwks is not None:
        client.jwks = draft.jwks
    secret = give_secret(client)
    await end_tokens(session, clock, client)
    after = {"generation": client.generation}
    await audit(session, clock, actor, "client.rotate", "oauth_client", client_id, after=after, reason=draft.reason)
    return client, secret
