"""What does not fit in a day: named, with the rows behind it, and whether a person must look at it.

What blocks the signature of a month is only what a person alone can decide: who was absent and why, a time that is
missing, a place or hours other than planned, marks on leave. All the rest informs.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from staffhub.days.record import (
    MACHINE,
    DayRecord,
    Discrepancy,
    Evidence,
    Facts,
    Finding,
    MarkFact,
    Newest,
    Stage,
    State,
)
from staffhub.models import CorrectionKind, DayPart, MarkKind, PlanMode, WorkMode
from staffhub.presence import LATE
from staffhub.workdays import Way, Window
from staffhub.workdays.fingers import CLOSE

_MIXED_UP = {
    (PlanMode.OFFICE, WorkMode.HOME): Finding.HOME_NOT_OFFICE,
    (PlanMode.HOME, WorkMode.OFFICE): Finding.OFFICE_NOT_HOME,
}


def discrepancies(record: DayRecord, facts: Facts, newest: Newest, *, outside: bool) -> Iterator[Discrepancy]:
    """What a person has to look at waits until the day is over; what a person has decided is settled."""
    if record.state is State.ABSENT:
        granted = _plan(record)
        yield Discrepancy(Finding.ABSENT, CorrectionKind.ABSENT not in newest, len(facts.done.logged), granted)
    elif record.is_work and (record.marks or newest or record.proof):
        yield from _of_times(record, facts, newest)
        yield from _of_the_plan(record, facts, newest, outside=outside)
        yield from _of_marks(record, facts, newest)
    if facts.stage is Stage.OVER and record.counted:
        yield from _of_what_was_done(record, facts)


def _plan(record: DayRecord) -> Evidence:
    return (("plan_grant", record.plan.grant_id),) if record.plan.grant_id else ()


def _marks(marks: Iterable[MarkFact], kind: MarkKind | None = None) -> Evidence:
    found = (mark for mark in marks if mark.id and (kind is None or mark.kind is kind))
    return tuple(("machine_mark" if mark.method == MACHINE else "mark", mark.id) for mark in found)


def _time(record: DayRecord, newest: Newest, kind: CorrectionKind) -> Evidence:
    """Where the first or the last time comes from: a correction, or the mark itself."""
    if kind in newest and newest[kind].at:
        return (("correction", newest[kind].id),)
    if kind is CorrectionKind.CHECK_IN:
        return record.proof.evidence if record.proof else _marks(record.marks, MarkKind.CHECK_IN)[:1]
    return _marks(record.marks[-1:], MarkKind.CHECK_OUT)


def _place(record: DayRecord, newest: Newest) -> Evidence:
    decided = newest.get(CorrectionKind.MODE)
    where = (("correction", decided.id),) if decided else _came(record)
    return (*where, *_plan(record))


def _came(record: DayRecord) -> Evidence:
    """What says that somebody came: what stands in for the check-in, and the check-ins."""
    return (*(record.proof.evidence if record.proof else ()), *_marks(record.marks, MarkKind.CHECK_IN))


def _of_times(record: DayRecord, facts: Facts, newest: Newest) -> Iterator[Discrepancy]:
    is_over = facts.stage is Stage.OVER
    if record.proof:
        by_call = record.proof.way is Way.ROLL_CALL
        kind = Finding.CAME_BY_ROLL_CALL if by_call else Finding.CAME_BY_STANDUP
        yield Discrepancy(kind, needs_person=False, evidence=record.proof.evidence)
    if record.late:
        evidence = _time(record, newest, CorrectionKind.CHECK_IN)
        yield Discrepancy(Finding.LATE, needs_person=False, count=record.late, evidence=evidence)
    if record.early:
        evidence = _time(record, newest, CorrectionKind.CHECK_OUT)
        yield Discrepancy(Finding.EARLY, needs_person=False, count=record.early, evidence=evidence)
    if record.first is None:
        yield Discrepancy(Finding.NO_CHECK_IN, is_over, evidence=_marks(record.marks))
    if record.last is None and is_over:
        evidence = _marks(record.marks) or _came(record)
        yield Discrepancy(Finding.NO_CHECK_OUT, needs_person=True, evidence=evidence)


def _of_the_plan(record: DayRecord, facts: Facts, newest: Newest, *, outside: bool) -> Iterator[Discrepancy]:
    decided, plan = CorrectionKind.MODE in newest, record.plan.mode
    asks = facts.stage is Stage.OVER and not decided
    if plan is PlanMode.LEAVE:
        yield Discrepancy(Finding.LEAVE_AND_MARK, asks, evidence=(*_plan(record), *_marks(record.marks)))
    elif plan is None:
        evidence = (*_plan(record), *_marks(record.marks))
        yield Discrepancy(Finding.WORKED_ON_DAY_OFF, needs_person=False, evidence=evidence)
    elif _is_elsewhere(record, plan, decided=decided):
        kind = _MIXED_UP.get((plan, record.modes[0]), Finding.OTHER_PLACE)
        yield Discrepancy(kind, asks, evidence=_place(record, newest))
    if outside:
        yield Discrepancy(Finding.OTHER_HOURS, asks, evidence=_time(record, newest, CorrectionKind.CHECK_IN))


def _is_elsewhere(record: DayRecord, plan: PlanMode, *, decided: bool) -> bool:
    """Whether the planned place was none of those worked at; only the decided one counts once a person decided."""
    places = record.modes[:1] if decided else record.modes
    return WorkMode(plan) not in places


def _of_marks(record: DayRecord, facts: Facts, newest: Newest) -> Iterator[Discrepancy]:
    marks = record.marks
    if not marks:
        return
    yield from _at_two_places(record, facts, newest)
    if facts.rules.check_in or facts.rules.check_out:
        outside = _marks(_outside_windows(record, facts, newest))
        if outside:
            yield Discrepancy(Finding.OUTSIDE_WINDOW, needs_person=False, count=len(outside), evidence=outside)
    waited = [mark for mark in marks if mark.method == LATE]
    if waited:
        yield Discrepancy(Finding.SENT_LATE, needs_person=False, count=len(waited), evidence=_marks(waited))
    by_finger = [one for one in marks if one.method == MACHINE and CorrectionKind(one.kind.value) not in newest]
    if by_finger:
        yield Discrepancy(Finding.BY_FINGER, needs_person=False, count=len(by_finger), evidence=_marks(by_finger))
    if record.ends_later:
        evidence = _time(record, newest, CorrectionKind.CHECK_OUT)
        yield Discrepancy(Finding.OVER_MIDNIGHT, needs_person=False, evidence=evidence)
    nowhere = [mark for mark in marks if mark.mode is WorkMode.FIELD and not mark.note]
    # The order of a planned field duty names its place.
    if nowhere and not (record.plan.mode is PlanMode.FIELD and record.plan.note):
        yield Discrepancy(Finding.MISSING_PLACE, needs_person=False, count=len(nowhere), evidence=_marks(nowhere))


def _at_two_places(record: DayRecord, facts: Facts, newest: Newest) -> Iterator[Discrepancy]:
    """A finger in the office while the phone said home: both stand, and a person says which it was."""
    home = [one for one in record.marks if one.kind is MarkKind.CHECK_IN and one.mode is WorkMode.HOME]
    pairs = [(tap, one) for tap in home for one in record.fingers if abs(one.at - tap.at) <= CLOSE]
    if pairs:
        evidence = tuple(
            dict.fromkeys([*_marks(tap for tap, _one in pairs), *(("machine_mark", one.id) for _tap, one in pairs)])
        )
        asks = facts.stage is Stage.OVER and CorrectionKind.MODE not in newest
        yield Discrepancy(Finding.FINGER_AND_HOME, asks, len(pairs), evidence)


def _outside_windows(record: DayRecord, facts: Facts, newest: Newest) -> Iterator[MarkFact]:
    """The first check-in and the last check-out, where they stand at another time than the schedule expects them.

    A time that a person has corrected is settled, and field duty keeps no office's windows. Who comes after a morning
    of leave, or leaves before such an afternoon, comes or leaves at no time that a window is for.
    """
    free = record.plan.half.part if record.plan.half else None
    came = next((mark for mark in record.marks if mark.kind is MarkKind.CHECK_IN), None)
    went = record.marks[-1]
    if (
        came
        and record.proof is None
        and free is not DayPart.MORNING
        and came.mode is not WorkMode.FIELD
        and CorrectionKind.CHECK_IN not in newest
        and _is_outside(facts.rules.check_in, came.at, record)
    ):
        yield came
    left = went.kind is MarkKind.CHECK_OUT and record.mode is not WorkMode.FIELD and free is not DayPart.AFTERNOON
    if left and CorrectionKind.CHECK_OUT not in newest and _is_outside(facts.rules.check_out, went.at, record):
        yield went


def _is_outside(window: Window | None, at: datetime, record: DayRecord) -> bool:
    """Both bounds belong to a window, each with its whole minute."""
    shown = at.astimezone(record.zone).replace(second=0, microsecond=0)
    return window is not None and (shown.date() != record.day or not window.starts <= shown.time() <= window.ends)


def _of_what_was_done(record: DayRecord, facts: Facts) -> Iterator[Discrepancy]:
    """Work that left traces elsewhere in the house, or none; it informs, and never makes presence by itself."""
    done, marks = facts.done, record.marks
    logged = tuple(("log_entry", id_) for id_ in done.logged)
    unmarked = not marks and not record.is_work
    if logged and unmarked:
        yield Discrepancy(Finding.LOGGED_WITHOUT_MARK, needs_person=False, count=len(logged), evidence=logged)
    joined = {meeting for meeting, _id in (*done.joined, *done.attended)}
    if joined and unmarked:
        evidence = tuple(("join_click", id_) for _meeting, id_ in done.joined)
        evidence += tuple(("attendance", id_) for _meeting, id_ in done.attended)
        yield Discrepancy(Finding.JOINED_WITHOUT_MARK, needs_person=False, count=len(joined), evidence=evidence)
    if (marks or record.proof) and record.is_work:
        yield from _of_standups(record, facts, joined)
        if not logged:
            yield Discrepancy(Finding.MARK_WITHOUT_WORK, needs_person=False, evidence=_marks(marks) or _came(record))
    if logged and not done.reported:
        yield Discrepancy(Finding.LOG_NOT_SUBMITTED, needs_person=False, count=len(logged), evidence=logged)
    if done.overlapped and (record.state is State.LEAVE or record.half):
        held = record.plan.half.grant_id if record.plan.half else record.plan.grant_id
        evidence = tuple(("plan_grant", id_) for id_ in sorted({*done.overlapped, held} - {0}))
        yield Discrepancy(Finding.OVERLAPPING_LEAVE, needs_person=False, evidence=evidence)


def _of_standups(record: DayRecord, facts: Facts, joined: Collection[int]) -> Iterator[Discrepancy]:
    """Of half a day of leave nothing is said: it is not known here in which half the standup was."""
    excused = {one.occurrence_id for one in facts.excuses}
    there = [(meeting, id_) for meeting, id_ in facts.done.standups if id_ not in excused]
    missed = tuple(("occurrence", id_) for meeting, id_ in there if meeting not in joined)
    if not missed or record.state is State.FIELD or record.half:
        return
    other = _instead_of_standup(record, facts)
    kind = Finding.STANDUP_BY_OTHER if other else Finding.STANDUP_NOT_JOINED
    yield Discrepancy(kind, needs_person=False, count=len(missed), evidence=(*other, *missed))


def _instead_of_standup(record: DayRecord, facts: Facts) -> Evidence:
    """What stands in for a briefing: the roll call, or a check-in, if only one with a code is enough."""
    ways = facts.rules.ways
    if Way.STANDUP not in ways:
        return ()
    called = next((one.evidence for one in facts.proofs if one.way is Way.ROLL_CALL), ())
    came = [mark for mark in record.marks if mark.proves(ways)]
    return called or _marks(came[:1])
