"""How long before a meeting somebody wants to be reminded; who has chosen nothing is, as before."""

import sqlalchemy as sa
from alembic import op

revision = "remind_before"
down_revision = "special_hour"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("account", sa.Column("remind_before", _BIG, nullable=True))


def downgrade() -> None:
    op.drop_column("account", "remind_before")
