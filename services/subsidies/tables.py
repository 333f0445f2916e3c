"""Tables of the subsidies schema. Money is 分 (fen); `owner` is who submitted (docs/design.md §8)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, Identity, Integer, LargeBinary, Numeric, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.citations import Resting
from services.kernel.database import AllianceKey, TenantTable, new_metadata
from services.kernel.tenancy import ALL_OF_ALLIANCE

Instant = DateTime(timezone=True)


class Base(TenantTable):
    """Root of this schema's tables."""

    __abstract__ = True
    metadata = new_metadata()


class Owned:
    """Mixin: rows belong to who submitted them; a county or member sees its own only."""

    county_column: ClassVar[str] = "owner"
    member_column: ClassVar[str] = "owner"
    owner: Mapped[str] = mapped_column(String(60))


class Shared:
    """Mixin: everybody in the alliance may see the rows."""

    county_column: ClassVar[str] = ALL_OF_ALLIANCE
    member_column: ClassVar[str] = ALL_OF_ALLIANCE


class PolicyVersion(AllianceKey, Shared, Base):
    """The `subsidies` part of a pack as applied, with the document that it carries out."""

    __tablename__ = "policy_version"
    pack: Mapped[str] = mapped_column(String(60), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    applied_at: Mapped[datetime] = mapped_column(Instant)
    applied_by: Mapped[str] = mapped_column(String(100))


class RosterSequence(AllianceKey, Shared, Base):
    """The number of the last change to an alliance's rosters; locked while rows are taken in."""

    __tablename__ = "roster_sequence"
    last: Mapped[int] = mapped_column(BigInteger)


class RosterImport(AllianceKey, Owned, Base):
    """One uploaded roster file and what became of it."""

    __tablename__ = "roster_import"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    year: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    file_name: Mapped[str] = mapped_column(String(200))
    file_id: Mapped[UUID | None]
    rejects_file_id: Mapped[UUID | None]
    job_id: Mapped[UUID | None]
    total_rows: Mapped[int] = mapped_column(Integer, default=0)
    new_rows: Mapped[int] = mapped_column(Integer, default=0)
    changed_rows: Mapped[int] = mapped_column(Integer, default=0)
    unchanged_rows: Mapped[int] = mapped_column(Integer, default=0)
    rejected_rows: Mapped[int] = mapped_column(Integer, default=0)
    issues: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    recorded_seq: Mapped[int | None] = mapped_column(BigInteger)
    registry_as_of: Mapped[datetime | None] = mapped_column(Instant)
    registry_fresh: Mapped[bool | None]
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(100))
    created_by_name: Mapped[str] = mapped_column(String(100))
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    rejects_until: Mapped[datetime | None] = mapped_column(Instant)
    sha256: Mapped[str | None] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    format: Mapped[str] = mapped_column(String(10))
    mode: Mapped[str] = mapped_column(String(16))
    fault_count: Mapped[int] = mapped_column(Integer, default=0)
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    checked_with: Mapped[str | None] = mapped_column(String(200))
    standing_seq: Mapped[int | None] = mapped_column(BigInteger)


class RosterReject(AllianceKey, Shared, Base):
    """One fault of one returned row, without what stood in it; found through its import, whose owner limits who may."""

    __tablename__ = "roster_reject"
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(Integer, primary_key=True)
    line: Mapped[int] = mapped_column(Integer)
    field: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(60))
    message: Mapped[str] = mapped_column(Text)


class Versioned(AllianceKey, Owned):
    """Mixin: a roster row stands from `recorded_seq` until `superseded_seq`; rows are only ever added."""

    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    year: Mapped[int] = mapped_column(SmallInteger)
    recorded_seq: Mapped[int] = mapped_column(BigInteger)
    superseded_seq: Mapped[int | None] = mapped_column(BigInteger)
    import_id: Mapped[UUID]
    line: Mapped[int] = mapped_column(Integer)


class Student(Versioned, Base):
    """One student on a roster; the identity number is kept as a keyed hash and a masked form."""

    __tablename__ = "student"
    person_key: Mapped[bytes] = mapped_column(LargeBinary)
    name_masked: Mapped[str] = mapped_column(String(60))
    id_masked: Mapped[str] = mapped_column(String(18))
    enrolment_year: Mapped[int] = mapped_column(SmallInteger)
    school: Mapped[UUID]
    school_name: Mapped[str] = mapped_column(String(200))
    major: Mapped[str] = mapped_column(String(200))
    class_code: Mapped[str | None] = mapped_column(String(60))
    enrolled_on: Mapped[date] = mapped_column(Date)
    origin_division: Mapped[str] = mapped_column(String(6))
    sending_school: Mapped[UUID | None]
    sending_school_name: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10))
    left_on: Mapped[date | None] = mapped_column(Date)
    claimed_rule: Mapped[str | None] = mapped_column(String(63))


