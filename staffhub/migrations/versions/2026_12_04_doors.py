"""doors: places whose screen shows codes, and what such a code proved of a mark."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard
from staffhub.migrations.office_version import watch

revision = "doors"
down_revision = "stand_ins"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def _key(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "place",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("made_by", BIG, nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("ended_by", BIG),
        sa.Column("ended_at", AT),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        _key("place", "office_id", "office"),
        _key("place", "made_by", "account"),
        _key("place", "ended_by", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("token", name=op.f("uq_place_token")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_place_office_id_idempotency_key")),
    )
    op.create_table(
        "mark_proof",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("mark_id", BIG, nullable=False),
        sa.Column("place_id", BIG, nullable=False),
        sa.Column("slot", BIG, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        _key("mark_proof", "office_id", "office"),
        _key("mark_proof", "officer_id", "officer"),
        _key("mark_proof", "mark_id", "mark"),
        _key("mark_proof", "place_id", "place"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark_proof")),
        sa.UniqueConstraint("mark_id", name=op.f("uq_mark_proof_mark_id")),
        sa.UniqueConstraint(
            "office_id", "officer_id", "place_id", "slot", name=op.f("uq_mark_proof_office_id_officer_id_place_id_slot")
        ),
    )
    op.create_index(op.f("ix_mark_proof_officer_id_date"), "mark_proof", ["officer_id", "date"])
    guard("mark_proof")
    watch()


def downgrade() -> None:
    op.drop_table("mark_proof")
    op.drop_table("place")
    watch()
