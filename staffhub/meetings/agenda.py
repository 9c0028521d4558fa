"""Meetings as people look at them: the week's agenda, one meeting with its guests."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Date, Row, bindparam, func, or_, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.meetings.failures import in_words
from staffhub.meetings.invitations import holds_on
from staffhub.meetings.plan import GONE, is_over, may_change
from staffhub.meetings.steps import Step, next_steps
from staffhub.meetings.terms import dates
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
    posting_near,
)
from staffhub.security import Viewer


@dataclass(frozen=True)
class Status:
    """How a meeting stands with Zoom: a tag (`kind` as in ui.tag), and in a sentence what is the matter."""

    kind: str
    text: str
    reason: str


def status_of(meeting: Meeting | Row[Any]) -> Status:
    reason = in_words(meeting.trouble)
    if meeting.state is MeetingState.CANCELLED:
        return Status("", _("Cancelled"), reason)
    if meeting.state is MeetingState.WAITING:
        return Status("wait", _("Waiting for Zoom"), reason)
    if meeting.state is MeetingState.READY:
        return Status("warn", _("Differs on Zoom"), reason) if reason else Status("ok", _("Ready"), "")
    if meeting.trouble == GONE:
        return Status("bad", _("Gone from Zoom"), reason)
    text = _("Change not on Zoom") if meeting.zoom_id else _("Not created on Zoom")
    return Status("bad", text, reason)


_COLUMNS = (
    Meeting.id,
    Meeting.kind,
    Meeting.topic,
    Meeting.division_id,
    Meeting.state,
    Meeting.version,
    Meeting.trouble,
    Meeting.zoom_id,
    Occurrence.date,
    Occurrence.starts_at.label("starts"),
    Occurrence.minutes,
    Occurrence.state.label("date_state"),
)


@dataclass(frozen=True)
class Entry:
    """One meeting on one date. `places` counts the guests by their plan of that date; `next_try` is local."""

    meeting: Row[Any]
    starts: datetime
    status: Status
    cancelled: bool
    over: bool
    places: Mapping[str, int]
    people: int
    next_try: datetime | None
    may_change: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Day:
    """A date with its meetings; `works` is False on a weekend and a holiday, whose name is `holiday`."""

    day: date
    holiday: str
    works: bool
    entries: list[Entry]


@dataclass(frozen=True)
class Week:
    """Monday to Sunday; `days` holds those with a meeting, and today; `failed` counts those that need me."""

    first: date
    days: list[Day]
    failed: int

    @property
    def last(self) -> date:
        return self.first + timedelta(days=6)

    @staticmethod
    def code(day: date) -> str:
        year, week, _weekday = day.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def before(self) -> str:
        return self.code(self.first - timedelta(days=7))

    @property
    def after(self) -> str:
        return self.code(self.first + timedelta(days=7))


# Whatever I am invited to or have scheduled.
_MINE = or_(
    select(MeetingInvite.id)
    .where(
        MeetingInvite.meeting_id == Meeting.id,
        MeetingInvite.officer_id == bindparam("officer"),
        holds_on(Occurrence.date),
    )
    .exists(),
    Meeting.created_by == bindparam("account"),
)
_NEXT_TRY = select(func.min(ZoomTask.due_at)).where(
    ZoomTask.meeting_id == Meeting.id, ZoomTask.state == TaskState.PENDING
)
_WEEK = (
    select(*_COLUMNS, _NEXT_TRY.scalar_subquery().label("next_try"))
    .join(Occurrence, Occurrence.meeting_id == Meeting.id)
    .where(
        Meeting.office_id == bindparam("office"),
        Occurrence.office_id == bindparam("office"),
        Occurrence.date.between(bindparam("first"), bindparam("last")),
    )
    .order_by(Occurrence.date, Occurrence.starts_at, Meeting.id)
)


def week(db: Session, me: Viewer, *, first: date, now: datetime) -> Week:
    """Return a week's meetings in a handful of statements, however many there are."""
    last = first + timedelta(days=6)
    asked = {"office": me.office_id, "first": first, "last": last, "officer": me.officer_id, "account": me.account_id}
    # Heads see what belongs to their scope, everyone what is theirs.
    visible = _WEEK if me.sees_everyone else _WEEK.where(or_(_MINE, me.within(None, Meeting.division_id)))
    held = rows(db, visible, **asked).all()
    guests = _invited(db, [row.id for row in held])
    book = workdays.plans(db, me.office_id, first, last)
    entries: dict[date, list[Entry]] = defaultdict(list)
    for row in held:
        there = [guest.officer_id for guest in guests[row.id] if guest.first <= row.date <= guest.last]
        entries[row.date].append(_entry(me, row, there, book, now))
    today, calendar = clock.local_day(now, me.zone), book.calendar
    shown = {*entries} | ({today} if first <= today <= last else set())
    days = [
        Day(day, calendar.holidays.get(day, ""), calendar.is_working_day(day), entries[day]) for day in sorted(shown)
    ]
    failed = {row.id for row in held if row.state is MeetingState.FAILED and may_change(me, row.division_id)}
    return Week(first, days, len(failed))


