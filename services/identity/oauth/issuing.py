"""What the token endpoint gives: access tokens (RFC 9068) with the hub's claims (docs/design.md, 4 and 10), ID tokens.

Both are JWTs that the kernel signs; the `typ` of their header keeps one from passing for the other.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidScopeError
from authlib.oidc.core.util import create_half_hash

from services.identity.credentials import digest, new_credential
from services.identity.oauth.client import HubClient
from services.identity.oauth.subject import Subject
from services.identity.settings import IdentitySettings
from services.identity.tables import AuthorizationCode
from services.kernel.clock import Clock
from services.kernel.permissions import Role
from services.kernel.tokens import ALGORITHM, SigningKey, sign


@dataclass(frozen=True)
class Issuing:
    """What a request needs to issue tokens; `key` is absent where none is issued."""

    settings: IdentitySettings
    clock: Clock
    alliance: str
    key: SigningKey | None = None

    @property
    def issuer(self) -> str:
        return self.settings.hub.public_url

    def endpoint(self, name: str) -> str:
        """The public address of one of OAuth's endpoints."""
        return f"{self.issuer.rstrip('/')}/oauth/{name}"

    def token_ends(self, subject: Subject | None) -> datetime:
        """When an access token ends: after its minutes, or with the day on which its person holds the post last."""
        ends = self.clock.now() + self.settings.access_token_life
        last = subject.held.ends_at if subject is not None else None
        return min(ends, last) if last is not None else ends

    def signed(self, claims: dict[str, Any], token_type: str) -> str:
        """A token of these claims, those without a value left out."""
        assert self.key is not None  # noqa: S101  # the token endpoint always loads it
        told = {name: value for name, value in claims.items() if value is not None}
        return sign(told, self.key, token_type=token_type)


def role_of(client: HubClient, subject: Subject | None) -> Role:
    """For whom a token speaks: a person in a post, or else the program itself."""
    return subject.role if subject is not None else Role(str(client.row.role))


def jti_of(credential_hash: bytes) -> str:
    """The name of the access token that was given together with a refresh token, told by that one's stored hash.

    So the access tokens of a family are found, and can be revoked, without being written down themselves.
    """
    return base64.urlsafe_b64encode(credential_hash).decode().rstrip("=")


class HubTokenGenerator:
    """Makes the token answer; the scope is narrowed anew by the role of now, also at a refresh."""

    def __init__(self, issuing: Issuing) -> None:
        self._issuing = issuing

    def __call__(
        self,
        grant_type: str,  # noqa: ARG002  # Authlib's signature
        client: HubClient,
        user: Subject | None = None,
        scope: str | None = None,
        expires_in: int | None = None,  # noqa: ARG002
        include_refresh_token: bool = True,  # noqa: ARG002  # `save_token` decides
    ) -> dict[str, Any]:
        """The answer, for a person always with a refresh token. Raises InvalidScopeError when nothing may be given."""
        allowed = client.scope_for(role_of(client, user), scope)
        if not allowed:
            raise InvalidScopeError()
        refresh = new_credential(self._issuing.alliance) if user is not None else None
        jti = jti_of(digest(refresh)) if refresh else secrets.token_urlsafe(16)
        answer = {
            "token_type": "Bearer",
            "access_token": self._issuing.signed(access_claims(self._issuing, client, user, allowed, jti), "at+jwt"),
            "expires_in": int((self._issuing.token_ends(user) - self._issuing.clock.now()).total_seconds()),
            "scope": allowed,
        }
        return {**answer, "refresh_token": refresh} if refresh else answer


def access_claims(issuing: Issuing, client: HubClient, subject: Subject | None, scope: str, jti: str) -> dict[str, Any]:
    """The claims of one access token; those that do not apply are None."""
    now = issuing.clock.now()
    return {
        "iss": issuing.issuer,
        "aud": issuing.settings.hub.audience,
        "iat": int(now.timestamp()),
        "exp": int(issuing.token_ends(subject).timestamp()),
        "jti": jti,
        "client_id": client.client_id,
        "scope": scope,
        "gen": client.generation,
        **(subject.claims if subject is not None else program_claims(client)),
    }


def program_claims(client: HubClient) -> dict[str, Any]:
    """A program's own: a county's machine client works in its alliance; a service names one by header."""
    row = client.row
    return {
        "sub": row.client_id,
        "name": row.name,
        "role": row.role,
        "alliance": client.alliance,
        "division": row.division,
        "unit_name": client.unit_name,
    }


def id_token(
    issuing: Issuing, client: HubClient, subject: Subject, access_token: str, code: AuthorizationCode | None
) -> str:
    """The ID token (OpenID Connect Core 1.0, 2 and 3.1.3.6); `nonce` only with a code, not at a refresh (12.2)."""
    now = issuing.clock.now()
    claims = {
        "iss": issuing.issuer,
        "sub": str(subject.account_id),
        "aud": client.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + issuing.settings.access_token_life).timestamp()),
        "auth_time": int(subject.login.created_at.timestamp()),
        "nonce": code.nonce if code is not None else None,
        "amr": list(subject.login.amr),
        "at_hash": create_half_hash(access_token, ALGORITHM).decode(),
        "sid": str(subject.login.id),
        "alliance": subject.claims["alliance"],
    }
    return issuing.signed(claims, "JWT")
