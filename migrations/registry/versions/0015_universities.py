"""One more category of members: universities and open universities, which have a code of schools as well."""

from alembic import op

from services.kernel.migrations import run_script

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CATEGORIES = """
ALTER TABLE member
    DROP CONSTRAINT ck_member_category,
    ADD CONSTRAINT ck_member_category CHECK (category IN (
        'university', 'higher_vocational', 'secondary_vocational', 'technician', 'sending_school', 'enterprise',
        'government', 'park', 'industry_body', 'research', 'financial', 'community')),
    DROP CONSTRAINT ck_member_school_code_of_school,
    ADD CONSTRAINT ck_member_school_code_of_school CHECK (school_code IS NULL OR category IN (
        'university', 'higher_vocational', 'secondary_vocational', 'technician', 'sending_school'));
ALTER TABLE membership_application
    DROP CONSTRAINT ck_membership_application_category,
    ADD CONSTRAINT ck_membership_application_category CHECK (category IN (
        'university', 'higher_vocational', 'secondary_vocational', 'technician', 'sending_school', 'enterprise',
        'government', 'park', 'industry_body', 'research', 'financial', 'community'));
"""


def upgrade() -> None:
    run_script(op, CATEGORIES)
