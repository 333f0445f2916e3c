"""Applied policy documents."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey
from services.registry.tables.base import Base, Instant, Shared


class PolicyVersion(AllianceKey, Shared, Base):
    """The document and structure parts of a policy pack as applied; a change is a new row."""

    __tablename__ = "policy_version"

    pack: Mapped[str] = mapped_column(String(60), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    structure: Mapped[dict[str, Any]] = mapped_column(JSONB)
    applied_at: Mapped[datetime] = mapped_column(Instant)
    applied_by: Mapped[str] = mapped_column(String(100))
