"""Decisions on what lies above a pool, and what each of them does with every payable line of its budget.

Both are only ever added: a later decision replaces the one that stands. In a practice alliance they go with the
settlements that a unit's reset deletes. Decided lines have no key to their decision for the reason that settlement
lines have none: a large city's year has a million of them, checked one by one.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kernel.citations import resting_columns
from services.kernel.migrations import enable_tenancy, run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MONEY = ("pool_fen", "claimed_fen", "paid_fen", "deferred_fen", "unfunded_fen")
SCENARIOS = "scenario IN ('fixed_first', 'pro_rata_classes', 'pro_rata_all', 'carry_over')"

DESCRIBED = """
COMMENT ON TABLE pool_decision IS 'what is done with what lies above a budget of a confirmed settlement; never changed';
COMMENT ON COLUMN pool_decision.no IS 'counted from 1 within settlement and budget; the greatest one stands';
COMMENT ON COLUMN pool_decision.payees IS
    'by rule and payee: paid, deferred and unfunded in 分, and how many lines are paid and deferred';
COMMENT ON TABLE decided_line IS 'what one decision does with every payable line of its budget; never changed';
CREATE INDEX ix_pool_decision_resolution ON pool_decision (alliance, resolution) WHERE resolution IS NOT NULL;
"""

RESET = """
CREATE OR REPLACE FUNCTION practice_reset(unit text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = subsidies, pg_temp AS $body$
DECLARE
    tenant text := current_setting('hub.alliance', true);
    years smallint[];
    settled integer[];
    decided uuid[];
    counts jsonb := '{}';
    gone bigint;
BEGIN
    IF tenant IS NULL OR tenant NOT LIKE '%-practice' THEN
        RAISE EXCEPTION 'alliance % is no practice alliance', tenant
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM 1 FROM roster_sequence WHERE alliance = tenant FOR UPDATE;
    SELECT array_agg(DISTINCT year) INTO years FROM (
        SELECT year FROM student WHERE alliance = tenant AND owner = unit
        UNION SELECT year FROM school_class WHERE alliance = tenant AND owner = unit
        UNION SELECT year FROM claim WHERE alliance = tenant AND owner = unit) touched;
    SELECT array_agg(no) INTO settled FROM settlement WHERE alliance = tenant AND year = ANY (years);
    SELECT array_agg(d.id) INTO decided FROM pool_decision d
        JOIN settlement s ON s.alliance = d.alliance AND s.id = d.settlement
        WHERE d.alliance = tenant AND s.no = ANY (settled);
    DELETE FROM decided_line WHERE alliance = tenant AND decision = ANY (decided);
    DELETE FROM pool_decision WHERE alliance = tenant AND id = ANY (decided);
    DELETE FROM settlement_line WHERE alliance = tenant AND settlement_no = ANY (settled);
    DELETE FROM settlement WHERE alliance = tenant AND no = ANY (settled);
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('settlements', gone);
    DELETE FROM claim_decision WHERE alliance = tenant AND claim_id IN
        (SELECT id FROM claim WHERE alliance = tenant AND owner = unit);
    DELETE FROM claim WHERE alliance = tenant AND owner = unit;
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('claims', gone);
    DELETE FROM student WHERE alliance = tenant AND owner = unit;
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('students', gone);
    DELETE FROM school_class WHERE alliance = tenant AND owner = unit;
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('classes', gone);
    DELETE FROM roster_reject WHERE alliance = tenant AND import_id IN
        (SELECT id FROM roster_import WHERE alliance = tenant AND owner = unit);
    DELETE FROM roster_import WHERE alliance = tenant AND owner = unit;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN counts || jsonb_build_object('imports', gone);
END
$body$;
"""


def upgrade() -> None:
    _pool_decision()
    _decided_line()
    for table in ("pool_decision", "decided_line"):
        enable_tenancy(op, "subsidies", table, append_only=True)
    run_script(op, DESCRIBED)
    run_script(op, RESET)


def _pool_decision() -> None:
    op.create_table(
        "pool_decision",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("settlement", sa.Uuid, nullable=False),
        sa.Column("budget", sa.String(63), nullable=False),
        sa.Column("no", sa.Integer, nullable=False),
        sa.Column("scenario", sa.String(30), nullable=False),
        *[sa.Column(name, sa.BigInteger, nullable=False) for name in MONEY],
        sa.Column("payees", postgresql.JSONB, nullable=False),
        sa.Column("opinion", sa.Text, nullable=False),
        *resting_columns(),
        sa.Column("replaces", sa.Uuid),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(100), nullable=False),
        sa.Column("decided_by_name", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("alliance", "id", name="pk_pool_decision"),
        sa.UniqueConstraint("alliance", "settlement", "budget", "no", name="uq_pool_decision_no"),
        sa.ForeignKeyConstraint(
            ["alliance", "settlement"], ["settlement.alliance", "settlement.id"], name="fk_pool_decision_settlement"
        ),
        sa.ForeignKeyConstraint(
            ["alliance", "replaces"], ["pool_decision.alliance", "pool_decision.id"], name="fk_pool_decision_replaces"
        ),
        sa.CheckConstraint("no >= 1 AND (no = 1) = (replaces IS NULL)", name="ck_pool_decision_replaces_the_last"),
        sa.CheckConstraint(SCENARIOS, name="ck_pool_decision_scenario"),
        sa.CheckConstraint("least(paid_fen, deferred_fen, unfunded_fen) >= 0", name="ck_pool_decision_not_negative"),
        sa.CheckConstraint("paid_fen + deferred_fen + unfunded_fen = claimed_fen", name="ck_pool_decision_adds_up"),
        sa.CheckConstraint("paid_fen <= pool_fen AND pool_fen < claimed_fen", name="ck_pool_decision_pool_is_short"),
        sa.CheckConstraint("resolution IS NOT NULL OR resolution_number IS NOT NULL", name="ck_pool_decision_rests"),
    )


def _decided_line() -> None:
    op.create_table(
        "decided_line",
        sa.Column("alliance", sa.String(32), nullable=False),
        sa.Column("decision", sa.Uuid, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("paid_fen", sa.BigInteger, nullable=False),
        sa.Column("deferred_fen", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("alliance", "decision", "line_no", name="pk_decided_line"),
        sa.CheckConstraint("least(paid_fen, deferred_fen) >= 0", name="ck_decided_line_not_negative"),
    )
