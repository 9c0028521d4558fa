"""Legal and local numbers as rows: each has a source, a range of dates and an owner."""

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned


class RuleKind(StrEnum):
    WORK_HOURS = "work_hours"
    COVERAGE = "coverage"
    TIERS = "tiers"
    DISCIPLINE = "discipline"
    MINUTES_AS_DAYS = "minutes_as_days"
    LEAVE = "leave"
    FLEXIBLE = "flexible"
    DECISION = "decision"
    ROSTER_WEIGHTS = "roster_weights"
    LATE_DELIVERY = "late_delivery"
    ONE_PROOF = "one_proof"


class HolidayKind(StrEnum):
    NATIONAL = "national"
    COLLECTIVE = "collective"
    LOCAL = "local"


class RuleSet(Base, Versioned):
    """What `values` must hold is said by the typed model of the kind, in `workdays.kinds`; nobody else reads them.

    `subject`: what of its kind it is about, such as a kind of leave; empty where the kind says all.
    `groups`: the employment types it is for, null for everybody; the more specific rule wins.
    `confirmed` False: a proposal that nobody vouches for yet, and that holds for nobody.
    `replaces_id`: the rule that ended for this one, and `replaced_to` what its last day had been.
    """

    __tablename__ = "rule_set"
    __table_args__ = (Index(None, "office_id", "kind", "valid_from"), UniqueConstraint("office_id", "idempotency_key"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    kind: Mapped[RuleKind]
    subject: Mapped[str] = mapped_column(String(40), default="")
    groups: Mapped[list[Any] | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    legal_source: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(80))
    values: Mapped[dict[str, Any]]
    confirmed: Mapped[bool] = mapped_column(default=True, server_default=true())
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("rule_set.id"))
    replaced_to: Mapped[date | None]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Holiday(Base):
    __tablename__ = "holiday"
    __table_args__ = (UniqueConstraint("office_id", "date"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    date: Mapped[date]
    name: Mapped[str] = mapped_column(String(160))
    kind: Mapped[HolidayKind]
    source: Mapped[str] = mapped_column(String(160))
