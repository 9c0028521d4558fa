"""What the office promised for a service: so many working days, counted only while the request lies with the office."""

from bisect import bisect_left
from calendar import isleap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.db import rows
from staffhub.models import RequestEvent, RequestState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.owners import IS_OPEN, OFFICE

# With the applicant (papers asked for, deferred, ready to collect) and once it is closed the clock stands still.
IN_OUR_HANDS = (RequestState.NEW, RequestState.CHECKING, RequestState.SIGNING)


@dataclass(frozen=True)
class Promise:
    """`used`: working days that began while the request lay with the office."""

    days: int
    used: int
    runs: bool

    @property
    def late(self) -> bool:
        return self.runs and self.used > self.days


def _spells(steps: Iterable[tuple[datetime, RequestState]], now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when to when a request lay with the office, from its steps in order."""
    since: datetime | None = None
    for at, state in steps:
        ours = state in IN_OUR_HANDS
        if since and not ours:
            yield since, at
        since = (since or at) if ours else None
    if since:
        yield since, now


def used(steps: Iterable[tuple[datetime, RequestState]], mornings: Sequence[datetime], *, now: datetime) -> int:
    """Count the working days that began in our hands; the day a request comes in, or comes back, is not counted."""
    return sum(bisect_left(mornings, until) - bisect_left(mornings, since) for since, until in _spells(steps, now))


@dataclass(frozen=True)
class _Mornings:
    """When each working day begins, as far as the calendar of the office is the same; a year is worked out once."""

    calendar: workdays.Calendar
    zone: ZoneInfo
    _years: dict[int, list[datetime]] = field(default_factory=dict)

    def since(self, first: datetime, now: datetime) -> list[datetime]:
        """Return them from a moment on, and some before it and after now: what is counted lies between two moments."""
        years = range(clock.local_day(first, self.zone).year, clock.local_day(now, self.zone).year + 1)
        return [morning for year in years for morning in self._of(year)]

    def _of(self, year: int) -> list[datetime]:
        if year not in self._years:
            days = (date(year, 1, 1) + timedelta(days=n) for n in range(365 + isleap(year)))
            worked = filter(self.calendar.is_working_day, days)
            self._years[year] = [clock.at_local(day, time.min, self.zone) for day in worked]
        return self._years[year]


def _load_mornings(db: Session, office_id: int) -> _Mornings:
    return _Mornings(workdays.calendar(db, office_id), office.facts(db, office_id).zone)


def _mornings(db: Session, me: Viewer, first: datetime, now: datetime) -> list[datetime]:
    return office.kept(db, me.office_id, _load_mornings).since(first, now)


def promise_of(
    db: Session, me: Viewer, days: int | None, steps: Sequence[tuple[datetime, RequestState]], *, now: datetime
) -> Promise | None:
    """Weigh one request, its steps in order; None when the office has set nothing for the service."""
    if days is None:
        return None
    mornings = _mornings(db, me, steps[0][0], now)
    return Promise(days, used(steps, mornings, now=now), steps[-1][1] in IN_OUR_HANDS)


@cache
def _steps(services: int) -> Select[*tuple[Any, ...]]:
    """Ask for the steps of what came in long enough ago, for each service, to be late if every day counted."""
    request, event = ServiceRequest, RequestEvent
    old = [
        and_(
            request.service_type_id == bindparam(f"service_{n}", type_=BigInteger),
            request.created_at < bindparam(f"before_{n}"),
        )
        for n in range(services)
    ]
    return (
        select(event.request_id, request.service_type_id, event.at, event.state)
        .join(request, request.id == event.request_id)
        .where(request.office_id == OFFICE, IS_OPEN, request.state.in_(IN_OUR_HANDS), or_(*old))
        .order_by(event.request_id, event.at, event.id)
    )


def late_ones(db: Session, me: Viewer, *, now: datetime) -> set[int]:
    """Return which open requests of the office are past what was promised for their service."""
    kinds = office.services(db, me.office_id).values()
    promised = {one.id: one.service_days for one in kinds if one.service_days is not None}
    if not promised:
        return set()
    today = clock.local_day(now, me.zone)
    asked: dict[str, object] = {"office": me.office_id}
    for n, (service, days) in enumerate(promised.items()):
        before = clock.at_local(today - timedelta(days=days), time.min, me.zone)
        asked |= {f"service_{n}": service, f"before_{n}": before}
    found = rows(db, _steps(len(promised)), **asked).all()
    if not found:
        return set()
    mornings = _mornings(db, me, min(row.at for row in found), now)
    return {
        request_id
        for (request_id, service), steps in groupby(found, key=itemgetter(0, 1))
        if used([(at, state) for _request, _service, at, state in steps], mornings, now=now) > promised[service]
    }
