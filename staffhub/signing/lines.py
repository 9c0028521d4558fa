"""A month as it is signed: one line for each officer, with every day, in a text that is the same whoever writes it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Select, bindparam, select
from sqlalchemy.orm import Session

from staffhub import days
from staffhub.clock import month_days
from staffhub.days import DayRecord
from staffhub.db import rows
from staffhub.models import Officer, Posting, serves

Day = Mapping[str, Any]
# What the sheet tells of a day, and what follows from it: a difference here is a change of what was signed. Findings
# and the ids of rules are kept as well, but a log that was sent late changes nobody's month.
_WEIGHS = ("code", "mode", "first", "last", "worked", "late", "early", "division", "employment")

# Stands behind a finding that a person must look at.
OPEN = "?"


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Served:
    """An officer of a month, and the postings of it: (first date, division, kind of employment), oldest first."""

    id: int
    name: str
    number: str
    active_from: date
    active_to: date | None
    postings: tuple[tuple[date, int | None, str], ...]

    def on(self, day: date) -> tuple[int | None, str] | None:
        """Return division and employment on a day; None: not in service."""
        if day < self.active_from or (self.active_to is not None and day > self.active_to):
            return None
        return next(((division, kind) for start, division, kind in reversed(self.postings) if start <= day), None)


def of_month(db: Session, office_id: int, first: date, *, zone: ZoneInfo, now: datetime) -> dict[int, str]:
    """Return the line of everybody who served in the month, by officer."""
    dates = month_days(first)
    people = served(db, office_id, dates[0], dates[-1])
    found = days.load(db, office_id, people, dates, zone=zone, now=now)
    return {one.id: line(one, (found.record(one.id, day) for day in dates)) for one in people}


def line(one: Served, records: Iterable[DayRecord]) -> str:
    told = {}
    for record in records:
        where = one.on(record.day)
        if where is not None:
            told[record.day.isoformat()] = entry(record, *where)
    return canonical({"name": one.name, "number": one.number, "days": told})


def entry(record: DayRecord, division: int | None, employment: str) -> dict[str, Any]:
    """Return a day; what is nothing is left out. Minutes are whole, times those of the office."""
    told = {
        "code": record.code,
        "mode": record.mode.value if record.mode else None,
        "first": _moment(record.first, record.day),
        "last": _moment(record.last, record.day),
        "worked": record.minutes,
        "late": record.late,
        "early": record.early,
        "division": division,
        "employment": employment,
        "findings": [found.kind.value + (OPEN if found.needs_person else "") for found in record.discrepancies],
    }
    return {name: value for name, value in told.items() if value not in (None, 0, [], "")}


def _moment(at: datetime | None, day: date) -> str | None:
    """07:52, or +1 06:03 of the next day."""
    if at is None:
        return None
    return f"{at:%H:%M}" if at.date() == day else f"+{(at.date() - day).days} {at:%H:%M}"


def served(db: Session, office_id: int, first: date, last: date) -> list[Served]:
    """Return everybody who serves on one of these dates, by id."""
    parts: dict[int, list[Any]] = defaultdict(list)
    for row in rows(db, _served(), office=office_id, first=first, last=last):
        parts[row.id].append(row)
    return [
        Served(
            one[0].id,
            one[0].name,
            one[0].number,
            one[0].active_from,
            one[0].active_to,
            tuple((row.valid_from, row.division_id, row.employment_type.value) for row in one),
        )
        for one in parts.values()
    ]


@cache
def _served() -> Select[*tuple[Any, ...]]:
    first, last = bindparam("first", type_=Date), bindparam("last", type_=Date)
    columns: Any = select(
        Officer.id,
        Officer.name,
        Officer.number,
        Officer.active_from,
        Officer.active_to,
        Posting.valid_from,
        Posting.division_id,
        Posting.employment_type,
    )
    return (  # type: ignore[no-any-return]
        columns.join(Posting, (Posting.office_id == Officer.office_id) & (Posting.officer_id == Officer.id))
        .where(Officer.office_id == bindparam("office"), serves(first, last))
        .where(Posting.valid_from <= last, Posting.valid_to.is_(None) | (Posting.valid_to >= first))
        .order_by(Officer.id, Posting.valid_from)
    )


def open_days(lines: Iterable[str]) -> int:
    """Return how many days have something that a person must look at."""
    return sum(
        any(found.endswith(OPEN) for found in day.get("findings", ()))
        for text in lines
        if f'{OPEN}"' in text
        for day in read(text)["days"].values()
    )


class Difference(NamedTuple):
    """A day that reads otherwise than before; None: the officer had, or has, no such day."""

    officer_id: int
    name: str
    day: date
    before: Day | None
    after: Day | None


def differences(before: Mapping[int, str], after: Mapping[int, str]) -> list[Difference]:
    """Return the days that changed, by date and officer."""
    found: list[Difference] = []
    for officer_id in before.keys() | after.keys():
        was, now = before.get(officer_id), after.get(officer_id)
        if was != now:
            found += _of_one(officer_id, read(was), read(now))
    return sorted(found, key=lambda one: (one.day, one.name, one.officer_id))


def _of_one(officer_id: int, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[Difference]:
    before, after = was["days"], now["days"]
    for day in before.keys() | after.keys():
        if _weight(before.get(day)) != _weight(after.get(day)):
            name = now["name"] or was["name"]
            yield Difference(officer_id, name, date.fromisoformat(day), before.get(day), after.get(day))


def _weight(day: Day | None) -> Sequence[object]:
    return () if day is None else tuple(day.get(name) for name in _WEIGHS)


def read(text: str | None) -> dict[str, Any]:
    return json.loads(text) if text else {"name": "", "number": "", "days": {}}
