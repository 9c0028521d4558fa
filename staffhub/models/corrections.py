"""What a person asks to have corrected, and who decided what: facts, both kept whatever came of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id
from staffhub.models.presence import CorrectionKind, CorrectionReason, WorkMode

# Beside a column called `date` the type has no name of its own.
DayOrNone = date | None


class CorrectionRequest(Base):
    """What somebody says of an own day, as it was sent. `until`: a check-out that goes with a check-in."""

    __tablename__ = "correction_request"
    __table_args__ = (
        UniqueConstraint("office_id", "idempotency_key"),
        Index(None, "office_id", "date"),
        Index(None, "officer_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    kind: Mapped[CorrectionKind]
    at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    mode: Mapped[WorkMode | None]
    reason: Mapped[CorrectionReason]
    note: Mapped[str] = mapped_column(String(500))
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class RequestStep(StrEnum):
    """`accepted` is the superior's word, `confirmed` that of HR, with which the correction is in force.

    `settled`: HR has corrected the same about the day by itself, as was asked or otherwise.
    """

    ASKED = "asked"
    PASSED_ON = "passed_on"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"


class CorrectionStep(Base):
    """What was done about a request, in order of `turn`, and who has it after that: `to_id`, None: HR, or nobody."""

    __tablename__ = "correction_step"
    __table_args__ = (
        # The guard against two who decide at once: both want the same turn, the database lets one in.
        UniqueConstraint("request_id", "turn"),
        UniqueConstraint("office_id", "idempotency_key"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("correction_request.id"))
    turn: Mapped[int]
    kind: Mapped[RequestStep]
    to_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    # The last day on which `to_id` decides; None: no rule says. After it HR has the request.
    decide_by: Mapped[date | None]
    note: Mapped[str] = mapped_column(String(500), default="")
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class WaitingRequest(Base):
    """A request that is not decided, and who has it: follows from its last step, and goes with the one that ends it.

    Kept as a row so that what waits for somebody is read at once, and so that nobody asks the same twice.
    """

    __tablename__ = "correction_waiting"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "date", "kind"),
        Index(None, "office_id", "holder_id"),
    )

    request_id: Mapped[int] = mapped_column(ForeignKey("correction_request.id"), primary_key=True, autoincrement=False)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    kind: Mapped[CorrectionKind]
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    decide_by: Mapped[DayOrNone]
    turn: Mapped[int]
