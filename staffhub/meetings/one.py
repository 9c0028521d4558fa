"""One meeting as people look at it: its dates, its guests, how it stands with Zoom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock, i18n, workdays
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.meetings import hosts, tries, wire
from staffhub.meetings.agenda import Status, Week, last_day, status_of
from staffhub.meetings.joining import token_for
from staffhub.meetings.plan import may_change
from staffhub.meetings.steps import Step, next_steps
from staffhub.meetings.theirs import Theirs
from staffhub.meetings.tries import Try
from staffhub.models import (
    Account,
    Division,
    Meeting,
    MeetingInvite,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Officer,
    Posting,
    TaskState,
    ZoomTask,
    ZoomUser,
    posting_near,
)
from staffhub.security import Viewer

_TRIES = 20


@dataclass(frozen=True)
class Guest:
    """`until`: the last date of somebody who leaves, or is no longer among those meant, before the meeting ends."""

    name: str
    division: str
    until: date | None
    ended: bool


@dataclass(frozen=True)
class MeetingDay:
    """One date; `starts` is local, `usual` says that it is at the hour of the series.

    `holiday` names the day off that it falls on: it is held all the same when it is not cancelled.
    """

    day: date
    starts: datetime
    holiday: str
    past: bool
    cancelled: bool
    usual: bool = True
    agenda: str = ""
    note: str = ""
    id: int = 0
    begun: bool = False  # the day has come: its minutes can be written


@dataclass(frozen=True)
class Page:
    """One meeting as I may see it. `token` is my way in to its next date, "" where there is none; `invited` says
    whether I am at all. Both times are local.
    """

    meeting: Meeting
    organiser: str
    organiser_left: bool
    division: str
    status: Status
    days: list[MeetingDay]
    guests: list[Guest]
    token: str
    invited: bool
    next_try: datetime | None
    cancelled_at: datetime | None
    may_change: bool
    over: bool
    theirs: list[tuple[str, str, str]]
    cut_short: bool
    tries: list[Try]

    @property
    def people(self) -> int:
        return sum(not guest.ended for guest in self.guests)

    @property
    def leaving(self) -> list[Guest]:
        return [guest for guest in self.guests if guest.until]

    @property
    def can_join(self) -> bool:
        return bool(self.token and self.meeting.join_url) and self.meeting.state is not MeetingState.CANCELLED

    @property
    def open(self) -> bool:
        """Whether there is still something to change or to cancel."""
        return self.meeting.state is not MeetingState.CANCELLED and not self.over

    @property
    def steps(self) -> tuple[Step, ...]:
        return next_steps(self.meeting.state, self.meeting.trouble, over=self.over)

    @property
    def held(self) -> list[MeetingDay]:
        return [day for day in self.days if not day.cancelled]

    @property
    def ahead(self) -> list[MeetingDay]:
        return [day for day in self.days if not day.past]

    @property
    def behind(self) -> list[MeetingDay]:
        """What was held, the newest first."""
        return [day for day in reversed(self.held) if day.past]

    @property
    def last_held(self) -> date | None:
        """The newest date whose minutes are written or can be."""
        return next((day.day for day in reversed(self.held) if day.begun), None)

    @property
    def own_agenda(self) -> MeetingDay | None:
        """The next date, when it has an agenda of its own."""
        following = next((day for day in self.ahead if not day.cancelled), None)
        return following if following and following.agenda else None

    @property
    def week(self) -> str:
        return Week.code(next((day.day for day in self.days if not day.past), self.days[-1].day))

    @property
    def waits(self) -> bool:
        return self.meeting.state is MeetingState.WAITING and not self.over

    @property
    def stamp(self) -> str:
        """What the state card shows, in short: a browser that has seen it needs no second copy."""
        tried = f"{self.next_try:%H%M%S}" if self.next_try else ""
        return f"{self.meeting.state.value}-{self.meeting.trouble.partition(':')[0]}-{tried}"


def page(db: Session, me: Viewer, meeting_id: int, *, now: datetime) -> Page:
    """Load a meeting that I am invited to or that belongs to my scope."""
    row = db.execute(
        select(Meeting, Officer.name, Account.username, Division.short_name, Officer.active_to, ZoomUser.licence)
        .join(Account, Account.id == Meeting.created_by)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Division, Division.id == Meeting.division_id)
        .outerjoin(ZoomUser, ZoomUser.email == func.lower(Meeting.zoom_host))
        .where(Meeting.id == meeting_id, Meeting.office_id == me.office_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such meeting."))
    meeting, name, username, division, active_to, licence = row
    today = clock.local_day(now, me.zone)
    guests, mine = _guests(db, me, meeting, today)
    days = _days(db, me, meeting, now)
    if not (mine or meeting.created_by == me.account_id or me.sees(officer_id=None, division_id=meeting.division_id)):
        raise Forbidden(_("You are not invited to this meeting."))
    return Page(
        meeting=meeting,
        organiser=name or username,
        organiser_left=active_to is not None and active_to < today,
        division=division or "",
        status=status_of(meeting),
        days=days,
        guests=guests,
        token=_token(mine, days),
        invited=mine is not None,
        next_try=_next_try(db, me, meeting),
        cancelled_at=meeting.cancelled_at.astimezone(me.zone) if meeting.cancelled_at else None,
        may_change=may_change(me, meeting.division_id),
        over=all(day.past for day in days),
        cut_short=hosts.is_cut_short(meeting.minutes, licence),
        theirs=_theirs(me, meeting, days) if meeting.theirs else [],
        tries=_tries(db, me, meeting),
    )


def _tries(db: Session, me: Viewer, meeting: Meeting) -> list[Try]:
    """Return what became of the tries so far, for whoever can do something about it."""
    if not meeting.trouble or meeting.state is MeetingState.READY or not may_change(me, meeting.division_id):
        return []
    return tries.newest(db, [meeting.id], me.zone, most=_TRIES).get(meeting.id, [])


def _theirs(me: Viewer, meeting: Meeting, days: Sequence[MeetingDay]) -> list[tuple[str, str, str]]:
    """Return what differs, as we have it, and as Zoom has it."""
    theirs = Theirs.read(meeting.theirs or {})
    found = []
    if theirs.topic is not None:
        found.append((_("Topic"), meeting.topic, theirs.topic))
    if theirs.agenda is not None:
        found.append((_("Agenda"), meeting.agenda, theirs.agenda))
    if theirs.minutes is not None:
        found.append((_("Length (minutes)"), str(meeting.minutes), str(theirs.minutes)))
    ours_sent = wire.SETTINGS | (meeting.zoom_settings or {})
    for name, value in theirs.settings.items():
        found.append((_setting(name), _switched(ours_sent[name]), _switched(value)))
    known = {day.id: day for day in days}
    for row_id, start in theirs.dates.items():
        if (day := known.get(row_id)) is not None:
            ours = _("not held") if day.cancelled else _when(day.starts)
            found.append((i18n.day(day.day), ours, _when(start.astimezone(me.zone)) if start else _("not held")))
    return found


def _setting(name: str) -> str:
    words = {
        "waiting_room": _("Waiting room"),
        "join_before_host": _("Coming before the host"),
        "jbh_time": _("Minutes that people may come early (0: at any time)"),
    }
    return words.get(name) or _("The personal meeting number of the host")


def _switched(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def _when(moment: datetime) -> str:
    return f"{i18n.day(moment.date())}, {i18n.clock(moment)}"


_DATES = (
    select(
        Occurrence.id,
        Occurrence.date,
        Occurrence.starts_at,
        Occurrence.minutes,
        Occurrence.state,
        Occurrence.holiday,
        Occurrence.agenda,
        Occurrence.cancel_note,
    )
    .where(Occurrence.meeting_id == bindparam("meeting"))
    .order_by(Occurrence.date)
)


def _days(db: Session, me: Viewer, meeting: Meeting, now: datetime) -> list[MeetingDay]:
    holidays = workdays.calendar(db, me.office_id).holidays
    return [
        MeetingDay(
            row.date,
            local := row.starts_at.astimezone(me.zone),
            row.holiday or holidays.get(row.date, ""),
            row.starts_at + timedelta(minutes=row.minutes) <= now,
            cancelled=row.state is OccurrenceState.CANCELLED,
            usual=local.time() == meeting.starts_at,
            agenda=row.agenda or "",
            note=row.cancel_note or "",
            id=row.id,
            begun=row.date <= clock.local_day(now, me.zone),
        )
        for row in rows(db, _DATES, meeting=meeting.id)
    ]


_GUESTS = (
    select(
        Officer.id,
        Officer.name,
        Officer.active_to,
        Division.short_name,
        MeetingInvite.id.label("invite"),
        MeetingInvite.token,
        MeetingInvite.last_on,
    )
    .join(Officer, Officer.id == MeetingInvite.officer_id)
    .outerjoin(Posting, posting_near(bindparam("day", type_=Date)))
    .outerjoin(Division, Division.id == Posting.division_id)
    .where(MeetingInvite.meeting_id == bindparam("meeting"))
    .order_by(Division.sort.nulls_first(), Officer.name)
)


def _guests(db: Session, me: Viewer, meeting: Meeting, today: date) -> tuple[list[Guest], Any]:
    found = rows(db, _GUESTS, meeting=meeting.id, day=meeting.starts_on).all()
    lasts = {row.id: last_day(row.last_on, row.active_to) for row in found}
    guests = [
        Guest(row.name, row.short_name or "", last if last < meeting.ends_on else None, ended=last < today)
        for row, last in zip(found, lasts.values(), strict=True)
    ]
    return guests, next((row for row in found if row.id == me.officer_id and lasts[row.id] >= today), None)


def _token(mine: Any, days: Sequence[MeetingDay]) -> str:
    """My way in to the date that is held now or next, as long as I am still invited then."""
    day = next((one.day for one in days if not one.past and not one.cancelled), None)
    if mine is None or day is None or day > last_day(mine.last_on, mine.active_to):
        return ""
    return token_for(mine.invite, mine.token, day)


_PENDING = select(func.min(ZoomTask.due_at)).where(
    ZoomTask.meeting_id == bindparam("meeting"), ZoomTask.state == TaskState.PENDING
)


def _next_try(db: Session, me: Viewer, meeting: Meeting) -> datetime | None:
    due = rows(db, _PENDING, meeting=meeting.id).scalar_one()
    return due.astimezone(me.zone) if due else None
