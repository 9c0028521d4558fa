"""What HR keeps: who grants in the name of the appointing official, and what was left over from other years."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock
from staffhub.db import insert_unless_there, lock_row, rows, said_otherwise
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.leave.asking import days_text
from staffhub.models import Account, LeaveDelegate, LeaveOpening, Office, Officer, Posting, posting_on, serves
from staffhub.security import Viewer
from staffhub.workdays import LeaveKind

# No law gives so many days; more is a slip of the finger.
_MOST = 366
_SHOWN = 200


@dataclass(frozen=True)
class Delegate:
    """Who grants, and by which letter; `state` is "now", "future" or "past"."""

    id: int
    name: str
    position: str
    valid_from: date
    valid_to: date | None
    document: str
    state: str


@dataclass(frozen=True)
class Opening:
    """What HR's books say that somebody brought into a year."""

    officer: str
    year: int
    days: float
    note: str
    author: str
    at: datetime


_PEOPLE = (
    select(Officer.id, Officer.name)
    .where(Officer.office_id == bindparam("office"), serves(bindparam("today"), bindparam("today")))
    .order_by(Officer.name)
)
_DELEGATES = (
    select(
        LeaveDelegate.id,
        Officer.name,
        Posting.position,
        LeaveDelegate.valid_from,
        LeaveDelegate.valid_to,
        LeaveDelegate.document,
    )
    .join(Officer, Officer.id == LeaveDelegate.officer_id)
    .outerjoin(Posting, posting_on(bindparam("today")))
    .where(LeaveDelegate.office_id == bindparam("office"))
    .order_by(LeaveDelegate.valid_from.desc(), LeaveDelegate.id.desc())
    .limit(_SHOWN)
)
_writer = aliased(Officer)
_OPENINGS = (
    select(
        Officer.name,
        LeaveOpening.year,
        LeaveOpening.half_days,
        LeaveOpening.note,
        _writer.name,
        LeaveOpening.created_at,
        LeaveOpening.officer_id,
    )
    .join(Officer, Officer.id == LeaveOpening.officer_id)
    .outerjoin(Account, Account.id == LeaveOpening.created_by)
    .outerjoin(_writer, _writer.id == Account.officer_id)
    .where(LeaveOpening.office_id == bindparam("office"), LeaveOpening.year == bindparam("year"))
    .order_by(Officer.name, LeaveOpening.id.desc())
)


def people(db: Session, me: Viewer, *, today: date) -> list[tuple[int, str]]:
    """Return who serves today, by name, for the lists of HR's forms."""
    me.require("leave.paper")
    return [(id_, name) for id_, name in rows(db, _PEOPLE, office=me.office_id, today=today)]


def delegates(db: Session, me: Viewer, *, today: date) -> list[Delegate]:
    me.require("leave.paper")
    found = rows(db, _DELEGATES, office=me.office_id, today=today)
    return [
        Delegate(id_, name, position or "", first, last, document, _state(first, last, today))
        for id_, name, position, first, last, document in found
    ]


def _state(first: date, last: date | None, today: date) -> str:
    if first > today:
        return "future"
    return "past" if last and last < today else "now"


def name_delegate(
    db: Session,
    me: Viewer,
    *,
    officer_id: int,
    valid_from: date,
    valid_to: date | None,
    document: str,
    key: str,
    now: datetime,
) -> bool:
    """Let somebody grant leave from a day to a day, by the letter that says so; False when it was there already."""
    me.require("leave.paper")
    today = clock.local_day(now, me.zone)
    if valid_to and valid_to < valid_from:
        raise Refused(_("The last day is before the first."), field="valid_to")
    if valid_from < today:
        raise Refused(_("A delegate decides from today on at the earliest."), field="valid_from")
    _officer(db, me, officer_id, today)
    values = {"office_id": me.office_id, "officer_id": officer_id, "valid_from": valid_from, "valid_to": valid_to}
    values |= {"document": document, "created_by": me.account_id, "created_at": now, "idempotency_key": key}
    if not insert_unless_there(db, LeaveDelegate, values):
        return False
    audit.record(db, me, "leave.delegate_named", "officer", officer_id, now=now, valid_from=valid_from,
                 valid_to=valid_to, document=document)  # fmt: skip
    return True


