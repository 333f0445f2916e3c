"""Sign-in by a unit's own identity provider."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.tables.base import Base, Instant, OfAlliance, Versioned, of_account
from services.kernel.database import AllianceKey


def of_provider() -> ForeignKeyConstraint:
    """The reference of a `provider_id` to its provider, within the alliance."""
    return ForeignKeyConstraint(["alliance", "provider_id"], ["identity_provider.alliance", "identity_provider.id"])


class IdentityProvider(AllianceKey, OfAlliance, Versioned, Base):
    """A unit's own sign-in. Of a member or a county, or (with neither) of the whole alliance; `secret` is sealed."""

    __tablename__ = "identity_provider"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(100))
    member: Mapped[UUID | None]
    division: Mapped[str | None] = mapped_column(String(6))
    config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    active: Mapped[bool]

    __table_args__ = (
        CheckConstraint("kind IN ('oidc', 'oauth2', 'cas', 'wecom', 'dingtalk')", name="kind_known"),
        CheckConstraint("member IS NULL OR division IS NULL", name="one_unit"),
        UniqueConstraint("alliance", "name"),
    )


class ExternalIdentity(AllianceKey, Base):
    """Who somebody is at a unit's provider, bound to the account that was invited."""

    __tablename__ = "external_identity"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider_id: Mapped[UUID]
    subject: Mapped[str] = mapped_column(String(255))
    account_id: Mapped[UUID]
    display: Mapped[str] = mapped_column(String(100))
    bound_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        of_provider(),
        of_account(),
        UniqueConstraint("alliance", "provider_id", "subject"),
        Index(None, "alliance", "account_id"),
    )


class FederationAttempt(AllianceKey, Base):
    """A browser that was sent to a provider; its `state` is stored as a hash and serves once.

    `account_id` is set where a signed-in person binds, `invitation_id` where an invited one does.
    """

    __tablename__ = "federation_attempt"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    provider_id: Mapped[UUID]
    nonce: Mapped[str | None] = mapped_column(String(128))
    verifier_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    return_to: Mapped[str] = mapped_column(Text)
    invitation_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        of_provider(),
        of_account(),
        ForeignKeyConstraint(["alliance", "invitation_id"], ["invitation.alliance", "invitation.id"]),
        Index(None, "alliance", "expires_at"),
    )
