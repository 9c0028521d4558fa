"""stored days: days that are over as rows, proposed check-outs, and what is to be computed again."""

import sqlalchemy as sa
from alembic import op

revision = "stored_days"
down_revision = "duty_orders"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recount",
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("officers", sa.JSON(), nullable=True),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("total", BIG, nullable=False),
        sa.Column("done", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("changed", BIG, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "done",
                "failed",
                name="taskstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_recount_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recount")),
    )
    op.create_index(op.f("ix_recount_office_id_state"), "recount", ["office_id", "state"])
    op.create_index(op.f("ix_recount_state_due_at"), "recount", ["state", "due_at"])

    op.create_table(
        "checkout_proposal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "log",
                "meeting",
                "request",
                "mark",
                name="proposalsource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source_id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_checkout_proposal_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_checkout_proposal_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkout_proposal")),
        sa.UniqueConstraint(
            "office_id", "officer_id", "date", name=op.f("uq_checkout_proposal_office_id_officer_id_date")
        ),
    )
    op.create_index(op.f("ix_checkout_proposal_office_id_date"), "checkout_proposal", ["office_id", "date"])

    op.create_table(
        "day_record",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("division_id", BIG, nullable=True),
        sa.Column(
            "employment_type",
            sa.Enum(
                "pns",
                "cpns",
                "pppk",
                "pppk_part_time",
                "thl",
                name="employmenttype",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("office", "home", "field", name="workmode", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("planned", sa.String(length=12), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worked", BIG, nullable=False),
        sa.Column("late", BIG, nullable=False),
        sa.Column("early", BIG, nullable=False),
        sa.Column("late_tier", sa.String(length=20), nullable=False),
        sa.Column("early_tier", sa.String(length=20), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.String(length=400), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("facts_hash", sa.String(length=64), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_day_record_division_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_day_record_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_day_record_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_record")),
        sa.UniqueConstraint("office_id", "officer_id", "date", name=op.f("uq_day_record_office_id_officer_id_date")),
    )
    op.create_index(op.f("ix_day_record_office_id_date"), "day_record", ["office_id", "date"])
    op.create_index(
        op.f("ix_day_record_open"),
        "day_record",
        ["office_id", "date"],
        postgresql_where=sa.text("open_until IS NOT NULL"),
        sqlite_where=sa.text("open_until IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_day_record_waits"),
        "day_record",
        ["office_id", "date"],
        postgresql_where=sa.text("needs_person = true"),
        sqlite_where=sa.text("needs_person = true"),
    )

    op.create_table(
        "recounted_day",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("recount_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_recounted_day_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_recounted_day_officer_id")),
        sa.ForeignKeyConstraint(["recount_id"], ["recount.id"], name=op.f("fk_recounted_day_recount_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recounted_day")),
        sa.UniqueConstraint(
            "recount_id", "officer_id", "date", name=op.f("uq_recounted_day_recount_id_officer_id_date")
        ),
    )
    # Nullable columns, so that the table and its triggers stay as they are.
    op.add_column("office", sa.Column("stored_from", sa.Date(), nullable=True))
    op.add_column("office", sa.Column("stored_to", sa.Date(), nullable=True))


def downgrade() -> None:
    # What is dropped follows from facts, but for the proposals, which nobody has confirmed.
    op.drop_column("office", "stored_to")
    op.drop_column("office", "stored_from")
    for table in ("recounted_day", "recount", "checkout_proposal", "day_record"):
        op.drop_table(table)
