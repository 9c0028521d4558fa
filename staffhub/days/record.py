"""What follows from the facts of a day. `reconcile` knows no database and no clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from staffhub.models import (
    PLAN_LETTERS,
    CorrectionKind,
    CorrectionReason,
    Grade,
    MarkKind,
    PlanMode,
    WorkMode,
    receipt_code,
)
from staffhub.workdays import Plan


class Stage(StrEnum):
    """How far a day has come. A night that still takes its check-out runs on after midnight."""

    TO_COME = "to_come"
    RUNNING = "running"
    OVER = "over"


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
_ORDINARY = frozenset({State.PRESENT, State.HOME, State.DAY_OFF, State.PLANNED})
_VERDICTS = {CorrectionKind.LEAVE: State.LEAVE, CorrectionKind.ABSENT: State.ABSENT}

# The letters of the paper recap (Berau's code): H present, DL field duty, C leave, A absent, L day off. WFH has no
# agreed letter and stands for itself; what is planned has its letters with the plan.
_LETTERS = {
    State.PRESENT: "H",
    State.HOME: "WFH",
    State.FIELD: PLAN_LETTERS[PlanMode.FIELD],
    State.LEAVE: PLAN_LETTERS[PlanMode.LEAVE],
    State.ABSENT: "A",
    State.DAY_OFF: PLAN_LETTERS[None],
    State.PENDING: "-",
}


class Finding(StrEnum):
    LATE = "late"
    EARLY = "early"
    NO_CHECK_IN = "no_check_in"
    NO_CHECK_OUT = "no_check_out"
    ABSENT = "absent"
    OTHER_PLACE = "other_place"
    OTHER_HOURS = "other_hours"
    WORKED_ON_LEAVE = "worked_on_leave"
    WORKED_ON_DAY_OFF = "worked_on_day_off"


@dataclass(frozen=True)
class Discrepancy:
    """Something that does not fit. `count` is minutes, or for an absence the log entries that speak against it."""

    kind: Finding
    needs_person: bool
    count: int = 0


class MarkFact(NamedTuple):
    """A mark as it was declared; what stands below `at` is evidence for people, no rule reads it."""

    turn: int
    kind: MarkKind
    mode: WorkMode | None
    at: datetime
    note: str = ""
    received_at: datetime | None = None
    method: str = "tap"
    grade: Grade = Grade.C
    receipt: str = ""

    @property
    def code(self) -> str:
        return receipt_code(self.receipt)


@dataclass(frozen=True)
class CorrectionFact:
    """A correction; who made it and why are for people, no rule reads them."""

    id: int
    kind: CorrectionKind
    at: datetime | None
    mode: WorkMode | None
    created_at: datetime
    reason: CorrectionReason | None = None
    note: str = ""
    author: str = ""


_Newest = Mapping[CorrectionKind, CorrectionFact]
_UNDECIDED: _Newest = MappingProxyType({})
_AS_TAPPED = attrgetter("at", "turn")
_AS_WRITTEN = attrgetter("created_at", "id")


@dataclass(frozen=True)
class Facts:
    """All that is known of one officer on one date.

    `serves` False: outside the officer's dates of service. `counted` False: before presence counts; nobody is absent
    then, and leave that was granted is leave all the same.
    """

    day: date
    stage: Stage
    zone: ZoneInfo
    plan: Plan
    marks: tuple[MarkFact, ...] = ()
    corrections: tuple[CorrectionFact, ...] = ()
    log_entries: int = 0
    serves: bool = True
    counted: bool = True


class DayRecord(NamedTuple):
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
    zone: ZoneInfo

    @property
    def needs_person(self) -> bool:
        return bool(self.discrepancies) and any(found.needs_person for found in self.discrepancies)

    @property
    def is_work(self) -> bool:
        return self.state in _AT_WORK

    @property
    def is_plain(self) -> bool:
        """Nothing to look at: an ordinary day at work or off, or one that is still a plan."""
        return self.state in _ORDINARY and not self.discrepancies and not self.corrections

    @property
    def minutes(self) -> int:
        """From the first mark to the last, the break included."""
        return _minutes(self.first, self.last) if self.first and self.last else 0

    @property
    def code(self) -> str:
        if self.state is State.PLANNED:
            return PLAN_LETTERS[self.plan.mode]
        if self.state is State.DAY_OFF and self.plan.mode:
            return ""  # a working day that is not counted
        return " ".join(self.codes) or _LETTERS[self.state]

    @property
    def codes(self) -> list[str]:
        """What the clock says of a day at work: late, left early, or both."""
        return ["HT"] * (self.late > 0) + ["HP"] * (self.early > 0)

    @property
    def ends_later(self) -> bool:
        """Work ended on the day after."""
        return self.last is not None and self.last.date() > self.day


def reconcile(facts: Facts) -> DayRecord:
    marks, corrections, newest = facts.marks, facts.corrections, _UNDECIDED
    if len(marks) > 1:
        marks = tuple(sorted(marks, key=_AS_TAPPED))
    if corrections:
        corrections = tuple(sorted(corrections, key=_AS_WRITTEN))
        newest = {fact.kind: fact for fact in corrections}
    first, last = None, None
    modes: tuple[WorkMode, ...] = ()
    if marks or corrections:
        first, last = _first(marks, newest, facts.zone), _last(marks, newest, facts.zone)
        modes = _modes(marks, newest, facts.plan) if first or last or CorrectionKind.MODE in newest else ()
    state = _verdict(corrections, is_over=facts.stage is Stage.OVER) or _state(facts, modes)
    late, early, outside = _against_hours(facts, state, first, last)
    record = DayRecord(
        facts.day,
        facts.plan,
        state,
        modes[0] if modes else None,
        modes,
        first,
        last,
        late,
        early,
        (),
        marks,
        corrections,
        facts.serves and facts.counted,
        facts.zone,
    )
    if state not in _AT_WORK and state is not State.ABSENT:
        return record
    found = tuple(_discrepancies(record, facts, newest, outside=outside))
    return record._replace(discrepancies=found) if found else record


def _verdict(corrections: Sequence[CorrectionFact], *, is_over: bool) -> State | None:
    """Leave or absence as decided by a person; a later correction of a time or a place sets it aside.

    Nobody is absent before the day is over, whoever says so.
    """
    state = _VERDICTS.get(corrections[-1].kind) if corrections else None
    return None if state is State.ABSENT and not is_over else state


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    """Return a time as people read it: what counts is the minute on the screen, never a hidden second."""
    return at.astimezone(zone).replace(second=0, microsecond=0)


def _first(marks: Sequence[MarkFact], newest: _Newest, zone: ZoneInfo) -> datetime | None:
    corrected = newest.get(CorrectionKind.CHECK_IN)
    if corrected and corrected.at:
        return _shown(corrected.at, zone)
    for mark in marks:
        if mark.kind is MarkKind.CHECK_IN:
            return _shown(mark.at, zone)
    return None


def _last(marks: Sequence[MarkFact], newest: _Newest, zone: ZoneInfo) -> datetime | None:
    """Return when work ended; a check-in after the check-out opens the day again."""
    corrected = newest.get(CorrectionKind.CHECK_OUT)
    if corrected and corrected.at:
        return _shown(corrected.at, zone)
    return _shown(marks[-1].at, zone) if marks and marks[-1].kind is MarkKind.CHECK_OUT else None


def _modes(marks: Sequence[MarkFact], newest: _Newest, plan: Plan) -> tuple[WorkMode, ...]:
    """Return every place of work of the day; the first decides the letter, and a corrected one comes first."""
    declared = [mark.mode for mark in marks if mark.kind is MarkKind.CHECK_IN]
    if newest:
        declared[:0] = [newest[kind].mode for kind in (CorrectionKind.MODE, CorrectionKind.CHECK_IN) if kind in newest]
    found = tuple(dict.fromkeys(mode for mode in declared if mode))
    return found or ((WorkMode(plan.mode) if plan.mode and plan.is_work else WorkMode.OFFICE),)


def _state(facts: Facts, modes: Sequence[WorkMode]) -> State:
    if modes:
        return WORKED[modes[0]]
    if not facts.serves or facts.plan.mode is None:
        return State.DAY_OFF
    if facts.stage is Stage.TO_COME:
        return State.PLANNED
    if facts.plan.mode is PlanMode.LEAVE:
        return State.LEAVE
    if facts.stage is Stage.RUNNING:
        return State.PENDING
    return State.ABSENT if facts.counted else State.DAY_OFF


def _minutes(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()) // 60)


def planned_span(day: date, plan: Plan, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Return when planned work begins and ends; hours that end before they begin end on the next day."""
    if not plan.is_work or plan.hours is None:
        return None
    starts = datetime.combine(day, plan.hours.starts, tzinfo=zone)
    ends = datetime.combine(day, plan.hours.ends, tzinfo=zone)
    return starts, ends if ends > starts else ends + timedelta(days=1)


