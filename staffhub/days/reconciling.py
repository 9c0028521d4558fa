"""What follows from the facts of a day. `reconcile` knows no database and no clock."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from types import MappingProxyType
from zoneinfo import ZoneInfo

from staffhub.days.findings import discrepancies
from staffhub.days.fingers import stood_in
from staffhub.days.record import (
    AT_WORK,
    HALF,
    MACHINE,
    WORKED,
    CorrectionFact,
    DayRecord,
    Excuse,
    Facts,
    MarkFact,
    Newest,
    ProofFact,
    Stage,
    State,
    planned_span,
)
from staffhub.models import PLAN_LETTERS, STUDY, CorrectionKind, DayPart, MarkKind, PlanMode, WorkMode
from staffhub.workdays import Plan, Tiers, Way

_VERDICTS = {CorrectionKind.LEAVE: State.LEAVE, CorrectionKind.ABSENT: State.ABSENT}
_UNDECIDED: Newest = MappingProxyType({})
_AS_TAPPED = attrgetter("at", "turn")
_AS_WRITTEN = attrgetter("created_at", "id")

# The letters of the paper recap (Berau's code): H present, DL field duty, TB study, A absent, L day off; of leave the
# rule says C, S or I. WFH has no agreed letter and stands for itself; what is planned has its letters with the plan.
_LETTERS = {
    State.PRESENT: "H",
    State.HOME: "WFH",
    State.FIELD: PLAN_LETTERS[PlanMode.FIELD],
    State.ABSENT: "A",
    State.PENDING: "-",
}
_STUDY_LETTER = "TB"


def reconcile(facts: Facts) -> DayRecord:
    """Of a day that is half leave the plan has the hours of the other half, parted by the break (`besides`): late,
    early, absent and at other hours are said of these. The letter of the leave stands before that of the other half.
    """
    marks, corrections, newest = facts.marks, facts.corrections, _UNDECIDED
    if len(marks) > 1 or facts.fingers:
        marks = stood_in(facts, sorted(marks, key=_AS_TAPPED))
    if corrections:
        corrections = tuple(sorted(corrections, key=_AS_WRITTEN))
        newest = {fact.kind: fact for fact in corrections}
    first, last = None, None
    modes: tuple[WorkMode, ...] = ()
    proof = _stands_in(facts, marks, newest) if facts.proofs else None
    if marks or corrections or proof:
        first, last = _first(marks, newest, proof, facts.zone), _last(marks, newest, facts.zone)
        modes = _modes(marks, newest, proof, facts.plan) if first or last or CorrectionKind.MODE in newest else ()
    is_over = facts.stage is Stage.OVER
    state = _verdict(corrections, is_over=is_over) or _state(facts, modes)
    if state is State.FIELD and not modes:
        modes = (WorkMode.FIELD,)
    span = planned_span(facts.day, facts.plan, facts.zone) if first or last else None
    late, early, excused, outside = _against_hours(facts, state, span, first, last)
    letter, half, of_leave = _letters_of(facts, state)
    worked, late_tier, early_tier, rules = 0, "", "", facts.rules
    if first and last and state in AT_WORK:
        worked = _worked(facts, span, marks, first, last) if span else _present(marks, first, last)
    if late or early:
        late_tier, early_tier = _tier(rules.late, late), _tier(rules.early, early)
    record = DayRecord(
        facts.day,
        facts.plan,
        state,
        letter,
        modes[0] if modes else None,
        modes,
        first,
        last,
        worked,
        late,
        early,
        late_tier,
        early_tier,
        (),
        _used(facts, of_leave, late_tier, early_tier, proof),
        marks,
        corrections,
        facts.serves and facts.counted,
        facts.zone,
        half,
        excuses=facts.excuses,
        excused=excused,
        fingers=facts.fingers,
        proof=proof,
    )
    if not is_over and state not in AT_WORK:
        return record
    found = tuple(discrepancies(record, facts, newest, outside=outside))
    return record._replace(discrepancies=found) if found else record


def _used(facts: Facts, of_leave: int, late_tier: str, early_tier: str, proof: ProofFact | None) -> tuple[int, ...]:
    rules = facts.rules
    used = (rules.hours_rule if facts.plan.hours else 0, of_leave)
    tiers = (rules.late_rule if late_tier else 0, rules.early_rule if early_tier else 0)
    return tuple(id_ for id_ in (*used, *tiers, rules.ways_rule if proof else 0) if id_)


def _verdict(corrections: Sequence[CorrectionFact], *, is_over: bool) -> State | None:
    """Leave or absence as decided by a person; a later correction of a time or a place sets it aside.

    Nobody is absent before the day is over, whoever says so.
    """
    state = _VERDICTS.get(corrections[-1].kind) if corrections else None
    return None if state is State.ABSENT and not is_over else state


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    """Return a time as people read it: what counts is the minute on the screen, never a hidden second."""
    return at.astimezone(zone).replace(second=0, microsecond=0)


def _stands_in(facts: Facts, marks: Sequence[MarkFact], newest: Newest) -> ProofFact | None:
    """Return what stands in for the check-in: the earliest proof, if no check-in is as early and nobody decided.

    On a day off or on leave nobody had to prove anything, nor in the half of a day that is leave.
    """
    corrected, plan = newest.get(CorrectionKind.CHECK_IN), facts.plan
    asked = Way.MARK in facts.rules.ways or Way.CODE in facts.rules.ways
    if not asked or not plan.is_work or (corrected and corrected.at):
        return None
    if plan.half and plan.half.part is DayPart.MORNING:
        return None
    found = min(facts.proofs)
    came = [mark.at for mark in marks if mark.kind is MarkKind.CHECK_IN]
    return None if came and _shown(min(came), facts.zone) <= _shown(found.at, facts.zone) else found


def proved_without(facts: Facts, way: Way) -> datetime | None:
    """Return since when presence is proved by another way that stands in for this one; None: by none."""
    ways = {*facts.rules.ways} - {way} if way in facts.rules.ways else set()
    at = [one.at for one in facts.proofs if one.way in ways]
    at += [mark.at for mark in stood_in(facts, sorted(facts.marks, key=_AS_TAPPED)) if mark.proves(ways)]
    return min(at, default=None)


def _first(marks: Sequence[MarkFact], newest: Newest, proof: ProofFact | None, zone: ZoneInfo) -> datetime | None:
    corrected = newest.get(CorrectionKind.CHECK_IN)
    if corrected and corrected.at:
        return _shown(corrected.at, zone)
    if proof:
        return _shown(proof.at, zone)
    for mark in marks:
        if mark.kind is MarkKind.CHECK_IN:
            return _shown(mark.at, zone)
    return None


def _last(marks: Sequence[MarkFact], newest: Newest, zone: ZoneInfo) -> datetime | None:
    """Return when work ended; a check-in after the check-out opens the day again."""
    corrected = newest.get(CorrectionKind.CHECK_OUT)
    if corrected and corrected.at:
        return _shown(corrected.at, zone)
    return _shown(marks[-1].at, zone) if marks and marks[-1].kind is MarkKind.CHECK_OUT else None


def _modes(marks: Sequence[MarkFact], newest: Newest, proof: ProofFact | None, plan: Plan) -> tuple[WorkMode, ...]:
    """Return every place of work of the day; the first decides the letter, and a corrected one comes first.

    A roll call is held in the office; a briefing is joined from anywhere, as from where it was planned.
    """
    declared = [mark.mode for mark in marks if mark.kind is MarkKind.CHECK_IN]
    if proof and proof.way is Way.ROLL_CALL:
        declared.insert(0, WorkMode.OFFICE)
    if newest:
        declared[:0] = [newest[kind].mode for kind in (CorrectionKind.MODE, CorrectionKind.CHECK_IN) if kind in newest]
    found = tuple(dict.fromkeys(mode for mode in declared if mode))
    if not found and any(mark.method == MACHINE for mark in marks):
        return (WorkMode.OFFICE,)
    return found or ((WorkMode(plan.mode) if plan.mode and plan.is_work else WorkMode.OFFICE),)


def _state(facts: Facts, modes: Sequence[WorkMode]) -> State:
    plan = facts.plan
    if modes:
        return WORKED[modes[0]]
    if not facts.serves or plan.mode is None:
        return State.DAY_OFF
    if facts.stage is Stage.TO_COME:
        return State.PLANNED
    if plan.mode is PlanMode.LEAVE or (plan.mode is PlanMode.FIELD and plan.kind == STUDY):
        # Who studies elsewhere declares nothing here.
        return State.LEAVE if plan.mode is PlanMode.LEAVE else State.FIELD
    if facts.stage is Stage.RUNNING:
        return State.PENDING
    return State.ABSENT if facts.counted else State.DAY_OFF


def _letter(facts: Facts, state: State) -> tuple[str, int]:
    """Return the letter of a state, and the rule that says so, 0: none does."""
    plan = facts.plan
    if state is State.LEAVE or (state is State.PLANNED and plan.mode is PlanMode.LEAVE):
        # A leave that HR decided for a day without one is of no kind that a rule knows.
        return facts.rules.letter_of(plan.kind if plan.mode is PlanMode.LEAVE else "")
    if plan.kind == STUDY and plan.mode is PlanMode.FIELD and state in {State.FIELD, State.PLANNED}:
        return _STUDY_LETTER, 0
    if state is State.PLANNED:
        return PLAN_LETTERS[plan.mode], 0
    if state is State.DAY_OFF:
        return "" if plan.mode else PLAN_LETTERS[None], 0  # a working day that is not counted has none
    return _LETTERS[state], 0


def _letters_of(facts: Facts, state: State) -> tuple[str, str, int]:
    """Return the letter, that of half a day of leave beside it, and the rule that one of them rests on."""
    letter, rule = _letter(facts, state)
    if facts.plan.half is None or not facts.serves or state is State.LEAVE:
        return letter, "", rule
    of_half, rule = facts.rules.letter_of(facts.plan.half.kind)
    return letter, f"{of_half}{HALF}", rule


def _minutes(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()) // 60)


def _against_hours(
    facts: Facts, state: State, span: tuple[datetime, datetime] | None, first: datetime | None, last: datetime | None
) -> tuple[int, int, int, bool]:
    """Return late and early minutes, those of both that an outage excuses, and whether the work began only when the
    planned hours were over.

    Such work is at other hours than planned, not late by a whole day; so is work that was over before they began, as of
    who works in the half of the day that was leave. Field duty begins where its order says, not at
    the office's clock. Who comes within the tolerance is on time; who comes after it is late from the start on. What
    an outage took is taken off before the tolerance is asked: with as little left nobody is late.
    """
    if span is None or (state is not State.PRESENT and state is not State.HOME):
        return 0, 0, 0, False
    starts, ends = span
    if (first and first >= ends) or (facts.plan.half and last and last <= starts):
        return 0, 0, 0, True
    late = _minutes(starts, first) if first else 0
    early = _minutes(last, ends) if last else 0
    excused = 0
    if facts.excuses and (late or early):
        without = _covered(facts.excuses, starts, first, graced=True), _covered(facts.excuses, last, ends)
        late, early, excused = late - without[0], early - without[1], sum(without)
    if late and late <= facts.rules.tolerance:
        late = 0
    return late, early, excused, False


def _covered(excuses: Sequence[Excuse], start: datetime | None, end: datetime | None, *, graced: bool = False) -> int:
    """Return the minutes between two moments that lie within outages; those that overlap count once."""
    if start is None or end is None:
        return 0
    covered, reached = 0, start
    for one in sorted(excuses, key=attrgetter("first")):
        if one.occurrence_id:
            continue
        until = min(end, one.last + timedelta(minutes=one.grace if graced else 0))
        since = max(reached, one.first)
        covered += _minutes(since, until)
        reached = max(reached, until)
    return covered


def _tier(tiers: Tiers | None, minutes: int) -> str:
    found = tiers.of(minutes) if tiers and minutes else None
    return found.name if found else ""


_Span = tuple[datetime, datetime]
_THREE = 3  # marks: with fewer nobody has left and come again


def _away(marks: Sequence[MarkFact]) -> list[_Span]:
    """Return when somebody had checked out and came again."""
    return [
        (out.at, back.at)
        for out, back in pairwise(marks)
        if out.kind is MarkKind.CHECK_OUT and back.kind is MarkKind.CHECK_IN
    ]


def _shared(one: _Span, other: _Span) -> int:
    return _minutes(max(one[0], other[0]), min(one[1], other[1]))


def _present(marks: Sequence[MarkFact], first: datetime, last: datetime) -> int:
    """Minutes from the first mark to the last, but for those between a check-out and the next check-in."""
    here = _minutes(first, last)
    return max(0, here - sum(_shared(one, (first, last)) for one in _away(marks))) if len(marks) >= _THREE else here


def _worked(facts: Facts, span: _Span, marks: Sequence[MarkFact], first: datetime, last: datetime) -> int:
    """Minutes of presence without the break.

    Of a day that is half leave the hours of the whole day say when its break is: who works all of it has had the break.

    A rule says how long the break is, never when. It is taken to lie in the middle of the planned hours (of 07.30 to
    16.00 with an hour, from 11.15 to 12.15), and counts only as far as somebody was there: who leaves at 11.00 has
    worked every minute until then, and who stays longer never has fewer. What was out of the office anyway is not
    taken off twice.
    """
    here, hours = _present(marks, first, last), facts.plan.hours
    starts, ends = span
    if facts.plan.half and facts.plan.half.whole:
        hours = facts.plan.half.whole
        starts, ends = planned_span(facts.day, replace(facts.plan, hours=hours), facts.zone) or span
    pause = _minutes(starts, ends) - hours.minutes if hours else 0
    if pause <= 0 or not here:
        return here
    begins = starts + timedelta(minutes=(_minutes(starts, ends) - pause) // 2)
    rest = max(begins, first), min(begins + timedelta(minutes=pause), last)
    taken = _minutes(*rest)
    if taken and len(marks) >= _THREE:
        taken -= sum(_shared(one, rest) for one in _away(marks))
    return max(0, here - max(0, taken))
