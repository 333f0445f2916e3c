"""Change a third party's application, or switch it off and on."""

from services.identity.client_rules import address_issues, application_scope_issues
from services.identity.commands.client_rows import described, end_tokens
from services.identity.domain import refuse
from services.identity.queries.clients import applications, lock_client
from services.identity.schemas.clients import ApplicationUpdate
from services.identity.tables import OAuthClient
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal


def version_of(client: OAuthClient) -> str:
    """What its ETag says: the instant of its last change, in microseconds."""
    return f"{client.updated_at.timestamp():.6f}"


async def update_application(
    session: WriteSession, clock: Clock, actor: Principal, client_id: str, draft: ApplicationUpdate, seen: str
) -> OAuthClient:
    """Lock, check, change, audit; what it may no longer do ends its tokens.

    Raises ClientUnknown, StaleVersion, or InvalidInput with every issue.
    """
    client = await lock_client(session, applications(actor.alliance), client_id)
    check_version(seen, version_of(client))
    wanted = {name: value for name, value in draft.model_dump(exclude_unset=True).items() if value is not None}
    refuse(
        address_issues("redirect_uris", wanted.get("redirect_uris", []))
        + address_issues("post_logout_redirect_uris", wanted.get("post_logout_redirect_uris", []))
        + (application_scope_issues(wanted["scopes"]) if "scopes" in wanted else [])
    )
    before = described(client)
    narrower = not set(client.scopes) <= set(wanted.get("scopes", client.scopes))
    for name, value in wanted.items():
        setattr(client, name, sorted(set(value)) if name == "scopes" else value)
    client.updated_at = clock.now()
    if narrower or (before["active"] and not client.active):
        await end_tokens(session, clock, client)
    after = described(client)
    await audit(session, clock, actor, "client.update", "oauth_client", client_id, before=before, after=after)
    return client
