"""The office's list of requests with its counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, Row, Select, String, bindparam, func, null, select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.db import UtcDateTime, rows
from staffhub.models import Officer, RequestState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.due import Due, due_of
from staffhub.service_requests.owners import CLOSED, FIRST, IS_OPEN, LACKING, OFFICE, SOON, Waiting, as_of, waiting
from staffhub.service_requests.promises import soon_until
from staffhub.service_requests.standing_in import stands_in_for
from staffhub.service_requests.words import InWords, Service, days_between, services
from staffhub.service_requests.working_time import working_time

PAGE = 25
LATE = bindparam("late", type_=UtcDateTime())


class Shape(NamedTuple):
    """Which statement finds it: each is built once, and what is sought goes along with it."""

    states: Literal["open", "closed", "one", "any"]
    assignee: Literal["me", "none", "stand-in"] | None
    service: bool
    text: bool
    division: bool = False
    late: bool = False


@dataclass(frozen=True)
class Wanted:
    """What the list shows: `state` done means all that is closed; without any filter, what is open.

    `assignee` "none": what needs an officer, also because who has it has left or is away. "stand-in": of those for whom
    I stand in now.
    """

    q: str = ""
    service: str = ""
    state: RequestState | None = None
    assignee: Literal["me", "none", "stand-in"] | None = None
    division_id: int | None = None
    late: bool = False

    @property
    def shape(self) -> Shape:
        if self.state in CLOSED:
            states: Literal["open", "closed", "one", "any"] = "closed"
        elif self.state:
            states = "one"
        else:  # who looks a number up means it, open or closed
            states = "open" if self.assignee or self.late or not self.q else "any"
        division = self.division_id is not None
        return Shape(states, self.assignee, bool(self.service), bool(self.q), division, self.late)

    @property
    def tab(self) -> str:
        if self.state in {RequestState.DEFERRED, RequestState.READY, RequestState.DONE}:
            return str(self.state)
        if self.state is None and (self.late or self.assignee == "me"):
            return "late" if self.late else "me"
        return "open" if self.state is None and self.assignee is None and not self.q else ""


@dataclass(frozen=True)
class ListedRequest(InWords):
    id: int
    number: str
    title: str
    applicant: str
    division: str
    officer: str | None
    lacking: str
    state: RequestState
    urgent: bool
    closed: bool
    day: date
    age_days: int
    due: Due | None

    @property
    def late(self) -> bool:
        return self.due is not None and self.due.late


@dataclass(frozen=True)
class Counts:
    """Of everything open in the office, whatever the filter."""

    open: int
    mine: int
    deferred: int
    ready: int
    late: int
    soon: int
    unassigned: int

    def of(self, wanted: Wanted) -> int | None:
        """Return how many are wanted, where that was counted already."""
        known = {
            Wanted(): self.open,
            Wanted(assignee="me"): self.mine,
            Wanted(assignee="none"): self.unassigned,
            Wanted(late=True): self.late,
            Wanted(state=RequestState.DEFERRED): self.deferred,
            Wanted(state=RequestState.READY): self.ready,
        }
        return known.get(wanted)


@dataclass(frozen=True)
class Listing:
    rows: Sequence[ListedRequest]
    counts: Counts
    waiting: Sequence[Waiting]
    services: Sequence[Service]
    page: int
    total: int

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.total)

    @property
    def more(self) -> bool:
        return self.last < self.total


_COUNTS = (
    select(
        func.count(),
        func.count().filter(ServiceRequest.assignee_id == bindparam("officer")),
        func.count().filter(ServiceRequest.state == RequestState.DEFERRED),
        func.count().filter(ServiceRequest.state == RequestState.READY),
        func.count().filter(ServiceRequest.due_at < LATE),
        func.count().filter(ServiceRequest.due_at >= LATE, ServiceRequest.due_at <= SOON),
    )
    .select_from(ServiceRequest)
    .where(ServiceRequest.office_id == OFFICE, IS_OPEN)
)


def _counts(db: Session, me: Viewer, soon: datetime, now: datetime, *, unassigned: int) -> Counts:
    # An account without an officer holds nothing, not what nobody holds.
    found = rows(db, _COUNTS, office=me.office_id, officer=me.officer_id, late=now, soon=soon)
    return Counts(*found.one(), unassigned)


def _conditions(shape: Shape) -> list[ColumnElement[bool]]:
    request = ServiceRequest
    found = [request.office_id == OFFICE]
    if shape.states != "any":
        found.append(~IS_OPEN if shape.states == "closed" else IS_OPEN)
    if shape.states == "one":
        found.append(request.state == bindparam("state"))
    if shape.assignee == "stand-in":
        found.append(stands_in_for(request.assignee_id))
    elif shape.assignee:
        found.append(request.assignee_id == bindparam("officer") if shape.assignee == "me" else LACKING != "")
    if shape.service:
        found.append(request.service_type_id == bindparam("service"))
    if shape.division:
        found.append(request.service_type_id.in_(bindparam("kinds", expanding=True)))
    if shape.late:  # the index of what is due holds nothing else
        found.append(request.due_at < LATE)
    if shape.text:
        # True of all of them: it leads SQLite to the index that holds whatever else is asked.
        found.append(request.sought > "")
        found.append(request.sought.like(func.lower(bindparam("text", type_=String)), escape="/"))
    return found


def _among(shape: Shape, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Ask for columns of the requests of a shape; who is there matters only where that is asked for."""
    found = select(*columns).select_from(ServiceRequest).where(*_conditions(shape))
    return found.outerjoin(Officer, Officer.id == ServiceRequest.assignee_id) if shape.assignee == "none" else found