def _against_hours(facts: Facts, state: State, first: datetime | None, last: datetime | None) -> tuple[int, int, bool]:
    """Return late and early minutes, and whether the work began only when the planned hours were over.

    Such work is at other hours than planned, not late by a whole day. Field duty begins where its order says, not at
    the office's clock.
    """
    if state is not State.PRESENT and state is not State.HOME:
        return 0, 0, False
    span = planned_span(facts.day, facts.plan, facts.zone)
    if span is None:
        return 0, 0, False
    starts, ends = span
    if first and first >= ends:
        return 0, 0, True
    return _minutes(starts, first) if first else 0, _minutes(last, ends) if last else 0, False


def _discrepancies(record: DayRecord, facts: Facts, newest: _Newest, *, outside: bool) -> Iterator[Discrepancy]:
    """What a person has to look at waits until the day is over; what a person has decided is settled."""
    if record.state is State.ABSENT:
        yield Discrepancy(Finding.ABSENT, CorrectionKind.ABSENT not in newest, facts.log_entries)
        return
    is_over, decided, plan = facts.stage is Stage.OVER, CorrectionKind.MODE in newest, record.plan.mode
    if record.late:
        yield Discrepancy(Finding.LATE, needs_person=False, count=record.late)
    if record.early:
        yield Discrepancy(Finding.EARLY, needs_person=False, count=record.early)
    if record.first is None:
        yield Discrepancy(Finding.NO_CHECK_IN, is_over)
    if record.last is None and is_over:
        yield Discrepancy(Finding.NO_CHECK_OUT, needs_person=True)
    if plan is PlanMode.LEAVE:
        yield Discrepancy(Finding.WORKED_ON_LEAVE, is_over and not decided)
    elif plan is None:
        yield Discrepancy(Finding.WORKED_ON_DAY_OFF, needs_person=False)
    elif _is_elsewhere(record, plan, decided=decided):
        yield Discrepancy(Finding.OTHER_PLACE, is_over and not decided)
    if outside:
        yield Discrepancy(Finding.OTHER_HOURS, is_over and not decided)


def _is_elsewhere(record: DayRecord, plan: PlanMode, *, decided: bool) -> bool:
    """Whether the planned place was none of those worked at; only the decided one counts once a person decided."""
    places = record.modes[:1] if decided else record.modes
    return WorkMode(plan) not in places
