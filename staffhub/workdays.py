"""What is expected of a person on a date: working hours, holidays, the weekday pattern and its dated exceptions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from typing import Any

import holidays as public_holidays
import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import insert_unless_there
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Holiday, HolidayKind, PlanEntry, PlanMode, RuleKind, RuleSet, WeekPattern
from staffhub.security import Viewer

_BUILT_IN = "holidays "  # what the source of a seeded holiday begins with: the library's name and version
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Where an officer without a pattern works: the office, every working day.
DEFAULT_WEEK: tuple[str, ...] = ("office",) * 5


@dataclass(frozen=True)
class Hours:
    """Wall-clock times of one day; `minutes` of work, the break left out."""

    starts: time
    ends: time
    minutes: int


@dataclass(frozen=True)
class Plan:
    """What is expected of one officer on one date. `mode` None: no work that day.

    `source`: "pattern", or who wrote the exception ("manual", later "roster" and "leave"), "holiday", "weekend".
    """

    mode: PlanMode | None
    source: str
    note: str = ""
    hours: Hours | None = None

    @property
    def is_work(self) -> bool:
        return self.mode not in {None, PlanMode.LEAVE}


@dataclass(frozen=True)
class Calendar:
    """The office's holidays and rule sets of a range of dates."""

    holidays: dict[date, str] = field(default_factory=dict)
    rules: tuple[tuple[str, date, date | None, dict[str, Any], str], ...] = ()
    # What was worked out already: a month asks for the hours of each date once per officer.
    _known: dict[date, Hours | None] = field(default_factory=dict, compare=False, repr=False)

    def rule(self, kind: RuleKind, day: date) -> dict[str, Any]:
        """Return the values in force on a date; the newest start wins, {} when there is none."""
        in_force = [row for row in self.rules if row[0] == kind and row[1] <= day and (row[2] is None or day <= row[2])]
        return max(in_force, key=lambda row: row[1])[3] if in_force else {}

    def source(self, kind: RuleKind, day: date) -> str:
        in_force = [row for row in self.rules if row[0] == kind and row[1] <= day and (row[2] is None or day <= row[2])]
        return max(in_force, key=lambda row: row[1])[4] if in_force else ""

    def hours(self, day: date) -> Hours | None:
        """Return the working hours of a weekday, or None when the rules give it none; holidays are not looked at."""
        if day not in self._known:
            self._known[day] = self._worked_out(day)
        return self._known[day]

    def _worked_out(self, day: date) -> Hours | None:
        row = self.rule(RuleKind.WORK_HOURS, day).get(WEEKDAYS[day.weekday()])
        if row is None:
            return None
        starts, ends = (time.fromisoformat(text.replace(".", ":")) for text in row[:2])
        length = (ends.hour - starts.hour) * 60 + ends.minute - starts.minute
        return Hours(starts, ends, length - int(row[2]))

    def is_working_day(self, day: date) -> bool:
        return day not in self.holidays and self.hours(day) is not None


def calendar(db: Session, office_id: int, first: date, last: date) -> Calendar:
    """Load both tables in one statement."""
    rules = select(
        sa.cast(RuleSet.kind, sa.String).label("kind"),
        RuleSet.valid_from,
        RuleSet.valid_to,
        RuleSet.values,
        RuleSet.legal_source.label("text"),
    ).where(
        RuleSet.office_id == office_id,
        RuleSet.valid_from <= last,
        sa.or_(RuleSet.valid_to.is_(None), RuleSet.valid_to >= first),
    )
    days = select(sa.literal("holiday"), Holiday.date, Holiday.date, sa.cast(sa.null(), sa.JSON), Holiday.name).where(
        Holiday.office_id == office_id, Holiday.date.between(first, last)
    )
    free: dict[date, str] = {}
    found: list[tuple[str, date, date | None, dict[str, Any], str]] = []
    for kind, start, end, values, text in db.execute(sa.union_all(rules, days)):
        if kind == "holiday":
            free[start] = text
        else:
            found.append((kind, start, end, values, text))
    return Calendar(free, tuple(found))


@dataclass(frozen=True)
class PlanBook:
    """The plans of many officers over a range of dates; `of` is pure."""

    calendar: Calendar
    patterns: dict[int, list[tuple[date, list[str | None]]]]
    entries: dict[tuple[int, date], tuple[PlanMode, str, str]]

    def of(self, officer_id: int, day: date) -> Plan:
        hours = self.calendar.hours(day)
        entry = self.entries.get((officer_id, day))
        if entry:
            mode, note, source = entry
            return Plan(mode, source, note, hours)
        if day in self.calendar.holidays:
            return Plan(None, "holiday", self.calendar.holidays[day])
        usual = self._usual(officer_id, day)
        if usual is None or hours is None:
            return Plan(None, "weekend")
        return Plan(PlanMode(usual), "pattern", hours=hours)

    def _usual(self, officer_id: int, day: date) -> str | None:
        in_force = [days for start, days in self.patterns.get(officer_id, ()) if start <= day]
        week = in_force[-1] if in_force else DEFAULT_WEEK
        return week[day.weekday()] if day.weekday() < len(week) else None


