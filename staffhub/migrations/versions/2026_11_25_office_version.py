"""An office has a version, which changes with whatever of it is kept per process."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations import office_version

revision = "office_version"
down_revision = "rule_book"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("office", sa.Column("version", sa.String(32), nullable=False, server_default=sa.text("''")))
    office_version.watch()


def downgrade() -> None:
    office_version.unwatch()
    op.drop_column("office", "version")
