"""The sheet of a month as it was signed: from the snapshot, whatever the days read today."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from staffhub import sections, signing
from staffhub.clock import month_days
from staffhub.i18n import gettext as _
from staffhub.sections import Section, Sections
from staffhub.security import Viewer
from staffhub.signing import Named, Papers, Snapshot


@dataclass(frozen=True)
class SignedLine:
    """An officer's days in one division, by their letters; empty where there was no such day."""

    id: int
    name: str
    codes: list[str]


@dataclass(frozen=True)
class SignedSheet:
    """`shown` are the lines `start` to `end` of `found`; `upto` is the last supplement that is laid over the month."""

    first: date
    days: list[date]
    papers: Papers
    upto: int
    sections: Sections
    groups: list[tuple[str, list[SignedLine]]]
    start: int
    end: int
    found: int

    @property
    def snapshot(self) -> Snapshot:
        return ([self.papers.month, *self.papers.supplements])[self.upto]


def signed_sheet(
    db: Session, me: Viewer, first: date, *, upto: int = 0, division: str = "", page: int = 1
) -> SignedSheet | None:
    """Return what I may see of the month as it was signed, with supplements up to `upto`; None: nobody signed it."""
    me.require("attendance")
    papers = signing.snapshot_of(db, me.office_id, first)
    if papers is None or papers.month.signed_at is None:
        return None
    over = [one for one in papers.supplements[:upto] if one.signed_at]
    lines = signing.lines_of(db, [papers.month.id, *(one.id for one in over)])
    names = signing.divisions_of(db, papers.month.id)
    dates = month_days(first)
    everybody = [
        (where, line)
        for id_, text in lines.items()
        for where, line in _parts(id_, signing.read(text), dates)
        if me.sees(officer_id=id_, division_id=where or None)
    ]
    people = len({line.id for _division, line in everybody})
    asked = sections.asked_for(division)
    chosen = sections.choose(_sections(everybody, names), own=me.division_id, asked=asked, people=people)
    fits = [(key, line) for key, line in everybody if chosen.shown in {None, key}]
    fits.sort(key=lambda pair: (_short(names, pair[0]), pair[0], pair[1].name, pair[1].id))
    offset = (page - 1) * sections.AT_ONCE
    shown = fits[offset : offset + sections.AT_ONCE]
    groups = _grouped(shown, names)
    return SignedSheet(first, dates, papers, len(over), chosen, groups, offset + 1, offset + len(shown), len(fits))


def _parts(officer_id: int, told: Mapping[str, Any], dates: Iterable[date]) -> Iterable[tuple[int, SignedLine]]:
    """Yield a line for each division in which the officer had a day; who belongs to none is in 0."""
    days = [told["days"].get(day.isoformat()) for day in dates]
    for division in dict.fromkeys(day.get("division", 0) for day in days if day is not None):
        here = [day.get("code", "") if day and day.get("division", 0) == division else "" for day in days]
        yield division, SignedLine(officer_id, told["name"], here)


def _sections(everybody: Iterable[tuple[int, SignedLine]], names: Mapping[int, Named]) -> list[Section]:
    counts: dict[int, int] = {}
    for key, _line in everybody:
        counts[key] = counts.get(key, 0) + 1
    return [Section(key, _short(names, key), count) for key, count in counts.items()]


def _grouped(shown: Iterable[tuple[int, SignedLine]], names: Mapping[int, Named]) -> list[tuple[str, list[SignedLine]]]:
    groups: dict[str, list[SignedLine]] = {}
    for key, line in shown:
        groups.setdefault(names[key].name if key in names else _("Leadership"), []).append(line)
    return list(groups.items())


def _short(names: Mapping[int, Named], key: int) -> str:
    return names[key].short_name if key in names else ""
