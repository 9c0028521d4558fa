"""Hari ini: my own day so far, and for those who lead, what the office asks of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from staffhub import clock, days
from staffhub.days import DayRecord
from staffhub.presence import Spell, Stamp, spell_of
from staffhub.reports import board
from staffhub.reports.board import Column
from staffhub.security import Viewer
from staffhub.workdays import Plan


class _Me(NamedTuple):
    """Today counts in any case, whoever I am."""

    id: int
    active_from: date = date.min
    active_to: date | None = None
    recorded_from: date | None = None


@dataclass(frozen=True)
class Leading:
    """What stands open in the viewer's scope: who has not come, which bidang lack somebody, days to be decided.

    `short` is empty before the working day begins: until then nobody is missing there.
    """

    missing: int
    short: list[Column]
    decisions: int


@dataclass(frozen=True)
class Today:
    plan: Plan
    record: DayRecord
    spell: Spell
    leading: Leading | None


def today(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Today:
    """Load my day in four statements; for those who lead, with the month of their people, in five."""
    day = clock.local_day(now, me.zone)
    yesterday = day - timedelta(days=1)
    leads = me.may("attendance")
    seats = [seat for seat in board.seats_of(db, me.office_id, day) if _in_scope(me, seat)] if leads else []
    first = min(day.replace(day=1), yesterday) if leads else yesterday
    dates = [first + timedelta(days=n) for n in range((day - first).days + 1)]
    people: list[days.Serving] = [*seats]
    if officer_id not in {seat.id for seat in seats}:
        people.append(_Me(officer_id))
    loaded = days.load(db, me.office_id, people, dates, zone=me.zone, now=now)
    mine = [(when, mark) for when in (yesterday, day) for mark in loaded.record(officer_id, when).marks]
    stamps = [
        Stamp(0, when, mark.kind, mark.mode, mark.at.astimezone(me.zone), mark.note, mark.grade, mark.receipt, "")
        for when, mark in mine
    ]
    return Today(
        plan=loaded.book.of(officer_id, day),
        record=loaded.record(officer_id, day),
        spell=spell_of(stamps, day, now=now),
        leading=_leading(me, seats, loaded, day, now=now) if leads else None,
    )


def _in_scope(me: Viewer, seat: board.Seat) -> bool:
    return me.sees(officer_id=seat.id, division_id=seat.division_id)


def _leading(me: Viewer, seats: Sequence[board.Seat], loaded: days.Days, day: date, *, now: datetime) -> Leading:
    columns = board.columns_of(seats, loaded)
    hours, local = loaded.book.calendar.hours(day), now.astimezone(me.zone)
    started = hours is not None and local.time() >= hours.starts
    month = [when for when in loaded.dates if when >= day.replace(day=1)]
    return Leading(
        missing=sum(one.state == "pending" for column in columns for one in column.standings),
        short=[column for column in columns if column.short] if started else [],
        decisions=sum(loaded.record(seat.id, when).needs_person for seat in seats for when in month),
    )
