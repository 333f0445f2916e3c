"""Signing in: guards against guessing, browsers that are signed in, and what was revoked before its time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.tables.base import Base, Instant, of_account, of_post
from services.kernel.database import AllianceKey


class SignInGuard(AllianceKey, Base):
    """Failed attempts on one user name, known or not; the name is blinded."""

    __tablename__ = "sign_in_guard"

    name_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger)
    last_failed_at: Mapped[datetime | None] = mapped_column(Instant)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)


class LoginSession(AllianceKey, Base):
    """A browser that is signed in at identity, or on its way there; its cookie is stored as a hash.

    `stage` says what is still to come: `factor`, then `post`; only a `complete` one gets codes, and works in `post_id`.
    `amr` names how the person proved who it is (RFC 8176: pwd, otp, …), `external_id` the identity at a unit's own
    sign-in by which it was opened; that may be unbound since.
    """

    __tablename__ = "login_session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[UUID]
    post_id: Mapped[UUID | None]
    practice: Mapped[bool] = mapped_column(default=False)
    external_id: Mapped[UUID | None]
    stage: Mapped[str] = mapped_column(String(10))
    amr: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    client_address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("alliance", "token_hash"),
        of_account(),
        of_post(),
        CheckConstraint("stage IN ('password', 'factor', 'post', 'complete')", name="stage_known"),
        CheckConstraint("stage <> 'complete' OR post_id IS NOT NULL", name="complete_has_post"),
        Index(None, "alliance", "account_id"),
        Index(None, "alliance", "post_id"),
        Index(None, "alliance", "external_id"),
    )


class Revocation(Base):
    """A session, a token or the generations of a client before one, refused by every service; of the deployment.

    Kept as long as a token may live. `generation` is the least that is still accepted, of a client only.
    """

    __tablename__ = "revocation"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[str] = mapped_column(String(100), primary_key=True)
    generation: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("kind IN ('session', 'client', 'token')", name="kind_known"),
        CheckConstraint("(kind = 'client') = (generation IS NOT NULL)", name="generation_of_client"),
        Index(None, "expires_at"),
    )
