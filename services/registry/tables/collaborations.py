"""Collaborations, who takes part in them, and the levels they were granted."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Date, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Historic, Period
from services.registry.tables.base import Base, Instant, Shared, Versioned


class Collaboration(AllianceKey, Historic, Shared, Versioned, Base):
    """What members build together. Which of them a county sees is decided by its members (`queries`)."""

    __tablename__ = "collaboration"
    history_begins: ClassVar[str | None] = "founded_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(100))
    host_member: Mapped[UUID | None] = mapped_column(Uuid)
    lead_member: Mapped[UUID | None] = mapped_column(Uuid)
    founded_on: Mapped[date | None] = mapped_column(Date)
    status: Mapped[str] = mapped_column(String(10))
    sort_key: Mapped[str] = mapped_column(String(400))
    search_text: Mapped[str] = mapped_column(Text)


class Participant(AllianceKey, Historic, Shared, Base):
    """A member that takes part in a collaboration beside its host and lead."""

    __tablename__ = "collaboration_participant"

    collaboration: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class Recognition(AllianceKey, Period, Shared, Base):
    """A level granted to a collaboration on a day; withdrawn, it stays on record with the day and why."""

    __tablename__ = "recognition"
    period_columns: ClassVar[tuple[str, str]] = ("granted_on", "withdrawn_on")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    collaboration: Mapped[UUID] = mapped_column(Uuid)
    level: Mapped[str] = mapped_column(String(20))
    granted_on: Mapped[date] = mapped_column(Date)
    document_number: Mapped[str] = mapped_column(String(100))
    withdrawn_on: Mapped[date | None] = mapped_column(Date)
    withdrawal_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
