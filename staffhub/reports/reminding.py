"""Whoever was to begin and has not checked in is told once, behind the bell and by e-mail, unless chosen otherwise."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import claims, clock, days, notify, office, workdays
from staffhub.days import DayRecord, State, planned_span, turn_of
from staffhub.db import Database, rows
from staffhub.models import Account, NoticeKind, Office, Officer, PlanMode, serves
from staffhub.notify import Subject

# Most who are a few minutes late check in by then; after the second time nobody is told any more.
AFTER, _NO_LATER = timedelta(minutes=10), timedelta(hours=2)
_EVERY = 5  # minutes

# Only who can be told, and wants to be.
_PEOPLE: Any = (
    select(Officer.id, Officer.active_from, Officer.active_to)
    .join(Account, Account.officer_id == Officer.id)
    .where(Officer.office_id == bindparam("office"), serves(bindparam("day"), bindparam("day")))
    .where(Account.disabled_at.is_(None), Account.remind_presence)
    .order_by(Officer.id)
)


def remind_due(database: Database, *, now: datetime) -> int:
    """Tell whoever lacks a check-in since ten minutes, on working days; return how many. Once it is there, or on the
    next day, the notice counts no longer.
    """
    with database.reading() as db:
        some = [(id_, ZoneInfo(zone)) for id_, zone in db.execute(select(Office.id, Office.timezone))]
        due = [(id_, zone) for id_, zone in some if _is_due(db, id_, now.astimezone(zone))]
    told = 0
    for office_id, zone in due:
        local = now.astimezone(zone)
        slot = f"{office_id}:{local:%Y-%m-%dT%H}:{local.minute // _EVERY}"
        with database.transaction() as db:
            if claims.claim(db, "presence-reminder", slot, now=now):
                told += _remind(db, office_id, zone, now)
                claims.finish(db, "presence-reminder", slot, now=now)
    return told


def _is_due(db: Session, office_id: int, local: datetime) -> bool:
    """Nobody is reminded on a holiday or a free day, nor where presence does not count yet."""
    calendar, day = workdays.calendar(db, office_id), local.date()
    counted = days.is_counted(office.facts(db, office_id).recorded_from, day)
    hours = calendar.hours(day) if counted and calendar.is_working_day(day) else None
    return hours is not None and _before(hours.starts) <= local.time() <= hours.ends


def _before(at: time) -> time:
    """Part-time hours may begin a little earlier than those of most."""
    return time(max(0, at.hour - 1), at.minute)


def _remind(db: Session, office_id: int, zone: ZoneInfo, now: datetime) -> int:
    day = clock.local_day(now, zone)
    people = rows(db, _PEOPLE, office=office_id, day=day).all()
    loaded = days.load(db, office_id, people, [day], zone=zone, now=now)
    records = {one.id: loaded.record(one.id, day) for one in people}
    came = [who for who, record in records.items() if record.state is not State.PENDING]
    kinds = [NoticeKind.NOT_CHECKED_IN]
    notify.over(db, _of(day), kinds, officers=came, now=now)
    notify.over(db, _of(day - timedelta(days=1)), kinds, now=now)
    since = {who: starts for who, record in records.items() if (starts := _lacks_since(record, now))}
    return notify.tell(
        db,
        office_id=office_id,
        officers=sorted(since),
        kind=NoticeKind.NOT_CHECKED_IN,
        params={"time": now.astimezone(zone).time()},
        own={who: {"time": starts.time()} for who, starts in since.items()},
        address="/",
        key=f"presence:{day}",
        subject=_of(day),
        now=now,
    )


def _of(day: date) -> Subject:
    """All notices of a day are about that day: there is no row of what is not there."""
    return Subject("presence_of", day.toordinal())


def _lacks_since(record: DayRecord, now: datetime) -> datetime | None:
    """Return when somebody was to begin who is missing since long enough; field duty begins where its order says."""
    span = planned_span(record.day, record.plan, record.zone)
    if record.state is not State.PENDING or span is None or record.plan.mode is PlanMode.FIELD:
        return None
    turn = turn_of(record.day, record.plan, record.zone)
    if turn and turn.is_free(now):
        return None
    return span[0] if span[0] + AFTER <= now < span[0] + _NO_LATER else None
