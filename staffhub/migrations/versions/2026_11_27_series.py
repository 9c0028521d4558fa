"""series: dates that follow the calendar or a person, and what Zoom has otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "series"
down_revision = "calendar_feeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("occurrence", sa.Column("slot", sa.Date(), nullable=True))
    op.add_column("occurrence", sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("occurrence", sa.Column("holiday", sa.String(160), nullable=False, server_default=sa.text("''")))
    op.add_column("occurrence", sa.Column("agenda", sa.Text(), nullable=True))
    op.add_column("meeting", sa.Column("theirs", sa.JSON(), nullable=True))
    op.add_column("meeting", sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("looked_at", "missed_at", "theirs"):
        op.drop_column("meeting", name)
    for name in ("agenda", "holiday", "by_hand", "slot"):
        op.drop_column("occurrence", name)
