"""The day's log (LKH) and whether it was submitted."""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
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
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class DailyReport(Base):
    """The day as it was submitted to the superior; its row locks the entries of that day."""

    __tablename__ = "daily_report"
    __table_args__ = (UniqueConstraint("office_id", "officer_id", "date"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    minutes: Mapped[int]
    submitted_at: Mapped[datetime]
