"""newest requests: an office's requests from the newest on, as programs read them page by page."""

from alembic import op

revision = "newest_requests"
down_revision = "duty_roster"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_service_request_office_id_id"), "service_request", ["office_id", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_service_request_office_id_id"), "service_request")
