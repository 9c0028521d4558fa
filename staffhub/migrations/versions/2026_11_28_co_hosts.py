"""co-hosts: users at Zoom who may start a meeting beside its host."""

import sqlalchemy as sa
from alembic import op

revision = "co_hosts"
down_revision = "left_hosts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("co_hosts", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("meeting", "co_hosts")
