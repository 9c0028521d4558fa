"""Plan against fact: how a bidang is covered now, by the plan, and for the rest of the day, and who has the desk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from staffhub.models import EmploymentType, PlanMode, WorkMode
from staffhub.office import Bidang
from staffhub.workdays import Calendar


class _Seat(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def employment_type(self) -> EmploymentType: ...


class _Standing(Protocol):
    @property
    def seat(self) -> _Seat: ...
    @property
    def state(self) -> str: ...
    @property
    def planned(self) -> PlanMode | None: ...
    @property
    def goes_at_noon(self) -> bool: ...


@dataclass(frozen=True)
class Cover:
    """People of a group in the office now, and how many the rule asks for.

    `planned`: how many the plan has in the office; `rest`: how many there are, or are still to come, until the end of
    the day; `keepers`: who keeps the desk now; `excuse`: why there need not be as many.
    """

    name: str
    have: int
    need: int
    planned: int = 0
    rest: int = 0
    keepers: Sequence[str] = ()
    excuse: str = ""

    @property
    def short(self) -> bool:
        return self.have < self.need and not self.excuse

    @property
    def will_be_short(self) -> bool:
        return self.rest < self.need and not self.excuse

    @property
    def is_excused(self) -> bool:
        return bool(self.excuse) and min(self.have, self.rest) < self.need


def covers(calendar: Calendar, day: date, bidang: Bidang, standings: Iterable[_Standing]) -> list[Cover]:
    """Return the cover of a desk by who keeps it, the lent ones among them; pure."""
    people = list(standings)
    found = []
    for group in calendar.coverage(day, bidang).groups:
        theirs = [one for one in people if one.seat.employment_type in group.types]
        here = [one for one in theirs if one.state == WorkMode.OFFICE]
        planned = [one for one in theirs if one.planned is PlanMode.OFFICE]
        coming = [one for one in planned if one.state in {"pending", "leave"}]
        rest = sum(not one.goes_at_noon for one in (*here, *coming))
        names = [one.seat.name for one in here]
        excuse = calendar.excuse(day, bidang.id, group.name)
        found.append(Cover(group.name, len(here), group.minimum, len(planned), rest, names, excuse))
    return found
