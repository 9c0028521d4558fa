"""minutes: decisions and actions of meetings."""

import sqlalchemy as sa
from alembic import op

revision = "minutes"
down_revision = "series"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("end_kind IS NULL AND owner_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "meeting_item",
        sa.Column("id", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Enum("decision", "action", name="itemkind", native_enum=False, create_constraint=True, length=32), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("owner_id", BIG, nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_kind", sa.Enum("done", "dropped", name="itemend", native_enum=False, create_constraint=True, length=32), nullable=True),
        sa.Column("ended_by", BIG, nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_meeting_item_created_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], name=op.f("fk_meeting_item_ended_by")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_item_meeting_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_meeting_item_office_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["officer.id"], name=op.f("fk_meeting_item_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_item")),
        sa.UniqueConstraint(
            "created_by",
            "office_id",
            "idempotency_key",
            name=op.f("uq_meeting_item_created_by_office_id_idempotency_key"),
        ),
    )
    op.create_index(op.f("ix_meeting_item_meeting_id_date"), "meeting_item", ["meeting_id", "date"])
    among = ["office_id", "owner_id"]
    op.create_index("ix_meeting_item_open", "meeting_item", among, postgresql_where=OPEN, sqlite_where=OPEN)


def downgrade() -> None:
    op.drop_table("meeting_item")
