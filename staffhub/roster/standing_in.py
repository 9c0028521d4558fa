"""Who could stand in for whom on a day, and in words why not. What it says holds the coverage as it was.

A turn goes to somebody of the same groups of the coverage rule, whole day for whole day, so a bidang has as many of
each group as before, for its citizens and for an order of flexible work too; who must stay by that keeps the turn. Why
somebody works at home (a letter, a hand) is told nobody: the words are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.i18n import gettext as _
from staffhub.models import LEADS, EmploymentType, PlanMode, Role
from staffhub.roster import coverage
from staffhub.roster.coverage import OF_THE_ROSTER, Serving
from staffhub.security import Viewer


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


def why_no_turn(plan: workdays.Plan, stays: str) -> str:
    """Say why a day in the office cannot go to another, by its plan; `stays`: the rule by which somebody is there."""
    if plan.mode is not PlanMode.OFFICE:
        return _("is not planned in the office then")
    if plan.half:
        return _("has leave for half of that day")
    if plan.source not in OF_THE_ROSTER:
        return _("this day was arranged by hand or by a letter, and is changed there")
    return _("must be in the office then (%(rule)s)", rule=stays) if stays else ""


@dataclass(frozen=True)
class Room:
    """A bidang over some days: its people, their plans, who is kept at home by a letter, and who in the office by which
    rule; pure.
    """

    division: office.Bidang
    people: Mapping[int, Sequence[Serving]]
    book: workdays.PlanBook
    kept_home: frozenset[tuple[int, date, date]]
    stay: Mapping[tuple[int, date], str]
    today: date
    local: datetime

    @cached_property
    def _first_open(self) -> date:
        return self.book.calendar.first_open(self.local)

    def seat(self, officer_id: int, day: date) -> Serving | None:
        return next((seat for seat in self.people.get(officer_id, ()) if seat.serves(day)), None)

    def name(self, officer_id: int) -> str:
        return next((seat.name for seat in self.people.get(officer_id, ())), "")

    def has_begun(self, day: date) -> bool:
        """Whether the work of a day has begun, by the office's usual hours."""
        return day < self._first_open

    def cannot_give(self, officer_id: int, day: date) -> str:
        """Say why somebody has no turn on that day that another could take; "" where one can."""
        if self.has_begun(day):
            return _("this day has begun or is over")
        if self.seat(officer_id, day) is None:
            return _("no longer serves in this division then")
        return why_no_turn(self.book.of(officer_id, day), self.stay.get((officer_id, day), ""))

    def cannot_take(self, officer_id: int, giver_id: int, day: date) -> str:
        """Say why somebody cannot take the turn of another on that day; "" where it holds."""
        seat, giver = self.seat(officer_id, day), self.seat(giver_id, day)
        if seat is None or giver is None:
            return _("no longer serves in this division then")
        if (seat.role in LEADS) is not (giver.role in LEADS):
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

    def groups(self, seat: Serving, day: date) -> tuple[str, ...]:
        """Return the groups of the coverage rule that somebody counts for; where no rule says, ASN or not."""
        named = self.book.calendar.coverage(day, self.division).groups
        if not named:
            return ("",) if seat.employment is EmploymentType.THL else ()
        return tuple(group.name for group in named if seat.employment in group.types)


def room(db: Session, me: Viewer, division_id: int, first: date, last: date, *, now: datetime) -> Room:
    """Load a bidang over some days, in four statements."""
    found = coverage.at_desk(db, me.office_id, division_id, first, last)
    people: dict[int, list[Serving]] = {}
    for one in found:
        if one.division_id == division_id and one.role is not Role.OFFICE_HEAD:
            people.setdefault(one.officer_id, []).append(one)
    division = office.divisions(db, me.office_id)[division_id]
    book = workdays.plans(db, me.office_id, first, last, officers=list(people))
    shares = coverage.shares(book.calendar, division, found, first, last)
    return Room(
        division=division,
        people=people,
        book=book,
        kept_home=coverage.kept_home(db, me.office_id, first, last),
        stay={(who, share.day): coverage.label(share.name) for share in shares for who in share.stay},
        today=clock.local_day(now, me.zone),
        local=now.astimezone(me.zone),
    )
