"""occurrences: a meeting has a row for each of its dates.

The dates of what was planned before are worked out here once more, from the terms of the meeting, which stay; so the
way back loses nothing that they do not say.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "occurrences"
down_revision = "presence_counts_from"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = sa.Enum(
    "planned", "cancelled", name="occurrencestate", native_enum=False, create_constraint=True, length=32
)

office = sa.table("office", sa.column("id"), sa.column("timezone"))
meeting = sa.table(
    "meeting",
    sa.column("id", BIG),
    sa.column("office_id", BIG),
    sa.column("starts_on", sa.Date()),
    sa.column("starts_at", sa.Time()),
    sa.column("minutes", BIG),
    sa.column("weekdays", sa.JSON()),
    sa.column("occurrences", BIG),
    sa.column("cancelled_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    table = op.create_table(
        "occurrence",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("zoom_occurrence_id", sa.String(length=32), nullable=True),
        sa.Column("state", STATES, nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_occurrence_meeting_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_occurrence_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("meeting_id", "date", name=op.f("uq_occurrence_meeting_id_date")),
    )
    op.create_index(op.f("ix_occurrence_office_id_date"), "occurrence", ["office_id", "date"])
    rows = op.get_bind().execute(sa.select(meeting, office.c.timezone).join(office, office.c.id == meeting.c.office_id))
    found = [occurrence for row in rows.all() for occurrence in _of(row)]
    if found:
        op.bulk_insert(table, found)


def _of(row: Any) -> list[dict[str, Any]]:
    days = [row.starts_on]
    if row.weekdays:
        every = (row.starts_on + timedelta(days=n) for n in range(7 * row.occurrences))
        days = [day for day in every if day.weekday() in row.weekdays][: row.occurrences]
    cancelled_at = row.cancelled_at and row.cancelled_at.replace(tzinfo=row.cancelled_at.tzinfo or UTC)
    facts = []
    for day in days:
        starts = datetime.combine(day, row.starts_at, tzinfo=ZoneInfo(row.timezone)).astimezone(UTC)
        state = "cancelled" if cancelled_at and cancelled_at < starts else "planned"
        base = {"office_id": row.office_id, "meeting_id": row.id, "minutes": row.minutes}
        # SQLite keeps no zone beside a time: what stands there is UTC.
        facts.append(base | {"date": day, "starts_at": starts, "zoom_occurrence_id": None, "state": state})
    return facts


def downgrade() -> None:
    op.drop_table("occurrence")
