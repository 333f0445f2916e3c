"""The grants: authorisation code with PKCE S256, refresh token with rotation, client credentials.

They run on a synchronous session (`AsyncSession.run_sync`); `self.server` is this request's own server.
"""

from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDToken
from sqlalchemy import select

from services.identity.credentials import digest, new_credential
from services.identity.oauth.client import AUTH_METHODS, CONFIDENTIAL_METHODS, HubClient
from services.identity.oauth.issuing import Issuing, id_token
from services.identity.oauth.subject import Subject
from services.identity.tables import AuthorizationCode, RefreshToken
from services.kernel.ids import new_id


class RequiredS256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE by S256 (RFC 7636), required of every client as OAuth 2.1 has it; `plain` is refused."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Raises InvalidRequestError, which Authlib sends to the redirect URI."""
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge_method' must be S256")
        super().validate_code_challenge(grant, redirect_uri)


class WithIdToken(OpenIDToken):  # type: ignore[misc]
    """Adds an ID token to the answer when `openid` was granted, at a code and at a refresh."""

    def __init__(self, issuing: Issuing) -> None:
        self._issuing = issuing

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        return id_token(self._issuing, request.client, request.user, token["access_token"], request.authorization_code)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """RFC 6749, 4.1. A code serves once; a second use ends the tokens that the first one gave (RFC 9700, 4.5)."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def generate_authorization_code(self) -> str:
        return new_credential(self.server.issuing.alliance)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Keep the code's hash with what was asked. Raises InvalidScopeError when the post may have none of it."""
        subject: Subject = request.user
        scope = request.client.scope_for(subject.role, request.payload.scope)
        if not scope:
            raise InvalidScopeError(redirect_uri=self.redirect_uri)
        issuing = self.server.issuing
        now = issuing.clock.now()
        row = AuthorizationCode(
            alliance=issuing.alliance,
            code_hash=digest(code),
            family=new_id(),
            client_id=request.client.client_id,
            account_id=subject.account_id,
            session_id=subject.login.id,
            post_id=subject.held.post.id,
            practice=subject.held.practice,
            redirect_uri=request.payload.redirect_uri,
            scope=scope,
            nonce=request.payload.data.get("nonce"),
            auth_time=subject.login.created_at,
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
            self.server.end_family(found, "authorisation code used twice")
            return None
        return found if found.expires_at > self.server.issuing.clock.now() else None

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """Mark the code as used; it stays, so that a second use is noticed."""
        authorization_code.used_at = self.server.issuing.clock.now()

    def authenticate_user(self, authorization_code: AuthorizationCode) -> Subject | None:
        subject: Subject | None = self.server.subject_of(authorization_code)
        return subject


class RefreshTokenGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """RFC 6749, 6, with rotation: each use gives a new token, a second use of an old one ends the family."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        """The living token, its row locked."""
        found: RefreshToken | None = self.server.find_refresh_token(refresh_token, lock=True)
        if found is None:
            return None
        if found.replaced_at is not None and found.revoked_at is None:
            self.server.end_family(found, "refresh token used twice")
            return None
        return found if self.server.lives(found) else None

    def authenticate_user(self, refresh_token: RefreshToken) -> Subject | None:
        """The person, who counts as seen: a program that works for somebody keeps the session from idling out."""
        subject: Subject | None = self.server.subject_of(refresh_token)
        if subject is not None:
            subject.login.seen_at = self.server.issuing.clock.now()
        return subject

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        refresh_token.replaced_at = self.server.issuing.clock.now()


class ClientCredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """RFC 6749, 4.4: the program itself is the principal, in its registered role (a service, a county's system)."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS
