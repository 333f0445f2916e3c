"""Token revocation (RFC 7009): ends a refresh token's whole family. An access token ends by itself within minutes."""

from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint

from services.identity.oauth.client import AUTH_METHOD
from services.identity.tables import RefreshToken


class HubRevocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """An unknown token is answered like a known one, as the RFC says."""

    CLIENT_AUTH_METHODS = (AUTH_METHOD,)

    def query_token(self, token_string: str, token_type_hint: str | None) -> RefreshToken | None:  # noqa: ARG002
        found: RefreshToken | None = self.server.find_refresh_token(token_string)
        return found

    def revoke_token(self, token: RefreshToken, request: Any) -> None:  # noqa: ARG002  # Authlib's signature
        self.server.revoke_family(token.family, token.account_id, "by the client")
