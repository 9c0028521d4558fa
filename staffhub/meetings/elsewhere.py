"""Meetings in Zoom that are not ours: of their hosts only the hours are kept, and nothing of what they are about.

The sweep (see drift) lists the meetings of a host anyway. Of a series Zoom lists the next date; the one after it is
known when that is over.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from staffhub.models import Meeting, ZoomUser
from staffhub.zoom.shapes import Meeting as ZoomMeeting

_MARKER = 11  # "[sh:123456]"
_MOST = 300
_TIMED = {"start_time", "duration"}  # a meeting at no fixed time has neither


def note(db: Session, host: str, listed: Sequence[ZoomMeeting], *, now: datetime) -> None:
    """Keep when the host has meetings that are not ours; those that are gone, or over, are dropped."""
    user = db.scalars(select(ZoomUser).where(ZoomUser.email == host.lower()).with_for_update()).one_or_none()
    if user is None:
        return
    ours = _ours(db, listed)
    found = {_span(row) for row in listed if not ours & {row.get("id"), _marker(row)} and {*row} >= _TIMED}
    busy = [[starts.isoformat(), ends.isoformat()] for starts, ends in sorted(found) if ends > now][:_MOST]
    if busy != (user.busy or []):
        user.busy = busy or None


def _ours(db: Session, listed: Sequence[ZoomMeeting]) -> set[object]:
    """Return the numbers and markers of ours; one that is being made has no number yet."""
    ids, markers = {row["id"] for row in listed if "id" in row}, {_marker(row) for row in listed}
    known = select(Meeting.zoom_id, Meeting.marker).where(or_(Meeting.zoom_id.in_(ids), Meeting.marker.in_(markers)))
    return {value for row in db.execute(known) for value in row} - {None}


def _span(row: ZoomMeeting) -> tuple[datetime, datetime]:
    starts = datetime.fromisoformat(row["start_time"]).astimezone(UTC)
    return starts, starts + timedelta(minutes=row["duration"])


def _marker(row: ZoomMeeting) -> str:
    return row.get("agenda", "")[:_MARKER]


def forget(db: Session, asked: Collection[str]) -> None:
    """Of hosts who are not asked any more nothing is known."""
    known = (ZoomUser.busy.is_not(None), ZoomUser.email.not_in({host.lower() for host in asked}))
    db.execute(update(ZoomUser).where(*known).values(busy=None))


def hours(user: ZoomUser) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when until when a host is busy with what is not ours."""
    return ((datetime.fromisoformat(starts), datetime.fromisoformat(ends)) for starts, ends in user.busy or ())
