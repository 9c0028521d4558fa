"""log delegates: who verifies logs in a superior's place; what was sent before logs were verified waits for nobody.

A log of a day before the upgrade that was sent to a version without verification is settled: verified by nobody, at no
time. One of the same day, or one that somebody has touched since, goes its way.
"""

import sqlalchemy as sa
from alembic import op

from staffhub import clock
from staffhub.db import UtcDateTime

revision = "log_delegates"
down_revision = "sought_requests"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

report = sa.table(
    "daily_report",
    *(sa.column(name) for name in ("id", "office_id", "date", "state", "version", "minutes")),
)
step = sa.table(
    "report_step",
    *(sa.column(name) for name in ("office_id", "report_id", "turn", "act", "note", "minutes")),
    *(sa.column(name) for name in ("created_at", "idempotency_key")),
)


def upgrade() -> None:
    op.create_table(
        "log_delegate",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("superior_id", BIG, nullable=True),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("created_by", BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_log_delegate_office_id")),
        sa.ForeignKeyConstraint(["superior_id"], ["officer.id"], name=op.f("fk_log_delegate_superior_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_log_delegate_officer_id")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_log_delegate_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_delegate")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_log_delegate_office_id_idempotency_key")),
    )
    op.create_index(op.f("ix_log_delegate_office_id_superior_id"), "log_delegate", ["office_id", "superior_id"])
    _settle_what_was_sent_before()


def _settle_what_was_sent_before() -> None:
    now = sa.literal(clock.now(), UtcDateTime())
    sent_before = sa.select(step.c.report_id).where(step.c.idempotency_key.like("sent-before-%"))
    waits = sa.and_(report.c.state == "submitted", report.c.version == 1, report.c.id.in_(sent_before))
    old = sa.and_(waits, report.c.date < sa.literal(clock.now().date(), sa.Date()))
    settled = sa.select(
        report.c.office_id,
        report.c.id,
        sa.literal(2),
        sa.literal("verified"),
        sa.literal(""),
        report.c.minutes,
        now,
        sa.literal("settled-before-") + sa.cast(report.c.id, sa.String),
    ).where(old)
    op.execute(step.insert().from_select([column.name for column in step.c], settled))
    op.execute(report.update().where(old).values(state="verified", version=2))


def downgrade() -> None:
    """What was settled stays so: its step is a fact."""
    op.drop_index(op.f("ix_log_delegate_office_id_superior_id"), table_name="log_delegate")
    op.drop_table("log_delegate")