class _Invited(NamedTuple):
    """One invitation, and from and until which date it holds: no longer than the person serves."""

    officer_id: int
    first: date
    last: date


def _last_day(*days: date | None) -> date:
    return min((day for day in days if day), default=date.max)


_INVITED = (
    select(
        MeetingInvite.meeting_id,
        MeetingInvite.officer_id,
        MeetingInvite.first_on,
        MeetingInvite.last_on,
        Officer.active_to,
    )
    .join(Officer, Officer.id == MeetingInvite.officer_id)
    .where(MeetingInvite.meeting_id.in_(bindparam("meetings", expanding=True)))
)


def _invited(db: Session, meetings: Sequence[int]) -> dict[int, list[_Invited]]:
    found: dict[int, list[_Invited]] = defaultdict(list)
    for meeting_id, officer_id, first_on, last_on, active_to in rows(db, _INVITED, meetings=[*{*meetings}]):
        last = _last_day(last_on, active_to) if last_on or active_to else date.max
        found[meeting_id].append(_Invited(officer_id, first_on or date.min, last))
    return found


def _entry(me: Viewer, meeting: Any, guests: Sequence[int], book: workdays.PlanBook, now: datetime) -> Entry:
    modes = (book.of(officer_id, meeting.date).mode for officer_id in guests)
    waits = meeting.state is MeetingState.WAITING and meeting.next_try is not None
    over = meeting.starts + timedelta(minutes=meeting.minutes) <= now
    return Entry(
        meeting,
        meeting.starts.astimezone(me.zone),
        status_of(meeting),
        # The dates of a series that were held before it was cancelled were not cancelled.
        cancelled=meeting.date_state is OccurrenceState.CANCELLED,
        over=over,
        places=Counter(mode for mode in modes if mode),
        people=len(guests),
        next_try=meeting.next_try.astimezone(me.zone) if waits else None,
        may_change=may_change(me, meeting.division_id),
        steps=next_steps(meeting.state, meeting.trouble, over=over),
    )


@dataclass(frozen=True)
class Guest:
    """`until`: the last date of somebody who leaves, or is no longer among those meant, before the meeting ends."""

    name: str
    division: str
    until: date | None
    ended: bool


@dataclass(frozen=True)
class MeetingDay:
    day: date
    holiday: str
    past: bool
    cancelled: bool


