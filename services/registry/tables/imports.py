"""Imports of workbooks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.registry.tables.base import Base, Instant, Shared


class MemberImport(AllianceKey, Shared, Base):
    """One uploaded workbook of members and what became of it; the file holds what the rejects are made from."""

    __tablename__ = "member_import"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    job: Mapped[UUID | None] = mapped_column(Uuid)
    file: Mapped[UUID] = mapped_column(Uuid)
    file_name: Mapped[str] = mapped_column(String(200))
    rejects_file: Mapped[UUID | None] = mapped_column(Uuid)
    state: Mapped[str] = mapped_column(String(10))
    total: Mapped[int] = mapped_column(Integer)
    created: Mapped[int] = mapped_column(Integer)
    updated: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
    rejected: Mapped[int] = mapped_column(Integer)
    issues: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant)
