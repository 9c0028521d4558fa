"""Stored days as a program reads them: times and minutes, and neither a note nor what somebody said of them."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, Integer, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import StoredDay
from staffhub.security import Viewer


@dataclass(frozen=True)
class Told:
    """A day; times are the office's, `worked`, `late` and `early` minutes. `open`: its night may still take its end."""

    officer_id: int
    date: date
    state: str
    code: str
    first: datetime | None
    last: datetime | None
    worked: int
    late: int
    early: int
    half: str | None
    corrected: bool
    counted: bool
    needs_person: bool
    open: bool


@dataclass(frozen=True)
class Wanted:
    """`after`: the day and the officer behind which a page begins."""

    first: date | None = None
    last: date | None = None
    officer_id: int | None = None
    after: tuple[date, int] | None = None


def _condition(name: str) -> ColumnElement[bool]:
    day, officer = StoredDay.date, StoredDay.officer_id
    after, behind = bindparam("after", type_=Date), bindparam("behind", type_=BigInteger)
    return {
        "first": day >= bindparam("first", type_=Date),
        "last": day <= bindparam("last", type_=Date),
        "officer": officer == bindparam("officer", type_=BigInteger),
        # Said twice, so that an index begins where the page does.
        "after": and_(day >= after, or_(day > after, officer > behind)),
    }[name]


@cache
def _page(names: frozenset[str]) -> Select[*tuple[Any, ...]]:
    day = StoredDay
    columns = select(
        day.officer_id, day.date, day.state, day.code, day.first, day.last, day.worked, day.late, day.early, day.half,
        day.corrected, day.counted, day.needs_person, day.open_until,
    )  # fmt: skip
    found = columns.where(day.office_id == bindparam("office"), *(_condition(name) for name in sorted(names)))
    return found.order_by(day.date, day.officer_id).limit(bindparam("most", type_=Integer))


def page(db: Session, me: Viewer, wanted: Wanted, *, most: int) -> list[Told]:
    """Return the oldest days first, at most so many."""
    asked: dict[str, object] = {"first": wanted.first, "last": wanted.last, "officer": wanted.officer_id}
    asked = {name: value for name, value in asked.items() if value is not None}
    names = set(asked)
    if wanted.after:
        names.add("after")
        asked["after"], asked["behind"] = wanted.after
    found = rows(db, _page(frozenset(names)), office=me.office_id, most=most, **asked)
    return [_told(row, me) for row in found]


def _told(row: Any, me: Viewer) -> Told:
    officer_id, day, state, code, first, last, *more, open_until = row
    here = [at and at.astimezone(me.zone) for at in (first, last)]
    return Told(*(officer_id, day, state, code, *here, *more, open_until is not None))
