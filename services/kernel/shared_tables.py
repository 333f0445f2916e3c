"""Tables that every service's schema has: audit, outbox, idempotency keys, jobs, snapshots of other services.

They carry no schema name: each service's login role has its own schema as search path.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    FetchedValue,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.kernel.database import NAMING

shared_metadata = MetaData(naming_convention=NAMING)

BY_TRIGGER = FetchedValue()
"""Set by a trigger with the owner's rights, whatever the service sent (`audit_schema.py`)."""

audit_entry = Table(
    "audit_entry",
    shared_metadata,
    Column("alliance", String(32), primary_key=True),
    Column("entry_no", BigInteger, BY_TRIGGER, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("actor_name", String(100), nullable=False),
    Column("actor_role", String(30), nullable=False),
    Column("client_address", String(64), nullable=False),
    Column("action", String(60), nullable=False),
    Column("object_kind", String(60), nullable=False),
    Column("object_id", String(100), nullable=False),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Column("reason", Text),
    Column("request_id", String(64), nullable=False),
    Column("post", Uuid),
    Column("post_title", Text),
    Column("unit", Text),
    Column("unit_name", Text),
    Column("client_id", Text),
    Column("session_id", Text),
    Column("previous_hash", LargeBinary, BY_TRIGGER, nullable=False),
    Column("hash", LargeBinary, BY_TRIGGER, nullable=False),
    CheckConstraint("octet_length(previous_hash) = 32 AND octet_length(hash) = 32", name="hash_length"),
    Index("ix_audit_entry_object", "alliance", "object_kind", "object_id"),
    Index("ix_audit_entry_at", "alliance", "at"),
    Index("ix_audit_entry_actor", "alliance", "actor"),
    comment="who did what, as a hash chain per alliance; inserted and read, never changed",
)

audit_anchor = Table(
    "audit_anchor",
    shared_metadata,
    Column("alliance", String(32), primary_key=True),
    Column("entry_no", BigInteger, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("pruned_before", DateTime(timezone=True), nullable=False),
    Column("pruned_at", DateTime(timezone=True), nullable=False),
    comment="where the audit chain now begins: the last entry of each pruning; written by the owner only",
)

outbox_event = Table(
    "outbox_event",
    shared_metadata,
    Column("alliance", String(32), primary_key=True),
    Column("seq", BigInteger, BY_TRIGGER, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("type", String(60), nullable=False),
    Column("object_kind", String(60), nullable=False),
    Column("object_id", String(100), nullable=False),
    Column("division", String(6)),
    Column("member", Uuid),
    Column("data", JSONB, nullable=False),
    Column("request_id", String(64), nullable=False),
    UniqueConstraint("alliance", "id"),
    comment="what changed, in the order of the commits, for the exchange service to collect",
)

idempotency_key = Table(
    "idempotency_key",
    shared_metadata,
    Column("alliance", String(32), primary_key=True),
    Column("actor", String(100), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", SmallInteger),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    comment="answers already given to a create, by the caller's Idempotency-Key",
)

job = Table(
    "job",
    shared_metadata,
    Column("alliance", String(32), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("kind", String(60), nullable=False),
    Column("owner", String(60), nullable=False),
    Column("state", String(12), nullable=False, server_default="queued"),
    Column("payload", JSONB, nullable=False),
    Column("principal", JSONB, nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("message", Text, nullable=False, server_default=""),
    Column("result", JSONB),
    Column("error", JSONB),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    comment="progress of background work, for people; the queue itself is pgqueuer's",
)

snapshot = Table(
    "snapshot",
    shared_metadata,
    Column("alliance", String(32), primary_key=True),
    Column("source", String(40), primary_key=True),
    Column("version", String(80), primary_key=True),
    Column("fetched_at", DateTime(timezone=True), nullable=False),
    Column("content", JSONB, nullable=False),
    comment="facts of other services as they were at a version; pinned by what is computed from them",
)

TENANT_TABLES = ("audit_entry", "idempotency_key", "job", "snapshot")
"""Those of a service's first migration; the anchors and the outbox came later (`audit_schema.py`)."""
