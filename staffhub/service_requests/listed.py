"""The office's list of requests with its counts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, ColumnElement, Integer, Label, Row, Select, String, bindparam, func, null, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from staffhub import clock
from staffhub.db import UtcDateTime, rows
from staffhub.models import CODE_LETTERS, Officer, RequestState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.due import Due, due_of
from staffhub.service_requests.owners import (
    FIRST,
    IS_OPEN,
    LACKING,
    OFFICE,
    SOON,
    Waiting,
    as_of,
    by_officer,
    in_order,
)
from staffhub.service_requests.promises import CLOSED, soon_until
from staffhub.service_requests.standing_in import stands_in_for
from staffhub.service_requests.words import InWords, Service, days_between, services
from staffhub.service_requests.working_time import working_time

PAGE = 25
# A search counts no further than this, and shows the newest of what it finds.
MOST = 1000
LATE = bindparam("late", type_=UtcDateTime())


_NUMBER = re.compile(r"PM-\d{4}-\d{4,}", re.IGNORECASE)
_CODE = re.compile(rf"[{CODE_LETTERS}]{{4}}-[{CODE_LETTERS}]{{4}}", re.IGNORECASE)


class Shape(NamedTuple):
    """Which statement finds it: each is built once, and what is sought goes along with it."""

    states: Literal["open", "closed", "one", "any"]
    assignee: Literal["me", "none", "stand-in"] | None
    service: bool
    text: Literal["", "number", "code", "words"]
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
        return Shape(states, self.assignee, bool(self.service), self._text, division, self.late)

    @property
    def _text(self) -> Literal["", "number", "code", "words"]:
        """A whole number and a whole code have indexes of their own; anything else is looked for in all of them."""
        if _NUMBER.fullmatch(self.q):
            return "number"
        return "code" if _CODE.fullmatch(self.q) else "words" if self.q else ""

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
    # Whether a search found more than it shows.
    too_many: bool

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.total)

    @property
    def more(self) -> bool:
        return self.last < self.total


def _counted(name: str, *of: ColumnElement[bool]) -> Label[int]:
    return func.count().filter(*of).label(name)


_BY_OFFICER = by_officer(
    _counted("deferred", ServiceRequest.state == RequestState.DEFERRED),
    _counted("ready", ServiceRequest.state == RequestState.READY),
    _counted("late", ServiceRequest.due_at < LATE),
    _counted("soon", ServiceRequest.due_at >= LATE, ServiceRequest.due_at <= SOON),
)


def _counts(db: Session, me: Viewer, soon: datetime, now: datetime) -> tuple[Counts, Sequence[Waiting]]:
    """Count what is open and say which of it needs an officer: it is all read once."""
    found = rows(db, _BY_OFFICER, **as_of(db, me, now), late=now, soon=soon).all()
    alone = in_order(Waiting(*row[:6]) for row in found if row.why)
    held = [(row[0], row[3], *row[6:]) for row in found]
    # An account without an officer holds nothing, not what nobody holds.
    mine = sum(one[1] for one in held if one[0] is not None and one[0] == me.officer_id)
    total, deferred, ready, late, soon_due = (sum(one[n] for one in held) for n in range(1, 6))
    counts = Counts(total, mine, deferred, ready, late, soon_due, sum(one.count for one in alone))
    return counts, alone


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
        found += _fits(shape)
    return found


class _Holds(FunctionElement[bool]):
    """Whether a text holds another one, given as it is and as LIKE takes it: each database has its fast way."""

    type = Boolean()
    inherit_cache = True


@compiles(_Holds)
def _strpos(element: _Holds, compiler: SQLCompiler, **given: Any) -> str:
    sought, words, _like = (compiler.process(one, **given) for one in element.clauses)
    return f"strpos({sought}, {words}) > 0"


@compiles(_Holds, "sqlite")
def _like(element: _Holds, compiler: SQLCompiler, **given: Any) -> str:
    # The first is true of every row: it leads SQLite to the index that holds whatever else is asked.
    sought, _words, like = (compiler.process(one, **given) for one in element.clauses)
    return f"{sought} > '' AND {sought} LIKE {like} ESCAPE '/'"


def _fits(shape: Shape) -> list[ColumnElement[bool]]:
    request, whole = ServiceRequest, func.upper(bindparam("q", type_=String))
    if shape.text == "number":
        return [request.number == whole]
    if shape.text == "code":
        return [request.public_code == whole]
    words, like = (func.lower(bindparam(name, type_=String)) for name in ("q", "like"))
    # In a query of its own, or PostgreSQL writes it small again for every row; SQLite does not.
    return [_Holds(request.sought, select(words).scalar_subquery(), like)]


def _among(shape: Shape, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Ask for columns of the requests of a shape; who is there matters only where that is asked for."""
    found = select(*columns).select_from(ServiceRequest).where(*_conditions(shape))
    return found.outerjoin(Officer, Officer.id == ServiceRequest.assignee_id) if shape.assignee == "none" else found


