"""Check-ins leave what changes a board: their marks are counted by themselves, so that the index stays short."""

import sqlalchemy as sa
from alembic import op

revision = "board_changes_apart"
down_revision = "open_requests"
branch_labels = None
depends_on = None

_INDEX = "ix_audit_event_board"
_SUBJECTS = "subject NOT IN ('mark', 'account', 'session', 'log_entry', 'daily_report', 'meeting', 'service_request')"
_BEFORE = f"{_SUBJECTS} AND verb NOT IN ('day.read', 'attendance.exported')"
_AFTER = (
    f"{_SUBJECTS} AND verb NOT IN ('day.read', 'attendance.exported', 'presence.check_in', 'presence.check_out')"
)


def upgrade() -> None:
    _index(_AFTER)


def downgrade() -> None:
    _index(_BEFORE)


def _index(condition: str) -> None:
    where = sa.text(condition)
    op.drop_index(_INDEX, "audit_event")
    op.create_index(_INDEX, "audit_event", ["office_id", "at"], postgresql_where=where, sqlite_where=where)
