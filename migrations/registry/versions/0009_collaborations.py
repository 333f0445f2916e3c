"""Collaborations: each kind's own fields, contributions, recognitions of members, plates that lapse, yearly reviews."""

from alembic import op

from services.kernel.history import remember
from services.kernel.migrations import enable_tenancy, run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLLABORATIONS = """
ALTER TABLE collaboration
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT ck_collaboration_details_object CHECK (jsonb_typeof(details) = 'object'),
    ADD COLUMN ended_on date,
    ADD COLUMN end_reason varchar(200),
    ADD COLUMN founded_order date NOT NULL GENERATED ALWAYS AS (coalesce(founded_on, DATE '0001-01-01')) STORED,
    ADD CONSTRAINT ck_collaboration_end_of_ended CHECK (status = 'ended' OR (ended_on IS NULL AND end_reason IS NULL)),
    ADD CONSTRAINT ck_collaboration_ended_after_founded CHECK (ended_on >= founded_on);
COMMENT ON COLUMN collaboration.details IS 'the fields of its kind, as schemas/collaboration_details.py has them';
COMMENT ON COLUMN collaboration.ended_on IS 'the first day on which it no longer runs';
COMMENT ON COLUMN collaboration.founded_order IS 'founded_on for sorting, where a null cannot stand';

ALTER TABLE collaboration_participant
    ADD COLUMN part varchar(20) NOT NULL DEFAULT 'partner'
        CONSTRAINT ck_participant_part CHECK (part IN ('enterprise', 'partner', 'supporter'));
COMMENT ON COLUMN collaboration_participant.part IS 'enterprise: the one with which a class or college is run';

UPDATE row_history SET data = data
    || jsonb_build_object('details', '{}'::jsonb, 'founded_order', coalesce(data ->> 'founded_on', '0001-01-01'))
    WHERE table_name = 'collaboration' AND NOT data ? 'details';
UPDATE row_history SET data = data || '{"part": "partner"}'
    WHERE table_name = 'collaboration_participant' AND NOT data ? 'part';

CREATE INDEX ix_collaboration_kind ON collaboration (alliance, kind, sort_key, id);
CREATE INDEX ix_collaboration_kind_order ON collaboration (alliance, kind, id);
CREATE INDEX ix_collaboration_status ON collaboration (alliance, status, sort_key, id);
CREATE INDEX ix_collaboration_host ON collaboration (alliance, host_member, id);
CREATE INDEX ix_collaboration_lead ON collaboration (alliance, lead_member, id);
CREATE INDEX ix_collaboration_founded ON collaboration (alliance, founded_order, id);
"""

CONTRIBUTIONS = """
CREATE TABLE contribution (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    collaboration uuid NOT NULL,
    member uuid NOT NULL,
    kind varchar(20) NOT NULL
        CONSTRAINT ck_contribution_kind CHECK (kind IN ('equipment', 'money', 'site', 'people')),
    description varchar(200) NOT NULL CONSTRAINT ck_contribution_described CHECK (description <> ''),
    value numeric(14, 2) CONSTRAINT ck_contribution_value CHECK (value >= 0),
    on_date date NOT NULL,
    evidence varchar(200),
    created_by varchar(100) NOT NULL,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_contribution PRIMARY KEY (alliance, id),
    CONSTRAINT fk_contribution_collaboration FOREIGN KEY (alliance, collaboration)
        REFERENCES collaboration (alliance, id),
    CONSTRAINT fk_contribution_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id)
);
COMMENT ON TABLE contribution IS 'what a member put into a collaboration on a day: equipment, money, a site, people';
COMMENT ON COLUMN contribution.value IS 'yuan; null while it is not valued';
CREATE INDEX ix_contribution_collaboration ON contribution (alliance, collaboration, on_date, id);
CREATE INDEX ix_contribution_member ON contribution (alliance, member);
"""

