"""Fingers at the office's machine: facts beside what was declared, and marks of the day where nothing was."""

from collections.abc import Sequence

from staffhub.days.record import MACHINE, Facts, MarkFact, Stage
from staffhub.models import Grade, MarkKind, WorkMode
from staffhub.workdays.fingers import FingerFact, sides


def stood_in(facts: Facts, taps: Sequence[MarkFact]) -> tuple[MarkFact, ...]:
    """Return the marks of the day: what was declared, and fingers for a side of it of which nothing was."""
    if not facts.fingers:
        return tuple(taps)
    came = any(one.kind is MarkKind.CHECK_IN for one in taps)
    went = taps[-1] if taps and taps[-1].kind is MarkKind.CHECK_OUT else None
    first, last = sides(
        facts.fingers,
        facts.plan,
        facts.day,
        facts.zone,
        came=taps[-1].at if came else None,
        went=went.at if went else None,
        running=facts.stage is Stage.RUNNING,
    )
    if came and taps[-1].mode is not WorkMode.OFFICE:
        last = None
    marks = [_mark(first, MarkKind.CHECK_IN, 0)] if first else []
    marks += taps
    return (*marks, _mark(last, MarkKind.CHECK_OUT, len(taps) + 1)) if last else tuple(marks)


def _mark(one: FingerFact, kind: MarkKind, turn: int) -> MarkFact:
    return MarkFact(turn, kind, WorkMode.OFFICE, one.at, one.machine, one.received_at, MACHINE, Grade.B, "", one.id)
