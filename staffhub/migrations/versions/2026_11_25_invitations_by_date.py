"""invitations by date: from and until when somebody is invited to the dates of a series."""

import sqlalchemy as sa
from alembic import op

revision = "invitations_by_date"
down_revision = "plan_by_grant"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting_invite", sa.Column("first_on", sa.Date(), nullable=True))
    op.add_column("meeting_invite", sa.Column("last_on", sa.Date(), nullable=True))


def downgrade() -> None:
    # An invitation that has ended stands on, as all did before: nobody's way into a held meeting is lost.
    for name in ("last_on", "first_on"):
        op.drop_column("meeting_invite", name)
