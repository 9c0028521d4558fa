"""Just before a meeting whoever is invited is told, and once it is over it counts no longer on anybody's bell."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import claims, notify
from staffhub.db import Database, UtcDateTime, rows
from staffhub.meetings import joining
from staffhub.meetings.invitations import not_away
from staffhub.models import (
    Claim,
    Meeting,
    MeetingState,
    NoticeKind,
    Occurrence,
    OccurrenceState,
    Office,
)
from staffhub.notify import Subject

BEFORE = timedelta(minutes=15)
# A process that was down so long does not tell of what is over any more.
_LOOK_BACK = timedelta(hours=12)
_COUNT_NO_LONGER = (NoticeKind.MEETING_SOON, NoticeKind.MEETING_CHANGED)


def remind_due(database: Database, *, now: datetime) -> int:
    """Tell of what begins within BEFORE, and take back what is over; each once, whoever ticks. Return how many."""
    with database.reading() as db:
        coming = _not_done(db, "reminder", rows(db, _around(), **_asked(now, now + BEFORE)))
        begun = rows(db, _around(also_cancelled=True), **_asked(now - _LOOK_BACK, now))
        over = _not_done(db, "reminder-over", (row for row in begun if _ends(row) <= now))
    told = 0
    for slot, row in coming.items():
        with database.transaction() as db:
            if claims.claim(db, "reminder", slot, now=now):
                told += _tell(db, row, now)
                claims.finish(db, "reminder", slot, now=now)
    for slot, row in over.items():
        with database.transaction() as db:
            if claims.claim(db, "reminder-over", slot, now=now):
                notify.over(db, Subject("occurrence", row.id), _COUNT_NO_LONGER, now=now)
                claims.finish(db, "reminder-over", slot, now=now)
    return told


def _asked(after: datetime, until: datetime) -> dict[str, object]:
    """Two days of dates around, since an office's day is not ours; the times say the rest."""
    a_day = timedelta(days=1)
    return {"after": after, "until": until, "first": (after - a_day).date(), "last": (until + a_day).date()}


@cache
def _around(*, also_cancelled: bool = False) -> Any:
    first, last = bindparam("first", type_=Date), bindparam("last", type_=Date)
    after, until = bindparam("after", type_=UtcDateTime), bindparam("until", type_=UtcDateTime)
    columns: Any = select(
        Occurrence.id,
        Occurrence.office_id,
        Occurrence.meeting_id,
        Occurrence.date,
        Occurrence.starts_at,
        Occurrence.minutes,
        Meeting.topic,
        Office.timezone,
    )
    held = (Occurrence.state == OccurrenceState.PLANNED, Meeting.state != MeetingState.CANCELLED)
    return (
        columns.select_from(Office)
        .join(Occurrence, (Occurrence.office_id == Office.id) & Occurrence.date.between(first, last))
        .join(Meeting, Meeting.id == Occurrence.meeting_id)
        .where(Occurrence.starts_at > after, Occurrence.starts_at <= until)
        .where(*(() if also_cancelled else held))
        .order_by(Occurrence.starts_at, Occurrence.id)
    )


def _ends(row: Any) -> datetime:
    ends: datetime = row.starts_at + timedelta(minutes=row.minutes)
    return ends


def _not_done(db: Session, job: str, found: Iterable[Any]) -> dict[str, Any]:
    """Name each by its date and its hour: a meeting that was moved is told of anew."""
    named = {f"{row.id}@{row.starts_at.isoformat()}": row for row in found}
    if not named:
        return {}
    done = select(Claim.slot).where(Claim.job == job, Claim.slot.in_(named), Claim.done_at.is_not(None))
    settled = set(db.scalars(done))
    return {slot: row for slot, row in named.items() if slot not in settled}


def _tell(db: Session, row: Any, now: datetime) -> int:
    starts = row.starts_at.astimezone(ZoneInfo(row.timezone))
    ways = joining.ways(db, row.meeting_id, row.date)
    return notify.tell(
        db,
        office_id=row.office_id,
        officers=not_away(db, row.office_id, row.date, ways),
        ways=ways,
        kind=NoticeKind.MEETING_SOON,
        params={"topic": row.topic, "time": starts.time()},
        address=f"/meetings/{row.meeting_id}",
        key=f"soon:{row.id}:{row.starts_at.isoformat()}",
        subject=Subject("occurrence", row.id),
        now=now,
    )
