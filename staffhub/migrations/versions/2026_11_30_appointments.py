"""appointments: which slot a request has, the minutes it holds, and every step of it."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard

revision = "appointments"
down_revision = "log_steps"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("invited", "told", "came", "no_show", "moved", "cancelled")
STILL = sa.text("state IN ('invited', 'told')")


def _state() -> sa.Enum:
    return sa.Enum(*STATES, name="appointmentstate", native_enum=False, create_constraint=True, length=32)


def _id(table: str) -> tuple[sa.Column[int], sa.PrimaryKeyConstraint]:
    return sa.Column("id", BIG, nullable=False), sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def upgrade() -> None:
    op.create_table(
        "appointment",
        *_id("appointment"),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("request_id", BIG, nullable=False),
        sa.Column("service_type_id", BIG, nullable=False),
        sa.Column("division_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("seat", BIG, nullable=False),
        sa.Column("state", _state(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_appointment_office_id")),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"], name=op.f("fk_appointment_request_id")),
        sa.ForeignKeyConstraint(["service_type_id"], ["service_type.id"], name=op.f("fk_appointment_service_type_id")),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_appointment_division_id")),
    )
    op.create_index("ix_appointment_office_id_division_id_date", "appointment", ["office_id", "division_id", "date"])
    op.create_index("ix_appointment_request_id_id", "appointment", ["request_id", "id"])
    op.create_index(
        "ix_appointment_ahead",
        "appointment",
        ["request_id"],
        unique=True,
        postgresql_where=STILL,
        sqlite_where=STILL,
    )
    op.create_table(
        "appointment_hold",
        *_id("appointment_hold"),
        sa.Column("division_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("seat", BIG, nullable=False),
        sa.Column("appointment_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_appointment_hold_division_id")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_hold_appointment_id")
        ),
        sa.UniqueConstraint(
            "division_id", "date", "starts", "seat", name=op.f("uq_appointment_hold_division_id_date_starts_seat")
        ),
    )
    op.create_index("ix_appointment_hold_appointment_id", "appointment_hold", ["appointment_id"])
    op.create_table(
        "appointment_step",
        *_id("appointment_step"),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("appointment_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("officer_id", BIG),
        sa.Column("state", _state(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_appointment_step_office_id")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_step_appointment_id")
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_appointment_step_officer_id")),
    )
    op.create_index("ix_appointment_step_appointment_id_id", "appointment_step", ["appointment_id", "id"])
    guard("appointment_step")


def downgrade() -> None:
    for table in ("appointment_step", "appointment_hold", "appointment"):
        op.drop_table(table)
