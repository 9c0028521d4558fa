"""Stored days compared with their facts, or written again from them, a few at a time: for the command line."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import deadlines
from staffhub.days.store import Differs, dates_between, differing, write
from staffhub.db import Database, rows
from staffhub.models import Office, Officer, StoredDay

BATCH = 2000


class Odd(NamedTuple):
    """A stored day that is not what its facts say."""

    office_id: int
    found: Differs

    def __str__(self) -> str:
        return f"{self.office_id} {self.found.officer_id} {self.found.day} {' '.join(self.found.columns)}"


_OFFICES: Any = select(Office.id, Office.stored_from, Office.stored_to).where(Office.stored_to.is_not(None))
_PEOPLE: Any = select(Officer.id).where(Officer.office_id == bindparam("office")).order_by(Officer.id)


def _stored(db: Session, first: date, last: date) -> list[tuple[int, Sequence[date], date]]:
    """Return the stored dates of each office within these, and its last one."""
    spans = [(id_, max(first, since), min(last, until), until) for id_, since, until in rows(db, _OFFICES)]
    return [(id_, dates_between(start, end), until) for id_, start, end, until in spans if start <= end]


def check(database: Database, first: date, last: date, *, now: datetime) -> Iterator[Odd]:
    """Yield every stored day that differs; nothing is written."""
    with database.reading() as db:
        spans = _stored(db, first, last)
    for office_id, dates, until in spans:
        with database.reading() as db:
            many = db.scalar(select(func.count()).where(StoredDay.office_id == office_id, StoredDay.date == until)) or 1
        step = max(1, BATCH // many)
        for place in range(0, len(dates), step):
            deadlines.again()
            with database.reading() as db:
                for one in differing(db, office_id, dates[place : place + step], until=until, now=now):
                    yield Odd(office_id, one)


def recompute(database: Database, first: date, last: date, *, now: datetime) -> int:
    """Write the stored days of these dates again; return how many were another row. Killed, it is simply run again."""
    with database.reading() as db:
        spans = [(*one, list(rows(db, _PEOPLE, office=one[0]).scalars())) for one in _stored(db, first, last)]
    changed = 0
    for office_id, dates, until, people in spans:
        step = max(1, BATCH // len(dates))
        for place in range(0, len(people), step):
            deadlines.again()
            with database.transaction() as db:
                some = people[place : place + step]
                changed += len(write(db, office_id, dates, until=until, officers=some, now=now))
    return changed
