"""Giving a slot, moving it, and what became of it on the day. A slot is never given twice."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, office
from staffhub.db import lock_row, write_over
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import clock as clock_words
from staffhub.i18n import gettext as _
from staffhub.models import (
    Appointment,
    AppointmentHold,
    AppointmentState,
    AppointmentStep,
    Division,
    RequestEvent,
    RequestState,
    ServiceRequest,
)
from staffhub.models.appointments import AHEAD, IS_AHEAD
from staffhub.office import Service
from staffhub.security import Viewer
from staffhub.service_requests import lent, one, steps
from staffhub.service_requests.appointments.ending import give_up, note
from staffhub.service_requests.appointments.slots import Book, Slot, book

_A = AppointmentState


@dataclass(frozen=True)
class Wanted:
    """A request and the moment it is to get."""

    request_id: int
    date: date
    starts: time


def may_receive(db: Session, me: Viewer, division_id: int, *, now: datetime) -> bool:
    """Whoever serves the bidang today receives its citizens; who leads it or the office, too."""
    return _leads(me, division_id) or lent.serves(db, me, division_id, now=now)


def _leads(me: Viewer, division_id: int) -> bool:
    return me.may("requests.assign") and me.sees(officer_id=None, division_id=division_id)


def may_give(db: Session, me: Viewer, request: one.Request) -> bool:
    """Whether the page of a request offers a slot: it waits, and its service is given by appointment."""
    service = office.services(db, me.office_id)[request.service_id]
    waits = request.state is RequestState.DEFERRED and service.slot_minutes is not None
    return waits and _is_mine(me, request)


def _is_mine(me: Viewer, request: one.Request) -> bool:
    """Whoever has a request keeps its appointments, too, after a day at a desk that was not the own one."""
    return one.is_ours(me, request) or one.may_work_on(me, request)


def require(db: Session, me: Viewer, division_id: int, *, now: datetime) -> None:
    me.require("requests")
    if not may_receive(db, me, division_id, now=now):
        raise Forbidden(_not_ours())


def service_of(db: Session, me: Viewer, request: one.Request) -> Service:
    """Return the service for which a slot of this request is given."""
    me.require("requests")
    if not _is_mine(me, request):
        raise Forbidden(_not_ours())
    return _by_appointment(office.services(db, me.office_id)[request.service_id])


def _not_ours() -> str:
    return _("Only its division gives appointments for this service.")


def _by_appointment(service: Service) -> Service:
    if service.slot_minutes is None:
        raise Refused(_("No length of an appointment is set for this service. Its head sets it in the catalogue."))
    return service


def _require_each(db: Session, me: Viewer, held: Iterable[tuple[int, int | None]], *, now: datetime) -> None:
    """Ask for each bidang once, but for what I have myself; `held`: of which bidang, and who has the request."""
    me.require("requests")
    others = {division_id for division_id, holder_id in held if holder_id is None or holder_id != me.officer_id}
    for division_id in sorted(others):
        require(db, me, division_id, now=now)


def give(db: Session, me: Viewer, wanted: Sequence[Wanted], *, now: datetime) -> int:
    """Give each request its slot, all of one bidang or none at all; return how many were new.

    A request that has a slot to come gets the new one in its place, the old one is free in the same transaction. The
    same once more changes nothing. Conflict, when a slot was given meanwhile or is past.
    """
    wanted = list(dict.fromkeys(wanted))
    if len({each.request_id for each in wanted}) != len(wanted):
        raise Refused(_("A request gets one slot. Choose which one."))
    kinds, found = office.services(db, me.office_id), _requests(db, me, wanted)
    divisions = {kinds[row.service_type_id].division_id for row in found}
    _require_each(db, me, ((kinds[row.service_type_id].division_id, row.assignee_id) for row in found), now=now)
    if len(divisions) != 1:
        raise Refused(_("Choose requests of one division."))
    # Whoever gives slots of this bidang meanwhile waits, then sees what we gave; who corrects a service, too.
    lock_row(db, Division, *divisions)
    rows = {row.id: row for row in _requests(db, me, wanted, lock=True)}
    services = {row.id: kinds[row.service_type_id] for row in rows.values()}
    standing = _standing(db, me, list(rows))
    new = [each for each in wanted if (each.date, each.starts) != standing.get(each.request_id)]
    for each in new:
        _refuse_change(rows[each.request_id], services[each.request_id], divisions)
        give_up(db, me, each.request_id, _A.MOVED, now=now)
    seats = book(db, me, *divisions, now=now)
    for each in new:
        _seat(db, me, seats, _by_appointment(services[each.request_id]), each, now=now)
    return len(new)


def _requests(db: Session, me: Viewer, wanted: Sequence[Wanted], *, lock: bool = False) -> Sequence[Any]:
    request, ids = ServiceRequest, [each.request_id for each in wanted]
    found = select(request.id, request.number, request.service_type_id, request.state, request.assignee_id)
    found = found.where(request.office_id == me.office_id, request.id.in_(ids)).order_by(request.id)
    rows = db.execute(found.with_for_update(key_share=True) if lock else found).all()
    if len(rows) != len(wanted):
        raise NotFound(_("There is no such request in your office."))
    return rows


def _standing(db: Session, me: Viewer, ids: Sequence[int]) -> dict[int, tuple[date, time]]:
    found = select(Appointment.request_id, Appointment.date, Appointment.starts)
    found = found.where(Appointment.office_id == me.office_id, Appointment.request_id.in_(ids), IS_AHEAD)
    return {request_id: (day, starts) for request_id, day, starts in db.execute(found)}


def _refuse_change(row: Any, service: Service, divisions: Collection[int]) -> None:
    if service.division_id not in divisions:
        raise Conflict(_corrected(row.number, service))
    if row.state is not RequestState.DEFERRED:
        raise Conflict(_("%(number)s is not deferred any more. Nothing was given.", number=row.number))


def _seat(db: Session, me: Viewer, seats: Book, service: Service, wanted: Wanted, *, now: datetime) -> None:
    slot = seats.offers(service, wanted.date, wanted.starts)
    if slot is None:
        at = clock_words(wanted.starts)
        raise Conflict(_("%(at)s is not free any more. Choose from what is free now; nothing was given.", at=at))
    row = {
        "office_id": me.office_id,
        "request_id": wanted.request_id,
        "service_type_id": service.id,
        "division_id": service.division_id,
        "date": slot.date,
        "starts": slot.starts,
        "minutes": slot.minutes,
        "seat": slot.seat,
        "state": _A.INVITED,
        "created_at": now,
        "version": 1,
    }
    id_: int = db.scalars(insert(Appointment).values(row).returning(Appointment.id)).one()
    hold(db, service.division_id, id_, slot)
    note(db, me, id_, _A.INVITED, now=now)
    told: dict[str, Any] = {"request": wanted.request_id, "date": slot.date.isoformat(), "at": clock_words(slot.starts)}
    audit.record(db, me, "appointment.given", "appointment", id_, now=now, **told)
    seats.take(service.id, slot)


def hold(db: Session, division_id: int, appointment_id: int, slot: Slot) -> None:
    held = {"division_id": division_id, "date": slot.date, "seat": slot.seat, "appointment_id": appointment_id}
    db.execute(insert(AppointmentHold), [held | {"starts": unit} for unit in slot.units])


def appointment_to_change(db: Session, me: Viewer, id_: int, *, now: datetime) -> Appointment:
    return appointments_to_change(db, me, [id_], now=now)[0]


def appointments_to_change(db: Session, me: Viewer, ids: Collection[int], *, now: datetime) -> list[Appointment]:
    found = select(Appointment, ServiceRequest.assignee_id)
    found = found.join(ServiceRequest, ServiceRequest.id == Appointment.request_id)
    mine = (Appointment.office_id == me.office_id, Appointment.id.in_(ids))
    given = db.execute(found.where(*mine).order_by(Appointment.id)).all()
    if len(given) != len(set(ids)):
        raise NotFound(_("There is no such appointment in your office."))
    _require_each(db, me, ((each.division_id, holder_id) for each, holder_id in given), now=now)
    return [each for each, _holder in given]


def cancel(db: Session, me: Viewer, found: Appointment, *, why: str, now: datetime) -> None:
    """Free the slot; the request waits for another one. Twice is once."""
    if found.state in AHEAD:
        give_up(db, me, found.request_id, _A.CANCELLED, now=now, text=why)
    elif found.state is not _A.CANCELLED:
        raise Conflict(_already())


def told(db: Session, me: Viewer, found: Appointment, *, now: datetime) -> None:
    """Note that the citizen was written to. Twice is once."""
    if found.state is _A.INVITED:
        _become(db, me, found, _A.TOLD, now=now)
    elif found.state not in AHEAD:
        raise Conflict(_already())


def confirm(db: Session, me: Viewer, found: Appointment, *, sure: bool, now: datetime) -> None:
    """Note that the citizen said to come, or is not sure after all. Twice is once."""
    if found.state not in AHEAD:
        raise Conflict(_already())
    if _has_begun(me, found, now):
        raise Refused(_("This appointment has begun already. Note whether the applicant came."))
    if (found.state is _A.CONFIRMED) != sure:
        _become(db, me, found, _A.CONFIRMED if sure else _A.TOLD, now=now)


def _has_begun(me: Viewer, found: Appointment, now: datetime) -> bool:
    return Slot(found.date, found.starts, found.minutes, found.seat).has_begun(now.astimezone(me.zone))


def came(db: Session, me: Viewer, found: Appointment, *, now: datetime) -> None:
    """Note that the citizen is here, also late after all: the request goes on. Twice is once."""
    if found.state is _A.CAME:
        return
    here = now.astimezone(me.zone)
    if found.date > here.date():
        raise Refused(_("This appointment is not today."))
    if found.state not in {*AHEAD, _A.NO_SHOW} or (found.state is _A.NO_SHOW and found.date != here.date()):
        raise Conflict(_already())
    request = _request_of(db, me, found, now=now)
    _become(db, me, found, _A.CAME, now=now)
    if request.state is RequestState.DEFERRED:
        text = _("Came to the appointment")
        steps.change_state(db, me, request, state=RequestState.CHECKING, note=text, now=now)


def did_not_come(db: Session, me: Viewer, found: Appointment, *, now: datetime) -> None:
    """Note that the citizen is not here: the request waits for another slot, with this one in its history."""
    if found.state is _A.NO_SHOW:
        return
    if not _has_begun(me, found, now):
        raise Refused(_("This appointment has not begun yet."))
    if found.state not in AHEAD:
        raise Conflict(_already())
    _become(db, me, found, _A.NO_SHOW, now=now)


def undo_came(db: Session, me: Viewer, found: Appointment, *, why: str, now: datetime) -> None:
    """Take back on the same day that the citizen came: appointment and request stand as before. Twice is once."""
    if found.state in {*AHEAD, _A.NO_SHOW}:
        return
    if found.state is not _A.CAME:
        raise Conflict(_already())
    course = select(AppointmentStep.state, AppointmentStep.at).where(AppointmentStep.appointment_id == found.id)
    before, came_step = db.execute(course.order_by(AppointmentStep.id.desc()).limit(2)).all()[::-1]
    if clock.local_day(came_step.at, me.zone) != clock.local_day(now, me.zone):
        raise Refused(_("This is taken back on the same day only."))
    request = _request_of(db, me, found, now=now)
    _become(db, me, found, before.state, text=why, now=now)
    moved = select(RequestEvent.id).where(
        RequestEvent.request_id == found.request_id,
        RequestEvent.at == came_step.at,
        RequestEvent.state == RequestState.CHECKING,
    )
    if db.scalars(moved.limit(1)).first() is None:
        return  # the request had gone on before
    if request.state is not RequestState.CHECKING:
        said = _("%(number)s went on since: “%(state)s”. Nothing was changed.", number=request.number,
                 state=request.state_label)  # fmt: skip
        raise Conflict(said)
    steps.change_state(db, me, request, state=RequestState.DEFERRED, note=why, now=now)


def _request_of(db: Session, me: Viewer, found: Appointment, *, now: datetime) -> one.Request:
    """Return the request of an appointment, as long as it still asks for the service of it; it stays so until the end.

    Whatever else moves it on takes the request first and then its slot, as we do.
    """
    lock_row(db, ServiceRequest, found.request_id)
    request = one.request_for(db, me, found.request_id, now=now)
    if request.service_id != found.service_type_id:
        raise Conflict(_corrected(request.number, office.services(db, me.office_id)[request.service_id]))
    return request


def _corrected(number: str, service: Service) -> str:
    return _("%(number)s is for “%(service)s” now. Nothing was changed.", number=number, service=service.name)


def _become(
    db: Session, me: Viewer, found: Appointment, state: AppointmentState, *, now: datetime, text: str = ""
) -> None:
    before = found.state
    write_over(db, Appointment, found.id, seen=found.version, said=_already(), state=state)
    note(db, me, found.id, state, now=now, text=text)
    facts: dict[str, Any] = {"before": before, "after": state, "request": found.request_id}
    audit.record(db, me, f"appointment.{state}", "appointment", found.id, now=now, **facts)


def _already() -> str:
    return _("This appointment was changed meanwhile. Look at it as it is now.")
