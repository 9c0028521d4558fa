"""From when presence counts in an office: a date that HR sets. Before it nobody is absent, whoever tried it out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, office
from staffhub.clock import local_day
from staffhub.days.facts import Serving, is_counted, load
from staffhub.days.reconciling import reconcile
from staffhub.days.record import State
from staffhub.days.signed import signed
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Office, Officer, serves
from staffhub.security import Viewer

# As far back as a change is worked out day by day.
_REACH = timedelta(days=366)


@dataclass(frozen=True)
class Change:
    """What another date would change: how many past days of officers become absent, and how many are so no longer.

    `signed`: the signed months in which days begin or cease to count, so that each gets a supplement.
    """

    was: date | None
    becomes: date
    days: int
    absent: int
    no_longer_absent: int
    signed: Sequence[date] = ()


def counted_from(db: Session, me: Viewer) -> date | None:
    return office.facts(db, me.office_id).recorded_from


def change_of(db: Session, me: Viewer, becomes: date, *, now: datetime) -> Change:
    """Say what would change; nothing is written."""
    me.require("attendance.correct")
    was, today = counted_from(db, me), local_day(now, me.zone)
    if becomes < today - _REACH or becomes > today + _REACH:
        raise Refused(_("Choose a date within a year from today."), field="date")
    # The days on which the two dates disagree, as far as they are over.
    first = becomes if was is None else max(min(was, becomes), today - _REACH)
    last = min(today, becomes if was and was < becomes else (was or today)) - timedelta(days=1)
    if last < first:
        return Change(was, becomes, 0, 0, 0)
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    officers = _serving(db, me, first, last)
    found = load(db, me.office_id, officers, dates, zone=me.zone, now=now)
    days, absent, no_longer = 0, 0, 0
    for officer in officers:
        for day in dates:
            facts = found.facts[officer.id, day]
            counts = is_counted(becomes, day)
            if facts.marks or facts.fingers or counts == facts.counted:
                continue
            before, after = reconcile(facts), reconcile(replace(facts, counted=counts))
            days += before.code != after.code
            absent += after.state is State.ABSENT and before.state is not State.ABSENT
            no_longer += before.state is State.ABSENT and after.state is not State.ABSENT
    return Change(was, becomes, days, absent, no_longer, signed(db, me.office_id, first, last))


def count_from(db: Session, me: Viewer, becomes: date, *, was: date | None, now: datetime) -> Change:
    """Let presence count from a date. `was` is the date that was on the page; Conflict when it is another by now."""
    change = change_of(db, me, becomes, now=now)
    same = Office.recorded_from.is_(None) if was is None else Office.recorded_from == was
    moved = sa.update(Office).where(Office.id == me.office_id, same).values(recorded_from=becomes).returning(Office.id)
    if db.scalar(moved) is None:
        raise Conflict(_("Somebody has set another date meanwhile. Look at it first."))
    audit.record(
        db, me, "office.counted_from", "office", me.office_id, now=now, before=was, after=becomes, days=change.days
    )
    return change


def _serving(db: Session, me: Viewer, first: date, last: date) -> Sequence[Serving]:
    columns = select(Officer.id, Officer.active_from, Officer.active_to)
    rows: Sequence[Any] = db.execute(columns.where(Officer.office_id == me.office_id, serves(first, last))).all()
    return rows
