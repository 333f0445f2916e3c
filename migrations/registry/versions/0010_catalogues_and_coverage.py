"""Catalogues of majors and industries, the majors of schools, leading industries with what serves them."""

from alembic import op

from services.kernel.history import remember
from services.kernel.migrations import enable_tenancy, run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CATALOGUES = """
CREATE TABLE catalogue_version (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    kind varchar(12) NOT NULL CONSTRAINT ck_catalogue_version_kind CHECK (kind IN ('majors', 'industries')),
    number integer CONSTRAINT ck_catalogue_version_number CHECK (number >= 1),
    label varchar(100) NOT NULL CONSTRAINT ck_catalogue_version_label CHECK (label <> ''),
    source varchar(300) NOT NULL CONSTRAINT ck_catalogue_version_source CHECK (source <> ''),
    state varchar(10) NOT NULL CONSTRAINT ck_catalogue_version_state CHECK (state IN ('draft', 'adopted')),
    entries integer NOT NULL,
    adopted_on date,
    created_by varchar(100) NOT NULL,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_catalogue_version PRIMARY KEY (alliance, id),
    CONSTRAINT uq_catalogue_version_number UNIQUE (alliance, kind, number),
    CONSTRAINT ck_catalogue_version_adopted CHECK ((state = 'adopted') = (adopted_on IS NOT NULL)
        AND (state = 'adopted') = (number IS NOT NULL))
);
COMMENT ON TABLE catalogue_version IS 'imported majors and industries; the newest adopted one of a kind counts';
COMMENT ON COLUMN catalogue_version.state IS 'draft: imported and shown for comparison, not yet in use';

CREATE TABLE catalogue_entry (
    alliance varchar(32) NOT NULL,
    version uuid NOT NULL,
    code varchar(10) NOT NULL CONSTRAINT ck_catalogue_entry_code CHECK (code ~ '^[0-9A-Z]{1,10}$'),
    name varchar(100) NOT NULL CONSTRAINT ck_catalogue_entry_name CHECK (name <> ''),
    level varchar(10) NOT NULL CONSTRAINT ck_catalogue_entry_level
        CHECK (level IN ('broad', 'major', 'section', 'division', 'group', 'class')),
    parent varchar(10),
    search_text text NOT NULL,
    CONSTRAINT pk_catalogue_entry PRIMARY KEY (alliance, version, code),
    CONSTRAINT fk_catalogue_entry_version FOREIGN KEY (alliance, version)
        REFERENCES catalogue_version (alliance, id) ON DELETE CASCADE
);
COMMENT ON TABLE catalogue_entry IS 'the entries of one version; never changed, they go with a draft that is discarded';
"""

MAJORS = """
CREATE TABLE member_major (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    member uuid NOT NULL,
    major_code varchar(10) NOT NULL CONSTRAINT ck_member_major_code CHECK (major_code ~ '^[0-9A-Z]{2,10}$'),
    name varchar(100) NOT NULL CONSTRAINT ck_member_major_name CHECK (name <> ''),
    since date,
    students integer CONSTRAINT ck_member_major_students CHECK (students >= 0),
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_member_major PRIMARY KEY (alliance, id),
    CONSTRAINT uq_member_major_code UNIQUE (alliance, member, major_code),
    CONSTRAINT fk_member_major_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id)
);
COMMENT ON TABLE member_major IS 'the majors that a school offers; one that ends leaves its history';
COMMENT ON COLUMN member_major.students IS 'students enrolled in it, as the school counts them; null when not told';
"""

INDUSTRIES = """
CREATE TABLE leading_industry (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    name varchar(60) NOT NULL CONSTRAINT ck_leading_industry_name CHECK (name <> ''),
    industry_codes text[] NOT NULL DEFAULT '{}',
    position integer NOT NULL CONSTRAINT ck_leading_industry_position CHECK (position >= 0),
    pack varchar(60),
    article varchar(30),
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_leading_industry PRIMARY KEY (alliance, id),
    CONSTRAINT uq_leading_industry_name UNIQUE (alliance, name),
    CONSTRAINT ck_leading_industry_cited CHECK (article IS NULL OR pack IS NOT NULL)
);
COMMENT ON TABLE leading_industry IS 'industries that the city names as leading ones';
COMMENT ON COLUMN leading_industry.industry_codes IS 'codes of the industry catalogue, of any level';

CREATE TABLE lead_enterprise (
    alliance varchar(32) NOT NULL,
    industry uuid NOT NULL,
    member uuid NOT NULL,
    CONSTRAINT pk_lead_enterprise PRIMARY KEY (alliance, industry, member),
    CONSTRAINT fk_lead_enterprise_industry FOREIGN KEY (alliance, industry) REFERENCES leading_industry (alliance, id),
    CONSTRAINT fk_lead_enterprise_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id)
);
COMMENT ON TABLE lead_enterprise IS 'the lead enterprises of a leading industry';
CREATE INDEX ix_lead_enterprise_member ON lead_enterprise (alliance, member);

CREATE TABLE industry_match (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    major_code varchar(10) NOT NULL CONSTRAINT ck_industry_match_code CHECK (major_code ~ '^[0-9A-Z]{2,10}$'),
    industry uuid NOT NULL,
    reason varchar(200) NOT NULL CONSTRAINT ck_industry_match_reason CHECK (reason <> ''),
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_industry_match PRIMARY KEY (alliance, id),
    CONSTRAINT uq_industry_match UNIQUE (alliance, major_code, industry),
    CONSTRAINT fk_industry_match_industry FOREIGN KEY (alliance, industry) REFERENCES leading_industry (alliance, id)
);
COMMENT ON TABLE industry_match IS 'which majors serve a leading industry, as the secretariat decided';
COMMENT ON COLUMN industry_match.major_code IS 'a code, or the beginning that all codes of a class share';
"""


def upgrade() -> None:
    for script in (CATALOGUES, MAJORS, INDUSTRIES):
        run_script(op, script)
    for table in (
        "catalogue_version",
        "catalogue_entry",
        "member_major",
        "leading_industry",
        "lead_enterprise",
        "industry_match",
    ):
        enable_tenancy(op, "registry", table)
    remember(op, "member_major", begins_on="since")
    remember(op, "leading_industry")
    remember(op, "lead_enterprise", ("industry", "member"))
    remember(op, "industry_match")
