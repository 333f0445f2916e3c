"""Audit chain, outbox, idempotency keys, jobs with their queue, and snapshots of other services."""

from alembic import op

from services.kernel.migrations import add_audit_chain_and_outbox, create_shared_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_shared_tables(op, "exchange")
    add_audit_chain_and_outbox(op, "exchange")
