"""special hour: when a series is held on dates with special working hours, such as in Ramadan."""

import sqlalchemy as sa
from alembic import op

revision = "special_hour"
down_revision = "meetings_to_look_at"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("special_at", sa.Time(), nullable=True))


def downgrade() -> None:
    op.drop_column("meeting", "special_at")
