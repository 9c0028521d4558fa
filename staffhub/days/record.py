"""What is known of an officer's day (`Facts`) and what it becomes (`DayRecord`); `reconcile` leads to the other."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from staffhub.models import (
    STUDY,
    CorrectionKind,
    CorrectionReason,
    DayPart,
    Grade,
    MarkKind,
    PlanMode,
    WorkMode,
    receipt_code,
)
from staffhub.workdays import NO_RULES, DayRules, Plan, Way
from staffhub.workdays.fingers import FingerFact


class Stage(StrEnum):
    """How far a day has come. A night that still takes its check-out runs on after midnight."""

    TO_COME = "to_come"
    RUNNING = "running"
    OVER = "over"


# Stands behind the letter of leave for half a day, before what the other half was: "C½ H", "C½ HT", "S½ A".
HALF = "½"
_EVENTS = frozenset({"HT", "HP"})


def shares(code: str) -> dict[str, float]:
    """Return how much of a day each letter of its code stands for; late is late, however long the day was."""
    worn, whole = code.split(), 0.5 if HALF in code else 1
    return {letter.removesuffix(HALF): 1 if letter in _EVENTS else whole for letter in worn}


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
AT_WORK = frozenset(WORKED.values())
_ORDINARY = frozenset({State.PRESENT, State.HOME, State.DAY_OFF, State.PLANNED})


class Finding(StrEnum):
    """Something that does not fit. Its names are stored with days and months: they stay as they are."""

    LATE = "late"
    EARLY = "early"
    NO_CHECK_IN = "no_check_in"
    NO_CHECK_OUT = "no_check_out"
    ABSENT = "absent"
    HOME_NOT_OFFICE = "home_not_office"
    OFFICE_NOT_HOME = "office_not_home"
    OTHER_PLACE = "other_place"
    OTHER_HOURS = "other_hours"
    OUTSIDE_WINDOW = "mark_outside_window"
    LEAVE_AND_MARK = "leave_and_mark"
    OVERLAPPING_LEAVE = "overlapping_leave"
    WORKED_ON_DAY_OFF = "worked_on_day_off"
    OVER_MIDNIGHT = "night_over_midnight"
    MISSING_PLACE = "missing_place"
    STANDUP_NOT_JOINED = "standup_not_joined"
    JOINED_WITHOUT_MARK = "joined_without_mark"
    LOGGED_WITHOUT_MARK = "work_logged_without_mark"
    MARK_WITHOUT_WORK = "mark_without_work"
    LOG_NOT_SUBMITTED = "log_not_submitted"
    SENT_LATE = "sent_late"
    FINGER_AND_HOME = "finger_and_home"
    BY_FINGER = "by_finger"
    CAME_BY_ROLL_CALL = "came_by_roll_call"
    CAME_BY_STANDUP = "came_by_standup"
    STANDUP_BY_OTHER = "standup_proved_otherwise"


# What is said on the page of the day alone: nobody's month would be read if it named each evening without a log.
QUIET = frozenset(
    {
        Finding.OVERLAPPING_LEAVE,
        Finding.OVER_MIDNIGHT,
        Finding.MISSING_PLACE,
        Finding.STANDUP_NOT_JOINED,
        Finding.MARK_WITHOUT_WORK,
        Finding.LOG_NOT_SUBMITTED,
        Finding.BY_FINGER,
        Finding.CAME_BY_ROLL_CALL,
        Finding.CAME_BY_STANDUP,
        Finding.STANDUP_BY_OTHER,
    }
)
Evidence = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Discrepancy:
    """Something that does not fit. `count` is minutes, or how many entries or meetings it is about.

    `evidence`: the rows behind it, as (table, id), in the order of their tables and ids.
    """

    kind: Finding
    needs_person: bool
    count: int = 0
    evidence: Evidence = ()


class MarkFact(NamedTuple):
    """A mark as it was declared; what stands below `at` is evidence for people, and no rule reads it but for a place
    that is missing.
    """

    turn: int
    kind: MarkKind
    mode: WorkMode | None
    at: datetime
    note: str = ""
    received_at: datetime | None = None
    method: str = "tap"
    grade: Grade = Grade.C
    receipt: str = ""
    id: int = 0

    @property
    def code(self) -> str:
        return receipt_code(self.receipt)

    def proves(self, ways: Collection[Way]) -> bool:
        """Whether it is a check-in that proves presence by one of these ways; by a code alone, only with one."""
        enough = Way.MARK in ways or (Way.CODE in ways and self.grade is Grade.A)
        return enough and self.kind is MarkKind.CHECK_IN


class ProofFact(NamedTuple):
    """Another fact than a mark by which somebody was there, where a rule lets it stand in: row `id` of `source`."""

    at: datetime
    way: Way
    source: str
    id: int

    @property
    def evidence(self) -> Evidence:
        return ((self.source, self.id),)


# How a mark came to be that nobody tapped: a finger at the office's machine stands in for it.
MACHINE = "machine"


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


Newest = Mapping[CorrectionKind, CorrectionFact]


class Excuse(NamedTuple):
    """A confirmed outage that excuses somebody on a day: `grace` minutes after its end nobody is late yet.

    `occurrence_id`: the briefing that nobody could join then, 0: it is about the times of the day.
    """

    outage_id: int
    first: datetime
    last: datetime
    grace: int = 0
    occurrence_id: int = 0


@dataclass(frozen=True)
class Done:
    """What was done on a day that is over, as ids in order: no rule makes presence out of it, and it makes questions.

    `standups`: dates of standups that the officer was invited to and that could be joined, by their meeting; `joined`:
    join clicks by their meeting; `logged`: log entries; `reported`: the day's log as it was submitted, 0: it was not.
    `overlapped`: granted leave beneath the one that holds; `attended`: seen in meetings, by their meeting.
    """

    logged: tuple[int, ...] = ()
    reported: int = 0
    joined: tuple[tuple[int, int], ...] = ()
    standups: tuple[tuple[int, int], ...] = ()
    overlapped: tuple[int, ...] = ()
    attended: tuple[tuple[int, int], ...] = ()


NOTHING_DONE = Done()


@dataclass(frozen=True)
class Facts:
    """All that is known of one officer on one date.

    `serves` False: outside the officer's dates of service. `counted` False: before presence counts; nobody is absent
    then, and leave that was granted is leave all the same. `rules`: what the rule book says of the date for the
    officer's kind of employment. `excuses`: outages that were none of the officer's making. `fingers`: of this day of
    work, in order, two of one minute once. `proofs`: what may stand in for a mark or a briefing, as far as a rule says
    so; without such a rule there are none.
    """

    day: date
    stage: Stage
    zone: ZoneInfo
    plan: Plan
    marks: tuple[MarkFact, ...] = ()
    corrections: tuple[CorrectionFact, ...] = ()
    done: Done = NOTHING_DONE
    serves: bool = True
    counted: bool = True
    rules: DayRules = NO_RULES
    excuses: tuple[Excuse, ...] = ()
    fingers: tuple[FingerFact, ...] = ()
    proofs: tuple[ProofFact, ...] = ()


class DayRecord(NamedTuple):
    """What follows from the facts, in the office's time. `marks` and `corrections` are all there are, oldest first.

    `letter`: H, WFH, DL, TB, C, S, I, A, L as in the paper recap, "-" while the day is open, empty where presence does
    not count. `worked`, `late` and `early` are minutes; `late_tier` and `early_tier` name their tiers. `rules`: ids of
    the rows of the rule book that it rests on. `half`: of a day that is half leave, the letter of that half ("C½"); all
    the rest is of the other half. `corrected`: a row says so, which keeps no correction itself. `excuses`: the outages
    that count on the day, and `excused` the minutes that are neither late nor early because of them. `fingers`: all of
    the office's machine; one that stands in for a tap is among the marks too. `proof`: what stands in for the check-in,
    being earlier than one or the only one.
    """

    day: date
    plan: Plan
    state: State
    letter: str
    mode: WorkMode | None
    modes: tuple[WorkMode, ...]
    first: datetime | None
    last: datetime | None
    worked: int
    late: int
    early: int
    late_tier: str
    early_tier: str
    discrepancies: tuple[Discrepancy, ...]
    rules: tuple[int, ...]
    marks: tuple[MarkFact, ...]
    corrections: tuple[CorrectionFact, ...]
    counted: bool
    zone: ZoneInfo
    half: str = ""
    corrected: bool = False
    excuses: tuple[Excuse, ...] = ()
    excused: int = 0
    fingers: tuple[FingerFact, ...] = ()
    proof: ProofFact | None = None

    @property
    def is_corrected(self) -> bool:
        return self.corrected or bool(self.corrections)

    @property
    def needs_person(self) -> bool:
        return bool(self.discrepancies) and any(found.needs_person for found in self.discrepancies)

    @property
    def told(self) -> list[Discrepancy]:
        """What a line about the day says; the page of the day says all."""
        return [found for found in self.discrepancies if found.kind not in QUIET]

    @property
    def is_work(self) -> bool:
        return self.state in AT_WORK

    @property
    def is_study(self) -> bool:
        return self.state is State.FIELD and self.plan.mode is PlanMode.FIELD and self.plan.kind == STUDY

    @property
    def is_plain(self) -> bool:
        """Nothing to look at: an ordinary day at work or off, or one that is still a plan."""
        return (
            self.state in _ORDINARY
            and not self.half
            and not self.is_corrected
            and not (self.discrepancies and self.told)
        )

    @property
    def code(self) -> str:
        """What stands in the cell: the letter, or what the clock says of a day at work."""
        return " ".join(self.codes) if self.late or self.early or self.half else self.letter

    @property
    def codes(self) -> list[str]:
        """Late, left early, or both; of a day that is half leave each half."""
        late = ["HT"] * (self.late > 0) + ["HP"] * (self.early > 0)
        return [self.half, *(late or self.letter.split())] if self.half else late

    @property
    def ends_later(self) -> bool:
        """Work ended on the day after."""
        return self.last is not None and self.last.date() > self.day


def planned_span(day: date, plan: Plan, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Return when planned work begins and ends; hours that end before they begin end on the next day."""
    return plan.span(day, zone)


class Turn(NamedTuple):
    """When the half of a day that is leave ends or begins: the half that is worked begins or ends then."""

    at: datetime
    part: DayPart

    def is_free(self, now: datetime) -> bool:
        return (now < self.at) == (self.part is DayPart.MORNING)


def turn_of(day: date, plan: Plan, zone: ZoneInfo) -> Turn | None:
    span = planned_span(day, plan, zone) if plan.half else None
    return Turn(span[plan.half.part is DayPart.AFTERNOON], plan.half.part) if span and plan.half else None
