"""Members, collaborations with their recognitions, imports of members, and applied policy documents."""

from alembic import op

from services.kernel.migrations import enable_tenancy, run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MEMBERS = """
CREATE TABLE member (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    name varchar(100) NOT NULL CONSTRAINT ck_member_name_filled CHECK (name <> ''),
    aliases text[] NOT NULL DEFAULT '{}',
    uscc varchar(18) CONSTRAINT ck_member_uscc_shape CHECK (uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    category varchar(30) NOT NULL CONSTRAINT ck_member_category CHECK (category IN (
        'higher_vocational', 'secondary_vocational', 'technician', 'sending_school', 'enterprise', 'government',
        'park', 'industry_body', 'research', 'financial', 'community')),
    division varchar(6) CONSTRAINT ck_member_division_shape CHECK (division ~ '^[0-9]{6}$'),
    functional_zone varchar(6),
    structure_role varchar(20) CONSTRAINT ck_member_structure_role
        CHECK (structure_role IN ('leading', 'backbone', 'consortium', 'participant')),
    enterprise_size varchar(10) CONSTRAINT ck_member_enterprise_size
        CHECK (enterprise_size IN ('large', 'medium', 'small', 'micro')),
    size_evidence varchar(200),
    industry varchar(100),
    contact_person varchar(50),
    contact_phone varchar(30),
    status varchar(10) NOT NULL CONSTRAINT ck_member_status CHECK (status IN ('active', 'exited')),
    joined_on date,
    left_on date,
    sort_key varchar(400) NOT NULL,
    search_text text NOT NULL,
    division_order varchar(6) NOT NULL GENERATED ALWAYS AS (coalesce(division, '')) STORED,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_member PRIMARY KEY (alliance, id),
    CONSTRAINT uq_member_name UNIQUE (alliance, name),
    CONSTRAINT uq_member_uscc UNIQUE (alliance, uscc),
    CONSTRAINT ck_member_size_of_enterprise CHECK (enterprise_size IS NULL OR category = 'enterprise'),
    CONSTRAINT ck_member_left_on_of_exited CHECK ((status = 'exited') = (left_on IS NOT NULL)),
    CONSTRAINT ck_member_left_after_joined CHECK (left_on >= joined_on)
);
COMMENT ON TABLE member IS 'organisations of the alliance; one that left keeps its row';
COMMENT ON COLUMN member.sort_key IS 'pinyin syllables of the name: the database has no Chinese collation';
COMMENT ON COLUMN member.search_text IS 'names as written, as pinyin and as initials, and the code, in lower case';
CREATE INDEX ix_member_sort ON member (alliance, sort_key, id);
CREATE INDEX ix_member_division ON member (alliance, division);
"""

COLLABORATIONS = """
CREATE TABLE collaboration (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    kind varchar(30) NOT NULL CONSTRAINT ck_collaboration_kind CHECK (kind IN (
        'consortium', 'county_fusion', 'industry_college', 'school_enterprise_class', 'platform', 'base',
        'internship_base', 'fusion_enterprise', 'master_studio', 'community_college')),
    name varchar(100) NOT NULL CONSTRAINT ck_collaboration_name_filled CHECK (name <> ''),
    host_member uuid,
    lead_member uuid,
    founded_on date,
    status varchar(10) NOT NULL CONSTRAINT ck_collaboration_status CHECK (status IN ('active', 'ended')),
    sort_key varchar(400) NOT NULL,
    search_text text NOT NULL,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_collaboration PRIMARY KEY (alliance, id),
    CONSTRAINT uq_collaboration_name UNIQUE (alliance, kind, name),
    CONSTRAINT fk_collaboration_host FOREIGN KEY (alliance, host_member) REFERENCES member (alliance, id),
    CONSTRAINT fk_collaboration_lead FOREIGN KEY (alliance, lead_member) REFERENCES member (alliance, id)
);
COMMENT ON TABLE collaboration IS 'what members build together';
COMMENT ON COLUMN collaboration.host_member IS 'the school that runs it; is paid for an industry college';
COMMENT ON COLUMN collaboration.lead_member IS 'the unit that leads it; is paid for a consortium';
CREATE INDEX ix_collaboration_sort ON collaboration (alliance, sort_key, id);

CREATE TABLE collaboration_participant (
    alliance varchar(32) NOT NULL,
    collaboration uuid NOT NULL,
    member uuid NOT NULL,
    CONSTRAINT pk_collaboration_participant PRIMARY KEY (alliance, collaboration, member),
    CONSTRAINT fk_participant_collaboration FOREIGN KEY (alliance, collaboration)
        REFERENCES collaboration (alliance, id),
    CONSTRAINT fk_participant_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id)
);
CREATE INDEX ix_participant_member ON collaboration_participant (alliance, member);

CREATE TABLE recognition (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    collaboration uuid NOT NULL,
    level varchar(20) NOT NULL CONSTRAINT ck_recognition_level CHECK (level IN ('municipal', 'provincial', 'national')),
    granted_on date NOT NULL,
    document_number varchar(100) NOT NULL,
    withdrawn_on date,
    withdrawal_reason varchar(200),
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_recognition PRIMARY KEY (alliance, id),
    CONSTRAINT fk_recognition_collaboration FOREIGN KEY (alliance, collaboration)
        REFERENCES collaboration (alliance, id),
    CONSTRAINT ck_recognition_withdrawn_after_granted CHECK (withdrawn_on >= granted_on)
);
COMMENT ON TABLE recognition IS 'dated grants of a level; a withdrawal is recorded, never a deletion';
CREATE UNIQUE INDEX uq_recognition_standing_level ON recognition (alliance, collaboration, level)
    WHERE withdrawn_on IS NULL;
"""

IMPORTS = """
CREATE TABLE member_import (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    job uuid,
    file uuid NOT NULL,
    file_name varchar(200) NOT NULL,
    rejects_file uuid,
    state varchar(10) NOT NULL CONSTRAINT ck_member_import_state CHECK (state IN ('queued', 'done')),
    total integer NOT NULL,
    created integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    rejected integer NOT NULL,
    issues jsonb NOT NULL,
    created_by varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_member_import PRIMARY KEY (alliance, id)
);
COMMENT ON TABLE member_import IS 'uploaded workbooks of members; counts and faults, never cells';
CREATE INDEX ix_member_import_created ON member_import (alliance, created_at);
"""

POLICIES = """
CREATE TABLE policy_version (
    alliance varchar(32) NOT NULL,
    pack varchar(60) NOT NULL,
    version integer NOT NULL CONSTRAINT ck_policy_version_from_one CHECK (version >= 1),
    sha256 varchar(64) NOT NULL,
    document jsonb NOT NULL,
    structure jsonb NOT NULL,
    applied_at timestamptz NOT NULL,
    applied_by varchar(100) NOT NULL,
    CONSTRAINT pk_policy_version PRIMARY KEY (alliance, pack, version)
);
COMMENT ON TABLE policy_version IS 'policy documents and their structure as applied; a new row per change';
"""


def upgrade() -> None:
    for script in (MEMBERS, COLLABORATIONS, IMPORTS, POLICIES):
        run_script(op, script)
    for table in ("member", "collaboration", "collaboration_participant", "recognition", "member_import"):
        enable_tenancy(op, "registry", table)
    enable_tenancy(op, "registry", "policy_version", append_only=True)
