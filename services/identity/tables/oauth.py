"""OAuth: clients, codes, refresh tokens, consents, and assertions that were used already."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.tables.base import Base, Instant, of_account, of_client, of_post
from services.kernel.database import AllianceKey


class OAuthClient(Base):
    """A program that may ask for tokens; of the deployment. A county's machine client names alliance and division.

    `role` is set where the client speaks for itself: a service, or a machine client in the role of a county's clerk.
    Its tokens carry `generation`; a rotation or revocation raises it, and older tokens are refused.
    """

    __tablename__ = "oauth_client"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    auth_method: Mapped[str] = mapped_column(String(20))
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    role: Mapped[str | None] = mapped_column(String(20))
    alliance: Mapped[str | None] = mapped_column(String(32))
    division: Mapped[str | None] = mapped_column(String(6))
    practice: Mapped[bool] = mapped_column(default=False)
    generation: Mapped[int] = mapped_column(default=1)
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    grant_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    active: Mapped[bool]
    created_by: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("kind IN ('first_party', 'service', 'machine', 'third_party')", name="kind_known"),
        CheckConstraint(
            "auth_method IN ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')",
            name="auth_method_known",
        ),
        CheckConstraint(
            "(auth_method IN ('client_secret_basic', 'client_secret_post')) = (secret_hash IS NOT NULL)",
            name="secret_of_method",
        ),
        CheckConstraint("(auth_method = 'private_key_jwt') = (jwks IS NOT NULL)", name="jwks_of_method"),
        CheckConstraint("(kind = 'machine') = (division IS NOT NULL)", name="division_of_machine"),
        CheckConstraint("division IS NULL OR alliance IS NOT NULL", name="division_in_alliance"),
        CheckConstraint("(kind IN ('service', 'machine')) = (role IS NOT NULL)", name="role_of_own_speaker"),
        Index(None, "alliance", "division"),
    )


class AuthorizationCode(AllianceKey, Base):
    """A code as its hash; kept after use, so that a second use is noticed and ends what the first one gave."""

    __tablename__ = "authorization_code"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    family: Mapped[UUID]
    client_id: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[UUID]
    session_id: Mapped[UUID]
    post_id: Mapped[UUID]
    practice: Mapped[bool] = mapped_column(default=False)
    redirect_uri: Mapped[str | None] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str | None] = mapped_column(Text)
    auth_time: Mapped[datetime] = mapped_column(Instant)
    code_challenge: Mapped[str] = mapped_column(String(128))
    code_challenge_method: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (of_account(), of_post(), of_client(), Index(None, "alliance", "expires_at"))

    def get_redirect_uri(self) -> str | None:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


class RefreshToken(AllianceKey, Base):
    """A refresh token as its hash. Every use replaces it; a second use of a replaced one ends its family."""

    __tablename__ = "refresh_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    family: Mapped[UUID]
    client_id: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[UUID]
    session_id: Mapped[UUID]
    post_id: Mapped[UUID]
    practice: Mapped[bool] = mapped_column(default=False)
    scope: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    replaced_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        of_account(),
        of_post(),
        of_client(),
        Index(None, "alliance", "family"),
        Index(None, "alliance", "account_id"),
        Index(None, "alliance", "session_id"),
        Index(None, "alliance", "expires_at"),
    )

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: OAuthClient) -> bool:
        return self.client_id == client.client_id


class Consent(AllianceKey, Base):
    """What a person allowed a third party's program; withdrawn by `revoked_at`."""

    __tablename__ = "consent"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    scope: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (of_account(), of_client())


class ClientAssertion(Base):
    """A `jti` of a private_key_jwt that was used (RFC 7523, 3); until it expires it is refused again."""

    __tablename__ = "client_assertion"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    jti_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (of_client(), Index(None, "expires_at"))
