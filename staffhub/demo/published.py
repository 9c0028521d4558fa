"""The duty roster of the demo office as it was published: each bidang's months, from the first day of the history on.

It says what the usual weeks say, so that marks, requests and logs fit to it; what they leave short is excused.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import RosterAct
from staffhub.roster import covering, drafts, excuses, publishing
from staffhub.security import Viewer

_PUBLISHED_AT = time(7)  # before work: the day itself is still open


def write(db: Session, people: Sequence[Person], *, since: date, zone: ZoneInfo, now: datetime) -> None:
    """Publish each month on the last day before it, or where the history begins within it on its first day."""
    today = clock.local_day(now, zone)
    month = since.replace(day=1)
    while month <= today:
        day = max(since, month - timedelta(days=1))
        at = datetime.combine(day, _PUBLISHED_AT, zone)
        me = viewer(db, people, "kepegawaian", zone, now)
        for division_id in office.divisions(db, me.office_id):
            _publish(db, me, division_id, month, at)
        month = clock.month_after(month)


def _publish(db: Session, me: Viewer, division_id: int, month: date, at: datetime) -> None:
    today = clock.local_day(at, me.zone)
    draft = drafts.draft_for(db, me, division_id, month, today=today, edit=True)
    there = covering.month_of(db, me.office_id, division_id, draft.days)
    cells = {
        (seat.officer_id, day): drafts.Cell(mode)
        for seat in there.seats
        for day in draft.days
        if day >= today and seat.serves(day) and (mode := there.book.usual(seat.officer_id, day).mode) in drafts.PLACES
    }
    if not cells:  # the history begins after the last working day of this month
        return
    version = drafts.write(db, me, draft, cells, act=RosterAct.PROPOSED, version=0, now=at)
    covers = covering.month_of(db, me.office_id, division_id, draft.days, cells=cells).covers()
    short = [f"{one.day} {one.group}" for day in covers for one in covers[day] if one.is_short and one.day >= today]
    if short:
        excuses.excuse(db, me, draft, short, reason="Hanya satu THL; bidang lain membantu", now=at)
    publishing.publish(db, me, draft, version=version, now=at)
