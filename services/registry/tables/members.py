"""Members."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Computed, Date, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Historic
from services.kernel.tenancy import ALL_OF_ALLIANCE
from services.registry.tables.base import Base, Versioned


class Member(AllianceKey, Historic, Versioned, Base):
    """An organisation of the alliance. A county sees those of its division; every member unit sees all."""

    __tablename__ = "member"
    county_column: ClassVar[str] = "division"
    member_column: ClassVar[str] = ALL_OF_ALLIANCE
    history_begins: ClassVar[str | None] = "joined_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    uscc: Mapped[str | None] = mapped_column(String(18))
    category: Mapped[str] = mapped_column(String(30))
    division: Mapped[str | None] = mapped_column(String(6))
    functional_zone: Mapped[str | None] = mapped_column(String(6))
    structure_role: Mapped[str | None] = mapped_column(String(20))
    enterprise_size: Mapped[str | None] = mapped_column(String(10))
    size_evidence: Mapped[str | None] = mapped_column(String(200))
    industry: Mapped[str | None] = mapped_column(String(100))
    contact_person: Mapped[str | None] = mapped_column(String(50))
    contact_phone: Mapped[str | None] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(10))
    joined_on: Mapped[date | None] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)
    sort_key: Mapped[str] = mapped_column(String(400))
    search_text: Mapped[str] = mapped_column(Text)
    # A NULL-able column is sorted by this one, which the database generates.
    division_order: Mapped[str] = mapped_column(String(6), Computed("coalesce(division, '')", persisted=True))
