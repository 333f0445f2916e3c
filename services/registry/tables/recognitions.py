"""Levels granted to collaborations and members, the rules of plates, and the reviews of each year."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Computed, Date, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Dated, Historic, Period
from services.registry.tables.base import Base, Instant, Shared, Versioned


class Recognition(AllianceKey, Period, Shared, Base):
    """A level granted to a collaboration or a member on a day; withdrawn, it stays on record with the day and why.

    A plate has a day on which it lapses by itself (`domain.recognitions.stands`).
    """

    __tablename__ = "recognition"
    period_columns: ClassVar[tuple[str, str]] = ("granted_on", "withdrawn_on")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    collaboration: Mapped[UUID | None] = mapped_column(Uuid)
    member: Mapped[UUID | None] = mapped_column(Uuid)
    kind: Mapped[str | None] = mapped_column(String(30))
    title: Mapped[str | None] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(20))
    granted_on: Mapped[date] = mapped_column(Date)
    document_number: Mapped[str] = mapped_column(String(100))
    lapses_on: Mapped[date | None] = mapped_column(Date)
    withdrawn_on: Mapped[date | None] = mapped_column(Date)
    withdrawal_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    # A NULL-able column is sorted by this one, which the database generates.
    lapses_order: Mapped[date] = mapped_column(Date, Computed("coalesce(lapses_on, DATE '9999-12-31')", persisted=True))


class PlateRule(AllianceKey, Historic, Shared, Base):
    """How often a kind is reviewed and when its plate lapses, in years, as the applied policy has it."""

    __tablename__ = "plate_rule"

    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    review_every_years: Mapped[int] = mapped_column(Integer)
    lapses_after_years: Mapped[int] = mapped_column(Integer)
    pack: Mapped[str] = mapped_column(String(60))
    article: Mapped[str] = mapped_column(String(40))


class CollaborationReview(AllianceKey, Dated, Shared, Versioned, Base):
    """The assessment of one year, of a collaboration or of a plate that a member holds."""

    __tablename__ = "collaboration_review"
    dated_on: ClassVar[str] = "reviewed_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    collaboration: Mapped[UUID | None] = mapped_column(Uuid)
    recognition: Mapped[UUID | None] = mapped_column(Uuid)
    subject: Mapped[UUID] = mapped_column(Uuid, Computed("coalesce(collaboration, recognition)", persisted=True))
    year: Mapped[int] = mapped_column(Integer)
    result: Mapped[str] = mapped_column(String(10))
    reviewed_on: Mapped[date] = mapped_column(Date)
    opinion: Mapped[str | None] = mapped_column(String(500))
    document_number: Mapped[str | None] = mapped_column(String(100))
    decision: Mapped[str | None] = mapped_column(String(10))
    decided_on: Mapped[date | None] = mapped_column(Date)
    decision_document: Mapped[str | None] = mapped_column(String(100))
    resolution: Mapped[UUID | None] = mapped_column(Uuid)
    decision_reason: Mapped[str | None] = mapped_column(String(500))
    rectify_until: Mapped[date | None] = mapped_column(Date)
