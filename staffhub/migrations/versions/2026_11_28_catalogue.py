"""catalogue: papers of a service, when it ended, and the version that a form has seen."""

import sqlalchemy as sa
from alembic import op

revision = "catalogue"
down_revision = "left_hosts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_type", sa.Column("papers", sa.String(600), nullable=False, server_default=""))
    op.add_column("service_type", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.add_column("service_type", sa.Column("version", sa.BigInteger(), nullable=False, server_default="1"))


def downgrade() -> None:
    for name in ("version", "ended_at", "papers"):
        op.drop_column("service_type", name)
