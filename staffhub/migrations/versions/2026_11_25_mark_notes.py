"""mark notes: what is added to a mark after the tap is a fact of its own."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations import append_only

revision = "mark_notes"
down_revision = "phones_in_one_form"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mark_note",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("mark_id", BIG, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["mark_id"], ["mark.id"], name=op.f("fk_mark_note_mark_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_mark_note_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark_note")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_mark_note_office_id_idempotency_key")),
    )
    op.create_index(op.f("ix_mark_note_mark_id"), "mark_note", ["mark_id"])
    append_only.guard("mark_note")


def downgrade() -> None:
    """On the way back a mark takes the newest of its notes; it has room for one."""
    newest = "SELECT note FROM mark_note WHERE mark_id = mark.id ORDER BY id DESC LIMIT 1"
    append_only.unguard("mark")
    op.execute(f"UPDATE mark SET note = ({newest}) WHERE EXISTS ({newest})")
    append_only.guard("mark")
    append_only.unguard("mark_note")
    op.drop_table("mark_note")
