"""correction requests: what a person asks to have corrected, each step of the decision, and what is not decided yet."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard

revision = "correction_requests"
down_revision = "letterhead"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("check_in", "check_out", "mode", "leave", "absent")
MODES = ("office", "home", "field")
REASONS = ("forgot", "network", "application", "duty_outside", "late", "left_early", "leave_letter")
STEPS = ("asked", "passed_on", "accepted", "confirmed", "declined", "withdrawn")


def _choice(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _points(table: str, column: str, at: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [at], name=op.f(f"fk_{table}_{column}"))


def _request() -> None:
    op.create_table(
        "correction_request",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", _choice("correctionkind", KINDS), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mode", _choice("workmode", MODES), nullable=True),
        sa.Column("reason", _choice("correctionreason", REASONS), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        _points("correction_request", "office_id", "office.id"),
        _points("correction_request", "officer_id", "officer.id"),
        _points("correction_request", "created_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_request")),
        sa.UniqueConstraint(
            "office_id", "idempotency_key", name=op.f("uq_correction_request_office_id_idempotency_key")
        ),
    )
    for column in ("office_id", "officer_id"):
        op.create_index(op.f(f"ix_correction_request_{column}_date"), "correction_request", [column, "date"])


def _step() -> None:
    op.create_table(
        "correction_step",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("request_id", BIG, nullable=False),
        sa.Column("turn", BIG, nullable=False),
        sa.Column("kind", _choice("requeststep", STEPS), nullable=False),
        sa.Column("to_id", BIG, nullable=True),
        sa.Column("decide_by", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        _points("correction_step", "office_id", "office.id"),
        _points("correction_step", "request_id", "correction_request.id"),
        _points("correction_step", "to_id", "officer.id"),
        _points("correction_step", "created_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_step")),
        sa.UniqueConstraint("request_id", "turn", name=op.f("uq_correction_step_request_id_turn")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_correction_step_office_id_idempotency_key")),
    )


def _waiting() -> None:
    op.create_table(
        "correction_waiting",
        sa.Column("request_id", BIG, nullable=False, autoincrement=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", _choice("correctionkind", KINDS), nullable=False),
        sa.Column("holder_id", BIG, nullable=True),
        sa.Column("decide_by", sa.Date(), nullable=True),
        sa.Column("turn", BIG, nullable=False),
        _points("correction_waiting", "request_id", "correction_request.id"),
        _points("correction_waiting", "office_id", "office.id"),
        _points("correction_waiting", "officer_id", "officer.id"),
        _points("correction_waiting", "holder_id", "officer.id"),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_correction_waiting")),
        sa.UniqueConstraint(
            "office_id", "officer_id", "date", "kind", name=op.f("uq_correction_waiting_office_id_officer_id_date_kind")
        ),
    )
    op.create_index(
        op.f("ix_correction_waiting_office_id_holder_id"), "correction_waiting", ["office_id", "holder_id"]
    )


def upgrade() -> None:
    _request()
    _step()
    _waiting()
    guard("correction_request")
    guard("correction_step")
    # In plain SQL, since Alembic would rebuild the table on SQLite for a column that points somewhere.
    type_ = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    points = "CONSTRAINT fk_correction_request_id REFERENCES correction_request (id)"
    op.execute(f"ALTER TABLE correction ADD COLUMN request_id {type_} {points}")
    op.create_index(op.f("ix_correction_request_id"), "correction", ["request_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_correction_request_id"), "correction")
    op.execute("ALTER TABLE correction DROP COLUMN request_id")
    op.drop_table("correction_waiting")
    op.drop_table("correction_step")
    op.drop_table("correction_request")
