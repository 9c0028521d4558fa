"""Presence counts from a date that HR sets; the turn of a mark in its day is called so."""

import re

import sqlalchemy as sa
from alembic import op

revision = "presence_counts_from"
down_revision = "board_changes"
branch_labels = None
depends_on = None

_UNIQUE = "uq_mark_office_id_officer_id_date_{}"


def upgrade() -> None:
    op.add_column("office", sa.Column("recorded_from", sa.Date(), nullable=True))
    # Until now everything since the first mark was counted: for the offices that are there it stays so.
    op.execute(
        "UPDATE office SET recorded_from = (SELECT min(mark.date) FROM mark WHERE mark.office_id = office.id)"
    )
    _rename("place", "turn")


def downgrade() -> None:
    _rename("turn", "place")
    op.drop_column("office", "recorded_from")


def _rename(old: str, new: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("mark", old, new_column_name=new)
        op.execute(f"ALTER TABLE mark RENAME CONSTRAINT {_UNIQUE.format(old)} TO {_UNIQUE.format(new)}")
        return
    # SQLite keeps names of constraints in the text of the table only: the table is written anew from that text, with its
    # checks, indexes and triggers. No other table points to it.
    run = op.get_bind().exec_driver_sql
    told = run("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'mark' AND sql IS NOT NULL ORDER BY type").all()
    texts = [(kind, re.sub(rf"(\b|_){old}\b", rf"\1{new}", text)) for kind, text in told]
    columns = [row[1] for row in run("PRAGMA table_info(mark)")]
    run("ALTER TABLE mark RENAME TO mark_before")
    run(next(text for kind, text in texts if kind == "table"))
    into = ", ".join(f'"{new if column == old else column}"' for column in columns)
    run(f"INSERT INTO mark ({into}) SELECT * FROM mark_before")
    run("DROP TABLE mark_before")
    for kind, text in texts:
        if kind != "table":
            run(text)
