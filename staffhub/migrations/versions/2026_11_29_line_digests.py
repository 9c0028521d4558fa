"""A digest beside each line of a snapshot, so that a page need not read the line to know that nothing changed.

Lines of before have none: they go on being read.
"""

import sqlalchemy as sa
from alembic import op

revision = "line_digests"
down_revision = "zoom_settings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("snapshot_line", sa.Column("digest", sa.String(32), nullable=True))


def downgrade() -> None:
    op.drop_column("snapshot_line", "digest")
