"""Days computed again in batches, because a rule, a holiday or many postings changed: the scheduler's part.

Each batch and how far it got are one transaction: killed in between, another process goes on after the last one.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import audit, claims, deadlines, office
from staffhub.ahead import Ask
from staffhub.days.store import Changed, dates_between, write
from staffhub.db import Database, read, rows
from staffhub.models import Correction, Mark, Officer, Recount, RecountedDay, StoredDay, TaskState, serves

# Days of officers in one transaction: about a quarter of a second, in which on SQLite nobody else writes.
BATCH = 2000
_LEASE = timedelta(minutes=2)


def run_due(database: Database, *, now: datetime, most: int | None = None) -> int:
    """Do what is due, batch by batch; return how many batches. `most`: stop there, as a process that is killed does."""
    done = 0
    while most is None or done < most:
        with database.reading() as db:
            row_id = claims.next_due(db, Recount, now=now, in_turn=Recount.office_id)
        if row_id is None:
            return done
        with database.transaction() as db:
            ticket = claims.take(db, Recount, row_id, now=now, lease=_LEASE)
        while ticket is not None and (most is None or done < most):
            deadlines.again()
            with database.transaction() as db:
                ticket = _batch(db, row_id, ticket, now=now)
            done += 1
    return done


def _batch(db: Session, row_id: int, ticket: datetime, *, now: datetime) -> datetime | None:
    """Do the next people; return the ticket for the batch after it, None when there is none or it is not ours."""
    row = db.scalars(select(Recount).where(Recount.id == row_id).with_for_update()).one()
    if row.state is not TaskState.CLAIMED or row.lease_until != ticket:
        return None
    until = office.facts(db, row.office_id).stored_to
    dates = dates_between(row.first, min(row.last, until)) if until else []
    ids = _next_people(db, row, dates) if dates else []
    if row.officer_id == 0 and dates:
        row.total = _total(db, row, dates)
    if not ids or until is None:
        row.state, row.finished_at, row.lease_until, row.done = TaskState.DONE, now, None, row.total
        if row.changed or row.cause != "close":  # a second look that finds nothing new is nobody's news
            _tell(db, row, now=now)
        return None
    changed = [one for one in write(db, row.office_id, dates, until=until, officers=ids, now=now) if one.is_seen]
    _note(db, row, changed)
    row.officer_id, row.done = ids[-1], min(row.total, row.done + len(ids) * len(dates))
    row.changed += len(changed)
    # Another end of the lease, so that whoever else held this ticket finds it spent.
    row.lease_until = ticket + timedelta(microseconds=1)
    return row.lease_until


def _next_people(db: Session, row: Recount, dates: Sequence[date]) -> list[int]:
    many = max(1, BATCH // len(dates))
    asked = {"office": row.office_id, "after": row.officer_id, "first": dates[0], "last": dates[-1], "many": many}
    if row.officers is None:
        return list(rows(db, _PEOPLE, **asked).scalars())
    return sorted(one for one in row.officers if one > row.officer_id)[:many]


def _people() -> Any:
    """Whoever serves on these dates, has rows there or left something."""
    first, last = bindparam("first", type_=sa.Date), bindparam("last", type_=sa.Date)
    there = [
        select(table.id)
        .where(table.office_id == Officer.office_id, table.officer_id == Officer.id, table.date.between(first, last))
        .exists()
        for table in (StoredDay, Mark, Correction)
    ]
    wanted: Any = select(Officer.id).where(Officer.office_id == bindparam("office"), Officer.id > bindparam("after"))
    return wanted.where(sa.or_(serves(first, last), *there)).order_by(Officer.id).limit(bindparam("many"))


_PEOPLE = _people()


def _total(db: Session, row: Recount, dates: Sequence[date]) -> int:
    mine = select(sa.func.count()).where(
        StoredDay.office_id == row.office_id, StoredDay.date.between(dates[0], dates[-1])
    )
    if row.officers is not None:
        mine = mine.where(StoredDay.officer_id.in_(row.officers))
    return db.scalar(mine) or 0


def _note(db: Session, row: Recount, changed: Sequence[Changed]) -> None:
    told = [
        {
            "office_id": row.office_id,
            "recount_id": row.id,
            "officer_id": one.officer_id,
            "date": one.day,
            "before": one.before._asdict() if one.before else {},
            "after": one.after._asdict() if one.after else {},
        }
        for one in changed
    ]
    if told:
        db.execute(sa.insert(RecountedDay), told)


def _tell(db: Session, row: Recount, *, now: datetime) -> None:
    facts = {"cause": row.cause, "first": row.first, "last": row.last, "days": row.total, "changed": row.changed}
    audit.record(db, None, "days.recounted", "office", row.office_id, now=now, office_id=row.office_id, **facts)


class Progress(NamedTuple):
    """A recount as its page tells it."""

    id: int
    state: TaskState
    cause: str
    first: date
    last: date
    total: int
    done: int
    changed: int
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_running(self) -> bool:
        return self.state in claims.UNFINISHED


_NEWEST: Any = (
    select(*(getattr(Recount, name) for name in Progress._fields))
    .where(Recount.office_id == bindparam("office"), Recount.cause != "close")
    .order_by(Recount.id.desc())
    .limit(bindparam("many"))
)


def recounts(db: Session, office_id: int, *, many: int = 1) -> list[Progress]:
    """Return what is computed again or was, newest first."""
    return [Progress(*row) for row in read(db, ask_recounts(office_id, many=many))]


def ask_recounts(office_id: int, *, many: int = 1) -> Ask:
    """Return what `recounts` asks."""
    return Ask(_NEWEST, {"office": office_id, "many": many})


class Recounted(NamedTuple):
    """A day that reads differently since a recount: `code`, and minutes `worked`, `late`, `early`, before and after.

    Empty where there was no day, or is none any more.
    """

    officer_id: int
    name: str
    day: date
    before: dict[str, Any]
    after: dict[str, Any]


_RECOUNTED: Any = (
    select(RecountedDay.officer_id, Officer.name, RecountedDay.date, RecountedDay.before, RecountedDay.after)
    .join(Officer, Officer.id == RecountedDay.officer_id)
    .where(RecountedDay.office_id == bindparam("office"), RecountedDay.recount_id == bindparam("recount"))
    .order_by(RecountedDay.date, Officer.name, Officer.id)
    .limit(bindparam("many"))
    .offset(bindparam("offset"))
)


def recounted(db: Session, office_id: int, recount_id: int, *, offset: int, many: int) -> list[Recounted]:
    """Return the days that a recount changed, by date and name."""
    asked = {"office": office_id, "recount": recount_id, "many": many, "offset": offset}
    return [Recounted(*row) for row in rows(db, _RECOUNTED, **asked)]
