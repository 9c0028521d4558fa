"""How many days of the month wait for a decision of the viewer, as the queue of the month shows them.

What is older than yesterday changes only with a fact or an event, so its count is kept until there is another one;
yesterday's nights may still be open, and are looked at each time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, Date, Select, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock, days
from staffhub.db import UtcDateTime, rows
from staffhub.models import BOARD_CHANGES, AuditEvent, Correction, Mark, Office
from staffhub.reports.recap import Staff
from staffhub.security import Viewer

_A_DAY = timedelta(days=1)
_MOST = 500  # viewers of different scope whose counts are kept

# By database and by whoever sees the same: the version of the facts, and how many days waited then.
_counts: WeakKeyDictionary[Any, dict[tuple[object, ...], tuple[tuple[object, ...], int]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Counted:
    """The days of a month before yesterday; `count` None: facts changed since, or nobody has asked yet."""

    first: date
    yesterday: date
    count: int | None
    scope: tuple[object, ...]
    version: tuple[object, ...]

    @property
    def reads_from(self) -> date:
        """From when on days must be loaded."""
        return min(self.first, self.yesterday) if self.count is None else self.yesterday


def counted(db: Session, me: Viewer, today: date) -> Counted:
    first, yesterday = today.replace(day=1), today - _A_DAY
    # An event of the last night of the month before may be stored in this one.
    since = clock.at_local(first - _A_DAY, time(), me.zone)
    asked = {"office": me.office_id, "first": first, "yesterday": yesterday, "since": since}
    version = (today, *rows(db, _VERSION, **asked).one())
    scope = (me.office_id, me.scope, me.division_id, me.officer_id)
    there = _counts.setdefault(db.get_bind().engine, {}).get(scope)
    return Counted(first, yesterday, there[1] if there and there[0] == version else None, scope, version)


def waiting(db: Session, known: Counted, staff: Sequence[Staff], loaded: days.Days) -> int:
    """Return how many days wait; `loaded` holds them from `known.reads_from` on, `staff` whom the viewer sees there."""
    older = known.count
    if older is None:
        older = _open(staff, loaded, (day for day in loaded.dates if known.first <= day < known.yesterday))
        there = _counts[db.get_bind().engine]
        if len(there) >= _MOST:
            there.clear()
        there[known.scope] = known.version, older
    return older + _open(staff, loaded, [known.yesterday] if known.yesterday >= known.first else [])


def _open(staff: Sequence[Staff], loaded: days.Days, dates: Iterable[date]) -> int:
    return sum(loaded.record(one.id, day).needs_person for day in dates for one in staff if one.holds(day))


def _version_query() -> Select[*tuple[Any, ...]]:
    """Count facts that are only ever added, as the board does (board_version)."""
    office = bindparam("office", type_=BigInteger)
    first, yesterday = bindparam("first", type_=Date), bindparam("yesterday", type_=Date)
    facts = [
        select(func.count())
        .where(table.office_id == office, table.date >= first, table.date < yesterday)
        .scalar_subquery()
        for table in (Mark, Correction)
    ]
    changes = (
        select(func.count())
        .select_from(AuditEvent)
        .where(AuditEvent.office_id == office, AuditEvent.at >= bindparam("since", type_=UtcDateTime))
        .where(BOARD_CHANGES)
        .scalar_subquery()
    )
    return select(Office.version, *facts, changes).where(Office.id == office)


_VERSION = _version_query()
