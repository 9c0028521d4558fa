"""duty orders and exemptions: what was ordered, for whom, and what was changed of it later."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard

revision = "duty_orders"
down_revision = "leave"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Column = sa.Column[Any]
FACTS = ("duty_order", "duty_assignment", "duty_order_step", "exemption", "exemption_person", "exemption_step")


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _table(name: str, *columns: Column, points: dict[str, str], unique: tuple[tuple[str, ...], ...]) -> None:
    points = {"office_id": "office.id"} | points
    op.create_table(
        name,
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        *columns,
        *(sa.ForeignKeyConstraint([one], [at], name=op.f(f"fk_{name}_{one}")) for one, at in points.items()),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        *(sa.UniqueConstraint(*key, name=op.f(f"uq_{name}_{'_'.join(key)}")) for key in unique),
    )


def _written(key: str = "idempotency_key") -> tuple[Column, ...]:
    return (
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(key, sa.String(length=64), nullable=True),
    )


def _range() -> tuple[Column, ...]:
    return sa.Column("first", sa.Date(), nullable=False), sa.Column("last", sa.Date(), nullable=False)


def _people(name: str, of: str, at: str) -> None:
    _table(
        name,
        sa.Column(of, BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("grant_id", BIG, nullable=False),
        points={of: at, "officer_id": "officer.id", "grant_id": "plan_grant.id"},
        unique=(("grant_id",),),
    )
    op.create_index(op.f(f"ix_{name}_{of}"), name, [of])
    op.create_index(op.f(f"ix_{name}_office_id_officer_id"), name, ["office_id", "officer_id"])


def _steps(name: str, of: str, at: str, *columns: Column) -> None:
    _table(
        name,
        sa.Column(of, BIG, nullable=False),
        sa.Column("turn", BIG, nullable=False),
        *columns,
        *_range(),
        sa.Column("reason", sa.String(length=400), nullable=False),
        *_written(),
        points={of: at, "created_by": "account.id"},
        unique=((of, "turn"), ("office_id", "idempotency_key")),
    )


def upgrade() -> None:
    _table(
        "duty_order",
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("number_key", sa.String(length=80), nullable=False),
        sa.Column("duty", _one_of("duty", "field", "study"), nullable=False),
        sa.Column("issued", sa.Date(), nullable=False),
        *_range(),
        sa.Column("place", sa.String(length=160), nullable=False),
        sa.Column("purpose", sa.String(length=400), nullable=False),
        sa.Column("basis", sa.String(length=400), nullable=False),
        sa.Column("on_free_days", sa.Boolean(), nullable=False),
        sa.Column("signed_by", BIG, nullable=True),
        sa.Column("signer_name", sa.String(length=120), nullable=False),
        sa.Column("signer_position", sa.String(length=120), nullable=False),
        *_written(),
        points={"signed_by": "officer.id", "created_by": "account.id"},
        unique=(("office_id", "number_key"), ("office_id", "idempotency_key")),
    )
    op.create_index(op.f("ix_duty_order_office_id_first"), "duty_order", ["office_id", "first"])
    _people("duty_assignment", "order_id", "duty_order.id")
    _steps(
        "duty_order_step",
        "order_id",
        "duty_order.id",
        sa.Column("kind", _one_of("orderstep", "added", "taken_out", "shortened", "withdrawn"), nullable=False),
        sa.Column("officers", sa.JSON(), nullable=False),
    )
    _table(
        "exemption",
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("meaning", _one_of("meaning", "home", "excused"), nullable=False),
        *_range(),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("people", BIG, nullable=False),
        *_written(),
        points={"created_by": "account.id"},
        unique=(("office_id", "idempotency_key"),),
    )
    op.create_index(op.f("ix_exemption_office_id_first"), "exemption", ["office_id", "first"])
    _people("exemption_person", "exemption_id", "exemption.id")
    _steps("exemption_step", "exemption_id", "exemption.id", sa.Column("officers", sa.JSON(), nullable=True))
    for table in FACTS:
        guard(table)


def downgrade() -> None:
    """The ranges of the plan that came of them stay: those are facts of their own."""
    for table in reversed(FACTS):
        op.drop_table(table)
