"""One day with all its evidence: plan, marks, meetings, log and requests beside each other, and what follows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, corrections, workdays
from staffhub.corrections import Listed
from staffhub.days import CorrectionFact, DayRecord, Facts, MarkFact, is_counted, reconcile
from staffhub.db import UtcDateTime
from staffhub.models import (
    NOTED,
    Grade,
    JoinClick,
    LogEntry,
    Mark,
    MarkKind,
    Meeting,
    RequestEvent,
    ServiceRequest,
    WorkMode,
    receipt_code,
)
from staffhub.reports.recap import Staff
from staffhub.security import Viewer

_HOUR = 3600
_LIKELY, _PROVEN, _DECLARED = Grade.B, Grade.A, Grade.C


@dataclass(frozen=True)
class StoredMark:
    """A mark as it was stored; times are local."""

    turn: int
    kind: MarkKind
    mode: WorkMode | None
    note: str
    at: datetime
    received_at: datetime
    method: str
    grade: Grade
    receipt: str

    @property
    def code(self) -> str:
        return receipt_code(self.receipt)


@dataclass(frozen=True)
class Trace:
    """What a person did elsewhere in the house: `source` is meeting, log or request, `id` the row's.

    `text` is a topic, an entry or a request's number.
    """

    source: str
    id: int
    text: str
    starts: datetime
    ends: datetime | None
    detail: str
    grade: Grade

    @property
    def minutes(self) -> int:
        return int((self.ends - self.starts).total_seconds()) // 60 if self.ends else 0


@dataclass(frozen=True)
class Evidence:
    officer: Staff
    record: DayRecord
    marks: list[StoredMark]
    traces: list[Trace]
    corrections: list[Listed]
    is_future: bool

    def of(self, source: str) -> list[Trace]:
        return [trace for trace in self.traces if trace.source == source]

    @property
    def log_minutes(self) -> int:
        return sum(trace.minutes for trace in self.of("log"))

    @property
    def last_trace(self) -> datetime | None:
        """The last thing known of the day: what a missing check-out may be taken from."""
        moments = [trace.ends or trace.starts for trace in self.traces]
        moments += [mark.at for mark in self.marks]
        return max(moments, default=None)


def evidence(db: Session, me: Viewer, officer: Staff, day: date, *, now: datetime) -> Evidence:
    """Load the day in six statements."""
    book = workdays.plans(db, me.office_id, day, day, officers=[officer.id])
    marks = _marks(db, me, officer.id, day)
    traces = _traces(db, me, officer.id, day)
    listed, _total = corrections.listed(db, me, day, day, officer_id=officer.id)
    today = clock.local_day(now, me.zone)
    facts = Facts(
        day=day,
        now=now,
        zone=me.zone,
        plan=book.of(officer.id, day),
        marks=tuple(MarkFact(mark.turn, mark.kind, mark.mode, mark.at) for mark in marks),
        corrections=tuple(CorrectionFact(one.id, one.kind, one.at, one.mode, one.created_at) for one in listed),
        log_entries=sum(trace.source == "log" for trace in traces),
        counted=is_counted(officer, day, officer.recorded_from if day < today else day),
    )
    return Evidence(officer, reconcile(facts), marks, traces, listed, is_future=day > today)


def _marks(db: Session, me: Viewer, officer_id: int, day: date) -> list[StoredMark]:
    rows = db.execute(
        select(
            Mark.turn,
            Mark.kind,
            Mark.mode,
            NOTED,
            Mark.attempted_at,
            Mark.received_at,
            Mark.method,
            Mark.grade,
            Mark.receipt,
        )
        .where(Mark.office_id == me.office_id, Mark.officer_id == officer_id, Mark.date == day)
        .order_by(Mark.attempted_at, Mark.turn)
    )

    def stored(row: Any) -> StoredMark:
        at, received = row.attempted_at.astimezone(me.zone), row.received_at.astimezone(me.zone)
        return StoredMark(row.turn, row.kind, row.mode, row.note, at, received, row.method, row.grade, row.receipt)

    return [stored(row) for row in rows]


def _traces(db: Session, me: Viewer, officer_id: int, day: date) -> list[Trace]:
    """Meetings joined, log entries and requests handled, in one statement and in order of time."""
    no_time, no_moment = sa.cast(sa.null(), sa.Time), sa.cast(sa.null(), UtcDateTime())
    next_day = clock.at_local(date.fromordinal(day.toordinal() + 1), time(), me.zone)
    joins = (
        select(
            sa.literal("meeting").label("source"),
            Meeting.id.label("id"),
            Meeting.topic.label("text"),
            JoinClick.at.label("at"),
            no_time.label("starts"),
            no_time.label("ends"),
            sa.literal("").label("detail"),
            sa.literal(0).label("quantity"),
        )
        .join(Meeting, Meeting.id == JoinClick.meeting_id)
        .where(JoinClick.office_id == me.office_id, JoinClick.officer_id == officer_id, JoinClick.date == day)
    )
    log = select(
        sa.literal("log"),
        LogEntry.id,
        LogEntry.text,
        no_moment,
        LogEntry.starts,
        LogEntry.ends,
        LogEntry.unit,
        sa.func.coalesce(LogEntry.quantity, 0),
    ).where(LogEntry.office_id == me.office_id, LogEntry.officer_id == officer_id, LogEntry.date == day)
    handled = (
        select(
            sa.literal("request"),
            ServiceRequest.id,
            ServiceRequest.number,
            RequestEvent.at,
            no_time,
            no_time,
            sa.cast(RequestEvent.state, sa.String),
            sa.literal(0),
        )
        .join(ServiceRequest, ServiceRequest.id == RequestEvent.request_id)
        .where(RequestEvent.office_id == me.office_id, RequestEvent.officer_id == officer_id)
        .where(RequestEvent.at >= clock.at_local(day, time(), me.zone), RequestEvent.at < next_day)
    )
    rows = db.execute(sa.union_all(joins, log, handled))
    return sorted((_trace(row, me, day) for row in rows), key=lambda trace: (trace.starts, trace.source, trace.id))


def _trace(row: Any, me: Viewer, day: date) -> Trace:
    if row.source != "log":
        grade = _LIKELY if row.source == "meeting" else _PROVEN
        return Trace(row.source, row.id, row.text, row.at.astimezone(me.zone), None, row.detail, grade)
    starts, ends = (datetime.combine(day, at, tzinfo=me.zone) for at in (row.starts, row.ends))
    detail = f"{row.quantity} {row.detail}".strip() if row.quantity else ""
    return Trace(row.source, row.id, row.text, starts, ends, detail, _DECLARED)


@dataclass(frozen=True)
class Bar:
    """A piece of a lane, in percent of the drawn hours; `text` stands in or beside it."""

    x: float
    width: float
    text: str = ""


@dataclass(frozen=True)
class Lanes:
    """The day drawn on one axis from a full hour to a full hour."""

    hours: list[tuple[float, time]]
    plan: Bar | None
    here: Bar | None
    gap: Bar | None
    meetings: list[Bar]
    log: list[Bar]
    requests: list[Bar]


def lanes(found: Evidence, *, now: datetime) -> Lanes | None:
    """Return nothing to draw for a day without plan hours, marks or work."""
    record, zone = found.record, now.tzinfo
    planned = record.plan.hours if record.plan.is_work else None
    span = [datetime.combine(record.day, at, tzinfo=zone) for at in (planned.starts, planned.ends)] if planned else []
    end = record.last or (now if now.date() == record.day else found.last_trace)
    here = [record.first, max(end, record.first)] if record.first and end else []
    moments = [*span, *here, *_moments(found.traces)]
    if not moments:
        return None
    first = min(moments).replace(minute=0, second=0, microsecond=0)
    length = int((max(moments) - first).total_seconds()) // _HOUR + 1

    def at(moment: datetime) -> float:
        return round((moment - first).total_seconds() / (length * _HOUR) * 100, 1)

    def bar(start: datetime, stop: datetime, text: str = "") -> Bar:
        return Bar(at(start), round(at(stop) - at(start), 1), text)

    return Lanes(
        hours=[(round(n / length * 100, 1), time((first.hour + n) % 24)) for n in range(length + 1)],
        plan=bar(span[0], span[1]) if span else None,
        here=bar(here[0], here[1]) if here else None,
        gap=Bar(at(here[1]), round(100 - at(here[1]), 1))
        if here and record.last is None and record.needs_person
        else None,
        meetings=[bar(one.starts, one.starts, one.text) for one in found.of("meeting")],
        log=[bar(one.starts, one.ends or one.starts) for one in found.of("log")],
        requests=[bar(one.starts, one.starts) for one in found.of("request")],
    )


def _moments(traces: Iterable[Trace]) -> Iterable[datetime]:
    for trace in traces:
        yield trace.starts
        yield trace.ends or trace.starts
