"""Who has the open requests: which need an officer, because nobody has them or who has them is not there, and who can.

Whoever has left or is on leave today does not count as having a request.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    Label,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    bindparam,
    case,
    func,
    select,
    true,
)
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.ahead import Ask
from staffhub.db import UtcDateTime, read, rows
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.models import (
    DayPart,
    Officer,
    PlanGrant,
    Posting,
    RequestEvent,
    RequestState,
    ServiceRequest,
    ServiceType,
    posting_near,
    serves,
)
from staffhub.security import Scope, Viewer
from staffhub.service_requests.promises import CLOSED, soon_until
from staffhub.workdays.absence import is_away

OPEN = tuple(state for state in RequestState if state not in CLOSED)


# A closed request has a date of closing and an open one has none: see steps.change_state and reopen.
IS_OPEN = ServiceRequest.closed_at.is_(None)
OFFICE, TODAY = bindparam("office", type_=BigInteger), bindparam("today", type_=Date)
# Which half of the working day it is now, for who is on leave for half of it; see `as_of`.
HALF: BindParameter[DayPart | None] = bindparam("half", type_=PlanGrant.part.type)


def as_of(db: Session, me: Viewer, now: datetime) -> dict[str, Any]:
    """Return what a statement of my office asks for that wants to know who is there now."""
    return as_of_office(db, me.office_id, me.zone, now)


def as_of_office(db: Session, office_id: int, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """Return the same of any office. The halves of the day are those of its usual hours; a free day has none."""
    today, book = clock.local_day(now, zone), workdays.calendar(db, office_id)
    hours = None if today in book.holidays else book.hours(today)
    half = None
    if hours:
        early = now.astimezone(zone).time() < hours.besides(DayPart.MORNING).starts
        half = DayPart.MORNING if early else DayPart.AFTERNOON
    return {"office": office_id, "today": today, "half": half}


def is_away_now(officer: SQLColumnExpression[int] | SQLColumnExpression[int | None]) -> ColumnElement[bool]:
    """Whether an officer is away now: half a day of leave counts for its half."""
    return is_away(officer, HALF)


def absence(officer: SQLColumnExpression[int] | SQLColumnExpression[int | None]) -> ColumnElement[str]:
    """Why an officer is not there TODAY: "left" or "away", or ""; the statement joins Officer from outside."""
    return case((~serves(TODAY, TODAY), "left"), (is_away_now(officer), "away"), else_="")


def _lacking(assignee: SQLColumnExpression[int | None]) -> ColumnElement[str]:
    return case((assignee.is_(None), "none"), else_=absence(assignee))


# What is due soon has its place by that; everything else follows, also what is due in weeks.
SOON = bindparam("soon", type_=UtcDateTime())
_PRESSING = case((ServiceRequest.due_at <= SOON, ServiceRequest.due_at))
BY_AGE = (ServiceRequest.urgent.desc(), ServiceRequest.created_at, ServiceRequest.id)
# What is worked on first; the one place that says so.
FIRST = (_PRESSING.asc().nulls_last(), *BY_AGE)
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


def of_scope(scope: Scope) -> ColumnElement[bool]:
    """Say what `of_my_scope` says, for a statement that is built once for all viewers of a scope."""
    if scope is Scope.OFFICE:
        return true()
    theirs = ServiceType.division_id == bindparam("division", type_=BigInteger)
    return ServiceRequest.service_type_id.in_(select(ServiceType.id).where(theirs))


def division_asked(me: Viewer) -> dict[str, object]:
    """What a statement asks for that says `of_scope`."""
    return {} if me.sees_everyone else {"division": me.division_id}


def by_officer(*counted: Label[int], among: ColumnElement[bool] | None = None) -> Select[*tuple[Any, ...]]:
    """Count what is open by whoever has it, with why it needs an officer ("": it does not), and what else is `counted`.

    Who is there is asked once an officer, not once a request.
    """
    request = ServiceRequest
    held = (
        select(
            request.assignee_id,
            func.count().label("count"),
            func.min(request.id).label("oldest_id"),
            func.min(request.number).label("oldest"),
            *counted,
        )
        .where(request.office_id == OFFICE, IS_OPEN, true() if among is None else among)
        .group_by(request.assignee_id)
        .subquery()
    ).c
    why, more = _lacking(held.assignee_id).label("why"), (held[one.name] for one in counted)
    found = select(held.assignee_id, Officer.name, why, held.count, held.oldest_id, held.oldest, *more)
    return found.outerjoin(Officer, Officer.id == held.assignee_id)


@cache
def _waiting(scope: Scope) -> Select[*tuple[Any, ...]]:
    held = by_officer(among=of_scope(scope)).subquery()
    return select(held).where(held.c.why != "")


def ask_waiting(db: Session, me: Viewer, *, now: datetime) -> Ask:
    return Ask(_waiting(me.scope), as_of(db, me, now) | division_asked(me))


def waiting(db: Session, me: Viewer, *, now: datetime) -> Sequence[Waiting]:
    """Return what of my bidang, or of the office, needs an officer: what nobody has first, then by name."""
    return in_order(Waiting(*row) for row in read(db, ask_waiting(db, me, now=now)))


def in_order(found: Iterable[Waiting]) -> Sequence[Waiting]:
    return sorted(found, key=lambda row: (row.officer_id is not None, row.name or ""))


@dataclass(frozen=True)
class Holder:
    """One officer as whoever hands on the requests sees it: `count` of them are for this viewer to give."""

    id: int
    name: str
    division_id: int | None
    why: str
    count: int


HELD = 25


@dataclass(frozen=True)
class Held:
    """One of the requests that lie with somebody, and what was noted at its last step."""

    id: int
    number: str
    applicant: str
    state: RequestState
    urgent: bool
    note: str


def holder_for(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Holder:
    """Load an officer with the open requests of my scope; a leaver, too."""
    me.require("requests.assign")
    found = (
        select(Officer.id, Officer.name, Posting.division_id, absence(Officer.id), open_count(mine_to_give(me)))
        .outerjoin(Posting, posting_near(TODAY))
        .where(Officer.id == officer_id, Officer.office_id == OFFICE)
    )
    row = rows(db, found, **as_of(db, me, now)).one_or_none()
    if row is None:
        raise NotFound(_("There is no such officer in your office."))
    return Holder(*row)


def mine_to_give(me: Viewer) -> ColumnElement[bool]:
    """Say of a list what `one.may_assign` says of one request."""
    return IS_OPEN & of_my_scope(me)


def of_my_scope(me: Viewer) -> ColumnElement[bool]:
    """Whether a request is one of my division, or of the office for who sees all of it."""
    services = select(ServiceType.id).where(me.within(None, ServiceType.division_id))
    return ServiceRequest.service_type_id.in_(services)


def open_count(which: ColumnElement[bool]) -> ScalarSelect[int]:
    mine = (ServiceRequest.office_id == OFFICE, ServiceRequest.assignee_id == Officer.id)
    return select(func.count()).where(*mine, which).correlate(Officer).scalar_subquery()


def held_by(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> list[Held]:
    """Return what of somebody's open requests is mine to give, as it is worked on, the first HELD of them."""
    latest = (
        select(RequestEvent.note)
        .where(RequestEvent.request_id == ServiceRequest.id)
        .order_by(RequestEvent.at.desc(), RequestEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    request = ServiceRequest
    found = (
        select(request.id, request.number, request.applicant, request.state, request.urgent, latest)
        .where(request.office_id == OFFICE, request.assignee_id == bindparam("officer"), mine_to_give(me))
        .order_by(*FIRST)
        .limit(HELD)
    )
    soon = soon_until(db, me.office_id, now=now)
    return [Held(*row) for row in rows(db, found, office=me.office_id, officer=officer_id, soon=soon)]
