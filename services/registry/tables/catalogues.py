"""Versions of the catalogues of majors and industries."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Date, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.kernel.history import Dated
from services.registry.tables.base import Base, Shared, Versioned


class CatalogueVersion(AllianceKey, Dated, Shared, Versioned, Base):
    """One imported table; a draft is compared with the version in use before it is adopted, and may be discarded."""

    __tablename__ = "catalogue_version"
    dated_on: ClassVar[str] = "adopted_on"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    number: Mapped[int | None] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(10))
    entries: Mapped[int] = mapped_column(Integer)
    adopted_on: Mapped[date | None] = mapped_column(Date)
    created_by: Mapped[str] = mapped_column(String(100))


class CatalogueEntry(AllianceKey, Shared, Base):
    """One code of one version; it never changes, so its version's day is its own."""

    __tablename__ = "catalogue_entry"

    version: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    code: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(10))
    parent: Mapped[str | None] = mapped_column(String(10))
    search_text: Mapped[str] = mapped_column(Text)
