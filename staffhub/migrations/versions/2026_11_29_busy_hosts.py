"""busy hosts: when a host has meetings in Zoom that are not ours."""

import sqlalchemy as sa
from alembic import op

revision = "busy_hosts"
down_revision = "unforeseen_errors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("zoom_user", sa.Column("busy", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("zoom_user", "busy")
