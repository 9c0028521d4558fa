"""A month as it is signed: one line for each officer, with every day, in a text that is the same whoever writes it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Text, bindparam, cast, func, literal_column, select
from sqlalchemy.orm import Session

from staffhub import days, office
from staffhub.among import among, is_among
from staffhub.clock import month_days
from staffhub.db import rows
from staffhub.models import Officer, StoredDay

Day = Mapping[str, Any]
_TIERS = ("late_tier", "early_tier")
# What the sheet tells of a day, and what follows from it: a difference here is a change of what was signed. Findings
# and the ids of rules are kept as well, but a log that was sent late changes nobody's month.
_WEIGHS = ("code", "mode", "first", "last", "worked", "late", "early", *_TIERS, "division", "employment")

# Stands behind a finding that a person must look at.
OPEN = "?"
_BETWEEN = "\n"


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Frozen(NamedTuple):
    """The lines of a month by officer, and of each a digest of what weighs in the rows that it was written from."""

    texts: dict[int, str]
    digests: dict[int, str]


def of_month(db: Session, office_id: int, first: date) -> dict[int, str]:
    """Return the line of everybody who has a stored day in the month, by officer: from when presence counts."""
    return frozen(db, office_id, first).texts


def frozen(db: Session, office_id: int, first: date, *, officers: Sequence[int] | None = None) -> Frozen:
    """Return the month's lines with their digests, perhaps of some alone. One statement: both say the same."""
    asked, zone = _from_when(db, office_id, first), office.facts(db, office_id).zone
    if asked is None:
        return Frozen({}, {})
    asked |= {} if officers is None else among(officers)
    found: dict[int, dict[str, Any]] = {}
    weighed: dict[int, list[str]] = {}
    for officer_id, name, number, day, weight, *told in rows(db, _stored(narrow="ids" in asked), **asked):
        line = found.setdefault(officer_id, {"name": name, "number": number, "days": {}})
        line["days"][day.isoformat()] = _entry(day, zone, *told)
        weighed.setdefault(officer_id, []).append(weight)
    texts = {officer_id: canonical(line) for officer_id, line in found.items()}
    return Frozen(texts, {officer_id: _digest(zone, those) for officer_id, those in weighed.items()})


def digests(db: Session, office_id: int, first: date) -> dict[int, str]:
    """Return the digests of `frozen` without writing anybody's line."""
    asked, zone = _from_when(db, office_id, first), office.facts(db, office_id).zone
    found = rows(db, _weighed(), **asked) if asked else ()
    return {officer_id: _digest(zone, told.split(_BETWEEN)) for officer_id, told in found}


def _digest(zone: ZoneInfo, weighed: Iterable[str]) -> str:
    """The same in whatever order the rows come. Times are written in the office's zone, so it is a part of it."""
    return blake2b(_BETWEEN.join((zone.key, *sorted(weighed))).encode(), digest_size=16).hexdigest()


@cache
def _weighed() -> Any:
    one, first, last = StoredDay, bindparam("first", type_=Date), bindparam("last", type_=Date)
    columns: Any = select(one.officer_id, func.aggregate_strings(_weight_of_row(), _BETWEEN))
    return columns.where(one.office_id == bindparam("office"), one.date.between(first, last)).group_by(one.officer_id)


def _weight_of_row() -> Any:
    """What weighs in a row, as the database writes it."""
    columns = [({"first": StoredDay.first, "last": StoredDay.last} | _PLAIN)[name] for name in _WEIGHS]
    told: Any = cast(StoredDay.date, Text)
    for column in columns:
        text = cast(column, Text)
        told = told + literal_column("'|'", Text) + (func.coalesce(text, "") if column.nullable else text)
    return told


class Counts(NamedTuple):
    """How many officers have a day in the month, how many days wait for a person, and the days by letter.

    Of the letters the most come first; half a day counts as half.
    """

    officers: int
    open_days: int
    codes: dict[str, float]


