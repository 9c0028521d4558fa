"""Meetings as people look at them: the week's agenda, and how each stands with Zoom."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, func, or_, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.db import rows
from staffhub.i18n import gettext as _
from staffhub.meetings import came
from staffhub.meetings.failures import in_words
from staffhub.meetings.invitations import holds_on
from staffhub.meetings.plan import GONE, may_change
from staffhub.meetings.steps import Step, next_steps
from staffhub.models import (
    Meeting,
    MeetingInvite,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Officer,
    TaskState,
    ZoomTask,
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
        if meeting.trouble.startswith("theirs"):
            return Status("warn", _("Changed in Zoom"), reason)
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
    Occurrence.holiday.label("day_off"),
)


@dataclass(frozen=True)
class Entry:
    """One meeting on one date. `places` counts the guests by their plan of that date; `next_try` is local.

    `came` and `excused` count those of `people` who were there, and who were away for leave or another duty.
    """

    meeting: Row[Any]
    starts: datetime
    status: Status
    cancelled: bool
    over: bool
    places: Mapping[str, int]
    people: int
    came: int
    excused: int
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
MINE = or_(
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
    visible = _WEEK if me.sees_everyone else _WEEK.where(or_(MINE, me.within(None, Meeting.division_id)))
    held = rows(db, visible, **asked).all()
    guests = _invited(db, [row.id for row in held])
    over = {row.id for row in held if _ends(row) <= now}
    there = came.seen(db, me.office_id, over, first, last)
    book = workdays.plans(db, me.office_id, first, last)
    entries: dict[date, list[Entry]] = defaultdict(list)
    for row in held:
        meant = [guest.officer_id for guest in guests[row.id] if guest.first <= row.date <= guest.last]
        entries[row.date].append(_entry(me, row, meant, there[row.id, row.date], book, now))
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


def last_day(*days: date | None) -> date:
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
        last = last_day(last_on, active_to) if last_on or active_to else date.max
        found[meeting_id].append(_Invited(officer_id, first_on or date.min, last))
    return found


def _ends(meeting: Any) -> datetime:
    ends: datetime = meeting.starts + timedelta(minutes=meeting.minutes)
    return ends


def _is_away(book: workdays.PlanBook, officer_id: int, starts: datetime) -> bool:
    """Whether the highest of what was granted is leave or another duty, as the page of who came has it."""
    granted = book.entries.get((officer_id, starts.date()))
    if not granted:
        return False
    return (
        came.is_away(book.of(officer_id, starts.date()), starts) if granted[-1].part else granted[-1].mode in came.AWAY
    )


def _entry(
    me: Viewer, meeting: Any, guests: Sequence[int], there: Collection[int], book: workdays.PlanBook, now: datetime
) -> Entry:
    modes = (book.of(officer_id, meeting.date).mode for officer_id in guests)
    waits = meeting.state is MeetingState.WAITING and meeting.next_try is not None
    over = _ends(meeting) <= now
    missed = [officer_id for officer_id in guests if officer_id not in there]
    starts = meeting.starts.astimezone(me.zone)
    return Entry(
        meeting,
        starts,
        status_of(meeting),
        # The dates of a series that were held before it was cancelled were not cancelled.
        cancelled=meeting.date_state is OccurrenceState.CANCELLED,
        over=over,
        places=Counter(mode for mode in modes if mode),
        people=len(guests),
        came=len(guests) - len(missed),
        excused=sum(_is_away(book, officer_id, starts) for officer_id in missed) if over else 0,
        next_try=meeting.next_try.astimezone(me.zone) if waits else None,
        may_change=may_change(me, meeting.division_id),
        steps=next_steps(meeting.state, meeting.trouble, over=over),
    )
