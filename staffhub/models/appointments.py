"""When a citizen comes in person: the appointments, the minutes they hold, and every step of theirs."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned

_Day = date  # a class with a column of this name cannot speak of the type


class AppointmentState(StrEnum):
    """`invited`: a slot is given; `told`: the citizen was written to; `confirmed`: the citizen said to come.

    `moved`: another slot was given instead.
    """

    INVITED = "invited"
    TOLD = "told"
    CONFIRMED = "confirmed"
    CAME = "came"
    NO_SHOW = "no_show"
    MOVED = "moved"
    CANCELLED = "cancelled"


AHEAD = (AppointmentState.INVITED, AppointmentState.TOLD, AppointmentState.CONFIRMED)
_STILL = "state IN ('invited', 'told', 'confirmed')"
# The same, said as the index of what is ahead says it: SQLite uses a partial index only where it reads its own words.
IS_AHEAD = text(f"appointment.{_STILL}")


class Appointment(Base, Versioned):
    __tablename__ = "appointment"
    __table_args__ = (
        Index(None, "office_id", "division_id", "date"),
        # Also: nobody is invited twice at a time for one request.
        Index(
            "ix_appointment_ahead", "request_id", unique=True, postgresql_where=text(_STILL), sqlite_where=text(_STILL)
        ),
        Index(None, "request_id", "id"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("service_request.id"))
    service_type_id: Mapped[int] = mapped_column(ForeignKey("service_type.id"), index=True)
    # The bidang whose people receive the citizen.
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"))
    date: Mapped[_Day]
    # Wall-clock time in the office's zone.
    starts: Mapped[time]
    minutes: Mapped[int]
    # Which of the places that the bidang has in that minute: 1 to the number of its people in the office.
    seat: Mapped[int]
    state: Mapped[AppointmentState]
    created_at: Mapped[datetime]


class AppointmentHold(Base):
    """SLOT_STEP minutes of one seat that an appointment takes: the key lets no other have them, however long it is.

    Removed when the appointment is moved or cancelled; what was held stands in its steps.
    """

    __tablename__ = "appointment_hold"
    __table_args__ = (UniqueConstraint("division_id", "date", "starts", "seat"), Index(None, "appointment_id"))

    id: Mapped[Id]
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"))
    date: Mapped[_Day]
    starts: Mapped[time]
    seat: Mapped[int]
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))


class AppointmentStep(Base):
    __tablename__ = "appointment_step"
    __table_args__ = (Index(None, "appointment_id", "id"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    at: Mapped[datetime]
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    state: Mapped[AppointmentState]
    note: Mapped[str] = mapped_column(String(200), default="")
