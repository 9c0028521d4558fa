"""Whether somebody wants to be reminded of a check-in that is missing; as long as nothing was chosen, yes."""

import sqlalchemy as sa
from alembic import op

revision = "remind_presence"
down_revision = "signs_of_outages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("remind_presence", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    op.drop_column("account", "remind_presence")
