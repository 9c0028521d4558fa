"""What stands in a calendar: standups and meetings, and where work is done on each day.

A calendar is read by programs and shown on lock screens, so it tells of place and duty and of nothing else: no way into
a meeting, no passcode, no kind of leave, nobody's name.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.db import rows
from staffhub.feeds.addresses import Held
from staffhub.i18n import gettext as _
from staffhub.meetings.invitations import holds_on
from staffhub.models import (
    EmploymentType,
    Meeting,
    MeetingInvite,
    MeetingKind,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Officer,
    PlanMode,
    Posting,
    is_in_service,
)
from staffhub.security import Viewer

BEHIND, AHEAD = timedelta(days=31), timedelta(days=92)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    """`key` names it for as long as it is the same thing. Times are aware, or dates of whole days with `ends` the day
    after; `sequence` rises with each change, as RFC 5545 (3.8.7.4) wants it; `path` is a page of this site.
    """

    key: str
    title: str
    starts: datetime | date
    ends: datetime | date
    path: str
    sequence: int = 0
    cancelled: bool = False
    busy: bool = False


@dataclass(frozen=True)
class Feed:
    name: str
    zone: ZoneInfo
    events: tuple[Event, ...]


def feed_of(db: Session, reader: Held, *, now: datetime) -> Feed:
    """Return what a calendar program is shown: a month back, three ahead, in at most seven statements."""
    me, division_id = reader.viewer, reader.division_id
    today = clock.local_day(now, me.zone)
    asked = {"office": me.office_id, "first": today - BEHIND, "last": today + AHEAD}
    if division_id is None:
        meetings = rows(db, _invited(), **asked, officer=me.officer_id)
        events = [*_held_at(meetings, me.zone), *_own_days(db, me, asked)]
        return Feed(f"StaffHub: {me.name}", me.zone, tuple(events))
    standups = rows(db, _standups(), **asked, division=division_id)
    events = [*_held_at(standups, me.zone), *_turns(db, me, division_id, asked)]
    name = office.divisions(db, me.office_id)[division_id].short_name
    return Feed(f"StaffHub: {name}", me.zone, tuple(events))


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)


def _of_range() -> Any:
    columns: Any = select(
        Occurrence.id,
        Occurrence.meeting_id,
        Occurrence.starts_at,
        Occurrence.minutes,
        Occurrence.state,
        Occurrence.revision,
        Meeting.topic,
        Meeting.version,
        Meeting.state.label("held"),
    )
    return (
        columns.join(Meeting, Meeting.id == Occurrence.meeting_id)
        .where(Occurrence.office_id == bindparam("office"), Occurrence.date.between(_FIRST, _LAST))
        .order_by(Occurrence.starts_at, Occurrence.id)
    )


@cache
def _invited() -> Any:
    mine = (MeetingInvite.officer_id == bindparam("officer"), holds_on(Occurrence.date))
    return _of_range().join(MeetingInvite, MeetingInvite.meeting_id == Meeting.id).where(*mine)


@cache
def _standups() -> Any:
    theirs = or_(Meeting.division_id.is_(None), Meeting.division_id == bindparam("division"))
    return _of_range().where(Meeting.kind == MeetingKind.STANDUP, theirs)


def _held_at(found: Iterable[Any], zone: ZoneInfo) -> Iterable[Event]:
    for row in found:
        starts = row.starts_at.astimezone(zone)
        yield Event(
            f"occurrence/{row.id}",
            row.topic,
            starts,
            starts + timedelta(minutes=row.minutes),
            f"/meetings/{row.meeting_id}",
            # Both only ever rise: that of the whole meeting, and that of this date of it.
            row.version + row.revision,
            cancelled=row.state is OccurrenceState.CANCELLED or row.held is MeetingState.CANCELLED,
            busy=True,
        )


@cache
def _serving(narrow: str) -> Select[*tuple[Any, ...]]:
    """Who serves in the range, as what and where; `narrow`: "officer" or "division"."""
    whose = Posting.officer_id if narrow == "officer" else Posting.division_id
    columns: Any = select(
        Posting.officer_id,
        Posting.employment_type,
        Posting.valid_from,
        Posting.valid_to,
        Officer.active_from,
        Officer.active_to,
    )
    return (  # type: ignore[no-any-return]
        columns.join(Officer, Officer.id == Posting.officer_id)
        .where(Posting.office_id == bindparam("office"), whose == bindparam(narrow))
        .where(Posting.valid_from <= _LAST, or_(Posting.valid_to.is_(None), Posting.valid_to >= _FIRST))
    )


@dataclass(frozen=True)
class _Worked:
    """Where somebody works on a day."""

    day: date
    mode: PlanMode
    employment: EmploymentType
    half: bool = False


def _worked(db: Session, me: Viewer, asked: dict[str, Any], **whose: int | None) -> list[_Worked]:
    """Return the days on which work or leave is planned for these people, while they serve there."""
    (narrow,) = whose
    serving: Sequence[Any] = rows(db, _serving(narrow), **asked, **whose).all()
    first, last = asked["first"], asked["last"]
    book = workdays.plans(db, me.office_id, first, last, officers={row.officer_id for row in serving})
    return [
        _Worked(day, plan.mode, row.employment_type, plan.half is not None)
        for day in (first + _A_DAY * n for n in range((last - first).days + 1))
        for row in serving
        if is_in_service(row.valid_from, row.valid_to, day) and is_in_service(row.active_from, row.active_to, day)
        for plan in [book.of(row.officer_id, day)]
        if plan.mode is not None
    ]


def _own_days(db: Session, me: Viewer, asked: dict[str, Any]) -> Iterable[Event]:
    """One event for each run of days that are alike: nobody wants ninety times "office"."""
    titles = {
        PlanMode.OFFICE: _("On duty in the office"),
        PlanMode.HOME: _("Works from home"),
        PlanMode.FIELD: _("On duty outside"),
        PlanMode.LEAVE: _("On leave"),
    }
    days = _worked(db, me, asked, officer=me.officer_id)
    alike = groupby(enumerate(days), key=lambda one: (one[1].day.toordinal() - one[0], one[1].mode, one[1].half))
    for (_run, mode, half), same in alike:
        run = [day.day for _n, day in same]
        key = f"day/{me.officer_id}/{run[0]}/{len(run)}/{mode.value}{'/half' * half}"
        title = _("%(what)s, half the day on leave", what=titles[mode]) if half else titles[mode]
        yield Event(key, title, run[0], run[-1] + _A_DAY, f"/me/month?month={run[0]:%Y-%m}")


def _turns(db: Session, me: Viewer, division_id: int, asked: dict[str, Any]) -> Iterable[Event]:
    """How many of each group are on duty in the office: names are for the roster, which asks who reads it."""
    calendar, mine = workdays.calendar(db, me.office_id), office.divisions(db, me.office_id)[division_id]
    found = _worked(db, me, asked, division=division_id)
    for day, people in groupby(found, key=lambda one: one.day):
        there = Counter(one.employment for one in people if one.mode is PlanMode.OFFICE)
        groups = calendar.coverage(day, mine).groups
        if not groups and not there:  # a weekend on which somebody is on duty outside
            continue
        counts = [f"{sum(there[kind] for kind in group.types)} {group.name}" for group in groups]
        said = ", ".join(counts) or str(sum(there.values()))
        title = _("In the office: %(counts)s", counts=said)
        yield Event(f"turn/{division_id}/{day}/{said}", title, day, day + _A_DAY, f"/roster?month={day:%Y-%m}")
