"""Applications to join and what was done to them; the steps of members' lives; yearly reviews."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Identity, LargeBinary, SmallInteger, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Dated, Historic
from services.kernel.tenancy import ALL_OF_ALLIANCE
from services.registry.tables.base import Base, Instant, Versioned


class MembershipApplication(AllianceKey, Historic, Versioned, Base):
    """An application to join. A county sees those of its division, a member unit the one that it came by."""

    __tablename__ = "membership_application"
    county_column: ClassVar[str] = "division"
    member_column: ClassVar[str] = "member"
    history_begins: ClassVar[str | None] = "submitted_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(100))
    uscc: Mapped[str | None] = mapped_column(String(18))
    category: Mapped[str] = mapped_column(String(30))
    division: Mapped[str | None] = mapped_column(String(6))
    address: Mapped[str | None] = mapped_column(String(200))
    profile: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    contact_person: Mapped[str] = mapped_column(String(50))
    contact_phone: Mapped[str] = mapped_column(String(30))
    submitted_on: Mapped[date] = mapped_column(Date)
    published_on: Mapped[date | None] = mapped_column(Date)
    publicity_days: Mapped[int | None] = mapped_column(SmallInteger)
    publicity_ends_on: Mapped[date | None] = mapped_column(Date)
    publicity_estimated: Mapped[bool] = mapped_column(Boolean)
    member: Mapped[UUID | None] = mapped_column(Uuid)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    form_hash: Mapped[bytes] = mapped_column(LargeBinary)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    origin_hash: Mapped[bytes] = mapped_column(LargeBinary)
    search_text: Mapped[str] = mapped_column(Text)


class ApplicationEvent(AllianceKey, Dated, Base):
    """One step of an application: who, when, opinion, document, resolution. Never changed."""

    __tablename__ = "application_step"
    county_column: ClassVar[str] = ALL_OF_ALLIANCE  # read through its application, which limits who may
    member_column: ClassVar[str] = ALL_OF_ALLIANCE
    dated_on: ClassVar[str] = "on_date"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    application: Mapped[UUID] = mapped_column(Uuid)
    step: Mapped[str] = mapped_column(String(12))
    to_state: Mapped[str] = mapped_column(String(12))
    on_date: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(100))
    actor_name: Mapped[str] = mapped_column(String(100))
    opinion: Mapped[str | None] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(String(200))
    resolution: Mapped[UUID | None] = mapped_column(Uuid)
    resolution_number: Mapped[str | None] = mapped_column(String(100))
    answers: Mapped[UUID | None] = mapped_column(Uuid)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)


class MemberEvent(AllianceKey, Dated, Base):
    """One step of a member's life: who, from when, opinion, document, resolution. Never changed."""

    __tablename__ = "member_step"
    county_column: ClassVar[str] = ALL_OF_ALLIANCE  # read through its member, whose division limits a county
    member_column: ClassVar[str] = "member"
    dated_on: ClassVar[str] = "effective_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    member: Mapped[UUID] = mapped_column(Uuid)
    step: Mapped[str] = mapped_column(String(20))
    from_status: Mapped[str | None] = mapped_column(String(10))
    to_status: Mapped[str] = mapped_column(String(10))
    effective_on: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(100))
    actor_name: Mapped[str] = mapped_column(String(100))
    opinion: Mapped[str | None] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(String(200))
    resolution: Mapped[UUID | None] = mapped_column(Uuid)
    resolution_number: Mapped[str | None] = mapped_column(String(100))
    deadline: Mapped[date | None] = mapped_column(Date)
    year: Mapped[int | None] = mapped_column(SmallInteger)
    grade: Mapped[str | None] = mapped_column(String(12))
    application: Mapped[UUID | None] = mapped_column(Uuid)


class MemberReview(AllianceKey, Historic, Versioned, Base):
    """The grade that stands for a member's year; a correction is a further step, and this row changes with it."""

    __tablename__ = "member_review"
    county_column: ClassVar[str] = ALL_OF_ALLIANCE  # read through its member, whose division limits a county
    member_column: ClassVar[str] = "member"
    history_begins: ClassVar[str | None] = "on_date"

    member: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    grade: Mapped[str] = mapped_column(String(12))
    on_date: Mapped[date] = mapped_column(Date)
    opinion: Mapped[str | None] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(String(200))
