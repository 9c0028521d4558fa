"""One officer's desk: the open requests that lie there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.ahead import Ask
from staffhub.db import read
from staffhub.models import RequestState, ServiceRequest
from staffhub.service_requests.owners import IS_OPEN, OFFICE
from staffhub.service_requests.words import InWords, days_between, services


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


_OPEN_FOR = (
    select(
        ServiceRequest.id,
        ServiceRequest.number,
        ServiceRequest.service_type_id,
        ServiceRequest.applicant,
        ServiceRequest.state,
        ServiceRequest.created_at,
        ServiceRequest.urgent,
    )
    .where(ServiceRequest.office_id == OFFICE, ServiceRequest.assignee_id == bindparam("officer"), IS_OPEN)
    .order_by(ServiceRequest.urgent.desc(), ServiceRequest.created_at, ServiceRequest.id)
)


def ask_open(office_id: int, officer_id: int) -> Ask:
    return Ask(_OPEN_FOR, {"office": office_id, "officer": officer_id})


def open_for(db: Session, office_id: int, officer_id: int, *, now: datetime | None = None) -> list[OpenRequest]:
    """Return what is on an officer's desk: urgent first, then the oldest."""
    kinds, zone, at = services(db, office_id), office.facts(db, office_id).zone, now or clock.now()
    return [
        OpenRequest(
            id_,
            number,
            kinds[service_id].name,
            applicant,
            state,
            created_at.astimezone(zone),
            urgent,
            days_between(created_at, at, zone),
        )
        for id_, number, service_id, applicant, state, created_at, urgent in read(db, ask_open(office_id, officer_id))
    ]
