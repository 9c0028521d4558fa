"""What would keep the duty minimum while somebody is on leave, said before the decision and done with it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from staffhub import office
from staffhub.leave.around import Gap
from staffhub.leave.one import Leave
from staffhub.roster import repairing
from staffhub.roster.repairing import Need, Offer
from staffhub.security import Viewer


def repairs(db: Session, me: Viewer, one: Leave, gaps: Sequence[Gap]) -> list[Offer]:
    """Return one for each place that would be empty on a day of the leave."""
    days = sorted({gap.day for gap in gaps})
    if not days or one.division_id is None:
        return []
    found = repairing.around(db, me.office_id, days)
    desk = office.divisions(db, me.office_id)[one.division_id]
    wanted = [
        Need(gap.day, desk.id, gap.group, group.types, gap.need - gap.have)
        for gap in gaps
        for group in found.book.calendar.coverage(gap.day, desk).groups
        if group.name == gap.group
    ]
    return repairing.offers(db, me, found, wanted, besides={one.officer_id})
