"""The close of day: what is over is written down, and a missing check-out proposed.

How far an office is closed stands in its row, whose lock lets one process close at a time. Each step is a transaction,
the oldest days first: whoever was killed or down goes on after the last one, and twice is once.
"""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock, deadlines
from staffhub.days.store import dates_between, write
from staffhub.days.watch import settle
from staffhub.db import Database, lock_row, rows
from staffhub.models import Correction, Mark, Office, Officer, Recount, StoredDay, TaskState, serves

_A_DAY = timedelta(days=1)
# Days of officers in one transaction, but at least one date of everybody.
BATCH = 2000
# When somebody who began to write before a day was closed and committed afterwards has surely committed.
_SECOND_LOOK = timedelta(minutes=10)


def close_due(database: Database, *, now: datetime, most: int | None = None) -> int:
    """Close what is over in every office; return how many steps it took. `most`: stop after so many."""
    done = 0
    with database.reading() as db:
        offices = list(rows(db, _OFFICES).scalars())
    for office_id in offices:
        while (most is None or done < most) and close_next(database, office_id, now=now):
            done += 1
            deadlines.again()
    return done


_OFFICES: Any = select(Office.id).order_by(Office.id)


def close_next(database: Database, office_id: int, *, now: datetime) -> bool:
    """Close the oldest days of an office that are over, or the nights that have ended; False when there is nothing.

    It looks without a lock first: between two midnights there is nothing to do.
    """
    with database.reading() as db:
        if not _is_due(db, office_id, now):
            return False
    with database.transaction() as db:
        lock_row(db, Office, office_id)
        return close_step(db, office_id, now=now)


def _is_due(db: Session, office_id: int, now: datetime) -> bool:
    one = _read(db, office_id)
    yesterday = clock.local_day(now, one.zone) - _A_DAY
    if one.stored_to is None or one.stored_to < yesterday:
        return True
    return _reaches_back(one) or bool(_ended(db, office_id, now))


class _State:
    """How far an office is closed, as the database says now."""

    def __init__(self, zone: str, recorded_from: date | None, stored_from: date | None, stored_to: date | None) -> None:
        self.zone = ZoneInfo(zone)
        self.recorded_from, self.stored_from, self.stored_to = recorded_from, stored_from, stored_to


_STATE: Any = select(Office.timezone, Office.recorded_from, Office.stored_from, Office.stored_to).where(
    Office.id == bindparam("office")
)


def _read(db: Session, office_id: int) -> _State:
    return _State(*rows(db, _STATE, office=office_id).one())


def _reaches_back(one: _State) -> bool:
    return bool(one.stored_from and _wanted_from(one) < one.stored_from)


def _wanted_from(one: _State, *oldest: date | None) -> date:
    """Return from when on days are stored: a month is read whole, so from the first of the one in which they begin."""
    return min(day for day in (one.recorded_from, one.stored_from, *oldest) if day).replace(day=1)


def close_step(db: Session, office_id: int, *, now: datetime) -> bool:
    """Do one step; whoever calls holds the office's row, or is alone as a demo that is being made."""
    settle(db)
    one = _read(db, office_id)
    yesterday = clock.local_day(now, one.zone) - _A_DAY
    if one.stored_to is None:
        first = _begins(db, office_id, one, yesterday)
        return _forward(db, office_id, first, yesterday, begins=first, now=now)
    if one.stored_to < yesterday:
        return _forward(db, office_id, one.stored_to + _A_DAY, yesterday, begins=None, now=now)
    if _reaches_back(one):
        return _backward(db, office_id, one, now=now)
    return _end_nights(db, office_id, one.stored_to, now=now)


def _begins(db: Session, office_id: int, one: _State, yesterday: date) -> date:
    """Days are stored from when presence counts, or from the oldest fact."""
    oldest = [
        db.scalar(select(sa.func.min(table.date)).where(table.office_id == office_id)) for table in (Mark, Correction)
    ]
    return _wanted_from(one, *oldest, yesterday)


