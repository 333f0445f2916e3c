"""Members, whom to reach there, which became which, and pairs that are two after all."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Computed, Date, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Dated, Historic
from services.kernel.tenancy import ALL_OF_ALLIANCE
from services.registry.tables.base import Base, Instant, Shared, Versioned


class Member(AllianceKey, Historic, Versioned, Base):
    """An organisation of the alliance. A county sees those of its division; every member unit sees all."""

    __tablename__ = "member"
    county_column: ClassVar[str] = "division"
    member_column: ClassVar[str] = ALL_OF_ALLIANCE
    history_begins: ClassVar[str | None] = "joined_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    former_names: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    uscc: Mapped[str | None] = mapped_column(String(18))
    school_code: Mapped[str | None] = mapped_column(String(10))
    category: Mapped[str] = mapped_column(String(30))
    division: Mapped[str | None] = mapped_column(String(6))
    functional_zone: Mapped[str | None] = mapped_column(String(6))
    structure_role: Mapped[str | None] = mapped_column(String(20))
    enterprise_size: Mapped[str | None] = mapped_column(String(10))
    size_evidence: Mapped[str | None] = mapped_column(String(200))
    industry: Mapped[str | None] = mapped_column(String(100))
    industry_code: Mapped[str | None] = mapped_column(String(10))
    address: Mapped[str | None] = mapped_column(String(200))
    logo: Mapped[UUID | None] = mapped_column(Uuid)
    contact_person: Mapped[str | None] = mapped_column(String(50))
    contact_phone: Mapped[str | None] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(10))
    joined_on: Mapped[date | None] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)
    sort_key: Mapped[str] = mapped_column(String(400))
    search_text: Mapped[str] = mapped_column(Text)
    # A NULL-able column is sorted by this one, which the database generates.
    division_order: Mapped[str] = mapped_column(String(6), Computed("coalesce(division, '')", persisted=True))
    core_names: Mapped[str] = mapped_column(
        Text, Computed("registry.core_names(name, aliases, former_names)", persisted=True), deferred=True
    )


class MemberContact(AllianceKey, Historic, Shared, Versioned, Base):
    """Whom to reach at a member, by post. Who sees which is decided by the member (`queries`)."""

    __tablename__ = "member_contact"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid)
    post: Mapped[str] = mapped_column(String(50))
    person: Mapped[str] = mapped_column(String(50))
    phone: Mapped[str | None] = mapped_column(String(30))
    email: Mapped[str | None] = mapped_column(String(100))


class MemberSuccession(AllianceKey, Dated, Shared, Base):
    """A member that was merged into another, or from which another was split off."""

    __tablename__ = "member_succession"
    dated_on: ClassVar[str] = "on_date"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    predecessor: Mapped[UUID] = mapped_column(Uuid)
    successor: Mapped[UUID] = mapped_column(Uuid)
    on_date: Mapped[date] = mapped_column(Date)
    document: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(Instant)


class DuplicateDismissal(AllianceKey, Shared, Base):
    """Two members that look alike and are two all the same; `one` is the smaller id."""

    __tablename__ = "duplicate_dismissal"

    one: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    other: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    dismissed_by: Mapped[str] = mapped_column(String(100))
    dismissed_by_name: Mapped[str] = mapped_column(String(100))
    dismissed_at: Mapped[datetime] = mapped_column(Instant)
