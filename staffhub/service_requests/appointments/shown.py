"""Appointments as pages show them: of a day, of a request, who waits for one, and who cannot be received any more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from staffhub import i18n, office
from staffhub.db import rows
from staffhub.i18n import gettext as _
from staffhub.models import (
    Appointment,
    AppointmentState,
    AppointmentStep,
    Officer,
    RequestState,
    ServiceRequest,
    ServiceType,
)
from staffhub.models.appointments import AHEAD, IS_AHEAD
from staffhub.office import Service
from staffhub.security import Viewer
from staffhub.service_requests.appointments.giving import Wanted
from staffhub.service_requests.appointments.slots import Book, Slot, services_of

BATCH = 50
# So long after its day it is asked whether somebody came.
_ASKED_FOR = timedelta(days=60)
_OFFICE, _DIVISION = bindparam("office", type_=BigInteger), bindparam("division", type_=BigInteger)
_DONE_WITH = (AppointmentState.MOVED, AppointmentState.CANCELLED)


def state_label(state: AppointmentState) -> str:
    return {
        AppointmentState.INVITED: _("slot given"),
        AppointmentState.TOLD: _("invited"),
        AppointmentState.CONFIRMED: _("will come"),
        AppointmentState.CAME: _("came"),
        AppointmentState.NO_SHOW: _("did not come"),
        AppointmentState.MOVED: _("moved"),
        AppointmentState.CANCELLED: _("cancelled"),
    }[state]


@dataclass(frozen=True)
class Invitation:
    """What the citizen is told of an appointment that is still to come, and nothing more."""

    date: date
    starts: time
    papers: tuple[str, ...]


def appointment_of(db: Session, me: Viewer, request_id: int) -> Invitation | None:
    """Return when the citizen of a request is to come; None where no slot is given."""
    one = Appointment
    mine = (one.request_id == request_id, IS_AHEAD)
    found = select(one.date, one.starts, ServiceType.papers).join(ServiceType, ServiceType.id == one.service_type_id)
    row = db.execute(found.where(one.office_id == me.office_id, *mine)).one_or_none()
    return Invitation(row.date, row.starts, tuple(row.papers.splitlines())) if row else None


class _InState:
    """How an appointment stands, for whatever row has its state."""

    state: AppointmentState

    @property
    def state_label(self) -> str:
        return state_label(self.state)

    @property
    def is_ahead(self) -> bool:
        return self.state in AHEAD

    @property
    def is_open(self) -> bool:
        """Whether nobody knows yet if the citizen comes."""
        return self.is_ahead and self.state is not AppointmentState.CONFIRMED


@dataclass(frozen=True)
class Given(_InState):
    """One appointment in a list; `beyond`: nobody is left in the office to receive the citizen then; `corrected`: its
    request asks for another service since.
    """

    id: int
    slot: Slot
    state: AppointmentState
    request_id: int
    number: str
    applicant: str
    service: str
    urgent: bool
    corrected: bool
    beyond: bool


_GIVEN: Select[*tuple[Any, ...]] = (
    select(
        Appointment.id,
        Appointment.date,
        Appointment.starts,
        Appointment.minutes,
        Appointment.seat,
        Appointment.state,
        Appointment.service_type_id,
        ServiceRequest.id,
        ServiceRequest.number,
        ServiceRequest.applicant,
        ServiceRequest.urgent,
        ServiceRequest.service_type_id != Appointment.service_type_id,
    )
    .join(ServiceRequest, ServiceRequest.id == Appointment.request_id)
    .where(
        Appointment.office_id == _OFFICE,
        Appointment.division_id == _DIVISION,
        Appointment.date >= bindparam("since", type_=Date),
        Appointment.state.not_in(_DONE_WITH),
        or_(
            Appointment.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
            Appointment.date.between(bindparam("since", type_=Date), bindparam("until", type_=Date))
            & Appointment.state.in_(AHEAD),
        ),
    )
    .order_by(Appointment.date, Appointment.starts, Appointment.seat, Appointment.id)
)


def given(db: Session, me: Viewer, division_id: int, seats: Book, first: date, last: date) -> list[Given]:
    """Return the appointments of these dates, and on others what is to come or was not noted when its day was over."""
    english, kinds = i18n.current_locale() == "en", office.services(db, me.office_id)
    asked: dict[str, object] = {"office": me.office_id, "division": division_id, "first": first, "last": last}
    asked |= {"since": min(first, seats.today - _ASKED_FOR), "until": seats.last}
    found = []
    for id_, day, starts, minutes, seat, state, service_id, *request in rows(db, _GIVEN, **asked):
        slot, kind = Slot(day, starts, minutes, seat), kinds[service_id]
        request_id, number, applicant, urgent, corrected = request
        # What has begun already was received by whoever was there.
        beyond = state in AHEAD and (day, starts) > (seats.today, seats.now) and seats.is_beyond(slot)
        name = kind.name_en if english else kind.name
        found.append(Given(id_, slot, state, request_id, number, applicant, name, urgent, corrected, beyond))
    return found


@dataclass(frozen=True)
class Hour:
    """One moment of a day: who comes then, and how many more could."""

    starts: time
    given: Sequence[Given]
    free: int


def hours_of(seats: Book, kinds: Mapping[int, Service], day: date, rows_: Iterable[Given]) -> list[Hour]:
    """Return the moments of a day in order: those with somebody, and those that can still be given."""
    here: dict[time, list[Given]] = {}
    for one in rows_:
        if one.slot.date == day:
            here.setdefault(one.slot.starts, []).append(one)
    free: dict[time, int] = {}
    for service in kinds.values():
        for slot in seats.free(service, day):
            free[slot.starts] = max(free.get(slot.starts, 0), seats.left(slot))
    return [Hour(at, here.get(at, ()), free.get(at, 0)) for at in sorted({*here, *free})]


@dataclass(frozen=True)
class InLine:
    """A deferred request that has no slot to come: none yet, or one of a day that is over."""

    id: int
    number: str
    applicant: str
    service_id: int
    urgent: bool
    created_at: datetime
    no_shows: int


def _line() -> Select[*tuple[Any, ...]]:
    request, one = ServiceRequest, Appointment
    of_it = select(func.count()).where(one.request_id == request.id).correlate(request)
    missed = of_it.where(one.state == AppointmentState.NO_SHOW).scalar_subquery()
    to_come = IS_AHEAD & (one.date >= bindparam("today", type_=Date))
    return (
        select(
            request.id,
            request.number,
            request.applicant,
            request.service_type_id,
            request.urgent,
            request.created_at,
            missed,
            func.count().over(),
        )
        .where(
            request.office_id == _OFFICE,
            request.closed_at.is_(None),
            request.state == RequestState.DEFERRED,
            request.service_type_id.in_(bindparam("services", expanding=True)),
            ~select(one.id).where(one.request_id == request.id, to_come).correlate(request).exists(),
        )
        .order_by(request.urgent.desc(), request.created_at, request.id)
        .limit(bindparam("most", type_=Integer))
    )


_LINE = _line()


def in_line(
    db: Session, me: Viewer, kinds: Mapping[int, Service], *, today: date, most: int
) -> tuple[list[InLine], int]:
    """Return who waits for a slot, urgent first and then the oldest, and how many they are in all."""
    if not kinds:
        return [], 0
    found = rows(db, _LINE, office=me.office_id, services=sorted(kinds), today=today, most=most).all()
    return [InLine(*row[:-1]) for row in found], found[0][-1] if found else 0


def proposed(
    seats: Book, kinds: Mapping[int, Service], line: Iterable[InLine], *, since: date
) -> list[tuple[InLine, Wanted]]:
    """Say who would get which slot from a date on, in the order of the line; who gets none is left out."""
    found = []
    for one in line:
        slot = next((slot for slot in seats.next_free(kinds[one.service_id]) if slot.date >= since), None)
        if slot:
            seats.take(one.service_id, slot)
            found.append((one, Wanted(one.id, slot.date, slot.starts)))
    return found


@dataclass(frozen=True)
class Step:
    at: datetime
    officer: str | None
    state: AppointmentState
    note: str

    @property
    def state_label(self) -> str:
        return state_label(self.state)


@dataclass(frozen=True)
class OfRequest(_InState):
    id: int
    slot: Slot
    state: AppointmentState
    steps: Sequence[Step]


_OF_REQUEST: Select[*tuple[Any, ...]] = (
    select(
        Appointment.id,
        Appointment.date,
        Appointment.starts,
        Appointment.minutes,
        Appointment.seat,
        Appointment.state,
        AppointmentStep.at,
        Officer.name,
        AppointmentStep.state,
        AppointmentStep.note,
    )
    .join(AppointmentStep, AppointmentStep.appointment_id == Appointment.id)
    .outerjoin(Officer, Officer.id == AppointmentStep.officer_id)
    .where(Appointment.request_id == bindparam("request"), Appointment.office_id == _OFFICE)
    .order_by(Appointment.id.desc(), AppointmentStep.id)
)


def of_request(db: Session, me: Viewer, request_id: int) -> list[OfRequest]:
    """Return every appointment of a request, the newest first, each with its steps in order."""
    found = rows(db, _OF_REQUEST, request=request_id, office=me.office_id)
    return [
        OfRequest(
            head[0],
            Slot(*head[1:5]),
            head[5],
            [Step(at.astimezone(me.zone), who, state, note) for *_head, at, who, state, note in steps],
        )
        for head, steps in groupby(found, key=itemgetter(slice(0, 6)))
    ]


def divisions(db: Session, me: Viewer) -> list[tuple[int, str]]:
    """Return the bidang that give appointments, the own one first; where none does, those that could."""
    known = list(office.divisions(db, me.office_id).values())
    found = [one for one in known if services_of(db, me, one.id) or one.id == me.division_id] or known
    return sorted(((one.id, one.name) for one in found), key=lambda one: one[0] != me.division_id)


def week_of(day: date) -> list[date]:
    return [day + timedelta(days=n - day.weekday()) for n in range(7)]
