"""zoom users: who of the Zoom account may host, with the licence that decides how many meetings run at once."""

import sqlalchemy as sa
from alembic import op

revision = "zoom_users"
down_revision = "sightings"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "zoom_user",
        sa.Column("id", BIG, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("licence", BIG, nullable=False),
        sa.Column("at_once", BIG, nullable=False),
        sa.Column("hosts", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_on", sa.Date(), nullable=True),
        sa.Column("written", BIG, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zoom_user")),
        sa.UniqueConstraint("email", name=op.f("uq_zoom_user_email")),
    )


def downgrade() -> None:
    op.drop_table("zoom_user")
