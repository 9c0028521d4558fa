"""Who is touched by a disturbance: whose work began or ended in it, who was refused, whose briefing it took."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.days import planned_span
from staffhub.models import (
    Meeting,
    MeetingInvite,
    MeetingKind,
    Occurrence,
    OccurrenceState,
    OutageKind,
    PlanMode,
    is_in_service,
)
from staffhub.orders.people import Named, everybody
from staffhub.workdays import PlanBook

_A_DAY = timedelta(days=1)


class Touched(NamedTuple):
    """Somebody on a day; `occurrence_id`: the briefing that could not be joined, 0: the times of the day."""

    officer_id: int
    name: str
    division: str
    day: date
    occurrence_id: int = 0


class Span(NamedTuple):
    """What was disturbed, from when to when; `officers`: who is known to have been refused."""

    kind: OutageKind
    first: datetime
    last: datetime
    officers: frozenset[int] = frozenset()


def touched(db: Session, office_id: int, span: Span) -> list[Touched]:
    """Return them by bidang and name; nobody on leave or off, and nobody on duty elsewhere but for a briefing.

    The way into a briefing leads through the app: without it a briefing is missed as it is without Zoom.
    """
    zone = office.facts(db, office_id).zone
    first, last = clock.local_day(span.first, zone) - _A_DAY, clock.local_day(span.last, zone)
    people = everybody(db, office_id, first, last)
    book = workdays.plans(db, office_id, first, last, officers=[one.id for one in people])
    met = list(_of_briefings(db, office_id, span, people, book))
    if span.kind is OutageKind.APP:
        met += [
            Touched(one.id, one.name, one.division, day)
            for one in people
            for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
            if is_in_service(one.active_from, one.active_to, day) and _is_touched(span, one, day, book, zone)
        ]
    order = {one.id: place for place, one in enumerate(people)}
    return sorted(met, key=lambda one: (order[one.officer_id], one.day, one.occurrence_id))


def _is_touched(span: Span, one: Named, day: date, book: PlanBook, zone: ZoneInfo) -> bool:
    """The tolerance belongs to the start: until then somebody who comes is on time."""
    plan = book.of(one.id, day)
    hours = planned_span(day, plan, zone)
    if hours is None or plan.mode is PlanMode.FIELD:
        return False
    starts, ends = hours
    until = starts + timedelta(minutes=book.rules(one.id, day).tolerance)
    if (starts < span.last and until >= span.first) or span.first <= ends <= span.last:
        return True
    return one.id in span.officers and starts < span.last and ends > span.first


def _of_briefings(
    db: Session, office_id: int, span: Span, people: Collection[Named], book: PlanBook
) -> Iterator[Touched]:
    invite = MeetingInvite
    found = db.execute(
        select(Occurrence.id, Occurrence.date, Occurrence.starts_at, Occurrence.minutes, invite.officer_id)
        .join(Meeting, Meeting.id == Occurrence.meeting_id)
        .join(invite, invite.meeting_id == Occurrence.meeting_id)
        .where(Occurrence.office_id == office_id, Meeting.kind == MeetingKind.STANDUP)
        .where(Occurrence.state == OccurrenceState.PLANNED, Occurrence.date.between(*_dates(span)))
        .where(invite.first_on.is_(None) | (invite.first_on <= Occurrence.date))
        .where(invite.last_on.is_(None) | (invite.last_on >= Occurrence.date))
    ).all()
    named = {one.id: one for one in people}
    for id_, day, starts, minutes, officer_id in found:
        lies_in = starts < span.last and starts + timedelta(minutes=minutes) > span.first
        if lies_in and officer_id in named and book.of(officer_id, day).is_work:
            yield Touched(officer_id, named[officer_id].name, named[officer_id].division, day, id_)


def _dates(span: Span) -> tuple[date, date]:
    """Some dates too many, whatever the zone: the times decide."""
    return span.first.date() - _A_DAY, span.last.date() + _A_DAY
