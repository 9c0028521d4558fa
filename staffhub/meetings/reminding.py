"""Before a meeting whoever is invited is told, each as long before as they chose (notify.LEADS); once it is over it
counts no longer on anybody's bell.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Date, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import claims, notify
from staffhub.db import Database, UtcDateTime, rows
from staffhub.meetings import joining
from staffhub.meetings.invitations import not_away
from staffhub.models import (
    Account,
    Claim,
    Meeting,
    MeetingState,
    NoticeKind,
    Occurrence,
    OccurrenceState,
    Office,
)
from staffhub.notify import LEADS, USUAL, Subject

T = TypeVar("T")

# A process that was down so long does not tell of what is over any more.
_LOOK_BACK = timedelta(hours=12)
_COUNT_NO_LONGER = (NoticeKind.MEETING_SOON, NoticeKind.MEETING_CHANGED)


def remind_due(database: Database, *, now: datetime) -> int:
    """Tell of what begins soon, and take back what is over; each once, whoever ticks. Return how many."""
    with database.reading() as db:
        ahead = rows(db, _around(), **_asked(now, now + timedelta(minutes=max(LEADS)))).all()
        coming = _not_done(db, "reminder", _leads(ahead, now))
        begun = rows(db, _around(also_cancelled=True), **_asked(now - _LOOK_BACK, now))
        over = _not_done(db, "reminder-over", {_named(row): row for row in begun if _ends(row) <= now})
    told = 0
    for slot, (row, lead) in coming.items():
        with database.transaction() as db:
            if claims.claim(db, "reminder", slot, now=now):
                told += _tell(db, row, lead, now)
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


def _named(row: Any) -> str:
    """By its date and its hour: a meeting that was moved is told of anew."""
    return f"{row.id}@{row.starts_at.isoformat()}"


def _leads(ahead: Iterable[Any], now: datetime) -> dict[str, tuple[Any, int]]:
    """Return what is due, date by date and lead by lead; the usual one is named as when there was no other."""
    return {
        _named(row) if lead == USUAL else f"{_named(row)}/{lead}": (row, lead)
        for row in ahead
        for lead in LEADS
        if row.starts_at <= now + timedelta(minutes=lead)
    }


def _not_done(db: Session, job: str, named: dict[str, T]) -> dict[str, T]:
    if not named:
        return {}
    done = select(Claim.slot).where(Claim.job == job, Claim.slot.in_(named), Claim.done_at.is_not(None))
    settled = set(db.scalars(done))
    return {slot: row for slot, row in named.items() if slot not in settled}


_WANT_IT = select(Account.officer_id).where(
    Account.office_id == bindparam("office"),
    Account.officer_id.is_not(None),
    func.coalesce(Account.remind_before, USUAL) >= bindparam("lead"),
)


def _tell(db: Session, row: Any, lead: int, now: datetime) -> int:
    """Tell whoever wants it by now and was not told yet: the key sees to that, also where somebody chose otherwise
    in between.
    """
    starts = row.starts_at.astimezone(ZoneInfo(row.timezone))
    wanted = set(rows(db, _WANT_IT, office=row.office_id, lead=lead).scalars())
    ways = {one: way for one, way in joining.ways(db, row.meeting_id, row.date).items() if one in wanted}
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
