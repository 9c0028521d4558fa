"""leave: requests and their steps, who may grant, and what was left over from other years."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard, unguard

revision = "leave"
down_revision = "notices"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("asked", "agreed", "granted", "declined", "withdrawn")
ACTS = ("asked", "paper", "agreed", "granted", "declined", "withdrawn", "shortened", "letter_seen")
FACTS = ("leave_step", "leave_opening")


def _points(table: str, column: str, at: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [at], name=op.f(f"fk_{table}_{column}"))


def _one_of(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _table(name: str, *columns: sa.schema.SchemaItem, officer: bool = True, once: bool = True) -> None:
    """Make a table with what all of them have: office, officer, author, time, the key of the form."""
    own = [sa.Column("officer_id", BIG, nullable=False), _points(name, "officer_id", "officer.id")] if officer else []
    key = [
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f(f"uq_{name}_office_id_idempotency_key")),
    ]
    op.create_table(
        name,
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("created_by", BIG),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _points(name, "office_id", "office.id"),
        _points(name, "created_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        *own,
        *(key if once else []),
        *columns,
    )


def upgrade() -> None:
    _table(
        "leave_request",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("half_day", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("document", sa.String(80), nullable=False),
        sa.Column("letter_seen_by", BIG),
        sa.Column("letter_seen_on", sa.Date()),
        sa.Column("doctor_signed", sa.Boolean()),
        sa.Column("state", _one_of("leavestate", STATES), nullable=False),
        sa.Column("grant_id", BIG),
        sa.Column("version", BIG, nullable=False, server_default="1"),
        _points("leave_request", "letter_seen_by", "account.id"),
        _points("leave_request", "grant_id", "plan_grant.id"),
    )
    op.create_index(op.f("ix_leave_request_office_id_state"), "leave_request", ["office_id", "state"])
    by_officer = ["office_id", "officer_id", "first"]
    op.create_index(op.f("ix_leave_request_office_id_officer_id_first"), "leave_request", by_officer)
    op.create_index(op.f("ix_leave_request_grant_id"), "leave_request", ["grant_id"])
    _table(
        "leave_step",
        sa.Column("request_id", BIG, nullable=False),
        sa.Column("act", _one_of("leaveact", ACTS), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("last", sa.Date()),
        sa.Column("instead_of", BIG),
        _points("leave_step", "request_id", "leave_request.id"),
        _points("leave_step", "instead_of", "officer.id"),
        officer=False,
        once=False,
    )
    op.create_index(op.f("ix_leave_step_request_id"), "leave_step", ["request_id"])
    _table(
        "leave_delegate",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("document", sa.String(80), nullable=False),
    )
    op.create_index(op.f("ix_leave_delegate_office_id_valid_from"), "leave_delegate", ["office_id", "valid_from"])
    _table(
        "leave_opening",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("year", BIG, nullable=False),
        sa.Column("half_days", BIG, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
    )
    op.create_index(op.f("ix_leave_opening_office_id_officer_id"), "leave_opening", ["office_id", "officer_id"])
    for table in FACTS:
        guard(table)


def downgrade() -> None:
    """What was granted stays in the plan; only how it was asked for goes."""
    for table in FACTS:
        unguard(table)
    for table in ("leave_step", "leave_request", "leave_delegate", "leave_opening"):
        op.drop_table(table)
