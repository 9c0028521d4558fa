"""Sensible answers for a meeting that is about to be scheduled: the next half hour that is free, the own division."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.db import rows
from staffhub.i18n import gettext as _
from staffhub.meetings import hosts
from staffhub.meetings.agenda import MINE
from staffhub.models import Meeting, MeetingState, Occurrence, OccurrenceState
from staffhub.security import Viewer

MINUTES = 30
_HALF_HOUR = timedelta(minutes=30)
# So long it takes to fill the form in: what begins sooner would have passed before it is saved.
_SOON = timedelta(minutes=5)
_DAYS = 8

_MY_HOURS = (
    select(Occurrence.starts_at, Occurrence.minutes)
    .join(Meeting, Meeting.id == Occurrence.meeting_id)
    .where(
        Occurrence.office_id == bindparam("office"),
        Occurrence.date.between(bindparam("first"), bindparam("last")),
        Occurrence.state == OccurrenceState.PLANNED,
        Meeting.state != MeetingState.CANCELLED,
        MINE,
    )
)


def next_free(db: Session, me: Viewer, *, now: datetime) -> datetime:
    """Return the next half hour of the working days ahead at which a host and I are free, in local time.

    The first one where none is; the next of the clock where no working day is ahead.
    """
    ahead = list(_half_hours(workdays.calendar(db, me.office_id), me, now))
    if not ahead:
        return _on_the_half_hour(now.astimezone(me.zone) + _SOON)
    has_host = hosts.openings(db, ahead[0], ahead[-1] + _HALF_HOUR)
    mine = _my_hours(db, me, ahead[0].date(), ahead[-1].date())
    free = (at for at in ahead if not any(at < ends and starts < at + _HALF_HOUR for starts, ends in mine))
    return next((at for at in free if has_host(at, at + _HALF_HOUR)), ahead[0])


def _half_hours(calendar: workdays.Calendar, me: Viewer, now: datetime) -> Iterator[datetime]:
    today = clock.local_day(now, me.zone)
    for day in (today + timedelta(days=n) for n in range(_DAYS)):
        hours = calendar.hours(day) if calendar.is_working_day(day) else None
        at = _on_the_half_hour(clock.at_local(day, hours.starts, me.zone)) if hours else now
        while hours and at + _HALF_HOUR <= clock.at_local(day, hours.ends, me.zone):
            if at >= now + _SOON:
                yield at.astimezone(me.zone)
            at += _HALF_HOUR


def _on_the_half_hour(moment: datetime) -> datetime:
    """Return the next hour or half hour, or the moment itself when it is one."""
    over = timedelta(minutes=moment.minute % 30, seconds=moment.second, microseconds=moment.microsecond)
    return moment + (_HALF_HOUR - over if over else over)


def _my_hours(db: Session, me: Viewer, first: date, last: date) -> list[tuple[datetime, datetime]]:
    asked = {"office": me.office_id, "officer": me.officer_id, "account": me.account_id}
    found = rows(db, _MY_HOURS, **asked, first=first, last=last)
    return [(row.starts_at, row.starts_at + timedelta(minutes=row.minutes)) for row in found]


def standup_start(db: Session, me: Viewer, *, now: datetime) -> tuple[date, time]:
    """Return the next working day that has not begun, and the half hour after its work begins, in local time; a later
    one where no host is free then.
    """
    calendar = workdays.calendar(db, me.office_id)
    tomorrow = clock.local_day(now, me.zone) + timedelta(days=1)
    for day in (tomorrow + timedelta(days=n) for n in range(_DAYS)):
        if calendar.is_working_day(day) and (hours := calendar.hours(day)):
            begins, ends = (clock.at_local(day, at, me.zone) for at in (hours.starts, hours.ends))
            first = _on_the_half_hour(begins + timedelta(minutes=15)).astimezone(me.zone)
            wanted = [first + _HALF_HOUR * n for n in range((ends - first) // _HALF_HOUR)] or [first]
            has_host = hosts.openings(db, wanted[0], wanted[-1] + _HALF_HOUR)
            return day, next((at for at in wanted if has_host(at, at + _HALF_HOUR)), first).time()
    return tomorrow, time(8)


def own_division(me: Viewer) -> list[int]:
    """Whom a head means unless they say otherwise; for the head of the office that could be anybody."""
    return [me.division_id] if me.division_id and not me.sees_everyone else []


def topic(name: str) -> str:
    """Return a name for a meeting of a division, or of the office where it has no name."""
    return _("Meeting of %(division)s", division=name) if name else _("Office meeting")


def standup_topic(name: str) -> str:
    return _("Standup of %(division)s", division=name) if name else _("Office standup")
