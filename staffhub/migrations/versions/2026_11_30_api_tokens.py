"""api tokens: keys of programs, what they were answered, and which of them took a step of a request."""

import sqlalchemy as sa
from alembic import op

revision = "api_tokens"
down_revision = "codes_for_citizens"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("tail", sa.String(length=4), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("created_by", _BIG, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=True),
        sa.Column("revoked_by", _BIG, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_api_token_created_by")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_api_token_office_id")),
        sa.ForeignKeyConstraint(["revoked_by"], ["account.id"], name=op.f("fk_api_token_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
        sa.UniqueConstraint("office_id", "name", name=op.f("uq_api_token_office_id_name")),
    )
    op.create_table(
        "api_answer",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("token_id", _BIG, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("asked", sa.String(length=64), nullable=False),
        sa.Column("status", _BIG, nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name=op.f("fk_api_answer_token_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_answer")),
        sa.UniqueConstraint("token_id", "key", name=op.f("uq_api_answer_token_id_key")),
    )
    op.create_index(op.f("ix_api_answer_at"), "api_answer", ["at"])
    _add_key()


def _add_key() -> None:
    """SQLite takes the key only in one statement with its column; elsewhere that would leave it without our name."""
    if op.get_bind().dialect.name == "sqlite":
        column = sa.Column("token_id", _BIG, sa.ForeignKey("api_token.id"), nullable=True)
        op.add_column("request_event", column, inline_references=True)
        return
    op.add_column("request_event", sa.Column("token_id", _BIG, nullable=True))
    op.create_foreign_key(op.f("fk_request_event_token_id"), "request_event", "api_token", ["token_id"], ["id"])


def downgrade() -> None:
    # The steps stay; which program took one is then in the audit trail alone.
    op.drop_column("request_event", "token_id")
    op.drop_table("api_answer")
    op.drop_table("api_token")
