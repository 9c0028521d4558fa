"""The month of a bidang on a page, in print and in a sheet: its officers, their days, who keeps cover."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.models import PLAN_LETTERS, EmploymentType, PlanMode
from staffhub.roster import coverage, covering
from staffhub.roster.coverage import OF_THE_ROSTER, Cover
from staffhub.roster.covering import Month
from staffhub.roster.drafts import Draft, Key
from staffhub.security import Viewer

# Somebody who keeps the desk of another bidang, or of this one from elsewhere.
LENT = "P"
# Rows that a page of a month has room for.
AT_ONCE = 45
LEAVE = PLAN_LETTERS[PlanMode.LEAVE]


class Square(NamedTuple):
    """A day of an officer. `was`: the letter that is published, where the draft has another one; `open`: the roster may
    say something else.
    """

    letter: str
    was: str = ""
    locked: bool = False
    open: bool = False
    mode: PlanMode | None = None


NOWHERE = Square("")


@dataclass(frozen=True)
class Row:
    """`turns`: days in the office. `lent`: somebody of another bidang."""

    officer_id: int
    name: str
    employment: EmploymentType
    squares: list[Square]
    turns: int
    lent: bool = False


class Line(NamedTuple):
    """How a group is covered day by day; None: nobody is asked for then. Of a month that is not over, the days from
    `since` on are counted: the others are past mending.
    """

    group: str
    covers: list[Cover | None]
    since: date

    @property
    def label(self) -> str:
        return coverage.label(self.group)

    @property
    def asked(self) -> int:
        return len(self._counted)

    @property
    def kept(self) -> int:
        return sum(not cover.is_short for cover in self._counted)

    @property
    def _counted(self) -> list[Cover]:
        return [cover for cover in self.covers if cover and cover.day >= self.since]


class Excused(NamedTuple):
    """A day on which a rule need not hold, and why."""

    day: date
    group: str
    reason: str

    @property
    def label(self) -> str:
        return coverage.label(self.group)


@dataclass(frozen=True)
class Grid:
    """`days`: those on which the office has hours. `changes`: squares that are not published as they are. `letters`:
    who is planned in the office although a letter says otherwise, and when.
    """

    division_id: int
    name: str
    short_name: str
    days: list[date]
    rows: list[Row]
    lines: list[Line]
    changes: int
    excused: list[Excused]
    letters: list[tuple[str, list[date]]]

    @property
    def short(self) -> list[Cover]:
        covers = [cover for line in self.lines for cover in line.covers if cover and cover.is_short]
        return sorted(covers, key=lambda cover: (cover.day, cover.group))

    @property
    def excusable(self) -> list[Cover]:
        """Return what somebody may excuse; what citizens were promised is none of it."""
        return [cover for cover in self.short if not cover.demand.for_citizens]

    @property
    def lends(self) -> bool:
        return any(square.letter == LENT for row in self.rows for square in row.squares)


def draft_grid(db: Session, me: Viewer, draft: Draft, *, since: date) -> Grid:
    """Return the month as the draft would have it from the first open day on, beside what is published."""
    draft = replace(draft, cells={key: cell for key, cell in draft.cells.items() if key[1] >= since})
    month = covering.month_of(db, me.office_id, draft.division_id, draft.days, cells=draft.cells)
    return _grid(month, draft, since)


def published_grid(db: Session, me: Viewer, draft: Draft, *, since: date) -> Grid:
    """Return the month as everybody sees it."""
    return _grid(covering.month_of(db, me.office_id, draft.division_id, draft.days), None, since)


def office_grids(db: Session, me: Viewer, month: date, *, today: date, every_row: bool = False) -> list[Grid]:
    """Return the month of each bidang as everybody sees it, in as few statements as that of one.

    An office with more people than a page has room for comes without their rows, unless `every_row` is asked for.
    """
    days = clock.month_days(month)
    span = days[0], days[-1]
    people = coverage.serving(db, me.office_id, *span)
    book = workdays.plans(db, me.office_id, *span)
    home = coverage.kept_home(db, me.office_id, *span)
    with_rows = every_row or len({one.officer_id for one in people}) <= AT_ONCE
    there = covering.months(db, me.office_id, days, people, book, home)
    return [_grid(one, None, today, with_rows=with_rows) for one in there]


def _grid(month: Month, draft: Draft | None, since: date, *, with_rows: bool = True) -> Grid:
    days = [day for day in month.days if month.book.calendar.hours(day) is not None]
    rows: dict[int, Row] = {}
    for seat in month.seats if with_rows else ():
        if seat.officer_id in rows:  # who came back within the month stands once
            continue
        stays = [seat] + [one for one in month.seats if one.officer_id == seat.officer_id and one is not seat]
        serving = {day for day in days if any(one.serves(day) for one in stays)}
        squares = [_square(month, draft, (seat.officer_id, day), since) if day in serving else NOWHERE for day in days]
        turns = sum(square.letter == PLAN_LETTERS[PlanMode.OFFICE] for square in squares)
        rows[seat.officer_id] = Row(seat.officer_id, seat.name, seat.employment, squares, turns)
    lent = [row for row in _lent(month, days) if row.officer_id not in rows] if with_rows else []
    covers = month.covers()
    groups = dict.fromkeys(cover.group for day in days for cover in covers.get(day, ()))
    counted = since if month.days[-1] >= since else month.days[0]
    lines = [
        Line(group, [next((one for one in covers.get(day, ()) if one.group == group), None) for day in days], counted)
        for group in groups
    ]
    changes = sum(bool(square.was) for row in rows.values() for square in row.squares)
    bidang = month.bidang
    every = month.book.calendar.excuses.items()
    excused = sorted(Excused(day, group, why) for (desk, day, group), why in every if desk == bidang.id and day in days)
    letters = month.against_letters(since)
    people = [*rows.values(), *lent]
    return Grid(bidang.id, bidang.name, bidang.short_name, days, people, lines, changes, excused, letters)


def _square(month: Month, draft: Draft | None, key: Key, since: date) -> Square:
    plan = month.book.of(*key)
    letter = _letter(plan, month.bidang.id)
    usual = month.book.usual(*key)
    cell = draft.cells.get(key) if draft else None
    was = _letter(month.published.of(*key), month.bidang.id) if cell else letter
    is_open = key[1] >= since and usual.mode is not None and plan.source in OF_THE_ROSTER
    return Square(letter, was if was != letter else "", bool(cell and cell.locked), is_open, plan.mode)


def _letter(plan: workdays.Plan, division_id: int) -> str:
    if plan.desk not in {None, division_id}:
        return LENT
    return (f"{LEAVE}½ " if plan.half else "") + PLAN_LETTERS[plan.mode]


def _lent(month: Month, days: Sequence[date]) -> list[Row]:
    """Return a row for each of another bidang who keeps a desk here."""
    rows = {}
    for one in month.lent:
        squares = [Square(LENT) if _comes(month, one.officer_id, day) else NOWHERE for day in days]
        if turns := sum(bool(square.letter) for square in squares):
            rows[one.officer_id] = Row(one.officer_id, one.name, one.employment, squares, turns, lent=True)
    return list(rows.values())


def _comes(month: Month, officer_id: int, day: date) -> bool:
    plan = month.book.of(officer_id, day)
    return plan.mode is PlanMode.OFFICE and plan.desk == month.bidang.id
