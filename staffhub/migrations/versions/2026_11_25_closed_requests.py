"""closed requests are listed by an index; saved weeks are guarded like every other fact."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations import append_only

revision = "closed_requests"
down_revision = "invitations_by_date"
branch_labels = None
depends_on = None

_request = sa.table(
    "service_request",
    sa.column("state", sa.String),
    sa.column("closed_at", sa.DateTime(timezone=True)),
    sa.column("updated_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    # What is closed says when; the list is ordered by it alone.
    silent = _request.c.state.in_(["done", "cancelled"]) & _request.c.closed_at.is_(None)
    op.execute(_request.update().where(silent).values(closed_at=_request.c.updated_at))
    op.create_index(
        op.f("ix_service_request_office_id_closed_at"), "service_request", ["office_id", "closed_at"], unique=False
    )
    append_only.guard("week_pattern")


def downgrade() -> None:
    append_only.unguard("week_pattern")
    op.drop_index(op.f("ix_service_request_office_id_closed_at"), table_name="service_request")
