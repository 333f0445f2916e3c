"""Tables of the exchange schema. `owner` is the unit an endpoint belongs to (docs/design.md §8)."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, DateTime, Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.database import AllianceKey, TenantTable, new_metadata

Instant = DateTime(timezone=True)


class Base(TenantTable):
    """Root of this schema's tables."""

    __abstract__ = True
    metadata = new_metadata()


class Change(AllianceKey, Base):
    """One event of some service's outbox, at its place in the alliance's feed. Never changed.

    Who may see it is said by `division` and `member` together (`domain.Audience`), not by one column as `Scope` would.
    """

    __tablename__ = "change"
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    source_seq: Mapped[int] = mapped_column(BigInteger)
    id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(Instant)
    type: Mapped[str] = mapped_column(String(60))
    object_kind: Mapped[str] = mapped_column(String(60))
    object_id: Mapped[str] = mapped_column(String(100))
    division: Mapped[str | None] = mapped_column(String(6))
    member: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    collected_at: Mapped[datetime] = mapped_column(Instant)


class Endpoint(AllianceKey, Base):
    """Where a unit wants to be told of changes. `event_types` null means all of them."""

    __tablename__ = "webhook_endpoint"
    county_column: ClassVar[str] = "owner"
    member_column: ClassVar[str] = "owner"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(60))
    url: Mapped[str] = mapped_column(Text)
    event_types: Mapped[list[str] | None] = mapped_column(ARRAY(String(60)))
    description: Mapped[str] = mapped_column(Text, default="")
    active: Mapped[bool] = mapped_column(Boolean)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    disabled_reason: Mapped[str | None] = mapped_column(String(20))
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    resting_until: Mapped[datetime | None] = mapped_column(Instant)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_signs_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by_name: Mapped[str] = mapped_column(String(100))
    row_version: Mapped[int] = mapped_column(Integer)
    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012  # SQLAlchemy reads it from the class


class Delivery(AllianceKey, Base):
    """One message on its way to one endpoint. `round` counts the first sending and each replay, `tries` the attempts of
    this round; `change_seq` is null for a test. While an attempt runs, `leased_until` keeps other workers away.
    """

    __tablename__ = "webhook_delivery"
    county_column: ClassVar[str] = "owner"
    member_column: ClassVar[str] = "owner"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID]
    owner: Mapped[str] = mapped_column(String(60))
    message_id: Mapped[str] = mapped_column(String(60))
    type: Mapped[str] = mapped_column(String(60))
    change_seq: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    round: Mapped[int] = mapped_column(SmallInteger)
    tries: Mapped[int] = mapped_column(SmallInteger)
    attempts: Mapped[int] = mapped_column(Integer)
    last_status: Mapped[int | None] = mapped_column(SmallInteger)
    last_fault: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    next_attempt_at: Mapped[datetime | None] = mapped_column(Instant)
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)


class Attempt(AllianceKey, Base):
    """One sending of a delivery, written before it begins: without `ended_at` its worker died in the middle."""

    __tablename__ = "webhook_attempt"
    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    fault: Mapped[str | None] = mapped_column(String(20))
    answer: Mapped[str] = mapped_column(Text, default="")
