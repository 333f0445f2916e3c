"""Which of two places of a document counts for an indicator in a year."""

import sqlalchemy as sa
from alembic import op

from services.kernel.citations import resting_columns
from services.kernel.migrations import enable_tenancy
from services.kernel.practice import create_practice_reset

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OWN_REPORT = "SELECT id FROM report WHERE alliance = wanted_alliance AND owner = wanted_owner"


def upgrade() -> None:
    op.create_table(
        "source_decision",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("pack", sa.String(60), nullable=False),
        sa.Column("indicator", sa.String(60), nullable=False),
        sa.Column("year", sa.SmallInteger, comment="null: the requirement for which the document gives no year"),
        sa.Column("no", sa.SmallInteger, nullable=False, comment="1, 2, … for one indicator and year; the last stands"),
        sa.Column("article", sa.Text, nullable=False, comment="the place that counts"),
        sa.Column("value", sa.Numeric, comment="what it asked for on the day of the decision"),
        sa.Column("text", sa.Text, comment="the same in words, where it asked for no number"),
        sa.Column("opinion", sa.Text, nullable=False),
        *resting_columns(),
        sa.Column("replaces", sa.Uuid, comment="the decision that stood until then"),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(100), nullable=False),
        sa.Column("decided_by_name", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("alliance", "id", name="pk_source_decision"),
        sa.UniqueConstraint(
            *("alliance", "pack", "indicator", "year", "no"),
            name="uq_source_decision_no",
            postgresql_nulls_not_distinct=True,
        ),
        sa.ForeignKeyConstraint(
            ["alliance", "replaces"],
            ["source_decision.alliance", "source_decision.id"],
            name="fk_source_decision_replaces",
        ),
        sa.CheckConstraint("value IS NOT NULL OR text IS NOT NULL", name="ck_source_decision_asks"),
        sa.CheckConstraint("no >= 1 AND (no = 1) = (replaces IS NULL)", name="ck_source_decision_first_replaces_none"),
        sa.CheckConstraint("resolution IS NOT NULL OR resolution_title IS NULL", name="ck_source_decision_title"),
        comment="which place of a document counts where two ask for different things; inserted and read, never changed",
    )
    op.create_index("ix_source_decision_resolution", "source_decision", ["alliance", "resolution"])
    enable_tenancy(op, "targets", "source_decision", append_only=True)
    create_practice_reset(
        op,
        "targets",
        [
            ("source_decision", "wanted_owner = 'secretariat'"),
            ("report_decision", f"report_id IN ({OWN_REPORT})"),
            ("report", "owner = wanted_owner"),
        ],
    )
