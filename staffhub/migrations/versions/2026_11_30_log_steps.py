"""log steps: what was done with the log of a day, and how it stands; what was sent before waits for its superior.

A day is late whose log was sent after midnight of its office's zone. On the way back only what is sent stays: a log that
was taken back or returned is open again, as if it had never been sent.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard, unguard

revision = "log_steps"
down_revision = "same_wish"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
STATES = ("submitted", "taken_back", "returned", "verified")
ACTS = (*STATES, "reopened")
_AT_ONCE = 500

office = sa.table("office", sa.column("id", sa.BigInteger), sa.column("timezone", sa.String))
report = sa.table(
    "daily_report",
    sa.column("id", sa.BigInteger),
    sa.column("office_id", sa.BigInteger),
    sa.column("officer_id", sa.BigInteger),
    sa.column("date", sa.Date),
    sa.column("minutes", sa.BigInteger),
    sa.column("submitted_at", AT),
    sa.column("late", sa.Boolean),
    sa.column("state", sa.String),
)
account = sa.table("account", sa.column("id", sa.BigInteger), sa.column("officer_id", sa.BigInteger))


def _points(table: str, column: str, at: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [at], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    states = sa.Enum(*STATES, name="logstate", native_enum=False, create_constraint=True, length=32)
    with op.batch_alter_table("daily_report") as batch:
        batch.add_column(sa.Column("late", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("state", states, nullable=False, server_default="submitted"))
        batch.add_column(sa.Column("verified_by", BIG, nullable=True))
        batch.add_column(sa.Column("verified_at", AT, nullable=True))
        batch.add_column(sa.Column("version", BIG, nullable=False, server_default="1"))
        batch.create_foreign_key(op.f("fk_daily_report_verified_by"), "officer", ["verified_by"], ["id"])
    op.create_index(op.f("ix_daily_report_office_id_state_date"), "daily_report", ["office_id", "state", "date"])
    op.create_table(
        "report_step",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("report_id", BIG, nullable=False),
        sa.Column("turn", BIG, nullable=False),
        sa.Column(
            "act",
            sa.Enum(*ACTS, name="logact", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("instead_of", BIG, nullable=True),
        sa.Column("created_by", BIG, nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        _points("report_step", "office_id", "office.id"),
        _points("report_step", "report_id", "daily_report.id"),
        _points("report_step", "instead_of", "officer.id"),
        _points("report_step", "created_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_step")),
        sa.UniqueConstraint("report_id", "turn", name=op.f("uq_report_step_report_id_turn")),
        sa.UniqueConstraint(
            "office_id", "idempotency_key", name=op.f("uq_report_step_office_id_idempotency_key")
        ),
    )
    _steps_of_what_was_sent()
    _late_ones()
    guard("report_step")


def _steps_of_what_was_sent() -> None:
    step = sa.table(
        "report_step",
        *(sa.column(name) for name in ("office_id", "report_id", "turn", "act", "note", "minutes")),
        *(sa.column(name) for name in ("created_by", "created_at", "idempotency_key")),
    )
    sent = sa.select(
        report.c.office_id,
        report.c.id,
        sa.literal(1),
        sa.literal("submitted"),
        sa.literal(""),
        report.c.minutes,
        account.c.id,
        report.c.submitted_at,
        sa.literal("sent-before-") + sa.cast(report.c.id, sa.String),
    ).outerjoin_from(report, account, account.c.officer_id == report.c.officer_id)
    op.execute(step.insert().from_select([column.name for column in step.c], sent))


def _late_ones() -> None:
    """The database knows no zones on SQLite, so the days are looked at here."""
    bind = op.get_bind()
    zones = {row.id: ZoneInfo(row.timezone) for row in bind.execute(sa.select(office))}
    late = []
    for row in bind.execute(sa.select(report)).all():
        at = row.submitted_at if row.submitted_at.tzinfo else row.submitted_at.replace(tzinfo=UTC)
        begins = datetime.combine(row.date, datetime.min.time(), tzinfo=zones[row.office_id])
        if at >= begins + timedelta(days=1):
            late.append(row.id)
    for start in range(0, len(late), _AT_ONCE):
        some = late[start : start + _AT_ONCE]
        bind.execute(report.update().where(report.c.id.in_(some)).values(late=True))


def downgrade() -> None:
    unguard("report_step")
    op.drop_table("report_step")
    op.execute(report.delete().where(report.c.state.in_(("taken_back", "returned"))))
    op.drop_index(op.f("ix_daily_report_office_id_state_date"), table_name="daily_report")
    with op.batch_alter_table("daily_report") as batch:
        batch.drop_constraint(op.f("fk_daily_report_verified_by"), type_="foreignkey")
        batch.drop_constraint("logstate", type_="check")
        for name in ("version", "verified_at", "verified_by", "state", "late"):
            batch.drop_column(name)
