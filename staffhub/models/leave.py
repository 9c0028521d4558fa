"""Leave: what was asked, what was decided step by step, who may decide, and what was left over from other years."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned
from staffhub.models.roster import DayPart


class LeaveState(StrEnum):
    ASKED = "asked"
    AGREED = "agreed"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class LeaveAct(StrEnum):
    """What somebody did with a leave; the state is where the last of these led."""

    ASKED = "asked"
    PAPER = "paper"
    AGREED = "agreed"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SHORTENED = "shortened"
    LETTER_SEEN = "letter_seen"
    STAND_IN = "stand_in"


class LeaveRequest(Base, Versioned):
    """A leave as it was asked for, or as a letter on paper says it; `state`, `until` and the grant follow its steps.

    Of sickness only this is kept: who saw the letter, when, and whether a doctor signed it. Never a diagnosis.
    """

    __tablename__ = "leave_request"
    __table_args__ = (
        UniqueConstraint("office_id", "idempotency_key"),
        Index(None, "office_id", "state"),
        Index(None, "office_id", "officer_id", "first"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    # A kind of the rule book (`workdays.LeaveKind`), or "permission".
    kind: Mapped[str] = mapped_column(String(32))
    first: Mapped[date]
    last: Mapped[date]
    # The last day as it holds now: earlier than `last` once it was shortened.
    until: Mapped[date]
    half_day: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Which half; None of a half day that was asked for before anybody asked which.
    part: Mapped[DayPart | None]
    note: Mapped[str] = mapped_column(String(200), default="")
    # The letter it rests on, when it came on paper.
    document: Mapped[str] = mapped_column(String(80), default="")
    letter_seen_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    letter_seen_on: Mapped[date | None]
    doctor_signed: Mapped[bool | None]
    state: Mapped[LeaveState]
    # Who is offered the open requests first while it lasts.
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"), index=True)
    # The range of the plan that it became.
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("plan_grant.id"), index=True)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class LeaveStep(Base):
    """One thing that was done with a leave, by whom and when; the whole course stays."""

    __tablename__ = "leave_step"
    __table_args__ = (Index(None, "request_id"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("leave_request.id"))
    act: Mapped[LeaveAct]
    # The reason of who declines, the number of the letter of who grants on paper, the name of a new stand-in.
    note: Mapped[str] = mapped_column(String(200), default="")
    # The new last day of what was shortened.
    last: Mapped[date | None]
    # In whose place it was decided: of a superior who was away or has left.
    instead_of: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


class LeaveDelegate(Base):
    """Who grants leave in the name of the appointing official, from a day to a day, and by which letter."""

    __tablename__ = "leave_delegate"
    __table_args__ = (UniqueConstraint("office_id", "idempotency_key"), Index(None, "office_id", "valid_from"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    document: Mapped[str] = mapped_column(String(80))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class LeaveOpening(Base):
    """What an officer brings into a year from the years before, as HR's books say it; of several the newest holds."""

    __tablename__ = "leave_opening"
    __table_args__ = (UniqueConstraint("office_id", "idempotency_key"), Index(None, "office_id", "officer_id"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    kind: Mapped[str] = mapped_column(String(32))
    year: Mapped[int]
    # Half days, so that no fraction is stored.
    half_days: Mapped[int]
    note: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))
