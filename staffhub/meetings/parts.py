"""What the meetings of some dates were to one officer: joined for how long, late, in writing, excused, or not seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.ahead import Ask
from staffhub.db import read
from staffhub.meetings import came
from staffhub.meetings.came import Invited
from staffhub.models import Meeting, MeetingInvite, Occurrence, OccurrenceState, Officer, StandupNote


class Part(NamedTuple):
    """A date of a meeting that could be joined and is over; `starts` is UTC, `wrote`: said it in writing."""

    day: date
    meeting_id: int
    topic: str
    starts: datetime
    wrote: bool
    who: Invited

    @property
    def late(self) -> int:
        """By how many minutes; whoever said it in writing before came in time."""
        return 0 if self.wrote else self.who.late(self.starts)

    @property
    def is_there(self) -> bool:
        return self.wrote or self.who.came is not None

    @property
    def is_excused(self) -> bool:
        return self.who.is_excused and not self.wrote

    @property
    def is_missed(self) -> bool:
        return not (self.is_there or self.is_excused)


@dataclass(frozen=True)
class Tally:
    """Meetings of several dates in numbers; `minutes`: in those in which Zoom saw the officer."""

    joined: int = 0
    minutes: int = 0
    late: int = 0
    excused: int = 0
    missed: int = 0

    @property
    def asked(self) -> int:
        """To how many the officer was expected."""
        return self.joined + self.missed


def tally(parts: Iterable[Part]) -> Tally:
    found = list(parts)
    return Tally(
        sum(one.is_there for one in found),
        sum(one.who.minutes or 0 for one in found),
        sum(one.late > 0 for one in found),
        sum(one.is_excused for one in found),
        sum(one.is_missed for one in found),
    )


@cache
def _of_officer() -> Any:
    written = (
        select(StandupNote.id)
        .where(StandupNote.meeting_id == Occurrence.meeting_id, StandupNote.officer_id == Officer.id)
        .where(StandupNote.date == Occurrence.date)
        .exists()
    )
    # A look-up for each date: PostgreSQL would rather read all meetings that there ever were.
    topic = (
        select(Meeting.topic)
        .where(Meeting.id == Occurrence.meeting_id, Meeting.join_url != "")
        .correlate(Occurrence)
        .scalar_subquery()
    )
    day, meeting = Occurrence.date, Occurrence.meeting_id
    return (
        came.known(day, dates=True)
        .add_columns(day.label("day"), meeting, topic, Occurrence.starts_at, Occurrence.minutes, written)
        .where(Officer.office_id == bindparam("office"), Officer.id == bindparam("officer"))
        .where(MeetingInvite.officer_id == bindparam("officer"), Occurrence.office_id == bindparam("office"))
        .where(day.between(bindparam("first", type_=Date), bindparam("last", type_=Date)))
        .where(Occurrence.state == OccurrenceState.PLANNED)
        .order_by(Occurrence.starts_at, meeting)
    )


def ask(office_id: int, officer_id: int, first: date, last: date) -> Ask:
    return Ask(_of_officer(), {"office": office_id, "officer": officer_id, "first": first, "last": last})


def of_officer(db: Session, office_id: int, officer_id: int, first: date, last: date, *, now: datetime) -> list[Part]:
    """Return the meetings to which an officer was invited on these dates, as far as they are over, in order of time."""
    found, zone = [], office.facts(db, office_id).zone
    for *who, day, meeting_id, topic, starts, minutes, wrote in read(db, ask(office_id, officer_id, first, last)):
        if topic is not None and starts + timedelta(minutes=minutes) <= now:
            invited = came.at_that_hour(db, office_id, Invited(*who), starts.astimezone(zone))
            found.append(Part(day, meeting_id, topic, starts, wrote, invited))
    return found
