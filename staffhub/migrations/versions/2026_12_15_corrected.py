"""corrected: that what was taken in wrongly was put right is a step of the request, which names the fields."""

import sqlalchemy as sa
from alembic import op

revision = "corrected"
down_revision = "log_services"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("request_event", sa.Column("corrected", sa.String(60)))
    op.create_index(op.f("ix_appointment_service_type_id"), "appointment", ["service_type_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_appointment_service_type_id"), table_name="appointment")
    op.drop_column("request_event", "corrected")
