"""When a day without a check-out probably ended: the last thing known of it."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, notify, office
from staffhub.days.record import Finding
from staffhub.db import insert_unless_there, rows
from staffhub.models import (
    CheckoutProposal,
    JoinClick,
    LogEntry,
    Mark,
    MarkKind,
    NoticeKind,
    ProposalSource,
    RequestEvent,
    StoredDay,
)

_A_DAY = timedelta(days=1)
_REMINDED = timedelta(days=4)


class _Trace(NamedTuple):
    at: datetime
    source: ProposalSource
    id: int


def propose(db: Session, office_id: int, first: date, last: date, *, now: datetime) -> int:
    """Propose a check-out for the days of these dates that lack one, where something is known after their start.

    A day that has a proposal keeps it. Return how many were made.
    """
    found = rows(db, _LACKING, office=office_id, first=first, last=last).all()
    lacking = {(who, day): began for who, day, began in found}
    if not lacking:
        return 0
    traces = _traces(db, office_id, sorted({who for who, _day in lacking}), first, last)
    made = 0
    for (who, day), began in sorted(lacking.items(), key=lambda one: (one[0][1], one[0][0])):
        last_one = max((trace for trace in traces.get((who, day), ()) if trace.at > began), default=None)
        if last_one is not None:
            values = {"office_id": office_id, "officer_id": who, "date": day, "at": last_one.at, "created_at": now}
            values |= {"source": last_one.source, "source_id": last_one.id}
            if insert_unless_there(db, CheckoutProposal, values):
                made += 1
                _tell(db, office_id, who, day, last_one.at, now=now)
    return made


def _tell(db: Session, office_id: int, who: int, day: date, at: datetime, *, now: datetime) -> None:
    """The person hears of it in the morning; of days that were caught up long after nobody is reminded."""
    zone = office.facts(db, office_id).zone
    if day < clock.local_day(now, zone) - _REMINDED:
        return
    this = (CheckoutProposal.office_id == office_id, CheckoutProposal.officer_id == who, CheckoutProposal.date == day)
    proposal_id = db.scalars(select(CheckoutProposal.id).where(*this)).one()
    notify.tell(
        db,
        office_id=office_id,
        officers=[who],
        kind=NoticeKind.CHECKOUT_PROPOSED,
        params={"day": day, "time": at.astimezone(zone).time().replace(second=0, microsecond=0)},
        address=f"/attendance/{who}/{day}",
        key=f"checkout:{who}:{day}",
        now=now,
        subject=notify.Subject("checkout_proposal", proposal_id),
    )


def _lacking() -> Any:
    """Days at work that are over, count and lack their end; one that began at no known time has none to be after."""
    one = StoredDay
    there = (
        select(CheckoutProposal.id)
        .where(CheckoutProposal.office_id == one.office_id, CheckoutProposal.officer_id == one.officer_id)
        .where(CheckoutProposal.date == one.date)
        .exists()
    )
    wanted: Any = select(one.officer_id, one.date, one.first).where(one.office_id == bindparam("office"))
    return (
        wanted.where(one.date.between(bindparam("first"), bindparam("last")))
        .where(one.kinds.contains(f",{Finding.NO_CHECK_OUT.value},"), one.first.is_not(None), one.open_until.is_(None))
        .where(sa.text("needs_person = true"), one.counted, ~there)
    )


_LACKING = _lacking()
_IDS: sa.BindParameter[Any] = bindparam("ids", expanding=True)


def _of_dates(table: Any, *columns: Any) -> Any:
    wanted: Any = select(table.officer_id, table.date, table.id, *columns)
    dates = table.date.between(bindparam("first"), bindparam("last"))
    return wanted.where(table.office_id == bindparam("office"), table.officer_id.in_(_IDS), dates)


_LOG = _of_dates(LogEntry, LogEntry.starts, LogEntry.ends)
_JOINED = _of_dates(JoinClick, JoinClick.at)
_CAME = _of_dates(Mark, Mark.attempted_at).where(Mark.kind == MarkKind.CHECK_IN)
_HANDLED: Any = (
    select(RequestEvent.officer_id, RequestEvent.request_id, RequestEvent.at)
    .where(RequestEvent.office_id == bindparam("office"), RequestEvent.officer_id.in_(_IDS))
    .where(RequestEvent.at >= bindparam("since"), RequestEvent.at < bindparam("until"))
)


def _traces(
    db: Session, office_id: int, officers: Sequence[int], first: date, last: date
) -> dict[tuple[int, date], list[_Trace]]:
    zone = office.facts(db, office_id).zone
    asked: dict[str, Any] = {"office": office_id, "ids": officers, "first": first, "last": last}
    found: dict[tuple[int, date], list[_Trace]] = {}

    def add(who: int, day: date, at: datetime, source: ProposalSource, id_: int) -> None:
        found.setdefault((who, day), []).append(_Trace(at, source, id_))

    for who, day, id_, starts, ends in rows(db, _LOG, **asked):
        at = clock.at_local(day + _A_DAY if ends < starts else day, ends, zone)
        add(who, day, at, ProposalSource.LOG, id_)
    for statement, source in ((_JOINED, ProposalSource.MEETING), (_CAME, ProposalSource.MARK)):
        for who, day, id_, at in rows(db, statement, **asked):
            add(who, day, at, source, id_)
    span = {"since": clock.at_local(first, time(), zone), "until": clock.at_local(last + _A_DAY, time(), zone)}
    for who, request_id, at in rows(db, _HANDLED, office=office_id, ids=officers, **span):
        add(who, clock.local_day(at, zone), at, ProposalSource.REQUEST, request_id)
    return found
