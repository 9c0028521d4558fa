"""What is told before an order or an exemption is written: nothing of it is refused, all of it could be meant so."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import clock, days, office, workdays
from staffhub.db import digest
from staffhub.models import (
    DayPart,
    EmploymentType,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanLayer,
    Posting,
    is_in_service,
)
from staffhub.orders.people import Named
from staffhub.orders.wished import Wished, wished
from staffhub.roster.entries import dates
from staffhub.security import Viewer


class Held(NamedTuple):
    """Somebody whose plan says something else on some of these dates: leave lies over an order, a new order over it."""

    name: str
    layer: PlanLayer
    document: str
    first: date
    last: date


class Short(NamedTuple):
    """A span of working days on which a division would have fewer people of a group in the office than it must."""

    division: str
    group: str
    have: int
    need: int
    first: date
    last: date


@dataclass(frozen=True)
class Told:
    """`wished`: leave that is only asked for; `past`: how many of the dates are over.

    `signed`: months that are signed, by their first day.
    """

    held: tuple[Held, ...] = ()
    wished: tuple[Wished, ...] = ()
    short: tuple[Short, ...] = ()
    signed: tuple[date, ...] = ()
    past: int = 0

    def __bool__(self) -> bool:
        return bool(self.held or self.wished or self.short or self.signed or self.past)

    @property
    def digest(self) -> str:
        """What the button that answers it sends, so that nobody confirms what was not shown."""
        return digest(repr(self))[:32]


NOTHING = Told()


def told_of(
    db: Session, me: Viewer, people: Sequence[Named], first: date, last: date, *, leaves_office: bool, now: datetime
) -> Told:
    """Look at what these people's dates hold already; `leaves_office`: they would be missing there."""
    today = clock.local_day(now, me.zone)
    past = sum(day < today for day in dates(first, last))
    short = _short(db, me.office_id, people, first, last) if leaves_office else ()
    asked = wished(db, me.office_id, [one.id for one in people], first, last)
    signed = tuple(days.signed(db, me.office_id, first, last))
    return Told(_held(db, me.office_id, people, first, last), tuple(asked), short, signed, past)


def _held(db: Session, office_id: int, people: Sequence[Named], first: date, last: date) -> tuple[Held, ...]:
    entry, grant = PlanEntry, PlanGrant
    names = {one.id: one.name for one in people}
    found = db.execute(
        select(entry.officer_id, entry.layer, grant.document, func.min(entry.date), func.max(entry.date))
        .join(grant, grant.id == entry.grant_id)
        .where(entry.office_id == office_id, entry.date.between(first, last))
        .where(entry.layer.in_([PlanLayer.LEAVE, PlanLayer.DUTY]))
        .group_by(entry.officer_id, entry.layer, grant.document, grant.id)
        .order_by(func.min(entry.date), entry.officer_id, grant.id)
    )
    # The number of a leave letter says what kind of leave it is; that somebody is away is enough.
    return tuple(
        Held(names[officer], layer, document if layer is PlanLayer.DUTY else "", start, end)
        for officer, layer, document, start, end in found
        if officer in names
    )


class _Seat(NamedTuple):
    officer_id: int
    division_id: int
    employment_type: EmploymentType
    since: date
    until: date | None
    active_from: date
    active_to: date | None

    def is_filled(self, day: date) -> bool:
        posted = self.since <= day and (self.until is None or day <= self.until)
        return posted and is_in_service(self.active_from, self.active_to, day)


def _seats(db: Session, office_id: int, divisions: Collection[int], first: date, last: date) -> list[_Seat]:
    found = db.execute(
        select(
            Officer.id,
            Posting.division_id,
            Posting.employment_type,
            Posting.valid_from,
            Posting.valid_to,
            Officer.active_from,
            Officer.active_to,
        )
        .join(Posting, (Posting.officer_id == Officer.id) & (Posting.office_id == Officer.office_id))
        .where(Officer.office_id == office_id, Posting.division_id.in_(divisions))
        .where(Posting.valid_from <= last, Posting.valid_to.is_(None) | (Posting.valid_to >= first))
    )
    return [_Seat._make(row) for row in found]


def _short(db: Session, office_id: int, people: Sequence[Named], first: date, last: date) -> tuple[Short, ...]:
    """Say on which days, as planned, the duty minimum of a division would break or be broken more by these people."""
    known = office.divisions(db, office_id)
    touched = {one.division_id for one in people if one.division_id in known}
    seats = _seats(db, office_id, [one for one in touched if one], first, last) if touched else []
    book = workdays.plans(db, office_id, first, last, officers={seat.officer_id for seat in seats})
    going = {one.id for one in people}
    found: list[Short] = []
    for day in dates(first, last) if seats else ():
        here: dict[tuple[int, DayPart], list[_Seat]] = defaultdict(list)
        for seat in seats:
            plan = book.of(seat.officer_id, day)
            for part in DayPart:
                if seat.is_filled(day) and plan.is_in_office(part):
                    here[seat.division_id, part].append(seat)
        for division_id in sorted(one for one in touched if one):
            rule, name = book.calendar.coverage(day, known[division_id]), known[division_id].short_name
            halves = [one for part in DayPart for one in _below(rule, name, here[division_id, part], going, day)]
            # The half of the day with the fewest people is told.
            found += {one.group: one for one in sorted(halves, key=lambda one: -one.have)}.values()
    return _spans(found)


def _below(rule: Any, division: str, here: Sequence[_Seat], going: set[int], day: date) -> list[Short]:
    found = []
    for group in rule.groups:
        there = [seat for seat in here if seat.employment_type in group.types]
        stay = sum(seat.officer_id not in going for seat in there)
        if stay < group.minimum and stay < len(there):
            found.append(Short(division, group.name, stay, group.minimum, day, day))
    return found


def _spans(found: Sequence[Short]) -> tuple[Short, ...]:
    """Join the days that follow each other, but for a weekend, and say the same."""
    spans: list[Short] = []
    same = sorted(found, key=lambda one: (*one[:4], one.first))
    for _key, alike in groupby(same, key=lambda one: one[:4]):
        run: Short | None = None
        for one in alike:
            goes_on = run is not None and one.first - run.last <= timedelta(days=3)
            spans[-1:] = [run._replace(last=one.last)] if run and goes_on else [*spans[-1:], one]
            run = spans[-1]
    return tuple(sorted(spans, key=lambda one: (one.first, one.division, one.group)))
