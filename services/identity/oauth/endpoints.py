"""What a client may ask about tokens, and end: introspection (RFC 7662) and revocation (RFC 7009).

A client learns of and ends its own tokens only; about any other it is told what it is told about an unknown one.
"""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from services.identity.oauth.client import AUTH_METHODS, CONFIDENTIAL_METHODS, HubClient
from services.identity.tables import RefreshToken


@dataclass(frozen=True)
class AccessToken:
    """An access token that was verified: neither over nor revoked."""

    claims: dict[str, Any]

    def check_client(self, client: HubClient) -> bool:
        return self.claims.get("client_id") == client.client_id


class TokenQuery:
    """How both endpoints find a token; the hint is of no use, since the two kinds look different (RFC 7009, 2.1)."""

    server: Any

    def check_params(self, request: Any, client: HubClient) -> None:  # noqa: ARG002  # Authlib's signature
        """Raises InvalidRequestError without a token; an unknown hint is passed over."""
        if not request.form.get("token"):
            raise InvalidRequestError("Missing 'token' in request.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> AccessToken | RefreshToken | None:  # noqa: ARG002
        presented: AccessToken | None = self.server.presented
        found: RefreshToken | None = self.server.find_refresh_token(token_string)
        return presented or found


class HubRevocation(TokenQuery, RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """An access token is revoked alone; a refresh token with its whole family and the access tokens it gave."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def revoke_token(self, token: AccessToken | RefreshToken, request: Any) -> None:  # noqa: ARG002
        if isinstance(token, AccessToken):
            self.server.refused_tokens.append(str(token.claims["jti"]))
        else:
            self.server.end_family(token, "by the client")


class HubIntrospection(TokenQuery, IntrospectionEndpoint):  # type: ignore[misc]
    """For confidential clients. An access token is told by its claims, a refresh token by its row."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def check_permission(self, token: AccessToken | RefreshToken, client: HubClient, request: Any) -> bool:  # noqa: ARG002
        return token.check_client(client)

    def create_introspection_payload(self, token: AccessToken | RefreshToken | None) -> dict[str, Any]:
        """The answer: `{"active": false}` and nothing else unless the token may be used."""
        if isinstance(token, AccessToken):
            return {"active": True, "token_type": "Bearer", **token.claims}
        if token is None or not self.server.lives(token):
            return {"active": False}
        return {
            "active": True,
            "client_id": token.client_id,
            "scope": token.scope,
            "sub": str(token.account_id),
            "iss": self.server.issuing.issuer,
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
        }
