"""Days that are over, written as rows: what `reconcile` says of their facts, and a hash of what it was told.

Rows follow from facts and are never the truth themselves: whoever writes the same days twice leaves the same rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from staffhub import clock, office, presence
from staffhub.among import among, is_among
from staffhub.days import proposals
from staffhub.days.facts import load
from staffhub.days.proposing import propose
from staffhub.days.reconciling import reconcile
from staffhub.days.record import DayRecord, Facts, Finding, Stage
from staffhub.db import rows
from staffhub.models import Correction, EmploymentType, Mark, Officer, Posting, StoredDay, serves

_A_DAY = timedelta(days=1)
# What of the facts no rule reads, told apart below from what one does. The rules are in the row, by their ids.
_TOLD_APART = {"day", "stage", "marks", "corrections", "rules", "excuses", "fingers", "proofs"}
REST = [field.name for field in fields(Facts) if field.name not in _TOLD_APART]


class Looks(NamedTuple):
    """What people see of a day on the sheet."""

    code: str
    worked: int
    late: int
    early: int
    kinds: str


class Changed(NamedTuple):
    """A day whose row is another one now; None: there is or was none."""

    officer_id: int
    day: date
    before: Looks | None
    after: Looks | None

    @property
    def is_seen(self) -> bool:
        return self.before != self.after


class Differs(NamedTuple):
    """A stored day that is not what its facts say, and in which columns; `day_record`: it is missing, or too many."""

    officer_id: int
    day: date
    columns: tuple[str, ...]


# Said by the machine itself, and not by the facts.
_NOT_COMPARED = {"id", "computed_at"}


class _Kept(NamedTuple):
    facts_hash: str
    looks: Looks


class _Person(NamedTuple):
    id: int
    active_from: date
    active_to: date | None


_Postings = Mapping[int, Sequence[tuple[date, int | None, EmploymentType]]]
_Key = tuple[int, date]


def dates_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def write(
    db: Session, office_id: int, dates: Sequence[date], *, until: date, officers: Sequence[int] | None, now: datetime
) -> list[Changed]:
    """Write the rows of these dates, which follow each other, as their facts say; return what is another row now.
    Where a day lacks its check-out then, one is proposed.

    `until` is the last date that is stored: its nights may still be open. `officers` None: everybody. The rows are
    locked before the facts are read, so that of two who change facts of one day the second writes what follows from
    both.
    """
    kept = _kept(db, office_id, dates[0], dates[-1], officers)
    made = compute(db, office_id, dates, until=until, officers=officers, now=now)
    changed = [
        Changed(*key, kept[key].looks if key in kept else None, _looks(row))
        for key, row in made.items()
        if key not in kept or kept[key].facts_hash != row["facts_hash"]
    ]
    if changed:
        db.connection().execute(_upsert(db.get_bind().dialect.name), [made[one.officer_id, one.day] for one in changed])
    proposals.answered(db, office_id, [one[:2] for one in changed if _ends(one)], now=now)
    if any(_lacks_end(one.after) for one in changed):
        propose(db, office_id, dates[0], dates[-1], now=now)
    gone = [key for key in kept if key not in made]
    for officer_id, day in gone:
        this = (StoredDay.office_id == office_id, StoredDay.officer_id == officer_id, StoredDay.date == day)
        db.execute(sa.delete(StoredDay).where(*this))
    return [*changed, *(Changed(*key, kept[key].looks, None) for key in gone)]


def _ends(one: Changed) -> bool:
    """Whether a day lacked its check-out and lacks it no longer."""
    return _lacks_end(one.before) and not _lacks_end(one.after)


def _lacks_end(looks: Looks | None) -> bool:
    return looks is not None and f",{Finding.NO_CHECK_OUT.value}," in looks.kinds


def compute(
    db: Session, office_id: int, dates: Sequence[date], *, until: date, officers: Sequence[int] | None, now: datetime
) -> dict[_Key, dict[str, Any]]:
    """Return the rows of these dates as their facts say, by officer and date; nothing is written."""
    made = _as_of(db, office_id, dates, until=until, officers=officers, now=now)
    # A night whose time has run out since midnight is over by now, as it will be for the day after.
    ended = {key for key, row in made.items() if row["open_until"] and row["open_until"] <= now}
    if ended:
        who, days = sorted({key[0] for key in ended}), sorted({key[1] for key in ended})
        later = _as_of(db, office_id, days, until=until + _A_DAY, officers=who, now=now)
        made |= {key: later[key] for key in ended}
    return made


def _as_of(
    db: Session, office_id: int, dates: Sequence[date], *, until: date, officers: Sequence[int] | None, now: datetime
) -> dict[_Key, dict[str, Any]]:
    """Return the rows as they were at the midnight after `until`."""
    people = [
        _Person(*row)
        for row in rows(db, _people(narrow=officers is not None), **_asked(office_id, dates[0], dates[-1], officers))
    ]
    if not people:
        return {}
    zone = office.facts(db, office_id).zone
    midnight = clock.at_local(until + _A_DAY, time(), zone)
    loaded = load(db, office_id, people, dates, zone=zone, now=midnight)
    postings = _postings(db, office_id, [one.id for one in people])
    made: dict[_Key, dict[str, Any]] = {}
    for key, facts in loaded.facts.items():
        if is_kept(facts):
            made[key] = _row(facts, office_id, key[0], _posting_on(postings.get(key[0], ()), key[1]), now)
    return made


def differing(db: Session, office_id: int, dates: Sequence[date], *, until: date, now: datetime) -> list[Differs]:
    """Compare the stored rows of these dates with what their facts say, column by column; nothing is written."""
    made = compute(db, office_id, dates, until=until, officers=None, now=now)
    table: Any = StoredDay.__table__
    columns = [column for column in table.c if column.name not in _NOT_COMPARED]
    here = (table.c.office_id == office_id, table.c.date.between(dates[0], dates[-1]))
    found = {(row.officer_id, row.date): row for row in db.connection().execute(select(*columns).where(*here))}
    differs = [Differs(key[0], key[1], ("day_record",)) for key in made.keys() ^ found.keys()]
    for key in made.keys() & found.keys():
        row = found[key]
        if row.open_until is None:
            names = [name for name in row._fields if getattr(row, name) != made[key][name]]
            differs += [Differs(key[0], key[1], tuple(names))] if names else []
    return sorted(differs)


def is_kept(facts: Facts) -> bool:
    """Whether a day has a row: the person serves then, or left something all the same."""
    return facts.serves or bool(facts.marks or facts.corrections)


def _row(
    facts: Facts, office_id: int, officer_id: int, posting: tuple[int | None, EmploymentType] | None, now: datetime
) -> dict[str, Any]:
    division_id, employment = posting or (None, None)
    record = reconcile(facts)
    row = {
        "office_id": office_id,
        "officer_id": officer_id,
        "date": facts.day,
        "division_id": division_id,
        "employment_type": employment,
        "open_until": _open_until(facts),
    } | values_of(record)
    return row | {"facts_hash": _hash(facts, row), "computed_at": now}


def values_of(record: DayRecord) -> dict[str, Any]:
    """Return what a row keeps of a record."""
    found = [
        {
            "kind": one.kind.value,
            "needs_person": one.needs_person,
            "count": one.count,
            "rows": [list(row) for row in one.evidence],
        }
        for one in record.discrepancies
    ]
    return {
        "state": record.state.value,
        "code": record.code,
        "mode": record.mode,
        "planned": record.plan.mode.value if record.plan.mode else None,
        "half": record.plan.half.part if record.half and record.plan.half else None,
        "note": record.plan.note[:200],
        "first": record.first,
        "last": record.last,
        "worked": record.worked,
        "late": record.late,
        "early": record.early,
        "late_tier": record.late_tier[:20],
        "early_tier": record.early_tier[:20],
        "findings": found,
        "kinds": kinds_of(record),
        "needs_person": record.needs_person,
        "is_plain": record.is_plain,
        "corrected": bool(record.corrections),
        "counted": record.counted,
        "rules": list(record.rules),
    }


def kinds_of(record: DayRecord) -> str:
    """Return the kinds of what was found between commas, so that one is looked for as `,late,`."""
    return "".join(f",{one.kind.value}" for one in record.discrepancies) + "," if record.discrepancies else ""


def _open_until(facts: Facts) -> datetime | None:
    if facts.stage is not Stage.RUNNING:
        return None
    return max(facts.marks, key=lambda mark: mark.turn).at + presence.OPEN_FOR


def _hash(facts: Facts, row: Mapping[str, Any]) -> str:
    """A digest of what the rules read and of what followed: another program that says something else shows as well."""
    marks = sorted((mark.turn, mark.kind.value, mark.mode, mark.at.timestamp()) for mark in facts.marks)
    fixes = sorted((fix.id, fix.kind.value, fix.at, fix.mode, fix.created_at) for fix in facts.corrections)
    said = [value for name, value in row.items() if name != "half"]
    told: tuple[object, ...] = (facts.stage.value, marks, fixes, [getattr(facts, name) for name in REST], said)
    # Told last, and only where there is one: a day without it has the hash that it had before there were such.
    half = (facts.plan.half,) if facts.plan.half else ()
    told = (*told, *half, *sorted(facts.excuses), *facts.proofs)
    if facts.fingers:
        told = (*told, [(one.id, one.kind, one.at.timestamp()) for one in facts.fingers])
    return blake2b(repr(told).encode(), digest_size=16).hexdigest()


def _looks(row: Mapping[str, Any]) -> Looks:
    return Looks(*(row[name] for name in Looks._fields))


def _asked(office_id: int, first: date, last: date, officers: Sequence[int] | None) -> dict[str, Any]:
    return {"office": office_id, "first": first, "last": last} | ({} if officers is None else {"ids": officers})


def _kept(db: Session, office_id: int, first: date, last: date, officers: Sequence[int] | None) -> dict[_Key, _Kept]:
    asked = _asked(office_id, first, last, officers)
    found = rows(db, _of_rows(narrow=officers is not None), **asked)
    return {(who, day): _Kept(hash_, Looks(*looks)) for who, day, hash_, *looks in found}


@cache
def _of_rows(*, narrow: bool) -> Any:
    """In one order whoever asks, so that two who lock several rows never wait for each other crosswise."""
    one = StoredDay
    seen = [getattr(one, name) for name in Looks._fields]
    wanted: Any = (
        select(one.officer_id, one.date, one.facts_hash, *seen)
        .where(one.office_id == sa.bindparam("office"))
        .where(one.date.between(sa.bindparam("first"), sa.bindparam("last")))
        .order_by(one.officer_id, one.date)
        .with_for_update()
    )
    return wanted.where(is_among(one.officer_id)) if narrow else wanted


@cache
def _people(*, narrow: bool) -> Any:
    first, last = sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date)
    wanted: Any = select(Officer.id, Officer.active_from, Officer.active_to)
    wanted = wanted.where(Officer.office_id == sa.bindparam("office")).order_by(Officer.id)
    if narrow:
        return wanted.where(is_among(Officer.id))
    left_something = [
        select(table.id)
        .where(table.office_id == Officer.office_id, table.officer_id == Officer.id, table.date.between(first, last))
        .exists()
        for table in (Mark, Correction)
    ]
    return wanted.where(sa.or_(serves(first, last), *left_something))


def _postings(db: Session, office_id: int, ids: Sequence[int]) -> _Postings:
    asked = {"office": office_id} | among(ids)
    found: defaultdict[int, list[tuple[date, int | None, EmploymentType]]] = defaultdict(list)
    for officer_id, *posting in rows(db, _of_postings(narrow="ids" in asked), **asked):
        found[officer_id].append((posting[0], posting[1], posting[2]))
    return found


@cache
def _of_postings(*, narrow: bool) -> Any:
    one = Posting
    wanted: Any = select(one.officer_id, one.valid_from, one.division_id, one.employment_type)
    wanted = wanted.where(one.office_id == sa.bindparam("office")).order_by(one.valid_from)
    return wanted.where(is_among(one.officer_id)) if narrow else wanted


def _posting_on(
    postings: Iterable[tuple[date, int | None, EmploymentType]], day: date
) -> tuple[int | None, EmploymentType] | None:
    standing = None
    for start, division_id, employment in postings:
        if start <= day:
            standing = division_id, employment
    return standing


@cache
def _upsert(dialect: str) -> Any:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table: Any = StoredDay.__table__
    key = ("office_id", "officer_id", "date")
    added = make(table)
    values = {column.name: added.excluded[column.name] for column in table.c if column.name not in {"id", *key}}
    return added.on_conflict_do_update(index_elements=key, set_=values)
