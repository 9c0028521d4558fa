"""What is done with a request: taken in, handed over, moved on; every step leaves an event that nobody can change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from typing import cast as type_cast

from sqlalchemy import Integer, String, Table, bindparam, cast, func, insert, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, office
from staffhub.db import lock_row, rows, said_otherwise, write_over
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    AppointmentState,
    Channel,
    Office,
    RequestEvent,
    RequestState,
    ServiceRequest,
)
from staffhub.security import Viewer
from staffhub.service_requests.appointments import ending
from staffhub.service_requests.codes import fresh_codes
from staffhub.service_requests.duplicates import ask_about_same, same_ones
from staffhub.service_requests.duty import taker_for
from staffhub.service_requests.notices import tell_given
from staffhub.service_requests.one import Request, is_ours, may_assign
from staffhub.service_requests.owners import OFFICE, OPEN
from staffhub.service_requests.promises import CLOSED, due_after
from staffhub.service_requests.words import state_label

_S = RequestState
_PREFIX = len("PM-2611-")
_FOUR_DIGITS = 9999
LONGEST_NOTE = 200
# The likely next step first; what is open can also be cancelled.
NEXT = MappingProxyType(
    {
        _S.NEW: (_S.CHECKING,),
        _S.CHECKING: (_S.SIGNING, _S.WAITING, _S.DEFERRED),
        _S.WAITING: (_S.CHECKING,),
        _S.DEFERRED: (_S.CHECKING,),
        _S.SIGNING: (_S.READY, _S.CHECKING),
        _S.READY: (_S.DONE,),
        _S.DONE: (),
        _S.CANCELLED: (),
    }
)


@dataclass(frozen=True)
class Taken:
    """`again`: the form was sent twice and nothing was added."""

    id: int
    number: str
    state: RequestState
    again: bool


# Built once, as whatever every intake asks for.
_KEYED = select(
    ServiceRequest.id,
    ServiceRequest.number,
    ServiceRequest.state,
    ServiceRequest.applicant,
    ServiceRequest.service_type_id,
).where(ServiceRequest.office_id == OFFICE, ServiceRequest.idempotency_key == bindparam("key"))
# A range of the unique key, which LIKE is not on every database; digits alone differ, so any collation agrees.
_OF_MONTH = (
    ServiceRequest.office_id == OFFICE,
    ServiceRequest.number.between(bindparam("first", type_=String), bindparam("last", type_=String)),
)
_HIGHEST = select(func.max(ServiceRequest.number)).where(*_OF_MONTH)
_RUNNING = cast(func.substr(ServiceRequest.number, _PREFIX + 1), Integer)
_LONGEST = select(func.max(_RUNNING)).where(*_OF_MONTH)
_ENTER = insert(type_cast("Table", ServiceRequest.__table__)).returning(ServiceRequest.id, sort_by_parameter_order=True)
_NOTE = insert(type_cast("Table", RequestEvent.__table__))


def _next_numbers(db: Session, office_id: int, month: str, count: int) -> list[str]:
    """Count on from the last number of the month, with the office's row locked."""
    prefix = f"PM-{month}-"
    of_month = {"office": office_id, "first": f"{prefix}0", "last": f"{prefix}99999999"}
    # The last entry of the index, as long as all have four digits: of more, 9999 stands behind 10000.
    highest = rows(db, _HIGHEST, **of_month).scalar()
    last = int(highest[_PREFIX:]) if highest else 0
    if last >= _FOUR_DIGITS:
        last = rows(db, _LONGEST, **of_month).scalar() or 0
    return [f"{prefix}{last + one:04}" for one in range(1, count + 1)]


def _taken_before(db: Session, office_id: int, key: str, said: tuple[str, str]) -> Taken | None:
    """Return what the same form took in before; Conflict when it told of somebody else (`said`: service, applicant)."""
    row = rows(db, _KEYED, office=office_id, key=key).one_or_none()
    if row is None:
        return None
    id_, number, state, applicant, service_id = row
    if (office.services(db, office_id)[service_id].code, applicant) != said:
        raise said_otherwise()
    return Taken(id_, number, state, again=True)


def service_asked(db: Session, office_id: int, code: str) -> office.Service:
    offered = (one for one in office.services(db, office_id).values() if one.code == code and not one.ended)
    if service := next(offered, None):
        return service
    raise Refused(_("Choose one of the list."), field="service_type")


