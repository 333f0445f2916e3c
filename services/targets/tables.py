"""Tables of the targets schema. `owner` is who reported (docs/design.md §8)."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Integer, Numeric, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.citations import Resting
from services.kernel.database import AllianceKey, TenantTable, new_metadata
from services.kernel.tenancy import ALL_OF_ALLIANCE

Instant = DateTime(timezone=True)
Quantity = Numeric(18, 4)


class Base(TenantTable):
    """Root of this schema's tables."""

    __abstract__ = True
    metadata = new_metadata()


class PolicyVersion(AllianceKey, Base):
    """The `targets` part of a pack as applied, with the document that it carries out."""

    __tablename__ = "policy_version"
    county_column: ClassVar[str] = ALL_OF_ALLIANCE
    member_column: ClassVar[str] = ALL_OF_ALLIANCE
    pack: Mapped[str] = mapped_column(String(60), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    applied_at: Mapped[datetime] = mapped_column(Instant)
    applied_by: Mapped[str] = mapped_column(String(100))


class Report(AllianceKey, Base):
    """What one unit reported for one indicator and year."""

    __tablename__ = "report"
    county_column: ClassVar[str] = "owner"
    member_column: ClassVar[str] = "owner"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pack: Mapped[str] = mapped_column(String(60))
    indicator: Mapped[str] = mapped_column(String(60))
    year: Mapped[int] = mapped_column(SmallInteger)
    owner: Mapped[str] = mapped_column(String(60))
    reporter: Mapped[str] = mapped_column(String(100))
    numerator: Mapped[Decimal | None] = mapped_column(Quantity)
    denominator: Mapped[Decimal | None] = mapped_column(Quantity)
    value: Mapped[Decimal | None] = mapped_column(Quantity)
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10))
    reported_at: Mapped[datetime] = mapped_column(Instant)
    row_version: Mapped[int] = mapped_column(Integer)
    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012  # SQLAlchemy reads it from the class


class ReportDecision(AllianceKey, Base):
    """One step in the life of a report: who did what, when, with which opinion and figures. Never changed."""

    __tablename__ = "report_decision"
    county_column: ClassVar[str] = ALL_OF_ALLIANCE
    member_column: ClassVar[str] = ALL_OF_ALLIANCE
    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    action: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(100))
    actor_name: Mapped[str] = mapped_column(String(100))
    opinion: Mapped[str] = mapped_column(Text, default="")
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)


class SourceDecision(Resting, AllianceKey, Base):
    """Which of two places of a document counts for an indicator in a year; the last `no` stands. Never changed."""

    __tablename__ = "source_decision"
    county_column: ClassVar[str] = ALL_OF_ALLIANCE
    member_column: ClassVar[str] = ALL_OF_ALLIANCE
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pack: Mapped[str] = mapped_column(String(60))
    indicator: Mapped[str] = mapped_column(String(60))
    year: Mapped[int | None] = mapped_column(SmallInteger)
    no: Mapped[int] = mapped_column(SmallInteger)
    article: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    text: Mapped[str | None] = mapped_column(Text)
    opinion: Mapped[str] = mapped_column(Text)
    replaces: Mapped[UUID | None]
    decided_at: Mapped[datetime] = mapped_column(Instant)
    decided_by: Mapped[str] = mapped_column(String(100))
    decided_by_name: Mapped[str] = mapped_column(String(100))
