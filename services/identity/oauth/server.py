"""Authlib's authorization server on our tables; one instance serves one request, on its synchronous session."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from fastapi.responses import Response
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.identity.credentials import digest
from services.identity.oauth.assertion import PrivateKeyJwt
from services.identity.oauth.checks import RequestChecks, refuse_other_resources, refuse_repeated
from services.identity.oauth.client import SUPPORTED_SCOPES, HubClient
from services.identity.oauth.endpoints import AccessToken, HubIntrospection, HubRevocation
from services.identity.oauth.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RequiredS256,
    WithIdToken,
)
from services.identity.oauth.issuing import HubTokenGenerator, Issuing, jti_of
from services.identity.oauth.requests import HubOAuth2Request, mechanisms, response_of
from services.identity.oauth.subject import Subject, subject_of
from services.identity.tables import AuthorizationCode, OAuthClient, RefreshToken
from services.kernel.clock import business_date

Grant = AuthorizationCode | RefreshToken


@dataclass(frozen=True)
class EndedFamily:
    """Tokens of one sign-in at one client that were ended while a request was served; goes to the audit log."""

    account_id: UUID
    client_id: str
    reason: str


class HubAuthorizationServer(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Queries and saves for Authlib. `ended` and `refused_tokens` tell the caller what to audit and to revoke.

    `presented` is the verified access token that a client asks about, where there is one.
    """

    def __init__(self, session: Session, issuing: Issuing, *, presented: AccessToken | None = None) -> None:
        super().__init__(scopes_supported=sorted(SUPPORTED_SCOPES))
        self.session = session
        self.issuing = issuing
        self.presented = presented
        self.ended: list[EndedFamily] = []
        self.refused_tokens: list[str] = []
        self.client: HubClient | None = None
        self.register_token_generator("default", HubTokenGenerator(issuing))
        tokens = WithIdToken(issuing)
        self.register_grant(
            AuthorizationCodeGrant, [RequestChecks(issuing.settings), RequiredS256(required=True), tokens]
        )
        self.register_grant(RefreshTokenGrant, [tokens])
        self.register_grant(ClientCredentialsGrant)
        self.register_endpoint(HubRevocation)
        self.register_endpoint(HubIntrospection)

    def query_client(self, client_id: str) -> HubClient | None:
        """The client of this id while it is in use; PostgreSQL text holds no NUL, and no id does."""
        row = None if "\x00" in client_id else self.session.get(OAuthClient, client_id)
        return HubClient(row) if row is not None and row.active else None

    def validate_requested_scope(self, scope: str | None) -> None:
        """An OpenID request's unknown scopes are passed over (OpenID Connect Core 1.0, 3.1.2.1), others refused."""
        if "openid" not in (scope or "").split():
            super().validate_requested_scope(scope)

    def authenticate_client(self, request: Any, methods: Any, endpoint: str = "token") -> HubClient:
        """As Authlib does; by one mechanism only (RFC 6749, 2.3). A Basic header that is no UTF-8 is a refusal, too."""
        if len(mechanisms(request)) > 1:
            raise InvalidRequestError("The client authenticates in more than one way.")
        if self._client_auth is None:
            self.register_client_auth_method(
                PrivateKeyJwt.CLIENT_AUTH_METHOD, PrivateKeyJwt(self.session, self.issuing)
            )
        try:
            self.client = super().authenticate_client(request, methods, endpoint)
        except UnicodeDecodeError as fault:
            raise InvalidClientError(status_code=401) from fault
        return self.client

    def create_token_response(self, request: HubOAuth2Request) -> Response:
        """As Authlib does, once the parameters that every grant has are in order."""
        try:
            refuse_repeated(request)
            refuse_other_resources(request, self.issuing.settings)
        except OAuth2Error as error:
            return self.handle_response(*error())
        response: Response = super().create_token_response(request)
        return response

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Keep the refresh token's hash: it stands for what was given, even to a client that may not refresh."""
        if "refresh_token" not in token:
            return
        origin: Grant = request.refresh_token or request.authorization_code
        subject: Subject = request.user
        row = RefreshToken(
            alliance=self.issuing.alliance,
            token_hash=digest(token["refresh_token"]),
            family=origin.family,
            client_id=origin.client_id,
            account_id=origin.account_id,
            session_id=origin.session_id,
            post_id=origin.post_id,
            practice=origin.practice,
            scope=origin.scope,
            issued_at=self.issuing.clock.now(),
            expires_at=origin.expires_at if request.refresh_token else self._family_ends(subject, origin.scope),
        )
        self.session.add(row)
        if not request.client.check_grant_type("refresh_token"):
            del token["refresh_token"]

    def _family_ends(self, subject: Subject, scope: str) -> Any:
        """A family ends with its sign-in's longest time; `offline_access` lets it outlive that."""
        longest = self.issuing.clock.now() + self.issuing.settings.refresh_life
        return longest if "offline_access" in scope.split() else min(longest, subject.login.expires_at)

    def find_refresh_token(self, token: str, *, lock: bool = False) -> RefreshToken | None:
        """The row of a refresh token, whatever its state; locked against a second use at the same time."""
        own = select(RefreshToken).where(RefreshToken.alliance == self.issuing.alliance)
        statement = own.where(RefreshToken.token_hash == digest(token))
        return self.session.scalars(statement.with_for_update() if lock else statement).one_or_none()

    def lives(self, token: RefreshToken) -> bool:
        """Whether a refresh token may be used: not replaced, revoked or over, and its person is still at work."""
        now = self.issuing.clock.now()
        if token.replaced_at is not None or token.revoked_at is not None or token.expires_at <= now:
            return False
        subject = self.subject_of(token)
        if subject is None:
            return False
        settings = self.issuing.settings
        # Who works on shows himself at least when the next access token is due.
        rested = now - subject.login.seen_at >= settings.session_idle + settings.access_token_life
        return not rested or "offline_access" in token.scope.split()

    def subject_of(self, grant: Grant) -> Subject | None:
        """The person for whom a code or refresh token was given, as far as that is so today."""
        issuing = self.issuing
        return subject_of(
            self.session,
            issuing.alliance,
            grant.session_id,
            grant.post_id,
            business_date(issuing.clock),
            practice=grant.practice,
        )

    def end_family(self, grant: Grant, reason: str) -> None:
        """End every refresh token that came of one sign-in at one client, and the access tokens that still live."""
        now = self.issuing.clock.now()
        family = (RefreshToken.alliance == self.issuing.alliance, RefreshToken.family == grant.family)
        living = update(RefreshToken).where(*family, RefreshToken.revoked_at.is_(None)).values(revoked_at=now)
        self.session.execute(living.execution_options(synchronize_session=False))
        lately = RefreshToken.issued_at > now - self.issuing.settings.access_token_life
        given = self.session.scalars(select(RefreshToken.token_hash).where(*family, lately))
        self.refused_tokens += [jti_of(one) for one in given]
        self.ended.append(EndedFamily(grant.account_id, grant.client_id, reason))

    def create_oauth2_request(self, request: HubOAuth2Request) -> HubOAuth2Request:
        """The routes build the request, since reading its body is asynchronous."""
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        return response_of(status, body, headers)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens: what matters is in the audit log."""
