"""Who decides on what somebody asks: the direct superior of that day, the one above, or HR; and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Date, bindparam, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock, workdays
from staffhub.db import rows
from staffhub.models import Account, Officer, Posting, is_in_service
from staffhub.security import Viewer
from staffhub.workdays import Calendar
from staffhub.workdays.absence import days_away

# Without a deadline somebody is away for long who is on leave on all working days of so many: no rule rests on it.
_WEEK = timedelta(days=7)
_A_YEAR = timedelta(days=366)
_OFFICE, _OFFICER = bindparam("office", type_=BigInteger), bindparam("officer", type_=BigInteger)
_DAY = bindparam("day", type_=Date)


@dataclass(frozen=True)
class Superior:
    id: int
    name: str


@dataclass(frozen=True)
class Decider:
    """Who has a request first: `superior`, None: HR, because of `why`: "none", "left" or "away".

    `decide_by` is the last day for the superior; None where no rule says, or where HR has it.
    """

    superior: Superior | None
    decide_by: date | None
    why: str = ""


def deadline(calendar: Calendar, today: date) -> date | None:
    """Return the last day for a decision that is asked for today: so many working days of the office later."""
    left, day = calendar.decision_days(today), today
    if left is None:
        return None
    while left and day < today + _A_YEAR:
        day += timedelta(days=1)
        left -= calendar.is_working_day(day)
    return day


def decider_of(db: Session, me: Viewer, officer_id: int, day: date, *, now: datetime) -> Decider:
    """Say who decides on a day of this officer, in one statement.

    Whoever is there and able to: who has left, has no account or is away all the time until the deadline is passed by.
    """
    calendar, today = workdays.calendar(db, me.office_id), clock.local_day(now, me.zone)
    decide_by = deadline(calendar, today)
    until = decide_by or today + _WEEK
    working = [one for one in _dates(today, until) if calendar.is_working_day(one)]
    why = "none"
    for row in above(db, me, officer_id, day, working):
        why = _why_not(row, officer_id, today, working)
        if not why:
            return Decider(Superior(row.id, row.name), decide_by)
    return Decider(None, None, why)


def choices(db: Session, me: Viewer, officer_id: int, day: date, *, now: datetime) -> list[Superior]:
    """Return to whom a request may be passed on besides HR: whoever stands above the officer, the viewer left out."""
    today = clock.local_day(now, me.zone)
    found = above(db, me, officer_id, day, [])
    return [
        Superior(row.id, row.name)
        for row in found
        if row.id != me.officer_id and not _why_not(row, officer_id, today, [])
    ]


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _why_not(row: Any, officer_id: int, today: date, working: Sequence[date]) -> str:
    if row.id == officer_id:
        return "none"
    if not row.is_open or not is_in_service(row.active_from, row.active_to, today):
        return "left"
    return "away" if working and row.away >= len(working) else ""


def above(db: Session, me: Viewer, officer_id: int, day: date, working: Sequence[date]) -> Sequence[Any]:
    """Return the direct superior on a day and the one above, nearest first; `away`: on how many days."""
    asked = {"office": me.office_id, "officer": officer_id, "day": day, "working": list(working) or [date.min]}
    return rows(db, _above(), **asked).all()


@cache
def _above() -> Any:
    first, second = aliased(Posting), aliased(Posting)
    one = _level(1, first.superior_id).select_from(first).where(_held(first, _OFFICER))
    of_first = sa.and_(_held(first, _OFFICER), _held(second, first.superior_id))
    two = _level(2, second.superior_id).select_from(first).join(second, sa.true()).where(of_first)
    # The joins to the person stand last, since each level names another posting.
    joined = [_joined(part, column) for part, column in ((one, first.superior_id), (two, second.superior_id))]
    return sa.union_all(*joined).order_by("level")


def _held(posting: Any, officer: Any) -> Any:
    in_force = (posting.valid_from <= _DAY) & (posting.valid_to.is_(None) | (posting.valid_to >= _DAY))
    return (posting.office_id == _OFFICE) & (posting.officer_id == officer) & in_force


def _level(number: int, superior: Any) -> Any:
    away = days_away(superior, bindparam("working", expanding=True))
    is_open = sa.and_(Account.id.is_not(None), Account.disabled_at.is_(None))
    columns = (Officer.id, Officer.name, Officer.active_from, Officer.active_to)
    return select(sa.literal(number).label("level"), *columns, is_open.label("is_open"), away.label("away"))


def _joined(part: Any, superior: Any) -> Any:
    return part.join(Officer, Officer.id == superior).outerjoin(Account, Account.officer_id == Officer.id)
