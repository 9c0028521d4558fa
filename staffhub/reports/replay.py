"""A past month under other rules: the days that would read otherwise, and what that adds up to. Nothing is stored."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import days, sections, workdays
from staffhub.among import among, is_among
from staffhub.clock import local_day, month_days
from staffhub.days.store import values_of
from staffhub.db import rows
from staffhub.models import RuleKind, StoredDay
from staffhub.reports import counters, recap
from staffhub.reports.counters import Counters, Near, Told
from staffhub.reports.recap import Staff
from staffhub.sections import Section, Sections
from staffhub.security import Viewer
from staffhub.workdays import Calendar, RuleLine

# Kinds of rules that days and the counters of their year are held against; the others speak of what is yet to come.
CHOSEN = (RuleKind.WORK_HOURS, RuleKind.TIERS, RuleKind.DISCIPLINE, RuleKind.MINUTES_AS_DAYS)


class Reading(NamedTuple):
    """What the sheet tells of a day; minutes."""

    code: str
    late: int
    early: int
    late_tier: str
    early_tier: str
    worked: int

    @property
    def letters(self) -> str:
        return " ".join(part for part in (self.code, self.late_tier, self.early_tier) if part)


@dataclass(frozen=True)
class Replayed:
    """An officer whose days would read otherwise: by what they were and would be, the dates.

    `counts`: the counters of the year up to the end of the month, as (absences, in_a_row or minutes; was; would be)
    where that differs, `minutes` in days; `near` the thresholds that would come near and are not now.
    """

    officer: Staff
    changes: list[tuple[Reading, Reading, list[date]]]
    late: tuple[int, int]
    early: tuple[int, int]
    worked: tuple[int, int]
    counts: list[tuple[str, int, int]]
    near: list[Near]

    @property
    def count(self) -> int:
        return sum(len(dates) for _before, _after, dates in self.changes)


@dataclass(frozen=True)
class Replay:
    """`choices` are rows that do not hold in the month; `people` of the bidang on the page whose days differ, out of
    `looked_at`, with the days by letters before and after.
    """

    choices: list[RuleLine]
    sections: Sections
    people: list[Replayed]
    looked_at: int
    codes: list[tuple[str, int, int]]

    @property
    def days(self) -> int:
        return sum(one.count for one in self.people)


def replay(
    db: Session,
    me: Viewer,
    first: date,
    *,
    chosen: Collection[int],
    as_on: date | None,
    division: str = "",
    now: datetime,
) -> Replay:
    """Compute the stored days of one bidang again, in eight statements; without a wish only say what can be chosen."""
    me.require("rules")
    dates = [day for day in month_days(first) if day < local_day(now, me.zone)]
    lines = workdays.rules_of(db, me)
    choices = [line for line in lines if line.kind in CHOSEN and line.values and not _holds(line, first)]
    staff = recap.staff_of(db, me, *_ends(first))
    found = sections.choose(
        _sections(staff), own=me.division_id, asked=sections.asked_for(division), people=len({one.id for one in staff})
    )
    shown = [one for one in staff if found.shown in {None, one.division_id or 0}]
    if not (chosen or as_on) or not dates or not shown:
        return Replay(choices, found, [], 0, [])
    known = workdays.calendar(db, me.office_id)
    held = workdays.as_on(known, as_on) if as_on else known
    held = workdays.with_rows(held, lines, chosen) if chosen else held
    before, after, told = _readings(db, me, shown, dates, held, now)
    year = counters.year_of(db, me.office_id, list({one.id for one in shown}), until=dates[-1])
    count = partial(_counters, year, told, known, held)
    people = [one for officer in shown if (one := _replayed(officer, before, after, count))]
    return Replay(choices, found, people, len(shown), _codes(shown, before, after))


def _ends(first: date) -> tuple[date, date]:
    dates = month_days(first)
    return dates[0], dates[-1]


def _holds(line: RuleLine, first: date) -> bool:
    """Whether a row holds on some day of the month as it is."""
    begins, ends = _ends(first)
    return line.confirmed and line.valid_from <= ends and (line.valid_to is None or line.valid_to >= begins)


def _sections(staff: Iterable[Staff]) -> list[Section]:
    counts = Counter((one.division_id or 0, one.division_short or "") for one in staff)
    return [Section(id_, name, count) for (id_, name), count in counts.items()]


_Readings = Mapping[tuple[int, date], Reading]


def _readings(
    db: Session, me: Viewer, shown: list[Staff], dates: list[date], held: Calendar, now: datetime
) -> tuple[_Readings, _Readings, dict[tuple[int, date], Told]]:
    """Return the days as stored, what the same facts say under the other calendar, and what is counted then."""
    ids = list(dict.fromkeys(one.id for one in shown))
    asked = {"office": me.office_id, "first": dates[0], "last": dates[-1]} | among(ids)
    before = {(who, day): Reading(*told) for who, day, *told in rows(db, _stored(narrow="ids" in asked), **asked)}
    people = list({one.id: one for one in shown}.values())
    loaded = days.load(db, me.office_id, people, dates, zone=me.zone, now=now, held=held)
    after, counts = {}, {}
    for key in before.keys() & loaded.facts.keys():
        told = values_of(days.reconcile(loaded.facts[key]))
        after[key] = Reading(*(told[name] for name in Reading._fields))
        counts[key] = Told(key[1], *(told[name] for name in Told._fields[1:]))
    return before, after, counts


def _counters(
    year: counters.Year, told: Mapping[tuple[int, date], Told], known: Calendar, held: Calendar, officer_id: int
) -> tuple[Counters, Counters]:
    """Return the counters of the year as they are, and with the days of the month as they would be."""
    own = year.days.get(officer_id, [])
    instead = [told.get((officer_id, one.day), one) for one in own]
    return (
        counters.counted(own, known, year.first, year.last),
        counters.counted(instead, held, year.first, year.last),
    )


@cache
def _stored(*, narrow: bool) -> Any:
    first, last = bindparam("first", type_=Date), bindparam("last", type_=Date)
    seen = [getattr(StoredDay, name) for name in Reading._fields]
    wanted: Any = (
        select(StoredDay.officer_id, StoredDay.date, *seen)
        .where(StoredDay.office_id == bindparam("office"), StoredDay.date.between(first, last))
        .where(StoredDay.counted)
    )
    return wanted.where(is_among(StoredDay.officer_id)) if narrow else wanted


def _replayed(
    officer: Staff, before: _Readings, after: _Readings, count: Callable[[int], tuple[Counters, Counters]]
) -> Replayed | None:
    mine = [key for key in after if key[0] == officer.id and officer.holds(key[1])]
    changes: dict[tuple[Reading, Reading], list[date]] = defaultdict(list)
    for key in sorted(mine):
        if before[key] != after[key]:
            was, now = (_without_minutes(one[key]) for one in (before, after))
            changes[was, now].append(key[1])
    is_now, would_be = count(officer.id)
    near = [one for one in would_be.near if one not in is_now.near]
    counts = _counts(is_now, would_be)
    if not changes and not counts and not near:
        return None
    late, early, worked = (
        (sum(getattr(before[key], name) for key in mine), sum(getattr(after[key], name) for key in mine))
        for name in ("late", "early", "worked")
    )
    told = [(was, now, dates) for (was, now), dates in changes.items()]
    return Replayed(officer, told, late, early, worked, counts, near)


def _counts(was: Counters, becomes: Counters) -> list[tuple[str, int, int]]:
    pairs = [
        ("absences", was.absences, becomes.absences),
        ("in_a_row", was.in_a_row, becomes.in_a_row),
        ("minutes", was.minute_days or 0, becomes.minute_days or 0),
    ]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _without_minutes(one: Reading) -> Reading:
    """The letters and tiers: days that differ in minutes alone are told together."""
    return one._replace(late=0, early=0, worked=0)


def _codes(shown: Iterable[Staff], before: _Readings, after: _Readings) -> list[tuple[str, int, int]]:
    """Return how many days have each letter and tier before and after, where that differs."""
    mine = {key for one in shown for key in after if key[0] == one.id and one.holds(key[1])}
    was, now = (Counter(part for key in mine for part in one[key].letters.split()) for one in (before, after))
    return [(letter, was[letter], now[letter]) for letter in sorted(was | now) if was[letter] != now[letter]]
