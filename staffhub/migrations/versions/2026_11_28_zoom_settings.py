"""zoom settings: what somebody changed in Zoom about the way in, and a person has taken over."""

import sqlalchemy as sa
from alembic import op

revision = "zoom_settings"
down_revision = "half_days"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("zoom_settings", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("meeting", "zoom_settings")
