"""Make a county's machine client."""

import secrets

from services.identity.client_rules import division_issues, key_issues, machine_scope_issues
from services.identity.commands.client_rows import described, give_secret
from services.identity.domain import refuse
from services.identity.queries.clients import cities_of_counties
from services.identity.schemas.clients import ClientCreate
from services.identity.tables import OAuthClient
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.permissions import MACHINE_PERMISSIONS, Role
from services.kernel.principal import Principal


async def create_client(
    session: WriteSession, clock: Clock, actor: Principal, draft: ClientCreate
) -> tuple[OAuthClient, str | None]:
    """Check, make, audit. Returns the client and its secret, which is nowhere kept. Raises InvalidInput."""
    scopes = draft.scopes if draft.scopes is not None else sorted(MACHINE_PERMISSIONS)
    cities = await cities_of_counties(session, actor.alliance)
    refuse(
        division_issues(draft.division, cities)
        + key_issues(draft.auth_method, draft.jwks)
        + machine_scope_issues(scopes)
    )
    client = OAuthClient(
        **draft.model_dump(exclude={"scopes"}),
        client_id=f"county-{draft.division}-{secrets.token_hex(4)}",
        kind="machine",
        role=Role.COUNTY_CLERK.value,
        alliance=actor.alliance,
        generation=1,
        redirect_uris=[],
        post_logout_redirect_uris=[],
        grant_types=["client_credentials"],
        scopes=sorted(set(scopes)),
        active=True,
        created_by=actor.subject,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    secret = give_secret(client)
    session.add(client)
    await audit(session, clock, actor, "client.create", "oauth_client", client.client_id, after=described(client))
    return client, secret
