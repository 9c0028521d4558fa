"""A division is renamed on screen: its form sends the version that it showed."""

import sqlalchemy as sa
from alembic import op

revision = "named_divisions"
down_revision = "api_tokens"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("division", sa.Column("version", _BIG, nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("division", "version")
