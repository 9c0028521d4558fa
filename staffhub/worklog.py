"""The day's log: entries until the day is submitted, then none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.models import LogEntry, ServiceRequest


@dataclass(frozen=True)
class Entry:
    """One line of a day; the times are the office's wall clock."""

    id: int
    officer_id: int
    date: date
    text: str
    starts: time
    ends: time
    quantity: int | None
    unit: str
    request_id: int | None
    request_number: str | None
    version: int

    @property
    def minutes(self) -> int:
        return _minute_of(self.ends) - _minute_of(self.starts)


def _minute_of(clock: time) -> int:
    return clock.hour * 60 + clock.minute


_ENTRIES = (
    select(
        LogEntry.id,
        LogEntry.officer_id,
        LogEntry.date,
        LogEntry.text,
        LogEntry.starts,
        LogEntry.ends,
        LogEntry.quantity,
        LogEntry.unit,
        LogEntry.service_request_id,
        ServiceRequest.number,
        LogEntry.version,
    )
    .outerjoin(ServiceRequest, ServiceRequest.id == LogEntry.service_request_id)
    .order_by(LogEntry.starts, LogEntry.id)
)


def entries_of(db: Session, officer_id: int, day: date) -> list[Entry]:
    rows = db.execute(_ENTRIES.where(LogEntry.officer_id == officer_id, LogEntry.date == day))
    return [Entry(*row) for row in rows]


def minutes_of(entries: Iterable[Entry]) -> int:
    """Add up the minutes of each line; where lines overlap, both count."""
    return sum(entry.minutes for entry in entries)
