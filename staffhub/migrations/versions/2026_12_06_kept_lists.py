"""kept lists: the good rows of a list of requests wait on the server for the press that records them."""

import sqlalchemy as sa
from alembic import op

revision = "kept_lists"
down_revision = "mark_devices"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "kept_list",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("account_id", _BIG, nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("taken", _BIG, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_kept_list_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_list")),
        sa.UniqueConstraint("account_id", name=op.f("uq_kept_list_account_id")),
    )
    op.create_index(op.f("ix_kept_list_at"), "kept_list", ["at"])


def downgrade() -> None:
    op.drop_table("kept_list")
