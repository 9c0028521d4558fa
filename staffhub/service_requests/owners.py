"""Who has the open requests: which need an officer, because nobody has them or who has them is not there, and who can.

Whoever has left or is on leave today does not count as having a request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, case, func, select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.models import (
    Division,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanMode,
    Posting,
    RequestState,
    ServiceRequest,
    ServiceType,
    posting_near,
    posting_on,
    serves,
)
from staffhub.security import Viewer

CLOSED = (RequestState.DONE, RequestState.CANCELLED)
OPEN = tuple(state for state in RequestState if state not in CLOSED)


def _on_leave(
    officer: SQLColumnExpression[int] | SQLColumnExpression[int | None], office_id: SQLColumnExpression[int], day: date
) -> ColumnElement[bool]:
    return (
        select(PlanEntry.id)
        .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
        .where(
            PlanEntry.office_id == office_id,
            PlanEntry.officer_id == officer,
            PlanEntry.date == day,
            PlanGrant.mode == PlanMode.LEAVE,
        )
        .correlate(ServiceRequest, Officer)
        .exists()
    )


def lacking(today: date) -> ColumnElement[str]:
    """What an open request lacks: "none" has it, who has it "left" or is "away", or "" nothing.

    The statement joins the request's officer from outside.
    """
    return case(
        (ServiceRequest.assignee_id.is_(None), "none"),
        (~serves(today, today), "left"),
        (_on_leave(ServiceRequest.assignee_id, ServiceRequest.office_id, today), "away"),
        else_="",
    )


@dataclass(frozen=True)
class Waiting:
    """Open requests that need an officer, by whom they lie with; `oldest` is the number of the first of them."""

    officer_id: int | None
    name: str | None
    why: str
    count: int
    oldest_id: int
    oldest: str


def waiting(db: Session, me: Viewer, *, now: datetime) -> Sequence[Waiting]:
    """Return what needs an officer in the whole office: what nobody has first, then by name."""
    request = ServiceRequest
    why = lacking(clock.local_day(now, me.zone)).label("why")
    each = (
        select(request.id, request.number, request.assignee_id, Officer.name, why)
        .outerjoin(Officer, Officer.id == request.assignee_id)
        .where(request.office_id == me.office_id, request.state.in_(OPEN))
        .subquery()
    ).c
    found = (
        select(each.assignee_id, each.name, each.why, func.count(), func.min(each.id), func.min(each.number))
        .where(each.why != "")
        .group_by(each.assignee_id, each.name, each.why)
    )
    rows = [Waiting(*row) for row in db.execute(found)]
    return sorted(rows, key=lambda row: (row.officer_id is not None, row.name or ""))


@dataclass(frozen=True)
class Holder:
    """One officer as whoever hands on the requests sees it: `count` of them are for this viewer to give."""

    id: int
    name: str
    division_id: int | None
    why: str
    count: int


def holder_for(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Holder:
    """Load an officer with the open requests of my scope; a leaver, too."""
    me.require("requests.assign")
    today = clock.local_day(now, me.zone)
    why = case((~serves(today, today), "left"), (_on_leave(Officer.id, Officer.office_id, today), "away"), else_="")
    row = db.execute(
        select(Officer.id, Officer.name, Posting.division_id, why, _open_count(mine_to_give(me)))
        .outerjoin(Posting, posting_near(today))
        .where(Officer.id == officer_id, Officer.office_id == me.office_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such officer in your office."))
    return Holder(*row)


def mine_to_give(me: Viewer) -> ColumnElement[bool]:
    """Say of a list what `one.may_assign` says of one request."""
    services = select(ServiceType.id).where(me.within(None, ServiceType.division_id))
    return ServiceRequest.state.in_(OPEN) & ServiceRequest.service_type_id.in_(services)


def _open_count(which: ColumnElement[bool]) -> ScalarSelect[int]:
    request = ServiceRequest
    return select(func.count()).where(request.assignee_id == Officer.id, which).correlate(Officer).scalar_subquery()


@dataclass(frozen=True)
class Candidate:
    """`open`: how many requests are on the desk already."""

    id: int
    name: str
    division: str
    open: int
    on_leave: bool


def candidates(
    db: Session, me: Viewer, *, division_id: int | None, instead_of: int | None, now: datetime
) -> list[Candidate]:
    """Return who may be given requests, that division first, who is on leave today last; the load beside each name."""
    today = clock.local_day(now, me.zone)
    away = _on_leave(Officer.id, Officer.office_id, today)
    load = _open_count(ServiceRequest.state.in_(OPEN))
    rows = db.execute(
        select(Officer.id, Officer.name, func.coalesce(Division.short_name, ""), load, away.label("away"))
        .outerjoin(Posting, posting_on(today))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(
            Officer.office_id == me.office_id,
            serves(today, today),
            me.within(Officer.id, Posting.division_id),
            Officer.id != (instead_of or 0),
        )
        .order_by(
            away,
            (Posting.division_id == division_id).is_(True).desc(),
            func.coalesce(Division.sort, -1),
            Officer.name,
        )
    )
    return [Candidate(*row) for row in rows]
