"""sought requests: what a search looks into stands in an index, and so does all that a list of closed ones asks."""

import sqlalchemy as sa
from alembic import op

revision = "sought_requests"
down_revision = "roster_rules"
branch_labels = None
depends_on = None

_SOUGHT = [
    "office_id", "sought", "closed_at", "state", "assignee_id", "service_type_id", "due_at", "urgent", "created_at", "id",
]  # fmt: skip


def upgrade() -> None:
    # SQLite adds no stored column to a table that is there; in the index it is stored anyway.
    stored = op.get_bind().dialect.name != "sqlite"
    words = sa.Computed("lower(number || ' ' || applicant || ' ' || public_code)", persisted=stored)
    op.add_column("service_request", sa.Column("sought", sa.String(100), words, nullable=False))
    op.create_index("ix_service_request_sought", "service_request", _SOUGHT)
    op.drop_index("ix_service_request_office_id_closed_at", table_name="service_request")
    columns = ["office_id", "closed_at", "id", "service_type_id"]
    op.create_index("ix_service_request_closed", "service_request", columns)


def downgrade() -> None:
    op.drop_index("ix_service_request_closed", table_name="service_request")
    op.create_index("ix_service_request_office_id_closed_at", "service_request", ["office_id", "closed_at"])
    op.drop_index("ix_service_request_sought", table_name="service_request")
    op.drop_column("service_request", "sought")
