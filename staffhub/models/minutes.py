"""What a meeting came to: decisions, and who does what by when."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
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
