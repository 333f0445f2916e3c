"""What cites a resolution is found by it: few rows cite one, so each index holds those alone."""

from alembic import op

from services.kernel.migrations import run_script

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CITING = """
CREATE INDEX ix_member_step_resolution ON member_step (alliance, resolution) WHERE resolution IS NOT NULL;
CREATE INDEX ix_application_step_resolution ON application_step (alliance, resolution) WHERE resolution IS NOT NULL;
CREATE INDEX ix_collaboration_review_resolution ON collaboration_review (alliance, resolution)
    WHERE resolution IS NOT NULL;
"""


def upgrade() -> None:
    run_script(op, CITING)
