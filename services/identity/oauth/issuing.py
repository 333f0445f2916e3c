"""Access tokens: JWTs by RFC 9068 with the hub's claims (docs/design.md, section 4), signed by the kernel."""

import secrets
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidScopeError
from authlib.oauth2.rfc6750 import BearerTokenGenerator

from services.identity.credentials import new_credential
from services.identity.oauth.client import HubClient
from services.identity.settings import IdentitySettings
from services.identity.tables import Account
from services.kernel.clock import Clock
from services.kernel.permissions import Role
from services.kernel.tokens import SigningKey, sign


@dataclass(frozen=True)
class Issuing:
    """What a request needs to issue tokens; `key` is absent where none is issued."""

    settings: IdentitySettings
    clock: Clock
    alliance: str
    key: SigningKey | None = None


def role_of(client: HubClient, account: Account | None) -> Role:
    """For whom a token speaks: a person, or else the service that the client is."""
    return Role(account.role if account is not None else str(client.row.role))


class HubTokenGenerator(BearerTokenGenerator):  # type: ignore[misc]  # Authlib has no types
    """Authlib's Bearer answer around our JWT; the scope is narrowed anew by the role of now, also at a refresh."""

    def __init__(self, issuing: Issuing) -> None:
        self._issuing = issuing
        seconds = int(issuing.settings.access_token_life.total_seconds())
        super().__init__(self._access_token, self._refresh_token, lambda _client, _grant_type: seconds)

    def generate(
        self,
        grant_type: str,
        client: HubClient,
        user: Account | None = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        """Make the token answer. Raises InvalidScopeError when nothing of what was asked for may be given."""
        allowed = client.scope_for(role_of(client, user), scope)
        if not allowed:
            raise InvalidScopeError()
        token: dict[str, Any] = super().generate(grant_type, client, user, allowed, expires_in, include_refresh_token)
        return token

    def _access_token(self, client: HubClient, grant_type: str, user: Account | None, scope: str) -> str:  # noqa: ARG002
        assert self._issuing.key is not None  # noqa: S101  # the token endpoint always loads it
        return sign(access_claims(self._issuing, client, user, scope), self._issuing.key)

    def _refresh_token(self, **_facts: Any) -> str:
        return new_credential(self._issuing.alliance)


def access_claims(issuing: Issuing, client: HubClient, account: Account | None, scope: str) -> dict[str, Any]:
    """The claims of one access token; a service's names no alliance (it does so by header)."""
    now = issuing.clock.now()
    claims = {
        "iss": issuing.settings.hub.public_url,
        "aud": issuing.settings.hub.audience,
        "sub": str(account.id) if account else client.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + issuing.settings.access_token_life).timestamp()),
        "jti": secrets.token_urlsafe(16),
        "client_id": client.client_id,
        "scope": scope,
        "role": role_of(client, account).value,
        "name": account.display_name if account else client.row.name,
        "alliance": account.alliance if account else None,
        "division": account.division if account else None,
        "member": str(account.member) if account and account.member else None,
    }
    return {name: value for name, value in claims.items() if value is not None}
