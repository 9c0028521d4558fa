"""letterhead: what the office's papers bear besides its name."""

import sqlalchemy as sa
from alembic import op

revision = "letterhead"
down_revision = "kind_of_a_range"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXTS = {"phone": 40, "email": 254, "signing_place": 60, "head_title": 120}


def upgrade() -> None:
    op.add_column("office", sa.Column("paper", sa.String(2), nullable=False, server_default=sa.text("'f4'")))
    for name, length in _TEXTS.items():
        op.add_column("office", sa.Column(name, sa.String(length), nullable=False, server_default=sa.text("''")))
    op.add_column("office", sa.Column("letterhead_version", BIG, nullable=False, server_default=sa.text("1")))


def downgrade() -> None:
    for name in ("letterhead_version", *reversed(_TEXTS), "paper"):
        op.drop_column("office", name)
