"""Lines that the day itself proposes: requests moved on and meetings joined, with times that never overlap.

What is proposed is worked out, never stored; a line that was taken over carries its source, and is not proposed again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

from sqlalchemy.orm import Session

from staffhub.security import Viewer
from staffhub.worklog.entries import DAY, Entry, time_at
from staffhub.worklog.writing import write

_STEP = 5  # minutes: proposed times are rounded to so many
_BEFORE = 15  # minutes: what the first step of some requests took, since it is noted when it is done

Span = tuple[int, int]  # minutes of the day


class Trace(NamedTuple):
    """Something that was done, from its first to its last sign in minutes of the day; `exact`: it took just so long."""

    source: str
    text: str
    span: Span
    exact: bool = False
    quantity: int | None = None
    unit: str = ""
    request_id: int | None = None
    meeting_id: int | None = None
    service_id: int | None = None


@dataclass(frozen=True)
class Proposed:
    """A line that may be taken over with one tap."""

    trace: Trace
    starts: time
    ends: time
    minutes: int


def proposed(traces: Iterable[Trace], entries: Sequence[Entry], *, here: Span | None = None) -> list[Proposed]:
    """Lay what was done into the free time of the day, in order of time. `here`: from the check-in to the check-out.

    What took an exact time comes first; what finds no free minute is left to the officer.
    """
    taken = [entry.span for entry in entries]
    found = []
    for trace in sorted(traces, key=lambda one: (not one.exact, one.span[1])):
        span = _free_part(trace.span if trace.exact else _wished(trace.span, here), taken)
        if span:
            taken.append(span)
            found.append(Proposed(trace, time_at(span[0]), time_at(span[1]), span[1] - span[0]))
    return sorted(found, key=lambda one: one.starts)


def _wished(span: Span, here: Span | None) -> Span:
    first, last = span[0] - _BEFORE, span[1]
    if here and here[0] < last:
        first = max(first, here[0])
    ends = last + -last % _STEP
    return max(0, min(first - first % _STEP, ends - _STEP)), min(ends, DAY - 1)


def _free_part(span: Span, taken: Iterable[Span]) -> Span | None:
    """Return the longest part of a span that nothing else has, None: there is none."""
    begins, ends = span
    free, at = [], begins
    for first, last in sorted(taken):
        if first > at:
            free.append((at, min(first, ends)))
        at = max(at, last)
    free.append((at, ends))
    longest = max(free, key=lambda part: part[1] - part[0])
    return longest if longest[1] > longest[0] else None


def take_over(db: Session, me: Viewer, chosen: Iterable[Proposed], *, day: date, now: datetime) -> int:
    """Write proposals as lines of my day; each goes in once, however often it is pressed."""
    added = 0
    for one in chosen:
        trace = one.trace
        written = write(
            db, me, day=day, text=trace.text, starts=one.starts, ends=one.ends, key=f"{day}-{trace.source}", now=now,
            quantity=trace.quantity, unit=trace.unit, request_id=trace.request_id, meeting_id=trace.meeting_id,
            service_id=trace.service_id, source=trace.source,
        )  # fmt: skip
        added += not written.again
    return added


def copy(db: Session, me: Viewer, lines: Iterable[Entry], entries: Sequence[Entry], *, day: date, now: datetime) -> int:
    """Write lines of an earlier day again, at the same hours or, where these are taken, after the last line.

    Quantities, requests and evidence are of their day, and stay there; what service it was for is copied.
    """
    taken, added = [entry.span for entry in entries], 0
    for line in lines:
        span = _shifted(line.span, taken)
        if span is None:
            continue
        taken.append(span)
        facts = {"text": line.text, "starts": time_at(span[0]), "ends": time_at(span[1]), "unit": line.unit}
        facts |= {"service_id": line.service_id, "source": f"copy-{line.id}"}
        written = write(db, me, day=day, key=f"{day}-copy-{line.id}", now=now, **facts)  # type: ignore[arg-type]
        added += not written.again
    return added


def _shifted(span: Span, taken: Sequence[Span]) -> Span | None:
    if not any(first < span[1] and span[0] < last for first, last in taken):
        return span
    begins = max(last for _first, last in taken)
    length = span[1] - span[0]
    return (begins, begins + length) if begins + length < DAY else None
