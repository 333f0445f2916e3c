"""People, their accounts, posts, and who holds a post from when to when."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.identity.domain import COUNTY_ROLES, PEOPLE, UNIT_ROLES, AccountState, InvitationPurpose
from services.identity.tables.base import Base, Instant, OfAlliance, Versioned, of_account, of_post
from services.kernel.database import AllianceKey
from services.kernel.permissions import Role


def one_of(values: frozenset[Role] | type[AccountState] | type[InvitationPurpose]) -> str:
    """The values as a list in SQL, in stable order."""
    return ", ".join(f"'{value}'" for value in sorted(values))


class Alliance(AllianceKey, OfAlliance, Base):
    """The name under which an alliance is shown at sign-in."""

    __tablename__ = "alliance"

    name: Mapped[str] = mapped_column(String(100))


class Person(AllianceKey, OfAlliance, Base):
    """Somebody who holds posts, or held them; the name is all that is kept."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class Account(AllianceKey, OfAlliance, Versioned, Base):
    """How a person signs in; each person has one. `totp_secret` is sealed, `totp_last_step` was used already."""

    __tablename__ = "account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    username: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_set_at: Mapped[datetime | None] = mapped_column(Instant)
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)

    person: Mapped[Person] = relationship(lazy="raise")

    __table_args__ = (
        UniqueConstraint("alliance", "username"),
        UniqueConstraint("alliance", "person_id"),
        ForeignKeyConstraint(["alliance", "person_id"], ["person.alliance", "person.id"]),
        CheckConstraint("username = lower(username)", name="username_lower"),
        CheckConstraint(f"state IN ({one_of(AccountState)})", name="state_known"),
        CheckConstraint("(password_hash IS NULL) = (password_set_at IS NULL)", name="password_dated"),
        CheckConstraint("totp_confirmed_at IS NULL OR totp_secret IS NOT NULL", name="totp_has_secret"),
    )

    @property
    def active(self) -> bool:
        """Whether it may sign in at all."""
        return self.state == AccountState.ACTIVE


class RecoveryCode(AllianceKey, Base):
    """One of the codes that stand in for a lost second factor, as its hash; each serves once."""

    __tablename__ = "recovery_code"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (of_account(),)


class Post(AllianceKey, Versioned, Base):
    """A post of a unit: rights hang on it, and pass from holder to holder.

    `division` is a county's, `member` a member unit's, `department` a joint reviewer's; other units have none.
    """

    __tablename__ = "post"
    county_column: ClassVar[str] = "division"
    member_column: ClassVar[str] = "member"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    unit_name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    division: Mapped[str | None] = mapped_column(String(6))
    member: Mapped[UUID | None]
    department: Mapped[str | None] = mapped_column(String(20))
    active: Mapped[bool]

    __table_args__ = (
        CheckConstraint(f"role IN ({one_of(PEOPLE)})", name="role_known"),
        CheckConstraint(f"(role IN ({one_of(COUNTY_ROLES)})) = (division IS NOT NULL)", name="division_of_county"),
        CheckConstraint(f"(role IN ({one_of(UNIT_ROLES)})) = (member IS NOT NULL)", name="member_of_unit"),
        CheckConstraint("(role = 'joint_reviewer') = (department IS NOT NULL)", name="department_of_reviewer"),
        Index(None, "alliance", "role"),
    )


class PostHolding(AllianceKey, Base):
    """Who holds a post on the business dates from `from_date` up to, not including, `until_date`.

    An end on the first day makes the holding empty: it was withdrawn before it began. Rows are never deleted.
    """

    __tablename__ = "post_holding"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID]
    person_id: Mapped[UUID]
    from_date: Mapped[date]
    until_date: Mapped[date | None]
    reason: Mapped[str] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(String(200))
    granted_by: Mapped[str] = mapped_column(String(100))
    granted_at: Mapped[datetime] = mapped_column(Instant)
    ended_by: Mapped[str | None] = mapped_column(String(100))
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(Text)

    post: Mapped[Post] = relationship(lazy="raise")
    person: Mapped[Person] = relationship(lazy="raise", overlaps="post")

    __table_args__ = (
        of_post(),
        ForeignKeyConstraint(["alliance", "person_id"], ["person.alliance", "person.id"]),
        CheckConstraint("until_date >= from_date", name="dates_in_order"),
        ExcludeConstraint(
            (literal_column("alliance"), "="),
            (literal_column("post_id"), "="),
            (func.daterange(literal_column("from_date"), literal_column("until_date")), "&&"),
            name="ex_post_holding_one_holder",
            using="gist",
        ),
        Index(None, "alliance", "person_id"),
    )


class Invitation(AllianceKey, Base):
    """A link by which somebody sets a password, or binds the unit's own sign-in; its token is stored as a hash.

    An account has one that is neither used nor revoked, at most: a new one revokes the one before.
    """

    __tablename__ = "invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    purpose: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        of_account(),
        UniqueConstraint("alliance", "token_hash"),
        CheckConstraint(f"purpose IN ({one_of(InvitationPurpose)})", name="purpose_known"),
        Index(
            "uq_invitation_one_open",
            "alliance",
            "account_id",
            unique=True,
            postgresql_where=text("used_at IS NULL AND revoked_at IS NULL"),
        ),
    )
