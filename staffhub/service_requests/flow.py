"""How many requests came in and were closed, by day of the office; counted by the database, never row by row."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from staffhub import clock
from staffhub.db import UtcDateTime, rows
from staffhub.models import ServiceRequest, ServiceType
from staffhub.security import Scope, Viewer
from staffhub.service_requests.owners import OFFICE

DAYS = 28


class Flow(NamedTuple):
    """`closed`: handed over or cancelled on that day, whenever it had come in."""

    day: date
    taken: int
    closed: int


def _start(n: int) -> Any:
    """Stand for the moment at which the day number `n` begins."""
    return bindparam(f"t{n}", type_=UtcDateTime())


def _by_day(scope: Scope, at: InstrumentedAttribute[Any]) -> Select[*tuple[Any, ...]]:
    """Ask for a count of each day, all in one row."""
    counts = [func.count().filter(at >= _start(n), at < _start(n + 1)) for n in range(DAYS)]
    found = select(*counts).select_from(ServiceRequest)
    found = found.where(ServiceRequest.office_id == OFFICE, at >= _start(0), at < _start(DAYS))
    if scope is Scope.OFFICE:
        return found
    theirs = ServiceType.division_id == bindparam("division", type_=BigInteger)
    return found.where(ServiceRequest.service_type_id.in_(select(ServiceType.id).where(theirs)))


@cache
def _taken(scope: Scope) -> Select[*tuple[Any, ...]]:
    # A number begins with the month in which it was given: by it the database finds what is recent.
    return _by_day(scope, ServiceRequest.created_at).where(ServiceRequest.number >= bindparam("number"))


@cache
def _closed(scope: Scope) -> Select[*tuple[Any, ...]]:
    return _by_day(scope, ServiceRequest.closed_at)


def flow(db: Session, me: Viewer, *, now: datetime) -> Sequence[Flow]:
    """Return the last four weeks in my scope, today the last of them. Two statements."""
    today = clock.local_day(now, me.zone)
    shown = [today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]
    starts = [clock.at_local(day, time.min, me.zone) for day in (*shown, today + timedelta(days=1))]
    asked: dict[str, object] = {"office": me.office_id} | {f"t{n}": at for n, at in enumerate(starts)}
    if me.scope is not Scope.OFFICE:
        asked["division"] = me.division_id
    taken = rows(db, _taken(me.scope), **asked, number=f"PM-{shown[0]:%y%m}").one()
    closed = rows(db, _closed(me.scope), **asked).one()
    return [Flow(*told) for told in zip(shown, taken, closed, strict=True)]
