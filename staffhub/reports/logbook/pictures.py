"""Pictures of a summary: bars whose numbers stand in the tables beside them, in words for whoever does not see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from staffhub.reports import words
from staffhub.reports.logbook.summary import KINDS, Summary

_LABEL = 34  # letters that a phone shows beside their hours


class Piece(NamedTuple):
    """`x` and `width` are percent of the picture."""

    kind: str
    x: float
    width: float


class Bar(NamedTuple):
    label: str
    said: str
    pieces: list[Piece]


@dataclass(frozen=True)
class Picture:
    bars: list[Bar]

    @property
    def said(self) -> str:
        return "; ".join(f"{bar.label}: {bar.said}" for bar in self.bars)


def of_works(found: Summary) -> Picture:
    """A bar for each kind of work that took time, the longest one the whole width."""
    most = max((work.minutes for work in found.works), default=0) or 1
    return Picture([_bar(work.name, [(work.shape, work.minutes)], most) for work in found.works if work.minutes])


def of_parts(found: Summary) -> Picture:
    """A bar for each bidang, in the kinds of its hours."""
    most = max((part.hours.all for part in found.parts), default=0) or 1
    bars = (_bar(part.name, zip(KINDS, part.hours, strict=True), most) for part in found.parts if part.hours.all)
    return Picture(list(bars))


def _bar(label: str, told: Iterable[tuple[str, int]], most: int) -> Bar:
    pieces: list[Piece] = []
    total = 0
    for kind, minutes in told:
        if minutes:
            pieces.append(Piece(kind, round(100 * total / most, 2), round(100 * minutes / most, 2)))
        total += minutes
    return Bar(label, words.duration(total), pieces)


def shortened(label: str) -> str:
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1].rstrip()}…"