def take_in(
    db: Session,
    me: Viewer,
    *,
    service_type: str,
    applicant: str,
    channel: Channel,
    key: str,
    now: datetime,
    phone: str = "",
    urgent: bool = False,
    urgent_why: str = "",
    siak_reference: str = "",
    note: str = "",
    seen: str | None = None,
) -> Taken:
    """Register a request. What needs the applicant in person waits, unless it is urgent: then it says why.

    With `seen`, the mark of the same wishes that were shown ("" for none), AlreadyAsked when there are others.
    """
    why_urgent = (urgent_why or note) if urgent else ""
    if urgent and not why_urgent:
        raise Refused(_("Write why it is urgent."), field="urgent_why")
    # One at a time per office: the number counts on, and a form sent twice finds the first. Other tables' rows may
    # still point at the office meanwhile.
    lock_row(db, Office, me.office_id)
    before = _taken_before(db, me.office_id, key, (service_type, applicant))
    if before:
        return before
    service = service_asked(db, me.office_id, service_type)
    if seen is not None:
        ask_about_same(same_ones(db, me, phone=phone, service_id=service.id, around=now), seen)
    wish = Wish(service.id, service.needs_presence, applicant, phone, channel, why_urgent, siak_reference, note, key)
    return enter_many(db, me, [wish], now=now)[0]


@dataclass(frozen=True)
class Wish:
    """What is taken in, all of it checked. `why_urgent` empty: it is not."""

    service_id: int
    needs_presence: bool
    applicant: str
    phone: str
    channel: Channel
    why_urgent: str
    siak_reference: str
    note: str
    key: str


def enter_many(db: Session, me: Viewer, wishes: Sequence[Wish], *, now: datetime) -> list[Taken]:
    """Store new requests in this order, with the office's row locked."""
    numbers = _next_numbers(db, me.office_id, f"{clock.local_day(now, me.zone):%y%m}", len(wishes))
    states = [_S.DEFERRED if one.needs_presence and not one.why_urgent else _S.NEW for one in wishes]
    due = {
        (service_id, state): due_after(db, me.office_id, request_id=None, service_id=service_id, state=state, now=now)
        for service_id, state in {(one.service_id, state) for one, state in zip(wishes, states, strict=True)}
    }
    facts = [
        {
            "office_id": me.office_id,
            "number": number,
            "public_code": code,
            "service_type_id": one.service_id,
            "applicant": one.applicant,
            "phone": one.phone,
            "channel": one.channel,
            "urgent": bool(one.why_urgent),
            "siak_reference": one.siak_reference,
            "state": state,
            "created_by": me.author,
            "created_at": now,
            "updated_at": now,
            "due_at": due[one.service_id, state],
            "version": 1,
            "idempotency_key": one.key,
        }
        for one, number, code, state in zip(wishes, numbers, fresh_codes(db, len(wishes)), states, strict=True)
    ]
    ids = db.execute(_ENTER, facts).scalars()
    found = [Taken(*row, again=False) for row in zip(ids, numbers, states, strict=True)]
    for one, taken in zip(wishes, found, strict=True):
        _note_intake(db, me, taken, one, now=now)
    return found


def _note_intake(db: Session, me: Viewer, taken: Taken, wish: Wish, *, now: datetime) -> None:
    note_step(db, me, taken.id, _S.NEW, None, note=wish.note, now=now)
    if wish.why_urgent:
        note_step(db, me, taken.id, _S.NEW, None, note=wish.why_urgent, now=now, urgent=True)
    if taken.state is _S.DEFERRED:
        why = _("The applicant must come in person; this waits unless it is urgent.")
        note_step(db, me, taken.id, _S.DEFERRED, None, note=why, now=now)
    told: dict[str, Any] = {"number": taken.number, "state": taken.state, "urgent": bool(wish.why_urgent)}
    audit.record(db, me, "request.taken_in", "service_request", taken.id, now=now, **told)


def note_step(
    db: Session,
    me: Viewer,
    request_id: int,
    state: RequestState,
    assignee_id: int | None,
    *,
    note: str,
    now: datetime,
    urgent: bool | None = None,
    corrected: Sequence[str] = (),
) -> None:
    step = {
        "office_id": me.office_id,
        "request_id": request_id,
        "at": now,
        "officer_id": me.officer_id,
        "state": state,
        "assignee_id": assignee_id,
        "note": note,
        "token_id": me.program.token_id if me.program else None,
        "urgent": urgent,
        "corrected": ",".join(corrected) or None,
    }
    db.execute(_NOTE, step)


def change(db: Session, request: Request, version: int | None, *, now: datetime, **values: Any) -> None:
    """Write only onto the version the person looked at: whoever comes second is told."""
    seen = request.version if version is None else version
    said = _("%(number)s was changed meanwhile. Look at it as it is now, then decide again.", number=request.number)
    write_over(db, ServiceRequest, request.id, seen=seen, said=said, updated_at=now, **values)


def _due(db: Session, me: Viewer, request: Request, state: RequestState, now: datetime) -> datetime | None:
    return due_after(db, me.office_id, request_id=request.id, service_id=request.service_id, state=state, now=now)


