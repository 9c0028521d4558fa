"""The duty minimum of a month: dates on which a bidang had fewer people in the office than the rule asks for.

It is a finding of the bidang's day, not of one person's: nobody else's stored day changes when somebody's mark does.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, String, bindparam, cast, func, select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.days import State
from staffhub.db import rows
from staffhub.models import DayPart, EmploymentType, StoredDay
from staffhub.security import Scope, Viewer
from staffhub.workdays import Calendar, calendar
from staffhub.workdays.kinds import CoverGroup


class Gap(NamedTuple):
    """`had` of the people of a group were in the office, where `minimum` are asked for; `excuse`: why fewer might."""

    day: date
    division: str
    group: str
    had: int
    minimum: int
    division_id: int
    excuse: str


def duty_gaps(db: Session, me: Viewer, first: date, last: date, division_id: int | None = None) -> list[Gap]:
    """Return them by date and bidang, of days that are stored; `division_id` narrows it. One statement."""
    shown = list(office.divisions(db, me.office_id).values())
    if me.scope is Scope.DIVISION:
        shown = [one for one in shown if one.id == me.division_id]
    if division_id is not None:
        shown = [one for one in shown if one.id == division_id]
    rules, there = calendar(db, me.office_id), _counted(db, me, first, last)
    return [
        gap
        for day in sorted({day for day, _division in there})
        for one in shown
        for group in rules.coverage(day, one).groups
        for gap in _short(rules, day, one, group, there.get((day, one.id)))
    ]


def asked_of_day(me: Viewer, division_id: int | None, day: date) -> Select[int, str, str, str]:
    """Ask how many stored days there are by kind of employment, half and state, for whoever asks for more with it."""
    kind, state = cast(StoredDay.employment_type, String), cast(StoredDay.state, String)
    half = func.coalesce(cast(StoredDay.half, String), "")
    return (
        select(func.count(), kind, half, state)
        .where(StoredDay.office_id == me.office_id, StoredDay.division_id == division_id)
        .where(StoredDay.date == day, StoredDay.counted)
        .group_by(kind, half, state)
    )


def gaps_of_day(db: Session, me: Viewer, division_id: int | None, day: date, told: Sequence[Any]) -> list[Gap]:
    """Return what one bidang lacked on a day, by what `asked_of_day` told; nothing of a day that is not stored."""
    division = office.divisions(db, me.office_id).get(division_id or 0)
    if division is None or not told:
        return []
    there: _Counted = Counter()
    for people, kind, half, state in told:
        for part in DayPart:
            there[EmploymentType(kind), part] += people if state == State.PRESENT and half != part else 0
    rules = calendar(db, me.office_id)
    groups = rules.coverage(day, division).groups
    return [gap for group in groups for gap in _short(rules, day, division, group, there)]


_Counted = Counter[tuple[EmploymentType, DayPart]]


def _short(rules: Calendar, day: date, division: office.Bidang, group: CoverGroup, there: _Counted | None) -> list[Gap]:
    had = _had(there, group)
    if had >= group.minimum:
        return []
    excuse = rules.excuse(day, division.id, group.name)
    return [Gap(day, division.short_name, group.name, had, group.minimum, division.id, excuse)]


def _had(people: _Counted | None, group: CoverGroup) -> int:
    """Return how many were there in the half of the day that had the fewest: the rule holds in both."""
    return min(sum(people[kind, part] for kind in group.types) for part in DayPart) if people else 0


def _counted(db: Session, me: Viewer, first: date, last: date) -> dict[tuple[date, int | None], _Counted]:
    """Return who was in the office, by kind of employment and half, for each date and division with a stored day."""
    found: dict[tuple[date, int | None], _Counted] = {}
    for day, division, kind, free, people in rows(db, _statement(), office=me.office_id, first=first, last=last):
        for part in DayPart:
            found.setdefault((day, division), Counter())[kind, part] += people if free is not part else 0
    return found


@cache
def _statement() -> Any:
    """Days before presence counts say nothing; nobody was expected to be there."""
    at_office = func.count().filter(StoredDay.state == State.PRESENT.value)
    return (
        select(StoredDay.date, StoredDay.division_id, StoredDay.employment_type, StoredDay.half, at_office)
        .where(StoredDay.office_id == bindparam("office"))
        .where(StoredDay.date.between(bindparam("first"), bindparam("last")), StoredDay.counted)
        .group_by(StoredDay.date, StoredDay.division_id, StoredDay.employment_type, StoredDay.half)
    )
