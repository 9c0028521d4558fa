"""newest recounts: the last few of an office are found by an index, however many there have been."""

from alembic import op

revision = "newest_recounts"
down_revision = "orders_by_office"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_recount_office_id_id"), "recount", ["office_id", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_recount_office_id_id"), table_name="recount")
