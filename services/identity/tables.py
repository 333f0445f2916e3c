"""The schema `identity`. Accounts, sessions, codes and tokens are an alliance's; clients and keys the deployment's."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey, TenantTable, new_metadata
from services.kernel.tenancy import ALL_OF_ALLIANCE

Instant = DateTime(timezone=True)


class Base(TenantTable):
    """Root of identity's tables."""

    __abstract__ = True
    metadata = new_metadata()


class Alliance(AllianceKey, Base):
    """The name under which an alliance is shown at sign-in."""

    __tablename__ = "alliance"
    county_column: ClassVar[str] = ALL_OF_ALLIANCE
    member_column: ClassVar[str] = ALL_OF_ALLIANCE

    name: Mapped[str] = mapped_column(String(100))


class Account(AllianceKey, Base):
    """A person who signs in for a post: the secretariat, a county's bureau or a member unit."""

    __tablename__ = "account"
    county_column: ClassVar[str] = "division"
    member_column: ClassVar[str] = "member"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    division: Mapped[str | None] = mapped_column(String(6))
    member: Mapped[UUID | None]
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    password_set_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("alliance", "username"),
        CheckConstraint("username = lower(username)", name="username_lower"),
        CheckConstraint("role IN ('secretariat', 'county_bureau', 'member_unit')", name="role_known"),
        CheckConstraint("(role = 'county_bureau') = (division IS NOT NULL)", name="division_of_bureau"),
        CheckConstraint("(role = 'member_unit') = (member IS NOT NULL)", name="member_of_unit"),
    )


class SignInGuard(AllianceKey, Base):
    """Failed attempts on one user name, known or not; the name is blinded."""

    __tablename__ = "sign_in_guard"

    name_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger)
    last_failed_at: Mapped[datetime | None] = mapped_column(Instant)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)


class LoginSession(AllianceKey, Base):
    """A browser that is signed in at identity; its cookie is stored as a hash."""

    __tablename__ = "login_session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[UUID]
    client_address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("alliance", "token_hash"),
        ForeignKeyConstraint(["alliance", "account_id"], ["account.alliance", "account.id"]),
        Index(None, "alliance", "account_id"),
    )


class OAuthClient(Base):
    """A program that may ask for tokens. `role` is set for a service that speaks for itself."""

    __tablename__ = "oauth_client"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    role: Mapped[str | None] = mapped_column(String(20))
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    grant_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class AuthorizationCode(AllianceKey, Base):
    """A code as its hash; kept after use, so that a second use is noticed and ends what the first one gave."""

    __tablename__ = "authorization_code"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    family: Mapped[UUID]
    client_id: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[UUID]
    session_id: Mapped[UUID]
    redirect_uri: Mapped[str | None] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(String(128))
    code_challenge_method: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        ForeignKeyConstraint(["alliance", "account_id"], ["account.alliance", "account.id"]),
        ForeignKeyConstraint(["client_id"], ["oauth_client.client_id"]),
        Index(None, "alliance", "expires_at"),
    )

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
    scope: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    replaced_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        ForeignKeyConstraint(["alliance", "account_id"], ["account.alliance", "account.id"]),
        ForeignKeyConstraint(["client_id"], ["oauth_client.client_id"]),
        Index(None, "alliance", "family"),
        Index(None, "alliance", "account_id"),
        Index(None, "alliance", "session_id"),
        Index(None, "alliance", "expires_at"),
    )

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: OAuthClient) -> bool:
        return self.client_id == client.client_id


class SigningKeyRow(Base):
    """A signing key: its public half as a JWK, its private half encrypted."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    private_pem: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    signs_from: Mapped[datetime] = mapped_column(Instant)
    retires_at: Mapped[datetime | None] = mapped_column(Instant)
