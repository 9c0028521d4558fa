"""written standups: what somebody who cannot join says in writing."""

import sqlalchemy as sa
from alembic import op

revision = "written_standups"
down_revision = "zoom_users"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STILL = sa.text("blocked <> '' AND unblocked_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "standup_note",
        sa.Column("id", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("doing", sa.Text(), nullable=False),
        sa.Column("blocked", sa.String(length=500), nullable=False),
        sa.Column("unblocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unblocked_by", BIG, nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_standup_note_meeting_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_standup_note_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_standup_note_officer_id")),
        sa.ForeignKeyConstraint(["unblocked_by"], ["account.id"], name=op.f("fk_standup_note_unblocked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standup_note")),
        sa.UniqueConstraint(
            "meeting_id", "officer_id", "date", name=op.f("uq_standup_note_meeting_id_officer_id_date")
        ),
    )
    op.create_index(op.f("ix_standup_note_officer_id_date"), "standup_note", ["officer_id", "date"])
    op.create_index(op.f("ix_standup_note_meeting_id_date"), "standup_note", ["meeting_id", "date"])
    among = ["office_id", "date"]
    op.create_index("ix_standup_note_blocked", "standup_note", among, postgresql_where=STILL, sqlite_where=STILL)


def downgrade() -> None:
    op.drop_table("standup_note")
