"""Rosters in bulk: what a file was, every fault of its rows, and a way to empty a practice alliance.

The service's role may delete no roster, claim or settlement. In a practice alliance a unit may begin anew, so a
function that runs as the owner deletes what one unit sent, and refuses in every other alliance.
"""

from alembic import op

from services.kernel.migrations import enable_tenancy, run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IMPORTS = """
ALTER TABLE roster_import
    ADD COLUMN sha256 varchar(64),
    ADD COLUMN bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN format varchar(10) NOT NULL DEFAULT 'table'
        CONSTRAINT ck_roster_import_format CHECK (format IN ('table', 'json', 'ndjson')),
    ADD COLUMN mode varchar(16) NOT NULL DEFAULT 'accept_good'
        CONSTRAINT ck_roster_import_mode CHECK (mode IN ('accept_good', 'all_or_nothing')),
    ADD COLUMN fault_count integer NOT NULL DEFAULT 0,
    ADD COLUMN warnings jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN checked_with varchar(200),
    ADD COLUMN standing_seq bigint;
ALTER TABLE roster_import DROP CONSTRAINT ck_roster_import_state;
ALTER TABLE roster_import ADD CONSTRAINT ck_roster_import_state
    CHECK (state IN ('queued', 'done', 'refused', 'failed'));
ALTER TABLE roster_import ADD CONSTRAINT ck_roster_import_refused_takes_nothing
    CHECK (state <> 'refused' OR (rejected_rows > 0 AND new_rows + changed_rows + unchanged_rows = 0));
COMMENT ON COLUMN roster_import.sha256 IS 'of the file as it was sent; the same file again changes nothing';
COMMENT ON COLUMN roster_import.standing_seq IS 'the roster number that stood when this import ended';
COMMENT ON COLUMN roster_import.checked_with IS 'versions of the registry and of the policy that rows were checked by';
CREATE INDEX ix_roster_import_content ON roster_import (alliance, owner, kind, year, sha256);

CREATE TABLE roster_reject (
    alliance varchar(32) NOT NULL,
    import_id uuid NOT NULL,
    no integer NOT NULL,
    line integer NOT NULL,
    field varchar(40) NOT NULL,
    code varchar(60) NOT NULL,
    message text NOT NULL,
    CONSTRAINT pk_roster_reject PRIMARY KEY (alliance, import_id, no)
);
COMMENT ON TABLE roster_reject IS
    'every fault of the rows that an import returned, without what stood in them; deleted with the returned workbook';
"""

RESET = """
CREATE FUNCTION practice_reset(unit text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = subsidies, pg_temp AS $body$
DECLARE
    tenant text := current_setting('hub.alliance', true);
    years smallint[];
    settled integer[];
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
COMMENT ON FUNCTION practice_reset(text) IS
    'deletes the rosters, imports and claims of one unit in a practice alliance, and settlements of their years';
REVOKE ALL ON FUNCTION practice_reset(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION practice_reset(text) TO hub_subsidies;
"""


def upgrade() -> None:
    run_script(op, IMPORTS)
    enable_tenancy(op, "subsidies", "roster_reject")
    op.execute("REVOKE UPDATE ON roster_reject FROM hub_subsidies")
    run_script(op, RESET)
