"""Duty orders and exemptions: what sends people elsewhere, or frees them of coming, and what changed of it later."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class Duty(StrEnum):
    """For what somebody is sent: on duty elsewhere (DL), or to study (TB)."""

    FIELD = "field"
    STUDY = "study"


class Meaning(StrEnum):
    """What an exemption makes of a working day: work from home, or a day on which nobody is expected."""

    HOME = "home"
    EXCUSED = "excused"


class OrderStep(StrEnum):
    ADDED = "added"
    TAKEN_OUT = "taken_out"
    SHORTENED = "shortened"
    WITHDRAWN = "withdrawn"


class DutyOrder(Base):
    """An order as it was signed; never changed. What became of it are steps, and the plan of those whom it names.

    `number_key`: the number without blanks and case, by which two are the same. `signed_by`: the officer who signed,
    None: somebody of another office; name and position are those of that day.
    """

    __tablename__ = "duty_order"
    __table_args__ = (
        UniqueConstraint("office_id", "number_key"),
        UniqueConstraint("office_id", "idempotency_key"),
        Index(None, "office_id", "first"),
        Index(None, "office_id", "created_at"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    number: Mapped[str] = mapped_column(String(80))
    number_key: Mapped[str] = mapped_column(String(80))
    duty: Mapped[Duty]
    issued: Mapped[date]
    first: Mapped[date]
    last: Mapped[date]
    place: Mapped[str] = mapped_column(String(160))
    purpose: Mapped[str] = mapped_column(String(400))
    basis: Mapped[str] = mapped_column(String(400), default="")
    on_free_days: Mapped[bool] = mapped_column(default=False)
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    signer_name: Mapped[str] = mapped_column(String(120))
    signer_position: Mapped[str] = mapped_column(String(120))
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))


class DutyAssignment(Base):
    """An officer whom an order names, and the range of the plan that came of it."""

    __tablename__ = "duty_assignment"
    __table_args__ = (
        UniqueConstraint("grant_id"),
        Index(None, "office_id", "order_id"),
        Index(None, "office_id", "officer_id"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("duty_order.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    grant_id: Mapped[int] = mapped_column(ForeignKey("plan_grant.id"))


class DutyOrderStep(Base):
    """What was changed of an order, by whom and why. `turn` counts the steps of one order: of two at once one gets in.

    `first` to `last`: the dates that were taken out, or that those who were added go; `officers`: whom it is about.
    """

    __tablename__ = "duty_order_step"
    __table_args__ = (UniqueConstraint("order_id", "turn"), UniqueConstraint("office_id", "idempotency_key"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("duty_order.id"))
    turn: Mapped[int]
    kind: Mapped[OrderStep]
    officers: Mapped[list[Any]]
    first: Mapped[date]
    last: Mapped[date]
    reason: Mapped[str] = mapped_column(String(400))
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))


class Exemption(Base):
    """A circular that lets people work from home, or excuses them; `scope`: whom it was written for, in words of then.

    Whom that was is evaluated once, when it is written, and stands in `exemption_person`.
    """

    __tablename__ = "exemption"
    __table_args__ = (UniqueConstraint("office_id", "idempotency_key"), Index(None, "office_id", "first"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    number: Mapped[str] = mapped_column(String(80))
    meaning: Mapped[Meaning]
    first: Mapped[date]
    last: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    scope: Mapped[dict[str, Any]]
    people: Mapped[int]
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))


class ExemptionPerson(Base):
    """One of the people of an exemption, and the range of the plan that came of it."""

    __tablename__ = "exemption_person"
    __table_args__ = (
        UniqueConstraint("grant_id"),
        Index(None, "office_id", "exemption_id"),
        Index(None, "office_id", "officer_id"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    exemption_id: Mapped[int] = mapped_column(ForeignKey("exemption.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    grant_id: Mapped[int] = mapped_column(ForeignKey("plan_grant.id"))


class ExemptionStep(Base):
    """Dates taken back for some of the people, or for all of them (`officers` null)."""

    __tablename__ = "exemption_step"
    __table_args__ = (UniqueConstraint("exemption_id", "turn"), UniqueConstraint("office_id", "idempotency_key"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    exemption_id: Mapped[int] = mapped_column(ForeignKey("exemption.id"))
    turn: Mapped[int]
    officers: Mapped[list[Any] | None]
    first: Mapped[date]
    last: Mapped[date]
    reason: Mapped[str] = mapped_column(String(400))
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))
