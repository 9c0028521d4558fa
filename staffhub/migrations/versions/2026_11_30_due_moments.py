"""due moments: a service may be promised in working hours, and an open request says until when it is promised.

The scheduler reckons them for what is open, at its first tick after this.
"""

import sqlalchemy as sa
from alembic import op

revision = "due_moments"
down_revision = "urgency"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN, _DUE = sa.text("closed_at IS NULL"), sa.text("due_at IS NOT NULL")
_BEFORE = ["office_id", "closed_at", "assignee_id", "state", "service_type_id", "urgent", "created_at", "number"]


def _index_open(*columns: str) -> None:
    op.drop_index("ix_service_request_open", table_name="service_request")
    op.create_index(
        "ix_service_request_open", "service_request", [*_BEFORE, *columns], postgresql_where=_OPEN, sqlite_where=_OPEN
    )


def upgrade() -> None:
    op.add_column("service_type", sa.Column("service_hours", BIG))
    op.add_column("service_request", sa.Column("due_at", sa.DateTime(timezone=True)))
    _index_open("due_at", "id")
    columns = ["office_id", "due_at", "service_type_id", "assignee_id"]
    op.create_index("ix_service_request_due", "service_request", columns, postgresql_where=_DUE, sqlite_where=_DUE)


def downgrade() -> None:
    op.drop_index("ix_service_request_due", table_name="service_request")
    _index_open("id")
    op.drop_column("service_request", "due_at")
    op.drop_column("service_type", "service_hours")
