"""The office in one picture: requests in and out by day, and where people were on the days of a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.dated import day_month
from staffhub.days import State
from staffhub.db import rows
from staffhub.models import StoredDay
from staffhub.security import Scope, Viewer
from staffhub.service_requests.flow import Flow, flow

# From the foot of a bar upwards. A day off is no place, and what is still open is no day of the past.
PLACES = (State.PRESENT, State.HOME, State.FIELD, State.LEAVE, State.ABSENT)


class Presence(NamedTuple):
    """How many people were where, in the order of PLACES."""

    day: date
    people: tuple[int, ...]


@dataclass(frozen=True)
class OfficePicture:
    """`flow`: every day of four weeks; `presence`: the days of the month that are over and on which people count."""

    first: date
    flow: Sequence[Flow]
    presence: Sequence[Presence]

    @property
    def totals(self) -> list[int]:
        return [sum(count) for count in zip(*(one.people for one in self.presence), strict=True)]


def office_picture(db: Session, me: Viewer, first: date, *, now: datetime) -> OfficePicture:
    """Count what happened in my scope; `first` begins the month of the presence. Three statements."""
    me.require("attendance")
    return OfficePicture(first, flow(db, me, now=now), _presence(db, me, first))


def _presence(db: Session, me: Viewer, first: date) -> list[Presence]:
    asked: dict[str, object] = {"office": me.office_id, "first": first, "last": clock.month_days(first)[-1]}
    if me.scope is not Scope.OFFICE:
        asked["division"] = me.division_id
    found = rows(db, _statement(me.scope), **asked)
    return [Presence(day, tuple(people)) for day, *people in found if any(people)]


@cache
def _statement(scope: Scope) -> Any:
    there = [func.count().filter(StoredDay.state == place.value) for place in PLACES]
    found = (
        select(StoredDay.date, *there)
        .where(StoredDay.office_id == bindparam("office"), StoredDay.counted)
        .where(StoredDay.date.between(bindparam("first"), bindparam("last")))
        .group_by(StoredDay.date)
        .order_by(StoredDay.date)
    )
    mine = StoredDay.division_id == bindparam("division", type_=BigInteger)
    return found if scope is Scope.OFFICE else found.where(mine)


class Piece(NamedTuple):
    """`y` and `height` are pixels from the top of the picture."""

    kind: str
    y: float
    height: float


class Column(NamedTuple):
    """`x` and `width` are percent of the picture; `label` stands below it, "" for none."""

    x: float
    width: float
    label: str
    pieces: list[Piece]


class Columns(NamedTuple):
    """A column for each day, around a line at `base`; `most` is what the longest bar stands for."""

    columns: list[Column]
    base: int
    height: int
    most: int


_TOP, _BAR = 24, 64  # pixels: the words above the bars, and the longest bar of the flow to each side of its line


def flow_columns(found: Sequence[Flow]) -> Columns:
    """Above the line what came in, below it what was closed: nobody must tell the two by their colours."""
    most = max((max(one.taken, one.closed) for one in found), default=0)
    base = _TOP + _BAR

    def pieces(one: Flow) -> list[Piece]:
        up, down = (round(_BAR * count / (most or 1), 1) for count in (one.taken, one.closed))
        return [piece for piece in (Piece("here", base - up, up), Piece("work", base + 1, down)) if piece.height]

    told = {one.day: pieces(one) for one in found}
    return Columns(_columns([one.day for one in found], told), base, base + _BAR + 1, most)


_KINDS = dict(zip(PLACES, ("here", "meet", "field", "work", "late"), strict=True))


def presence_columns(found: OfficePicture) -> Columns:
    """A bar for each day of the month that is over, one place upon the other."""
    most = max((sum(one.people) for one in found.presence), default=0)
    base = _TOP + 2 * _BAR
    told = {one.day: _stacked(one.people, 2 * _BAR / (most or 1), base) for one in found.presence}
    return Columns(_columns(clock.month_days(found.first), told), base, base + 1, most)


def _stacked(people: Sequence[int], scale: float, base: int) -> list[Piece]:
    pieces, below = [], 0
    for kind, count in zip(_KINDS.values(), people, strict=True):
        below += count
        if count:
            pieces.append(Piece(kind, round(base - below * scale, 1), round(count * scale, 1)))
    return pieces


def _columns(dates: Sequence[date], told: dict[date, list[Piece]]) -> list[Column]:
    """Put them side by side; each Monday is named, so that weeks are seen."""
    wide = 100 / len(dates)
    mondays = {day for day in dates if day.weekday() == 0 and day < dates[-1] - timedelta(days=1)}
    return [
        Column(round(n * wide, 2), round(wide * 0.8, 2), day_month(day) if day in mondays else "", told.get(day, []))
        for n, day in enumerate(dates)
    ]
