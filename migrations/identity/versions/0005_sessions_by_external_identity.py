"""A login session notes by which identity at a unit's own sign-in it was opened, so that it can end with it.

Of sessions from before the upgrade nobody knows it: they end as they would have.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("login_session", sa.Column("external_id", sa.Uuid))
    op.create_index("ix_login_session_alliance_external_id", "login_session", ["alliance", "external_id"])
