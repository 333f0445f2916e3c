"""Rosters, claims, applied policies and settlements.

Roster rows, decisions and lines are only ever added: the service's role may change one column of a roster row, the
number at which it was superseded. A settlement's lines are a partition of their own, made and attached by two functions
that run as the owner, because the service's role owns no table.
"""

from alembic import op

from services.kernel.migrations import enable_tenancy, run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

POLICY = """
CREATE TABLE policy_version (
    alliance varchar(32) NOT NULL,
    pack varchar(60) NOT NULL,
    version integer NOT NULL CONSTRAINT ck_policy_version_from_one CHECK (version >= 1),
    sha256 varchar(64) NOT NULL,
    content jsonb NOT NULL,
    document jsonb NOT NULL,
    applied_at timestamptz NOT NULL,
    applied_by varchar(100) NOT NULL,
    CONSTRAINT pk_policy_version PRIMARY KEY (alliance, pack, version)
);
COMMENT ON TABLE policy_version IS 'money rules as applied; a new row per change, pinned by settlements';
"""

ROSTERS = """
CREATE TABLE roster_sequence (
    alliance varchar(32) NOT NULL CONSTRAINT pk_roster_sequence PRIMARY KEY,
    last bigint NOT NULL
);
COMMENT ON TABLE roster_sequence IS 'number of the last change to the rosters; locked while rows are taken in';

CREATE TABLE roster_import (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    owner varchar(60) NOT NULL,
    kind varchar(10) NOT NULL CONSTRAINT ck_roster_import_kind CHECK (kind IN ('students', 'classes')),
    year smallint NOT NULL,
    state varchar(10) NOT NULL CONSTRAINT ck_roster_import_state CHECK (state IN ('queued', 'done', 'failed')),
    file_name varchar(200) NOT NULL,
    file_id uuid,
    rejects_file_id uuid,
    job_id uuid,
    total_rows integer NOT NULL,
    new_rows integer NOT NULL,
    changed_rows integer NOT NULL,
    unchanged_rows integer NOT NULL,
    rejected_rows integer NOT NULL,
    issues jsonb NOT NULL,
    recorded_seq bigint,
    registry_as_of timestamptz,
    registry_fresh boolean,
    failure text,
    created_at timestamptz NOT NULL,
    created_by varchar(100) NOT NULL,
    created_by_name varchar(100) NOT NULL,
    finished_at timestamptz,
    rejects_until timestamptz,
    CONSTRAINT pk_roster_import PRIMARY KEY (alliance, id),
    CONSTRAINT ck_roster_import_counts_add_up CHECK
        (state <> 'done' OR total_rows = new_rows + changed_rows + unchanged_rows + rejected_rows)
);
COMMENT ON TABLE roster_import IS 'uploaded roster files; the file itself is encrypted and deleted after processing';
CREATE INDEX ix_roster_import_created ON roster_import (alliance, created_at);

CREATE TABLE student (
    alliance varchar(32) NOT NULL,
    no bigint GENERATED ALWAYS AS IDENTITY,
    owner varchar(60) NOT NULL,
    year smallint NOT NULL,
    person_key bytea NOT NULL CONSTRAINT ck_student_person_key CHECK (octet_length(person_key) = 16),
    name_masked varchar(60) NOT NULL,
    id_masked varchar(18) NOT NULL CONSTRAINT ck_student_id_masked CHECK (id_masked LIKE '___***********____'),
    enrolment_year smallint NOT NULL,
    school uuid NOT NULL,
    school_name varchar(200) NOT NULL,
    major varchar(200) NOT NULL,
    class_code varchar(60),
    enrolled_on date NOT NULL,
    origin_division varchar(6) NOT NULL,
    sending_school uuid,
    sending_school_name varchar(200),
    status varchar(10) NOT NULL CONSTRAINT ck_student_status CHECK (status IN ('enrolled', 'left')),
    left_on date,
    claimed_rule varchar(63),
    recorded_seq bigint NOT NULL,
    superseded_seq bigint CONSTRAINT ck_student_superseded_later CHECK (superseded_seq > recorded_seq),
    import_id uuid NOT NULL,
    line integer NOT NULL,
    CONSTRAINT pk_student PRIMARY KEY (alliance, no),
    CONSTRAINT ck_student_left_has_date CHECK ((status = 'left') = (left_on IS NOT NULL))
);
COMMENT ON TABLE student IS 'student rosters; rows are only added, and superseded by later ones';
COMMENT ON COLUMN student.person_key IS 'keyed hash (HMAC-SHA-256, 128 bits) of the identity number';
CREATE UNIQUE INDEX uq_student_current ON student (alliance, year, owner, school, person_key)
    WHERE superseded_seq IS NULL;
CREATE INDEX ix_student_person ON student (alliance, person_key);

CREATE TABLE school_class (
    alliance varchar(32) NOT NULL,
    no bigint GENERATED ALWAYS AS IDENTITY,
    owner varchar(60) NOT NULL,
    year smallint NOT NULL,
    class_code varchar(60) NOT NULL,
    class_name varchar(200) NOT NULL,
    school uuid NOT NULL,
    school_name varchar(200) NOT NULL,
    major varchar(200) NOT NULL,
    opening_year smallint NOT NULL,
    opened_on date NOT NULL,
    format varchar(10) NOT NULL,
    enterprise varchar(200) NOT NULL,
    enterprise_member uuid,
    enterprise_uscc varchar(18) NOT NULL,
    enterprise_division varchar(6) NOT NULL,
    enterprise_size varchar(10),
    size_evidence varchar(200),
    score numeric(5, 2) CONSTRAINT ck_school_class_score CHECK (score BETWEEN 0 AND 100),
    recorded_seq bigint NOT NULL,
    superseded_seq bigint CONSTRAINT ck_school_class_superseded_later CHECK (superseded_seq > recorded_seq),
    import_id uuid NOT NULL,
    line integer NOT NULL,
    CONSTRAINT pk_school_class PRIMARY KEY (alliance, no)
);
COMMENT ON TABLE school_class IS 'rosters of classes run with enterprises; rows are only added, and superseded';
CREATE UNIQUE INDEX uq_school_class_current ON school_class (alliance, year, owner, school, class_code)
    WHERE superseded_seq IS NULL;
"""

