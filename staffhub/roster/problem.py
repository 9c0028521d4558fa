"""A month of the duty roster as a problem for the solver: read from the database, with what overrides what settled.

All of an office is read in a few statements, however many people; `build` is pure and takes the bidang, and the days,
that are asked about. What lies over the roster's layer (leave, duty, exemption, by hand) stays as it is, and so do the
cells that somebody locked and the days whose work has begun.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.db import rows
from staffhub.models import (
    LEADS,
    EmploymentType,
    PlanLayer,
    PlanMode,
    RosterCell,
    RosterPlan,
    RosterWish,
)
from staffhub.roster import coverage
from staffhub.roster.coverage import Cell, Demand, Serving
from staffhub.roster.entries import dates
from staffhub.roster.solving import problem as solving
from staffhub.workdays import Plan, PlanBook

_WHY: dict[str, solving.Why] = {
    PlanLayer.LEAVE: "leave",
    PlanLayer.DUTY: "duty",
    PlanLayer.EXEMPTION: "exemption",
    PlanLayer.HAND: "hand",
}
_PLACES: dict[PlanMode | None, solving.Place] = {
    PlanMode.OFFICE: "office",
    PlanMode.HOME: "home",
    PlanMode.FIELD: "field",
}
Types = tuple[EmploymentType, ...]
_MONDAY, _FRIDAY = 0, 4
_BACK = 29  # a Monday or Friday of work is looked for so many days back: holidays may lie between


class DraftCell(NamedTuple):
    mode: PlanMode
    desk: int | None
    locked: bool


@dataclass(frozen=True)
class Facts:
    """What a month rests on. `opens`: the first day that a roster still says, as long as this is looked at; `versions`:
    of the drafts, by bidang; `published`: bidang and months that are.

    `given`: places of appointments that are given already; `letters`: who is at home by a letter, from and to.
    """

    month: date
    opens: date
    desks: Mapping[int, office.Bidang]
    people: Sequence[Serving]
    book: PlanBook
    cells: Mapping[Cell, DraftCell]
    versions: Mapping[int, int]
    published: Collection[tuple[int, date]]
    given: Sequence[Demand]
    wishes: Mapping[Cell, PlanMode]
    letters: Collection[tuple[int, date, date]]

    @property
    def last(self) -> date:
        return clock.month_days(self.month)[-1]

    @property
    def first(self) -> date:
        """Return the first day that a roster may still change."""
        return max(self.month, self.opens)

    @cached_property
    def demands(self) -> list[Demand]:
        return coverage.asked(self.book.calendar, self.desks.values(), self.month, self.last)

    @cached_property
    def names(self) -> dict[Types, str]:
        """Return what each group of people is called; a group that is renamed within the month keeps its first name."""
        found: dict[Types, str] = {}
        for one in self.demands:
            found.setdefault(one.types, one.group)
        return found

    def group_of(self, division_id: int, employment: EmploymentType) -> Types:
        """Return with whom somebody shares turns: as the own bidang draws its groups, or else another one does."""
        theirs = {one.types for one in self.demands if one.division_id == division_id}
        ordered = sorted(self.names, key=lambda types: types not in theirs)
        return next((types for types in ordered if employment in types), (employment,))

    @cached_property
    def stands(self) -> PlanBook:
        """Return the plans as they are with the cells of the drafts."""
        return coverage.with_cells(self.book, self.cells)

    @cached_property
    def there(self) -> PlanBook:
        """Return the same as places are counted: without whom a letter keeps at home."""
        return coverage.with_letters(self.stands, self.letters, self.month, self.last)

    @cached_property
    def home(self) -> set[Cell]:
        return {
            (who, day) for who, start, end in self.letters for day in dates(max(start, self.month), min(end, self.last))
        }


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_OFFICE = bindparam("office", type_=BigInteger)
_PLANS = select(RosterPlan.division_id, RosterPlan.month, RosterPlan.version, RosterPlan.published).where(
    RosterPlan.office_id == _OFFICE, RosterPlan.month.between(_FIRST, _LAST)
)
_CELLS = select(RosterCell.officer_id, RosterCell.date, RosterCell.mode, RosterCell.desk_id, RosterCell.locked).where(
    RosterCell.office_id == _OFFICE, RosterCell.date.between(_FIRST, _LAST)
)
_WISHES = select(RosterWish.officer_id, RosterWish.date, RosterWish.mode).where(
    RosterWish.office_id == _OFFICE, RosterWish.date.between(_FIRST, _LAST)
)


def load(db: Session, office_id: int, month: date, *, opens: date) -> Facts:
    """Read what the roster of a month rests on; turns are carried over from the two months before."""
    month = month.replace(day=1)
    last = clock.month_days(month)[-1]
    quarter = clock.month_before(clock.month_before(month))
    asked: dict[str, Any] = {"office": office_id, "first": month, "last": last}
    plans = rows(db, _PLANS, **asked | {"first": quarter}).all()
    return Facts(
        month=month,
        opens=opens,
        desks=office.divisions(db, office_id),
        people=coverage.serving(db, office_id, quarter, last),
        book=workdays.plans(db, office_id, quarter, last),
        cells={(who, day): DraftCell(mode, desk, locked) for who, day, mode, desk, locked in rows(db, _CELLS, **asked)},
        versions={division: version for division, of, version, _published in plans if of == month},
        published={(division, of) for division, of, _version, turn in plans if turn is not None},
        given=coverage.given(db, office_id, month, last),
        wishes={(who, day): mode for who, day, mode in rows(db, _WISHES, **asked)},
        letters=coverage.kept_home(db, office_id, month, last),
    )


@dataclass(frozen=True)
class Seat:
    """A person of the problem: an officer at one desk with one kind of work. Who moves within the month is two."""

    id: int
    officer_id: int
    name: str
    division_id: int
    group: Types
    employment: EmploymentType
    postings: tuple[Serving, ...]

    def serves(self, day: date) -> bool:
        return any(one.serves(day) for one in self.postings)

    def leads(self, day: date) -> bool:
        return any(one.role in LEADS and one.serves(day) for one in self.postings)


@dataclass(frozen=True)
class Built:
    """A problem, and who its people are by their number in it."""

    problem: solving.Problem
    seats: Mapping[int, Seat]


def build(facts: Facts, desks: Collection[int], days: Collection[date] | None = None) -> Built:
    """Return the problem of these bidang, of all days to come or of `days` alone."""
    seats = _seats_of(facts, desks)
    wanted = [day for day in dates(facts.first, facts.last) if days is None or day in days]
    worked = [day for day in wanted if any(_works(facts, seat, day) for seat in seats)]
    carried = _carried(facts, seats)
    fixed, loans = _fixed(facts, seats, worked)
    settled = {(one.person, one.day) for one in fixed}
    free = [(seat, day) for seat in seats for day in worked if (seat.id, day) not in settled]
    problem = solving.Problem(
        people=tuple(
            solving.Person(
                seat.id,
                _named(seat.group),
                seat.division_id,
                carried=carried[seat.id],
                monday=_was_there(facts, seat, _MONDAY, worked),
                friday=_was_there(facts, seat, _FRIDAY, worked),
                # Two bidang may call the same group by two names, or two groups by one: people are told by their kind.
                also=frozenset(_named(types) for types in facts.names if seat.employment in types),
            )
            for seat in seats
        ),
        days=tuple(worked),
        demands=tuple(_demands(facts, desks, seats, set(worked))),
        shares=tuple(_shares(facts, desks, seats, worked)),
        fixed=tuple(fixed),
        wishes=tuple(
            solving.Wish(seat.id, day, _PLACES[facts.wishes[seat.officer_id, day]])
            for seat, day in free
            if facts.wishes.get((seat.officer_id, day)) in _PLACES
        ),
        published=tuple(
            solving.Published(seat.id, day, place)
            for seat, day in free
            if (place := _published(facts, seat.officer_id, day))
        ),
        weights=_weights(facts),
        lenders=frozenset(seat.id for seat in seats),
        loans=tuple(loans),
    )
    return Built(problem, {seat.id: seat for seat in seats})


def _seats_of(facts: Facts, desks: Collection[int]) -> list[Seat]:
    found: dict[tuple[int, int, EmploymentType], list[Serving]] = {}
    for person in facts.people:
        here = any(person.serves(day) for day in dates(facts.first, facts.last))
        if person.division_id in desks and person.division_id is not None and here:
            found.setdefault((person.officer_id, person.division_id, person.employment), []).append(person)
    seats: dict[int, Seat] = {}
    for (officer_id, division_id, employment), postings in found.items():
        number = officer_id
        while number in seats:  # a second kind of work in the month: a number that is no officer's
            number = -abs(number) * 8 - 1
        name, group = postings[0].name, facts.group_of(division_id, employment)
        seats[number] = Seat(number, officer_id, name, division_id, group, employment, tuple(postings))
    return list(seats.values())


def _named(types: Types) -> solving.Group:
    return "+".join(types)


def _works(facts: Facts, seat: Seat, day: date) -> bool:
    return seat.serves(day) and facts.book.usual(seat.officer_id, day).mode is not None


def _fixed(facts: Facts, seats: Sequence[Seat], days: Sequence[date]) -> tuple[list[solving.Fixed], list[solving.Loan]]:
    """Return the cells that stay as they are, and who stands at another desk than the own."""
    fixed, loans = [], []
    for seat in seats:
        for day in days:
            key = seat.officer_id, day
            cell, stands = facts.cells.get(key), facts.stands.of(*key)
            why = _why(facts, seat, day)
            lent = stands.desk if stands.desk != seat.division_id and (cell is None or cell.locked) else None
            if why:
                fixed.append(solving.Fixed(seat.id, day, why[0], why[1]))
            elif lent is not None and stands.mode is PlanMode.OFFICE:
                loans.append(solving.Loan(seat.id, day, lent))
            elif cell and cell.locked:
                fixed.append(solving.Fixed(seat.id, day, _PLACES[cell.mode], "locked"))
    return fixed, loans


def _why(facts: Facts, seat: Seat, day: date) -> tuple[solving.Place | None, solving.Why] | None:
    """Say where somebody is in any case and why, from the strongest reason down; None: the roster may say.

    Who is on leave for half of the day keeps no desk: the rule holds in both halves.
    """
    if not _works(facts, seat, day):
        return None, "free"
    plan = facts.book.of(seat.officer_id, day)
    if plan.half or plan.mode is PlanMode.LEAVE:
        return None, "leave"
    if why := _WHY.get(plan.source):
        return _PLACES.get(plan.mode), why
    return ("home", "health") if (seat.officer_id, day) in facts.home else None


def _published(facts: Facts, officer_id: int, day: date) -> solving.Place | None:
    plan = facts.book.of(officer_id, day)
    return _PLACES.get(plan.mode) if plan.source == PlanLayer.ROSTER else None


def _demands(
    facts: Facts, desks: Collection[int], seats: Sequence[Seat], days: Collection[date]
) -> Iterator[solving.Demand]:
    """Yield what must be, less what guests from other bidang keep already, and the places given to citizens."""
    for cover in coverage.counted([*facts.demands, *facts.given], _guests(facts, desks), facts.there):
        one = cover.demand
        if one.division_id in desks and one.day in days:
            most = None if one.maximum is None else max(cover.missing, one.maximum - cover.have)
            leads = frozenset(seat.id for seat in seats if one.for_citizens and seat.leads(one.day))
            group = None if one.for_citizens else _named(one.types)
            yield solving.Demand(one.division_id, one.day, group, cover.missing, most, one.group, leads)


def _guests(facts: Facts, desks: Collection[int]) -> list[Serving]:
    return [one for one in facts.people if one.division_id not in desks]


def _shares(
    facts: Facts, desks: Collection[int], seats: Sequence[Seat], days: Sequence[date]
) -> Iterator[solving.Share]:
    """Yield the flexible work of each bidang, and who stays as one of the highest levels."""
    for desk in sorted(desks) if days else ():
        here = [seat for seat in seats if seat.division_id == desk]
        for one in coverage.shares(facts.book.calendar, facts.desks[desk], facts.people, days[0], days[-1]):
            stay = frozenset(seat.id for seat in here if seat.officer_id in one.stay and seat.serves(one.day))
            if one.day in days:
                yield solving.Share(desk, one.day, one.least_office, one.most_home, stay, one.name)


def _weights(facts: Facts) -> solving.Weights:
    rule = facts.book.calendar.roster_weights(facts.first)
    return solving.Weights(**rule.model_dump()) if rule else solving.Weights()


def _was_there(facts: Facts, seat: Seat, weekday: int, days: Sequence[date]) -> bool:
    """Whether somebody was planned in the office on the last Monday, or Friday, of work before these days."""
    first = days[0] if days else facts.first
    back = (first - timedelta(days=n) for n in range(1, _BACK))
    works = facts.book.calendar.is_working_day
    day = next((day for day in back if day.weekday() == weekday and works(day)), None)
    if day is None or not seat.serves(day) or (seat.division_id, day.replace(day=1)) not in facts.published:
        return False
    return facts.book.of(seat.officer_id, day).mode is PlanMode.OFFICE


def _carried(facts: Facts, seats: Sequence[Seat]) -> dict[int, float]:
    """Return each person's turns so far above or below what the days at work would have made of them.

    Of the published months of the quarter, and of the days of this one that are over. Who was on leave owes nothing.
    """
    turns: dict[int, int] = defaultdict(int)
    worked: dict[int, int] = defaultdict(int)
    quarter = clock.month_before(clock.month_before(facts.month))
    before = [day for day in dates(quarter, facts.last) if day < facts.first]
    for seat in seats:
        for day in before:
            if (seat.division_id, day.replace(day=1)) in facts.published and seat.serves(day):
                plan = facts.book.of(seat.officer_id, day)
                is_theirs = _is_shared(plan)
                worked[seat.id] += is_theirs
                turns[seat.id] += is_theirs and plan.mode is PlanMode.OFFICE
    teams: dict[tuple[int, Types], list[int]] = defaultdict(list)
    for seat in seats:
        teams[seat.division_id, seat.group].append(seat.id)
    found: dict[int, float] = {}
    for team in teams.values():
        all_turns, all_worked = sum(turns[one] for one in team), sum(worked[one] for one in team)
        for one in team:
            fair = all_turns * worked[one] / all_worked if all_worked else 0.0
            found[one] = round(turns[one] - fair, 2)
    return found


def _is_shared(plan: Plan) -> bool:
    """Whether that day is one of the turns: the roster could say where it was worked, or somebody was called in."""
    by_hand = plan.source == PlanLayer.HAND and plan.mode is PlanMode.OFFICE
    return plan.is_work and plan.half is None and (by_hand or plan.source not in _WHY)
