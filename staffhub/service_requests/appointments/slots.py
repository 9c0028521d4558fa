"""The slots of a bidang: a seat for each of its people who is planned in the office, cut into appointments.

Nothing of it is stored: leave that is granted, a holiday, somebody who leaves change the slots at once. What was given
stays given, and is shown where there is nobody any more to receive the citizen.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Date, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.db import rows
from staffhub.models import (
    LEADS,
    SLOT_STEP,
    Appointment,
    AppointmentState,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanMode,
    Posting,
)
from staffhub.office import Service
from staffhub.security import Viewer
from staffhub.workdays import Hours
from staffhub.workdays.absence import is_away

# How far ahead slots are given: later than that nobody's plan is known.
AHEAD_DAYS = 28
_GIVEN_UP = (AppointmentState.MOVED, AppointmentState.CANCELLED)

# From and to, in minutes since midnight of the office.
Span = tuple[int, int]


class Slot(NamedTuple):
    date: date
    starts: time
    minutes: int
    seat: int

    @property
    def ends(self) -> time:
        return _clock(minute(self.starts) + self.minutes)

    def has_begun(self, here: datetime) -> bool:
        """Whether the citizen should be here by now, as the office's clock tells."""
        return (self.date, self.starts) <= (here.date(), here.time())

    @property
    def units(self) -> list[time]:
        """The beginnings of the SLOT_STEP minutes that it takes."""
        first = minute(self.starts)
        return [_clock(at) for at in range(first, first + self.minutes, SLOT_STEP)]


def minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def spans(hours: Hours) -> tuple[Span, ...]:
    """Return when somebody works: with a break, which the rules put nowhere, it is taken to lie in the middle."""
    first, last, half = minute(hours.starts), minute(hours.ends), hours.minutes // 2
    return ((first, first + half), (last - half, last)) if hours.pause else ((first, last),)


