"""How many days of the month wait for a decision of the viewer, as the queue of the month shows them.

Days that are stored are counted by the database; yesterday's nights may still be open, and yesterday is looked at each
time, as is what the close of day has not reached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Date, bindparam, func, select, text
from sqlalchemy.orm import Session

from staffhub import corrections, days, office
from staffhub.ahead import Ask
from staffhub.corrections import OpenDay
from staffhub.db import read
from staffhub.models import Role, StoredDay
from staffhub.reports.recap import Staff
from staffhub.security import Scope, Viewer, within_reach

_A_DAY = timedelta(days=1)


def reads_from(db: Session, me: Viewer, today: date) -> date:
    """Return from when on days must be loaded for `waiting`: yesterday, as long as the days before are stored."""
    first, yesterday = today.replace(day=1), today - _A_DAY
    counted = _counted(db, me, first, yesterday)
    return min(yesterday, counted + _A_DAY if counted else first)


def _counted(db: Session, me: Viewer, first: date, yesterday: date) -> date | None:
    """Return the last day before yesterday that is counted by the database, None: no day of the month is."""
    known = office.facts(db, me.office_id)
    if known.stored_from is None or known.stored_to is None or known.stored_from > first or known.stored_to < first:
        return None
    # The last day that is stored may have nights that were open when it was.
    last = min(known.stored_to - _A_DAY, yesterday - _A_DAY)
    return last if last >= first else None


@dataclass(frozen=True)
class AtHand:
    """What comes in one statement: `older` days that wait, as the database counts them, requests, own open days."""

    older: int | None
    requests: int
    own: Sequence[OpenDay]


def at_hand(db: Session, me: Viewer, today: date) -> AtHand:
    found = read(db, ask_at_hand(db, me, today)).all()
    counted = _counted(db, me, today.replace(day=1), today - _A_DAY)
    own = corrections.told(db, me, [row[2:] for row in found])
    return AtHand(found[0][0] if counted else None, found[0][1], own)


def ask_at_hand(db: Session, me: Viewer, today: date) -> Ask:
    first = today.replace(day=1)
    counted = _counted(db, me, first, today - _A_DAY) or date.min
    asked = corrections.asked_at_hand(me, today) | {"first": first, "counted": counted} | me.reach
    return Ask(_at_hand(me.role, me.scope), asked)


@cache
def _at_hand(role: Role, scope: Scope) -> Any:
    """Say which days are older, the same as `days.count_waiting` counts, with what waits beside them."""
    one = StoredDay
    dates = one.date.between(bindparam("first", type_=Date), bindparam("counted", type_=Date))
    wanted = select(func.count()).where(one.office_id == bindparam("office", type_=BigInteger), dates)
    older = wanted.where(
        text("needs_person = true"), one.open_until.is_(None), within_reach(scope, one.officer_id, one.division_id)
    )
    return corrections.at_hand_of(role, older.scalar_subquery())


def waiting(db: Session, me: Viewer, staff: Sequence[Staff], loaded: days.Days, *, older: int | None = None) -> int:
    """Return how many days wait; `loaded` holds them from `reads_from` until today, `staff` whom the viewer sees.

    `older`: what the database counts of them, where it was asked already.
    """
    today = loaded.dates[-1]
    first, yesterday = today.replace(day=1), today - _A_DAY
    counted = _counted(db, me, first, yesterday)
    if counted is None:
        older = 0
    elif older is None:
        within = me.within(StoredDay.officer_id, StoredDay.division_id)
        older = days.count_waiting(db, me.office_id, first, counted, within)
    begins = counted + _A_DAY if counted else first
    live = [day for day in loaded.dates if begins <= day <= yesterday]
    return older + sum(loaded.record(one.id, day).needs_person for day in live for one in staff if one.holds(day))
