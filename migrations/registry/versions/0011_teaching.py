"""Teachers that schools share or count as dual-qualified, and their practice in enterprises."""

from alembic import op

from services.kernel.history import remember
from services.kernel.migrations import enable_tenancy, run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEACHERS = """
CREATE TABLE teacher (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    member uuid NOT NULL,
    name varchar(50) NOT NULL CONSTRAINT ck_teacher_name CHECK (name <> ''),
    kind varchar(10) NOT NULL CONSTRAINT ck_teacher_kind CHECK (kind IN ('part_time', 'dual', 'full_time')),
    title varchar(20) CONSTRAINT ck_teacher_title CHECK (title IN (
        'senior', 'associate', 'middle', 'junior', 'chief_technician', 'senior_technician', 'technician', 'other')),
    specialty varchar(100),
    shared boolean NOT NULL,
    left_on date,
    sort_key varchar(400) NOT NULL,
    search_text text NOT NULL,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_teacher PRIMARY KEY (alliance, id),
    CONSTRAINT fk_teacher_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id)
);
COMMENT ON TABLE teacher IS 'teachers by name and unit; no identity number and no phone stands here';
COMMENT ON COLUMN teacher.shared IS 'whether other units may ask for this teacher; they see unit and specialty only';
COMMENT ON COLUMN teacher.left_on IS 'the first day on which the teacher no longer teaches at the unit';
CREATE INDEX ix_teacher_sort ON teacher (alliance, sort_key, id);
CREATE INDEX ix_teacher_member ON teacher (alliance, member);

CREATE TABLE practice_period (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    teacher uuid NOT NULL,
    enterprise uuid,
    enterprise_name varchar(100) CONSTRAINT ck_practice_period_enterprise_name CHECK (enterprise_name <> ''),
    from_date date NOT NULL,
    until_date date,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_practice_period PRIMARY KEY (alliance, id),
    CONSTRAINT fk_practice_period_teacher FOREIGN KEY (alliance, teacher) REFERENCES teacher (alliance, id),
    CONSTRAINT fk_practice_period_enterprise FOREIGN KEY (alliance, enterprise) REFERENCES member (alliance, id),
    CONSTRAINT ck_practice_period_one_enterprise CHECK ((enterprise IS NULL) <> (enterprise_name IS NULL)),
    CONSTRAINT ck_practice_period_days CHECK (until_date > from_date)
);
COMMENT ON TABLE practice_period IS 'practice of a teacher in an enterprise, on record as a member or by name';
COMMENT ON COLUMN practice_period.until_date IS 'exclusive; null while the practice goes on';
CREATE INDEX ix_practice_period_teacher ON practice_period (alliance, teacher, from_date);
CREATE INDEX ix_practice_period_enterprise ON practice_period (alliance, enterprise);
"""


def upgrade() -> None:
    run_script(op, TEACHERS)
    for table in ("teacher", "practice_period"):
        enable_tenancy(op, "registry", table)
    remember(op, "teacher")
