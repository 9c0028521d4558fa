"""What is expected of a person on a date: the usual week, and over it the layers of what was granted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.models import EmploymentType, PlanEntry, PlanGrant, PlanLayer, PlanMode, Posting, WeekPattern
from staffhub.workdays.calendar import Calendar, calendar
from staffhub.workdays.hours import Hours

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


@dataclass(frozen=True)
class Plan:
    """What is expected of one officer on one date. `mode` None: no work that day.

    `source`: the layer that decides, or "pattern", "holiday", "weekend". `over`: the ranges it overrides, highest
    first; taken away, the first of them is what the day becomes.
    """

    mode: PlanMode | None
    source: str
    note: str = ""
    hours: Hours | None = None
    over: tuple[Granted, ...] = ()

    @property
    def is_work(self) -> bool:
        return self.mode not in {None, PlanMode.LEAVE}


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

    def of(self, officer_id: int, day: date) -> Plan:
        plan = self.usual(officer_id, day)
        granted = self.entries.get((officer_id, day))
        return self._merged(plan, granted, self.hours(officer_id, day)) if granted else plan

    def usual(self, officer_id: int, day: date) -> Plan:
        """Return what the day is without any range over it."""
        if day in self.calendar.holidays:
            return Plan(None, "holiday", self.calendar.holidays[day])
        place, hours = self._place(officer_id, day), self.hours(officer_id, day)
        if place is None or hours is None:
            return Plan(None, "weekend")
        return Plan(PlanMode(place), "pattern", hours=hours)

    def hours(self, officer_id: int, day: date) -> Hours | None:
        """Return the working hours that the rules give this officer on that weekday."""
        return self.calendar.hours(day, _newest(self.employment.get(officer_id, ()), day))

    @staticmethod
    def _merged(plan: Plan, granted: Sequence[Granted], hours: Hours | None) -> Plan:
        """Lay the ranges over the usual day, lowest first.

        A free day stays free unless a range was written for free days; leave also covers such a duty, as it does any.
        """
        is_free = plan.mode is None
        beneath: tuple[Granted, ...] = ()
        for one in granted:
            if not is_free or one.on_free_days or (one.mode is PlanMode.LEAVE and beneath):
                plan = Plan(one.mode, one.layer.value, one.note, hours, beneath)
                beneath = (one, *beneath)
        return plan

    def _place(self, officer_id: int, day: date) -> str | None:
        week = _newest(self.patterns.get(officer_id, ()), day) or DEFAULT_WEEK
        return week[day.weekday()] if day.weekday() < len(week) else None


def _newest(dated: Sequence[tuple[date, Any]], day: date) -> Any:
    """Return what began last, of things in the order of their first dates."""
    return next((value for start, value in reversed(dated) if start <= day), None)


def plans(db: Session, office_id: int, first: date, last: date, *, officers: Iterable[int] | None = None) -> PlanBook:
    """Load what is expected in three statements, however many officers; `officers` narrows it."""
    ids = None if officers is None else list(officers)
    known = calendar(db, office_id)
    if ids == []:
        return PlanBook(known, {}, {})
    weeks, employment = _dated(db, office_id, last, ids, employment=known.knows_groups)
    return PlanBook(known, weeks, _entries(db, office_id, first, last, ids), employment)


def _dated(
    db: Session, office_id: int, last: date, ids: list[int] | None, *, employment: bool
) -> tuple[dict[int, list[tuple[date, list[str | None]]]], dict[int, list[tuple[date, EmploymentType]]]]:
    """Load what holds from a date on: usual weeks, and kinds of employment where a rule tells them apart."""
    wanted = select(
        WeekPattern.officer_id,
        WeekPattern.valid_from,
        WeekPattern.version,
        WeekPattern.days,
        sa.cast(sa.null(), sa.String).label("employment"),
    ).where(WeekPattern.office_id == office_id, WeekPattern.valid_from <= last)
    kinds = select(
        Posting.officer_id,
        Posting.valid_from,
        sa.literal(0),
        sa.cast(sa.null(), sa.JSON),
        sa.cast(Posting.employment_type, sa.String),
    ).where(Posting.office_id == office_id, Posting.valid_from <= last)
    if ids is not None:
        wanted, kinds = wanted.where(WeekPattern.officer_id.in_(ids)), kinds.where(Posting.officer_id.in_(ids))
    saved: dict[int, dict[date, list[str | None] | None]] = defaultdict(dict)
    types: dict[int, list[tuple[date, EmploymentType]]] = {}
    statement: Any = sa.union_all(wanted, kinds) if employment else wanted
    for row in sorted(db.execute(statement), key=lambda row: (row.valid_from, row.version)):
        if row.employment is None:
            saved[row.officer_id][row.valid_from] = row.days
        else:
            types.setdefault(row.officer_id, []).append((row.valid_from, EmploymentType(row.employment)))
    return {officer: standing(weeks) for officer, weeks in saved.items()}, types


def standing(saved: dict[date, list[str | None] | None]) -> list[tuple[date, list[str | None]]]:
    """Return the weeks that stand, in order; the ones taken back are left out."""
    return [(start, days) for start, days in sorted(saved.items()) if days is not None]


def _entries(
    db: Session, office_id: int, first: date, last: date, ids: list[int] | None
) -> dict[tuple[int, date], list[Granted]]:
    wanted: Any = (
        select(
            PlanEntry.officer_id,
            PlanEntry.date,
            PlanEntry.layer,
            PlanGrant.mode,
            PlanGrant.note,
            PlanGrant.on_free_days,
            PlanGrant.id,
        )
        .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
        .where(PlanEntry.office_id == office_id, PlanEntry.date.between(first, last))
    )
    if ids is not None:
        wanted = wanted.where(PlanEntry.officer_id.in_(ids))
    found: dict[tuple[int, date], list[Granted]] = defaultdict(list)
    rows = db.execute(wanted).all()
    for row in sorted(rows, key=lambda row: -PRECEDENCE.index(row.layer)):
        found[row.officer_id, row.date].append(Granted(row.layer, row.mode, row.note, row.on_free_days, row.id))
    return dict(found)
