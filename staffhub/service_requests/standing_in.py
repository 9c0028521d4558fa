"""Who stands in for whoever is on leave now, and what the one who is back may take back from the stand-in."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    ScalarSelect,
    SQLColumnExpression,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import UtcDateTime, rows
from staffhub.errors import Forbidden
from staffhub.i18n import gettext as _
from staffhub.models import LeaveRequest, LeaveState, Officer, RequestEvent, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.notices import tell_taken_back
from staffhub.service_requests.owners import IS_OPEN, OFFICE, TODAY, as_of, is_away_now
from staffhub.service_requests.steps import note_step

# So long after a leave whoever is back is asked about what lies with the stand-in.
ASKED_FOR = timedelta(days=31)
_STAND_IN = bindparam("stand_in", type_=BigInteger)


def stands_in_for(officer: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
    """Say of an officer whether `stand_in` stands in for that one now."""
    leave = LeaveRequest
    held = select(leave.officer_id).where(
        leave.office_id == OFFICE,
        leave.state == LeaveState.GRANTED,
        leave.first <= TODAY,
        leave.until >= TODAY,
        leave.stand_in_id == _STAND_IN,
    )
    return officer.in_(held)


_NOW = select(LeaveRequest.officer_id, LeaveRequest.stand_in_id).where(
    LeaveRequest.office_id == OFFICE,
    LeaveRequest.state == LeaveState.GRANTED,
    LeaveRequest.first <= TODAY,
    LeaveRequest.until >= TODAY,
    LeaveRequest.stand_in_id.is_not(None),
    is_away_now(LeaveRequest.officer_id),
)


def stand_ins(db: Session, me: Viewer, *, now: datetime) -> Mapping[int, int]:
    """Return who stands in for each officer who is on leave now."""
    return {row.officer_id: row.stand_in_id for row in rows(db, _NOW, **as_of(db, me, now))}


@dataclass(frozen=True)
class Lent:
    """My requests that lie with whoever stood in for me, open still."""

    officer_id: int
    name: str
    ids: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.ids)


_OVER = (
    select(LeaveRequest.first, Officer.id, Officer.name)
    .join(Officer, Officer.id == LeaveRequest.stand_in_id)
    .where(LeaveRequest.office_id == OFFICE, LeaveRequest.officer_id == bindparam("officer"))
    .where(LeaveRequest.state == LeaveState.GRANTED, LeaveRequest.until < TODAY)
    .where(LeaveRequest.until >= bindparam("since", type_=Date), ~is_away_now(LeaveRequest.officer_id))
    .order_by(LeaveRequest.first)
)


def _holder(*which: ColumnElement[bool]) -> ScalarSelect[int | None]:
    """The last one who had a request, by its steps."""
    event = RequestEvent
    found = select(event.assignee_id).where(event.request_id == ServiceRequest.id, event.assignee_id.is_not(None))
    return found.where(*which).order_by(event.at.desc(), event.id.desc()).limit(1).scalar_subquery()


# What came from me to the stand-in, and did not lie there already when the leave began.
_LENT = (
    select(ServiceRequest.id)
    .where(ServiceRequest.office_id == OFFICE, IS_OPEN, ServiceRequest.assignee_id == _STAND_IN)
    .where(_holder(RequestEvent.assignee_id != _STAND_IN) == bindparam("officer", type_=BigInteger))
    .where(func.coalesce(_holder(RequestEvent.at < bindparam("began", type_=UtcDateTime())), 0) != _STAND_IN)
    .order_by(ServiceRequest.id)
)


def lent(db: Session, me: Viewer, *, now: datetime) -> list[Lent]:
    """Return what lies with those who stood in for me, once I am back."""
    if me.officer_id is None:
        return []
    asked = as_of(db, me, now)
    mine = {"officer": me.officer_id, "since": asked["today"] - ASKED_FOR}
    found: dict[tuple[int, str], set[int]] = defaultdict(set)
    for first, stand_in_id, name in rows(db, _OVER, **asked, **mine).all():
        began = datetime.combine(first, time(), me.zone)
        about = {"officer": me.officer_id, "stand_in": stand_in_id, "began": began}
        found[stand_in_id, name] |= set(rows(db, _LENT, office=me.office_id, **about).scalars())
    return [Lent(id_, name, tuple(sorted(ids))) for (id_, name), ids in found.items() if ids]


def take_back(db: Session, me: Viewer, stand_in_id: int, *, now: datetime) -> int:
    """Take back what still lies with who stood in for me; return how many came. A second tap finds none."""
    me.require("requests")
    if me.officer_id is None:
        raise Forbidden(_("This account belongs to no officer, so it holds no requests."))
    ids = [id_ for one in lent(db, me, now=now) if one.officer_id == stand_in_id for id_ in one.ids]
    request = ServiceRequest
    moved = db.execute(
        update(request)
        .where(request.office_id == me.office_id, request.id.in_(ids), request.assignee_id == stand_in_id, IS_OPEN)
        .values(assignee_id=me.officer_id, version=request.version + 1, updated_at=now)
        .returning(request.id, request.state, request.version)
    ).all()
    for row in sorted(moved):
        note_step(db, me, row.id, row.state, me.officer_id, note=_("Taken back after the leave."), now=now)
    if moved:
        facts: dict[str, Any] = {"before": stand_in_id, "requests": sorted(row.id for row in moved)}
        audit.record(db, me, "requests.taken_back", "officer", me.officer_id, now=now, **facts)
        tell_taken_back(db, me, stand_in_id, sorted((row.id, row.version) for row in moved), now=now)
    return len(moved)
