"""Requests as a program reads them: one page after the other from the newest, or one of them with its steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Integer, Select, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.db import rows
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.models import ApiToken, Channel, Officer, RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.security import Viewer
from staffhub.service_requests.owners import IS_OPEN, OFFICE, OPEN
from staffhub.service_requests.promises import CLOSED


@dataclass(frozen=True)
class Told:
    """A request as a program is told of it: codes and ids, and no words that depend on a language. Times the office's.

    `service`: the code of its service.
    """

    id: int
    number: str
    public_code: str
    service: str
    applicant: str
    phone: str
    channel: Channel
    urgent: bool
    siak_reference: str
    state: RequestState
    officer_id: int | None
    officer: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    version: int

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True)
class Step:
    """`by`: the name of the officer or the program that took it; neither: it was entered without an officer."""

    at: datetime
    state: RequestState
    officer_id: int | None
    program: bool
    by: str | None
    note: str


@dataclass(frozen=True)
class Wanted:
    """`before`: the id from which on a page goes back; 0: from the newest. `since`: taken in on that day or later."""

    state: RequestState | None = None
    open: bool | None = None
    service: str | None = None
    officer_id: int | None = None
    since: date | None = None
    before: int = 0


def _columns() -> tuple[Any, ...]:
    request = ServiceRequest
    return (
        request.id, request.number, request.public_code, request.service_type_id, request.applicant, request.phone,
        request.channel, request.urgent, request.siak_reference, request.state, request.assignee_id, Officer.name,
        request.created_at, request.updated_at, request.closed_at, request.version,
    )  # fmt: skip


def _asked_for() -> Select[*tuple[Any, ...]]:
    request = ServiceRequest
    found = select(*_columns()).select_from(request).outerjoin(Officer, Officer.id == request.assignee_id)
    return found.where(request.office_id == OFFICE)


def _condition(name: str) -> ColumnElement[bool]:
    request = ServiceRequest
    return {
        "open": IS_OPEN,
        "closed": ~IS_OPEN,
        "state": request.state == bindparam("state"),
        "service": request.service_type_id == bindparam("service", type_=BigInteger),
        "officer": request.assignee_id == bindparam("officer", type_=BigInteger),
        "since": request.created_at >= bindparam("since", type_=DateTime(timezone=True)),
        "before": request.id < bindparam("before", type_=BigInteger),
    }[name]


@cache
def _page(names: frozenset[str]) -> Select[*tuple[Any, ...]]:
    """Built once for each set of filters; what is sought goes along with it."""
    found = _asked_for().where(*(_condition(name) for name in sorted(names)))
    return found.order_by(ServiceRequest.id.desc()).limit(bindparam("most", type_=Integer))


def _filters(db: Session, me: Viewer, wanted: Wanted) -> dict[str, Any]:
    """Return the filters that are set, with their values. A state says whether the request is open, for the index."""
    found: dict[str, Any] = {"state": wanted.state} if wanted.state else {}
    standing = wanted.open if wanted.open is not None or not wanted.state else wanted.state not in CLOSED
    if standing is not None:
        found["open" if standing else "closed"] = True
    if wanted.service is not None:
        kinds = office.services(db, me.office_id).values()
        found["service"] = next((one.id for one in kinds if one.code == wanted.service), 0)
    if wanted.officer_id is not None:
        found["officer"] = wanted.officer_id
    if wanted.since:
        found["since"] = clock.at_local(wanted.since, time.min, me.zone)
    if wanted.before:
        found["before"] = wanted.before
    return found


def page(db: Session, me: Viewer, wanted: Wanted, *, most: int) -> list[Told]:
    """Return the newest requests first, at most so many."""
    filters = _filters(db, me, wanted)
    codes = _codes(db, me)
    found = rows(db, _page(frozenset(filters)), office=me.office_id, most=most, **filters)
    return [_told(row, codes, me) for row in found]


_ONE = _asked_for().where(ServiceRequest.id == bindparam("request", type_=BigInteger))
_NUMBERED = _asked_for().where(ServiceRequest.number == bindparam("number"))


def one(db: Session, me: Viewer, name: str) -> Told:
    """Load a request by its id or its number."""
    if name.isdecimal():
        row = rows(db, _ONE, office=me.office_id, request=int(name)).one_or_none()
    else:
        row = rows(db, _NUMBERED, office=me.office_id, number=name).one_or_none()
    if row is None:
        raise NotFound(_("There is no such request in your office."))
    return _told(row, _codes(db, me), me)


def _codes(db: Session, me: Viewer) -> dict[int, str]:
    return {one.id: one.code for one in office.services(db, me.office_id).values()}


def _told(row: Any, codes: Mapping[int, str], me: Viewer) -> Told:
    id_, number, public_code, service, *facts = row[:-4]
    created_at, updated_at, closed_at, version = row[-4:]
    here = [at and at.astimezone(me.zone) for at in (created_at, updated_at, closed_at)]
    return Told(*(id_, number, public_code, codes[service], *facts, *here, version))


_STEPS = (
    select(RequestEvent.at, RequestEvent.state, RequestEvent.officer_id, Officer.name, ApiToken.name, RequestEvent.note)
    .outerjoin(Officer, Officer.id == RequestEvent.officer_id)
    .outerjoin(ApiToken, ApiToken.id == RequestEvent.token_id)
    .where(RequestEvent.request_id == bindparam("request"))
    .order_by(RequestEvent.at, RequestEvent.id)
)


def steps(db: Session, me: Viewer, request_id: int) -> list[Step]:
    """Return every step of a request that was loaded, from its first."""
    return [
        Step(at.astimezone(me.zone), state, officer_id, program is not None, officer or program, note)
        for at, state, officer_id, officer, program, note in rows(db, _STEPS, request=request_id)
    ]


_OFFERED = select(ServiceType.code).where(ServiceType.ended_at.is_(None)).distinct().order_by(ServiceType.code)


def offered(db: Session) -> list[str]:
    """Return the codes of what is offered in any office of the database: what a description of the calls may name."""
    return list(rows(db, _OFFERED).scalars())
