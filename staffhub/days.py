"""An officer's day: what was planned, declared and corrected, and what follows from it.

`reconcile` knows no database and no clock; `records` loads the facts of many days and asks it for each.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.clock import local_day
from staffhub.models import Correction, CorrectionKind, LogEntry, Mark, MarkKind, PlanMode, WorkMode, is_in_service
from staffhub.workdays import Plan, PlanBook, plans


class State(StrEnum):
    PRESENT = "present"
    HOME = "home"
    FIELD = "field"
    LEAVE = "leave"
    ABSENT = "absent"
    DAY_OFF = "day_off"
    PENDING = "pending"
    PLANNED = "planned"


WORKED = {WorkMode.OFFICE: State.PRESENT, WorkMode.HOME: State.HOME, WorkMode.FIELD: State.FIELD}
_AT_WORK = frozenset(WORKED.values())
_VERDICTS = {CorrectionKind.LEAVE: State.LEAVE, CorrectionKind.ABSENT: State.ABSENT}

# The letters of the paper recap (Berau's code): H present, DL field duty, C leave, A absent, L day off. WFH has no
# agreed letter and stands for itself; K and R are plans for the office and for home.
_LETTERS = {
    State.PRESENT: "H",
    State.HOME: "WFH",
    State.FIELD: "DL",
    State.LEAVE: "C",
    State.ABSENT: "A",
    State.DAY_OFF: "L",
    State.PENDING: "-",
}
_PLAN_LETTERS = {PlanMode.OFFICE: "K", PlanMode.HOME: "R", PlanMode.FIELD: "DL", PlanMode.LEAVE: "C"}


class Finding(StrEnum):
    LATE = "late"
    EARLY = "early"
    NO_CHECK_IN = "no_check_in"
    NO_CHECK_OUT = "no_check_out"
    ABSENT = "absent"
    OTHER_PLACE = "other_place"
    WORKED_ON_LEAVE = "worked_on_leave"
    WORKED_ON_DAY_OFF = "worked_on_day_off"


@dataclass(frozen=True)
class Discrepancy:
    """Something that does not fit. `count` is minutes, or for an absence the log entries that speak against it."""

    kind: Finding
    needs_person: bool
    count: int = 0


@dataclass(frozen=True)
class MarkFact:
    turn: int
    kind: MarkKind
    mode: WorkMode | None
    at: datetime


@dataclass(frozen=True)
class CorrectionFact:
    id: int
    kind: CorrectionKind
    at: datetime | None
    mode: WorkMode | None
    created_at: datetime


@dataclass(frozen=True)
class Facts:
    """All that is known of one officer on one date.

    `counted` False: outside the officer's service, or before the office recorded anything; nobody is absent then.
    """

    day: date
    now: datetime
    zone: ZoneInfo
    plan: Plan
    marks: tuple[MarkFact, ...] = ()
    corrections: tuple[CorrectionFact, ...] = ()
    log_entries: int = 0
    counted: bool = True


@dataclass(frozen=True)
class DayRecord:
    """What follows from the facts, in the office's time. `marks` and `corrections` are all there are, oldest first."""

    day: date
    plan: Plan
    state: State
    mode: WorkMode | None
    modes: tuple[WorkMode, ...]
    first: datetime | None
    last: datetime | None
    late: int
    early: int
    discrepancies: tuple[Discrepancy, ...]
    marks: tuple[MarkFact, ...]
    corrections: tuple[CorrectionFact, ...]
    counted: bool

    @property
    def needs_person(self) -> bool:
        return any(found.needs_person for found in self.discrepancies)

    @property
    def is_work(self) -> bool:
        return self.state in _AT_WORK

    @property
    def is_plain(self) -> bool:
        """Nothing to look at: an ordinary day at work or off, or one that is still a plan."""
        ordinary = self.state in {State.PRESENT, State.HOME, State.DAY_OFF, State.PLANNED}
        return ordinary and not self.discrepancies and not self.corrections

    @property
    def minutes(self) -> int:
        """From the first mark to the last, the break included."""
        return _minutes(self.first, self.last) if self.first and self.last else 0

    @property
    def code(self) -> str:
        if self.state is State.PLANNED:
            return _PLAN_LETTERS.get(self.plan.mode, "L") if self.plan.mode else "L"
        if self.state is State.DAY_OFF and self.plan.mode:
            return ""  # a working day that is not counted
        if self.late:
            return "HT"
        return "HP" if self.early else _LETTERS[self.state]


