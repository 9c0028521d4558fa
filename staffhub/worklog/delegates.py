"""Who stands in for a superior who verifies logs, from a day to a day: for one superior, or for all who are away.

Superiors name their own; the head of the office and HR name one for any superior, because whoever falls ill cannot.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Date, bindparam, select, update
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock
from staffhub.db import insert_unless_there, rows
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import LogDelegate, Officer, Posting, serves
from staffhub.security import Viewer

# Longer is no absence but another superior, which is a posting.
_LONGEST = timedelta(days=366)
_SHOWN = 100
_TODAY = bindparam("today", type_=Date)
_BELOW, _ABOVE = aliased(Posting), aliased(Officer)


@dataclass(frozen=True)
class LogStandIn:
    """`superior` None: for everybody who is away; `state` is "now", "future" or "past"."""

    id: int
    superior_id: int | None
    superior: str | None
    name: str
    valid_from: date
    valid_to: date
    state: str


_PEOPLE = (
    select(Officer.id, Officer.name)
    .where(Officer.office_id == bindparam("office"), serves(_TODAY, _TODAY))
    .order_by(Officer.name, Officer.id)
)
_SUPERIORS = _PEOPLE.where(
    select(_BELOW.id)
    .where(_BELOW.office_id == Officer.office_id, _BELOW.superior_id == Officer.id, _BELOW.valid_from <= _TODAY)
    .where(_BELOW.valid_to.is_(None) | (_BELOW.valid_to >= _TODAY))
    .exists()
)
_NAMED = (
    select(LogDelegate.id, _ABOVE.id, _ABOVE.name, Officer.name, LogDelegate.valid_from, LogDelegate.valid_to)
    .join(Officer, Officer.id == LogDelegate.officer_id)
    .outerjoin(_ABOVE, _ABOVE.id == LogDelegate.superior_id)
    .where(LogDelegate.office_id == bindparam("office"))
    .order_by(LogDelegate.valid_to.desc(), LogDelegate.id.desc())
    .limit(_SHOWN)
)


def people(db: Session, me: Viewer, *, today: date) -> list[tuple[int, str]]:
    """Return who may be named: whoever serves, and never oneself."""
    found = rows(db, _PEOPLE, office=me.office_id, today=today)
    return [(id_, name) for id_, name in found if id_ != me.officer_id]


def superiors(db: Session, me: Viewer, *, today: date) -> list[tuple[int, str]]:
    """Return in whose place I may name somebody: in my own, and where I may name for all, in anybody's."""
    found = rows(db, _SUPERIORS, office=me.office_id, today=today)
    return [(id_, name) for id_, name in found if id_ == me.officer_id or me.may("worklog.delegates")]


def stand_ins(db: Session, me: Viewer, *, today: date) -> list[LogStandIn]:
    """Return whom I named, or of the whole office, the last to end first."""
    found = _NAMED if me.may("worklog.delegates") else _NAMED.where(LogDelegate.superior_id == bindparam("me"))
    asked = {} if me.may("worklog.delegates") else {"me": me.officer_id}
    return [
        LogStandIn(*row, "future" if row[4] > today else "past" if row[5] < today else "now")
        for row in rows(db, found, office=me.office_id, **asked)
    ]


def name_stand_in(
    db: Session,
    me: Viewer,
    *,
    superior_id: int | None,
    officer_id: int,
    valid_from: date,
    valid_to: date,
    key: str,
    now: datetime,
) -> bool:
    """Let somebody verify logs in a superior's place, None: in that of everybody who is away; False: twice."""
    today = clock.local_day(now, me.zone)
    if superior_id is None and not me.may("worklog.delegates"):
        raise Forbidden(_("Only the head of the office and HR name somebody for all."))
    if superior_id is not None and superior_id not in dict(superiors(db, me, today=today)):
        raise Forbidden(_("You may name somebody in your own place only, while you have people."))
    _check(db, me, superior_id, officer_id, (valid_from, valid_to), today)
    values: dict[str, object] = {
        "office_id": me.office_id,
        "superior_id": superior_id,
        "officer_id": officer_id,
        "created_at": now,
    }
    values |= {"valid_from": valid_from, "valid_to": valid_to, "created_by": me.account_id, "idempotency_key": key}
    if not insert_unless_there(db, LogDelegate, values):
        return False
    audit.record(db, me, "log.delegate_named", "officer", officer_id, now=now, valid_from=valid_from,
                 valid_to=valid_to, superior=superior_id)  # fmt: skip
    return True


def _check(
    db: Session, me: Viewer, superior_id: int | None, officer_id: int, days: tuple[date, date], today: date
) -> None:
    if officer_id in {superior_id, me.officer_id}:
        raise Refused(_("Choose somebody else: nobody stands in for oneself or names oneself."), field="officer")
    there = select(Officer.id).where(Officer.office_id == me.office_id, Officer.id == officer_id)
    if db.scalar(there.where(serves(today, today))) is None:
        raise Refused(_("Choose an officer who serves today."), field="officer")
    if days[0] < today:
        raise Refused(_("A delegate verifies from today on at the earliest."), field="valid_from")
    if days[1] < days[0]:
        raise Refused(_("The last day is before the first."), field="valid_to")
    if days[1] - days[0] > _LONGEST:
        raise Refused(_("At most a year: for longer give the people another superior."), field="valid_to")


def end_stand_in(db: Session, me: Viewer, delegate_id: int, *, now: datetime) -> bool:
    """Let somebody stand in no longer from today on; False when it had ended before."""
    row = db.get(LogDelegate, delegate_id)
    if row is None or row.office_id != me.office_id:
        raise NotFound(_("There is no such delegate."))
    if not me.may("worklog.delegates") and row.superior_id != me.officer_id:
        raise Forbidden(_("You may end only what is in your own place."))
    yesterday = clock.local_day(now, me.zone) - timedelta(days=1)
    still = (LogDelegate.id == delegate_id, LogDelegate.valid_to > yesterday)
    ended = db.execute(update(LogDelegate).where(*still).values(valid_to=yesterday).returning(LogDelegate.id))
    if ended.one_or_none() is None:
        return False
    audit.record(db, me, "log.delegate_ended", "officer", row.officer_id, now=now, delegate=delegate_id)
    return True
