"""Authlib's authorization server on our tables; one instance serves one request, on its synchronous session."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import InvalidClientError
from fastapi.responses import Response
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.identity.credentials import digest
from services.identity.oauth.client import HubClient
from services.identity.oauth.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RequiredS256,
)
from services.identity.oauth.issuing import HubTokenGenerator, Issuing
from services.identity.oauth.requests import HubOAuth2Request, response_of
from services.identity.oauth.revocation import HubRevocation
from services.identity.tables import Account, AuthorizationCode, OAuthClient, RefreshToken
from services.kernel.permissions import Permission


@dataclass(frozen=True)
class Revoked:
    """A family of tokens that was ended while a request was served; the caller writes it to the audit log."""

    account_id: UUID
    reason: str


class HubAuthorizationServer(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Queries and saves for Authlib. `revoked` collects what the audit log must tell."""

    def __init__(self, session: Session, issuing: Issuing, *, login_session_id: UUID | None = None) -> None:
        super().__init__(scopes_supported=[permission.value for permission in Permission])
        self.session = session
        self.issuing = issuing
        self.login_session_id = login_session_id
        self.revoked: list[Revoked] = []
        self.register_token_generator("default", HubTokenGenerator(issuing))
        self.register_grant(AuthorizationCodeGrant, [RequiredS256(required=True)])
        self.register_grant(RefreshTokenGrant)
        self.register_grant(ClientCredentialsGrant)
        self.register_endpoint(HubRevocation)

    def query_client(self, client_id: str) -> HubClient | None:
        """The client of this id while it is in use; PostgreSQL text holds no NUL, and no id does."""
        row = None if "\x00" in client_id else self.session.get(OAuthClient, client_id)
        return HubClient(row) if row is not None and row.active else None

    def authenticate_client(self, request: Any, methods: Any, endpoint: str = "token") -> HubClient:
        """As Authlib does; a Basic header that is no UTF-8 is a refusal, too."""
        try:
            client: HubClient = super().authenticate_client(request, methods, endpoint)
        except UnicodeDecodeError as fault:
            raise InvalidClientError(status_code=401) from fault
        return client

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Keep the refresh token's hash, if there is one; a family ends when its first token would have."""
        if "refresh_token" not in token:
            return
        origin: AuthorizationCode | RefreshToken = request.refresh_token or request.authorization_code
        now = self.issuing.clock.now()
        row = RefreshToken(
            alliance=self.issuing.alliance,
            token_hash=digest(token["refresh_token"]),
            family=origin.family,
            client_id=origin.client_id,
            account_id=origin.account_id,
            session_id=origin.session_id,
            scope=token["scope"],
            issued_at=now,
            expires_at=origin.expires_at if request.refresh_token else now + self.issuing.settings.refresh_life,
        )
        self.session.add(row)

    def find_refresh_token(self, token: str, *, lock: bool = False) -> RefreshToken | None:
        """The row of a refresh token, whatever its state; locked against a second use at the same time."""
        own = select(RefreshToken).where(RefreshToken.alliance == self.issuing.alliance)
        statement = own.where(RefreshToken.token_hash == digest(token))
        return self.session.scalars(statement.with_for_update() if lock else statement).one_or_none()

    def active_account(self, account_id: UUID) -> Account | None:
        own = select(Account).where(Account.alliance == self.issuing.alliance, Account.id == account_id)
        return self.session.scalars(own.where(Account.active)).one_or_none()

    def revoke_family(self, family: UUID, account_id: UUID, reason: str) -> None:
        """End every refresh token that came of one sign-in."""
        own = update(RefreshToken).where(RefreshToken.alliance == self.issuing.alliance, RefreshToken.family == family)
        living = own.where(RefreshToken.revoked_at.is_(None)).values(revoked_at=self.issuing.clock.now())
        self.session.execute(living.execution_options(synchronize_session=False))
        self.revoked.append(Revoked(account_id, reason))

    def create_oauth2_request(self, request: HubOAuth2Request) -> HubOAuth2Request:
        """The routes build the request, since reading its body is asynchronous."""
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        return response_of(status, body, headers)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens: what matters is in the audit log."""