def end_delegate(db: Session, me: Viewer, delegate_id: int, *, now: datetime) -> bool:
    """Let somebody decide no longer from today on; False when it had ended before."""
    me.require("leave.paper")
    lock_row(db, Office, me.office_id)
    row = db.get(LeaveDelegate, delegate_id)
    if row is None or row.office_id != me.office_id:
        raise NotFound(_("There is no such delegate."))
    yesterday = clock.local_day(now, me.zone) - timedelta(days=1)
    if row.valid_to is not None and row.valid_to <= yesterday:
        return False
    of_row = LeaveDelegate.id == delegate_id
    db.execute(update(LeaveDelegate).where(of_row).values(valid_to=yesterday))
    audit.record(
        db, me, "leave.delegate_ended", "officer", row.officer_id, now=now, delegate=delegate_id, last=yesterday
    )
    return True


def _officer(db: Session, me: Viewer, officer_id: int, today: date) -> None:
    there = select(Officer.id).where(Officer.office_id == me.office_id, Officer.id == officer_id, serves(today, today))
    if db.scalar(there) is None:
        raise Refused(_("Choose an officer who serves today."), field="officer")


def openings(db: Session, me: Viewer, year: int) -> list[Opening]:
    """Return what holds of a year: of each officer the newest."""
    me.require("leave.paper")
    found: dict[int, Opening] = {}
    for name, of_year, half_days, note, author, at, officer_id in rows(db, _OPENINGS, office=me.office_id, year=year):
        found.setdefault(officer_id, Opening(name, of_year, half_days / 2, note, author or "", at.astimezone(me.zone)))
    return list(found.values())


def open_balance(
    db: Session,
    me: Viewer,
    *,
    officer_id: int,
    year: int,
    days: float,
    note: str,
    key: str,
    newest: int | None = None,
    now: datetime,
) -> bool:
    """Note how many days of annual leave somebody brings into a year; a later note replaces it. False: twice.

    `newest` is the last note that the page could know of, 0: none; Conflict when one of the same came meanwhile.
    """
    me.require("leave.paper")
    today = clock.local_day(now, me.zone)
    if not today.year - 5 <= year <= today.year + 1:
        raise Refused(_("Check the year."), field="year")
    if not 0 <= days <= _MOST or days * 2 != int(days * 2):
        raise Refused(_("Write whole or half days, for example 6 or 6,5."), field="days")
    if officer_id == me.officer_id:
        raise Refused(_("Nobody writes the own balance: let a colleague of HR do it."), field="officer")
    _officer(db, me, officer_id, today)
    facts = {"officer_id": officer_id, "kind": LeaveKind.ANNUAL.value, "year": year, "half_days": int(days * 2)}
    lock_row(db, Officer, officer_id)
    _refuse_meanwhile(db, me, officer_id, year, newest, key)
    own = {"office_id": me.office_id, "note": note, "created_by": me.account_id, "created_at": now}
    if not insert_unless_there(db, LeaveOpening, facts | own | {"idempotency_key": key}):
        pressed = LeaveOpening.office_id == me.office_id, LeaveOpening.idempotency_key == key
        there = db.scalars(select(LeaveOpening).where(*pressed)).one()
        if any(getattr(there, name) != value for name, value in (facts | {"note": note}).items()):
            raise said_otherwise()
        return False
    audit.record(db, me, "leave.opened", "officer", officer_id, now=now, year=year, days=days)
    return True


def newest_opening(db: Session, me: Viewer) -> int:
    """Return the last note of the office, 0: none. A form sends it back, so that nobody overwrites unseen."""
    me.require("leave.paper")
    return db.scalar(select(func.max(LeaveOpening.id)).where(LeaveOpening.office_id == me.office_id)) or 0


def _refuse_meanwhile(db: Session, me: Viewer, officer_id: int, year: int, newest: int | None, key: str) -> None:
    if newest is None:
        return
    same = (LeaveOpening.office_id == me.office_id, LeaveOpening.officer_id == officer_id, LeaveOpening.year == year)
    later = db.execute(
        select(LeaveOpening.half_days, func.coalesce(_writer.name, Account.username, "").label("author"))
        .outerjoin(Account, Account.id == LeaveOpening.created_by)
        .outerjoin(_writer, _writer.id == Account.officer_id)
        .where(*same, LeaveOpening.id > newest, LeaveOpening.idempotency_key != key)
        .order_by(LeaveOpening.id.desc())
        .limit(1)
    ).one_or_none()
    if later:
        said = _("%(name)s has noted %(days)s for this officer and year meanwhile. Note it again if yours is to hold.")
        raise Conflict(said % {"name": later.author, "days": days_text(later.half_days / 2)}, field="days")
