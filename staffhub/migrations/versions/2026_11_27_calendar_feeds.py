"""calendar feeds: secret addresses for calendar programs, and a number that rises with each change of a date."""

import sqlalchemy as sa
from alembic import op

revision = "calendar_feeds"
down_revision = "newest_recounts"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("division_id", BIG, nullable=True),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_calendar_feed_account_id")),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_calendar_feed_division_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_calendar_feed_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("token", name=op.f("uq_calendar_feed_token")),
    )
    op.create_index(op.f("ix_calendar_feed_account_id"), "calendar_feed", ["account_id"])
    op.add_column("occurrence", sa.Column("revision", BIG, nullable=False, server_default="0"))


def downgrade() -> None:
    # The addresses are gone with it: whoever reads one makes another.
    op.drop_column("occurrence", "revision")
    op.drop_table("calendar_feed")
