"""Attachments of any subject."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Date, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Period
from services.registry.tables.base import Base, Instant, Shared


class Attachment(AllianceKey, Period, Shared, Base):
    """A file that belongs to a record. Who sees it is decided by who sees its subject (`queries/subjects.py`)."""

    __tablename__ = "attachment"
    period_columns: ClassVar[tuple[str, str]] = ("uploaded_on", "removed_on")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[UUID] = mapped_column(Uuid)
    file_name: Mapped[str] = mapped_column(String(120))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    stored: Mapped[UUID] = mapped_column(Uuid)
    uploaded_on: Mapped[date] = mapped_column(Date)
    uploaded_at: Mapped[datetime] = mapped_column(Instant)
    uploaded_by: Mapped[str] = mapped_column(String(100))
    uploaded_by_name: Mapped[str] = mapped_column(String(100))
    removed_on: Mapped[date | None] = mapped_column(Date)
    removal_reason: Mapped[str | None] = mapped_column(String(200))