@cache
def _count(shape: Shape) -> Select[*tuple[Any, ...]]:
    return _among(shape, func.count())


@cache
def _page(shape: Shape) -> Select[*tuple[Any, ...]]:
    """The page is cut out of an index, and only what is on it is then looked up."""
    request = ServiceRequest
    order = (request.closed_at.desc(), request.id.desc()) if shape.states == "closed" else FIRST
    skip = bindparam("skip", type_=Integer)
    # A search reads everything, so it counts on the way; other counts are cheaper by themselves.
    total = (func.count().over() if shape.text else null()).label("total")
    shown = _among(shape, request.id, total).order_by(*order).limit(PAGE).offset(skip).subquery()
    return (
        select(
            request.id,
            request.number,
            request.service_type_id,
            request.applicant,
            Officer.name,
            LACKING,
            request.state,
            request.urgent,
            request.created_at,
            request.closed_at,
            request.due_at,
            shown.c.total,
        )
        .join(shown, shown.c.id == request.id)
        .outerjoin(Officer, Officer.id == request.assignee_id)
        .order_by(*order)
    )


def _asked(
    db: Session, me: Viewer, wanted: Wanted, kinds: Mapping[int, Service], soon: datetime, now: datetime
) -> dict[str, object]:
    text = wanted.q.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return as_of(db, me, now) | {
        "officer": me.officer_id,
        "stand_in": me.officer_id,
        "soon": soon,
        "late": now,
        "state": wanted.state,
        "service": next((one.id for one in kinds.values() if one.code == wanted.service), 0),
        "kinds": [one.id for one in kinds.values() if one.division_id == wanted.division_id],
        "text": f"%{text}%",
    }


def listing(db: Session, me: Viewer, wanted: Wanted, *, page: int, now: datetime) -> Listing:
    """Return one page of the office's requests, overdue and soon due first; a page past the end is the last one."""
    kinds = services(db, me.office_id)
    soon, alone = soon_until(db, me.office_id, now=now), waiting(db, me, now=now)
    counts = _counts(db, me, soon, now, unassigned=sum(one.count for one in alone))
    asked = _asked(db, me, wanted, kinds, soon, now)
    page, total, found = _found(db, wanted.shape, asked, page, counts.of(wanted))
    working = working_time(db, me.office_id)
    shown = [
        _listed(row, kinds, due_of(working, row.due_at, soon=soon, now=now, zone=me.zone), now, me.zone)
        for row in found
    ]
    return Listing(shown, counts, alone, list(kinds.values()), page, total)


def _found(
    db: Session, shape: Shape, asked: Mapping[str, Any], page: int, total: int | None
) -> tuple[int, int, Sequence[Row[*tuple[Any, ...]]]]:
    """Return the page that there is, how many there are in all, and its rows."""
    if shape.text:
        found = rows(db, _page(shape), **asked, skip=(page - 1) * PAGE).all()
        if found or page == 1:
            return page, found[0].total if found else 0, found
    if total is None:
        total = rows(db, _count(shape), **asked).scalar_one()
    page = max(1, min(page, -(-total // PAGE)))
    return page, total, rows(db, _page(shape), **asked, skip=(page - 1) * PAGE).all()


def _listed(
    row: Row[*tuple[Any, ...]], kinds: Mapping[int, Service], due: Due | None, now: datetime, zone: ZoneInfo
) -> ListedRequest:
    id_, number, service_id, applicant, officer, lacking, state, urgent, created_at, closed_at, _due, _total = row
    kind, until = kinds[service_id], closed_at or now
    day, days = clock.local_day(closed_at or created_at, zone), days_between(created_at, until, zone)
    return ListedRequest(
        id_, number, kind.name, applicant, kind.division, officer, lacking, state, urgent, closed_at is not None, day,
        days, due,
    )  # fmt: skip