def reconcile(facts: Facts) -> DayRecord:
    marks = tuple(sorted(facts.marks, key=lambda mark: (mark.at, mark.turn)))
    corrections = tuple(sorted(facts.corrections, key=lambda fact: (fact.created_at, fact.id)))
    newest = {fact.kind: fact for fact in corrections}
    is_over = facts.day < local_day(facts.now, facts.zone)
    verdict = _verdict(corrections, is_over=is_over)
    first, last = _first(marks, newest, facts.zone), _last(marks, newest, facts.zone)
    modes = _modes(marks, newest, facts.plan) if first or last or CorrectionKind.MODE in newest else ()
    state = verdict or _state(facts, modes)
    late, early = _against_hours(facts, state, first, last)
    record = DayRecord(
        day=facts.day,
        plan=facts.plan,
        state=state,
        mode=modes[0] if modes else None,
        modes=modes,
        first=first,
        last=last,
        late=late,
        early=early,
        discrepancies=(),
        marks=marks,
        corrections=corrections,
        counted=facts.counted,
    )
    return _with_discrepancies(record, newest, is_over=is_over, log_entries=facts.log_entries)


def _verdict(corrections: Sequence[CorrectionFact], *, is_over: bool) -> State | None:
    """Leave or absence as decided by a person; a later correction of a time or a place sets it aside.

    Nobody is absent before the day is over, whoever says so.
    """
    state = _VERDICTS.get(corrections[-1].kind) if corrections else None
    return None if state is State.ABSENT and not is_over else state


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    """Return a time as people read it: what counts is the minute on the screen, never a hidden second."""
    return at.astimezone(zone).replace(second=0, microsecond=0)


def _first(marks: Sequence[MarkFact], newest: dict[CorrectionKind, CorrectionFact], zone: ZoneInfo) -> datetime | None:
    corrected = newest.get(CorrectionKind.CHECK_IN)
    if corrected and corrected.at:
        return _shown(corrected.at, zone)
    return next((_shown(mark.at, zone) for mark in marks if mark.kind is MarkKind.CHECK_IN), None)


def _last(marks: Sequence[MarkFact], newest: dict[CorrectionKind, CorrectionFact], zone: ZoneInfo) -> datetime | None:
    """Return when work ended; a check-in after the check-out opens the day again."""
    corrected = newest.get(CorrectionKind.CHECK_OUT)
    if corrected and corrected.at:
        return _shown(corrected.at, zone)
    return _shown(marks[-1].at, zone) if marks and marks[-1].kind is MarkKind.CHECK_OUT else None


def _modes(marks: Sequence[MarkFact], newest: dict[CorrectionKind, CorrectionFact], plan: Plan) -> tuple[WorkMode, ...]:
    """Return every place of work of the day; the first decides the letter, and a corrected one comes first."""
    corrected = [newest[kind].mode for kind in (CorrectionKind.MODE, CorrectionKind.CHECK_IN) if kind in newest]
    declared = [mark.mode for mark in marks if mark.kind is MarkKind.CHECK_IN]
    found = tuple(dict.fromkeys(mode for mode in (*corrected, *declared) if mode))
    return found or ((WorkMode(plan.mode) if plan.mode and plan.is_work else WorkMode.OFFICE),)


def _state(facts: Facts, modes: Sequence[WorkMode]) -> State:
    if modes:
        return WORKED[modes[0]]
    if not facts.counted or facts.plan.mode is None:
        return State.DAY_OFF
    today = local_day(facts.now, facts.zone)
    if facts.day > today:
        return State.PLANNED
    if facts.plan.mode is PlanMode.LEAVE:
        return State.LEAVE
    return State.ABSENT if facts.day < today else State.PENDING


def _minutes(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()) // 60)


def _against_hours(facts: Facts, state: State, first: datetime | None, last: datetime | None) -> tuple[int, int]:
    """Return late and early minutes. Field duty begins where its order says, not at the office's clock."""
    hours = facts.plan.hours
    if state not in {State.PRESENT, State.HOME} or not facts.plan.is_work or hours is None:
        return 0, 0

    def at(clock_time: time) -> datetime:
        return datetime.combine(facts.day, clock_time, tzinfo=facts.zone)

    late = _minutes(at(hours.starts), first) if first else 0
    return late, _minutes(last, at(hours.ends)) if last else 0


