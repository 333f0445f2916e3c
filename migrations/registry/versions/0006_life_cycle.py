"""The life cycle: applications with their steps, the steps of members, yearly reviews; two more statuses."""

from alembic import op

from services.kernel.history import remember
from services.kernel.migrations import enable_tenancy, run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATUSES = """
ALTER TABLE member DROP CONSTRAINT IF EXISTS ck_member_status;
ALTER TABLE member ADD CONSTRAINT ck_member_status
    CHECK (status IN ('active', 'rectifying', 'suspended', 'exited'));
"""

APPLICATIONS = """
CREATE TABLE membership_application (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    number varchar(20) NOT NULL,
    state varchar(12) NOT NULL CONSTRAINT ck_membership_application_state CHECK (state IN (
        'submitted', 'returned', 'deliberation', 'approved', 'publicity', 'admitted', 'rejected', 'withdrawn')),
    name varchar(100) NOT NULL CONSTRAINT ck_membership_application_name_filled CHECK (name <> ''),
    uscc varchar(18) CONSTRAINT ck_membership_application_uscc_shape CHECK (uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    category varchar(30) NOT NULL CONSTRAINT ck_membership_application_category CHECK (category IN (
        'higher_vocational', 'secondary_vocational', 'technician', 'sending_school', 'enterprise', 'government',
        'park', 'industry_body', 'research', 'financial', 'community')),
    division varchar(6) CONSTRAINT ck_membership_application_division_shape CHECK (division ~ '^[0-9]{6}$'),
    address varchar(200),
    profile text CONSTRAINT ck_membership_application_profile_length CHECK (length(profile) <= 1000),
    reason text NOT NULL CONSTRAINT ck_membership_application_reason_length CHECK (length(reason) <= 1000),
    contact_person varchar(50) NOT NULL,
    contact_phone varchar(30) NOT NULL,
    submitted_on date NOT NULL,
    published_on date,
    publicity_days smallint CONSTRAINT ck_membership_application_publicity_days CHECK (publicity_days BETWEEN 1 AND 90),
    publicity_ends_on date,
    publicity_estimated boolean NOT NULL DEFAULT false,
    member uuid,
    code_hash bytea NOT NULL,
    form_hash bytea NOT NULL,
    request_hash bytea NOT NULL,
    origin_hash bytea NOT NULL,
    search_text text NOT NULL,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_membership_application PRIMARY KEY (alliance, id),
    CONSTRAINT uq_membership_application_number UNIQUE (alliance, number),
    CONSTRAINT uq_membership_application_form UNIQUE (alliance, form_hash),
    CONSTRAINT fk_membership_application_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id),
    CONSTRAINT ck_membership_application_member_of_admitted CHECK ((state = 'admitted') = (member IS NOT NULL)),
    CONSTRAINT ck_membership_application_publicity_whole CHECK (
        (published_on IS NULL) = (publicity_ends_on IS NULL) AND (published_on IS NULL) = (publicity_days IS NULL)),
    CONSTRAINT ck_membership_application_publicity_order CHECK (publicity_ends_on > published_on)
);
COMMENT ON TABLE membership_application IS 'applications to join, made in public without an account';
COMMENT ON COLUMN membership_application.code_hash IS 'keyed hash of the secret inquiry code on the receipt';
COMMENT ON COLUMN membership_application.form_hash IS 'hash of the form that was sent: one form makes one application';
COMMENT ON COLUMN membership_application.request_hash IS 'hash of what was sent with it, to know a repetition';
COMMENT ON COLUMN membership_application.origin_hash IS 'keyed hash of address and day, to count applications a day';
COMMENT ON COLUMN membership_application.publicity_ends_on IS 'last day of the public notice, inclusive';
COMMENT ON COLUMN membership_application.publicity_estimated IS 'the calendar of a day in it was not published yet';
CREATE INDEX ix_membership_application_created ON membership_application (alliance, created_at, id);
CREATE INDEX ix_membership_application_day ON membership_application (alliance, submitted_on, origin_hash);
CREATE UNIQUE INDEX uq_membership_application_open_name ON membership_application (alliance, name)
    WHERE state NOT IN ('admitted', 'rejected', 'withdrawn');
CREATE UNIQUE INDEX uq_membership_application_open_uscc ON membership_application (alliance, uscc)
    WHERE state NOT IN ('admitted', 'rejected', 'withdrawn');

CREATE TABLE application_step (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    no bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    application uuid NOT NULL,
    step varchar(12) NOT NULL CONSTRAINT ck_application_step_step CHECK (step IN (
        'submit', 'endorse', 'return', 'decline', 'complete', 'withdraw', 'approve', 'disapprove', 'publish', 'object',
        'answer', 'admit', 'refuse')),
    to_state varchar(12) NOT NULL,
    on_date date NOT NULL,
    at timestamptz NOT NULL,
    actor varchar(100) NOT NULL,
    actor_name varchar(100) NOT NULL,
    opinion text CONSTRAINT ck_application_step_opinion_length CHECK (length(opinion) <= 1000),
    document varchar(200),
    resolution uuid,
    resolution_number varchar(100),
    answers uuid,
    details jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT pk_application_step PRIMARY KEY (alliance, id),
    CONSTRAINT fk_application_step_application FOREIGN KEY (alliance, application)
        REFERENCES membership_application (alliance, id),
    CONSTRAINT fk_application_step_answers FOREIGN KEY (alliance, answers) REFERENCES application_step (alliance, id),
    CONSTRAINT uq_application_step_answers UNIQUE (alliance, answers),
    CONSTRAINT ck_application_step_answer_of CHECK ((step = 'answer') = (answers IS NOT NULL))
);
COMMENT ON TABLE application_step IS 'what was done to an application; never changed';
COMMENT ON COLUMN application_step.no IS 'their order of entry';
COMMENT ON COLUMN application_step.answers IS 'the objection that an answer answers; each is answered once';
COMMENT ON COLUMN application_step.resolution IS 'the resolution of a body that it cites';
CREATE INDEX ix_application_step_application ON application_step (alliance, application, no);
"""

