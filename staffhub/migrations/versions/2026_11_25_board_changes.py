"""what changes a board is found and counted by an index of its own, however long the audit trail grows."""

import sqlalchemy as sa
from alembic import op

revision = "board_changes"
down_revision = "append_only_without_holes"
branch_labels = None
depends_on = None

_INDEX = "ix_audit_event_board"
_CHANGES = (
    "subject NOT IN ('mark', 'account', 'session', 'log_entry', 'daily_report', 'meeting', 'service_request') "
    "AND verb NOT IN ('day.read', 'attendance.exported')"
)


def upgrade() -> None:
    where = sa.text(_CHANGES)
    op.create_index(_INDEX, "audit_event", ["office_id", "at"], postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    op.drop_index(_INDEX, "audit_event")
