"""open requests have indexes of their own, which stay small however many were closed."""

import sqlalchemy as sa
from alembic import op

revision = "open_requests"
down_revision = "office_version"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")
_INDEXES: dict[str, list[str | sa.TextClause]] = {
    "ix_service_request_open": ["office_id", "closed_at", "assignee_id", "state", "number", "id"],
    "ix_service_request_line": ["office_id", "closed_at", sa.text("urgent DESC"), "created_at", "id"],
}


def upgrade() -> None:
    for name, columns in _INDEXES.items():
        op.create_index(name, "service_request", columns, postgresql_where=_OPEN, sqlite_where=_OPEN)
    op.drop_index("ix_service_request_office_id_state", table_name="service_request")


def downgrade() -> None:
    op.create_index("ix_service_request_office_id_state", "service_request", ["office_id", "state"])
    for name in _INDEXES:
        op.drop_index(name, table_name="service_request")
