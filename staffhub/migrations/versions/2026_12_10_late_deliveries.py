"""late deliveries: what a tap claims that waited for its network, and which of its times counts as a kind of rule.

An office that is there already gets the row that a new one begins with.
"""

from datetime import date

import sqlalchemy as sa
from alembic import op

from staffhub.migrations import append_only
from staffhub.migrations.office_version import watch

revision = "late_deliveries"
down_revision = "excuses_kept"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OLD = ("work_hours", "coverage", "tiers", "discipline", "minutes_as_days", "leave", "flexible", "decision")
OLD = (*_OLD, "roster_weights")
NEW = "late_delivery"

office = sa.table("office", sa.column("id", _BIG))
rule = sa.table(
    "rule_set",
    sa.column("id", _BIG),
    sa.column("office_id", _BIG),
    sa.column("kind", sa.String),
    sa.column("subject", sa.String),
    sa.column("groups", sa.JSON(none_as_null=True)),
    sa.column("valid_from", sa.Date),
    sa.column("legal_source", sa.String),
    sa.column("owner", sa.String),
    sa.column("values", sa.JSON),
)


def upgrade() -> None:
    _deliveries()
    _kinds((*OLD, NEW))
    bind = op.get_bind()
    for office_id in bind.scalars(sa.select(office.c.id)).all():
        bind.execute(
            rule.insert().values(
                office_id=office_id,
                kind=NEW,
                subject="",
                groups=None,
                valid_from=date(2023, 4, 12),
                legal_source="Keputusan kepala dinas",
                owner="kepegawaian",
                values={"counts": "claimed", "hours": None},
            )
        )


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _deliveries() -> None:
    moment = sa.DateTime(timezone=True)
    unique = ["office_id", "officer_id", "idempotency_key"]
    op.create_table(
        "late_delivery",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("officer_id", _BIG, nullable=False),
        sa.Column("mark_id", _BIG, nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", _enum("markkind", "check_in", "check_out"), nullable=False),
        sa.Column("mode", _enum("workmode", "office", "home", "field"), nullable=True),
        sa.Column("ticket_at", moment, nullable=True),
        sa.Column("claimed_at", moment, nullable=True),
        sa.Column("arrived_at", moment, nullable=False),
        sa.Column("steady_before", sa.BigInteger(), nullable=True),
        sa.Column("wall_before", sa.BigInteger(), nullable=True),
        sa.Column("steady_after", sa.BigInteger(), nullable=True),
        sa.Column("wall_after", sa.BigInteger(), nullable=True),
        sa.Column("counted", _enum("counted", "claimed", "arrival", "nothing"), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["mark_id"], ["mark.id"], name=op.f("fk_late_delivery_mark_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_late_delivery_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_late_delivery_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_delivery")),
        sa.UniqueConstraint(*unique, name=op.f("uq_late_delivery_office_id_officer_id_idempotency_key")),
    )
    for columns in (["office_id", "officer_id", "date"], ["mark_id"]):
        op.create_index(op.f(f"ix_late_delivery_{'_'.join(columns)}"), "late_delivery", columns)
    append_only.guard("late_delivery")


def _kinds(names: tuple[str, ...]) -> None:
    with op.batch_alter_table("rule_set") as batch:
        batch.drop_constraint("rulekind", type_="check")
        batch.create_check_constraint("rulekind", f"kind IN ({', '.join(repr(name) for name in names)})")
    watch()


def downgrade() -> None:
    op.get_bind().execute(rule.delete().where(rule.c.kind == NEW))
    _kinds(OLD)
    append_only.unguard("late_delivery")
    op.drop_table("late_delivery")
