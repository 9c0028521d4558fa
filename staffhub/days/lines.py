"""Days as a sheet shows them: read from their rows where they are stored, worked out where they are not.

Both give the same `DayLine`, since a row is what `reconcile` said of the same facts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.among import among, is_among
from staffhub.clock import local_day
from staffhub.days.facts import Days, Serving, load
from staffhub.days.reconciling import reconcile
from staffhub.days.record import HALF, DayRecord, Discrepancy, Finding, State
from staffhub.days.store import REST, is_kept, kinds_of
from staffhub.db import rows
from staffhub.models import PlanMode, StoredDay, WorkMode
from staffhub.workdays import Plan

_A_DAY = timedelta(days=1)


class DayLine(NamedTuple):
    """A cell of a sheet. `worked`, `late` and `early` are minutes; `kinds` are the findings between commas."""

    day: date
    state: State
    code: str
    worked: int
    late: int
    early: int
    needs_person: bool
    is_plain: bool
    kinds: str
    mode: WorkMode | None = None


def line_of(record: DayRecord) -> DayLine:
    return DayLine(
        record.day,
        record.state,
        record.code,
        record.worked,
        record.late,
        record.early,
        record.needs_person,
        record.is_plain,
        kinds_of(record),
        record.mode,
    )


@cache
def blank(day: date) -> DayLine:
    """A day on which somebody does not serve, or serves elsewhere: nothing stands in its cell."""
    return DayLine(day, State.DAY_OFF, "", 0, 0, 0, needs_person=False, is_plain=True, kinds="")


class Span(NamedTuple):
    """Dates of a range: those that are stored, and those that have to be worked out, if any."""

    stored: tuple[date, date] | None
    live: tuple[date, date] | None


def span(db: Session, office_id: int, first: date, last: date) -> Span:
    """Split a range where what is stored ends. Where something before it is not stored, all of it is worked out."""
    known = office.facts(db, office_id)
    if known.stored_from is None or known.stored_to is None or first < known.stored_from or first > known.stored_to:
        return Span(None, (first, last))
    if last <= known.stored_to:
        return Span((first, last), None)
    return Span((first, known.stored_to), (known.stored_to + _A_DAY, last))


@dataclass(frozen=True)
class Lines:
    """The days of people over a range of dates. `live`: the facts of those that were worked out."""

    found: dict[tuple[int, date], DayLine]
    live: Days | None

    def of(self, officer_id: int, day: date) -> DayLine:
        return self.found.get((officer_id, day)) or blank(day)


def lines(
    db: Session,
    office_id: int,
    officers: Sequence[Serving],
    dates: Sequence[date],
    *,
    zone: ZoneInfo,
    now: datetime,
    loaded: Days | None = None,
) -> Lines:
    """Read the days of these people, in one statement for what is stored and those of `load` for what is not.

    `loaded`: the facts of these people to the end of the range, from the first day that is not stored or over.
    """
    split, ids = span(db, office_id, dates[0], dates[-1]), [one.id for one in officers]
    found: dict[tuple[int, date], DayLine] = {}
    live = split.live
    if split.stored:
        asked = {"office": office_id, "first": split.stored[0], "last": split.stored[1]} | among(ids)
        nights: list[date] = []
        for who, day, state, *told, open_until in rows(db, _of_rows(narrow="ids" in asked), **asked):
            if open_until is not None:
                nights.append(day)
            found[who, day] = DayLine(day, _STATES[state], *told)
        if nights:  # a night that may still take its check-out is worked out each time
            live = (min(nights), dates[-1])
    if loaded is None and live and officers:
        loaded = load(db, office_id, officers, _dates(*live), zone=zone, now=now)
    if loaded:
        found |= _worked_out(loaded, officers)
    return Lines(found, loaded)


_STATES = {state.value: state for state in State}


@cache
def _of_rows(*, narrow: bool) -> Any:
    one = StoredDay
    told = (one.state, one.code, one.worked, one.late, one.early, one.needs_person, one.is_plain, one.kinds, one.mode)
    wanted: Any = (
        select(one.officer_id, one.date, *told, one.open_until)
        .where(one.office_id == bindparam("office"))
        .where(one.date.between(bindparam("first"), bindparam("last")))
    )
    return wanted.where(is_among(one.officer_id)) if narrow else wanted


def _worked_out(loaded: Days, officers: Collection[Serving]) -> dict[tuple[int, date], DayLine]:
    """Most days to come say the same of everybody with the same plan: those are worked out once."""
    asked = {one.id for one in officers}
    found: dict[tuple[int, date], DayLine] = {}
    same: dict[tuple[object, ...], DayLine] = {}
    for key, facts in loaded.facts.items():
        if key[0] not in asked or not is_kept(facts):
            continue
        if facts.marks or facts.corrections or facts.excuses or facts.fingers or facts.proofs:
            found[key] = line_of(reconcile(facts))
            continue
        alike = (facts.day, facts.stage, id(facts.rules), *(id(getattr(facts, name)) for name in REST))
        line = same.get(alike)
        if line is None:
            line = same[alike] = line_of(reconcile(facts))
        found[key] = line
    return found


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def count_waiting(db: Session, office_id: int, first: date, last: date, within: sa.ColumnElement[bool]) -> int:
    """Return how many stored days of these dates wait for a person; `within` says whose, by StoredDay's columns.

    Nights that are still open are left to whoever works them out.
    """
    one = StoredDay
    wanted = select(sa.func.count()).where(one.office_id == office_id, one.date.between(first, last))
    return db.scalar(wanted.where(sa.text("needs_person = true"), one.open_until.is_(None), within)) or 0


@dataclass(frozen=True)
class Waiting:
    """The days of a range that wait for a person, by officer. `loaded`: the facts, where some had to be worked out."""

    stored: dict[int, dict[date, Any]]
    live: dict[int, dict[date, DayRecord]]
    zone: ZoneInfo
    loaded: Days | None

    def of(self, officer_id: int) -> list[date]:
        return sorted((*self.stored.get(officer_id, ()), *self.live.get(officer_id, ())))

    def record(self, officer_id: int, day: date) -> DayRecord:
        """Return the day as far as its row tells it: without the marks and corrections behind it."""
        there = self.live.get(officer_id, {}).get(day)
        return there or restored(self.stored[officer_id][day], self.zone)


def waiting(
    db: Session,
    office_id: int,
    officers: Sequence[Serving],
    dates: Sequence[date],
    *,
    beside: Collection[Serving],
    zone: ZoneInfo,
    now: datetime,
) -> Waiting:
    """Find the days that need a person, of these people: in one statement, and those of `load` where days that are
    over are not stored yet or a night is open.

    `beside`: those of them whose days are read next. What is loaded has all of theirs, so that it is loaded once.
    """
    split, today = span(db, office_id, dates[0], dates[-1]), local_day(now, zone)
    known, stored, nights = {one.id: one for one in officers}, dict[int, dict[date, Any]](), dict[int, date]()
    if split.stored:
        for row in rows(db, _WAITING, office=office_id, first=split.stored[0], last=split.stored[1]):
            if row.officer_id not in known:
                continue
            if row.open_until is None:
                stored.setdefault(row.officer_id, {})[row.date] = row
            else:
                nights[row.officer_id] = row.date
    behind = split.live[0] if split.live and split.live[0] < today else None
    if not officers or (behind is None and not nights):
        return Waiting(stored, {}, zone, None)
    who = known if behind else {one.id: one for one in beside} | {one: known[one] for one in nights}
    first = min([*nights.values(), *([behind] if behind else ())])
    loaded = load(db, office_id, list(who.values()), _dates(first, dates[-1]), zone=zone, now=now)
    live: dict[int, dict[date, DayRecord]] = {}
    for (one, day), facts in loaded.facts.items():
        if nights.get(one) == day or (behind and behind <= day <= today):
            record = reconcile(facts)
            if record.needs_person:
                live.setdefault(one, {})[day] = record
    return Waiting(stored, live, zone, loaded)


# What of a row makes a record again.
KEPT = tuple(
    getattr(StoredDay, name)
    for name in (
        "officer_id", "date", "state", "code", "mode", "planned", "note", "first", "last", "worked", "late", "early",
        "late_tier", "early_tier", "findings", "counted", "corrected", "open_until",
    )
)  # fmt: skip
_WAITING: Any = (
    select(*KEPT)
    .where(StoredDay.office_id == bindparam("office"), StoredDay.date.between(bindparam("first"), bindparam("last")))
    .where(sa.or_(sa.text("needs_person = true"), sa.text("open_until IS NOT NULL")))
)


def restored(row: Any, zone: ZoneInfo) -> DayRecord:
    """Return what a row keeps of a record."""
    found = tuple(Discrepancy(Finding(one["kind"]), one["needs_person"], one["count"]) for one in row.findings)
    return DayRecord(
        day=row.date,
        plan=Plan(PlanMode(row.planned) if row.planned else None, "stored", row.note),
        state=_STATES[row.state],
        letter=" ".join(letter for letter in row.code.split() if not letter.endswith(HALF)),
        mode=row.mode,
        modes=(row.mode,) if row.mode else (),
        first=row.first and row.first.astimezone(zone),
        last=row.last and row.last.astimezone(zone),
        worked=row.worked,
        late=row.late,
        early=row.early,
        late_tier=row.late_tier,
        early_tier=row.early_tier,
        discrepancies=found,
        rules=(),
        marks=(),
        corrections=(),
        counted=row.counted,
        zone=zone,
        half=next((letter for letter in row.code.split() if letter.endswith(HALF)), ""),
        corrected=row.corrected,
    )


def with_findings(
    db: Session,
    office_id: int,
    officers: Sequence[Serving],
    dates: Sequence[date],
    kinds: Collection[str],
    *,
    zone: ZoneInfo,
    now: datetime,
    loaded: Days | None,
) -> tuple[dict[int, list[date]], Days | None]:
    """Return the dates, until today, on which one of these findings stands, by officer, and what was loaded for it.

    `loaded`: what `waiting` has loaded with these people beside, to load it once.
    """
    split, today = span(db, office_id, dates[0], dates[-1]), local_day(now, zone)
    found: dict[int, list[date]] = {}
    if split.stored:
        one = StoredDay
        looked = sa.or_(*(one.kinds.contains(f",{kind},") for kind in sorted(kinds)))
        here = (one.office_id == office_id, one.date.between(*split.stored), looked)
        for who, day in db.execute(select(one.officer_id, one.date).where(*here)):
            found.setdefault(who, []).append(day)
    if loaded is None and split.live and split.live[0] <= today and officers:
        loaded = load(db, office_id, officers, _dates(*split.live), zone=zone, now=now)
    if loaded and split.live:
        for (who, day), line in _worked_out(loaded, officers).items():
            if split.live[0] <= day <= today and any(f",{kind}," in line.kinds for kind in kinds):
                found.setdefault(who, []).append(day)
    return found, loaded
