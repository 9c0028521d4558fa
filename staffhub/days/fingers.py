"""Fingers at the office's machine: facts beside what was declared, and what they stand for where nothing was declared.

This is the one place that says which proof stands in for which. What was declared stands; a finger is looked at only
for the side of the day, arrival or departure, of which nobody declared anything.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from staffhub.days.record import MACHINE, Facts, FingerFact, MarkFact, Stage, planned_span
from staffhub.models import Grade, MarkKind, WorkMode
from staffhub.workdays import PlanBook

# Nobody begins an office day before; and who worked a night may linger that long after it. StaffHub's own choice.
_MORNING = time(4)
_LINGERS = timedelta(hours=4)
# Two of one person within a minute are one: the machine did not beep, and the finger was laid on again.
_ONE = timedelta(minutes=1)
# What lies so near to a tap is of the same moment.
CLOSE = timedelta(minutes=10)
_A_DAY = timedelta(days=1)


def of_day(
    fingers: Mapping[date, Sequence[FingerFact]], book: PlanBook, officer_id: int, day: date, zone: ZoneInfo
) -> tuple[FingerFact, ...]:
    """Return the fingers of the day of work: those of its night are of it, and those of the night before are not."""
    if not fingers:
        return ()
    own = [one for one in fingers.get(day, ()) if not _is_of_night(one, book, officer_id, day - _A_DAY, zone)]
    own += [one for one in fingers.get(day + _A_DAY, ()) if _is_of_night(one, book, officer_id, day, zone)]
    kept: list[FingerFact] = []
    for one in sorted(own, key=lambda one: (one.at, one.id)):
        if kept and one.at - kept[-1].at <= _ONE:
            kept[-1] = kept[-1]._replace(kind=kept[-1].kind or one.kind)
        else:
            kept.append(one)
    return tuple(kept)


def _is_of_night(one: FingerFact, book: PlanBook, officer_id: int, before: date, zone: ZoneInfo) -> bool:
    """Whether a finger belongs to the day before its date: it is night still, or the hours of that day end then."""
    at = one.at.astimezone(zone)
    if at.time() < _MORNING:
        return True
    hours = book.hours(officer_id, before)
    if hours is None or hours.ends > hours.starts:
        return False
    return at <= datetime.combine(before + _A_DAY, hours.ends, tzinfo=zone) + _LINGERS


def stood_in(facts: Facts, taps: Sequence[MarkFact]) -> tuple[MarkFact, ...]:
    """Return the marks of the day: what was declared, and fingers for a side of it of which nothing was."""
    if not facts.fingers:
        return tuple(taps)
    came = next((one for one in taps if one.kind is MarkKind.CHECK_IN), None)
    went = taps[-1] if taps and taps[-1].kind is MarkKind.CHECK_OUT else None
    first = None if came else _arrival(facts, went)
    last = None if went else _departure(facts, taps, came, first)
    marks = [_mark(first, MarkKind.CHECK_IN, 0)] if first else []
    marks += taps
    return (*marks, _mark(last, MarkKind.CHECK_OUT, len(taps) + 1)) if last else tuple(marks)


def _mark(one: FingerFact, kind: MarkKind, turn: int) -> MarkFact:
    return MarkFact(turn, kind, WorkMode.OFFICE, one.at, one.machine, one.received_at, MACHINE, Grade.B, "", one.id)


def _arrival(facts: Facts, went: MarkFact | None) -> FingerFact | None:
    """The first finger; a single one after the middle of the planned hours is of somebody who leaves."""
    found = [one for one in facts.fingers if one.kind is not MarkKind.CHECK_OUT and (not went or one.at < went.at)]
    if not found or (len(facts.fingers) == 1 and not went and _is_late(facts, found[0])):
        return None
    return found[0]


def _departure(
    facts: Facts, taps: Sequence[MarkFact], came: MarkFact | None, first: FingerFact | None
) -> FingerFact | None:
    """The last finger. While the day runs, one within the planned hours may be of somebody who comes back."""
    if not facts.fingers or (came and taps[-1].mode is not WorkMode.OFFICE):
        return None
    last, since = facts.fingers[-1], taps[-1].at + CLOSE if came else first.at if first else None
    if since and last.at <= since:
        return None
    told = last.kind is MarkKind.CHECK_OUT
    if facts.stage is Stage.RUNNING and not told:
        span = planned_span(facts.day, facts.plan, facts.zone)
        return last if span and last.at >= span[1] else None
    return last if told or first or not came or _is_late(facts, last) else None


def _is_late(facts: Facts, one: FingerFact) -> bool:
    span = planned_span(facts.day, facts.plan, facts.zone)
    middle = span[0] + (span[1] - span[0]) / 2 if span else datetime.combine(facts.day, time(12), tzinfo=facts.zone)
    return one.at > middle
