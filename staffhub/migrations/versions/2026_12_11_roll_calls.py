"""roll calls: the list that a head ticks, and which proofs of presence let one do as a kind of rule."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations import append_only
from staffhub.migrations.office_version import watch

revision = "roll_calls"
down_revision = "machines"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OLD = ("work_hours", "coverage", "tiers", "discipline", "minutes_as_days", "leave", "flexible", "decision")
OLD = (*_OLD, "roster_weights", "late_delivery")
NEW = "one_proof"
_MOMENT = sa.DateTime(timezone=True)

rule = sa.table("rule_set", sa.column("kind", sa.String))


def upgrade() -> None:
    _calls()
    _entries()
    append_only.guard("roll_call")
    append_only.guard("roll_call_entry")
    _kinds((*OLD, NEW))


def _references(table: str, *names: str) -> list[sa.Column[int] | sa.ForeignKeyConstraint]:
    columns = [sa.Column(f"{name}_id", _BIG, nullable=False) for name in names]
    keys = [
        sa.ForeignKeyConstraint([f"{name}_id"], [f"{name}.id"], name=op.f(f"fk_{table}_{name}_id")) for name in names
    ]
    return [*columns, *keys]


def _calls() -> None:
    turns, keys = ["office_id", "division_id", "date", "turn"], ["office_id", "idempotency_key"]
    op.create_table(
        "roll_call",
        sa.Column("id", _BIG, nullable=False),
        *_references("roll_call", "office", "division"),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("turn", _BIG, nullable=False),
        sa.Column("held_at", _MOMENT, nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("created_by", _BIG, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_roll_call_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_call")),
        sa.UniqueConstraint(*turns, name=op.f(f"uq_roll_call_{'_'.join(turns)}")),
        sa.UniqueConstraint(*keys, name=op.f(f"uq_roll_call_{'_'.join(keys)}")),
    )


def _entries() -> None:
    once = ["roll_call_id", "officer_id"]
    states = sa.Enum(
        "present", "late", "excused", "missing", name="rollstate", native_enum=False, create_constraint=True, length=32
    )
    op.create_table(
        "roll_call_entry",
        sa.Column("id", _BIG, nullable=False),
        *_references("roll_call_entry", "office", "roll_call", "officer"),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("state", states, nullable=False),
        sa.Column("at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_call_entry")),
        sa.UniqueConstraint(*once, name=op.f(f"uq_roll_call_entry_{'_'.join(once)}")),
    )
    for columns in (["office_id", "date"], ["officer_id", "date"]):
        op.create_index(op.f(f"ix_roll_call_entry_{'_'.join(columns)}"), "roll_call_entry", columns)


def _kinds(names: tuple[str, ...]) -> None:
    with op.batch_alter_table("rule_set") as batch:
        batch.drop_constraint("rulekind", type_="check")
        batch.create_check_constraint("rulekind", f"kind IN ({', '.join(repr(name) for name in names)})")
    watch()


def downgrade() -> None:
    op.get_bind().execute(rule.delete().where(rule.c.kind == NEW))
    _kinds(OLD)
    for table in ("roll_call_entry", "roll_call"):
        append_only.unguard(table)
        op.drop_table(table)
