"""How long requests took: half of them at most so long, nine of ten at most so long, by service and by ISO week.

Only what is done is measured, in the week in which it was done. `ours` is working time that it lay with the office, as
for what is promised; `ready` all working time from taken in until it could be collected, where it ever could;
`whole` all of it from taken in to done, also while the applicant had to bring papers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from math import ceil
from operator import attrgetter
from typing import Any

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, people
from staffhub.db import UtcDateTime, rows
from staffhub.i18n import gettext as _
from staffhub.models import RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.security import Scope, Viewer
from staffhub.service_requests.owners import OFFICE
from staffhub.service_requests.promises import ready_at, spells
from staffhub.service_requests.words import Service, services
from staffhub.service_requests.working_time import WorkingTime, working_time

WEEKS = 8
FEWEST = 5  # of fewer than these nothing is said but how many they were


@dataclass(frozen=True)
class Cuts:
    """Working minutes that half of them took at most, and nine of ten."""

    half: int
    most: int


@dataclass(frozen=True)
class Line:
    """A week or a service. `ours`, `ready`, `whole`: None where there were fewer than FEWEST."""

    label: str
    count: int
    ours: Cuts | None
    ready: Cuts | None
    whole: Cuts | None


@dataclass(frozen=True)
class Times:
    """`weeks`: of the services that were asked for; `services`: each over all of the weeks, where any was done."""

    weeks: Sequence[Line]
    services: Sequence[Line]
    offered: Sequence[Service]


@dataclass(frozen=True)
class _Done:
    service: int
    week: date
    ours: int
    ready: int | None
    whole: int


def cuts(minutes: Iterable[int]) -> Cuts | None:
    """Return the values at half and at nine tenths (nearest rank), each one that was really measured."""
    found = sorted(minutes)
    if len(found) < FEWEST:
        return None
    return Cuts(*(found[ceil(part * len(found) / 10) - 1] for part in (5, 9)))


def _line(label: str, found: Sequence[_Done]) -> Line:
    ready = cuts(one.ready for one in found if one.ready is not None)
    return Line(label, len(found), cuts(one.ours for one in found), ready, cuts(one.whole for one in found))


@cache
def _steps(scope: Scope) -> Any:
    request, event = ServiceRequest, RequestEvent
    found = (
        select(event.request_id, request.service_type_id, request.closed_at, event.at, event.state)
        .join(request, request.id == event.request_id)
        .where(request.office_id == OFFICE, request.closed_at >= bindparam("since", type_=UtcDateTime()))
        .where(request.state == RequestState.DONE)
        .order_by(event.request_id, event.at, event.id)
    )
    if scope is Scope.OFFICE:
        return found
    theirs = ServiceType.division_id == bindparam("division", type_=BigInteger)
    return found.where(request.service_type_id.in_(select(ServiceType.id).where(theirs)))


def _weeks(me: Viewer, now: datetime) -> list[date]:
    """Return the Mondays of the weeks that are shown, this one last."""
    today = clock.local_day(now, me.zone)
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=n) for n in reversed(range(WEEKS))]


def _done(db: Session, me: Viewer, since: date) -> list[_Done]:
    working = working_time(db, me.office_id)
    asked: dict[str, object] = {"office": me.office_id, "since": clock.at_local(since, time.min, me.zone)}
    if me.scope is not Scope.OFFICE:
        asked["division"] = me.division_id
    found = rows(db, _steps(me.scope), **asked).all()
    return [_measured(me, working, list(steps)) for _id, steps in groupby(found, key=attrgetter("request_id"))]


def _measured(me: Viewer, working: WorkingTime, steps: list[Any]) -> _Done:
    closed = steps[-1].closed_at
    day = clock.local_day(closed, me.zone)
    course = [(one.at, one.state) for one in steps]
    held, since = spells(course, closed), ready_at(course)
    ours, whole = sum(working.minutes(*spell) for spell in held), working.minutes(steps[0].at, closed)
    ready = working.minutes(steps[0].at, since) if since else None
    return _Done(steps[-1].service_type_id, day - timedelta(days=day.weekday()), ours, ready, whole)


def week_label(monday: date, day: str) -> str:
    return _("Week %(n)s, from %(day)s", n=monday.isocalendar().week, day=day)


def times(db: Session, me: Viewer, wanted: str, *, now: datetime, say_day: Any) -> Times:
    """Measure what was done in the last weeks, in my scope; `wanted`: the code of one service. One statement."""
    me.require("requests.assign")
    weeks, kinds = _weeks(me, now), services(db, me.office_id)
    offered = [one for one in kinds.values() if me.sees_everyone or one.division_id == me.division_id]
    found = _done(db, me, weeks[0])
    shown = [one for one in found if not wanted or kinds[one.service].code == wanted]
    by_week, by_service = defaultdict[date, list[_Done]](list), defaultdict[int, list[_Done]](list)
    for one in shown:
        by_week[one.week].append(one)
    for one in found:
        by_service[one.service].append(one)
    return Times(
        [_line(week_label(week, say_day(week)), by_week[week]) for week in weeks],
        [_line(one.name, by_service[one.id]) for one in offered if by_service[one.id]],
        offered,
    )


def times_csv(db: Session, me: Viewer, *, now: datetime) -> bytes:
    """Return a row for each service and ISO week in which something was done; times in working minutes."""
    me.require("requests.assign")
    kinds, by = services(db, me.office_id), defaultdict[tuple[int, date], list[_Done]](list)
    for one in _done(db, me, _weeks(me, now)[0]):
        by[one.service, one.week].append(one)
    header = (
        _("Service"),
        _("ISO week"),
        _("Done"),
        _("At the office, half (minutes)"),
        _("At the office, 9 of 10 (minutes)"),
        _("Until ready to collect, half (minutes)"),
        _("Until ready to collect, 9 of 10 (minutes)"),
        _("In all, half (minutes)"),
        _("In all, 9 of 10 (minutes)"),
    )
    return people.csv_file(header, (_row(kinds[key[0]].name, key[1], by[key]) for key in sorted(by)))


def _row(name: str, monday: date, found: Sequence[_Done]) -> list[str]:
    year, week, _day = monday.isocalendar()
    line = _line(name, found)
    told = [
        str(value)
        for one in (line.ours, line.ready, line.whole)
        for value in ((one.half, one.most) if one else ("", ""))
    ]
    return [name, f"{year}-W{week:02}", str(line.count), *told]
