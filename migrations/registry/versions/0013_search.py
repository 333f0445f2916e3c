"""Finding members and collaborations by any fragment, in lists of real size."""

from alembic import op

from services.kernel.search import create_search

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_search(op, "registry", "member", "collaboration")
    op.execute("CREATE INDEX ix_collaboration_kind_sort ON collaboration (alliance, kind, sort_key, id)")
    op.execute("CREATE INDEX ix_member_category_sort ON member (alliance, category, sort_key, id)")
