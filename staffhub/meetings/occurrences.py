"""The dates of a meeting as rows: laid out when it is planned, kept in step by whoever changes the meeting.

A series follows the office's calendar: it is not held on a holiday or collective leave, and where the office has
special hours, as in Ramadan, it is held at the hour that was chosen for them, or as much later as work begins later.
What a person has decided about one date stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.meetings.terms import dates
from staffhub.models import Meeting, Occurrence, OccurrenceState
from staffhub.workdays import Calendar


@dataclass(frozen=True)
class Slot:
    """What the calendar makes of a date of a series; `holiday` names why it is not held."""

    starts: datetime
    holiday: str = ""

    @property
    def state(self) -> OccurrenceState:
        return OccurrenceState.CANCELLED if self.holiday else OccurrenceState.PLANNED


def slots(
    calendar: Calendar, days: Sequence[date], starts_at: time, special_at: time | None, zone: ZoneInfo
) -> dict[date, Slot]:
    def starts(day: date) -> datetime:
        if special_at and calendar.is_special(day):
            return clock.at_local(day, special_at, zone)
        return clock.at_local(day, starts_at, zone) + calendar.shift(day)

    return {day: Slot(starts(day), calendar.holidays.get(day, "")) for day in days}


def slots_of(calendar: Calendar, meeting: Meeting | Row[Any], zone: ZoneInfo) -> dict[date, Slot]:
    """Return the dates that a meeting has by its terms; a single meeting is held when it was agreed to be."""
    days = dates(meeting.starts_on, meeting.weekdays, meeting.occurrences)
    return slots(calendar if meeting.weekdays else Calendar(), days, meeting.starts_at, meeting.special_at, zone)


@dataclass(frozen=True)
class Change:
    """What became of one date that was planned before."""

    date: date
    starts: datetime
    state: OccurrenceState


def lay_out(db: Session, meeting: Meeting, zone: ZoneInfo, *, now: datetime) -> list[Change]:
    """Bring the rows to the meeting's terms and the calendar; return what changed of those that were there.

    A date that is over stays as it was held, and one that has begun keeps its hour. A day to which a person has moved
    another date has that one.
    """
    wanted = slots_of(workdays.calendar(db, meeting.office_id), meeting, zone)
    changes: list[Change] = []
    taken: set[date] = set()
    for row in db.scalars(select(Occurrence).where(Occurrence.meeting_id == meeting.id).order_by(Occurrence.date)):
        slot = wanted.pop(row.of_series, None)
        if row.ends <= now:
            taken.add(row.date)
            continue
        if slot is None:
            db.delete(row)
            continue
        taken.add(row.date)
        row.minutes = meeting.minutes
        if not row.by_hand and row.starts_at > now and follow(row, slot):
            changes.append(Change(row.date, row.starts_at, row.state))
    db.flush()
    for day in [day for day in wanted if day not in taken]:
        slot = wanted[day]
        facts = {"office_id": meeting.office_id, "meeting_id": meeting.id, "minutes": meeting.minutes}
        db.add(Occurrence(**facts, date=day, starts_at=slot.starts, holiday=slot.holiday, state=slot.state))
    note_end(db, meeting)
    return changes


def note_end(db: Session, meeting: Meeting) -> None:
    """The last date may have been moved beyond the terms of the series."""
    db.flush()
    meeting.ends_on = db.scalars(select(func.max(Occurrence.date)).where(Occurrence.meeting_id == meeting.id)).one()


def follow(row: Occurrence, slot: Slot) -> bool:
    """Bring a date to what the calendar says; say whether anything changed for those invited."""
    before = row.starts_at, row.state
    row.date, row.slot, row.by_hand = row.of_series, None, False
    row.starts_at, row.holiday, row.state = slot.starts, slot.holiday, slot.state
    return before != (row.starts_at, row.state)


def call_off(db: Session, meeting_id: int, *, now: datetime) -> None:
    """Cancel the dates that have not begun; those before were held."""
    ahead = (Occurrence.meeting_id == meeting_id, Occurrence.starts_at > now)
    db.execute(update(Occurrence).where(*ahead).values(state=OccurrenceState.CANCELLED))


def note_zoom_ids(db: Session, meeting_id: int, ids: Mapping[int, str], *, now: datetime) -> None:
    """Keep what Zoom calls each date, by the id of its row; a date ahead that is not among them is not there yet."""
    rows = select(Occurrence).where(Occurrence.meeting_id == meeting_id, Occurrence.starts_at > now)
    for row in db.scalars(rows):
        row.zoom_occurrence_id = ids.get(row.id)
