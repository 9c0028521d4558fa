"""A standup that is not saved yet, or an edit of one: the dates that it would have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import workdays
from staffhub.meetings.occurrences import Slot, slots
from staffhub.meetings.terms import dates
from staffhub.models import Meeting, Occurrence, OccurrenceState
from staffhub.security import Viewer


@dataclass(frozen=True)
class Ahead:
    """One date to come; `starts` is local, `holiday` names the day off that it falls on.

    `usual` says that it is at the hour of the series, `by_hand` that a person has decided about it, which stays.
    """

    day: date
    starts: datetime
    holiday: str
    cancelled: bool
    usual: bool
    by_hand: bool = False


@dataclass(frozen=True)
class Preview:
    """`goes_on`: nobody gives it an end, so these are its dates for now.

    `dropped`: how many dates that are planned now the series would not have any more.
    """

    days: list[Ahead]
    goes_on: bool
    dropped: int = 0

    @property
    def held(self) -> list[Ahead]:
        return [day for day in self.days if not day.cancelled]

    @property
    def off(self) -> list[Ahead]:
        """What is not held since it is a day off."""
        return [day for day in self.days if day.cancelled and not day.by_hand]

    @property
    def called_off(self) -> list[Ahead]:
        """What a person has cancelled."""
        return [day for day in self.days if day.cancelled and day.by_hand]

    @property
    def shifted(self) -> list[Ahead]:
        return [day for day in self.held if not day.usual and not day.by_hand]

    @property
    def decided(self) -> list[Ahead]:
        """What a person has moved, or holds on a day off."""
        return [day for day in self.held if day.by_hand]


def preview(
    db: Session, me: Viewer, agreed: Mapping[str, Any], meeting: Meeting | None = None, *, now: datetime
) -> Preview:
    """Return the dates to come by these terms: of a new standup, or of one that would be changed to them."""
    days = dates(agreed["starts_on"], agreed["weekdays"], agreed["occurrences"])
    wanted = slots(workdays.calendar(db, me.office_id), days, agreed["starts_at"], agreed["special_at"], me.zone)
    mine = select(Occurrence).where(Occurrence.meeting_id == (meeting.id if meeting else 0))
    there = {row.of_series: row for row in db.scalars(mine)} if meeting else {}
    taken = {row.date for row in there.values() if row.of_series in wanted}
    found = [
        _ahead(me, agreed, day, slot, there.get(day))
        for day, slot in wanted.items()
        if (there[day].ends > now if day in there else day not in taken)
    ]
    planned = (row for row in there.values() if row.state is OccurrenceState.PLANNED and row.ends > now)
    dropped = sum(1 for row in planned if row.of_series not in wanted)
    return Preview(sorted(found, key=lambda one: one.starts), agreed["laid_until"] is not None, dropped)


def _ahead(me: Viewer, agreed: Mapping[str, Any], day: date, slot: Slot, row: Occurrence | None) -> Ahead:
    if row is not None and row.by_hand:
        starts, cancelled = row.starts_at.astimezone(me.zone), row.state is OccurrenceState.CANCELLED
        return Ahead(row.date, starts, slot.holiday, cancelled, starts.time() == agreed["starts_at"], by_hand=True)
    starts = slot.starts.astimezone(me.zone)
    return Ahead(day, starts, slot.holiday, bool(slot.holiday), starts.time() == agreed["starts_at"])
