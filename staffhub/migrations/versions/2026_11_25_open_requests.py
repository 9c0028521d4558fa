"""open requests have an index of their own, which stays small however many were closed."""

import sqlalchemy as sa
from alembic import op

revision = "open_requests"
down_revision = "office_version"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")
_COLUMNS = [
    "office_id", "closed_at", "assignee_id", "state", "service_type_id", "urgent", "created_at", "number", "id",
]  # fmt: skip


def upgrade() -> None:
    op.create_index(
        "ix_service_request_open", "service_request", _COLUMNS, postgresql_where=_OPEN, sqlite_where=_OPEN
    )
    op.drop_index("ix_service_request_office_id_state", table_name="service_request")


def downgrade() -> None:
    op.create_index("ix_service_request_office_id_state", "service_request", ["office_id", "state"])
    op.drop_index("ix_service_request_open", table_name="service_request")
