"""The feed of changes, and webhook endpoints with their deliveries and attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.kernel.migrations import enable_tenancy
from services.kernel.practice import create_practice_reset

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_change()
    _create_endpoint()
    _create_delivery()
    _create_attempt()
    enable_tenancy(op, "exchange", "change", append_only=True)
    for table in ("webhook_endpoint", "webhook_delivery", "webhook_attempt"):
        enable_tenancy(op, "exchange", table)
    create_practice_reset(
        op,
        "exchange",
        [("webhook_delivery", "owner = wanted_owner"), ("webhook_endpoint", "owner = wanted_owner")],
    )


def _create_change() -> None:
    op.create_table(
        "change",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("source_seq", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("type", sa.String(60), nullable=False),
        sa.Column("object_kind", sa.String(60), nullable=False),
        sa.Column("object_id", sa.String(100), nullable=False),
        sa.Column("division", sa.String(6)),
        sa.Column("member", sa.Uuid),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("collected_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("alliance", "seq", name="pk_change"),
        sa.UniqueConstraint("alliance", "source", "source_seq", name="uq_change_once_per_source"),
        sa.UniqueConstraint("alliance", "id", name="uq_change_id"),
        sa.CheckConstraint("seq > 0", name="ck_change_seq_positive"),
        comment="the feed: events of every service in the order collected, without gaps; never changed",
    )
    op.create_index("ix_change_type", "change", ["alliance", "type", "seq"])


def _create_endpoint() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("event_types", ARRAY(sa.String(60))),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("disabled_at", INSTANT),
        sa.Column("disabled_reason", sa.String(20)),
        sa.Column("failing_since", INSTANT),
        sa.Column("resting_until", INSTANT),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous_secret", sa.LargeBinary),
        sa.Column("previous_signs_until", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_name", sa.String(100), nullable=False),
        sa.Column("row_version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("alliance", "id", name="pk_webhook_endpoint"),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL) AND (disabled_at IS NULL OR NOT active)",
            name="ck_webhook_endpoint_disabled_says_why",
        ),
        sa.CheckConstraint("disabled_reason IN ('gone', 'failing')", name="ck_webhook_endpoint_disabled_reason"),
        sa.CheckConstraint(
            "(previous_secret IS NULL) = (previous_signs_until IS NULL)", name="ck_webhook_endpoint_previous_secret"
        ),
        comment="where a unit wants to be told of changes; secrets are encrypted",
    )
    op.create_index("ix_webhook_endpoint_owner", "webhook_endpoint", ["alliance", "owner", "created_at"])


def _create_delivery() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("endpoint_id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("message_id", sa.String(60), nullable=False),
        sa.Column("type", sa.String(60), nullable=False),
        sa.Column("change_seq", sa.BigInteger),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("round", sa.SmallInteger, nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_status", sa.SmallInteger),
        sa.Column("last_fault", sa.String(20)),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("next_attempt_at", INSTANT),
        sa.Column("leased_until", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("alliance", "id", name="pk_webhook_delivery"),
        sa.ForeignKeyConstraint(
            ["alliance", "endpoint_id"],
            ["webhook_endpoint.alliance", "webhook_endpoint.id"],
            name="fk_webhook_delivery_endpoint",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["alliance", "change_seq"], ["change.alliance", "change.seq"], name="fk_webhook_delivery_change"
        ),
        sa.UniqueConstraint(
            "alliance", "endpoint_id", "message_id", name="uq_webhook_delivery_once_per_endpoint_and_message"
        ),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name="ck_webhook_delivery_state"),
        sa.CheckConstraint("(state = 'pending') = (finished_at IS NULL)", name="ck_webhook_delivery_finished"),
        comment="messages on their way to endpoints, kept for a while once they have ended",
    )
    op.create_index("ix_webhook_delivery_owner", "webhook_delivery", ["alliance", "owner", "created_at", "id"])
    op.create_index("ix_webhook_delivery_endpoint", "webhook_delivery", ["alliance", "endpoint_id", "state"])
    op.create_index("ix_webhook_delivery_finished", "webhook_delivery", ["alliance", "finished_at"])


def _create_attempt() -> None:
    op.create_table(
        "webhook_attempt",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("delivery_id", sa.Uuid, nullable=False),
        sa.Column("no", sa.Integer, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("status", sa.SmallInteger),
        sa.Column("fault", sa.String(20)),
        sa.Column("answer", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("alliance", "delivery_id", "no", name="pk_webhook_attempt"),
        sa.ForeignKeyConstraint(
            ["alliance", "delivery_id"],
            ["webhook_delivery.alliance", "webhook_delivery.id"],
            name="fk_webhook_attempt_delivery",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("octet_length(answer) <= 4096", name="ck_webhook_attempt_answer_is_short"),
        comment="each sending of a delivery and what the receiver answered",
    )
