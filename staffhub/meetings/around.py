"""Who is where when a meeting is thought of, and what stands in its way: told while choosing, and never a refusal."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.among import among, is_among
from staffhub.db import rows
from staffhub.meetings import hosts
from staffhub.meetings.audience import Audience, resolve
from staffhub.meetings.invitations import holds_on
from staffhub.meetings.telling import dates_ahead
from staffhub.models import (
    Meeting,
    MeetingInvite,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Officer,
    PlanMode,
)
from staffhub.security import Viewer
from staffhub.workdays import Plan

Why = Literal["leave", "half", "excused"]
_FREE = {"holiday", "weekend", "pattern"}
# A meeting that begins the day before may still run.
_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Away:
    name: str
    why: Why


@dataclass(frozen=True)
class Busy:
    """Somebody who is in another meeting then, from when to when, in local time; which one is not said."""

    name: str
    starts: time
    ends: time


@dataclass(frozen=True)
class Around:
    """Of those meant: how many are planned in the office, at home, on duty outside, and have the day off."""

    day: date
    office: int
    home: int
    field: int
    off: int
    away: Sequence[Away]
    busy: Sequence[Busy]
    has_host: bool


def look(
    db: Session, me: Viewer, audience: Audience, *, day: date, at: time, minutes: int, besides: int = 0
) -> Around | None:
    """Look at everybody meant, at that hour; None: nobody is. `besides`: a meeting that is not in its own way.

    Raises Refused, Forbidden or NotFound where the audience is not the viewer's to invite.
    """
    people = resolve(db, me, audience, day=day)
    if not people:
        return None
    starts = clock.at_local(day, at, me.zone)
    ends = starts + timedelta(minutes=minutes)
    book = workdays.plans(db, me.office_id, day, day, officers=people)
    plans = {one: book.of(one, day) for one in people}
    places = Counter(plan.mode for plan in plans.values())
    return Around(
        day,
        office=places[PlanMode.OFFICE],
        home=places[PlanMode.HOME],
        field=places[PlanMode.FIELD],
        off=sum(plan.mode is None and plan.source in _FREE for plan in plans.values()),
        away=_away(db, plans, at),
        busy=_busy(db, me, people, starts, ends, besides),
        has_host=hosts.openings(db, starts, ends, besides=besides)(starts, ends),
    )


def of_meeting(
    db: Session, me: Viewer, meeting: Meeting, audience: Audience, *, day: date, at: time, minutes: int, now: datetime
) -> Around | None:
    """Look as a meeting is changed: at its next date when it has begun, since what is over stays as it was."""
    if clock.at_local(day, at, me.zone) <= now and (ahead := dates_ahead(db, meeting.id, now)):
        starts = ahead[0].starts_at.astimezone(me.zone)
        day, at = starts.date(), starts.time()
    return look(db, me, audience, day=day, at=at, minutes=minutes, besides=meeting.id)


def _away(db: Session, plans: dict[int, Plan], at: time) -> list[Away]:
    found = {one: why for one, plan in plans.items() if (why := _why(plan, at))}
    if not found:
        return []
    named = select(Officer.id, Officer.name).where(Officer.id.in_(found)).order_by(Officer.name, Officer.id)
    return [Away(name, found[id_]) for id_, name in db.execute(named)]


def _why(plan: Plan, at: time) -> Why | None:
    if plan.mode is PlanMode.LEAVE:
        return "leave"
    if plan.half:
        return "half" if plan.is_leave(at) else None
    return "excused" if plan.mode is None and plan.source not in _FREE else None


@cache
def _held(narrow: bool) -> Any:
    found: Any = (
        select(MeetingInvite.officer_id, Officer.name, Occurrence.starts_at, Occurrence.minutes)
        .select_from(Occurrence)
        .join(Meeting, Meeting.id == Occurrence.meeting_id)
        .join(MeetingInvite, MeetingInvite.meeting_id == Meeting.id)
        .join(Officer, Officer.id == MeetingInvite.officer_id)
        .where(
            Occurrence.office_id == bindparam("office"),
            Occurrence.date.between(bindparam("first"), bindparam("last")),
            Occurrence.starts_at < bindparam("ends"),
            Occurrence.state == OccurrenceState.PLANNED,
            Meeting.state != MeetingState.CANCELLED,
            Meeting.id != bindparam("besides"),
            holds_on(Occurrence.date),
        )
        .order_by(Officer.name, Occurrence.starts_at, Occurrence.id)
    )
    return found.where(is_among(MeetingInvite.officer_id)) if narrow else found


def _busy(
    db: Session, me: Viewer, people: Collection[int], starts: datetime, ends: datetime, besides: int
) -> list[Busy]:
    ids = among(sorted(people))
    first, last = clock.local_day(starts, me.zone) - _A_DAY, clock.local_day(ends, me.zone)
    asked = {"office": me.office_id, "first": first, "last": last, "ends": ends, "besides": besides}
    found = []
    for row in rows(db, _held(bool(ids)), **asked, **ids):
        until = row.starts_at + timedelta(minutes=row.minutes)
        if row.officer_id in people and until > starts:
            found.append(Busy(row.name, _local(row.starts_at, me), _local(until, me)))
    return found


def _local(moment: datetime, me: Viewer) -> time:
    return moment.astimezone(me.zone).time()
