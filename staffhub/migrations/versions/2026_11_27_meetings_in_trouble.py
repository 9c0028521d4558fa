"""meetings in trouble: the few that are not at Zoom as agreed are found by an index of their own."""

import sqlalchemy as sa
from alembic import op

revision = "meetings_in_trouble"
down_revision = "written_standups"
branch_labels = None
depends_on = None

IN_TROUBLE = sa.text("trouble <> ''")


def upgrade() -> None:
    op.create_index(
        "ix_meeting_in_trouble", "meeting", ["office_id"], postgresql_where=IN_TROUBLE, sqlite_where=IN_TROUBLE
    )


def downgrade() -> None:
    op.drop_index("ix_meeting_in_trouble", table_name="meeting")
