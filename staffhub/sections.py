"""Pages by bidang: a large office opens one at a time, one's own first; a small office stands whole on a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

# People whose lines fit on one page of 60 kB.
AT_ONCE = 60


@dataclass(frozen=True)
class Section:
    """A bidang and its people; `id` 0: those who belong to none, as the head of the office."""

    id: int
    name: str
    count: int


@dataclass(frozen=True)
class Sections:
    """`all` begins with the viewer's own. `shown` is the one on the page, None: all of them, or those that were found.

    `fits`: the whole office stands on one page. `total`: its people; who moved within a month stands in two sections.
    """

    all: list[Section]
    shown: int | None
    fits: bool
    total: int


def asked_for(text: str) -> int | None:
    """Return the id in `?division=`, None when it names nothing."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None  # noqa: PLR2004  of 64 bits


def choose(
    found: Iterable[Section], *, own: int | None, asked: int | None = None, q: str = "", people: int | None = None
) -> Sections:
    """Decide which bidang a page shows: the one asked for, all when they fit, else one's own or the largest.

    A search (`q`) goes through the whole office. `people`: how many they are, where some stand in two sections.
    """
    every = sorted(found, key=lambda section: section.id != own)
    lines = sum(section.count for section in every)
    chosen = partial(Sections, every, fits=lines <= AT_ONCE, total=lines if people is None else people)
    if q or not every:
        return chosen(shown=None)
    if asked in {section.id for section in every}:
        return chosen(shown=asked)
    if lines <= AT_ONCE:
        return chosen(shown=None)
    first = every[0] if every[0].id == own else max(every, key=lambda section: section.count)
    return chosen(shown=first.id)
