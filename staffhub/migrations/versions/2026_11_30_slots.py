"""slots: how long an appointment of a service is, and how many there are a day."""

import sqlalchemy as sa
from alembic import op

revision = "slots"
down_revision = "busy_hosts"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("service_type", sa.Column("daily_quota", BIG))
    op.add_column("service_type", sa.Column("slot_minutes", BIG))


def downgrade() -> None:
    for name in ("slot_minutes", "daily_quota"):
        op.drop_column("service_type", name)
