"""One officer's desk: the open requests that lie there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.ahead import Ask
from staffhub.db import read
from staffhub.models import RequestState, ServiceRequest
from staffhub.service_requests.due import Due, due_of
from staffhub.service_requests.owners import BY_AGE, IS_OPEN, OFFICE
from staffhub.service_requests.promises import soon_until
from staffhub.service_requests.words import InWords, days_between, services
from staffhub.service_requests.working_time import working_time


@dataclass(frozen=True)
class OpenRequest(InWords):
    """A request that still needs work; `created_at` and the age follow the office's calendar."""

    id: int
    number: str
    title: str
    applicant: str
    state: RequestState
    created_at: datetime
    urgent: bool
    age_days: int
    due: Due | None


_OPEN_FOR = (
    select(
        ServiceRequest.id,
        ServiceRequest.number,
        ServiceRequest.service_type_id,
        ServiceRequest.applicant,
        ServiceRequest.state,
        ServiceRequest.created_at,
        ServiceRequest.urgent,
        ServiceRequest.due_at,
    )
    .where(ServiceRequest.office_id == OFFICE, ServiceRequest.assignee_id == bindparam("officer"), IS_OPEN)
    .order_by(*BY_AGE)
)


def ask_open(office_id: int, officer_id: int) -> Ask:
    return Ask(_OPEN_FOR, {"office": office_id, "officer": officer_id})


def open_for(db: Session, office_id: int, officer_id: int, *, now: datetime | None = None) -> list[OpenRequest]:
    """Return what is on an officer's desk: overdue and soon due first, then urgent, then the oldest."""
    kinds, zone, at = services(db, office_id), office.facts(db, office_id).zone, now or clock.now()
    working, soon = working_time(db, office_id), soon_until(db, office_id, now=at)
    found = [
        OpenRequest(
            id_,
            number,
            kinds[service_id].name,
            applicant,
            state,
            created_at.astimezone(zone),
            urgent,
            days_between(created_at, at, zone),
            due_of(working, due_at, soon=soon, now=at, zone=zone),
        )
        for id_, number, service_id, applicant, state, created_at, urgent, due_at in read(
            db, ask_open(office_id, officer_id)
        )
    ]
    return sorted(found, key=_pressing)


def _pressing(one: OpenRequest) -> tuple[bool, datetime]:
    """What is late or soon due by when it is due; the rest stays in its order behind it."""
    presses = one.due is not None and (one.due.late or one.due.soon)
    return not presses, one.due.at if one.due and presses else datetime.min.replace(tzinfo=one.created_at.tzinfo)