CLAIMS = """
CREATE TABLE claim (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    owner varchar(60) NOT NULL,
    year smallint NOT NULL,
    rule varchar(63) NOT NULL,
    collaboration uuid,
    collaboration_name varchar(200),
    state varchar(10) NOT NULL CONSTRAINT ck_claim_state
        CHECK (state IN ('draft', 'submitted', 'accepted', 'returned', 'withdrawn')),
    roster_seq bigint NOT NULL,
    subjects integer NOT NULL,
    requested_fen bigint NOT NULL CONSTRAINT ck_claim_requested CHECK (requested_fen >= 0),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    created_by_name varchar(100) NOT NULL,
    row_version integer NOT NULL,
    CONSTRAINT pk_claim PRIMARY KEY (alliance, id)
);
COMMENT ON TABLE claim IS 'what an owner claims under a rule in a year; a settlement pays only what is accepted here';
CREATE UNIQUE INDEX uq_claim_once ON claim
    (alliance, year, rule, owner, coalesce(collaboration, '00000000-0000-0000-0000-000000000000'::uuid))
    WHERE state <> 'withdrawn';

CREATE TABLE claim_decision (
    alliance varchar(32) NOT NULL,
    no bigint GENERATED ALWAYS AS IDENTITY,
    owner varchar(60) NOT NULL,
    claim_id uuid NOT NULL,
    action varchar(10) NOT NULL,
    from_state varchar(10),
    to_state varchar(10) NOT NULL,
    actor varchar(100) NOT NULL,
    actor_name varchar(100) NOT NULL,
    actor_role varchar(30) NOT NULL,
    at timestamptz NOT NULL,
    opinion text,
    roster_seq bigint NOT NULL,
    subjects integer NOT NULL,
    requested_fen bigint NOT NULL,
    CONSTRAINT pk_claim_decision PRIMARY KEY (alliance, no),
    CONSTRAINT fk_claim_decision_claim FOREIGN KEY (alliance, claim_id) REFERENCES claim (alliance, id)
);
COMMENT ON TABLE claim_decision IS 'every step of a claim; inserted and read, never changed';
CREATE INDEX ix_claim_decision_claim ON claim_decision (alliance, claim_id, no);
"""

