"""What a finger at the office's machine stands for: of which day it is, and whether it is an arrival or a departure.

This is the one place that says so: for the record of a day, for the log that is held against it, for who is on duty.
What was declared stands; a finger is looked at only for the side of the day of which nobody declared anything.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from staffhub.models import MarkKind
from staffhub.workdays.plans import Plan, PlanBook

# Nobody begins an office day before; and who worked a night may linger that long after it. StaffHub's own choice.
MORNING = time(4)
_LINGERS = timedelta(hours=4)
# Two of one person within a minute are one: the machine did not beep, and the finger was laid on again.
ONE = timedelta(minutes=1)
# What lies so near to a tap is of the same moment.
CLOSE = timedelta(minutes=10)
_A_DAY = timedelta(days=1)


class FingerFact(NamedTuple):
    """A finger at the office's machine, as its log tells it; `kind` only where the machine told it."""

    id: int
    at: datetime
    kind: MarkKind | None = None
    machine: str = ""
    received_at: datetime | None = None


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
        if kept and one.at - kept[-1].at <= ONE:
            kept[-1] = kept[-1]._replace(kind=kept[-1].kind or one.kind)
        else:
            kept.append(one)
    return tuple(kept)


def _is_of_night(one: FingerFact, book: PlanBook, officer_id: int, before: date, zone: ZoneInfo) -> bool:
    """Whether a finger belongs to the day before its date: it is night still, or the hours of that day end then."""
    at = one.at.astimezone(zone)
    if at.time() < MORNING:
        return True
    hours = book.hours(officer_id, before)
    if hours is None or hours.ends > hours.starts:
        return False
    return at <= datetime.combine(before + _A_DAY, hours.ends, tzinfo=zone) + _LINGERS


def middle(plan: Plan, day: date, zone: ZoneInfo) -> datetime:
    """Return the middle of the planned hours, noon where there are none: a single finger after it is of who leaves."""
    span = plan.span(day, zone)
    return span[0] + (span[1] - span[0]) / 2 if span else datetime.combine(day, time(12), tzinfo=zone)


def sides(
    fingers: Sequence[FingerFact],
    plan: Plan,
    day: date,
    zone: ZoneInfo,
    *,
    came: datetime | None,
    went: datetime | None,
    running: bool,
) -> tuple[FingerFact | None, FingerFact | None]:
    """Return the fingers that are the arrival and the departure. `came`, `went`: what was tapped last of either."""
    first = None if came else _arrival(fingers, middle(plan, day, zone), went)
    if went or not fingers:
        return first, None
    last, since = fingers[-1], came + CLOSE if came else first.at if first else None
    if since and last.at <= since:
        return first, None
    if last.kind is MarkKind.CHECK_OUT:
        return first, last
    if running:
        # Within the planned hours it may be of somebody who comes back.
        span = plan.span(day, zone)
        return first, last if span and last.at >= span[1] else None
    return first, last if not came or last.at > middle(plan, day, zone) else None


def _arrival(fingers: Sequence[FingerFact], half: datetime, went: datetime | None) -> FingerFact | None:
    """Return the first finger; a single one after the middle of the planned hours is of somebody who leaves."""
    found = [one for one in fingers if one.kind is not MarkKind.CHECK_OUT and (went is None or one.at < went)]
    if not found or (len(fingers) == 1 and went is None and found[0].at > half):
        return None
    return found[0]
