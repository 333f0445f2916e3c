"""Change sets take the place of the imports that saved at once."""

from alembic import op

from services.kernel.migrations import enable_tenancy, run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CHANGE_SETS = """
CREATE TABLE change_set (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    kind varchar(30) NOT NULL,
    origin varchar(10) NOT NULL CONSTRAINT ck_change_set_origin CHECK (origin IN ('import', 'edit')),
    title varchar(200) NOT NULL,
    state varchar(10) NOT NULL CONSTRAINT ck_change_set_state CHECK (state IN (
        'checking', 'ready', 'applying', 'applied', 'undoing', 'undone', 'discarded')),
    asked jsonb,
    file uuid,
    rejects_file uuid,
    job uuid,
    effective_on date,
    reason varchar(200),
    total integer NOT NULL,
    new integer NOT NULL,
    changed integer NOT NULL,
    unchanged integer NOT NULL,
    rejected integer NOT NULL,
    applied integer NOT NULL,
    left_out integer NOT NULL,
    undone integer NOT NULL,
    created_by varchar(100) NOT NULL,
    created_by_name varchar(100) NOT NULL,
    applied_at timestamptz,
    undone_at timestamptz,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_change_set PRIMARY KEY (alliance, id),
    CONSTRAINT ck_change_set_source CHECK ((origin = 'import') = (file IS NOT NULL))
);
COMMENT ON TABLE change_set IS 'imports and bulk edits: seen before they are saved, undone afterwards';
COMMENT ON COLUMN change_set.asked IS 'of a bulk edit: which rows, and which fields get what';
COMMENT ON COLUMN change_set.left_out IS 'rows that were not saved because somebody changed them after the preview';
CREATE INDEX ix_change_set_created ON change_set (alliance, created_at, id);

CREATE TABLE change_row (
    alliance varchar(32) NOT NULL,
    change_set uuid NOT NULL,
    line integer NOT NULL,
    outcome varchar(10) NOT NULL CONSTRAINT ck_change_row_outcome CHECK (outcome IN (
        'new', 'changed', 'unchanged', 'rejected')),
    object_id uuid,
    label varchar(200) NOT NULL,
    before jsonb,
    after jsonb,
    issues jsonb NOT NULL,
    result varchar(10) CONSTRAINT ck_change_row_result CHECK (result IN ('applied', 'left_out', 'undone', 'kept')),
    note varchar(300),
    CONSTRAINT pk_change_row PRIMARY KEY (alliance, change_set, line),
    CONSTRAINT fk_change_row_set FOREIGN KEY (alliance, change_set) REFERENCES change_set (alliance, id)
);
COMMENT ON TABLE change_row IS 'the rows of a change set; what they hold is emptied when it can no longer be undone';
CREATE INDEX ix_change_row_outcome ON change_row (alliance, change_set, outcome, line);

DROP TABLE member_import;
"""


def upgrade() -> None:
    run_script(op, CHANGE_SETS)
    for table in ("change_set", "change_row"):
        enable_tenancy(op, "registry", table)
