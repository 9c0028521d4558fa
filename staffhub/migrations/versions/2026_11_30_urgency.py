"""urgency: that a request became urgent, or no more, is a step of it, with the reason."""

import sqlalchemy as sa
from alembic import op

revision = "urgency"
down_revision = "named_divisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("request_event", sa.Column("urgent", sa.Boolean()))


def downgrade() -> None:
    op.drop_column("request_event", "urgent")
