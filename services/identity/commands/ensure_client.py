"""Register an OAuth client, or bring its registration up to date."""

from dataclasses import dataclass, field
from typing import Any

from services.identity.credentials import digest
from services.identity.tables import OAuthClient
from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.permissions import GRANTS, Permission, Role
from services.kernel.principal import Principal

PERSONAL_SCOPES = ("openid", "profile", *sorted({*Permission} - GRANTS[Role.SERVICE]))


@dataclass(frozen=True)
class ClientRegistration:
    """What a client is registered with; redirect URIs are matched exactly."""

    client_id: str
    name: str
    secret: str = field(repr=False)
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]
    role: Role | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        """The row's values; the secret is long and random, so its plain hash cannot be searched back."""
        return {
            "name": self.name,
            "kind": "service" if self.role else "first_party",
            "auth_method": "client_secret_basic",
            "secret_hash": digest(self.secret),
            "role": self.role.value if self.role else None,
            "redirect_uris": list(self.redirect_uris),
            "post_logout_redirect_uris": list(self.post_logout_redirect_uris),
            "grant_types": list(self.grant_types),
            "scopes": list(self.scopes),
            "active": True,
        }


def frontend_client(
    secret: str, redirect_uris: tuple[str, ...], post_logout_redirect_uris: tuple[str, ...]
) -> ClientRegistration:
    """The hub's own pages: a confidential client for people."""
    return ClientRegistration(
        client_id="frontend",
        name="中枢网页",
        secret=secret,
        grant_types=("authorization_code", "refresh_token"),
        scopes=PERSONAL_SCOPES,
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=post_logout_redirect_uris,
    )


def service_client(service: str, secret: str) -> ClientRegistration:
    """A service of the hub that speaks for itself."""
    return ClientRegistration(
        client_id=service,
        name=f"系统服务 {service}",
        secret=secret,
        grant_types=("client_credentials",),
        scopes=tuple(sorted(GRANTS[Role.SERVICE])),
        role=Role.SERVICE,
    )


async def ensure_client(session: WriteSession, clock: Clock, actor: Principal, wanted: ClientRegistration) -> bool:
    """Register or update; returns whether anything changed. A new secret replaces the old one at once."""
    client = await session.get(OAuthClient, wanted.client_id)
    values = wanted.values()
    if client is not None and all(getattr(client, name) == value for name, value in values.items()):
        return False
    now = clock.now()
    if client is None:
        session.add(OAuthClient(client_id=wanted.client_id, created_at=now, updated_at=now, **values))
    else:
        for name, value in values.items():
            setattr(client, name, value)
        client.updated_at = now
    after = {name: value for name, value in values.items() if name != "secret_hash"}
    await audit(session, clock, actor, "client.ensure", "oauth_client", wanted.client_id, after=after)
    return True
