"""Which half of a day a leave is for. Half days of before say none, and read as they did."""

import sqlalchemy as sa
from alembic import op

revision = "half_days"
down_revision = "catalogue"
branch_labels = None
depends_on = None

_COLUMNS = (("leave_request", "part"), ("plan_grant", "part"), ("day_record", "half"))


def upgrade() -> None:
    for table, name in _COLUMNS:
        op.add_column(table, sa.Column(name, sa.String(32), nullable=True))


def downgrade() -> None:
    for table, name in reversed(_COLUMNS):
        op.drop_column(table, name)
