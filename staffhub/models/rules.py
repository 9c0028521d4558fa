"""Legal and local numbers as rows: each has a source, a range of dates and an owner."""

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class RuleKind(StrEnum):
    WORK_HOURS = "work_hours"
    COVERAGE = "coverage"


class HolidayKind(StrEnum):
    NATIONAL = "national"
    COLLECTIVE = "collective"
    LOCAL = "local"


class RuleSet(Base):
    """What `values` must hold is said by the typed model of the kind, in `workdays.rules`; nobody else reads them.

    `groups`: the employment types it is for, null for everybody; the more specific rule wins.
    """

    __tablename__ = "rule_set"
    __table_args__ = (Index(None, "office_id", "kind", "valid_from"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    kind: Mapped[RuleKind]
    groups: Mapped[list[Any] | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    legal_source: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(80))
    values: Mapped[dict[str, Any]]


class Holiday(Base):
    __tablename__ = "holiday"
    __table_args__ = (UniqueConstraint("office_id", "date"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    date: Mapped[date]
    name: Mapped[str] = mapped_column(String(160))
    kind: Mapped[HolidayKind]
    source: Mapped[str] = mapped_column(String(160))
