"""Check-outs that the close of day proposes, as long as nobody has said when the day ended."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import notify
from staffhub.db import rows
from staffhub.models import CheckoutProposal, NoticeKind, ProposalSource, StoredDay


class Proposal(NamedTuple):
    """When a day probably ended, and what says so; `at` is UTC. Nothing follows from it until a person confirms it."""

    id: int
    officer_id: int
    day: date
    at: datetime
    source: ProposalSource
    source_id: int


def proposals_of(
    db: Session, office_id: int, officer_id: int, *, first: date = date.min, last: date = date.max
) -> list[Proposal]:
    """Return what is still open of one officer, newest first; a day with a check-out by now, or a night that still
    takes one, is not.
    """
    found = rows(db, _open(), office=office_id, officer=officer_id, first=first, last=last)
    return [Proposal(*row) for row in found]


def proposals_among(
    db: Session, office_id: int, officers: Collection[int], first: date, last: date
) -> dict[tuple[int, date], Proposal]:
    """Return what is still open of these officers, by officer and date."""
    found = rows(db, _open_among(), office=office_id, ids=sorted(officers), first=first, last=last) if officers else ()
    return {(one.officer_id, one.day): one for one in (Proposal(*row) for row in found)}


def answered(db: Session, office_id: int, days: Iterable[tuple[int, date]], *, now: datetime) -> None:
    """Nobody is asked any more for the check-outs of these days, by officer and date: the notices of them are over."""
    for officer_id, day in days:
        for proposal_id in rows(db, _OF_DAY, office=office_id, officer=officer_id, day=day).scalars().all():
            subject = notify.Subject("checkout_proposal", proposal_id)
            notify.over(db, subject, [NoticeKind.CHECKOUT_PROPOSED], now=now)


_OF_DAY: Any = select(CheckoutProposal.id).where(
    CheckoutProposal.office_id == bindparam("office"),
    CheckoutProposal.officer_id == bindparam("officer"),
    CheckoutProposal.date == bindparam("day", type_=Date),
)


@cache
def _open() -> Any:
    return _standing().where(CheckoutProposal.officer_id == bindparam("officer"))


@cache
def _open_among() -> Any:
    return _standing().where(CheckoutProposal.officer_id.in_(bindparam("ids", expanding=True)))


def _standing() -> Any:
    one, stored = CheckoutProposal, StoredDay
    day = (stored.office_id == one.office_id) & (stored.officer_id == one.officer_id) & (stored.date == one.date)
    columns: Any = select(one.id, one.officer_id, one.date, one.at, one.source, one.source_id).join(stored, day)
    return (
        columns.where(one.office_id == bindparam("office"))
        .where(one.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)))
        .where(stored.last.is_(None), stored.needs_person, stored.open_until.is_(None))
        .order_by(one.date.desc())
    )
