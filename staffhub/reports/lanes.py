"""One day drawn: where somebody was, and plan, presence and traces on one axis."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from staffhub.days import Stage, planned_span
from staffhub.models import MarkKind, WorkMode
from staffhub.reports.day import Evidence, Trace

_HOUR = 3600


@dataclass(frozen=True)
class Stay:
    """A time at one place of work, local; `ends` None: not known."""

    starts: datetime
    ends: datetime | None
    mode: WorkMode | None


def stays(found: Evidence) -> list[Stay]:
    """Every place of the day in order; corrected times and a corrected place stand in for the declared ones."""
    record, marks = found.record, found.marks
    came: list[Stay] = [
        Stay(mark.at, following.at if following else None, mark.mode)
        for mark, following in zip_longest(marks, marks[1:])
        if mark.kind is MarkKind.CHECK_IN
    ]
    if not came:
        return [Stay(record.first, record.last, record.mode)] if record.first else []
    came[0] = replace(came[0], starts=record.first or came[0].starts, mode=record.mode or came[0].mode)
    came[-1] = replace(came[-1], ends=record.last)
    return came


@dataclass(frozen=True)
class Bar:
    """A piece of a lane, in percent of the drawn hours."""

    x: float
    width: float


@dataclass(frozen=True)
class Lanes:
    """The day drawn on one axis from a full hour to a full hour. `labels`: few enough never to touch on a phone."""

    hours: list[float]
    labels: list[tuple[float, datetime]]
    plan: Bar | None
    here: list[Bar]
    gap: Bar | None
    meetings: list[Bar]
    log: list[Bar]
    requests: list[Bar]


_LABELS = 5


def lanes(found: Evidence, *, now: datetime) -> Lanes | None:
    """Return nothing to draw for a day without plan hours, marks or work. `now` is local."""
    record = found.record
    span = planned_span(record.day, record.plan, found.facts.zone)
    running = found.facts.stage is Stage.RUNNING
    here: list[tuple[datetime, datetime]] = [
        _drawn(stay, now if running else found.last_trace) for stay in stays(found)
    ]
    moments: list[datetime] = [*(span or ()), *(moment for pair in here for moment in pair), *_moments(found.traces)]
    if not moments:
        return None
    first = min(moments).replace(minute=0, second=0, microsecond=0)
    length = int((max(moments) - first).total_seconds()) // _HOUR + 1
    step = -(-length // (_LABELS - 1))

    def at(moment: datetime) -> float:
        return round(100 * (moment - first).total_seconds() / (length * _HOUR), 1)

    def bar(start: datetime, stop: datetime) -> Bar:
        return Bar(at(start), round(at(stop) - at(start), 1))

    until = at(here[-1][1]) if here else 0
    return Lanes(
        hours=[round(n / length * 100, 1) for n in range(length + 1)],
        labels=[(round(n / length * 100, 1), first + timedelta(hours=n)) for n in _labelled(length, step)],
        plan=bar(*span) if span else None,
        here=[bar(*pair) for pair in here],
        gap=Bar(until, round(100 - until, 1)) if here and record.last is None and record.needs_person else None,
        meetings=[bar(one.starts, one.starts) for one in found.of("meeting")],
        log=[bar(one.starts, one.ends or one.starts) for one in found.of("log")],
        requests=[bar(one.starts, one.starts) for one in found.of("request")],
    )


def _labelled(length: int, step: int) -> list[int]:
    """Every `step`-th hour and the last one, which takes the place of a neighbour that would stand too near."""
    chosen = list(range(0, length, step))
    return [*(chosen if length - chosen[-1] >= step or len(chosen) == 1 else chosen[:-1]), length]


def _drawn(stay: Stay, otherwise: datetime | None) -> tuple[datetime, datetime]:
    return stay.starts, max(stay.ends or otherwise or stay.starts, stay.starts)


def _moments(traces: Iterable[Trace]) -> Iterable[datetime]:
    for trace in traces:
        yield trace.starts
        yield trace.ends or trace.starts
