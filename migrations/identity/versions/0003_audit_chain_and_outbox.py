"""The audit log becomes a hash chain, and changes are told through an outbox."""

from alembic import op

from services.kernel.migrations import add_audit_chain_and_outbox

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_audit_chain_and_outbox(op, "identity")
