"""The grants: authorisation code with PKCE S256, refresh token with rotation, client credentials.

They run on a synchronous session (`AsyncSession.run_sync`); `self.server` is this request's own server.
"""

from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc7636 import CodeChallenge
from sqlalchemy import select

from services.identity.credentials import digest, new_credential
from services.identity.oauth.client import AUTH_METHOD, HubClient
from services.identity.tables import Account, AuthorizationCode, RefreshToken
from services.kernel.ids import new_id
from services.kernel.permissions import Role


class RequiredS256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE by S256 (RFC 7636), required of every client as RFC 9700 advises; `plain` is refused."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Raises InvalidRequestError, which Authlib sends to the redirect URI."""
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge_method' must be S256")
        super().validate_code_challenge(grant, redirect_uri)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """RFC 6749, 4.1. A code serves once; a second use ends the tokens that the first one gave (RFC 9700, 4.5)."""

    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)

    def generate_authorization_code(self) -> str:
        return new_credential(self.server.issuing.alliance)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Keep the code's hash with what was asked. Raises InvalidScopeError when the role may have none of it."""
        account: Account = request.user
        scope = request.client.scope_for(Role(account.role), request.scope)
        if not scope:
            back = request.payload.redirect_uri or request.client.get_default_redirect_uri()
            raise InvalidScopeError(redirect_uri=back)
        issuing = self.server.issuing
        now = issuing.clock.now()
        row = AuthorizationCode(
            alliance=issuing.alliance,
            code_hash=digest(code),
            family=new_id(),
            client_id=request.client.client_id,
            account_id=account.id,
            session_id=self.server.login_session_id,
            redirect_uri=request.payload.redirect_uri,
            scope=scope,
            code_challenge=request.payload.data["code_challenge"],
            code_challenge_method="S256",
            created_at=now,
            expires_at=now + timedelta(minutes=issuing.settings.code_minutes),
        )
        self.server.session.add(row)

    def query_authorization_code(self, code: str, client: HubClient) -> AuthorizationCode | None:
        """The unused code of this client, its row locked against a second use at the same time."""
        own = select(AuthorizationCode).where(AuthorizationCode.alliance == self.server.issuing.alliance)
        found = self.server.session.scalars(
            own.where(AuthorizationCode.code_hash == digest(code)).with_for_update()
        ).one_or_none()
        if found is None or found.client_id != client.client_id:
            return None
        if found.used_at is not None:
            self.server.revoke_family(found.family, found.account_id, "authorisation code used twice")
            return None
        return found if found.expires_at > self.server.issuing.clock.now() else None

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """Mark the code as used; it stays, so that a second use is noticed."""
        authorization_code.used_at = self.server.issuing.clock.now()

    def authenticate_user(self, authorization_code: AuthorizationCode) -> Account | None:
        account: Account | None = self.server.active_account(authorization_code.account_id)
        return account


class RefreshTokenGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """RFC 6749, 6, with rotation: each use gives a new token, a second use of an old one ends the family."""

    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        """The living token of an active account, its row locked."""
        found: RefreshToken | None = self.server.find_refresh_token(refresh_token, lock=True)
        if found is None or found.revoked_at is not None:
            return None
        if found.replaced_at is not None:
            self.server.revoke_family(found.family, found.account_id, "refresh token used twice")
            return None
        alive = found.expires_at > self.server.issuing.clock.now()
        return found if alive and self.server.active_account(found.account_id) else None

    def authenticate_user(self, refresh_token: RefreshToken) -> Account | None:
        account: Account | None = self.server.active_account(refresh_token.account_id)
        return account

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        refresh_token.replaced_at = self.server.issuing.clock.now()


class ClientCredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """RFC 6749, 4.4, for services of the hub: the client itself is the principal, in its registered role."""

    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)