def plans(db: Session, office_id: int, first: date, last: date, *, officers: Iterable[int] | None = None) -> PlanBook:
    """Load what is expected in three statements, however many officers; `officers` narrows it."""
    patterns = (
        select(WeekPattern.officer_id, WeekPattern.valid_from, WeekPattern.days)
        .where(WeekPattern.office_id == office_id, WeekPattern.valid_from <= last)
        .order_by(WeekPattern.valid_from)
    )
    entries = select(PlanEntry.officer_id, PlanEntry.date, PlanEntry.mode, PlanEntry.note, PlanEntry.source).where(
        PlanEntry.office_id == office_id, PlanEntry.date.between(first, last)
    )
    if officers is not None:
        ids = list(officers)
        patterns = patterns.where(WeekPattern.officer_id.in_(ids))
        entries = entries.where(PlanEntry.officer_id.in_(ids))
    usual: dict[int, list[tuple[date, list[str | None]]]] = defaultdict(list)
    for officer_id, start, days in db.execute(patterns):
        usual[officer_id].append((start, days))
    dated = {(row.officer_id, row.date): (row.mode, row.note, row.source) for row in db.execute(entries)}
    return PlanBook(calendar(db, office_id, first, last), dict(usual), dated)


def is_built_in(source: str) -> bool:
    return source.startswith(_BUILT_IN)


def seed_holidays(db: Session, office_id: int, years: Iterable[int], *, now: datetime) -> int:
    """Add the public holidays and collective leave days of Indonesia of years not seeded before; return how many.

    Source: the `holidays` library, whose category "government" holds the collective leave of the yearly ministers'
    decree. From then on a year belongs to the office, since the list changes within it: what is removed stays away.
    """
    rows = db.execute(select(Holiday.date, Holiday.source).where(Holiday.office_id == office_id)).all()
    there = {row.date for row in rows}
    years = set(years) - {row.date.year for row in rows if is_built_in(row.source)}
    source = f"{_BUILT_IN}{version('holidays')}"
    added = 0
    for category, kind in ((public_holidays.PUBLIC, HolidayKind.NATIONAL), ("government", HolidayKind.COLLECTIVE)):
        found = public_holidays.country_holidays("ID", years=sorted(years), categories=(category,), language="id")
        for day, name in sorted(found.items()):
            if day not in there:
                db.add(Holiday(office_id=office_id, date=day, name=name[:160], kind=kind, source=source))
                there.add(day)
                added += 1
    if added:
        db.flush()
        audit.record(db, None, "holidays.seeded", "office", office_id, now=now, office_id=office_id, added=added)
    return added


@dataclass(frozen=True)
class HolidayLine:
    """One holiday in the editable table."""

    id: int
    date: date
    name: str
    kind: HolidayKind
    source: str


def holidays_of(db: Session, me: Viewer, year: int) -> list[HolidayLine]:
    me.require("holidays.edit")
    columns = select(Holiday.id, Holiday.date, Holiday.name, Holiday.kind, Holiday.source)
    of_year = columns.where(
        Holiday.office_id == me.office_id, Holiday.date.between(date(year, 1, 1), date(year, 12, 31))
    )
    return [HolidayLine(*row) for row in db.execute(of_year.order_by(Holiday.date))]


def add_holiday(
    db: Session, me: Viewer, *, day: date, name: str, kind: HolidayKind, source: str, now: datetime
) -> bool:
    """Add a holiday; False when the same one is there already. Days that were computed before follow the new table."""
    me.require("holidays.edit")
    values = {"office_id": me.office_id, "date": day, "name": name, "kind": kind, "source": source}
    if not insert_unless_there(db, Holiday, values):
        there = db.scalars(select(Holiday.name).where(Holiday.office_id == me.office_id, Holiday.date == day)).one()
        if there == name:
            return False
        raise Refused(_("%(name)s is on this date already. Remove it first.", name=there), field="date")
    audit.record(db, me, "holiday.added", "office", me.office_id, now=now, after=values)
    return True


def remove_holiday(db: Session, me: Viewer, holiday_id: int, *, now: datetime) -> Holiday:
    """Make the date a working day again, as when the yearly decree is changed."""
    me.require("holidays.edit")
    holiday = db.get(Holiday, holiday_id)
    if holiday is None or holiday.office_id != me.office_id:
        raise NotFound
    db.delete(holiday)
    db.flush()
    before = {"date": holiday.date, "name": holiday.name, "kind": holiday.kind, "source": holiday.source}
    audit.record(db, me, "holiday.removed", "office", me.office_id, now=now, before=before)
    return holiday


def week_minutes(rule: dict[str, Any]) -> int:
    """Return the minutes of work of a whole week: 2,250 (37 h 30) by Perpres 21/2023, and 1,950 in Ramadan."""
    monday = date(2026, 1, 5)
    book = Calendar({}, ((RuleKind.WORK_HOURS, monday, None, rule, ""),))
    found = (book.hours(monday + timedelta(days=n)) for n in range(7))
    return sum(hours.minutes for hours in found if hours)
