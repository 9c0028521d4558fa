"""What an officer is invited to on a day, the way in, and the click that tells of having gone there."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Select, bindparam, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock
from staffhub.ahead import Ask
from staffhub.db import read
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.meetings.invitations import holds_on
from staffhub.models import (
    JoinClick,
    Meeting,
    MeetingInvite,
    MeetingKind,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Office,
)
from staffhub.security import Viewer

# A click tells of attendance from this long before the start until this long after the planned end. Whoever clicks
# at another hour is led to Zoom all the same, where the meeting may have been agreed to begin earlier or to go on.
DOOR = timedelta(minutes=30)
_LONGEST = timedelta(days=1)


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


def _invited() -> Select[*tuple[Any, ...]]:
    day = bindparam("day", type_=Date)
    other = aliased(MeetingInvite)
    ended = or_(other.first_on > day, other.last_on < day)
    guests = select(func.count()).where(other.meeting_id == Meeting.id, ended.is_not(True)).scalar_subquery()
    return (
        select(
            Meeting.id,
            Meeting.kind,
            Meeting.topic,
            Occurrence.starts_at,
            Occurrence.minutes,
            Meeting.state,
            MeetingInvite.token,
            guests.label("people"),
            Office.timezone,
        )
        .join(Meeting, Meeting.id == Occurrence.meeting_id)
        .join(MeetingInvite, MeetingInvite.meeting_id == Meeting.id)
        .join(Office, Office.id == Occurrence.office_id)
        .where(
            Occurrence.office_id == bindparam("office"),
            Occurrence.date == day,
            MeetingInvite.officer_id == bindparam("officer"),
            holds_on(day),
            Meeting.state != MeetingState.CANCELLED,
            Occurrence.state == OccurrenceState.PLANNED,
        )
        .order_by(Occurrence.starts_at, Meeting.id)
    )


_INVITED = _invited()


def ask_today(office_id: int, officer_id: int, day: date) -> Ask:
    return Ask(_INVITED, {"office": office_id, "officer": officer_id, "day": day})


def today_for(db: Session, office_id: int, officer_id: int, day: date, now: datetime) -> list[Invitation]:
    """Return what an officer is invited to on a date, cancelled meetings left out, in one statement."""
    return [
        Invitation(
            id_,
            kind,
            topic,
            starts.astimezone(ZoneInfo(timezone)).time(),
            minutes,
            state,
            token,
            people,
            over=starts + timedelta(minutes=minutes) <= now,
        )
        for id_, kind, topic, starts, minutes, state, token, people, timezone in read(
            db, ask_today(office_id, officer_id, day)
        )
    ]


@dataclass(frozen=True)
class Way:
    """Where a token leads; `join_url` is "" while there is nothing to open. It is never logged.

    `day` is the date of the meeting whose door is open now; None: a click would tell of nothing.
    """

    meeting_id: int
    join_url: str
    cancelled: bool
    day: date | None


def way_in(db: Session, me: Viewer, token: str, *, now: datetime) -> Way:
    """Load where my token leads; somebody else's is not mine to use."""
    row = db.execute(
        select(MeetingInvite.officer_id, Meeting.id, Meeting.join_url, Meeting.state)
        .join(Meeting, Meeting.id == MeetingInvite.meeting_id)
        .where(MeetingInvite.token == token, MeetingInvite.office_id == me.office_id)
        .where(holds_on(clock.local_day(now, me.zone)))
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such invitation. It may have been withdrawn."))
    if row.officer_id != me.officer_id:
        raise Forbidden(_("This link belongs to somebody else. Open the meeting from your own page."))
    return Way(row.id, row.join_url, row.state is MeetingState.CANCELLED, _open_day(db, row.id, now))


def _open_day(db: Session, meeting_id: int, now: datetime) -> date | None:
    """Return the date whose door is open; where two are, that of the later start."""
    held = db.scalars(
        select(Occurrence)
        .where(
            Occurrence.meeting_id == meeting_id,
            Occurrence.state == OccurrenceState.PLANNED,
            Occurrence.starts_at <= now + DOOR,
            Occurrence.starts_at > now - DOOR - _LONGEST,
        )
        .order_by(Occurrence.starts_at.desc())
    )
    return next((row.date for row in held if now < row.ends + DOOR), None)


def note_click(db: Session, me: Viewer, meeting_id: int, day: date, *, now: datetime) -> None:
    """Record that I went to the meeting of a date: the one sign of attendance that is surely mine."""
    click = {"office_id": me.office_id, "meeting_id": meeting_id, "officer_id": me.officer_id, "date": day, "at": now}
    db.execute(insert(JoinClick).values(**click))
    audit.record(db, me, "meeting.joined", "meeting", meeting_id, now=now)
