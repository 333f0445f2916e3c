"""Register a third party's application."""

import secrets

from services.identity.client_rules import address_issues, application_scope_issues, key_issues
from services.identity.commands.client_rows import described, give_secret
from services.identity.domain import refuse
from services.identity.schemas.clients import ApplicationCreate
from services.identity.tables import OAuthClient
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.principal import Principal


async def create_application(
    session: WriteSession, clock: Clock, actor: Principal, draft: ApplicationCreate
) -> tuple[OAuthClient, str | None]:
    """Check, register, audit. Returns the client and its secret, which is nowhere kept. Raises InvalidInput."""
    refuse(
        address_issues("redirect_uris", draft.redirect_uris)
        + address_issues("post_logout_redirect_uris", draft.post_logout_redirect_uris)
        + key_issues(draft.auth_method, draft.jwks)
        + application_scope_issues(draft.scopes)
    )
    client = OAuthClient(
        **draft.model_dump(exclude={"scopes"}),
        client_id=f"app-{secrets.token_hex(8)}",
        kind="third_party",
        alliance=actor.alliance,
        practice=False,
        generation=1,
        grant_types=["authorization_code", "refresh_token"],
        scopes=sorted(set(draft.scopes)),
        active=True,
        created_by=actor.subject,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    secret = give_secret(client)
    session.add(client)
    await audit(session, clock, actor, "client.create", "oauth_client", client.client_id, after=described(client))
    return client, secret
