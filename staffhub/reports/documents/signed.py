"""A signed month as papers tell it: the days of the snapshot, and what each signed supplement made of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from staffhub import office, sections, signing
from staffhub.clock import month_days
from staffhub.i18n import gettext as _
from staffhub.security import Viewer
from staffhub.signing import Day, Papers


class Change(NamedTuple):
    """A day that supplement `number` changed; None: the officer had, or has, no such day."""

    number: int
    officer_id: int
    name: str
    day: date
    before: Day | None
    after: Day | None


@dataclass(frozen=True)
class Part:
    """An officer's days in one division (0: in none); None where there was no such day there."""

    officer_id: int
    name: str
    number: str
    days: tuple[Day | None, ...]


@dataclass(frozen=True)
class SignedDays:
    """What I may see of it: `groups` are name and short name of a division, as it was called, and who was there."""

    dates: list[date]
    groups: list[tuple[str, str, list[Part]]]
    changes: list[Change]

    @property
    def changed(self) -> dict[tuple[int, date], Change]:
        """The last change of each day by officer and date."""
        return {(one.officer_id, one.day): one for one in self.changes}


def of_papers(
    db: Session, me: Viewer, papers: Papers, first: date, *, division: str = "", q: str = "", officer: int | None = None
) -> SignedDays:
    """Read the month with the supplements that were signed, in two statements; `division` is an id or a code."""
    dates, known = month_days(first), office.divisions(db, me.office_id)
    laid = signing.laid(db, papers, officers=None if officer is None else [officer])
    asked = sections.asked_for(division) if division else None
    if division and asked is None:
        asked = {bidang.code: id_ for id_, bidang in known.items()}.get(division, -1)

    def is_mine(officer_id: int, where: int) -> bool:
        return asked in {None, where} and me.sees(officer_id=officer_id, division_id=where or None)

    found: dict[int, list[Part]] = {}
    for officer_id, text in laid.lines.items():
        told = signing.read(text)
        if q.casefold() in told["name"].casefold():
            for where, part in _parts(officer_id, told, dates):
                if is_mine(officer_id, where):
                    found.setdefault(where, []).append(part)
    changes = [
        Change(one.snapshot.number, *change)
        for one in laid.supplements
        for change in one.changed
        if q.casefold() in change.name.casefold()
        and any(day is not None and is_mine(change.officer_id, day.get("division", 0)) for day in change[-2:])
    ]
    return SignedDays(dates, list(_grouped(found, known, signing.divisions_of(db, papers.month.id))), changes)


def _parts(officer_id: int, told: Mapping[str, Any], dates: Sequence[date]) -> Iterator[tuple[int, Part]]:
    days = [told["days"].get(day.isoformat()) for day in dates]
    for where in dict.fromkeys(day.get("division", 0) for day in days if day is not None):
        here = tuple(day if day is not None and day.get("division", 0) == where else None for day in days)
        yield where, Part(officer_id, told["name"], told["number"], here)


def _grouped(
    found: Mapping[int, list[Part]], known: Mapping[int, object], names: Mapping[int, signing.Named]
) -> Iterator[tuple[str, str, list[Part]]]:
    for where in [0, *known, *(where for where in found if where and where not in known)]:
        if parts := found.get(where):
            name, short = names.get(where) or (_("Leadership"), _("Leadership"))
            yield name, short, sorted(parts, key=lambda part: part.name)
