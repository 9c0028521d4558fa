"""told of changes: an account remembers the newest event of the trail that its owner was told of."""

import sqlalchemy as sa
from alembic import op

revision = "told_of_changes"
down_revision = "mark_notes"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
account = sa.table("account", sa.column("told_event_id", sa.BigInteger))
audit_event = sa.table("audit_event", sa.column("id", sa.BigInteger))


def upgrade() -> None:
    op.add_column("account", sa.Column("told_event_id", BIG, nullable=True))
    # What happened before is no news any more.
    newest = sa.select(sa.func.max(audit_event.c.id)).scalar_subquery()
    op.execute(account.update().values(told_event_id=newest))


def downgrade() -> None:
    op.drop_column("account", "told_event_id")
