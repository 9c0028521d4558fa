"""Where an officer would like to work on a day to come: the roster tries, and promises nothing.

The last word of a day counts. Once the month is published a wish stays as it was: it says what was asked for.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Date, bindparam, delete, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.db import insert_unless_there, rows
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Officer, PlanMode, Posting, RosterPlan, RosterWish, posting_on
from staffhub.roster.grid import NOWHERE, Grid
from staffhub.security import Viewer

# What the roster chooses between; farther ahead nobody plans.
PLACES = (PlanMode.OFFICE, PlanMode.HOME)
_AHEAD = timedelta(days=120)


class Wish(NamedTuple):
    day: date
    mode: PlanMode
    note: str
    is_published: bool


_MINE = (
    select(RosterWish.date, RosterWish.mode, RosterWish.note)
    .where(RosterWish.office_id == bindparam("office"), RosterWish.officer_id == bindparam("officer"))
    .where(RosterWish.date >= bindparam("today", type_=Date))
    .order_by(RosterWish.date)
)
_PUBLISHED = (
    select(RosterPlan.month)
    .join(Posting, Posting.division_id == RosterPlan.division_id)
    .join(Officer, (Officer.id == Posting.officer_id) & posting_on(RosterPlan.month))
    .where(RosterPlan.office_id == bindparam("office"), Officer.id == bindparam("officer"))
    .where(RosterPlan.month >= bindparam("month", type_=Date), RosterPlan.published.is_not(None))
)


_WISHED = (
    select(RosterWish.officer_id, RosterWish.date, RosterWish.mode)
    .where(RosterWish.office_id == bindparam("office"))
    .where(RosterWish.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)))
    .order_by(RosterWish.date, RosterWish.officer_id)
)


def mine(db: Session, me: Viewer, *, today: date) -> list[Wish]:
    """Return my wishes of the days to come."""
    asked = {"office": me.office_id, "officer": _officer(me)}
    told = _published_months(db, me, today)
    return [
        Wish(day, mode, note, day.replace(day=1) in told) for day, mode, note in rows(db, _MINE, **asked, today=today)
    ]


class Unmet(NamedTuple):
    """A wish that a draft does not meet."""

    name: str
    day: date
    mode: PlanMode


def unmet(db: Session, me: Viewer, shown: Grid) -> list[Unmet]:
    """Return the wishes of the people of a draft that it does not meet where it may: also those noted since."""
    squares = {
        (row.officer_id, day): (row.name, square)
        for row in shown.rows
        for day, square in zip(shown.days, row.squares, strict=True)
        if square.open
    }
    days = [day for _who, day in squares]
    asked = {"office": me.office_id, "first": min(days), "last": max(days)} if days else {}
    found = []
    for who, day, mode in rows(db, _WISHED, **asked) if days else ():
        name, square = squares.get((who, day), ("", NOWHERE))
        if name and square.mode is not mode:
            found.append(Unmet(name, day, mode))
    return found


def _published_months(db: Session, me: Viewer, today: date) -> set[date]:
    asked = {"office": me.office_id, "officer": _officer(me), "month": today.replace(day=1)}
    return {row[0] for row in rows(db, _PUBLISHED, **asked)}


def _officer(me: Viewer) -> int:
    if me.officer_id is None:
        raise NotFound(_("This account is nobody's: it has no days of its own."))
    return me.officer_id


def wish(db: Session, me: Viewer, day: date, mode: PlanMode, *, note: str = "", now: datetime) -> None:
    """Say where I would like to work on a day; what I said of it before is replaced."""
    officer_id, today = _officer(me), clock.local_day(now, me.zone)
    if mode not in PLACES:
        raise Refused(_("Choose one of the list."), field="mode")
    if not today < day <= today + _AHEAD:
        raise Refused(_("A wish is for a day to come, at most four months ahead."), field="date")
    if workdays.plans(db, me.office_id, day, day, officers=[officer_id]).usual(officer_id, day).mode is None:
        raise Refused(_("Nobody works on that day."), field="date")
    _refuse_published(db, me, day, today)
    values = {"office_id": me.office_id, "officer_id": officer_id, "date": day}
    _drop(db, me, day)
    insert_unless_there(db, RosterWish, values | {"mode": mode, "note": note, "created_at": now})


def take_back(db: Session, me: Viewer, day: date, *, now: datetime) -> None:
    """Take a wish back; twice is once."""
    _refuse_published(db, me, day, clock.local_day(now, me.zone))
    _drop(db, me, day)


def _refuse_published(db: Session, me: Viewer, day: date, today: date) -> None:
    if day.replace(day=1) in _published_months(db, me, today):
        raise Refused(_("The roster of that month is published. Ask a colleague to swap instead."), field="date")


def _drop(db: Session, me: Viewer, day: date) -> None:
    mine = (RosterWish.office_id == me.office_id, RosterWish.officer_id == _officer(me), RosterWish.date == day)
    db.execute(delete(RosterWish).where(*mine))
