"""How an appointment ends before its time, for whatever moves its request on; it knows of no other room."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.models import Appointment, AppointmentHold, AppointmentState, AppointmentStep
from staffhub.models.appointments import IS_AHEAD
from staffhub.security import Viewer


def note(db: Session, me: Viewer, id_: int, state: AppointmentState, *, now: datetime, text: str = "") -> None:
    step = {"office_id": me.office_id, "appointment_id": id_, "at": now, "officer_id": me.officer_id}
    db.execute(insert(AppointmentStep).values(**step, state=state, note=text))


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
