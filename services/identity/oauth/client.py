"""A registered client in the shape that Authlib asks questions of."""

import hmac

from authlib.oauth2.rfc6749 import ClientMixin

from services.identity.credentials import digest
from services.identity.tables import OAuthClient
from services.kernel.permissions import GRANTS, Role

AUTH_METHOD = "client_secret_basic"


def narrowed(scope: str | None, allowed: frozenset[str]) -> str:
    """The part of a scope string that is allowed, sorted; all that is allowed when none is named (RFC 6749, 3.3)."""
    wanted = set(scope.split()) if scope else set(allowed)
    return " ".join(sorted(wanted & allowed))


class HubClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """Every client is confidential and authenticates by HTTP Basic; redirect URIs match exactly."""

    def __init__(self, row: OAuthClient) -> None:
        self.row = row
        self.client_id = row.client_id

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """The only registered URI; with several the request must name one."""
        return self.row.redirect_uris[0] if len(self.row.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        return narrowed(scope, frozenset(self.row.scopes))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.row.secret_hash, digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002  # Authlib's signature
        return method == AUTH_METHOD

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.row.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types

    def scope_for(self, role: Role, scope: str | None) -> str:
        """What this client gets for a caller of this role: asked for, registered and granted, all three."""
        return narrowed(scope, frozenset(self.row.scopes) & frozenset(GRANTS[role]))
