"""left hosts: a meeting is handed on to another host, and Zoom follows afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "left_hosts"
down_revision = "meetings_in_trouble"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("left_hosts", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("meeting", "left_hosts")
