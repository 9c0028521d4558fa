"""What was declared. Marks and corrections are append-only: a trigger in the database refuses to change them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class MarkKind(StrEnum):
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"


class WorkMode(StrEnum):
    OFFICE = "office"
    HOME = "home"
    FIELD = "field"


class Grade(StrEnum):
    """How well a mark is proven: A proven, B likely, C declared."""

    A = "a"
    B = "b"
    C = "c"


def receipt_code(receipt: str) -> str:
    """K74FQ29 as people read it aloud: K7-4FQ-29."""
    return f"{receipt[:2]}-{receipt[2:5]}-{receipt[5:]}"


class Mark(Base):
    __tablename__ = "mark"
    __table_args__ = (
        # The turn in the day is the guard against two taps at once: both want the same one, the database lets one in.
        UniqueConstraint("office_id", "officer_id", "date", "turn"),
        UniqueConstraint("office_id", "officer_id", "idempotency_key"),
        UniqueConstraint("office_id", "receipt"),
        Index(None, "office_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    # The day the spell of work began: a check-out after midnight stands with its check-in.
    date: Mapped[date]
    turn: Mapped[int]
    kind: Mapped[MarkKind]
    mode: Mapped[WorkMode | None]
    note: Mapped[str] = mapped_column(String(200), default="")
    attempted_at: Mapped[datetime]
    received_at: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(20), default="tap")
    grade: Mapped[Grade]
    receipt: Mapped[str] = mapped_column(String(12))
    idempotency_key: Mapped[str] = mapped_column(String(64))


class MarkNote(Base):
    """What is added to a mark afterwards, as the place of a field duty: a fact beside the mark; the newest counts."""

    __tablename__ = "mark_note"
    __table_args__ = (UniqueConstraint("office_id", "idempotency_key"), Index(None, "mark_id"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    mark_id: Mapped[int] = mapped_column(ForeignKey("mark.id"))
    note: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class Counted(StrEnum):
    """Which time of a late delivery its mark has; nothing: no mark was made of it, the person explains the day."""

    CLAIMED = "claimed"
    ARRIVAL = "arrival"
    NOTHING = "nothing"


class LateDelivery(Base):
    """What a tap claimed that waited on the phone for its network: a fact beside its mark, which has what counted.

    `steady_*` and `wall_*` are milliseconds by the phone's two clocks: the one that only runs on, and the one that
    shows the time and can be set by hand. `*_before`: from ticket to tap; `*_after`: from tap to delivery.
    """

    __tablename__ = "late_delivery"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "idempotency_key"),
        Index(None, "office_id", "officer_id", "date"),
        Index(None, "office_id", "arrived_at"),
        Index(None, "mark_id"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    mark_id: Mapped[int | None] = mapped_column(ForeignKey("mark.id"))
    # The day it speaks of: that of its mark, or that on which the phone says it was tapped.
    date: Mapped[date]
    kind: Mapped[MarkKind]
    mode: Mapped[WorkMode | None]
    ticket_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime]
    steady_before: Mapped[int | None] = mapped_column(BigInteger)
    wall_before: Mapped[int | None] = mapped_column(BigInteger)
    steady_after: Mapped[int | None] = mapped_column(BigInteger)
    wall_after: Mapped[int | None] = mapped_column(BigInteger)
    counted: Mapped[Counted]
    idempotency_key: Mapped[str] = mapped_column(String(64))


_ADDED = select(MarkNote.note).where(MarkNote.mark_id == Mark.id).order_by(MarkNote.id.desc()).limit(1)
# What stands beside a mark now, as a column called `note`.
NOTED = func.coalesce(_ADDED.correlate(Mark).scalar_subquery(), Mark.note).label("note")


class CorrectionKind(StrEnum):
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    MODE = "mode"
    LEAVE = "leave"
    ABSENT = "absent"


class CorrectionReason(StrEnum):
    """The default list of Permenkop 4/2024, annex II, and the letter that explains a leave or a sickness."""

    FORGOT = "forgot"
    NETWORK = "network"
    APPLICATION = "application"
    DUTY_OUTSIDE = "duty_outside"
    LATE = "late"
    LEFT_EARLY = "left_early"
    LEAVE_LETTER = "leave_letter"


class Correction(Base):
    """A new fact beside the old ones, in force from the moment HR adds it; the newest of a kind counts."""

    __tablename__ = "correction"
    __table_args__ = (
        UniqueConstraint("office_id", "idempotency_key"),
        Index(None, "office_id", "date"),
        Index(None, "officer_id", "date"),
        Index(None, "request_id"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    kind: Mapped[CorrectionKind]
    at: Mapped[datetime | None]
    mode: Mapped[WorkMode | None]
    reason: Mapped[CorrectionReason]
    note: Mapped[str] = mapped_column(String(500))
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))
    # What the person had asked for, where it was asked for.
    request_id: Mapped[int | None] = mapped_column(ForeignKey("correction_request.id"))
