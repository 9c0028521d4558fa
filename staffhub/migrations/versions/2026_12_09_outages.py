"""outages: what the program noticed of its own disturbances, what HR decided of them, and whom that excuses."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard

revision = "outages"
down_revision = "stand_in_steps"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outage",
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("app", "zoom", name="outagekind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "confirmed",
                "dismissed",
                name="outagestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("first", _AT, nullable=False),
        sa.Column("last", _AT, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("officers", sa.JSON(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=True),
        sa.Column("version", _BIG, server_default="1", nullable=False),
        sa.Column("id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_outage_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_outage_office_id_idempotency_key")),
    )
    op.create_index(op.f("ix_outage_office_id_first"), "outage", ["office_id", "first"])

    op.create_table(
        "trouble_sign",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "gap",
                "away",
                "busy",
                "failed",
                "slow",
                name="trouble",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("first", _AT, nullable=False),
        sa.Column("last", _AT, nullable=False),
        sa.Column("count", _BIG, nullable=False),
        sa.Column("officers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_trouble_sign_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trouble_sign")),
        sa.UniqueConstraint(
            "office_id", "batch", "kind", "first", name=op.f("uq_trouble_sign_office_id_batch_kind_first")
        ),
    )
    op.create_index(op.f("ix_trouble_sign_office_id_last"), "trouble_sign", ["office_id", "last"])

    op.create_table(
        "outage_excuse",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("outage_id", _BIG, nullable=False),
        sa.Column("officer_id", _BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("first", _AT, nullable=False),
        sa.Column("last", _AT, nullable=False),
        sa.Column("grace", _BIG, nullable=False),
        sa.Column("occurrence_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_outage_excuse_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_outage_excuse_officer_id")),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name=op.f("fk_outage_excuse_outage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage_excuse")),
        sa.UniqueConstraint(
            "outage_id",
            "officer_id",
            "date",
            "occurrence_id",
            name=op.f("uq_outage_excuse_outage_id_officer_id_date_occurrence_id"),
        ),
    )
    op.create_index(op.f("ix_outage_excuse_office_id_date"), "outage_excuse", ["office_id", "date"])
    op.create_index(
        op.f("ix_outage_excuse_office_id_officer_id_date"), "outage_excuse", ["office_id", "officer_id", "date"]
    )

    op.create_table(
        "outage_step",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("outage_id", _BIG, nullable=False),
        sa.Column("turn", _BIG, nullable=False),
        sa.Column(
            "act",
            sa.Enum(
                "noticed",
                "entered",
                "confirmed",
                "changed",
                "dismissed",
                "undone",
                name="outageact",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("first", _AT, nullable=False),
        sa.Column("last", _AT, nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("people", _BIG, nullable=False),
        sa.Column("created_by", _BIG, nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_outage_step_created_by")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_outage_step_office_id")),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name=op.f("fk_outage_step_outage_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage_step")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_outage_step_office_id_idempotency_key")),
        sa.UniqueConstraint("outage_id", "turn", name=op.f("uq_outage_step_outage_id_turn")),
    )
    with op.batch_alter_table("heartbeat") as batch:
        batch.add_column(sa.Column("boot", sa.String(length=40), server_default=sa.text("''"), nullable=False))
        batch.add_column(sa.Column("seconds", sa.Double(), server_default=sa.text("0"), nullable=False))

    guard("outage_step")


def downgrade() -> None:
    with op.batch_alter_table("heartbeat") as batch:
        batch.drop_column("seconds")
        batch.drop_column("boot")

    op.drop_table("outage_step")
    op.drop_index(op.f("ix_outage_excuse_office_id_officer_id_date"), table_name="outage_excuse")
    op.drop_index(op.f("ix_outage_excuse_office_id_date"), table_name="outage_excuse")

    op.drop_table("outage_excuse")
    op.drop_index(op.f("ix_trouble_sign_office_id_last"), table_name="trouble_sign")

    op.drop_table("trouble_sign")
    op.drop_index(op.f("ix_outage_office_id_first"), table_name="outage")

    op.drop_table("outage")