@dataclass(frozen=True)
class Page:
    """One meeting as I may see it. `token` is my way in, "" when I am not invited; both times are local."""

    meeting: Meeting
    organiser: str
    organiser_left: bool
    division: str
    status: Status
    days: list[MeetingDay]
    guests: list[Guest]
    token: str
    next_try: datetime | None
    cancelled_at: datetime | None
    may_change: bool
    over: bool

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
        select(Meeting, Officer.name, Account.username, Division.short_name, Officer.active_to)
        .join(Account, Account.id == Meeting.created_by)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Division, Division.id == Meeting.division_id)
        .where(Meeting.id == meeting_id, Meeting.office_id == me.office_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such meeting."))
    meeting, name, username, division, active_to = row
    today = clock.local_day(now, me.zone)
    guests, token = _guests(db, me, meeting, today)
    if not (token or meeting.created_by == me.account_id or me.sees(officer_id=None, division_id=meeting.division_id)):
        raise Forbidden(_("You are not invited to this meeting."))
    return Page(
        meeting=meeting,
        organiser=name or username,
        organiser_left=active_to is not None and active_to < today,
        division=division or "",
        status=status_of(meeting),
        days=_days(db, me, meeting, now),
        guests=guests,
        token=token,
        next_try=_next_try(db, me, meeting),
        cancelled_at=meeting.cancelled_at.astimezone(me.zone) if meeting.cancelled_at else None,
        may_change=may_change(me, meeting.division_id),
        over=is_over(meeting, me.zone, now),
    )


_DATES = (
    select(Occurrence.date, Occurrence.starts_at, Occurrence.minutes, Occurrence.state)
    .where(Occurrence.meeting_id == bindparam("meeting"))
    .order_by(Occurrence.date)
)


def _days(db: Session, me: Viewer, meeting: Meeting, now: datetime) -> list[MeetingDay]:
    holidays = workdays.calendar(db, me.office_id).holidays
    return [
        MeetingDay(
            day,
            holidays.get(day, ""),
            starts + timedelta(minutes=minutes) <= now,
            cancelled=state is OccurrenceState.CANCELLED,
        )
        for day, starts, minutes, state in rows(db, _DATES, meeting=meeting.id)
    ]


_GUESTS = (
    select(
        Officer.id,
        Officer.name,
        Officer.active_to,
        Division.short_name,
        MeetingInvite.token,
        MeetingInvite.last_on,
    )
    .join(Officer, Officer.id == MeetingInvite.officer_id)
    .outerjoin(Posting, posting_near(bindparam("day", type_=Date)))
    .outerjoin(Division, Division.id == Posting.division_id)
    .where(MeetingInvite.meeting_id == bindparam("meeting"))
    .order_by(Division.sort.nulls_first(), Officer.name)
)


def _guests(db: Session, me: Viewer, meeting: Meeting, today: date) -> tuple[list[Guest], str]:
    found = rows(db, _GUESTS, meeting=meeting.id, day=meeting.starts_on).all()
    lasts = {row.id: _last_day(row.last_on, row.active_to) for row in found}
    guests = [
        Guest(row.name, row.short_name or "", last if last < meeting.ends_on else None, ended=last < today)
        for row, last in zip(found, lasts.values(), strict=True)
    ]
    return guests, next((row.token for row in found if row.id == me.officer_id and lasts[row.id] >= today), "")


_PENDING = select(func.min(ZoomTask.due_at)).where(
    ZoomTask.meeting_id == bindparam("meeting"), ZoomTask.state == TaskState.PENDING
)


def _next_try(db: Session, me: Viewer, meeting: Meeting) -> datetime | None:
    due = rows(db, _PENDING, meeting=meeting.id).scalar_one()
    return due.astimezone(me.zone) if due else None


def preview(db: Session, me: Viewer, agreed: Mapping[str, Any]) -> list[MeetingDay]:
    """Mark the holidays among the dates of a standup that is not saved yet."""
    days = dates(agreed["starts_on"], agreed["weekdays"], agreed["occurrences"])
    holidays = workdays.calendar(db, me.office_id).holidays
    return [MeetingDay(day, holidays.get(day, ""), past=False, cancelled=False) for day in days]
