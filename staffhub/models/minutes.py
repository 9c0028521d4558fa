"""What a meeting came to: decisions, who does what by when, and what was said in writing."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Versioned


class ItemKind(StrEnum):
    DECISION = "decision"
    ACTION = "action"


class ItemEnd(StrEnum):
    DONE = "done"
    # Written by mistake, or no longer wanted: it stays, struck through.
    DROPPED = "dropped"


_OPEN = text("end_kind IS NULL AND owner_id IS NOT NULL")


class MeetingItem(Base, Versioned):
    """A decision, or an action of its owner. An action is open until it is done or dropped, whatever its date."""

    __tablename__ = "meeting_item"
    __table_args__ = (
        UniqueConstraint("created_by", "office_id", "idempotency_key"),
        Index(None, "meeting_id", "date"),
        # What stands open: a few rows, however many years of meetings.
        Index("ix_meeting_item_open", "office_id", "owner_id", postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    kind: Mapped[ItemKind]
    text: Mapped[str] = mapped_column(String(500))
    # Actions only: who does it, and by when, if that was said.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    due: Mapped[date | None]
    # The date of the meeting on which it was said.
    date: Mapped[date]
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    end_kind: Mapped[ItemEnd | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]
    idempotency_key: Mapped[str] = mapped_column(String(64))


_STILL = text("blocked <> '' AND unblocked_at IS NULL")


class StandupNote(Base, Versioned):
    """A standup in writing, of somebody who cannot join: it counts as having been there.

    `done` and `doing` have a line for each thing, of the working day before and of this one; `blocked` stands before
    the head until somebody closes it.
    """

    __tablename__ = "standup_note"
    __table_args__ = (
        UniqueConstraint("meeting_id", "officer_id", "date"),
        Index(None, "officer_id", "date"),
        Index(None, "meeting_id", "date"),
        Index("ix_standup_note_blocked", "office_id", "date", postgresql_where=_STILL, sqlite_where=_STILL),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    done: Mapped[str] = mapped_column(Text, default="")
    doing: Mapped[str] = mapped_column(Text)
    blocked: Mapped[str] = mapped_column(String(500), default="")
    unblocked_at: Mapped[datetime | None]
    unblocked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime]
    date: Mapped[date]
