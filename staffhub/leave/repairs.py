"""What would keep the duty minimum while somebody is on leave, said before the decision and done with it."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Session

from staffhub.leave.around import Gap
from staffhub.leave.one import Leave
from staffhub.roster import repairing
from staffhub.roster.repairing import Need, StandIn
from staffhub.security import Viewer


class Repair(NamedTuple):
    """A place that would be empty on a day of the leave, and who could come, whom to ask first first."""

    day: date
    group: str
    division_id: int
    place: int
    stand_ins: Sequence[StandIn]


def repairs(db: Session, me: Viewer, one: Leave, gaps: Sequence[Gap]) -> list[Repair]:
    """Return one for each empty place, each with other people, as far as there are any whom I may put there."""
    days = sorted({gap.day for gap in gaps})
    if not days or one.division_id is None:
        return []
    found = repairing.around(db, me.office_id, days)
    writes = me.may("roster.edit")
    repaired: list[Repair] = []
    for gap in gaps:
        types = next(group.types for group in found.book.calendar.coverage(gap.day).groups if group.name == gap.group)
        need = Need(gap.day, one.division_id, gap.group, types, gap.need - gap.have)
        free = [
            who
            for who in repairing.stand_ins(db, me.office_id, found, need, besides={one.officer_id})
            if not writes or me.sees(officer_id=None, division_id=who.division_id)
        ]
        places = range(need.lacking)
        repaired += [Repair(gap.day, gap.group, one.division_id, place, free[place:]) for place in places]
    return repaired
