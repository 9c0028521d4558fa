"""What the office promised for a service: so many working days, counted only while the request lies with the office."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.models import RequestEvent, RequestState, ServiceRequest
from staffhub.security import Viewer

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


def _mornings(db: Session, me: Viewer, first: date, now: datetime) -> list[datetime]:
    """Return when each working day began, from a date up to today."""
    today = clock.local_day(now, me.zone)
    book = workdays.calendar(db, me.office_id)
    days = (first + timedelta(days=n) for n in range((today - first).days + 1))
    return [clock.at_local(day, time.min, me.zone) for day in days if book.is_working_day(day)]


def promise_of(
    db: Session, me: Viewer, days: int | None, steps: Sequence[tuple[datetime, RequestState]], *, now: datetime
) -> Promise | None:
    """Weigh one request, its steps in order; None when the office has set nothing for the service."""
    if days is None:
        return None
    mornings = _mornings(db, me, clock.local_day(steps[0][0], me.zone), now)
    return Promise(days, used(steps, mornings, now=now), steps[-1][1] in IN_OUR_HANDS)


def late_ones(db: Session, me: Viewer, promised: dict[int, int], *, now: datetime) -> set[int]:
    """Return which requests of the office are past their promise; `promised`: working days by service.

    The steps are read of those that came in long enough ago to be late if every day counted.
    """
    request, event = ServiceRequest, RequestEvent
    today = clock.local_day(now, me.zone)
    before = {days: clock.at_local(today - timedelta(days=days), time.min, me.zone) for days in promised.values()}
    old = [
        and_(request.service_type_id == service, request.created_at < before[days])
        for service, days in promised.items()
    ]
    rows = db.execute(
        select(event.request_id, request.service_type_id, event.at, event.state)
        .join(request, request.id == event.request_id)
        .where(request.office_id == me.office_id, request.state.in_(IN_OUR_HANDS), or_(false(), *old))
        .order_by(event.request_id, event.at, event.id)
    ).all()
    if not rows:
        return set()
    mornings = _mornings(db, me, clock.local_day(min(row.at for row in rows), me.zone), now)
    return {
        request_id
        for (request_id, service), steps in groupby(rows, key=lambda row: (row.request_id, row.service_type_id))
        if used([(step.at, step.state) for step in steps], mornings, now=now) > promised[service]
    }
