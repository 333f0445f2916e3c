"""Bodies with their terms and seats, who holds a seat when, and leads."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Date, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Historic, Period
from services.registry.tables.base import Base, Instant, Shared, Versioned


class Body(AllianceKey, Historic, Shared, Versioned, Base):
    """A governance body. Quorum and majority are null where nobody has said what they are."""

    __tablename__ = "body"
    history_begins: ClassVar[str | None] = "founded_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    pack: Mapped[str | None] = mapped_column(String(60))
    code: Mapped[str | None] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(100))
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    kind: Mapped[str] = mapped_column(String(30))
    parent: Mapped[UUID | None] = mapped_column(Uuid)
    host_member: Mapped[UUID | None] = mapped_column(Uuid)
    host_name: Mapped[str | None] = mapped_column(String(100))
    host_options: Mapped[list[str]] = mapped_column(ARRAY(Text))
    duties: Mapped[list[str]] = mapped_column(ARRAY(Text))
    succession: Mapped[str | None] = mapped_column(String(10))
    article: Mapped[str | None] = mapped_column(String(40))
    founded_on: Mapped[date | None] = mapped_column(Date)
    dissolved_on: Mapped[date | None] = mapped_column(Date)
    position: Mapped[int] = mapped_column(Integer)
    quorum_numerator: Mapped[int | None] = mapped_column(Integer)
    quorum_denominator: Mapped[int | None] = mapped_column(Integer)
    quorum_strict: Mapped[bool] = mapped_column(Boolean)
    majority_numerator: Mapped[int | None] = mapped_column(Integer)
    majority_denominator: Mapped[int | None] = mapped_column(Integer)
    majority_strict: Mapped[bool] = mapped_column(Boolean)
    majority_of: Mapped[str] = mapped_column(String(10))
    rules_source: Mapped[str | None] = mapped_column(String(200))
    number_prefix: Mapped[str | None] = mapped_column(String(20))
    sort_key: Mapped[str] = mapped_column(String(400))
    search_text: Mapped[str] = mapped_column(Text)


class BodyTerm(AllianceKey, Period, Shared, Base):
    """A term of a body (届次)."""

    __tablename__ = "body_term"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    body: Mapped[UUID] = mapped_column(Uuid)
    number: Mapped[int] = mapped_column(Integer)
    from_date: Mapped[date] = mapped_column(Date)
    until_date: Mapped[date | None] = mapped_column(Date)
    document: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant)


class Seat(AllianceKey, Historic, Shared, Versioned, Base):
    """Unit and post in a body. An open-ended one stands for a number of seats that the document leaves open."""

    __tablename__ = "seat"
    history_begins: ClassVar[str | None] = "established_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    body: Mapped[UUID] = mapped_column(Uuid)
    code: Mapped[str | None] = mapped_column(String(63))
    title: Mapped[str] = mapped_column(String(50))
    member: Mapped[UUID | None] = mapped_column(Uuid)
    unit_name: Mapped[str | None] = mapped_column(String(100))
    post: Mapped[str | None] = mapped_column(String(100))
    position: Mapped[int] = mapped_column(Integer)
    votes: Mapped[bool] = mapped_column(Boolean)
    open_ended: Mapped[bool] = mapped_column(Boolean)
    succession: Mapped[str] = mapped_column(String(10))
    article: Mapped[str | None] = mapped_column(String(40))
    established_on: Mapped[date | None] = mapped_column(Date)
    abolished_on: Mapped[date | None] = mapped_column(Date)


class SeatHolding(AllianceKey, Period, Shared, Base):
    """Who held a seat from when until when (exclusive); without a document by succession in post."""

    __tablename__ = "seat_holding"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    seat: Mapped[UUID] = mapped_column(Uuid)
    holder: Mapped[str] = mapped_column(String(50))
    from_date: Mapped[date] = mapped_column(Date)
    until_date: Mapped[date | None] = mapped_column(Date)
    document: Mapped[str | None] = mapped_column(String(100))
    end_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)


class Lead(AllianceKey, Historic, Shared, Versioned, Base):
    """A unit that leads the alliance or one of its undertakings; `unit_name` as the document writes it."""

    __tablename__ = "lead"
    history_begins: ClassVar[str | None] = "from_date"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID | None] = mapped_column(Uuid)
    unit_name: Mapped[str] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(String(200))
    pack: Mapped[str | None] = mapped_column(String(60))
    article: Mapped[str | None] = mapped_column(String(40))
    position: Mapped[int] = mapped_column(Integer)
    from_date: Mapped[date | None] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
