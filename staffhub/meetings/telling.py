"""Tell those who are invited what became of a meeting; who did it is told nothing."""

from collections.abc import Collection
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import notify
from staffhub.meetings.invitations import holds_on
from staffhub.models import Meeting, MeetingInvite, NoticeKind


def tell(
    db: Session,
    meeting: Meeting,
    what: str,
    *,
    day: date,
    at: time,
    count: int = 1,
    by: int | None = None,
    now: datetime,
) -> int:
    """Say `what` (see notify.wording) of a date, or of `count` dates from it on, once for each version."""
    invited = select(MeetingInvite.officer_id).where(MeetingInvite.meeting_id == meeting.id, holds_on(day))
    return _tell(db, meeting, what, day, at, count, by=by, now=now, officers=list(db.scalars(invited)))


def tell_organiser(db: Session, meeting: Meeting, what: str, *, now: datetime) -> int:
    """Tell whoever holds the meeting that something happened to it in Zoom, for a person to decide."""
    accounts = [meeting.created_by]
    return _tell(db, meeting, what, meeting.starts_on, meeting.starts_at, 1, by=None, now=now, accounts=accounts)


def _tell(
    db: Session, meeting: Meeting, what: str, day: date, at: time, count: int, *, by: int | None, now: datetime,
    accounts: Collection[int] = (), officers: Collection[int] = (),
) -> int:  # fmt: skip
    return notify.tell(
        db,
        office_id=meeting.office_id,
        kind=NoticeKind.MEETING_CHANGED,
        params={"topic": meeting.topic, "what": what, "day": day, "time": at, "count": count},
        address=f"/meetings/{meeting.id}",
        key=f"meeting:{meeting.id}:{meeting.version}:{what}",
        now=now,
        accounts=accounts,
        officers=officers,
        by=by,
        subject=notify.Subject("meeting", meeting.id),
    )
