"""Agreements between members with what they cover and which warnings were given, and attachments of any subject."""

from alembic import op

from services.kernel.history import remember
from services.kernel.migrations import enable_tenancy, run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ATTACHMENTS = """
CREATE TABLE attachment (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    subject_kind varchar(30) NOT NULL,
    subject uuid NOT NULL,
    file_name varchar(120) NOT NULL CONSTRAINT ck_attachment_named CHECK (file_name <> ''),
    content_type varchar(100) NOT NULL,
    size bigint NOT NULL CONSTRAINT ck_attachment_filled CHECK (size > 0),
    sha256 varchar(64) NOT NULL CONSTRAINT ck_attachment_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    stored uuid NOT NULL,
    uploaded_on date NOT NULL,
    uploaded_at timestamptz NOT NULL,
    uploaded_by varchar(100) NOT NULL,
    uploaded_by_name varchar(100) NOT NULL,
    removed_on date,
    removal_reason varchar(200),
    CONSTRAINT pk_attachment PRIMARY KEY (alliance, id),
    CONSTRAINT uq_attachment_stored UNIQUE (alliance, stored),
    CONSTRAINT ck_attachment_removed_later CHECK (removed_on >= uploaded_on),
    CONSTRAINT ck_attachment_removed_for_a_reason CHECK ((removed_on IS NULL) = (removal_reason IS NULL))
);
COMMENT ON TABLE attachment IS 'files that belong to a record; their bytes lie encrypted in the store';
COMMENT ON COLUMN attachment.subject IS 'the id of a row whose table subject_kind tells';
COMMENT ON COLUMN attachment.content_type IS 'found in the content, never what the sender said';
COMMENT ON COLUMN attachment.sha256 IS 'of the content as it was sent, before it was encrypted';
COMMENT ON COLUMN attachment.stored IS 'the name of the object in the store';
COMMENT ON COLUMN attachment.uploaded_by IS 'the owner key of the unit that sent it';
CREATE INDEX ix_attachment_subject ON attachment (alliance, subject_kind, subject, uploaded_at, id);
"""

AGREEMENTS = """
CREATE TABLE agreement (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    kind varchar(10) NOT NULL CONSTRAINT ck_agreement_kind CHECK (kind IN ('framework', 'project')),
    number varchar(60),
    title varchar(120) NOT NULL CONSTRAINT ck_agreement_titled CHECK (title <> ''),
    signed_on date NOT NULL,
    from_date date NOT NULL,
    until_date date,
    renews uuid,
    state varchar(10) NOT NULL CONSTRAINT ck_agreement_state CHECK (state IN ('in_force', 'ended')),
    ended_on date,
    end_reason varchar(200),
    terms text NOT NULL,
    sort_key varchar(500) NOT NULL,
    search_text text NOT NULL,
    until_order date NOT NULL GENERATED ALWAYS AS (coalesce(until_date, DATE '9999-12-31')) STORED,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_agreement PRIMARY KEY (alliance, id),
    CONSTRAINT uq_agreement_number UNIQUE (alliance, number),
    CONSTRAINT uq_agreement_renews UNIQUE (alliance, renews),
    CONSTRAINT fk_agreement_renews FOREIGN KEY (alliance, renews) REFERENCES agreement (alliance, id),
    CONSTRAINT ck_agreement_renews_another CHECK (renews <> id),
    CONSTRAINT ck_agreement_days CHECK (until_date > from_date),
    CONSTRAINT ck_agreement_end CHECK (
        (state = 'ended') = (ended_on IS NOT NULL) AND (ended_on IS NULL) = (end_reason IS NULL)),
    CONSTRAINT ck_agreement_end_days CHECK (ended_on >= signed_on AND (until_date IS NULL OR ended_on < until_date))
);
COMMENT ON TABLE agreement IS 'agreements between members; whether one is in force on a day follows from its days';
COMMENT ON COLUMN agreement.until_date IS 'exclusive; null: without an end';
COMMENT ON COLUMN agreement.ended_on IS 'the first day on which it no longer holds, when it was ended early';
COMMENT ON COLUMN agreement.until_order IS 'until_date for sorting, where a null cannot stand';
CREATE INDEX ix_agreement_sort ON agreement (alliance, sort_key, id);
CREATE INDEX ix_agreement_until ON agreement (alliance, until_order, id);

CREATE TABLE agreement_party (
    alliance varchar(32) NOT NULL,
    agreement uuid NOT NULL,
    member uuid NOT NULL,
    part smallint NOT NULL CONSTRAINT ck_agreement_party_part CHECK (part BETWEEN 1 AND 10),
    since date NOT NULL,
    CONSTRAINT pk_agreement_party PRIMARY KEY (alliance, agreement, member),
    CONSTRAINT fk_agreement_party_agreement FOREIGN KEY (alliance, agreement) REFERENCES agreement (alliance, id),
    CONSTRAINT fk_agreement_party_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id)
);
COMMENT ON TABLE agreement_party IS 'the members that signed an agreement';
COMMENT ON COLUMN agreement_party.part IS '1 甲方, 2 乙方 and so on';
COMMENT ON COLUMN agreement_party.since IS 'the day from which it is a party, mostly that of signing';
CREATE INDEX ix_agreement_party_member ON agreement_party (alliance, member);

CREATE TABLE agreement_coverage (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    agreement uuid NOT NULL,
    place smallint NOT NULL,
    collaboration uuid,
    subject varchar(200),
    since date NOT NULL,
    CONSTRAINT pk_agreement_coverage PRIMARY KEY (alliance, id),
    CONSTRAINT uq_agreement_coverage_collaboration UNIQUE (alliance, agreement, collaboration),
    CONSTRAINT uq_agreement_coverage_subject UNIQUE (alliance, agreement, subject),
    CONSTRAINT fk_agreement_coverage_agreement FOREIGN KEY (alliance, agreement) REFERENCES agreement (alliance, id),
    CONSTRAINT fk_agreement_coverage_collaboration
        FOREIGN KEY (alliance, collaboration) REFERENCES collaboration (alliance, id),
    CONSTRAINT ck_agreement_coverage_one CHECK (num_nonnulls(collaboration, subject) = 1)
);
COMMENT ON TABLE agreement_coverage IS 'what an agreement is about: a collaboration on record, or a subject in words';
CREATE INDEX ix_agreement_coverage_collaboration ON agreement_coverage (alliance, collaboration);

CREATE TABLE agreement_warning (
    alliance varchar(32) NOT NULL,
    agreement uuid NOT NULL,
    until_date date NOT NULL,
    days smallint NOT NULL,
    warned_on date NOT NULL,
    CONSTRAINT pk_agreement_warning PRIMARY KEY (alliance, agreement, until_date, days),
    CONSTRAINT fk_agreement_warning_agreement FOREIGN KEY (alliance, agreement) REFERENCES agreement (alliance, id)
);
COMMENT ON TABLE agreement_warning IS 'which warnings before its end an agreement had, so that none is given twice';
COMMENT ON COLUMN agreement_warning.until_date IS 'the end that was warned of: a new end is warned of anew';
"""


def upgrade() -> None:
    run_script(op, ATTACHMENTS + AGREEMENTS)
    for table in ("attachment", "agreement", "agreement_party", "agreement_coverage"):
        enable_tenancy(op, "registry", table)
    enable_tenancy(op, "registry", "agreement_warning", append_only=True)
    remember(op, "agreement", begins_on="signed_on")
    remember(op, "agreement_party", ("agreement", "member"), begins_on="since")
    remember(op, "agreement_coverage", begins_on="since")