MEMBERS = """
CREATE TABLE member_step (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    no bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    member uuid NOT NULL,
    step varchar(20) NOT NULL CONSTRAINT ck_member_step_step CHECK (step IN (
        'admission', 'annual_review', 'rectification', 'rectified', 'suspension', 'resumption', 'exit')),
    from_status varchar(10),
    to_status varchar(10) NOT NULL,
    effective_on date NOT NULL,
    at timestamptz NOT NULL,
    actor varchar(100) NOT NULL,
    actor_name varchar(100) NOT NULL,
    opinion text CONSTRAINT ck_member_step_opinion_length CHECK (length(opinion) <= 1000),
    document varchar(200),
    resolution uuid,
    resolution_number varchar(100),
    deadline date,
    year smallint,
    grade varchar(12),
    application uuid,
    CONSTRAINT pk_member_step PRIMARY KEY (alliance, id),
    CONSTRAINT fk_member_step_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id),
    CONSTRAINT fk_member_step_application FOREIGN KEY (alliance, application)
        REFERENCES membership_application (alliance, id),
    CONSTRAINT ck_member_step_deadline CHECK ((step = 'rectification') = (deadline IS NOT NULL)),
    CONSTRAINT ck_member_step_review CHECK (
        (step = 'annual_review') = (year IS NOT NULL) AND (year IS NULL) = (grade IS NULL))
);
COMMENT ON TABLE member_step IS 'what happened to a member, each from a day on; never changed';
COMMENT ON COLUMN member_step.no IS 'their order of entry: the last of a day gives the status';
COMMENT ON COLUMN member_step.from_status IS 'null: the unit was no member before';
CREATE INDEX ix_member_step_member ON member_step (alliance, member, effective_on, no);

CREATE TABLE member_review (
    alliance varchar(32) NOT NULL,
    member uuid NOT NULL,
    year smallint NOT NULL CONSTRAINT ck_member_review_year CHECK (year BETWEEN 2000 AND 2100),
    grade varchar(12) NOT NULL CONSTRAINT ck_member_review_grade
        CHECK (grade IN ('excellent', 'qualified', 'barely', 'unqualified')),
    on_date date NOT NULL,
    opinion text CONSTRAINT ck_member_review_opinion_length CHECK (length(opinion) <= 1000),
    document varchar(200),
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_member_review PRIMARY KEY (alliance, member, year),
    CONSTRAINT fk_member_review_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id)
);
COMMENT ON TABLE member_review IS 'the grade that stands for a member and year';
"""


def upgrade() -> None:
    for script in (STATUSES, APPLICATIONS, MEMBERS):
        run_script(op, script)
    for table in ("membership_application", "member_review"):
        enable_tenancy(op, "registry", table)
    for table in ("application_step", "member_step"):
        enable_tenancy(op, "registry", table, append_only=True)
    remember(op, "membership_application", begins_on="submitted_on")
    remember(op, "member_review", ("member", "year"), begins_on="on_date")