def counts(db: Session, office_id: int, first: date) -> Counts:
    """Count what `of_month` holds, by the database: nobody's line is written to know it."""
    asked = _from_when(db, office_id, first)
    if asked is None:
        return Counts(0, 0, {})
    officers, open_days, codes = 0, 0, dict[str, float]()
    for code, waits, many, people in rows(db, _counted(), **asked):
        officers, open_days = people, open_days + (many if waits else 0)
        for letter, share in days.shares(code).items():
            codes[letter] = codes.get(letter, 0) + share * many
    return Counts(officers, open_days, dict(sorted(codes.items(), key=lambda pair: -pair[1])))


def _from_when(db: Session, office_id: int, first: date) -> dict[str, Any] | None:
    """Return which stored days make the month; None: presence does not count."""
    known, dates = office.facts(db, office_id), month_days(first)
    if known.recorded_from is None:
        return None
    return {"office": office_id, "first": max(dates[0], known.recorded_from), "last": dates[-1]}


@cache
def _counted() -> Any:
    one, first, last = StoredDay, bindparam("first", type_=Date), bindparam("last", type_=Date)
    here = (one.office_id == bindparam("office"), one.date.between(first, last))
    officers = select(func.count(one.officer_id.distinct())).where(*here).scalar_subquery()
    columns: Any = select(one.code, one.needs_person, func.count(), officers)
    return columns.where(*here).group_by(one.code, one.needs_person)


def _entry(
    day: date, zone: ZoneInfo, first: datetime | None, last: datetime | None, findings: str, rules: str, *plain: Any
) -> dict[str, Any]:
    """Return a day; what is nothing is left out. Minutes are whole, times those of the office."""
    told = {name: value for name, value in zip(_PLAIN, plain, strict=True) if value}
    times = {"first": _moment(first, day, zone), "last": _moment(last, day, zone)}
    lists = {"findings": _kinds(findings), "rules": _ids(rules)}
    return told | {name: value for name, value in (*times.items(), *lists.items()) if value}


@lru_cache(maxsize=4096)
def _kinds(findings: str) -> list[str]:
    """Read each text once: a month has thousands of days and few kinds of them."""
    return [one["kind"] + (OPEN if one["needs_person"] else "") for one in json.loads(findings)]


@lru_cache(maxsize=4096)
def _ids(rules: str) -> list[int]:
    found: list[int] = json.loads(rules)
    return found


def _moment(at: datetime | None, day: date, zone: ZoneInfo) -> str | None:
    """07:52, or +1 06:03 of the next day."""
    if at is None:
        return None
    local = at.astimezone(zone)
    told = f"{local.hour:02}:{local.minute:02}"  # a fifth of what strftime takes
    return told if local.date() == day else f"+{(local.date() - day).days} {told}"


# What is kept of a day as it stands in its row.
_PLAIN = {
    "code": StoredDay.code,
    "mode": StoredDay.mode,
    "worked": StoredDay.worked,
    "late": StoredDay.late,
    "early": StoredDay.early,
    "late_tier": StoredDay.late_tier,
    "early_tier": StoredDay.early_tier,
    "division": StoredDay.division_id,
    "employment": StoredDay.employment_type,
}


@cache
def _stored(*, narrow: bool) -> Any:
    one, first, last = StoredDay, bindparam("first", type_=Date), bindparam("last", type_=Date)
    whose, lists = (Officer.name, Officer.number), (cast(one.findings, Text), cast(one.rules, Text))
    columns: Any = select(
        one.officer_id, *whose, one.date, _weight_of_row(), one.first, one.last, *lists, *_PLAIN.values()
    )
    columns = (
        columns.join(Officer, Officer.id == one.officer_id)
        .where(one.office_id == bindparam("office"), one.date.between(first, last))
        .order_by(one.officer_id, one.date)
    )
    return columns.where(is_among(one.officer_id)) if narrow else columns


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
