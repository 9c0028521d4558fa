"""series without end: up to which day one that goes on by itself has its dates."""

import sqlalchemy as sa
from alembic import op

revision = "series_without_end"
down_revision = "letters_of_sick_leave"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("laid_until", sa.Date(), nullable=True))
    op.create_index("ix_meeting_office_id_laid_until", "meeting", ["office_id", "laid_until"])


def downgrade() -> None:
    op.drop_index("ix_meeting_office_id_laid_until", "meeting")
    op.drop_column("meeting", "laid_until")
