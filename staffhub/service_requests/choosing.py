"""Open requests that a head hands over: those that nobody is there for, in their order, or a few that were ticked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import Officer, RequestEvent, RequestState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.owners import FIRST, LACKING, OFFICE, as_of, mine_to_give
from staffhub.service_requests.promises import soon_until
from staffhub.service_requests.words import InWords, days_between, services

# So many are dealt out in one press: more than that nobody looks over.
MOST = 25


@dataclass(frozen=True)
class Chosen(InWords):
    """`lacking` and `officer`: who has it, and why that is nobody who is there; `note`: of its last step."""

    id: int
    number: str
    title: str
    applicant: str
    division_id: int
    division: str
    assignee_id: int | None
    officer: str | None
    lacking: str
    state: RequestState
    urgent: bool
    age_days: int
    version: int
    note: str


@dataclass(frozen=True)
class Choice:
    """Some of `total` requests."""

    rows: Sequence[Chosen]
    total: int


def unassigned(db: Session, me: Viewer, *, now: datetime, skip: int = 0, most: int = MOST) -> Choice:
    """Return what needs an officer and is mine to give, without the first ones that were passed over."""
    return _choice(db, me, None, skip, most, now)


def ticked(db: Session, me: Viewer, ids: Collection[int], *, now: datetime) -> Choice:
    """Return those of these requests that are open and mine to give."""
    return _choice(db, me, ids, 0, MOST, now)


def _choice(db: Session, me: Viewer, ids: Collection[int] | None, skip: int, most: int, now: datetime) -> Choice:
    me.require("requests.assign")
    request = ServiceRequest
    latest = (
        select(RequestEvent.note)
        .where(RequestEvent.request_id == request.id)
        .order_by(RequestEvent.at.desc(), RequestEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (
        request.id, request.number, request.applicant, request.service_type_id, request.assignee_id, Officer.name,
        LACKING.label("lacking"), request.state, request.urgent, request.created_at, request.version,
        latest.label("note"), func.count().over().label("total"),
    )  # fmt: skip
    which = LACKING != "" if ids is None else request.id.in_(bindparam("ids", expanding=True))
    found = (
        select(*columns)
        .outerjoin(Officer, Officer.id == request.assignee_id)
        .where(request.office_id == OFFICE, mine_to_give(me), which)
        .order_by(*FIRST)
        .offset(skip)
        .limit(most)
    )
    asked = as_of(db, me, now) | {"soon": soon_until(db, me.office_id, now=now)}
    asked |= {} if ids is None else {"ids": list(ids)}
    kinds, shown, total = services(db, me.office_id), [], 0
    for row in rows(db, found, **asked):
        kind, total = kinds[row.service_type_id], row.total
        shown.append(
            Chosen(
                row.id, row.number, kind.name, row.applicant, kind.division_id, kind.division, row.assignee_id,
                row.name, row.lacking, row.state, row.urgent, days_between(row.created_at, now, me.zone), row.version,
                row.note or "",
            )
        )  # fmt: skip
    return Choice(shown, total)
