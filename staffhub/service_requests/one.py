"""One request as its page shows it, and who may do what with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import ApiToken, Channel, Officer, RequestEvent, RequestState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.due import Due, due_of
from staffhub.service_requests.lent import ME, desk_of
from staffhub.service_requests.owners import LACKING, OFFICE, OPEN, as_of
from staffhub.service_requests.promises import CLOSED, IN_OUR_HANDS, Promise, promise_of, soon_until
from staffhub.service_requests.words import aged, services, state_label
from staffhub.service_requests.working_time import working_time


@dataclass(frozen=True)
class Request:
    """One request as its page shows it; times are the office's."""

    id: int
    number: str
    public_code: str
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
    # Whether the viewer is lent to its division today.
    lent_here: bool
    needs_presence: bool
    by_appointment: bool
    service_id: int
    service_days: int | None
    service_hours: int | None
    papers: tuple[str, ...]
    created_at: datetime
    closed_at: datetime | None
    version: int

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def may_go_back(self) -> bool:
        """Whether its last step may have been a wrong tap that no other step mends."""
        return not self.is_open or self.state is RequestState.READY

    @property
    def state_label(self) -> str:
        return state_label(self.state)

    def age(self, now: datetime) -> str:
        until = (self.closed_at or now).astimezone(self.created_at.tzinfo)
        return aged((until.date() - self.created_at.date()).days)


_REQUEST = (
    select(
        ServiceRequest.id,
        ServiceRequest.number,
        ServiceRequest.public_code,
        ServiceRequest.service_type_id,
        ServiceRequest.applicant,
        ServiceRequest.phone,
        ServiceRequest.channel,
        ServiceRequest.urgent,
        ServiceRequest.siak_reference,
        ServiceRequest.state,
        ServiceRequest.assignee_id,
        Officer.name,
        LACKING.label("lacking"),
        ServiceRequest.created_at,
        ServiceRequest.closed_at,
        ServiceRequest.version,
        desk_of(ME).label("desk"),
    )
    .outerjoin(Officer, Officer.id == ServiceRequest.assignee_id)
    .where(ServiceRequest.id == bindparam("request"), ServiceRequest.office_id == OFFICE)
)


def request_for(db: Session, me: Viewer, request_id: int, *, now: datetime) -> Request:
    row = rows(db, _REQUEST, request=request_id, me=me.officer_id, **as_of(db, me, now)).one_or_none()
    if row is None:
        raise NotFound(_("There is no such request in your office."))
    kind = services(db, me.office_id)[row.service_type_id]
    return Request(
        id=row.id,
        number=row.number,
        public_code=row.public_code,
        title=kind.name,
        applicant=row.applicant,
        phone=row.phone,
        channel=row.channel,
        urgent=row.urgent,
        siak_reference=row.siak_reference,
        state=row.state,
        assignee_id=row.assignee_id,
        officer=row.name,
        lacking=row.lacking,
        division_id=kind.division_id,
        division=kind.division,
        lent_here=kind.division_id == row.desk,
        needs_presence=kind.needs_presence,
        by_appointment=kind.by_appointment,
        service_id=kind.id,
        service_days=kind.service_days,
        service_hours=kind.service_hours,
        papers=kind.papers,
        created_at=row.created_at.astimezone(me.zone),
        closed_at=row.closed_at and row.closed_at.astimezone(me.zone),
        version=row.version,
    )


def may_assign(me: Viewer, request: Request) -> bool:
    """A head, for the requests of the own division or of the whole office; the administrator."""
    return me.may("requests.assign") and me.sees(officer_id=None, division_id=request.division_id)


def may_work_on(me: Viewer, request: Request) -> bool:
    mine = me.officer_id is not None and me.officer_id == request.assignee_id
    return mine or may_assign(me, request)


def is_ours(me: Viewer, request: Request) -> bool:
    """Whether I serve its division today, as one of its people or lent to its desk."""
    return me.officer_id is not None and (me.division_id == request.division_id or request.lent_here)


def may_take(me: Viewer, request: Request) -> bool:
    """Who serves its division, while nobody has it or who has it is not there."""
    free = request.is_open and request.lacking != "" and request.assignee_id != me.officer_id
    return free and is_ours(me, request)


