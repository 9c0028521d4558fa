"""Who keeps the desks of a bidang on the days of a month, as planned or as a draft would have it.

Somebody who is lent to another bidang counts there and not in the own one. The rule holds in both halves of a day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, Date, bindparam, select, union_all
from sqlalchemy.orm import Session

from staffhub import office, workdays
from staffhub.db import rows
from staffhub.models import (
    DayPart,
    EmploymentType,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanLayer,
    PlanMode,
    Posting,
    RosterCell,
    RosterExcuse,
    posting_on,
)
from staffhub.roster.drafts import Cell, Key
from staffhub.roster.published import Held, held
from staffhub.roster.seats import Seat, seats_of
from staffhub.workdays import CoverGroup, Granted, PlanBook


class Cover(NamedTuple):
    """How many of a group are in the office of a bidang on a day, of how many. `excused`: fewer may be.

    `maximum`: so many at most; None: any number.
    """

    day: date
    group: str
    have: int
    minimum: int
    excused: bool = False
    maximum: int | None = None

    @property
    def is_over(self) -> bool:
        return self.maximum is not None and self.have > self.maximum

    @property
    def is_short(self) -> bool:
        return self.have < self.minimum and not self.excused


class Lent(NamedTuple):
    """Somebody of another bidang who keeps a desk of this one on a day."""

    officer_id: int
    name: str
    employment: EmploymentType
    day: date


@dataclass(frozen=True)
class Month:
    """The days of a bidang with everybody who stands there. `book` has the draft laid over, where one is looked at.

    `held`: what is published in the layer of the roster.
    """

    bidang: office.Bidang
    days: Sequence[date]
    seats: Sequence[Seat]
    lent: Sequence[Lent]
    held: Mapping[Key, Held]
    published: PlanBook
    book: PlanBook
    excused: frozenset[tuple[date, str]]

    def covers(self) -> dict[date, list[Cover]]:
        """Return by day what the rule asks for and who is there; a day on which it asks for nobody is left out."""
        here: dict[date, list[tuple[int, EmploymentType]]] = defaultdict(list)
        for seat in self.seats:
            for day in self.days:
                if seat.serves(day) and self.book.of(seat.officer_id, day).desk in {None, self.bidang.id}:
                    here[day].append((seat.officer_id, seat.employment))
        for one in self.lent:
            if self.book.of(one.officer_id, one.day).desk == self.bidang.id:
                here[one.day].append((one.officer_id, one.employment))
        found = {day: self._on(day, here[day]) for day in self.days}
        return {day: covers for day, covers in found.items() if covers}

    def _on(self, day: date, people: Iterable[tuple[int, EmploymentType]]) -> list[Cover]:
        there = list(people)
        plans = {who: self.book.of(who, day) for who, _kind in there}

        def have(types: Sequence[EmploymentType]) -> int:
            return min(sum(kind in types and plans[who].is_in_office(part) for who, kind in there) for part in DayPart)

        return [
            Cover(day, group.name, have(group.types), group.minimum, (day, group.name) in self.excused, group.maximum)
            for group in self._groups(day)
        ]

    def _groups(self, day: date) -> Sequence[CoverGroup]:
        return self.book.calendar.coverage(day, self.bidang).groups


def month_of(
    db: Session, office_id: int, division_id: int, days: Sequence[date], *, cells: Mapping[Key, Cell] | None = None
) -> Month:
    """Load the days of a bidang in six statements; with `cells` as the draft would have them."""
    seats = seats_of(db, office_id, division_id, days[0], days[-1])
    lent = _lent(db, office_id, division_id, days, drafted=cells is not None)
    people = sorted({seat.officer_id for seat in seats} | {one.officer_id for one in lent})
    stands = held(db, office_id, people, days[0], days[-1])
    book = workdays.plans(db, office_id, days[0], days[-1], officers=people)
    own = {seat.officer_id for seat in seats}
    drafted = book
    if cells is not None:
        come = {
            (one.officer_id, one.day): Cell(PlanMode.OFFICE, division_id) for one in lent if one.officer_id not in own
        }
        drafted = over(book, {**come, **cells})
    return Month(
        office.divisions(db, office_id)[division_id],
        days,
        seats,
        lent,
        stands,
        book,
        drafted,
        frozenset(_excuses(db, office_id, division_id, days)),
    )


def people_of(db: Session, office_id: int, division_id: int, days: Sequence[date]) -> set[int]:
    """Return who serves in a bidang on some of these days, or is lent to it."""
    serving = {seat.officer_id for seat in seats_of(db, office_id, division_id, days[0], days[-1])}
    return serving | {one.officer_id for one in _lent(db, office_id, division_id, days, drafted=False)}


def over(book: PlanBook, cells: Mapping[Key, Cell]) -> PlanBook:
    """Return the plan as it would be with these cells published."""
    entries = dict(book.entries)
    for key, cell in cells.items():
        above = [one for one in entries.get(key, ()) if one.layer is not PlanLayer.ROSTER]
        entries[key] = [Granted(PlanLayer.ROSTER, cell.mode, desk=cell.desk), *above]  # the lowest layer first
    return replace(book, entries=entries)


def broken(db: Session, office_id: int, division_id: int, days: Sequence[date]) -> list[Cover]:
    """Return where the plan as it stands is below a minimum that nobody excused, or above the most."""
    covers = month_of(db, office_id, division_id, days).covers()
    return [cover for day in days for cover in covers.get(day, ()) if cover.is_short or cover.is_over]


_OFFICE, _DESK = bindparam("office", type_=BigInteger), bindparam("desk", type_=BigInteger)
_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_WHO = (Officer.id, Officer.name, Posting.employment_type)
_PUBLISHED = (
    select(*_WHO, PlanEntry.date)
    .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
    .join(Officer, Officer.id == PlanEntry.officer_id)
    .join(Posting, posting_on(PlanEntry.date))
    .where(PlanEntry.office_id == _OFFICE, PlanGrant.desk_id == _DESK)
    .where(PlanEntry.date.between(_FIRST, _LAST), PlanGrant.mode == PlanMode.OFFICE)
)
_DRAFTED = union_all(
    _PUBLISHED,
    select(*_WHO, RosterCell.date)
    .join(Officer, Officer.id == RosterCell.officer_id)
    .join(Posting, posting_on(RosterCell.date))
    .where(RosterCell.office_id == _OFFICE, RosterCell.desk_id == _DESK, RosterCell.mode == PlanMode.OFFICE)
    .where(RosterCell.date.between(_FIRST, _LAST)),
)


def _lent(db: Session, office_id: int, division_id: int, days: Sequence[date], *, drafted: bool) -> list[Lent]:
    """Return who of others keeps a desk here, as published or also as drafts of those bidang have it."""
    asked = {"office": office_id, "desk": division_id, "first": days[0], "last": days[-1]}
    found = rows(db, _DRAFTED, **asked) if drafted else rows(db, _PUBLISHED, **asked)
    return sorted(
        {Lent(who, name, EmploymentType(kind), day) for who, name, kind, day in found}, key=lambda one: one[1:]
    )


_EXCUSES = select(RosterExcuse.date, RosterExcuse.group).where(
    RosterExcuse.office_id == bindparam("office"),
    RosterExcuse.division_id == bindparam("division"),
    RosterExcuse.date.between(_FIRST, _LAST),
)


def _excuses(db: Session, office_id: int, division_id: int, days: Sequence[date]) -> list[tuple[date, str]]:
    found = rows(db, _EXCUSES, office=office_id, division=division_id, first=days[0], last=days[-1])
    return [(day, group) for day, group in found]
