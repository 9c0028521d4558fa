"""Plan against fact: how a bidang is covered now, by the plan, and for the rest of the day, and who has the desk.

What a rule asks for, and who is one of its people, is counted by `roster.coverage` as everywhere else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from staffhub.models import EmploymentType, PlanMode, WorkMode
from staffhub.office import Bidang
from staffhub.roster import coverage
from staffhub.workdays import Calendar


class _Seat(Protocol):
    @property
    def id(self) -> int: ...
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
    """What a rule asks for against who is in the office now, by the plan, and for the rest of the day: who is there or
    still to come. `keepers`: who keeps the desk now.
    """

    now: coverage.Cover
    plan: coverage.Cover
    day: coverage.Cover
    keepers: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self.now.group

    @property
    def have(self) -> int:
        return self.now.have

    @property
    def need(self) -> int:
        return self.now.minimum

    @property
    def planned(self) -> int:
        return self.plan.have

    @property
    def rest(self) -> int:
        return self.day.have

    @property
    def excuse(self) -> str:
        """Return why there need not be as many."""
        return self.now.excuse

    @property
    def fewest(self) -> coverage.Cover:
        return min(self.now, self.day, key=lambda one: one.have)

    @property
    def short(self) -> bool:
        return self.now.is_short

    @property
    def will_be_short(self) -> bool:
        return self.day.is_short

    @property
    def is_excused(self) -> bool:
        return bool(self.excuse) and self.fewest.have < self.need


def covers(calendar: Calendar, day: date, bidang: Bidang, standings: Iterable[_Standing]) -> list[Cover]:
    """Return the cover of a desk by who keeps it, the lent ones among them; pure."""
    people = list(standings)
    here = [one for one in people if one.state == WorkMode.OFFICE]
    planned = [one for one in people if one.planned is PlanMode.OFFICE]
    coming = [one for one in planned if one.state in {"pending", "leave"}]
    stays = [one for one in (*here, *coming) if not one.goes_at_noon]
    names = {one.seat.id: one.seat.name for one in here}
    found = []
    for demand in coverage.asked(calendar, [bidang], day, day):
        now, plan, rest = (
            coverage.cover_of(demand, calendar, ((one.seat.id, one.seat.employment_type) for one in those))
            for those in (here, planned, stays)
        )
        found.append(Cover(now, plan, rest, [names[who] for who in now.there]))
    return found
