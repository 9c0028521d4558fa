"""How an appointment ends before its time, for whatever moves its request on; it knows of no other room."""

from datetime import date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import rows
from staffhub.models import Appointment, AppointmentHold, AppointmentState, AppointmentStep
from staffhub.models.appointments import IS_AHEAD
from staffhub.security import Viewer


def note(db: Session, me: Viewer, id_: int, state: AppointmentState, *, now: datetime, text: str = "") -> None:
    step = {"office_id": me.office_id, "appointment_id": id_, "at": now, "officer_id": me.officer_id}
    db.execute(insert(AppointmentStep).values(**step, state=state, note=text))


class Slot(NamedTuple):
    date: date
    starts: time


_AHEAD = select(Appointment.date, Appointment.starts).where(
    Appointment.office_id == bindparam("office", type_=BigInteger),
    Appointment.request_id == bindparam("request", type_=BigInteger),
    IS_AHEAD,
)


def ahead(db: Session, me: Viewer, request_id: int) -> Slot | None:
    """Return the slot that a request has, as long as nobody noted what became of it."""
    row = rows(db, _AHEAD, office=me.office_id, request=request_id).one_or_none()
    return Slot(*row) if row else None


def give_up(
    db: Session, me: Viewer, request_id: int, state: AppointmentState, *, now: datetime, text: str = ""
) -> int | None:
    """Free the slot of a request that is still to come; return which appointment that was, None where there is none."""
    one = Appointment
    id_ = db.scalar(
        update(one)
        .where(one.office_id == me.office_id, one.request_id == request_id, IS_AHEAD)
        .values(state=state, version=one.version + 1)
        .returning(one.id)
    )
    if id_ is not None:
        db.execute(delete(AppointmentHold).where(AppointmentHold.appointment_id == id_))
        note(db, me, id_, state, now=now, text=text)
        told: dict[str, Any] = {"request": request_id, "why": text}
        audit.record(db, me, f"appointment.{state}", "appointment", id_, now=now, **told)
    return id_
