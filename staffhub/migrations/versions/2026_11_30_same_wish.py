"""same wish: within how many days two requests of one telephone number and service are shown as perhaps one."""

import sqlalchemy as sa
from alembic import op

revision = "same_wish"
down_revision = "due_moments"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = "ix_service_request_office_id_phone_service_type_id_created_at"


def upgrade() -> None:
    op.add_column("office", sa.Column("duplicate_days", BIG, nullable=False, server_default=sa.text("30")))
    op.create_index(_NAME, "service_request", ["office_id", "phone", "service_type_id", "created_at"])


def downgrade() -> None:
    op.drop_index(_NAME, "service_request")
    op.drop_column("office", "duplicate_days")
