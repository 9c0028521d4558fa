"""cancel notes: what whoever cancels a meeting, or one date of it, says to those invited."""

import sqlalchemy as sa
from alembic import op

revision = "cancel_notes"
down_revision = "co_hosts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("meeting", "occurrence"):
        op.add_column(table, sa.Column("cancel_note", sa.String(200), nullable=True))


def downgrade() -> None:
    for table in ("occurrence", "meeting"):
        op.drop_column(table, "cancel_note")
