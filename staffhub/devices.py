"""From which browser a mark came: by our own cookie alone, for thirty days, so that two people on one device are seen.

A check-in writes nothing of it. The trail says in which session a mark was pressed, and a job notes it down from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, cast, delete, func, insert, select
from sqlalchemy.orm import Session, aliased

from staffhub import claims
from staffhub.db import Database
from staffhub.models import AuditEvent, Mark, MarkDevice, Office, Officer, UserSession
from staffhub.security import Viewer

KEPT_FOR = timedelta(days=30)
# Marks of two people on one device within so many seconds are one story.
TOGETHER = 180
# What waited for a lock or a process may be stored this much later than its time says.
_LATER = timedelta(minutes=10)


def note_due(database: Database, *, now: datetime) -> int:
    """Note the devices of the marks since the last time; return how many there were."""
    with database.transaction() as db:
        claims.hold(db, "devices", now=now)
        newest = db.scalar(select(func.max(MarkDevice.at)))
        since = max(newest or now - timedelta(days=1), now - KEPT_FOR) - _LATER
        noted = [row for office_id in db.scalars(select(Office.id)) for row in _pressed(db, office_id, since)]
        if noted:
            db.execute(insert(MarkDevice), noted)
    return len(noted)


# The mark of a press that the trail tells of, and the session in which it was, for those that are not noted yet.
_RECEIPT = AuditEvent.facts["receipt"].as_string()
_SESSION = cast(AuditEvent.facts["session"].as_string(), BigInteger)
_NEW = (
    select(Mark.id, Mark.officer_id, Mark.date, Mark.attempted_at, UserSession.id, UserSession.device_hash)
    .join(AuditEvent, (AuditEvent.office_id == Mark.office_id) & (Mark.receipt == _RECEIPT))
    .join(UserSession, UserSession.id == _SESSION)
    .where(AuditEvent.verb.in_(("presence.check_in", "presence.check_out")))
    .where(~select(MarkDevice.id).where(MarkDevice.mark_id == Mark.id).exists())
)


def _pressed(db: Session, office_id: int, since: datetime) -> list[dict[str, Any]]:
    found = db.execute(_NEW.where(AuditEvent.office_id == office_id, AuditEvent.at >= since))
    return [
        {
            "office_id": office_id,
            "officer_id": officer_id,
            "date": day,
            "mark_id": id_,
            "session_id": session_id,
            "device_hash": device,
            "at": at,
            "second": int(at.timestamp()),
        }
        for id_, officer_id, day, at, session_id, device in found
    ]


def forget_old(db: Session, *, now: datetime) -> None:
    db.execute(delete(MarkDevice).where(MarkDevice.at < now - KEPT_FOR))


_MINE, _THEIRS = aliased(MarkDevice), aliased(MarkDevice)
# Another person's mark from the same device at about the same time: whoever joins the two says whose.
SAME_DEVICE = (
    (_THEIRS.office_id == _MINE.office_id)
    & (_THEIRS.device_hash == _MINE.device_hash)
    & (_THEIRS.officer_id != _MINE.officer_id)
    & _THEIRS.second.between(_MINE.second - TOGETHER, _MINE.second + TOGETHER)
)


def beside(office_id: int, officer_id: int, day: date) -> Select[int, str, datetime]:
    """Select what shares a device with the marks of an officer's day: own mark, the other's name and time."""
    return (
        select(_MINE.mark_id, Officer.name, _THEIRS.at)
        .join(_THEIRS, SAME_DEVICE)
        .join(Officer, Officer.id == _THEIRS.officer_id)
        .where(_MINE.office_id == office_id, _MINE.officer_id == officer_id, _MINE.date == day)
    )


@dataclass(frozen=True)
class Side:
    officer_id: int
    name: str
    at: datetime


class Pair(NamedTuple):
    """Two people who pressed on one device within a few minutes; times are local."""

    day: date
    one: Side
    other: Side


_MOST = 50


def pairs(db: Session, me: Viewer, first: date, last: date) -> Sequence[Pair]:
    """Return who shared a device in these days, the newest first, as long as it is kept."""
    me.require("attendance.correct")
    here, there = aliased(Officer), aliased(Officer)
    found = db.execute(
        select(_MINE.date, here.id, here.name, _MINE.at, there.id, there.name, _THEIRS.at)
        .join(_THEIRS, SAME_DEVICE)
        .join(here, here.id == _MINE.officer_id)
        .join(there, there.id == _THEIRS.officer_id)
        .where(_MINE.office_id == me.office_id, _MINE.date.between(first, last), _MINE.mark_id < _THEIRS.mark_id)
        .order_by(_MINE.at.desc(), _THEIRS.at)
        .limit(_MOST)
    )
    return [
        Pair(day, Side(a, one, at.astimezone(me.zone)), Side(b, other, then.astimezone(me.zone)))
        for day, a, one, at, b, other, then in found
    ]
