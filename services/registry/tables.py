"""Tables of the registry schema. Constraints live in the migration, named; here is how Python sees the columns."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Computed, Date, DateTime, Integer, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from services.kernel.database import AllianceKey, TenantTable, new_metadata
from services.kernel.tenancy import ALL_OF_ALLIANCE

Instant = DateTime(timezone=True)


class Base(TenantTable):
    """Root of this schema's tables."""

    __abstract__ = True
    metadata = new_metadata()


class Shared:
    """Mixin: everybody in the alliance may see the rows."""

    county_column: ClassVar[str] = ALL_OF_ALLIANCE
    member_column: ClassVar[str] = ALL_OF_ALLIANCE


class Versioned:
    """Mixin: an update of a row that somebody else changed first fails; the version is the ETag."""

    row_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  # a class-level directive
        return {"version_id_col": cls.row_version}


class Member(AllianceKey, Versioned, Base):
    """An organisation of the alliance. A county sees those of its division; every member unit sees all."""

    __tablename__ = "member"
    county_column: ClassVar[str] = "division"
    member_column: ClassVar[str] = ALL_OF_ALLIANCE

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


class Collaboration(AllianceKey, Shared, Versioned, Base):
    """What members build together. Which of them a county sees is decided by its members (`queries`)."""

    __tablename__ = "collaboration"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(100))
    host_member: Mapped[UUID | None] = mapped_column(Uuid)
    lead_member: Mapped[UUID | None] = mapped_column(Uuid)
    founded_on: Mapped[date | None] = mapped_column(Date)
    status: Mapped[str] = mapped_column(String(10))
    sort_key: Mapped[str] = mapped_column(String(400))
    search_text: Mapped[str] = mapped_column(Text)


class Participant(AllianceKey, Shared, Base):
    """A member that takes part in a collaboration beside its host and lead."""

    __tablename__ = "collaboration_participant"

    collaboration: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class Recognition(AllianceKey, Shared, Base):
    """A level granted to a collaboration on a day; withdrawn, it stays on record with the day and why."""

    __tablename__ = "recognition"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    collaboration: Mapped[UUID] = mapped_column(Uuid)
    level: Mapped[str] = mapped_column(String(20))
    granted_on: Mapped[date] = mapped_column(Date)
    document_number: Mapped[str] = mapped_column(String(100))
    withdrawn_on: Mapped[date | None] = mapped_column(Date)
    withdrawal_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)


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
