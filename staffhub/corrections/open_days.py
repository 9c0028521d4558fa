"""My days that are over and wait for an answer, with what the close of day proposes, and how much waits for me."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.ahead import Ask
from staffhub.corrections.requests import asked_of, waits_for
from staffhub.db import read, rows
from staffhub.models import (
    CheckoutProposal,
    EmploymentType,
    Office,
    ProposalSource,
    Role,
    StoredDay,
    WaitingRequest,
    WorkMode,
)
from staffhub.security import Viewer

# As many as the first page shows; the month has the rest.
_SHOWN = 3
_OFFICE, _ME = bindparam("office", type_=BigInteger), bindparam("me", type_=BigInteger)


@dataclass(frozen=True)
class OpenDay:
    """A day of mine that waits; times are local. `at`: when it ended by its last trace; `asked`: my open request.

    `early`: minutes by which the day would end before its plan, should `at` be right.
    """

    day: date
    kinds: tuple[str, ...]
    first: datetime | None
    proposal_id: int | None
    at: datetime | None
    source: ProposalSource | None
    asked: int | None
    early: int = 0


def open_days(db: Session, me: Viewer, first: date, last: date) -> dict[date, OpenDay]:
    """Return those of a span of days, in one statement."""
    if me.officer_id is None:
        return {}
    asked = {"office": me.office_id, "me": me.officer_id, "open_from": first, "open_to": last}
    return {one.day: one for one in told(db, me, rows(db, _all(), **asked).all())}


def at_hand(db: Session, me: Viewer, *, now: datetime) -> tuple[int, Sequence[OpenDay]]:
    """Return how many requests wait for me, and the newest open days of mine, in one statement."""
    found = read(db, ask_at_hand(me, clock.local_day(now, me.zone))).all()
    return found[0][0], told(db, me, [row[1:] for row in found])


def ask_at_hand(me: Viewer, today: date) -> Ask:
    return Ask(at_hand_of(me.role), asked_at_hand(me, today))


def asked_at_hand(me: Viewer, today: date) -> dict[str, object]:
    """As far back as the month before: what is older is HR's by now."""
    return asked_of(me, today) | {"open_from": clock.month_before(today), "open_to": today}


@cache
def at_hand_of(role: Role, *besides: Any) -> Any:
    """Say how much waits and which days are open, and `besides` it what else is asked of the office: a row at least."""
    waiting = (
        select(sa.func.count())
        .select_from(WaitingRequest)
        .where(WaitingRequest.office_id == _OFFICE, waits_for(role))
        .scalar_subquery()
    )
    mine = _open().order_by(StoredDay.date.desc()).limit(_SHOWN).subquery()
    return (
        select(*besides, waiting, *mine.c)
        .select_from(Office)
        .outerjoin(mine, sa.true())
        .where(Office.id == _OFFICE)
        .order_by(mine.c.date.desc())
    )


@cache
def _all() -> Any:
    return _open()


def _open() -> Any:
    stored, proposed, waits = StoredDay, CheckoutProposal, WaitingRequest
    same_day = (proposed.office_id == stored.office_id) & (proposed.officer_id == stored.officer_id)
    same_day &= (proposed.date == stored.date) & stored.last.is_(None)
    asked = (
        select(sa.func.min(waits.request_id))
        .where(waits.office_id == stored.office_id, waits.officer_id == stored.officer_id, waits.date == stored.date)
        .correlate(stored)
        .scalar_subquery()
    )
    first, last = bindparam("open_from", type_=Date), bindparam("open_to", type_=Date)
    return (
        select(
            stored.date,
            stored.kinds,
            stored.first,
            stored.mode,
            stored.employment_type,
            proposed.id,
            proposed.at,
            proposed.source,
            asked.label("asked"),
        )
        .outerjoin(proposed, same_day)
        .where(stored.office_id == _OFFICE, stored.officer_id == _ME, stored.date.between(first, last))
        .where(stored.needs_person, stored.open_until.is_(None))
    )


def told(db: Session, me: Viewer, found: Sequence[Any]) -> list[OpenDay]:
    if not found or found[0][0] is None:  # nothing is open
        return []
    calendar = workdays.calendar(db, me.office_id)
    days = []
    for day, kinds, first, mode, employment, proposal_id, at, source, asked in found:
        local = at.astimezone(me.zone) if at else None
        early = _early(calendar, day, mode, employment, local) if local else 0
        came = first.astimezone(me.zone) if first else None
        kinds_of = tuple(kind for kind in kinds.split(",") if kind)
        days.append(OpenDay(day, kinds_of, came, proposal_id, local, source, asked, early))
    return days


def _early(
    calendar: workdays.Calendar, day: date, mode: WorkMode | None, employment: EmploymentType | None, at: datetime
) -> int:
    """As far as the usual hours tell; `check_out.confirm` asks by the day itself."""
    hours = calendar.hours(day, employment)
    if hours is None or mode is WorkMode.FIELD or hours.ends <= hours.starts or at.date() != day:
        return 0
    return max(0, (hours.ends.hour - at.hour) * 60 + hours.ends.minute - at.minute)