def _newest(shape: Shape) -> Select[*tuple[Any, ...]]:
    """Stop a search where nobody would read on."""
    return _among(shape, ServiceRequest.id).order_by(ServiceRequest.id.desc()).limit(MOST + 1)


@cache
def _count(shape: Shape) -> Select[*tuple[Any, ...]]:
    return select(func.count()).select_from(_newest(shape).subquery()) if shape.text else _among(shape, func.count())


def _cut(shape: Shape, order: tuple[Any, ...]) -> Select[*tuple[Any, ...]]:
    """Cut the ids of a page out of an index; a search counts on the way, other counts are cheaper by themselves."""
    if not shape.text:
        return _among(shape, ServiceRequest.id, null().label("total")).order_by(*order)
    newest = _newest(shape).subquery()
    return select(newest.c.id, func.count().over().label("total")).order_by(newest.c.id.desc())


@cache
def _page(shape: Shape) -> Select[*tuple[Any, ...]]:
    """Only what is on the page is looked up."""
    request = ServiceRequest
    order: tuple[Any, ...] = FIRST
    if shape.text:
        order = (request.id.desc(),)
    elif shape.states == "closed":
        order = (request.closed_at.desc(), request.id.desc())
    shown = _cut(shape, order).limit(PAGE).offset(bindparam("skip", type_=Integer)).subquery()
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
    like = wanted.q.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return as_of(db, me, now) | {
        "officer": me.officer_id,
        "stand_in": me.officer_id,
        "soon": soon,
        "late": now,
        "state": wanted.state,
        "service": next((one.id for one in kinds.values() if one.code == wanted.service), 0),
        "kinds": [one.id for one in kinds.values() if one.division_id == wanted.division_id],
        "q": wanted.q,
        "like": f"%{like}%",
    }


def listing(db: Session, me: Viewer, wanted: Wanted, *, page: int, now: datetime) -> Listing:
    """Return one page of the office's requests, overdue and soon due first; a page past the end is the last one."""
    kinds = services(db, me.office_id)
    soon = soon_until(db, me.office_id, now=now)
    counts, alone = _counts(db, me, soon, now)
    asked = _asked(db, me, wanted, kinds, soon, now)
    page, total, found = _found(db, wanted.shape, asked, page, counts.of(wanted))
    working = working_time(db, me.office_id)
    shown = [
        _listed(row, kinds, due_of(working, row.due_at, soon=soon, now=now, zone=me.zone), now, me.zone)
        for row in found
    ]
    too_many = wanted.shape.text != "" and total > MOST
    return Listing(shown, counts, alone, list(kinds.values()), page, MOST if too_many else total, too_many)


def _found(
    db: Session, shape: Shape, asked: Mapping[str, Any], page: int, total: int | None
) -> tuple[int, int, Sequence[Row[*tuple[Any, ...]]]]:
    """Return the page that there is, how many there are in all, and its rows."""
    if shape.text:
        page = min(page, MOST // PAGE)
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
