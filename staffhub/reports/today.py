"""Hari ini: my own day so far, and for those who lead, what the office asks of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from staffhub import clock, corrections, days, leave, office, service_requests, worklog
from staffhub.ahead import read_together
from staffhub.corrections import OpenDay
from staffhub.days import DayRecord
from staffhub.meetings import joining, minutes, written
from staffhub.models import is_in_service
from staffhub.presence import Spell, Stamp, spell_of
from staffhub.reports import board, decisions, recap
from staffhub.reports.board_version import board_version
from staffhub.reports.needs import Leading
from staffhub.reports.recap import Staff
from staffhub.roster import calls
from staffhub.security import Viewer
from staffhub.workdays import Plan


class _Me(NamedTuple):
    """Today counts in any case, whoever I am."""

    id: int
    active_from: date = date.min
    active_to: date | None = None


@dataclass(frozen=True)
class Today:
    """`requests`: how many corrections wait for my decision; `open`: my own days that wait for an answer; `call`: the
    desk to which I am called, with the id of the call.
    """

    plan: Plan
    record: DayRecord
    spell: Spell
    leading: Leading | None
    requests: int
    open: Sequence[OpenDay]
    call: tuple[int, str] | None


def today(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Today:
    """Load my day and what waits for me in one statement, with what stands beside it on the page; for those who
    lead, with what is open there, in five.
    """
    day = clock.local_day(now, me.zone)
    yesterday = day - timedelta(days=1)
    leads = me.may("attendance")
    first = decisions.reads_from(db, me, day) if leads else yesterday
    besides = [joining.ask_today(me.office_id, officer_id, day), minutes.ask_open(me.office_id, officer_id)]
    besides.append(calls.ask_waiting(me.office_id, officer_id, day))
    if leads:
        besides += [recap.ask_staff(me, first, day), service_requests.ask_waiting(db, me, now=now)]
        besides += [service_requests.ask_pressing(me, now), *leave.asks_waiting(me, day)]
        besides.append(worklog.ask_to_verify(me, day))
        besides += [written.ask_blocked(me)] if me.may("meetings.schedule") else []
        read_together(db, decisions.ask_at_hand(db, me, day), *besides)
    else:
        own = days.ask(db, me.office_id, officer_id, [yesterday, day], day)
        besides += [worklog.asks(me, day)[0], service_requests.ask_open(me.office_id, officer_id)]
        read_together(db, corrections.ask_at_hand(me, day), *own, *besides)
    desk = decisions.at_hand(db, me, day) if leads else decisions.AtHand(None, *corrections.at_hand(db, me, now=now))
    staff = recap.staff_of(db, me, first, day) if leads else []
    people: dict[int, days.Serving] = {one.id: one for one in staff}
    people.setdefault(officer_id, _Me(officer_id))
    dates = [first + timedelta(days=n) for n in range((day - first).days + 1)]
    loaded = days.load(db, me.office_id, list(people.values()), dates, zone=me.zone, now=now)
    mine = [(when, mark) for when in (yesterday, day) for mark in _tapped(loaded, officer_id, when)]
    stamps = [
        Stamp(0, when, mark.kind, mark.mode, mark.at.astimezone(me.zone), mark.note, mark.grade, mark.receipt, "")
        for when, mark in mine
    ]
    return Today(
        plan=loaded.book.of(officer_id, day),
        record=loaded.record(officer_id, day),
        spell=spell_of(stamps, day, now=now),
        leading=_leading(db, me, staff, loaded, desk, now=now) if leads else None,
        requests=desk.requests,
        open=desk.own,
        call=calls.waiting(db, me, officer_id, now=now),
    )


def _tapped(loaded: days.Days, officer_id: int, day: date) -> list[days.MarkFact]:
    """What was declared: a finger that stands in for it is no tap, and the next tap does not follow from it."""
    return sorted(loaded.facts[officer_id, day].marks, key=lambda mark: (mark.at, mark.turn))


def _leading(
    db: Session, me: Viewer, staff: Sequence[Staff], loaded: days.Days, desk: decisions.AtHand, *, now: datetime
) -> Leading:
    (day,) = loaded.dates[-1:]
    columns = board.columns_of(_seats(staff, day), loaded, office.divisions(db, me.office_id), now=now)
    hours, local = loaded.book.calendar.hours(day), now.astimezone(me.zone)
    at_work = hours is not None and hours.starts <= local.time() < hours.ends
    to_come = hours is not None and local.time() < hours.ends
    if to_come and not me.sees_everyone and any(_lacks(column, at_work) for column in columns):
        # Whoever is lent to the desk serves in another bidang, which only the whole office shows.
        whole = board.kept(db, me, now, board_version(db, me, now=now))
        columns = [column for column in whole.columns if column.id == me.division_id]
    short = [column for column in columns if column.short] if at_work else []
    presses = service_requests.pressing(db, me, now=now)
    return Leading(
        missing=sum(one.state == "pending" for column in columns for one in column.standings) if at_work else 0,
        short=short,
        later=[column for column in columns if column not in short and _lacks(column, at_work)] if to_come else [],
        late=presses.late,
        urgent=presses.urgent,
        unassigned=sum(one.count for one in service_requests.waiting(db, me, now=now)),
        decisions=decisions.waiting(db, me, staff, loaded, older=desk.older),
        corrections=desk.requests,
        logs=worklog.to_verify(db, me, day).count,
        leave=len(leave.waiting(db, me, leave.granters(db, me.office_id, today=day), today=day)),
    )


def _lacks(column: board.Column, at_work: bool) -> bool:
    """Whether somebody lacks for the rest of the day, or is not there: before work begins everybody may still come."""
    return (at_work and column.short) or any(cover.will_be_short for cover in column.covers)


def _seats(staff: Sequence[Staff], day: date) -> list[board.Seat]:
    """Return who serves today, those of no bidang last, as the board has them."""
    seats = [
        board.Seat(
            id=one.id,
            name=one.name,
            employment_type=one.employment_on(day),
            phone="",
            active_from=one.active_from,
            active_to=one.active_to,
            division_id=one.division_id,
            division=one.division_short,
        )
        for one in staff
        if one.holds(day) and is_in_service(one.active_from, one.active_to, day)
    ]
    return sorted(seats, key=lambda seat: seat.division_id is None)
