"""One request as its page shows it, and who may do what with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock, i18n
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import Channel, Division, Officer, RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.security import Viewer
from staffhub.service_requests.desk import aged, service_name, state_label
from staffhub.service_requests.owners import CLOSED, LACKING, OPEN
from staffhub.service_requests.promises import Promise, promise_of
from staffhub.typed import whatsapp_number


@dataclass(frozen=True)
class Request:
    """One request as its page shows it; times are the office's."""

    id: int
    number: str
    title: str
    applicant: str
    phone: str
    channel: Channel
    urgent: bool
    siak_reference: str
    state: RequestState
    assignee_id: int | None
    officer: str | None
    lacking: str
    division_id: int
    division: str
    needs_presence: bool
    service_days: int | None
    created_at: datetime
    closed_at: datetime | None
    version: int

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def state_label(self) -> str:
        return state_label(self.state)

    def age(self, now: datetime) -> str:
        until = (self.closed_at or now).astimezone(self.created_at.tzinfo)
        return aged((until.date() - self.created_at.date()).days)


@cache
def _request(locale: str) -> Select[*tuple[Any, ...]]:
    request = ServiceRequest
    return (
        select(
            request.id,
            request.number,
            service_name(locale),
            request.applicant,
            request.phone,
            request.channel,
            request.urgent,
            request.siak_reference,
            request.state,
            request.assignee_id,
            Officer.name,
            LACKING,
            ServiceType.division_id,
            Division.short_name,
            ServiceType.needs_presence,
            ServiceType.service_days,
            request.created_at,
            request.closed_at,
            request.version,
        )
        .join(ServiceType, ServiceType.id == request.service_type_id)
        .join(Division, Division.id == ServiceType.division_id)
        .outerjoin(Officer, Officer.id == request.assignee_id)
        .where(request.id == bindparam("request"), request.office_id == bindparam("office"))
    )


def request_for(db: Session, me: Viewer, request_id: int, *, now: datetime) -> Request:
    asked = {"request": request_id, "office": me.office_id, "today": clock.local_day(now, me.zone)}
    row = db.execute(_request(i18n.current_locale()), asked).one_or_none()
    if row is None:
        raise NotFound(_("There is no such request in your office."))
    *facts, created_at, closed_at, version = row
    closed = closed_at and closed_at.astimezone(me.zone)
    return Request(*(*facts, created_at.astimezone(me.zone), closed, version))


def may_assign(me: Viewer, request: Request) -> bool:
    """A head, for the requests of the own division or of the whole office; the administrator."""
    return me.may("requests.assign") and me.sees(officer_id=None, division_id=request.division_id)


def may_work_on(me: Viewer, request: Request) -> bool:
    mine = me.officer_id is not None and me.officer_id == request.assignee_id
    return mine or may_assign(me, request)


def may_take(me: Viewer, request: Request) -> bool:
    """A colleague of its division, while nobody has it or who has it is not there."""
    free = request.is_open and request.lacking != "" and request.assignee_id != me.officer_id
    return free and me.officer_id is not None and me.division_id == request.division_id


def request_to_hand_over(db: Session, me: Viewer, request_id: int, *, now: datetime) -> Request:
    """Load a request that I may give to somebody, or take while it is free: then it is one of my division."""
    request = request_for(db, me, request_id, now=now)
    of_my_division = me.officer_id is not None and me.division_id == request.division_id
    if not (of_my_division or may_assign(me, request)):
        raise Forbidden(_("Your account may not give this request to that officer."))
    return request


def request_to_work_on(db: Session, me: Viewer, request_id: int, *, now: datetime) -> Request:
    request = request_for(db, me, request_id, now=now)
    if not may_work_on(me, request):
        raise Forbidden(_("Only the officer who has this request, or a head, may do this."))
    return request


def promise(db: Session, me: Viewer, request: Request, steps: Sequence["Event"], *, now: datetime) -> Promise | None:
    """Weigh the request by its history, newest first."""
    return promise_of(db, me, request.service_days, [(step.at, step.state) for step in reversed(steps)], now=now)


def masked(phone: str) -> str:
    """08xx-xxxx-4471: enough to tell two apart, not enough to call."""
    return f"{phone[:2]}xx-xxxx-{phone[-4:]}" if phone else ""


def message(request: Request, me: Viewer) -> str:
    """A line for the applicant: where it stands and what to do next.

    In Indonesian whatever the officer reads, and with the number alone: never with a name and a document beside it.
    """
    with i18n.in_locale("id"):
        return f"{_told(request)} {me.office_name}"


def _told(request: Request) -> str:
    number = request.number
    told = {
        RequestState.NEW: _("Request %(number)s was received. You need not do anything now.", number=number),
        RequestState.CHECKING: _(
            "Request %(number)s is being checked. You need not do anything now; we write if something is missing.",
            number=number,
        ),
        RequestState.WAITING: _(
            "Request %(number)s is not complete yet. Send the missing papers by answering this message, "
            "then we go on with it.",
            number=number,
        ),
        RequestState.DEFERRED: _(
            "Request %(number)s waits for its turn. You need not do anything now; we write when it goes on.",
            number=number,
        ),
        RequestState.SIGNING: _(
            "Request %(number)s was checked and waits for a signature. You need not do anything now.", number=number
        ),
        RequestState.READY: _(
            "Request %(number)s is ready. Collect it at the office on a working day and tell this number.",
            number=number,
        ),
        RequestState.DONE: _("Request %(number)s is done. There is nothing left for you to do.", number=number),
        RequestState.CANCELLED: _(
            "Request %(number)s was cancelled. If you still need it, send us a new request.", number=number
        ),
    }
    if request.state is RequestState.DEFERRED and request.needs_presence:
        return _(
            "Request %(number)s waits for you: come to the office in person on a working day and tell this number.",
            number=number,
        )
    return told[request.state]


def whatsapp_link(request: Request, text: str) -> str | None:
    """Return the address that opens a chat with the applicant, the text in it; None without a usable number."""
    number = whatsapp_number(request.phone)
    return number and f"https://wa.me/{number}?{urlencode({'text': text}, quote_via=quote)}"


@dataclass(frozen=True)
class Event:
    """`handed_to`: the step gave the request to that officer; `taken`: who did it took it himself.

    `reopened`: it was closed before.
    """

    at: datetime
    officer: str | None
    state: RequestState
    note: str
    first: bool
    handed_to: str | None
    taken: bool
    reopened: bool

    @property
    def state_label(self) -> str:
        return state_label(self.state)


def history(db: Session, me: Viewer, request: Request) -> list[Event]:
    """Return every step, newest first."""
    to = aliased(Officer)
    event = RequestEvent
    rows = db.execute(
        select(
            event.at, event.officer_id, Officer.name, event.state, event.note, event.assignee_id, to.name.label("to")
        )
        .outerjoin(Officer, Officer.id == event.officer_id)
        .outerjoin(to, to.id == event.assignee_id)
        .where(event.request_id == request.id)
        .order_by(event.at, event.id)
    )
    found: list[Event] = []
    holder, closed = None, False
    for n, row in enumerate(rows):
        handed = row.to if row.assignee_id != holder else None
        holder, reopened, closed = row.assignee_id, closed and row.state in OPEN, row.state in CLOSED
        at, taken = row.at.astimezone(me.zone), handed is not None and row.officer_id == row.assignee_id
        found.append(Event(at, row.name, row.state, row.note, n == 0, handed, taken, reopened))
    return found[::-1]
