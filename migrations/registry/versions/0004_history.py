"""The history of members, collaborations and those who take part: every state with the days on which it held."""

from alembic import op

from services.kernel.history import create_history, remember

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_history(op, "registry")
    remember(op, "member", begins_on="joined_on")
    remember(op, "collaboration", begins_on="founded_on")
    remember(op, "collaboration_participant", ("collaboration", "member"))