def request_to_hand_over(db: Session, me: Viewer, request_id: int, *, now: datetime) -> Request:
    """Load a request that I may give to somebody, or take while it is free: then it is one of my division."""
    request = request_for(db, me, request_id, now=now)
    if not (is_ours(me, request) or may_assign(me, request)):
        raise Forbidden(_("Your account may not give this request to that officer."))
    return request


def request_to_work_on(db: Session, me: Viewer, request_id: int, *, now: datetime) -> Request:
    request = request_for(db, me, request_id, now=now)
    if not may_work_on(me, request):
        raise Forbidden(_("Only the officer who has this request, or a head, may do this."))
    return request


def promise(db: Session, me: Viewer, request: Request, steps: Sequence["Event"], *, now: datetime) -> Promise | None:
    """Weigh the request by its history, newest first."""
    told = [(step.at, step.state) for step in reversed(steps)]
    return promise_of(db, me, request.service_days, told, hours=request.service_hours, now=now)


def due(db: Session, me: Viewer, promised: Promise | None, *, now: datetime) -> Due | None:
    """Say until when it is promised, while the clock runs."""
    soon, working = soon_until(db, me.office_id, now=now), working_time(db, me.office_id)
    return due_of(working, promised.due if promised else None, soon=soon, now=now, zone=me.zone)


def masked(phone: str) -> str:
    """08xx-xxxx-4471: enough to tell two apart, not enough to call."""
    return f"{phone[:2]}xx-xxxx-{phone[-4:]}" if phone else ""


@dataclass(frozen=True)
class Event:
    """`officer`: who did it, or the program that did. `handed_to`: the step gave the request to that officer; `taken`:
    who did it took it himself.

    `reopened`: it was closed before; `taken_back`: it had been called ready by mistake. `moved`: it changed the state
    of a request that was open. `urgent`: the step made it urgent or no longer urgent, the note says why. `corrected`:
    the facts that it put right, or that it followed from where it moved the request.
    """

    at: datetime
    officer: str | None
    state: RequestState
    note: str
    first: bool
    handed_to: str | None
    taken: bool
    reopened: bool
    taken_back: bool
    moved: bool
    urgent: bool | None
    corrected: tuple[str, ...]

    @property
    def state_label(self) -> str:
        return state_label(self.state)


def _history() -> Select[*tuple[Any, ...]]:
    to, event, token = aliased(Officer), RequestEvent, ApiToken
    return (
        select(
            event.at,
            event.officer_id,
            func.coalesce(Officer.name, token.name).label("name"),
            event.state,
            event.note,
            event.assignee_id,
            to.name,
            event.urgent,
            event.corrected,
        )
        .outerjoin(Officer, Officer.id == event.officer_id)
        .outerjoin(token, token.id == event.token_id)
        .outerjoin(to, to.id == event.assignee_id)
        .where(event.request_id == bindparam("request"))
        .order_by(event.at, event.id)
    )


_HISTORY = _history()


def history(db: Session, me: Viewer, request: Request) -> list[Event]:
    """Return every step, newest first."""
    found: list[Event] = []
    holder, before = None, None
    for row in rows(db, _HISTORY, request=request.id):
        at, officer_id, officer, state, note, assignee_id, to, urgent, corrected = row
        handed = to if assignee_id != holder else None
        reopened = before in CLOSED and state in OPEN
        found.append(
            Event(
                at.astimezone(me.zone),
                officer,
                state,
                note,
                first=not found,
                handed_to=handed,
                taken=handed is not None and officer_id == assignee_id,
                reopened=reopened,
                taken_back=before is RequestState.READY and state in IN_OUR_HANDS,
                moved=state is not before and not reopened,
                urgent=urgent,
                corrected=tuple(corrected.split(",")) if corrected else (),
            )
        )
        holder, before = assignee_id, state
    return found[::-1]


def why_urgent(request: Request, steps: Sequence[Event]) -> str:
    """Return why it is urgent now, by its history, newest first; "" when nobody said."""
    return next((step.note for step in steps if step.urgent), "") if request.urgent else ""
