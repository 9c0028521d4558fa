"""Who has the open requests: which need an officer, because nobody has them or who has them is not there, and who can.

Whoever has left or is on leave today does not count as having a request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    bindparam,
    case,
    func,
    select,
)
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.ahead import Ask
from staffhub.db import read, rows
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


# A closed request has a date of closing and an open one has none: see steps.change_state and reopen.
IS_OPEN = ServiceRequest.closed_at.is_(None)
OFFICE, TODAY = bindparam("office", type_=BigInteger), bindparam("today", type_=Date)
_ON_LEAVE = (
    select(PlanEntry.officer_id)
    .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
    .where(PlanEntry.office_id == OFFICE, PlanEntry.date == TODAY, PlanGrant.mode == PlanMode.LEAVE)
)


def _absence(officer: SQLColumnExpression[int] | SQLColumnExpression[int | None]) -> ColumnElement[str]:
    """Why an officer is not there TODAY: "left" or "away", or ""; the statement joins Officer from outside."""
    return case((~serves(TODAY, TODAY), "left"), (officer.in_(_ON_LEAVE), "away"), else_="")


def _lacking(assignee: SQLColumnExpression[int | None]) -> ColumnElement[str]:
    return case((assignee.is_(None), "none"), else_=_absence(assignee))


# What an open request lacks: "none" has it, who has it "left" or is "away" TODAY, or "" nothing. The statement joins
# the request's officer from outside.
LACKING = _lacking(ServiceRequest.assignee_id)


@dataclass(frozen=True)
class Waiting:
    """Open requests that need an officer, by whom they lie with; `oldest` is the number of the first of them."""

    officer_id: int | None
    name: str | None
    why: str
    count: int
    oldest_id: int
    oldest: str


def _waiting() -> Select[*tuple[Any, ...]]:
    """By whoever has them, before it is asked who is there: that is asked once an officer, not once a request."""
    request = ServiceRequest
    held = (
        select(
            request.assignee_id,
            func.count().label("count"),
            func.min(request.id).label("oldest_id"),
            func.min(request.number).label("oldest"),
        )
        .where(request.office_id == OFFICE, IS_OPEN)
        .group_by(request.assignee_id)
        .subquery()
    ).c
    lacking = _lacking(held.assignee_id)
    return (
        select(held.assignee_id, Officer.name, lacking, held.count, held.oldest_id, held.oldest)
        .outerjoin(Officer, Officer.id == held.assignee_id)
        .where(lacking != "")
    )


_WAITING = _waiting()


def ask_waiting(me: Viewer, today: date) -> Ask:
    return Ask(_WAITING, {"office": me.office_id, "today": today})


def waiting(db: Session, me: Viewer, *, now: datetime) -> Sequence[Waiting]:
    """Return what needs an officer in the whole office: what nobody has first, then by name."""
    found = read(db, ask_waiting(me, clock.local_day(now, me.zone)))
    return sorted((Waiting(*row) for row in found), key=lambda row: (row.officer_id is not None, row.name or ""))


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
    found = (
        select(Officer.id, Officer.name, Posting.division_id, _absence(Officer.id), _open_count(mine_to_give(me)))
        .outerjoin(Posting, posting_near(TODAY))
        .where(Officer.id == officer_id, Officer.office_id == OFFICE)
    )
    row = rows(db, found, office=me.office_id, today=clock.local_day(now, me.zone)).one_or_none()
    if row is None:
        raise NotFound(_("There is no such officer in your office."))
    return Holder(*row)


def mine_to_give(me: Viewer) -> ColumnElement[bool]:
    """Say of a list what `one.may_assign` says of one request."""
    services = select(ServiceType.id).where(me.within(None, ServiceType.division_id))
    return IS_OPEN & ServiceRequest.service_type_id.in_(services)


def _open_count(which: ColumnElement[bool]) -> ScalarSelect[int]:
    mine = (ServiceRequest.office_id == OFFICE, ServiceRequest.assignee_id == Officer.id)
    return select(func.count()).where(*mine, which).correlate(Officer).scalar_subquery()


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
    away = Officer.id.in_(_ON_LEAVE)
    found = (
        select(
            Officer.id, Officer.name, func.coalesce(Division.short_name, ""), _open_count(IS_OPEN), away.label("away")
        )
        .outerjoin(Posting, posting_on(TODAY))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(
            Officer.office_id == OFFICE,
            serves(TODAY, TODAY),
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
    today = clock.local_day(now, me.zone)
    return [Candidate(*row) for row in rows(db, found, office=me.office_id, today=today)]
