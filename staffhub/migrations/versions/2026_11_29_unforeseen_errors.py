"""unforeseen errors: counted for each task of the outbox, apart from the tries that Zoom did not answer."""

import sqlalchemy as sa
from alembic import op

revision = "unforeseen_errors"
down_revision = "remind_before"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("zoom_task", sa.Column("unforeseen", _BIG, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    op.drop_column("zoom_task", "unforeseen")