RECOGNITIONS = """
ALTER TABLE recognition ALTER COLUMN collaboration DROP NOT NULL;
ALTER TABLE recognition
    ADD COLUMN member uuid,
    ADD COLUMN kind varchar(30) CONSTRAINT ck_recognition_kind CHECK (kind IN (
        'consortium', 'county_fusion', 'industry_college', 'school_enterprise_class', 'platform', 'base',
        'internship_base', 'fusion_enterprise', 'master_studio', 'community_college')),
    ADD COLUMN title varchar(100),
    ADD COLUMN lapses_on date,
    ADD COLUMN lapses_order date NOT NULL GENERATED ALWAYS AS (coalesce(lapses_on, DATE '9999-12-31')) STORED,
    ADD CONSTRAINT fk_recognition_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id),
    ADD CONSTRAINT ck_recognition_one_subject CHECK ((collaboration IS NULL) <> (member IS NULL)),
    ADD CONSTRAINT ck_recognition_of_member_named CHECK (member IS NULL OR kind IS NOT NULL OR title IS NOT NULL),
    ADD CONSTRAINT ck_recognition_kind_of_member CHECK (kind IS NULL OR member IS NOT NULL),
    ADD CONSTRAINT ck_recognition_lapses_after_granted CHECK (lapses_on > granted_on);
COMMENT ON COLUMN recognition.kind IS 'of a member: as what it is recognised; a collaboration has its own kind';
COMMENT ON COLUMN recognition.title IS 'the name of the honour, where it is more than level and kind';
COMMENT ON COLUMN recognition.withdrawn_on IS 'the first day on which it no longer stands';
COMMENT ON COLUMN recognition.lapses_on IS 'of a plate: the first day on which it no longer stands unless granted anew';
COMMENT ON COLUMN recognition.lapses_order IS 'lapses_on for sorting, where a null cannot stand';
DROP INDEX uq_recognition_standing_level;
CREATE UNIQUE INDEX uq_recognition_of_collaboration ON recognition (alliance, collaboration, level, granted_on)
    WHERE withdrawn_on IS NULL AND collaboration IS NOT NULL;
CREATE INDEX ix_recognition_collaboration ON recognition (alliance, collaboration);
CREATE INDEX ix_recognition_member ON recognition (alliance, member);
CREATE INDEX ix_recognition_level ON recognition (alliance, level, collaboration);
CREATE INDEX ix_recognition_granted ON recognition (alliance, granted_on, id);
CREATE INDEX ix_recognition_lapses ON recognition (alliance, lapses_order, id);
"""

PLATES = """
CREATE TABLE plate_rule (
    alliance varchar(32) NOT NULL,
    kind varchar(30) NOT NULL,
    review_every_years integer NOT NULL CONSTRAINT ck_plate_rule_review CHECK (review_every_years > 0),
    lapses_after_years integer NOT NULL CONSTRAINT ck_plate_rule_lapse CHECK (lapses_after_years > 0),
    pack varchar(60) NOT NULL,
    article varchar(40) NOT NULL,
    CONSTRAINT pk_plate_rule PRIMARY KEY (alliance, kind)
);
COMMENT ON TABLE plate_rule IS 'which kinds are reviewed again and again and lapse, as the applied policy says';

CREATE TABLE collaboration_review (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    collaboration uuid,
    recognition uuid,
    subject uuid NOT NULL GENERATED ALWAYS AS (coalesce(collaboration, recognition)) STORED,
    year integer NOT NULL CONSTRAINT ck_collaboration_review_year CHECK (year BETWEEN 1949 AND 2999),
    result varchar(10) NOT NULL CONSTRAINT ck_collaboration_review_result CHECK (result IN ('passed', 'failed')),
    reviewed_on date NOT NULL,
    opinion varchar(500),
    document_number varchar(100),
    decision varchar(10) CONSTRAINT ck_collaboration_review_decision CHECK (decision IN ('rectify', 'withdraw')),
    decided_on date,
    decision_document varchar(100),
    resolution uuid,
    decision_reason varchar(500),
    rectify_until date,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_collaboration_review PRIMARY KEY (alliance, id),
    CONSTRAINT uq_collaboration_review_year UNIQUE (alliance, subject, year),
    CONSTRAINT fk_collaboration_review_collaboration FOREIGN KEY (alliance, collaboration)
        REFERENCES collaboration (alliance, id),
    CONSTRAINT fk_collaboration_review_recognition FOREIGN KEY (alliance, recognition)
        REFERENCES recognition (alliance, id),
    CONSTRAINT ck_collaboration_review_one_subject CHECK ((collaboration IS NULL) <> (recognition IS NULL)),
    CONSTRAINT ck_collaboration_review_decision_of_failed CHECK (decision IS NULL OR result = 'failed'),
    CONSTRAINT ck_collaboration_review_decision_dated CHECK ((decision IS NULL) = (decided_on IS NULL)),
    CONSTRAINT ck_collaboration_review_decision_based
        CHECK (decision IS NULL OR decision_document IS NOT NULL OR resolution IS NOT NULL),
    CONSTRAINT ck_collaboration_review_decided_after CHECK (decided_on >= reviewed_on)
);
COMMENT ON TABLE collaboration_review IS 'the assessment of one year, of a collaboration or of a member''s plate';
COMMENT ON COLUMN collaboration_review.recognition IS 'a member''s plate; a collaboration''s are reviewed with it';
CREATE INDEX ix_collaboration_review_undecided ON collaboration_review (alliance, reviewed_on)
    WHERE result = 'failed' AND decision IS NULL;
"""


def upgrade() -> None:
    for script in (COLLABORATIONS, CONTRIBUTIONS, RECOGNITIONS, PLATES):
        run_script(op, script)
    for table in ("contribution", "plate_rule", "collaboration_review"):
        enable_tenancy(op, "registry", table)
    remember(op, "plate_rule", ("kind",))
