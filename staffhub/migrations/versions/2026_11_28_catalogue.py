"""catalogue: papers of a service, when it ended, and the version that a form has seen."""

import sqlalchemy as sa
from alembic import op

revision = "catalogue"
down_revision = "cancel_notes"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("service_type", sa.Column("papers", sa.String(600), nullable=False, server_default=sa.text("''")))
    op.add_column("service_type", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.add_column("service_type", sa.Column("version", BIG, nullable=False, server_default=sa.text("1")))
    op.create_index("ix_service_request_service_type_id", "service_request", ["service_type_id"])


def downgrade() -> None:
    op.drop_index("ix_service_request_service_type_id", "service_request")
    for name in ("version", "ended_at", "papers"):
        op.drop_column("service_type", name)
