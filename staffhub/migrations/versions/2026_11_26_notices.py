"""notices: what people are told, on a list of their own and by e-mail; and the kinds of which somebody wants no e-mail."""

import sqlalchemy as sa
from alembic import op

revision = "notices"
down_revision = "month_signing"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHEN = sa.DateTime(timezone=True)
_UNREAD = sa.text("read_at IS NULL")


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


ENDS = _enum(
    "mailend", "sent", "unclear", "refused", "read", "unwanted", "no_address", "not_set_up", "too_old"
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", BIG, nullable=True),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("read_at", WHEN, nullable=True),
        sa.Column("mail_end", ENDS, nullable=True),
        sa.Column("state", _enum("taskstate", "pending", "claimed", "done", "failed"), nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("lease_until", WHEN, nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("finished_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notice_account_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_notice_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_notice_account_id_key")),
    )
    op.create_index("ix_notice_unread", "notice", ["account_id"], postgresql_where=_UNREAD, sqlite_where=_UNREAD)
    op.create_index(op.f("ix_notice_account_id_id"), "notice", ["account_id", "id"])
    op.create_index(op.f("ix_notice_subject_subject_id"), "notice", ["subject", "subject_id"])
    op.create_index(op.f("ix_notice_state_due_at"), "notice", ["state", "due_at"])
    op.add_column("account", sa.Column("no_mail_of", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "no_mail_of")
    op.drop_table("notice")
