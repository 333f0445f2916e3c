"""Collaborations, who takes part in them, and what its members put into them."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Computed, Date, Numeric, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Dated, Historic
from services.registry.tables.base import Base, Shared, Versioned


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
    ended_on: Mapped[date | None] = mapped_column(Date)
    end_reason: Mapped[str | None] = mapped_column(String(200))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    sort_key: Mapped[str] = mapped_column(String(400))
    search_text: Mapped[str] = mapped_column(Text)
    # A NULL-able column is sorted by this one, which the database generates.
    founded_order: Mapped[date] = mapped_column(
        Date, Computed("coalesce(founded_on, DATE '0001-01-01')", persisted=True)
    )


class Participant(AllianceKey, Historic, Shared, Base):
    """A member that takes part in a collaboration beside its host and lead."""

    __tablename__ = "collaboration_participant"

    collaboration: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    part: Mapped[str] = mapped_column(String(20), default="partner")


class Contribution(AllianceKey, Dated, Shared, Versioned, Base):
    """Equipment, money, a site or people that a member put into a collaboration on a day; `value` is yuan."""

    __tablename__ = "contribution"
    dated_on: ClassVar[str] = "on_date"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    collaboration: Mapped[UUID] = mapped_column(Uuid)
    member: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(20))
    description: Mapped[str] = mapped_column(String(200))
    value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    on_date: Mapped[date] = mapped_column(Date)
    evidence: Mapped[str | None] = mapped_column(String(200))
    created_by: Mapped[str] = mapped_column(String(100))
