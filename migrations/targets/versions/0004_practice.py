"""A unit may empty what it reported in its practice alliance."""

from alembic import op

from services.kernel.practice import create_practice_reset

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OWN_REPORT = "SELECT id FROM report WHERE alliance = wanted_alliance AND owner = wanted_owner"


def upgrade() -> None:
    create_practice_reset(
        op,
        "targets",
        [("report_decision", f"report_id IN ({OWN_REPORT})"), ("report", "owner = wanted_owner")],
    )
