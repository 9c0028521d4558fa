"""plain days: whether there is anything to look at on a stored day."""

import sqlalchemy as sa
from alembic import op

revision = "plain_days"
down_revision = "exports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("day_record", sa.Column("is_plain", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("day_record", "is_plain")
