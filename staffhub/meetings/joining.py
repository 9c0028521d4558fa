"""What an officer is invited to on a day, the way in, and the click that tells of having gone there."""

import binascii
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Select, and_, bindparam, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from staffhub import audit
from staffhub.ahead import Ask
from staffhub.db import read, rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.meetings.attending import AFTER
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
    Officer,
    serves,
)
from staffhub.security import Viewer

# A click tells of attendance from this long before the start until this long after the planned end. Whoever clicks
# at another hour is led to Zoom all the same, where the meeting may have been agreed to begin earlier or to go on.
DOOR = timedelta(minutes=30)
# Who presses twice went there once.
_AGAIN = timedelta(minutes=1)
_SIGNED = 15  # bytes of the signature: 32 letters in all


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
            MeetingInvite.id,
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
            token_for(invite_id, seed, day),
            people,
            over=starts + timedelta(minutes=minutes) <= now,
        )
        for id_, kind, topic, starts, minutes, state, invite_id, seed, people, timezone in read(
            db, ask_today(office_id, officer_id, day)
        )
    ]


def token_for(invite_id: int, seed: str, day: date) -> str:
    """Return an invited person's way in to one date: another for each date, and made by nobody without the seed."""
    about = invite_id.to_bytes(6) + day.toordinal().to_bytes(3)
    signature = hmac.digest(seed.encode(), b"join" + about, "sha256")[:_SIGNED]
    return urlsafe_b64encode(about + signature).decode()


def ways(db: Session, meeting_id: int, day: date) -> dict[int, str]:
    """Return the address of everybody's own way in to a date, by officer."""
    invited = select(MeetingInvite.officer_id, MeetingInvite.id, MeetingInvite.token)
    found = db.execute(invited.where(MeetingInvite.meeting_id == meeting_id, holds_on(day)))
    return {row.officer_id: f"/join/{token_for(row.id, row.token, day)}" for row in found}


def renew(db: Session, me: Viewer, meeting_id: int, *, shown: str, now: datetime) -> bool:
    """Give me another way in to every date of a meeting: those that were given before lead nowhere from now on.

    `shown`: the way in that was before my eyes; False where it was not mine any more, as after a second tap.
    """
    asked = select(MeetingInvite).where(
        MeetingInvite.meeting_id == meeting_id,
        MeetingInvite.office_id == me.office_id,
        MeetingInvite.officer_id == me.officer_id,
    )
    invite = db.scalars(asked.with_for_update()).one_or_none()
    if invite is None:
        raise Forbidden(_("You are not invited to this meeting."))
    named, day = _named(shown)
    if named != invite.id or not hmac.compare_digest(token_for(named, invite.token, day).encode(), shown.encode()):
        return False
    invite.token = secrets.token_urlsafe(16)
    audit.record(db, me, "meeting.link_renewed", "meeting", meeting_id, now=now)
    db.flush()
    return True


def _named(token: str) -> tuple[int, date]:
    """Return which invitation a token speaks of, and which date; (0, ...) where it speaks of none."""
    try:
        about = urlsafe_b64decode(token.encode())
        return int.from_bytes(about[:6]), date.fromordinal(int.from_bytes(about[6:9]))
    except (ValueError, binascii.Error, OverflowError):
        return 0, date.min


@dataclass(frozen=True)
class Way:
    """Where a token leads, for whom; `join_url` is "" while there is nothing to open. It is never logged.

    `over`: it leads nowhere any more. `day` is the date that a click tells of now; None: it would tell of nothing.
    """

    meeting_id: int
    office_id: int
    officer_id: int
    join_url: str
    cancelled: bool
    over: bool
    day: date | None


def _way() -> Select[*tuple[Any, ...]]:
    day = bindparam("day", type_=Date)
    of_day = and_(Occurrence.meeting_id == Meeting.id, Occurrence.date == day)
    return (
        select(
            MeetingInvite.token,
            MeetingInvite.officer_id,
            Meeting.id,
            Meeting.office_id,
            Meeting.join_url,
            Meeting.state,
            Occurrence.starts_at,
            Occurrence.minutes,
            Occurrence.state.label("held"),
        )
        .join(Meeting, Meeting.id == MeetingInvite.meeting_id)
        .join(Officer, Officer.id == MeetingInvite.officer_id)
        .outerjoin(Occurrence, of_day)
        .where(MeetingInvite.id == bindparam("invite"), holds_on(day), serves(day, day))
    )


_WAY = _way()


def unknown() -> str:
    return _("There is no such invitation. It may have been withdrawn.")


def way_in(db: Session, token: str, *, now: datetime) -> Way:
    """Load where a token leads: it is its own key. NotFound: never given, withdrawn, or its officer has left.

    All of these take the same one statement, and so does one that leads somewhere.
    """
    invite, day = _named(token)
    row: Any = rows(db, _WAY, invite=invite, day=day).one_or_none()
    right = hmac.compare_digest(token_for(invite, row.token if row else "", day).encode(), token.encode())
    if row is None or not right:
        raise NotFound(unknown())
    starts = row.starts_at
    ends = starts + timedelta(minutes=row.minutes) if starts else None
    return Way(
        row.id,
        row.office_id,
        row.officer_id,
        row.join_url,
        cancelled=row.state is MeetingState.CANCELLED or row.held is OccurrenceState.CANCELLED,
        # A date that is not there any more was moved: whoever is invited has another way in.
        over=ends is None or now >= ends + AFTER,
        day=day if starts and ends and starts - DOOR <= now < ends + DOOR else None,
    )


def note_click(db: Session, me: Viewer | None, way: Way, day: date, *, now: datetime) -> None:
    """Record that an officer went to the meeting of a date, by a link that nobody else was given.

    `me` is that officer, signed in; None: the link was all that was shown.
    """
    click = {"office_id": way.office_id, "meeting_id": way.meeting_id, "officer_id": way.officer_id, "date": day}
    if db.scalar(select(JoinClick.id).filter_by(**click).where(JoinClick.at > now - _AGAIN).limit(1)):
        return
    db.execute(insert(JoinClick).values(**click, at=now))
    facts = {} if me else {"officer": way.officer_id}
    audit.record(db, me, "meeting.joined", "meeting", way.meeting_id, now=now, office_id=way.office_id, **facts)
