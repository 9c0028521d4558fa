"""month signing: snapshots of closed months, their lines, and who closed, sent back and signed."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard

revision = "month_signing"
down_revision = "board_changes_apart"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACTS = ("month_snapshot", "snapshot_line", "month_step")


def _points(table: str, column: str, at: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [at], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "month_snapshot",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("officers", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _points("month_snapshot", "office_id", "office.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_snapshot")),
    )
    op.create_index(op.f("ix_month_snapshot_office_id_first"), "month_snapshot", ["office_id", "first"])
    op.create_table(
        "snapshot_line",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("snapshot_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _points("snapshot_line", "office_id", "office.id"),
        _points("snapshot_line", "snapshot_id", "month_snapshot.id"),
        _points("snapshot_line", "officer_id", "officer.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot_line")),
        sa.UniqueConstraint("snapshot_id", "officer_id", name=op.f("uq_snapshot_line_snapshot_id_officer_id")),
    )
    op.create_table(
        "month_step",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("turn", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "closed", "sent_back", "signed", name="signstep", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("snapshot_id", BIG, nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        _points("month_step", "office_id", "office.id"),
        _points("month_step", "snapshot_id", "month_snapshot.id"),
        _points("month_step", "created_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_step")),
        sa.UniqueConstraint("office_id", "first", "turn", name=op.f("uq_month_step_office_id_first_turn")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_month_step_office_id_idempotency_key")),
    )
    for table in FACTS:
        guard(table)


def downgrade() -> None:
    for table in reversed(FACTS):
        op.drop_table(table)
