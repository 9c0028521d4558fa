"""meetings to look at: Zoom has told of a change to some, and each is compared at its time."""

import sqlalchemy as sa
from alembic import op

revision = "meetings_to_look_at"
down_revision = "channel"
branch_labels = None
depends_on = None

TO_LOOK_AT = sa.text("look_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("meeting", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_meeting_to_look_at", "meeting", ["look_at"], postgresql_where=TO_LOOK_AT, sqlite_where=TO_LOOK_AT
    )


def downgrade() -> None:
    op.drop_index("ix_meeting_to_look_at", table_name="meeting")
    op.drop_column("meeting", "look_at")
