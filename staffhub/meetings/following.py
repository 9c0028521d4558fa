"""Series go on by themselves: they follow the office's calendar, and their dates follow each other."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, office, workdays
from staffhub.db import Database
from staffhub.meetings import hosts, occurrences, plan, telling, wire
from staffhub.meetings.failures import CO_HOSTS
from staffhub.meetings.terms import LAID_AHEAD, dates_until
from staffhub.models import (
    Meeting,
    MeetingKind,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Office,
    ZoomTask,
    ZoomVerb,
)

_AGAIN = timedelta(hours=20)
# A series without an end is carried on when its dates come nearer than this: a few times a year, not every day.
_CARRIED_ON = LAID_AHEAD - timedelta(weeks=6)
_SERIES = (Meeting.kind == MeetingKind.STANDUP, Meeting.state != MeetingState.CANCELLED)


def run_due(database: Database, *, now: datetime) -> int:
    """Do what is due, each series in a transaction of its own; return how many dates changed, or series went on."""
    with database.reading() as db:
        offices = db.scalars(select(Office.id)).all()
        short = [one for office_id in offices for one in _running_short(db, office_id, now)]
        behind = [one for office_id in offices for one in _behind(db, office_id, now)]
        ending = [one for office_id in offices for one in _ending(db, office_id, now)]
    done = 0
    for verb, found in ((_follow, behind), (_carry_on, short), (_extend, ending)):
        for meeting_id in found:
            with database.transaction() as db:
                done += verb(db, meeting_id, now=now)
    return done


def _ahead(office_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The dates of an office to come, found by their day: those that were held are many more."""
    yesterday = (now - timedelta(days=1)).date()  # an office's day is not ours
    return Occurrence.office_id == office_id, Occurrence.date >= yesterday, Occurrence.starts_at > now


def _behind(db: Session, office_id: int, now: datetime) -> list[int]:
    """Find the series of which a date is not what the calendar says, in one statement and without locking any."""
    zone, calendar = office.facts(db, office_id).zone, workdays.calendar(db, office_id)
    columns = (
        Meeting.starts_at.label("hour"),
        Meeting.special_at,
        Occurrence.date,
        Occurrence.slot,
        Occurrence.starts_at,
    )
    ahead = (
        select(Meeting.id, *columns, Occurrence.holiday, Occurrence.state)
        .join(Meeting, Meeting.id == Occurrence.meeting_id)
        .where(*_ahead(office_id, now), Occurrence.by_hand.is_(False), *_SERIES)
    )
    found: dict[tuple[time, time | None], dict[date, occurrences.Slot]] = {}
    behind: set[int] = set()
    for row in db.execute(ahead):
        known, day = found.setdefault((row.hour, row.special_at), {}), row.slot or row.date
        if day not in known:
            known |= occurrences.slots(calendar, [day], row.hour, row.special_at, zone)
        slot = known[day]
        if (row.starts_at, row.holiday, row.state) != (slot.starts, slot.holiday, slot.state):
            behind.add(row.id)
    return sorted(behind)


def _follow(db: Session, meeting_id: int, *, now: datetime) -> int:
    """Bring the dates ahead to the calendar as it is now; tell Zoom and those invited; return how many changed."""
    query = select(Meeting).where(Meeting.id == meeting_id, *_SERIES).with_for_update()
    meeting = db.scalars(query).one_or_none()
    if meeting is None:
        return 0
    zone = office.facts(db, meeting.office_id).zone
    changes = occurrences.lay_out(db, meeting, zone, now=now)
    if not changes:
        return 0
    free = hosts.settle(db, meeting, now=now)
    meeting.version += 1
    if meeting.trouble != plan.GONE and meeting.theirs is None:
        plan.push_change(db, meeting, now)
    facts = {"dates": [change.date for change in changes]}
    audit.record(db, None, "meeting.calendar", "meeting", meeting.id, now=now, office_id=meeting.office_id, **facts)
    _tell(db, meeting, changes, zone, now=now)
    if not free:
        telling.tell_organiser(db, meeting, "crowded", now=now)
    return len(changes)


