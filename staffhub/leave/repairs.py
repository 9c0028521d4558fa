"""What would keep the duty minimum while somebody is on leave, said before the decision and done with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from staffhub.leave import around
from staffhub.leave.around import Gap
from staffhub.leave.one import Leave
from staffhub.roster import repairing
from staffhub.roster.repairing import Need, Offer
from staffhub.security import Viewer


def repairs(db: Session, me: Viewer, one: Leave, gaps: Sequence[Gap], *, today: date) -> list[Offer]:
    """Return one for each place that would be empty on a day of the leave, of a division that I see."""
    gaps = [gap for gap in gaps if not gap.excuse and (not gap.lent or me.sees(officer_id=None, division_id=gap.desk))]
    days = sorted({gap.day for gap in gaps})
    if not days or one.division_id is None:
        return []
    found = repairing.around(db, me.office_id, days)
    # Whoever asks fills no place then: a desk that has as many as it may has room for who stands in.
    found = replace(found, book=around.without(found.book, one))
    wanted = [need for gap in gaps for need in Need.of(gap.cover)]
    return repairing.offers(db, me, found, wanted, today=today, besides={one.officer_id})
