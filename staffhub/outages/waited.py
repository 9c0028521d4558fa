"""Taps that waited on phones for their network and came together: several people were without it at once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from staffhub.db import UtcDateTime, rows
from staffhub.models import LateDelivery, WorkMode

# Arrivals that lie no further apart came together; who waited for less was hardly held up.
TOGETHER, _LEAST = timedelta(minutes=5), timedelta(minutes=2)
_PEOPLE = 3
_MINUTE = timedelta(minutes=1)

# On field duty a lack of signal is the place's own, and no disturbance of ours.
_DELIVERED: Any = (
    select(LateDelivery.officer_id, LateDelivery.claimed_at, LateDelivery.arrived_at)
    .where(LateDelivery.office_id == bindparam("office"))
    .where(LateDelivery.arrived_at > bindparam("since", type_=UtcDateTime))
    .where(LateDelivery.claimed_at.is_not(None), LateDelivery.claimed_at <= LateDelivery.arrived_at)
    .where(or_(LateDelivery.mode.is_(None), LateDelivery.mode != WorkMode.FIELD))
    .order_by(LateDelivery.arrived_at, LateDelivery.id)
)


class Waited(NamedTuple):
    """From the first tap that found no network to the first that came through, in whole minutes."""

    first: datetime
    last: datetime
    times: int
    officers: list[int]


class _Tap(NamedTuple):
    officer_id: int
    claimed: datetime
    arrived: datetime


def waited_together(db: Session, office_id: int, since: datetime) -> Iterator[Waited]:
    run: list[_Tap] = []
    for row in rows(db, _DELIVERED, office=office_id, since=since):
        tap = _Tap._make(row)
        if run and tap.arrived > run[-1].arrived + TOGETHER:
            yield from _of(run)
            run = []
        run.append(tap)
    if run:
        yield from _of(run)


def _of(run: list[_Tap]) -> Iterator[Waited]:
    back = run[0].arrived
    held = [tap for tap in run if tap.claimed + _LEAST <= back]
    people = sorted({tap.officer_id for tap in held})
    if len(people) >= _PEOPLE:
        first = min(tap.claimed for tap in held).replace(second=0, microsecond=0)
        yield Waited(first, back.replace(second=0, microsecond=0) + _MINUTE, len(held), people)
