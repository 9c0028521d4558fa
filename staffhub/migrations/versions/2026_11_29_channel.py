"""channel: notices by Telegram and the like, to whoever gives a name or number there."""

import sqlalchemy as sa
from alembic import op

revision = "channel"
down_revision = "series_without_end"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("channel_to", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "channel_to")
