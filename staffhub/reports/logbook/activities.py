"""The same entries by activity: what the other system (e-Kinerja) asks for once more, ready to be copied into it.

What was done for citizens' requests counts under its service, and no applicant is named: this leaves the office.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from staffhub.i18n import ngettext
from staffhub.reports import words
from staffhub.reports.logbook.lines import Line
from staffhub.reports.logbook.whose import spelled


@dataclass
class Activity:
    """Entries of one kind and one unit; `quantity` None: none of them counted anything."""

    name: str
    unit: str
    quantity: int | None = None
    minutes: int = 0
    times: int = 0
    days: set[date] = field(default_factory=set)

    def add(self, line: Line) -> None:
        if line.quantity is not None:
            self.quantity = (self.quantity or 0) + line.quantity
        self.minutes += line.minutes
        self.times += 1
        self.days.add(line.date)


def activities(found: Iterable[Line]) -> list[Activity]:
    """Return each activity in the order in which it was first done."""
    by_name: dict[tuple[str, str], Activity] = {}
    for line in found:
        name = " ".join((line.service or line.topic or line.text).split())
        unit = line.unit if line.quantity is not None else ""
        by_name.setdefault((name.casefold(), unit.casefold()), Activity(name, unit)).add(line)
    return list(by_name.values())


def as_text(found: Iterable[Activity]) -> str:
    """One line each: Kartu Keluarga: 12 berkas, 5 jam 30 menit, 9 kali."""
    return "\n".join(f"{one.name}: {_told(one)}" for one in found)


def _told(one: Activity) -> str:
    output = f"{one.quantity} {one.unit}".strip() if one.quantity is not None else ""
    times = ngettext("%(num)s time", "%(num)s times", one.times)
    return ", ".join(
        part for part in (output, words.duration(one.minutes), times, spelled(min(one.days), max(one.days))) if part
    )