def change_state(
    db: Session,
    me: Viewer,
    request: Request,
    *,
    state: RequestState,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> None:
    if version not in {None, request.version} or not request.is_open:
        raise Conflict(
            _("%(number)s is now “%(state)s”. Nothing was changed.", number=request.number, state=request.state_label)
        )
    if state is not _S.CANCELLED and state not in NEXT[request.state]:
        steps = {"old": request.state_label, "new": state_label(state)}
        raise Refused(_("“%(new)s” does not follow “%(old)s”.", **steps), field="state")
    if state is _S.WAITING and not note:
        raise Refused(_("Write what is missing: the applicant reads it in the message."), field="note")
    due = _due(db, me, request, state, now)
    change(db, request, version, now=now, state=state, due_at=due, closed_at=now if state in CLOSED else None)
    if request.state is _S.DEFERRED:
        ending.give_up(db, me, request.id, AppointmentState.CANCELLED, text=state_label(state), now=now)
    note_step(db, me, request.id, state, request.assignee_id, note=note, now=now)
    audit.record(
        db, me, "request.state_changed", "service_request", request.id, now=now, before=request.state, after=state
    )


def set_urgent(
    db: Session, me: Viewer, request: Request, *, urgent: bool, why: str, now: datetime, version: int | None = None
) -> None:
    """Let an open request come before the others, or no more; the reason is a step of it. Its state stays."""
    if not request.is_open:
        raise Conflict(already(request))
    if request.urgent == urgent:
        raise Conflict(
            _("%(number)s is urgent already.", number=request.number)
            if urgent
            else _("%(number)s is not urgent any more.", number=request.number)
        )
    change(db, request, version, now=now, urgent=urgent)
    note_step(db, me, request.id, request.state, request.assignee_id, note=why, now=now, urgent=urgent)
    facts: dict[str, Any] = {"before": request.urgent, "after": urgent, "why": why}
    audit.record(db, me, "request.urgency_changed", "service_request", request.id, now=now, **facts)


def reopen(
    db: Session, me: Viewer, request: Request, *, note: str, now: datetime, version: int | None = None
) -> RequestState:
    """Take back what was closed or called ready by mistake: it stands as before, and its history keeps both."""
    if version not in {None, request.version} or not request.may_go_back:
        raise Conflict(
            _("%(number)s is now “%(state)s”. Nothing was changed.", number=request.number, state=request.state_label)
        )
    event, was = RequestEvent, request.state
    before = (
        select(event.state)
        .where(event.request_id == request.id, event.state.in_(OPEN), event.state != was)
        .order_by(event.at.desc(), event.id.desc())
        .limit(1)
    )
    state = db.scalars(before).one()
    change(db, request, version, now=now, state=state, due_at=_due(db, me, request, state, now), closed_at=None)
    note_step(db, me, request.id, state, request.assignee_id, note=note, now=now)
    verb = "request.state_changed" if request.is_open else "request.reopened"
    audit.record(db, me, verb, "service_request", request.id, now=now, before=was, after=state)
    return state


def assign(
    db: Session,
    me: Viewer,
    request: Request,
    *,
    assignee_id: int,
    now: datetime,
    note: str = "",
    version: int | None = None,
    told: date | None = None,
) -> str:
    """Give the request to an officer, or take it while nobody is there who has it; return the officer's name.

    OnLeave, when the officer is, unless it was `told` until when.
    """
    officer = taker_for(db, me, assignee_id, now=now)
    in_scope = officer.is_within(me)
    takes = assignee_id == me.officer_id and is_ours(me, request)
    if not takes and not (may_assign(me, request) and in_scope):
        raise Forbidden(_("Your account may not give this request to that officer."))
    if not request.is_open or request.assignee_id == assignee_id:
        raise Conflict(already(request))
    if not request.lacking and not may_assign(me, request):
        raise Conflict(already(request))
    officer.refuse_absent(officer.until if takes else told)
    change(db, request, version, now=now, assignee_id=assignee_id)
    note_step(db, me, request.id, request.state, assignee_id, note=note, now=now)
    audit.record(
        db,
        me,
        "request.assigned",
        "service_request",
        request.id,
        now=now,
        before=request.assignee_id,
        after=assignee_id,
    )
    tell_given(db, me, officer.id, [(request.id, request.version + 1)], now=now)
    return officer.name


def already(request: Request) -> str:
    if not request.is_open:
        return _("%(number)s is closed. Nothing was changed.", number=request.number)
    return _("%(number)s is already with %(name)s.", number=request.number, name=request.officer)


def show_phone(db: Session, me: Viewer, request: Request, *, now: datetime) -> str:
    """Return the whole number; who looked is written down, the number itself is not."""
    audit.record(db, me, "request.phone_shown", "service_request", request.id, now=now)
    return request.phone
