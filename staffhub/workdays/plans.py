"""What is expected of a person on a date: the usual week, and over it the layers of what was granted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.ahead import Ask
from staffhub.among import among, is_among
from staffhub.db import read
from staffhub.models import DayPart, EmploymentType, PlanEntry, PlanGrant, PlanLayer, PlanMode, Posting, WeekPattern
from staffhub.workdays.calendar import Calendar, calendar
from staffhub.workdays.hours import Hours
from staffhub.workdays.ruling import DayRules

T = TypeVar("T")

# The one place that says what lies over what; the usual week lies under all of them.
PRECEDENCE = (PlanLayer.LEAVE, PlanLayer.DUTY, PlanLayer.EXEMPTION, PlanLayer.HAND, PlanLayer.ROSTER)
# Where an officer without a pattern works: the office, every working day.
DEFAULT_WEEK: tuple[str, ...] = ("office",) * 5


@dataclass(frozen=True)
class Granted:
    """The range that holds on a date in one layer."""

    layer: PlanLayer
    mode: PlanMode
    note: str = ""
    on_free_days: bool = False
    grant_id: int = 0
    kind: str = ""
    # Which half, of leave for half a day; a hash of facts of before knows of none.
    part: DayPart | None = field(default=None, repr=False)
    # The bidang whose desk is kept in the office, of who is lent to another; None: the own one.
    desk: int | None = field(default=None, repr=False)

    @property
    def excuses(self) -> bool:
        """Whether it frees a working day; what is granted as leave by an exemption costs none."""
        return self.layer is PlanLayer.EXEMPTION and self.mode is PlanMode.LEAVE


@dataclass(frozen=True)
class HalfLeave:
    """Leave for half of a day of work, beside which the plan says what the other half is for.

    `whole`: the hours of the day without it.
    """

    part: DayPart
    kind: str
    grant_id: int
    whole: Hours | None


@dataclass(frozen=True)
class Plan:
    """What is expected of one officer on one date. `mode` None: no work that day.

    `source`: the layer that decides, or "pattern", "holiday", "weekend"; `kind` and `grant_id`: of the range that
    decides. `over`: the ranges it overrides, highest first; taken away, the first of them is what the day becomes.
    `half`: half of it is leave; `mode` and `hours` are of the half that is left. `desk`: the bidang whose desk is kept
    then, of who is lent to another; None: the own one.
    """

    mode: PlanMode | None
    source: str
    note: str = ""
    hours: Hours | None = None
    over: tuple[Granted, ...] = ()
    kind: str = ""
    grant_id: int = 0
    half: HalfLeave | None = field(default=None, repr=False)
    desk: int | None = field(default=None, repr=False)

    @property
    def is_work(self) -> bool:
        return self.mode not in {None, PlanMode.LEAVE}

    def span(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """Return when planned work begins and ends; hours that end before they begin end on the next day."""
        if not self.is_work or self.hours is None:
            return None
        starts = datetime.combine(day, self.hours.starts, tzinfo=zone)
        ends = datetime.combine(day, self.hours.ends, tzinfo=zone)
        return starts, ends if ends > starts else ends + timedelta(days=1)

    def is_leave(self, at: time) -> bool:
        """Whether it is leave at that hour."""
        if self.half is None or self.hours is None:
            return self.mode is PlanMode.LEAVE
        return at < self.hours.starts if self.half.part is DayPart.MORNING else at >= self.hours.ends

    def is_in_office(self, part: DayPart) -> bool:
        """Whether somebody is expected in the office in that half of the day."""
        return self.mode is PlanMode.OFFICE and (self.half is None or self.half.part is not part)


@dataclass(frozen=True)
class PlanBook:
    """The plans of many officers over a range of dates; `of` is pure.

    `patterns`: usual weeks by their first date; `entries`: what holds on a date, lowest layer first; `employment`:
    kinds of employment by their first date, loaded when a rule asks for them.
    """

    calendar: Calendar
    patterns: dict[int, list[tuple[date, list[str | None]]]]
    entries: dict[tuple[int, date], list[Granted]]
    employment: dict[int, list[tuple[date, EmploymentType]]] = field(default_factory=dict)

    # The usual days of a date, which are the same for many people.
    _usual: dict[tuple[date, str | None, EmploymentType | None], Plan] = field(
        default_factory=dict, compare=False, repr=False
    )

    def of(self, officer_id: int, day: date) -> Plan:
        plan = self.usual(officer_id, day)
        granted = self.entries.get((officer_id, day))
        return self._merged(plan, granted, self.hours(officer_id, day)) if granted else plan

    def with_granted(self, granted: Mapping[tuple[int, date], Granted]) -> "PlanBook":
        """Return the plans as they would be with these ranges in the place of what their layers say there."""
        entries = dict(self.entries)
        for key, one in granted.items():
            others = [other for other in entries.get(key, ()) if other.layer is not one.layer]
            entries[key] = sorted([one, *others], key=lambda each: -PRECEDENCE.index(each.layer))
        return replace(self, entries=entries)

    def usual(self, officer_id: int, day: date) -> Plan:
        """Return what the day is without any range over it."""
        key = (day, self._place(officer_id, day), self._employment(officer_id, day))
        plan = self._usual.get(key)
        if plan is None:
            plan = self._usual[key] = self._usual_at(*key)
        return plan

    def _usual_at(self, day: date, place: str | None, employment: EmploymentType | None) -> Plan:
        if day in self.calendar.holidays:
            return Plan(None, "holiday", self.calendar.holidays[day])
        hours = self.calendar.hours(day, employment)
        if place is None or hours is None:
            return Plan(None, "weekend")
        return Plan(PlanMode(place), "pattern", hours=hours)

    def hours(self, officer_id: int, day: date) -> Hours | None:
        """Return the working hours that the rules give this officer on that weekday."""
        return self.calendar.hours(day, self._employment(officer_id, day))

    def rules(self, officer_id: int, day: date) -> DayRules:
        """Return all that the rules say of this officer's day."""
        return self.calendar.ruled(day, self._employment(officer_id, day))

    @staticmethod
    def _merged(plan: Plan, granted: Sequence[Granted], hours: Hours | None) -> Plan:
        """Lay the ranges over the usual day, lowest first.

        A free day stays free unless a range was written for free days; leave also covers such a duty, as it does any.
        Whom an exemption excuses has a day off: no leave, which would cost a day, and no absence. Half a day of leave
        overrides nothing: the other half stays what it was.
        """
        is_free = plan.mode is None
        beneath: tuple[Granted, ...] = ()
        for one in granted:
            if one.part:
                plan = _halved(plan, one)
            elif not is_free or one.on_free_days or (one.mode is PlanMode.LEAVE and beneath):
                expected = None if one.excuses else one.mode
                hours_then = hours if expected else None
                plan = Plan(
                    expected, one.layer.value, one.note, hours_then, beneath, one.kind, one.grant_id, desk=one.desk
                )
                beneath = (one, *beneath)
        return plan

    def _place(self, officer_id: int, day: date) -> str | None:
        week = _newest(self.patterns.get(officer_id), day) or DEFAULT_WEEK
        weekday = day.weekday()
        return week[weekday] if weekday < len(week) else None

    def _employment(self, officer_id: int, day: date) -> EmploymentType | None:
        return _newest(self.employment.get(officer_id), day)