@dataclass
class Book:
    """The seats of one bidang by date, and what is taken of them. `take` plans with a slot without giving it.

    `present`: when each of its people is in the office; `office`: when the office works. `taken`: seats by the unit.
    `given`: appointments by service and date. `now`: slots that have begun are no slots.
    """

    today: date
    now: time
    last: date
    office: dict[date, tuple[Span, ...]]
    present: dict[date, list[tuple[Span, ...]]]
    taken: dict[tuple[date, time], set[int]] = field(default_factory=lambda: defaultdict(set))
    given: Counter[tuple[int, date]] = field(default_factory=Counter)

    def seats(self, day: date, starts: time, minutes: int) -> int:
        """Return how many people are there to receive somebody from then to the end of the appointment."""
        first = minute(starts)
        return sum(
            any(begin <= first and first + minutes <= end for begin, end in whose)
            for whose in self.present.get(day, ())
        )

    def free(self, service: Service, day: date) -> Iterator[Slot]:
        """Yield each hour that can still be given, with the first seat that is free for all of it."""
        if not self._is_open(service, day) or service.slot_minutes is None:
            return
        for begin, end in self.office.get(day, ()):
            first = -(-begin // SLOT_STEP) * SLOT_STEP
            for at in range(first, end - service.slot_minutes + 1, service.slot_minutes):
                if (day, _clock(at)) > (self.today, self.now) and (slot := self.at(service, day, _clock(at))):
                    yield slot

    def at(self, service: Service, day: date, starts: time) -> Slot | None:
        """Return a free seat of that moment; None where nobody is free."""
        slot = Slot(day, starts, service.slot_minutes or 0, 0)
        taken = set[int]().union(*(self.taken.get((day, unit), ()) for unit in slot.units))
        free = (seat for seat in range(1, self.seats(day, starts, slot.minutes) + 1) if seat not in taken)
        seat = next(free, None)
        return None if seat is None else slot._replace(seat=seat)

    def left(self, slot: Slot) -> int:
        """Return how many seats are still free all through a slot."""
        taken = set[int]().union(*(self.taken.get((slot.date, unit), ()) for unit in slot.units))
        return len(set(range(1, self.seats(slot.date, slot.starts, slot.minutes) + 1)) - taken)

    def _is_open(self, service: Service, day: date) -> bool:
        quota = service.daily_quota
        return self.today <= day <= self.last and (quota is None or self.given[service.id, day] < quota)

    def next_free(self, service: Service) -> Iterator[Slot]:
        """Yield the free slots from now on, the nearest first."""
        for n in range((self.last - self.today).days + 1):
            yield from self.free(service, self.today + timedelta(days=n))

    def offers(self, service: Service, day: date, starts: time) -> Slot | None:
        """Return the slot of that moment if it is one that may be given."""
        return next((slot for slot in self.free(service, day) if slot.starts == starts), None)

    def take(self, service_id: int, slot: Slot) -> None:
        for unit in slot.units:
            self.taken[slot.date, unit].add(slot.seat)
        self.given[service_id, slot.date] += 1

    def is_beyond(self, slot: Slot) -> bool:
        """Whether nobody is left to receive the citizen: those of lower seats have whoever is there."""
        lower = {seat for unit in slot.units for seat in self.taken.get((slot.date, unit), ()) if seat < slot.seat}
        return len(lower) + 1 > self.seats(slot.date, slot.starts, slot.minutes)


_OFFICE, _DIVISION = bindparam("office", type_=BigInteger), bindparam("division", type_=BigInteger)
_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_LENT = (
    select(PlanEntry.officer_id)
    .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
    .where(PlanEntry.office_id == _OFFICE, PlanEntry.date.between(_FIRST, _LAST), PlanGrant.desk_id == _DIVISION)
)
_WHO: Select[*tuple[Any, ...]] = (
    select(
        Officer.id,
        Posting.valid_from,
        Posting.valid_to,
        Officer.active_from,
        Officer.active_to,
        Posting.role,
        Posting.division_id,
        is_away(Officer.id),
    )
    .join(Posting, Posting.officer_id == Officer.id)
    .where(
        Officer.office_id == _OFFICE,
        or_(Posting.division_id == _DIVISION, Officer.id.in_(_LENT)),
        Posting.valid_from <= _LAST,
        Posting.valid_to.is_(None) | (Posting.valid_to >= _FIRST),
    )
)


@cache
def _given() -> Select[*tuple[Any, ...]]:
    one = Appointment
    return select(one.service_type_id, one.date, one.starts, one.minutes, one.seat).where(
        one.office_id == bindparam("office", type_=BigInteger),
        one.division_id == bindparam("division", type_=BigInteger),
        one.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
        one.state.not_in(_GIVEN_UP),
    )


def book(db: Session, me: Viewer, division_id: int, *, now: datetime) -> Book:
    """Load the seats of a bidang from today on, in four statements however many days and people."""
    here = now.astimezone(me.zone)
    today = here.date()
    last = today + timedelta(days=AHEAD_DAYS)
    asked: dict[str, object] = {"office": me.office_id, "division": division_id, "first": today, "last": last}
    found = rows(db, _WHO, **asked, today=today).all()
    days = [today + timedelta(days=n) for n in range(AHEAD_DAYS + 1)]
    plan = workdays.plans(db, me.office_id, today, last, officers=sorted({row[0] for row in found}))
    known = plan.calendar
    made = Book(
        today,
        here.time(),
        last,
        {day: spans(hours) for day in days if known.is_working_day(day) and (hours := known.hours(day))},
        {day: list(_present(found, plan, day, division_id, today)) for day in days},
    )
    for service_id, day, starts, minutes, seat in rows(db, _given(), **asked):
        made.take(service_id, Slot(day, starts, minutes, seat))
    return made


def _present(
    found: Sequence[Any], plan: workdays.PlanBook, day: date, division_id: int, today: date
) -> Iterable[tuple[Span, ...]]:
    """Yield the hours of whoever keeps the desk on a day, as the roster counts them: a head leads and has no seat.

    Who is away today by what HR wrote has none today, whatever was planned.
    """
    for officer_id, valid_from, valid_to, active_from, active_to, role, own, away in found:
        serves = max(valid_from, active_from) <= day and all(end is None or day <= end for end in (valid_to, active_to))
        if serves and role not in LEADS and not (away and day == today):
            planned = plan.of(officer_id, day)
            if planned.mode is PlanMode.OFFICE and planned.hours and (planned.desk or own) == division_id:
                yield spans(planned.hours)


def services_of(db: Session, me: Viewer, division_id: int) -> dict[int, Service]:
    """Return the services of a bidang that are given by appointment."""
    kinds = office.services(db, me.office_id)
    return {one.id: one for one in kinds.values() if one.division_id == division_id and one.slot_minutes}


def day_of(now: datetime, me: Viewer) -> date:
    return clock.local_day(now, me.zone)
