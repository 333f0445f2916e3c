"""Teachers and their practice in enterprises."""

from datetime import date
from uuid import UUID

from sqlalchemy import Boolean, Date, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Historic, Period
from services.registry.tables.base import Base, Shared, Versioned


class Teacher(AllianceKey, Historic, Shared, Versioned, Base):
    """A teacher of a unit. Who sees more than what is shared is decided by the unit (`queries/teaching.py`)."""

    __tablename__ = "teacher"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(String(50))
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str | None] = mapped_column(String(20))
    specialty: Mapped[str | None] = mapped_column(String(100))
    shared: Mapped[bool] = mapped_column(Boolean)
    left_on: Mapped[date | None] = mapped_column(Date)
    sort_key: Mapped[str] = mapped_column(String(400))
    search_text: Mapped[str] = mapped_column(Text)


class PracticePeriod(AllianceKey, Period, Shared, Versioned, Base):
    """Practice of a teacher in an enterprise, which is a member or stands by name; until is exclusive."""

    __tablename__ = "practice_period"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    teacher: Mapped[UUID] = mapped_column(Uuid)
    enterprise: Mapped[UUID | None] = mapped_column(Uuid)
    enterprise_name: Mapped[str | None] = mapped_column(String(100))
    from_date: Mapped[date] = mapped_column(Date)
    until_date: Mapped[date | None] = mapped_column(Date)
