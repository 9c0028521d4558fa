"""Meetings as people agree on them: schedule, edit, cancel, try again; who is invited, on which dates."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock
from staffhub.models import Meeting, MeetingInvite, MeetingKind, MeetingState, Office


@dataclass(frozen=True)
class Invitation:
    """One of my meetings of a day. `starts_at` is local, `token` opens /join/{token}, `over` says that it has ended."""

    id: int
    kind: MeetingKind
    topic: str
    starts_at: time
    minutes: int
    state: MeetingState
    token: str
    people: int
    over: bool


def today_for(db: Session, office_id: int, officer_id: int, day: date, now: datetime) -> list[Invitation]:
    """Return what an officer is invited to on a date, cancelled meetings left out, in one statement."""
    other = aliased(MeetingInvite)
    guests = select(func.count()).where(other.meeting_id == Meeting.id).scalar_subquery()
    rows = db.execute(
        select(
            Meeting.id,
            Meeting.kind,
            Meeting.topic,
            Meeting.starts_at,
            Meeting.minutes,
            Meeting.state,
            MeetingInvite.token,
            Meeting.weekdays,
            guests.label("people"),
            Office.timezone,
        )
        .join(MeetingInvite, MeetingInvite.meeting_id == Meeting.id)
        .join(Office, Office.id == Meeting.office_id)
        .where(
            Meeting.office_id == office_id,
            MeetingInvite.officer_id == officer_id,
            Meeting.starts_on <= day,
            Meeting.ends_on >= day,
            Meeting.state != MeetingState.CANCELLED,
        )
        .order_by(Meeting.starts_at, Meeting.id)
    )
    return [
        Invitation(
            row.id,
            row.kind,
            row.topic,
            row.starts_at,
            row.minutes,
            row.state,
            row.token,
            row.people,
            over=clock.at_local(day, row.starts_at, ZoneInfo(row.timezone)) + timedelta(minutes=row.minutes) <= now,
        )
        for row in rows
        if row.kind is MeetingKind.SINGLE or day.weekday() in row.weekdays
    ]
