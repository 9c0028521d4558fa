"""kept registers: a register of officers that waits for a look at what it would change."""

import sqlalchemy as sa
from alembic import op

revision = "kept_registers"
down_revision = "postings"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "kept_register",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("file_name", sa.String(length=80), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("left_out", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_kept_register_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_register")),
        sa.UniqueConstraint("account_id", name=op.f("uq_kept_register_account_id")),
    )
    op.create_index(op.f("ix_kept_register_at"), "kept_register", ["at"])


def downgrade() -> None:
    op.drop_table("kept_register")
