"""The day's log (LKH), and what was done with it: submitted, taken back, returned, verified."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned


class LogEntry(Base, Versioned):
    __tablename__ = "log_entry"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "idempotency_key"),
        # An end before the start is on the next day.
        CheckConstraint("ends <> starts", name="takes_time"),
        Index(None, "office_id", "date"),
        Index(None, "officer_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    text: Mapped[str] = mapped_column(String(200))
    starts: Mapped[time]
    ends: Mapped[time]
    quantity: Mapped[int | None]
    unit: Mapped[str] = mapped_column(String(24), default="")
    service_request_id: Mapped[int | None] = mapped_column(ForeignKey("service_request.id"), index=True)
    # The service that it was done for: of that request, or of several at once.
    service_type_id: Mapped[int | None] = mapped_column(ForeignKey("service_type.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    # Evidence elsewhere: an address, http or https.
    link: Mapped[str] = mapped_column(String(300), default="", server_default=sql("''"))
    # What proposed it (worklog/proposing.py), so that it is not proposed again; "" when the officer wrote it.
    source: Mapped[str] = mapped_column(String(40), default="", server_default=sql("''"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class LogTemplate(Base):
    """Work that an officer does often, in the own words."""

    __tablename__ = "log_template"
    __table_args__ = (UniqueConstraint("office_id", "officer_id", "text"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(24), default="")
    minutes: Mapped[int]
    service_type_id: Mapped[int | None] = mapped_column(ForeignKey("service_type.id"), index=True)
    created_at: Mapped[datetime]


class LogDelegate(Base):
    """Who verifies logs in a superior's place, from a day to a day; None: in that of every superior who is away."""

    __tablename__ = "log_delegate"
    __table_args__ = (UniqueConstraint("office_id", "idempotency_key"), Index(None, "office_id", "superior_id"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class LogState(StrEnum):
    SUBMITTED = "submitted"
    TAKEN_BACK = "taken_back"
    RETURNED = "returned"
    VERIFIED = "verified"


# The entries of such a day are locked.
LOCKED = (LogState.SUBMITTED, LogState.VERIFIED)


class LogAct(StrEnum):
    """What somebody did with the log of a day; a reopened one is with its officer again, like a returned one."""

    SUBMITTED = "submitted"
    TAKEN_BACK = "taken_back"
    RETURNED = "returned"
    VERIFIED = "verified"
    REOPENED = "reopened"


class DailyReport(Base, Versioned):
    """The log of a day as it stands between its officer and the superior; `version` is the turn of its last step."""

    __tablename__ = "daily_report"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "date"),
        Index(None, "office_id", "state", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    minutes: Mapped[int]
    # The last time that it was sent.
    submitted_at: Mapped[datetime]
    # Not sent by midnight of its day; one that was returned keeps what was said the first time.
    late: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[LogState] = mapped_column(default=LogState.SUBMITTED, server_default=LogState.SUBMITTED.value)
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    verified_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class ReportStep(Base):
    """One thing that was done with the log of a day, in order of `turn`; the whole course stays."""

    __tablename__ = "report_step"
    __table_args__ = (
        # The guard against two who decide at once: both want the same turn, the database lets one in.
        UniqueConstraint("report_id", "turn"),
        UniqueConstraint("office_id", "idempotency_key"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    report_id: Mapped[int] = mapped_column(ForeignKey("daily_report.id"))
    turn: Mapped[int]
    act: Mapped[LogAct]
    # What the superior says to the officer.
    note: Mapped[str] = mapped_column(String(500), default="")
    minutes: Mapped[int]
    # In whose place: of a superior who was away or has left.
    instead_of: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    # None: sent before steps were kept, by an officer who has no account any more.
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))
