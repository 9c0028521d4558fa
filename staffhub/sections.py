"""Pages by bidang: a large office opens one at a time, one's own first; a small office stands whole on a page."""

from collections.abc import Iterable
from dataclasses import dataclass

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

    `fits`: the whole office stands on one page.
    """

    all: list[Section]
    shown: int | None
    fits: bool

    @property
    def total(self) -> int:
        return sum(section.count for section in self.all)


def asked_for(text: str) -> int | None:
    """Return the id in `?division=`, None when it names nothing."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None  # noqa: PLR2004  of 64 bits


def choose(found: Iterable[Section], *, own: int | None, asked: int | None = None, q: str = "") -> Sections:
    """Decide which bidang a page shows: the one asked for, all when they fit, else one's own or the largest.

    A search (`q`) goes through the whole office.
    """
    every = sorted(found, key=lambda section: section.id != own)
    fits = sum(section.count for section in every) <= AT_ONCE
    if q or not every:
        return Sections(every, None, fits)
    if asked in {section.id for section in every}:
        return Sections(every, asked, fits)
    if fits:
        return Sections(every, None, fits)
    first = every[0] if every[0].id == own else max(every, key=lambda section: section.count)
    return Sections(every, first.id, fits)
