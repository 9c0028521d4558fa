"""exports: files that are made after the request and kept for a day."""

import sqlalchemy as sa
from alembic import op

revision = "exports"
down_revision = "correction_requests"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHEN = sa.DateTime(timezone=True)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "export_job",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("whole_office", sa.Boolean(), nullable=False),
        sa.Column("division_id", BIG, nullable=True),
        sa.Column("full_numbers", sa.Boolean(), nullable=False),
        sa.Column("progress", BIG, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("state", _enum("taskstate", "pending", "claimed", "done", "failed"), nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("lease_until", WHEN, nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("finished_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_export_job_account_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_export_job_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_job")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_export_job_account_id_key")),
    )
    op.create_index(op.f("ix_export_job_state_due_at"), "export_job", ["state", "due_at"])
    op.create_index(op.f("ix_export_job_expires_at"), "export_job", ["expires_at"])


def downgrade() -> None:
    op.drop_table("export_job")