SETTLEMENTS = """
CREATE TABLE recognition_number (
    alliance varchar(32) NOT NULL,
    no bigint GENERATED ALWAYS AS IDENTITY,
    recognition uuid NOT NULL,
    collaboration uuid NOT NULL,
    CONSTRAINT pk_recognition_number PRIMARY KEY (alliance, no),
    CONSTRAINT uq_recognition_number_recognition UNIQUE (alliance, recognition)
);
COMMENT ON TABLE recognition_number IS 'the number by which lines name a recognition of the registry';

CREATE SEQUENCE settlement_number AS integer;

CREATE TABLE settlement (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    no integer NOT NULL,
    year smallint NOT NULL,
    snapshot_date date NOT NULL,
    state varchar(10) NOT NULL CONSTRAINT ck_settlement_state
        CHECK (state IN ('queued', 'computed', 'confirmed', 'failed')),
    job_id uuid,
    pins jsonb,
    hash varchar(64),
    totals jsonb,
    line_count integer NOT NULL,
    registry_as_of timestamptz,
    registry_fresh boolean,
    failure text,
    created_at timestamptz NOT NULL,
    created_by varchar(100) NOT NULL,
    created_by_name varchar(100) NOT NULL,
    computed_at timestamptz,
    confirmed_at timestamptz,
    confirmed_by varchar(100),
    confirmed_by_name varchar(100),
    opinion text,
    row_version integer NOT NULL,
    CONSTRAINT pk_settlement PRIMARY KEY (alliance, id),
    CONSTRAINT uq_settlement_no UNIQUE (no),
    CONSTRAINT ck_settlement_computed_is_pinned CHECK
        (state NOT IN ('computed', 'confirmed') OR (pins IS NOT NULL AND hash IS NOT NULL AND totals IS NOT NULL))
);
COMMENT ON TABLE settlement IS 'a year settled: its pinned inputs, the hash of inputs and lines, totals in 分';
CREATE UNIQUE INDEX uq_settlement_confirmed_once ON settlement (alliance, year) WHERE state = 'confirmed';

CREATE TABLE settlement_line (
    alliance varchar(32) NOT NULL,
    settlement_no integer NOT NULL,
    line_no integer NOT NULL,
    subject_no bigint NOT NULL,
    amount_fen bigint NOT NULL,
    payee uuid,
    rank integer,
    rule_no smallint NOT NULL,
    subject_kind smallint NOT NULL,
    outcome smallint NOT NULL,
    reason smallint,
    funding smallint,
    CONSTRAINT pk_settlement_line PRIMARY KEY (alliance, settlement_no, line_no)
) PARTITION BY LIST (settlement_no);
COMMENT ON TABLE settlement_line IS 'narrow lines, one partition per settlement; read through this table only';

CREATE FUNCTION settlement_lines_create(number integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = subsidies, pg_temp AS $body$
DECLARE
    tenant text := current_setting('hub.alliance', true);
    lines text := format('settlement_line_%s', number);
BEGIN
    PERFORM 1 FROM settlement WHERE no = number AND alliance = tenant AND state = 'queued';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'settlement % of this alliance is not queued', number
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE settlement_line INCLUDING DEFAULTS)', lines);
    EXECUTE format('ALTER TABLE %I ALTER alliance SET DEFAULT %L', lines, tenant);
    EXECUTE format('ALTER TABLE %I ALTER settlement_no SET DEFAULT %s', lines, number);
    -- It implies the partition's bound, so that attaching need not read the lines again.
    EXECUTE format('ALTER TABLE %I ADD CHECK (alliance = %L AND settlement_no = %s)', lines, tenant, number);
    EXECUTE format('GRANT INSERT ON %I TO hub_subsidies', lines);
END
$body$;
COMMENT ON FUNCTION settlement_lines_create(integer) IS
    'an empty table for one queued settlement of the current alliance, which its maker may only fill';

CREATE FUNCTION settlement_lines_attach(number integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = subsidies, pg_temp AS $body$
DECLARE
    tenant text := current_setting('hub.alliance', true);
    lines text := format('settlement_line_%s', number);
BEGIN
    PERFORM 1 FROM settlement WHERE no = number AND alliance = tenant AND state = 'queued';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'settlement % of this alliance is not queued', number
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    EXECUTE format('REVOKE ALL ON %I FROM hub_subsidies', lines);
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (alliance, settlement_no, line_no)', lines);
    EXECUTE format('ALTER TABLE settlement_line ATTACH PARTITION %I FOR VALUES IN (%s)', lines, number);
END
$body$;
COMMENT ON FUNCTION settlement_lines_attach(integer) IS
    'closes the table of one queued settlement for writing, keys it and makes it part of settlement_line';

REVOKE ALL ON FUNCTION settlement_lines_create(integer), settlement_lines_attach(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settlement_lines_create(integer), settlement_lines_attach(integer) TO hub_subsidies;
GRANT USAGE ON SEQUENCE settlement_number TO hub_subsidies;
"""

CHANGING = ("roster_sequence", "roster_import", "claim", "settlement")
GROWING = ("policy_version", "student", "school_class", "claim_decision", "recognition_number")


def upgrade() -> None:
    for script in (POLICY, ROSTERS, CLAIMS, SETTLEMENTS):
        run_script(op, script)
    for table in CHANGING:
        enable_tenancy(op, "subsidies", table)
        op.execute(f"REVOKE DELETE ON {table} FROM hub_subsidies")
    for table in GROWING:
        enable_tenancy(op, "subsidies", table, append_only=True)
    for table in ("student", "school_class"):
        op.execute(f"GRANT UPDATE (superseded_seq) ON {table} TO hub_subsidies")
    enable_tenancy(op, "subsidies", "settlement_line", append_only=True)
    op.execute("REVOKE INSERT ON settlement_line FROM hub_subsidies")
