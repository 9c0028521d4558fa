"""The log of a day beside its facts: marks, meetings joined, requests moved on, and what its lines make doubtful."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, days, workdays, worklog
from staffhub.ahead import read_together
from staffhub.days import DayRecord, MarkFact
from staffhub.db import UtcDateTime, rows
from staffhub.meetings import parts
from staffhub.meetings.parts import Part
from staffhub.models import RequestEvent, RequestState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.moved import MOVES_ON
from staffhub.worklog import Doubts, Entry, Report

_A_DAY = timedelta(days=1)


class Handled(NamedTuple):
    """A request that the officer moved on that day; `at` is local."""

    id: int
    number: str
    state: RequestState
    at: datetime


@dataclass(frozen=True)
class Day:
    """The log of somebody's day with all that it is held against."""

    report: Report
    entries: Sequence[Entry]
    doubts: Doubts
    record: DayRecord
    marks: Sequence[MarkFact]
    meetings: Sequence[Part]
    handled: Sequence[Handled]

    @property
    def closed(self) -> int:
        return len({one.id for one in self.handled if one.state is RequestState.DONE})

    @property
    def requests(self) -> int:
        return len({one.id for one in self.handled})


@dataclass(frozen=True)
class _Serving:
    id: int
    active_from: date
    active_to: date | None


def day_of(db: Session, me: Viewer, one: Report, *, now: datetime) -> Day:
    """Load the log of a day and its facts, in four statements."""
    today = clock.local_day(now, me.zone)
    asked = days.ask(db, me.office_id, one.officer_id, [one.day], today)
    read_together(db, *asked, parts.ask(me.office_id, one.officer_id, one.day, one.day))
    person = _Serving(one.officer_id, one.active_from, one.active_to)
    held = days.load(db, me.office_id, [person], [one.day], zone=me.zone, now=now)
    record = held.record(one.officer_id, one.day)
    meetings = parts.of_officer(db, me.office_id, one.officer_id, one.day, one.day, now=now)
    entries = worklog.lines_of(db, me.office_id, one.officer_id, one.day)
    there = worklog.presences(db, me, [one.officer_id], [one.day], book=held.book, now=now)
    return Day(
        report=one,
        entries=entries,
        doubts=worklog.doubts_of(entries, there.get((one.officer_id, one.day)), target_of(record.plan)),
        record=record,
        marks=[mark._replace(at=mark.at.astimezone(me.zone)) for mark in record.marks],
        meetings=meetings,
        handled=_handled(db, me, one),
    )


def target_of(plan: workdays.Plan) -> int | None:
    """Return the minutes of the planned hours, None: nothing is expected."""
    return plan.hours.minutes if plan.hours and plan.is_work else None


_HANDLED = (
    select(ServiceRequest.id, ServiceRequest.number, RequestEvent.state, RequestEvent.at)
    .join(ServiceRequest, ServiceRequest.id == RequestEvent.request_id)
    .where(RequestEvent.office_id == bindparam("office", type_=BigInteger))
    .where(RequestEvent.officer_id == bindparam("officer", type_=BigInteger))
    .where(
        RequestEvent.at >= bindparam("since", type_=UtcDateTime),
        RequestEvent.at < bindparam("until", type_=UtcDateTime),
        MOVES_ON,
    )
    .order_by(RequestEvent.at, RequestEvent.id)
)


def _handled(db: Session, me: Viewer, one: Report) -> list[Handled]:
    asked = {
        "office": me.office_id,
        "officer": one.officer_id,
        "since": clock.at_local(one.day, time(), me.zone),
        "until": clock.at_local(one.day + _A_DAY, time(), me.zone),
    }
    found = rows(db, _HANDLED, **asked)
    return [Handled(id_, number, state, at.astimezone(me.zone)) for id_, number, state, at in found]


class Line(NamedTuple):
    """A log of a list, with what its lines make doubtful."""

    report: Report
    lines: int
    doubts: Doubts


def lines_of(db: Session, me: Viewer, reports: Sequence[Report], *, now: datetime) -> list[Line]:
    """Hold many logs against the marks and the planned hours of their days, in as few statements as one."""
    if not reports:
        return []
    officers, dates = {one.officer_id for one in reports}, [one.day for one in reports]
    entries: Mapping[tuple[int, date], Sequence[Entry]] = worklog.entries_sent(
        db, me.office_id, [one.id for one in reports]
    )
    book = workdays.plans(db, me.office_id, min(dates), max(dates), officers=sorted(officers))
    there = worklog.presences(db, me, officers, dates, book=book, now=now)
    found = []
    for one in reports:
        key = one.officer_id, one.day
        own = entries.get(key, ())
        found.append(Line(one, len(own), worklog.doubts_of(own, there.get(key), target_of(book.of(*key)))))
    return found
