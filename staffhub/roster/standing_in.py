"""Who could stand in for whom on a day, and in words why not. What it says holds the coverage as it was.

A turn goes to somebody of the same groups of the coverage rule, whole day for whole day, so a bidang has as many of
each group as before. Why somebody works at home (a letter, a hand) is told nobody: the words are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.db import rows
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    EmploymentType,
    HomeOnly,
    Officer,
    PlanLayer,
    PlanMode,
    Posting,
    Role,
    is_in_service,
    serves,
)
from staffhub.security import Viewer

# What the roster may say otherwise: its own layer, and the usual week below it.
OF_THE_ROSTER = frozenset({PlanLayer.ROSTER.value, "pattern"})
_LEADS = frozenset({Role.DIVISION_HEAD, Role.OFFICE_HEAD})


class Seat(NamedTuple):
    """Somebody who serves in the bidang from a day on, until a day or without end; twice where there was a gap."""

    officer_id: int
    name: str
    employment: EmploymentType
    role: Role
    since: date
    until: date | None
    active_from: date
    active_to: date | None
    has_account: bool

    def serves(self, day: date) -> bool:
        posted = self.since <= day and (self.until is None or day <= self.until)
        return posted and is_in_service(self.active_from, self.active_to, day)


def why_not_free(plan: workdays.Plan, *, stays_home: bool) -> str:
    """Say why somebody cannot come to the office on a day, by its plan; "" where she is at home and can.

    `stays_home`: by a letter.
    """
    if plan.half:
        return _("has leave for half of that day")
    said = {
        PlanMode.OFFICE: _("is in the office then anyway"),
        PlanMode.FIELD: _("is on field duty then"),
        PlanMode.LEAVE: _("is on leave then"),
        None: _("does not work then"),
    }
    if plan.mode in said:
        return said[plan.mode]
    if plan.source not in OF_THE_ROSTER or stays_home:
        return _("works from home then by arrangement")
    return ""


@dataclass(frozen=True)
class Room:
    """A bidang over some days: its people, their plans, and who is kept at home by a letter; pure."""

    division: office.Bidang
    people: Mapping[int, Sequence[Seat]]
    book: workdays.PlanBook
    kept_home: frozenset[tuple[int, date, date]]
    today: date
    local: datetime
    _begun: dict[date, bool] = field(default_factory=dict, compare=False, repr=False)

    def seat(self, officer_id: int, day: date) -> Seat | None:
        return next((seat for seat in self.people.get(officer_id, ()) if seat.serves(day)), None)

    def name(self, officer_id: int) -> str:
        return next((seat.name for seat in self.people.get(officer_id, ())), "")

    def has_begun(self, day: date) -> bool:
        """Whether the work of a day has begun, by the office's usual hours."""
        if day not in self._begun:
            hours = self.book.calendar.hours(day)
            at_work = hours is not None and self.local.time() >= hours.starts
            self._begun[day] = day < self.today or (day == self.today and at_work)
        return self._begun[day]

    def cannot_give(self, officer_id: int, day: date) -> str:
        """Say why somebody has no turn on that day that another could take; "" where one can."""
        if self.has_begun(day):
            return _("this day has begun or is over")
        if self.seat(officer_id, day) is None:
            return _("no longer serves in this division then")
        plan = self.book.of(officer_id, day)
        if plan.mode is not PlanMode.OFFICE:
            return _("is not planned in the office then")
        if plan.half:
            return _("has leave for half of that day")
        if plan.source not in OF_THE_ROSTER:
            return _("this day was arranged by hand or by a letter, and is changed there")
        return ""

    def cannot_take(self, officer_id: int, giver_id: int, day: date) -> str:
        """Say why somebody cannot take the turn of another on that day; "" where it holds."""
        seat, giver = self.seat(officer_id, day), self.seat(giver_id, day)
        if seat is None or giver is None:
            return _("no longer serves in this division then")
        if (seat.role in _LEADS) is not (giver.role in _LEADS):
            return _("leads, and has other turns")
        if self.groups(seat, day) != self.groups(giver, day):
            return _("is of another group")
        if not seat.has_account:
            return _("has no account to answer with")
        return self.cannot_come(officer_id, day)

    def cannot_come(self, officer_id: int, day: date) -> str:
        """Say why somebody cannot be on duty in the office on a day on which no turn was hers; "" where she can."""
        return why_not_free(self.book.of(officer_id, day), stays_home=self.stays_home(officer_id, day))

    def stays_home(self, officer_id: int, day: date) -> bool:
        return any(who == officer_id and first <= day <= last for who, first, last in self.kept_home)

    def groups(self, seat: Seat, day: date) -> tuple[str, ...]:
        """Return the groups of the coverage rule that somebody counts for; where no rule says, ASN or not."""
        named = self.book.calendar.coverage(day, self.division).groups
        if not named:
            return ("",) if seat.employment is EmploymentType.THL else ()
        return tuple(group.name for group in named if seat.employment in group.types)


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_SEATS = (
    select(
        Officer.id,
        Officer.name,
        Posting.employment_type,
        Posting.role,
        Posting.valid_from,
        Posting.valid_to,
        Officer.active_from,
        Officer.active_to,
        select(Account.id)
        .where(Account.officer_id == Officer.id, Account.disabled_at.is_(None))
        .exists()
        .label("has_account"),
    )
    .join(Posting, (Posting.officer_id == Officer.id) & (Posting.office_id == Officer.office_id))
    .where(Officer.office_id == bindparam("office"), Posting.division_id == bindparam("division", type_=BigInteger))
    .where(Posting.valid_from <= _LAST, Posting.valid_to.is_(None) | (Posting.valid_to >= _FIRST))
    .where(serves(_FIRST, _LAST))
    .order_by(Officer.name, Officer.id, Posting.valid_from)
)
_KEPT_HOME = select(HomeOnly.officer_id, HomeOnly.first, HomeOnly.last).where(
    HomeOnly.office_id == bindparam("office"), HomeOnly.last >= _FIRST, HomeOnly.first <= _LAST
)


def kept_home(db: Session, office_id: int, first: date, last: date) -> frozenset[tuple[int, date, date]]:
    """Return who is not put on duty in the office on some of these days, by a letter."""
    found = rows(db, _KEPT_HOME, office=office_id, first=first, last=last)
    return frozenset((who, start, end) for who, start, end in found)


def room(db: Session, me: Viewer, division_id: int, first: date, last: date, *, now: datetime) -> Room:
    """Load a bidang over some days, in four statements."""
    people: dict[int, list[Seat]] = {}
    for row in rows(db, _SEATS, office=me.office_id, division=division_id, first=first, last=last):
        people.setdefault(row[0], []).append(Seat._make(row))
    return Room(
        division=office.divisions(db, me.office_id)[division_id],
        people=people,
        book=workdays.plans(db, me.office_id, first, last, officers=list(people)),
        kept_home=kept_home(db, me.office_id, first, last),
        today=clock.local_day(now, me.zone),
        local=now.astimezone(me.zone),
    )
