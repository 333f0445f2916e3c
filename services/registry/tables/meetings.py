"""Meetings with agenda and attendance, resolutions and votes."""

from datetime import date, time
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Boolean, Date, Integer, String, Text, Time, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Dated
from services.registry.tables.base import Base, Shared, Versioned


class Meeting(AllianceKey, Dated, Shared, Versioned, Base):
    """A meeting of a body: planned, convened, archived, or cancelled."""

    __tablename__ = "meeting"
    dated_on: ClassVar[str] = "held_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    body: Mapped[UUID] = mapped_column(Uuid)
    title: Mapped[str] = mapped_column(String(100))
    held_on: Mapped[date] = mapped_column(Date)
    starts_at: Mapped[time | None] = mapped_column(Time)
    place: Mapped[str | None] = mapped_column(String(100))
    form: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    minutes: Mapped[str | None] = mapped_column(Text)
    cancel_reason: Mapped[str | None] = mapped_column(String(200))


class AgendaItem(AllianceKey, Shared, Base):
    """What a meeting deals with; a part of the meeting, whose day it has."""

    __tablename__ = "agenda_item"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    meeting: Mapped[UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(200))
    proposer: Mapped[str | None] = mapped_column(String(100))


class Attendance(AllianceKey, Shared, Base):
    """Who came for a seat; a part of the meeting, whose day it has."""

    __tablename__ = "attendance"

    meeting: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    seat: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    presence: Mapped[str] = mapped_column(String(10))
    attendee: Mapped[str | None] = mapped_column(String(50))
    proxy_seat: Mapped[UUID | None] = mapped_column(Uuid)
    authorisation: Mapped[str | None] = mapped_column(String(200))


class Resolution(AllianceKey, Dated, Shared, Versioned, Base):
    """What a meeting was asked to decide and how it voted; counts and rules stay as they were at the vote."""

    __tablename__ = "resolution"
    dated_on: ClassVar[str] = "resolved_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    meeting: Mapped[UUID] = mapped_column(Uuid)
    body: Mapped[UUID] = mapped_column(Uuid)
    agenda_item: Mapped[UUID | None] = mapped_column(Uuid)
    title: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text)
    year: Mapped[int | None] = mapped_column(Integer)
    number: Mapped[int | None] = mapped_column(Integer)
    number_prefix: Mapped[str | None] = mapped_column(String(20))
    resolved_on: Mapped[date | None] = mapped_column(Date)
    method: Mapped[str | None] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(10))
    in_favour: Mapped[int | None] = mapped_column(Integer)
    against: Mapped[int | None] = mapped_column(Integer)
    abstained: Mapped[int | None] = mapped_column(Integer)
    seats_total: Mapped[int | None] = mapped_column(Integer)
    seats_present: Mapped[int | None] = mapped_column(Integer)
    quorum_numerator: Mapped[int | None] = mapped_column(Integer)
    quorum_denominator: Mapped[int | None] = mapped_column(Integer)
    quorum_strict: Mapped[bool | None] = mapped_column(Boolean)
    majority_numerator: Mapped[int | None] = mapped_column(Integer)
    majority_denominator: Mapped[int | None] = mapped_column(Integer)
    majority_strict: Mapped[bool | None] = mapped_column(Boolean)
    majority_of: Mapped[str | None] = mapped_column(String(10))
    rules_source: Mapped[str | None] = mapped_column(String(200))
    sort_key: Mapped[str] = mapped_column(String(20))
    search_text: Mapped[str] = mapped_column(Text)


class ResolutionVote(AllianceKey, Shared, Base):
    """A vote by name; a part of the resolution, whose day it has."""

    __tablename__ = "resolution_vote"

    resolution: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    seat: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    vote: Mapped[str] = mapped_column(String(10))
    cast_by: Mapped[str | None] = mapped_column(String(50))
    by_proxy: Mapped[bool] = mapped_column(Boolean)
