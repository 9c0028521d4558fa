"""What citizens ask for: taken in, handed to an officer, worked on step by step. No NIK, no KK number is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from staffhub import clock, i18n
from staffhub.i18n import gettext as _
from staffhub.models import Office, RequestState, ServiceRequest, ServiceType

CLOSED = (RequestState.DONE, RequestState.CANCELLED)
OPEN = tuple(state for state in RequestState if state not in CLOSED)


def state_label(state: RequestState) -> str:
    labels = {
        RequestState.NEW: _("New"),
        RequestState.CHECKING: _("Being checked"),
        RequestState.WAITING: _("Waiting for the applicant"),
        RequestState.DEFERRED: _("Deferred"),
        RequestState.SIGNING: _("Waiting for signature"),
        RequestState.READY: _("Ready to collect"),
        RequestState.DONE: _("Done"),
        RequestState.CANCELLED: _("Cancelled"),
    }
    return labels[state]


def _service_name() -> ColumnElement[str]:
    return (ServiceType.name_en if i18n.current_locale() == "en" else ServiceType.name).expression


@dataclass(frozen=True)
class OpenRequest:
    """A request that still needs work; `created_at` and the age follow the office's calendar."""

    id: int
    number: str
    title: str
    applicant: str
    state: RequestState
    created_at: datetime
    urgent: bool
    age_days: int

    @property
    def state_label(self) -> str:
        return state_label(self.state)


def open_for(db: Session, office_id: int, officer_id: int, *, now: datetime | None = None) -> list[OpenRequest]:
    """Return what is on an officer's desk: urgent first, then the oldest."""
    request = ServiceRequest
    rows = db.execute(
        select(
            request.id,
            request.number,
            _service_name(),
            request.applicant,
            request.state,
            request.created_at,
            request.urgent,
            Office.timezone,
        )
        .join(ServiceType, ServiceType.id == request.service_type_id)
        .join(Office, Office.id == request.office_id)
        .where(request.office_id == office_id, request.assignee_id == officer_id, request.state.in_(OPEN))
        .order_by(request.urgent.desc(), request.created_at, request.id)
    )
    at = now or clock.now()
    return [_on_desk(row, at) for row in rows]


def _on_desk(row: Any, at: datetime) -> OpenRequest:
    zone = ZoneInfo(row.timezone)
    age = (clock.local_day(at, zone) - clock.local_day(row.created_at, zone)).days
    return OpenRequest(*row[:5], created_at=row.created_at.astimezone(zone), urgent=row.urgent, age_days=age)