class SchoolClass(Versioned, Base):
    """One class run with an enterprise."""

    __tablename__ = "school_class"
    class_code: Mapped[str] = mapped_column(String(60))
    class_name: Mapped[str] = mapped_column(String(200))
    school: Mapped[UUID]
    school_name: Mapped[str] = mapped_column(String(200))
    major: Mapped[str] = mapped_column(String(200))
    opening_year: Mapped[int] = mapped_column(SmallInteger)
    opened_on: Mapped[date] = mapped_column(Date)
    format: Mapped[str] = mapped_column(String(10))
    enterprise: Mapped[str] = mapped_column(String(200))
    enterprise_member: Mapped[UUID | None]
    enterprise_uscc: Mapped[str] = mapped_column(String(18))
    enterprise_division: Mapped[str] = mapped_column(String(6))
    enterprise_size: Mapped[str | None] = mapped_column(String(10))
    size_evidence: Mapped[str | None] = mapped_column(String(200))
    score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))


class Claim(AllianceKey, Owned, Base):
    """One claim of one owner under one rule in one year; `roster_seq` pins the rosters that it was submitted on."""

    __tablename__ = "claim"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    rule: Mapped[str] = mapped_column(String(63))
    collaboration: Mapped[UUID | None]
    collaboration_name: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
    roster_seq: Mapped[int] = mapped_column(BigInteger)
    subjects: Mapped[int] = mapped_column(Integer, default=0)
    requested_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    created_by_name: Mapped[str] = mapped_column(String(100))
    row_version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012  # SQLAlchemy reads it from the class


class ClaimDecision(AllianceKey, Owned, Base):
    """One step of a claim: who, when, from which state to which, and with what opinion. Never changed."""

    __tablename__ = "claim_decision"
    no: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    claim_id: Mapped[UUID]
    action: Mapped[str] = mapped_column(String(10))
    from_state: Mapped[str | None] = mapped_column(String(10))
    to_state: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(100))
    actor_name: Mapped[str] = mapped_column(String(100))
    actor_role: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime] = mapped_column(Instant)
    opinion: Mapped[str | None] = mapped_column(Text)
    roster_seq: Mapped[int] = mapped_column(BigInteger)
    subjects: Mapped[int] = mapped_column(Integer)
    requested_fen: Mapped[int] = mapped_column(BigInteger)


class RecognitionNumber(AllianceKey, Shared, Base):
    """The number by which settlement lines name a recognition of the registry; given once, never changed."""

    __tablename__ = "recognition_number"
    no: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    recognition: Mapped[UUID]
    collaboration: Mapped[UUID]


class Settlement(AllianceKey, Shared, Base):
    """One settlement of one year: what it is a function of, and what came out."""

    __tablename__ = "settlement"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(Integer)
    year: Mapped[int] = mapped_column(SmallInteger)
    snapshot_date: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10))
    job_id: Mapped[UUID | None]
    pins: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    hash: Mapped[str | None] = mapped_column(String(64))
    totals: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    line_count: Mapped[int] = mapped_column(Integer, default=0)
    registry_as_of: Mapped[datetime | None] = mapped_column(Instant)
    registry_fresh: Mapped[bool | None]
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(100))
    created_by_name: Mapped[str] = mapped_column(String(100))
    computed_at: Mapped[datetime | None] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    confirmed_by: Mapped[str | None] = mapped_column(String(100))
    confirmed_by_name: Mapped[str | None] = mapped_column(String(100))
    opinion: Mapped[str | None] = mapped_column(Text)
    row_version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012


class SettlementLine(AllianceKey, Shared, Base):
    """One line; the small integers are words of `rules/vocabulary.py`, prose is made when a line is read."""

    __tablename__ = "settlement_line"
    settlement_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    line_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    rule_no: Mapped[int] = mapped_column(SmallInteger)
    subject_kind: Mapped[int] = mapped_column(SmallInteger)
    subject_no: Mapped[int] = mapped_column(BigInteger)
    payee: Mapped[UUID | None]
    outcome: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[int | None] = mapped_column(SmallInteger)
    rank: Mapped[int | None] = mapped_column(Integer)
    funding: Mapped[int | None] = mapped_column(SmallInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)


class PoolDecision(Resting, AllianceKey, Shared, Base):
    """What is done with what lies above one budget of a confirmed settlement; the newest stands. Never changed."""

    __tablename__ = "pool_decision"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    settlement: Mapped[UUID]
    budget: Mapped[str] = mapped_column(String(63))
    no: Mapped[int] = mapped_column(Integer)
    scenario: Mapped[str] = mapped_column(String(30))
    pool_fen: Mapped[int] = mapped_column(BigInteger)
    claimed_fen: Mapped[int] = mapped_column(BigInteger)
    paid_fen: Mapped[int] = mapped_column(BigInteger)
    deferred_fen: Mapped[int] = mapped_column(BigInteger)
    unfunded_fen: Mapped[int] = mapped_column(BigInteger)
    payees: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    opinion: Mapped[str] = mapped_column(Text)
    replaces: Mapped[UUID | None]
    decided_at: Mapped[datetime] = mapped_column(Instant)
    decided_by: Mapped[str] = mapped_column(String(100))
    decided_by_name: Mapped[str] = mapped_column(String(100))


class DecidedLine(AllianceKey, Shared, Base):
    """What one decision does with one payable line of its budget; what is neither paid nor deferred is not paid."""

    __tablename__ = "decided_line"
    decision: Mapped[UUID] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    paid_fen: Mapped[int] = mapped_column(BigInteger)
    deferred_fen: Mapped[int] = mapped_column(BigInteger)
