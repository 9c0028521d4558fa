"""How many days of the month wait for a decision of the viewer, as the queue of the month shows them.

Days that are stored are counted by the database; yesterday's nights may still be open, and yesterday is looked at each
time, as is what the close of day has not reached.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy.orm import Session

from staffhub import days, office
from staffhub.models import StoredDay
from staffhub.reports.recap import Staff
from staffhub.security import Viewer

_A_DAY = timedelta(days=1)


def reads_from(db: Session, me: Viewer, today: date) -> date:
    """Return from when on days must be loaded for `waiting`: yesterday, as long as the days before are stored."""
    first, yesterday = today.replace(day=1), today - _A_DAY
    counted = _counted(db, me, first, yesterday)
    return min(yesterday, counted + _A_DAY if counted else first)


def _counted(db: Session, me: Viewer, first: date, yesterday: date) -> date | None:
    """Return the last day before yesterday that is counted by the database, None: no day of the month is."""
    known = office.facts(db, me.office_id)
    if known.stored_from is None or known.stored_to is None or known.stored_from > first or known.stored_to < first:
        return None
    # The last day that is stored may have nights that were open when it was.
    last = min(known.stored_to - _A_DAY, yesterday - _A_DAY)
    return last if last >= first else None


def waiting(db: Session, me: Viewer, staff: Sequence[Staff], loaded: days.Days) -> int:
    """Return how many days wait; `loaded` holds them from `reads_from` until today, `staff` whom the viewer sees."""
    today = loaded.dates[-1]
    first, yesterday = today.replace(day=1), today - _A_DAY
    counted = _counted(db, me, first, yesterday)
    older = 0
    if counted is not None:
        within = me.within(StoredDay.officer_id, StoredDay.division_id)
        older = days.count_waiting(db, me.office_id, first, counted, within)
    begins = counted + _A_DAY if counted else first
    live = [day for day in loaded.dates if begins <= day <= yesterday]
    return older + sum(loaded.record(one.id, day).needs_person for day in live for one in staff if one.holds(day))
