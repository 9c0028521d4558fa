"""log helps: what proposed a line, evidence elsewhere, and templates of frequent work."""

import sqlalchemy as sa
from alembic import op

revision = "log_helps"
down_revision = "appointments"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("log_entry", sa.Column("link", sa.String(300), nullable=False, server_default=""))
    op.add_column("log_entry", sa.Column("source", sa.String(40), nullable=False, server_default=""))
    op.create_table(
        "log_template",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("unit", sa.String(24), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_log_template_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_log_template_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_template")),
        sa.UniqueConstraint(
            "office_id", "officer_id", "text", name=op.f("uq_log_template_office_id_officer_id_text")
        ),
    )


def downgrade() -> None:
    op.drop_table("log_template")
    op.drop_column("log_entry", "source")
    op.drop_column("log_entry", "link")
