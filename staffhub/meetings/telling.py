"""Tell those who are invited what became of a meeting; who did it is told nothing."""

from collections.abc import Collection
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, notify
from staffhub.meetings.invitations import Anew, expected, holds_on, not_away
from staffhub.models import Meeting, MeetingInvite, NoticeKind, Occurrence, OccurrenceState
from staffhub.security import Viewer


def tell(
    db: Session,
    meeting: Meeting,
    what: str,
    *,
    day: date,
    at: time,
    count: int = 1,
    note: str = "",
    by: int | None = None,
    besides: Collection[int] = (),
    now: datetime,
) -> int:
    """Say `what` (see notify.wording) of a date, or of `count` dates from it on, once for each version.

    Whoever is away that day hears nothing of a date that is not held; `besides` are officers who hear of it otherwise.
    """
    if what == "cancelled":
        officers: Collection[int] = expected(db, meeting.office_id, meeting.id, day)
    else:
        invited = select(MeetingInvite.officer_id).where(MeetingInvite.meeting_id == meeting.id, holds_on(day))
        officers = [one for one in db.scalars(invited) if one not in besides]
    said = {"what": what, "day": day, "time": at, "count": count, "note": note or None}
    return _tell(db, meeting, said, by=by, now=now, officers=officers)


def tell_organiser(db: Session, meeting: Meeting, what: str, *, now: datetime) -> int:
    """Tell whoever holds the meeting that something happened to it in Zoom, for a person to decide."""
    said = {"what": what, "day": meeting.starts_on, "time": meeting.starts_at, "count": 1, "note": None}
    return _tell(db, meeting, said, by=None, now=now, accounts=[meeting.created_by])


def tell_edited(
    db: Session, me: Viewer, meeting: Meeting, changed: Collection[str], guests: Anew, *, now: datetime
) -> int:
    """Tell of an edit that those invited must know: another hour, length or name; of a new agenda they read there.

    Whoever is invited by it, or left out, is told that alone.
    """
    told = tell_guests(db, me, meeting, guests, now=now)
    ahead = dates_ahead(db, meeting.id, now)
    if not ahead or not {*changed} - {"agenda", "ends_on", "laid_until", "co_hosts"}:
        return told
    starts, what = ahead[0].starts_at.astimezone(me.zone), "changed"
    if {*changed} & {"starts_on", "starts_at", "weekdays", "occurrences"}:
        what = "dates" if meeting.weekdays else "moved"
    said: dict[str, Any] = {"day": starts.date(), "at": starts.time(), "count": len(ahead)}
    return told + tell(db, meeting, what, **said, by=me.account_id, besides=guests.came, now=now)


def tell_guests(db: Session, me: Viewer, meeting: Meeting, guests: Anew, *, now: datetime) -> int:
    """Tell who is invited now, and who no longer is. Of a single date nobody hears who is away on it; what somebody
    heard of it before holds no longer.
    """
    rows = [row for row in _planned(db, meeting.id) if row.ends > now]
    if not rows or not (guests.came or guests.left):
        return 0
    starts, told = rows[0].starts_at.astimezone(me.zone), 0
    said = {"day": starts.date(), "time": starts.time(), "count": len(rows), "note": None}
    about = notify.Subject("occurrence", rows[0].id)
    kinds = (NoticeKind.MEETING_SOON, NoticeKind.MEETING_CHANGED)
    notify.over(db, about, kinds, now=now, officers=guests.came | guests.left)
    for what, officers in (("invited", guests.came), ("left_out", guests.left)):
        meant = not_away(db, meeting.office_id, rows[0].date, officers) if len(rows) == 1 else officers
        told += _tell(db, meeting, said | {"what": what}, by=me.account_id, now=now, officers=meant)
    return told


def tell_cancelled(
    db: Session, me: Viewer, meeting: Meeting, ahead: Collection[Occurrence], *, note: str, now: datetime
) -> int:
    """Tell that what was still ahead is not held."""
    first = min(ahead, key=lambda row: row.starts_at, default=None)
    if first is None:
        return 0
    told_before = (NoticeKind.MEETING_SOON, NoticeKind.MEETING_CHANGED)
    notify.over(db, notify.Subject("occurrence", first.id), told_before, now=now)
    what, day = "ended" if meeting.weekdays else "cancelled", clock.local_day(first.starts_at, me.zone)
    at, by = first.starts_at.astimezone(me.zone).time(), me.account_id
    return tell(db, meeting, what, day=day, at=at, count=len(ahead), note=note, by=by, now=now)


def dates_ahead(db: Session, meeting_id: int, now: datetime) -> list[Occurrence]:
    return [row for row in _planned(db, meeting_id) if row.starts_at > now]


def _planned(db: Session, meeting_id: int) -> list[Occurrence]:
    planned = (Occurrence.meeting_id == meeting_id, Occurrence.state == OccurrenceState.PLANNED)
    return list(db.scalars(select(Occurrence).where(*planned).order_by(Occurrence.date)))


def _tell(
    db: Session, meeting: Meeting, said: dict[str, Any], *, by: int | None, now: datetime,
    accounts: Collection[int] = (), officers: Collection[int] = (),
) -> int:  # fmt: skip
    """Once the date that it names is over, it counts on nobody's bell any more (see reminding)."""
    day = select(Occurrence.id).where(Occurrence.meeting_id == meeting.id, Occurrence.date == said["day"])
    held = db.scalar(day)
    return notify.tell(
        db,
        office_id=meeting.office_id,
        kind=NoticeKind.MEETING_CHANGED,
        params={"topic": meeting.topic} | said,
        # Whoever is left out may not look at it any more.
        address="/meetings" if said["what"] == "left_out" else f"/meetings/{meeting.id}",
        key=f"meeting:{meeting.id}:{meeting.version}:{said['what']}",
        now=now,
        accounts=accounts,
        officers=officers,
        by=by,
        subject=notify.Subject("occurrence", held) if held and officers else notify.Subject("meeting", meeting.id),
    )
