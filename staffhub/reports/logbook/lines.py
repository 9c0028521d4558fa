"""The entries of a log over some days, with what each of them is linked to and how far its day has come."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal

from sqlalchemy import Date, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import (
    LOCKED,
    DailyReport,
    LogEntry,
    LogState,
    Meeting,
    Officer,
    ReportStep,
    ServiceRequest,
    ServiceType,
)
from staffhub.reports.logbook.whose import Period, Subject
from staffhub.security import Viewer

DAY = 24 * 60  # minutes
State = Literal["draft", "sent", "returned", "verified"]
# A day that was taken back is being written again.
_STATES: dict[LogState, State] = {
    LogState.SUBMITTED: "sent",
    LogState.RETURNED: "returned",
    LogState.VERIFIED: "verified",
}


@dataclass(frozen=True)
class Line:
    """An entry; the times are the office's wall clock. `service` and `topic`: what it is linked to, None: nothing.

    `request`: the one that it tells of, None: none, or several of the service.
    `link`: the address of its evidence, or "".

    From `submitted_at` on it tells of its day, None: nobody ever sent it. `remark` is that of the last step.
    """

    date: date
    text: str
    starts: time
    ends: time
    quantity: int | None
    unit: str
    request: str | None
    service: str | None
    topic: str | None
    link: str
    submitted_at: datetime | None
    late: bool | None
    step: LogState | None
    verified_at: datetime | None
    verifier: str | None
    remark: str | None

    @property
    def minutes(self) -> int:
        """An end before the start is on the next day."""
        return (self.ends.hour * 60 + self.ends.minute - self.starts.hour * 60 - self.starts.minute) % DAY

    @property
    def past_midnight(self) -> bool:
        return self.ends < self.starts

    @property
    def state(self) -> State:
        return _STATES.get(self.step, "draft") if self.step else "draft"


# What was taken in wrongly may be put right after the line was written, so the request itself says its service.
SERVICE_OF_LINE = func.coalesce(ServiceRequest.service_type_id, LogEntry.service_type_id)
_LINES: Select[*tuple[Any, ...]] = (
    select(
        LogEntry.date,
        LogEntry.text,
        LogEntry.starts,
        LogEntry.ends,
        LogEntry.quantity,
        LogEntry.unit,
        ServiceRequest.number,
        ServiceType.name,
        Meeting.topic,
        LogEntry.link,
        DailyReport.submitted_at,
        DailyReport.late,
        DailyReport.state,
        DailyReport.verified_at,
        Officer.name.label("verifier"),
        ReportStep.note,
    )
    .outerjoin(ServiceRequest, ServiceRequest.id == LogEntry.service_request_id)
    .outerjoin(ServiceType, ServiceType.id == SERVICE_OF_LINE)
    .outerjoin(Meeting, Meeting.id == LogEntry.meeting_id)
    .outerjoin(
        DailyReport,
        and_(
            DailyReport.office_id == LogEntry.office_id,
            DailyReport.officer_id == LogEntry.officer_id,
            DailyReport.date == LogEntry.date,
        ),
    )
    .outerjoin(Officer, Officer.id == DailyReport.verified_by)
    .outerjoin(ReportStep, and_(ReportStep.report_id == DailyReport.id, ReportStep.turn == DailyReport.version))
    .where(
        LogEntry.office_id == bindparam("office"),
        LogEntry.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
    )
    .order_by(LogEntry.date, LogEntry.starts, LogEntry.ends, LogEntry.id)
)
_OF_ONE = _LINES.where(LogEntry.officer_id == bindparam("officer"))
_SENT = _LINES.add_columns(LogEntry.officer_id).where(
    LogEntry.officer_id.in_(bindparam("officers", expanding=True)), DailyReport.state.in_(LOCKED)
)


def lines(db: Session, me: Viewer, who: Subject, period: Period) -> list[Line]:
    """Return the entries of the days that I may read, in their order."""
    asked = {"office": me.office_id, "officer": who.id, "first": period.first, "last": period.last}
    return [line for row in rows(db, _OF_ONE, **asked) if who.holds((line := Line(*row)).date)]


def sent_lines(db: Session, me: Viewer, people: Sequence[Subject], period: Period) -> dict[int, list[Line]]:
    """Return by officer the entries of the days that were sent and not given back; who sent none is not in it."""
    by_id, found = {who.id: who for who in people}, defaultdict[int, list[Line]](list)
    asked = {"office": me.office_id, "officers": list(by_id), "first": period.first, "last": period.last}
    for *row, officer_id in rows(db, _SENT, **asked):
        line = Line(*row)
        if by_id[officer_id].holds(line.date):
            found[officer_id].append(line)
    return dict(found)


def minutes_of(found: Iterable[Line]) -> int:
    """Add up the minutes of each line; where lines overlap, both count, as on the page of the day."""
    return sum(line.minutes for line in found)