def _halved(plan: Plan, one: Granted) -> Plan:
    if one.part is None or not plan.is_work:
        return plan
    half = HalfLeave(one.part, one.kind, one.grant_id, plan.hours)
    left = plan.hours.besides(one.part) if plan.hours else None
    return replace(plan, hours=left, half=half, note="; ".join(note for note in (plan.note, one.note) if note))


def _newest(dated: Sequence[tuple[date, T]] | None, day: date) -> T | None:
    """Return what began last, of things in the order of their first dates."""
    for start, value in reversed(dated or ()):
        if start <= day:
            return value
    return None


def plans(
    db: Session,
    office_id: int,
    first: date,
    last: date,
    *,
    officers: Iterable[int] | None = None,
    held: Calendar | None = None,
) -> PlanBook:
    """Load what is expected in two statements, however many officers; `officers` narrows it. `held`: against another
    calendar than the one in force.
    """
    known = held or calendar(db, office_id)
    ids = None if officers is None else list(officers)
    if ids == []:
        return PlanBook(known, {}, {})
    weeks, entries = _asks(known, office_id, first, last, ids)
    usual, employment = _dated(db, weeks)
    return PlanBook(known, usual, _entries(db, entries), employment)


def ask_plans(db: Session, office_id: int, first: date, last: date, ids: list[int]) -> tuple[Ask, Ask]:
    """Return what `plans` will ask for."""
    return _asks(calendar(db, office_id), office_id, first, last, ids)