def _tell(
    db: Session, meeting: Meeting, changes: Sequence[occurrences.Change], zone: ZoneInfo, *, now: datetime
) -> None:
    first = changes[0]
    what = "calendar"
    if len(changes) == 1:
        what = "cancelled" if first.state is OccurrenceState.CANCELLED else "moved"
    at = first.starts.astimezone(zone).time()
    telling.tell(db, meeting, what, day=first.date, at=at, count=len(changes), now=now)


def _running_short(db: Session, office_id: int, now: datetime) -> Sequence[int]:
    """Find the series without an end that have dates for too short a time."""
    near = clock.local_day(now, office.facts(db, office_id).zone) + _CARRIED_ON
    return db.scalars(
        select(Meeting.id)
        .where(Meeting.office_id == office_id, Meeting.laid_until < near, *_SERIES)
        .order_by(Meeting.id)
    ).all()


def _carry_on(db: Session, meeting_id: int, *, now: datetime) -> int:
    """Lay out further dates of a series without an end; 0 when another process was quicker.

    Zoom is given them when few are left there (`_ending`). The version stays: nothing that anybody could be looking at
    has changed.
    """
    query = select(Meeting).where(Meeting.id == meeting_id).with_for_update()
    meeting = db.scalars(query.execution_options(populate_existing=True)).one()
    office_id = meeting.office_id
    if meeting_id not in _running_short(db, office_id, now) or meeting_id in _behind(db, office_id, now):
        return 0  # what has changed of its dates is told first
    zone = office.facts(db, meeting.office_id).zone
    meeting.laid_until = clock.local_day(now, zone) + LAID_AHEAD
    meeting.occurrences = len(dates_until(meeting.starts_on, meeting.weekdays, meeting.laid_until))
    host = meeting.zoom_host
    occurrences.lay_out(db, meeting, zone, now=now)
    free = hosts.settle(db, meeting, now=now)
    if meeting.zoom_host != host and meeting.trouble != plan.GONE and meeting.theirs is None:
        plan.push_change(db, meeting, now)
    facts = {"until": meeting.laid_until}
    audit.record(db, None, "meeting.carried_on", "meeting", meeting.id, now=now, office_id=meeting.office_id, **facts)
    if not free:
        telling.tell_organiser(db, meeting, "crowded", now=now)
    return 1


def _ending(db: Session, office_id: int, now: datetime) -> Sequence[int]:
    """Find the series whose dates at Zoom come to an end while there are more.

    Of what Zoom has otherwise a person decides first. Asked for once a day at most: a refusal is not repeated by the
    minute.
    """
    few = _count(Occurrence.zoom_occurrence_id.is_not(None), now) <= wire.MARGIN
    more = _count(and_(Occurrence.zoom_occurrence_id.is_(None), Occurrence.slot.is_(None)), now) > 0
    asked = (ZoomTask.verb == ZoomVerb.UPDATE, ZoomTask.created_at > now - _AGAIN)
    lately = select(ZoomTask.id).where(ZoomTask.meeting_id == Meeting.id, *asked).exists()
    due = select(Meeting.id).where(
        Meeting.id.in_(select(Occurrence.meeting_id).where(*_ahead(office_id, now))),
        Meeting.state == MeetingState.READY,
        or_(Meeting.trouble == "", Meeting.trouble.startswith(f"{CO_HOSTS}:")),
        Meeting.kind == MeetingKind.STANDUP,
        few,
        more,
        ~lately,
    )
    return db.scalars(due.order_by(Meeting.id)).all()


def _extend(db: Session, meeting_id: int, *, now: datetime) -> int:
    """Let Zoom have the next dates; 0 when another process was quicker."""
    meeting = db.scalars(select(Meeting).where(Meeting.id == meeting_id).with_for_update()).one()
    if meeting_id not in _ending(db, meeting.office_id, now):
        return 0
    plan.push_change(db, meeting, now)
    audit.record(db, None, "meeting.extended", "meeting", meeting.id, now=now, office_id=meeting.office_id)
    return 1


def _count(of: ColumnElement[bool], now: datetime) -> ColumnElement[int]:
    ahead = (
        Occurrence.meeting_id == Meeting.id,
        Occurrence.starts_at > now,
        Occurrence.state == OccurrenceState.PLANNED,
    )
    return select(func.count()).select_from(Occurrence).where(*ahead, of).scalar_subquery()
