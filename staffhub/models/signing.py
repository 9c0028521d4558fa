"""A month that is closed and signed: what was done about it, and what it said then. All of it is append-only."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class SignStep(StrEnum):
    CLOSED = "closed"
    SENT_BACK = "sent_back"
    SIGNED = "signed"


class MonthSnapshot(Base):
    """What a month said when HR closed it: `number` 0 is the month, 1, 2, ... are the supplements to it.

    `hash` is sha256 over `head` and the lines in the order of officers, each followed by a line feed.
    """

    __tablename__ = "month_snapshot"
    __table_args__ = (Index(None, "office_id", "first"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    # The first day of the month.
    first: Mapped[date]
    number: Mapped[int]
    # Canonical JSON: office, month, number, the hash of what this follows, the divisions by id.
    head: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))
    officers: Mapped[int]
    at: Mapped[datetime]


class SnapshotLine(Base):
    """One officer's days in a snapshot, as canonical JSON (signing/lines.py); of a supplement only who changed.

    `digest` is of the stored days that the line was written from: as long as they give the same, nothing has changed.
    It is no part of what is signed. None: not known.
    """

    __tablename__ = "snapshot_line"
    __table_args__ = (UniqueConstraint("snapshot_id", "officer_id"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("month_snapshot.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str | None] = mapped_column(String(32))


class MonthStep(Base):
    """Closed by HR, sent back or signed by the head: `turn` is the place in the month's history, one for each."""

    __tablename__ = "month_step"
    __table_args__ = (
        # The guard against two at once: both want the same turn, the database lets one in.
        UniqueConstraint("office_id", "first", "turn"),
        UniqueConstraint("office_id", "idempotency_key"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    first: Mapped[date]
    turn: Mapped[int]
    kind: Mapped[SignStep]
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("month_snapshot.id"))
    note: Mapped[str] = mapped_column(String(500), default="")
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))