def _asks(known: Calendar, office_id: int, first: date, last: date, ids: list[int] | None) -> tuple[Ask, Ask]:
    asked = {"office": office_id, "last": last} | ({} if ids is None else among(ids))
    narrow = "ids" in asked
    return Ask(_weeks(known.knows_groups, narrow), asked), Ask(_ranges(narrow), asked | {"first": first})


def _dated(
    db: Session, weeks: Ask
) -> tuple[dict[int, list[tuple[date, list[str | None]]]], dict[int, list[tuple[date, EmploymentType]]]]:
    """Load what holds from a date on: usual weeks, and kinds of employment where a rule tells them apart."""
    saved: dict[int, dict[date, list[str | None] | None]] = defaultdict(dict)
    types: dict[int, list[tuple[date, EmploymentType]]] = {}
    for officer_id, valid_from, _version, days, kind in read(db, weeks):
        if kind is None:
            saved[officer_id][valid_from] = days
        else:
            types.setdefault(officer_id, []).append((valid_from, EmploymentType(kind)))
    return {officer_id: standing(weeks) for officer_id, weeks in saved.items()}, types


@cache
def _weeks(employment: bool, narrow: bool) -> Any:
    """By their first dates; of one date the highest version holds."""
    week, office, last = WeekPattern, sa.bindparam("office", type_=sa.BigInteger), sa.bindparam("last", type_=sa.Date)
    weeks: Any = select(
        week.officer_id, week.valid_from, week.version, week.days, sa.cast(sa.null(), sa.String).label("employment")
    ).where(week.office_id == office, week.valid_from <= last)
    kinds: Any = select(
        Posting.officer_id,
        Posting.valid_from,
        sa.literal(0),
        sa.cast(sa.null(), sa.JSON),
        sa.cast(Posting.employment_type, sa.String),
    ).where(Posting.office_id == office, Posting.valid_from <= last)
    if narrow:
        weeks, kinds = weeks.where(is_among(week.officer_id)), kinds.where(is_among(Posting.officer_id))
    if not employment:
        return weeks.order_by(week.valid_from, week.version)
    both = sa.union_all(weeks, kinds)
    return both.order_by("valid_from", "version")


def standing(saved: dict[date, list[str | None] | None]) -> list[tuple[date, list[str | None]]]:
    """Return the weeks that stand, in order; the ones taken back are left out."""
    return [(start, days) for start, days in sorted(saved.items()) if days is not None]


def _entries(db: Session, entries: Ask) -> dict[tuple[int, date], list[Granted]]:
    found: dict[tuple[int, date], list[Granted]] = defaultdict(list)
    for officer_id, day, *granted in read(db, entries):
        found[officer_id, day].append(Granted(*granted))
    return dict(found)


@cache
def _ranges(narrow: bool) -> Any:
    """What holds on each date, the lowest layer first."""
    entry, grant = PlanEntry, PlanGrant
    height = sa.case({layer: -place for place, layer in enumerate(PRECEDENCE)}, value=entry.layer)
    wanted: Any = (
        select(
            entry.officer_id,
            entry.date,
            entry.layer,
            grant.mode,
            grant.note,
            grant.on_free_days,
            grant.id,
            grant.kind,
            grant.part,
            grant.desk_id,
        )
        .join(grant, grant.id == entry.grant_id)
        .where(entry.office_id == sa.bindparam("office"))
        .where(entry.date.between(sa.bindparam("first"), sa.bindparam("last")))
        .order_by(height)
    )
    return wanted.where(is_among(entry.officer_id)) if narrow else wanted