def _chunk(db: Session, office_id: int, first: date, last: date) -> int:
    """Return how many dates fit into one step."""
    people = db.scalar(
        select(sa.func.count()).select_from(Officer).where(Officer.office_id == office_id, serves(first, last))
    )
    return max(1, BATCH // max(1, people or 0))


def _forward(db: Session, office_id: int, first: date, yesterday: date, *, begins: date | None, now: datetime) -> bool:
    last = min(yesterday, first + (_chunk(db, office_id, first, yesterday) - 1) * _A_DAY)
    # Nights that were open are so no longer once a later day is closed.
    ended = _open(db, office_id)
    write(db, office_id, dates_between(first, last), until=last, officers=None, now=now)
    moved = {"stored_to": last} | ({"stored_from": begins} if begins else {})
    db.execute(sa.update(Office).where(Office.id == office_id).values(**moved))
    for day, officers in ended.items():
        write(db, office_id, [day], until=last, officers=officers, now=now)
    if last == yesterday:
        _look_again(db, office_id, last, last, now=now)
    return True


def _look_again(db: Session, office_id: int, first: date, last: date, *, now: datetime) -> None:
    """Whoever was about to commit a fact of these days while we read them is seen then.

    On SQLite one writes at a time.
    """
    if db.get_bind().dialect.name == "sqlite":
        return
    dates: dict[str, Any] = {"office_id": office_id, "first": first, "last": last}
    due: dict[str, Any] = {"state": TaskState.PENDING, "due_at": now + _SECOND_LOOK, "created_at": now}
    db.add(Recount(**dates, **due, cause="close", officers=None))
    db.flush()


def _backward(db: Session, office_id: int, one: _State, *, now: datetime) -> bool:
    """Presence counts from an earlier date now, or the month began before what is stored: newest first."""
    assert one.stored_from and one.stored_to  # noqa: S101, PT018
    last, wanted = one.stored_from - _A_DAY, _wanted_from(one)
    first = max(wanted, last - (_chunk(db, office_id, wanted, last) - 1) * _A_DAY)
    write(db, office_id, dates_between(first, last), until=one.stored_to, officers=None, now=now)
    db.execute(sa.update(Office).where(Office.id == office_id).values(stored_from=first))
    _look_again(db, office_id, first, last, now=now)
    return True


def _open(db: Session, office_id: int) -> dict[date, list[int]]:
    """Return whose nights are still open, by date."""
    found: dict[date, list[int]] = {}
    for officer_id, day in rows(db, _OPEN, office=office_id):
        found.setdefault(day, []).append(officer_id)
    return found


_OPEN: Any = (
    select(StoredDay.officer_id, StoredDay.date)
    .where(StoredDay.office_id == bindparam("office"), sa.text("open_until IS NOT NULL"))
    .order_by(StoredDay.date, StoredDay.officer_id)
)


def _ended(db: Session, office_id: int, now: datetime) -> list[tuple[int, date, bool]]:
    """Return the nights that are over by now: (officer, date, whether its time ran out), or a new day has begun."""
    return [(who, day, late) for who, day, late in rows(db, _ENDED, office=office_id, now=now)]


def _ended_nights() -> Any:
    one, new = StoredDay, aliased(Mark)
    late: Any = one.open_until <= bindparam("now", type_=StoredDay.open_until.type)
    begun = (
        select(new.id)
        .where(new.office_id == one.office_id, new.officer_id == one.officer_id, new.date > one.date)
        .exists()
    )
    wanted: Any = select(one.officer_id, one.date, late).where(one.office_id == bindparam("office"))
    return wanted.where(sa.text("open_until IS NOT NULL"), sa.or_(late, begun)).order_by(one.date, one.officer_id)


_ENDED = _ended_nights()


def _end_nights(db: Session, office_id: int, stored_to: date, *, now: datetime) -> bool:
    ended = _ended(db, office_id, now)
    written = [
        write(db, office_id, [day], until=stored_to + _A_DAY if late else stored_to, officers=[officer_id], now=now)
        for officer_id, day, late in ended
    ]
    return any(written)
