"""Applied target packs, reports of indicators and the decisions on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.kernel.migrations import enable_tenancy

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
QUANTITY = sa.Numeric(18, 4)


def upgrade() -> None:
    op.create_table(
        "policy_version",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("pack", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("applied_at", INSTANT, nullable=False),
        sa.Column("applied_by", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("alliance", "pack", "version", name="pk_policy_version"),
        comment="target packs as applied; a version is never changed",
    )
    op.create_table(
        "report",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("pack", sa.String(60), nullable=False),
        sa.Column("indicator", sa.String(60), nullable=False),
        sa.Column("year", sa.SmallInteger, nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("reporter", sa.String(100), nullable=False),
        sa.Column("numerator", QUANTITY),
        sa.Column("denominator", QUANTITY),
        sa.Column("value", QUANTITY),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reported_at", INSTANT, nullable=False),
        sa.Column("row_version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("alliance", "id", name="pk_report"),
        sa.UniqueConstraint("alliance", "pack", "indicator", "year", "owner", name="uq_report_once_per_unit_and_year"),
        sa.CheckConstraint("state IN ('submitted', 'accepted', 'returned')", name="ck_report_state"),
        sa.CheckConstraint("denominator IS NULL OR denominator > 0", name="ck_report_denominator_positive"),
        sa.CheckConstraint("(numerator IS NULL) = (denominator IS NULL)", name="ck_report_ratio_has_both_parts"),
        sa.CheckConstraint("(value IS NULL) <> (numerator IS NULL)", name="ck_report_ratio_or_value"),
        comment="what a unit reported for an indicator and year",
    )
    op.create_table(
        "report_decision",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("no", sa.SmallInteger, nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("actor_name", sa.String(100), nullable=False),
        sa.Column("opinion", sa.Text, nullable=False),
        sa.Column("figures", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("alliance", "report_id", "no", name="pk_report_decision"),
        sa.ForeignKeyConstraint(
            ["alliance", "report_id"], ["report.alliance", "report.id"], name="fk_report_decision_report"
        ),
        comment="steps in the life of a report; inserted and read, never changed",
    )
    enable_tenancy(op, "targets", "policy_version", append_only=True)
    enable_tenancy(op, "targets", "report")
    enable_tenancy(op, "targets", "report_decision", append_only=True)