def _with_discrepancies(
    record: DayRecord, newest: dict[CorrectionKind, CorrectionFact], *, is_over: bool, log_entries: int
) -> DayRecord:
    """What a person has to look at waits until the day is over; what a person has decided is settled."""
    decided = CorrectionKind.MODE in newest
    plan = record.plan.mode
    checks = (
        (Finding.LATE, record.late > 0, False, record.late),
        (Finding.EARLY, record.early > 0, False, record.early),
        (Finding.ABSENT, record.state is State.ABSENT, CorrectionKind.ABSENT not in newest, log_entries),
        (Finding.NO_CHECK_IN, record.is_work and record.first is None, is_over, 0),
        (Finding.NO_CHECK_OUT, record.is_work and record.last is None and is_over, True, 0),
        (Finding.WORKED_ON_LEAVE, record.is_work and plan is PlanMode.LEAVE, is_over and not decided, 0),
        (Finding.WORKED_ON_DAY_OFF, record.is_work and plan is None, False, 0),
        (Finding.OTHER_PLACE, _is_elsewhere(record, decided=decided), is_over and not decided, 0),
    )
    found = tuple(Discrepancy(kind, needs, count) for kind, holds, needs, count in checks if holds)
    return replace(record, discrepancies=found) if found else record


def _is_elsewhere(record: DayRecord, *, decided: bool) -> bool:
    """Whether the planned place was none of those worked at; only the decided one counts once a person decided."""
    if not record.is_work or not record.plan.is_work:
        return False
    places = record.modes[:1] if decided else record.modes
    return record.plan.mode not in {PlanMode(place) for place in places}


class Serving(Protocol):
    """Somebody of the register, with the dates of service."""

    @property
    def id(self) -> int: ...
    @property
    def active_from(self) -> date: ...
    @property
    def active_to(self) -> date | None: ...


@dataclass(frozen=True)
class Declared:
    """The marks, corrections and counts of log entries of many officers, by (officer, date)."""

    marks: dict[tuple[int, date], list[MarkFact]]
    entries: dict[tuple[int, date], int]
    corrections: dict[tuple[int, date], list[CorrectionFact]]


def is_counted(officer: Serving, day: date, recorded_from: date | None) -> bool:
    """Whether an absence would mean something: in service, and the office was already recording."""
    return (
        is_in_service(officer.active_from, officer.active_to, day)
        and recorded_from is not None
        and recorded_from <= day
    )


def records(
    db: Session,
    office_id: int,
    officers: Sequence[Serving],
    days: Sequence[date],
    *,
    zone: ZoneInfo,
    now: datetime,
    recorded_from: date | None,
) -> tuple[PlanBook, dict[int, list[DayRecord]]]:
    """Return the plans and every day of every officer, in five statements."""
    ids = [officer.id for officer in officers]
    book = plans(db, office_id, days[0], days[-1], officers=ids)
    declared = _declared(db, office_id, ids, days)
    today = local_day(now, zone)

    def record(officer: Serving, day: date) -> DayRecord:
        key = (officer.id, day)
        return reconcile(
            Facts(
                day=day,
                now=now,
                zone=zone,
                plan=book.of(officer.id, day),
                marks=tuple(declared.marks.get(key, ())),
                corrections=tuple(declared.corrections.get(key, ())),
                log_entries=declared.entries.get(key, 0),
                counted=is_counted(officer, day, recorded_from if day < today else day),
            )
        )

    return book, {officer.id: [record(officer, day) for day in days] for officer in officers}


def _declared(db: Session, office_id: int, ids: Iterable[int], days: Sequence[date]) -> Declared:
    found = Declared(defaultdict(list), {}, defaultdict(list))
    officers, span = list(ids), (days[0], days[-1])
    marks = select(Mark.officer_id, Mark.date, Mark.turn, Mark.kind, Mark.mode, Mark.attempted_at).where(
        Mark.office_id == office_id, Mark.date.between(*span), Mark.officer_id.in_(officers)
    )
    entries = (
        select(LogEntry.officer_id, LogEntry.date, sa.func.count(), sa.null(), sa.null(), sa.null())
        .where(LogEntry.office_id == office_id, LogEntry.date.between(*span), LogEntry.officer_id.in_(officers))
        .group_by(LogEntry.officer_id, LogEntry.date)
    )
    rows: Iterable[Any] = db.execute(sa.union_all(marks, entries))
    for row in rows:
        key = (row.officer_id, row.date)
        if row.kind is None:
            found.entries[key] = row.turn
        else:
            found.marks[key].append(MarkFact(row.turn, row.kind, row.mode, row.attempted_at))
    corrections = select(
        Correction.officer_id,
        Correction.date,
        Correction.id,
        Correction.kind,
        Correction.at,
        Correction.mode,
        Correction.created_at,
    ).where(Correction.office_id == office_id, Correction.date.between(*span), Correction.officer_id.in_(officers))
    for row in db.execute(corrections):
        fact = CorrectionFact(row.id, row.kind, row.at, row.mode, row.created_at)
        found.corrections[row.officer_id, row.date].append(fact)
    return found
