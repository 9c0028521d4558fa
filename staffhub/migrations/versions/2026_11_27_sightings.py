"""sightings: who was seen in a meeting, and what follows from it."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard

revision = "sightings"
down_revision = "settled_requests"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def _kind(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _of(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    there = {"said_by": "account"}
    return [
        sa.ForeignKeyConstraint([one], [f"{there.get(one, one[:-3])}.id"], name=op.f(f"fk_{table}_{one}"))
        for one in columns
    ]


def upgrade() -> None:
    op.create_table(
        "zoom_sighting",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("seen", _kind("seen", "joined", "left", "stayed", "ended"), nullable=False),
        sa.Column("zoom_user", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("until", AT, nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("received_at", AT, nullable=False),
        *_of("zoom_sighting", "meeting_id", "office_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zoom_sighting")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_zoom_sighting_fingerprint")),
    )
    op.create_index(op.f("ix_zoom_sighting_meeting_id_at"), "zoom_sighting", ["meeting_id", "at"])
    guard("zoom_sighting")
    op.create_table(
        "attendance",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("person", sa.String(length=270), nullable=False),
        sa.Column("officer_id", BIG, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sign", _kind("sign", "told", "email", "click", "name", "none"), nullable=False),
        sa.Column("joined_at", AT, nullable=False),
        sa.Column("left_at", AT, nullable=False),
        sa.Column("seconds", BIG, nullable=False),
        *_of("attendance", "meeting_id", "office_id", "officer_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        sa.UniqueConstraint("meeting_id", "date", "person", name=op.f("uq_attendance_meeting_id_date_person")),
    )
    for column in ("office_id", "officer_id"):
        op.create_index(op.f(f"ix_attendance_{column}_date"), "attendance", [column, "date"])
    op.create_table(
        "zoom_person",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("identity", sa.String(length=270), nullable=False),
        sa.Column("officer_id", BIG, nullable=True),
        sa.Column("said_by", BIG, nullable=False),
        sa.Column("said_at", AT, nullable=False),
        *_of("zoom_person", "office_id", "officer_id", "said_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zoom_person")),
        sa.UniqueConstraint("office_id", "identity", name=op.f("uq_zoom_person_office_id_identity")),
    )
    op.create_table(
        "attendance_look",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("sightings", BIG, nullable=False),
        sa.Column("asked", BIG, nullable=False),
        sa.Column("trouble", sa.String(length=20), nullable=False),
        *_of("attendance_look", "meeting_id", "office_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_look")),
        sa.UniqueConstraint("meeting_id", "date", name=op.f("uq_attendance_look_meeting_id_date")),
    )
    op.create_index(op.f("ix_meeting_zoom_id"), "meeting", ["zoom_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_meeting_zoom_id"), "meeting")
    for table in ("attendance_look", "zoom_person", "attendance", "zoom_sighting"):
        op.drop_table(table)
