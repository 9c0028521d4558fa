"""the fingerprint machine: machines, whose numbers are on them, files that were read, and what these say."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard

revision = "machines"
down_revision = "late_deliveries"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def _kind(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _key(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    _machines()
    _people()
    _readings()
    _marks()
    guard("machine_mark")


def _machines() -> None:
    op.create_table(
        "machine",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("serial", sa.String(40), nullable=False),
        sa.Column("place", sa.String(120), nullable=False),
        sa.Column("utc_offset", BIG, nullable=False),
        sa.Column("clock_error", BIG, nullable=False),
        sa.Column("clock_at", AT),
        sa.Column("clock_by", BIG),
        sa.Column("columns", sa.JSON()),
        sa.Column("watched", sa.String(120), nullable=False),
        sa.Column("looked", sa.String(60), nullable=False),
        sa.Column("version", BIG, server_default="1", nullable=False),
        sa.Column("created_at", AT, nullable=False),
        _key("machine", "office_id", "office"),
        _key("machine", "clock_by", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine")),
        sa.UniqueConstraint("office_id", "name", name=op.f("uq_machine_office_id_name")),
    )


def _people() -> None:
    op.create_table(
        "machine_person",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("machine_id", BIG, nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date()),
        sa.Column("created_by", BIG),
        sa.Column("created_at", AT, nullable=False),
        _key("machine_person", "office_id", "office"),
        _key("machine_person", "machine_id", "machine"),
        _key("machine_person", "officer_id", "officer"),
        _key("machine_person", "created_by", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_person")),
        sa.UniqueConstraint("machine_id", "number", "first", name=op.f("uq_machine_person_machine_id_number_first")),
    )
    op.create_index(op.f("ix_machine_person_office_id_officer_id"), "machine_person", ["office_id", "officer_id"])


def _readings() -> None:
    op.create_table(
        "machine_reading",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("machine_id", BIG, nullable=False),
        sa.Column("account_id", BIG),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("ends", BIG, nullable=False),
        sa.Column("ends_hash", sa.String(64), nullable=False),
        sa.Column("line_from", BIG, nullable=False),
        sa.Column("clock_error", BIG, nullable=False),
        sa.Column("held_error", BIG),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("asks", sa.String(12), nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in ("progress", "lines", "added", "known", "held")),
        sa.Column("held_from", sa.String(19), nullable=False),
        sa.Column("held_to", sa.String(19), nullable=False),
        sa.Column("bad", BIG, nullable=False),
        sa.Column("bad_lines", sa.JSON(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("trouble", sa.String(200), nullable=False),
        sa.Column("state", _kind("taskstate", "pending", "claimed", "done", "failed"), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("lease_until", AT),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("finished_at", AT),
        _key("machine_reading", "office_id", "office"),
        _key("machine_reading", "machine_id", "machine"),
        _key("machine_reading", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_reading")),
        sa.UniqueConstraint("machine_id", "hash", name=op.f("uq_machine_reading_machine_id_hash")),
    )
    op.create_index(op.f("ix_machine_reading_office_id_id"), "machine_reading", ["office_id", "id"])
    op.create_index(op.f("ix_machine_reading_state_due_at"), "machine_reading", ["state", "due_at"])


def _marks() -> None:
    op.create_table(
        "machine_mark",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("machine_id", BIG, nullable=False),
        sa.Column("reading_id", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("written", sa.String(24), nullable=False),
        sa.Column("machine_time", sa.String(19), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", _kind("markkind", "check_in", "check_out")),
        sa.Column("received_at", AT, nullable=False),
        _key("machine_mark", "office_id", "office"),
        _key("machine_mark", "machine_id", "machine"),
        _key("machine_mark", "reading_id", "machine_reading"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_mark")),
        sa.UniqueConstraint(
            "machine_id", "number", "machine_time", name=op.f("uq_machine_mark_machine_id_number_machine_time")
        ),
    )
    op.create_index(op.f("ix_machine_mark_machine_id_number_date"), "machine_mark", ["machine_id", "number", "date"])
    op.create_index(op.f("ix_machine_mark_office_id_date"), "machine_mark", ["office_id", "date"])


def downgrade() -> None:
    for table in ("machine_mark", "machine_reading", "machine_person", "machine"):
        op.drop_table(table)
