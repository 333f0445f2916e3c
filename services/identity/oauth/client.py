"""A registered client in the shape that Authlib asks questions of."""

import hmac
from typing import Final

from authlib.oauth2.rfc6749 import ClientMixin

from services.identity.credentials import digest
from services.identity.tables import OAuthClient
from services.kernel.alliances import practice_of
from services.kernel.divisions import division_name
from services.kernel.permissions import GRANTS, MACHINE_PERMISSIONS, PERMISSION_LABELS, Permission, Role

OPENID_LABELS: Final = {
    "openid": "确认您的身份",
    "profile": "查看您的姓名、用户名、岗位和所在单位",
    "offline_access": "在您离开后继续以您的身份工作，直到您撤回授权",
}
"""What a person may allow beside permissions (OpenID Connect Core 1.0, 5.4 and 11)."""

OPENID_SCOPES: Final = frozenset(OPENID_LABELS)

NEVER_BY_DEFAULT: Final = frozenset({"offline_access"})
SUPPORTED_SCOPES: Final = OPENID_SCOPES | {permission.value for permission in Permission}

SECRET_METHODS: Final = ("client_secret_basic", "client_secret_post")
CONFIDENTIAL_METHODS: Final = (*SECRET_METHODS, "private_key_jwt")
AUTH_METHODS: Final = (*CONFIDENTIAL_METHODS, "none")
ASSERTION_ALGORITHMS: Final = ("RS256", "ES256")


def allowances(scope: str) -> list[str]:
    """A scope string in sentences for people, OpenID's first."""
    named = set(scope.split())
    own = [label for name, label in OPENID_LABELS.items() if name in named]
    return own + [label for permission, label in PERMISSION_LABELS.items() if permission in named]


def narrowed(scope: str | None, allowed: frozenset[str]) -> str:
    """The part of a scope string that is allowed, sorted; when none is named, what is given unasked (RFC 6749, 3.3)."""
    wanted = set(scope.split()) if scope else allowed - NEVER_BY_DEFAULT
    return " ".join(sorted(wanted & allowed))


class HubClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """Each client authenticates by the one method that it is registered with; redirect URIs match exactly."""

    def __init__(self, row: OAuthClient) -> None:
        self.row = row
        self.client_id = row.client_id

    @property
    def asks_for_consent(self) -> bool:
        """A program of somebody else's: the person decides what it may do (the hub's own pages are trusted)."""
        return self.row.kind == "third_party"

    @property
    def generation(self) -> int | None:
        """What its tokens carry, so that all of them end when it is rotated or revoked; the hub's own have none."""
        return self.row.generation if self.row.kind in ("machine", "third_party") else None

    @property
    def alliance(self) -> str | None:
        """The alliance in which a program speaks for itself; a service of the hub names one with each request."""
        if self.row.alliance is None:
            return None
        return practice_of(self.row.alliance) if self.row.practice else self.row.alliance

    @property
    def unit_name(self) -> str | None:
        """The county that a machine client belongs to."""
        return division_name(self.row.division) if self.row.division else None

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
        return self.row.secret_hash is not None and hmac.compare_digest(self.row.secret_hash, digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002  # Authlib's signature
        return method == self.row.auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.row.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types

    def scope_for(self, role: Role, scope: str | None) -> str:
        """What this client gets for a caller of this role: asked for, registered and granted, all three."""
        granted = MACHINE_PERMISSIONS if self.row.kind == "machine" else GRANTS[role]
        return narrowed(scope, frozenset(self.row.scopes) & (OPENID_SCOPES | granted))
