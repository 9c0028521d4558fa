"""What is planned: a weekday pattern for each officer and dated exceptions. Roster and leave write the same rows."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class PlanMode(StrEnum):
    OFFICE = "office"
    HOME = "home"
    FIELD = "field"
    LEAVE = "leave"


class WeekPattern(Base):
    """The usual week from a date on; a newer row ends the older one, so that past plans stay what they were."""

    __tablename__ = "week_pattern"
    __table_args__ = (UniqueConstraint("office_id", "officer_id", "valid_from"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    valid_from: Mapped[date]
    # Seven of "office", "home", "field" or null (no work), Monday first.
    days: Mapped[list[Any]]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


class PlanEntry(Base):
    __tablename__ = "plan_entry"
    __table_args__ = (UniqueConstraint("office_id", "officer_id", "date"), Index(None, "office_id", "date"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    mode: Mapped[PlanMode]
    note: Mapped[str] = mapped_column(String(200), default="")
    # Who wrote the row: "manual" today; the roster and leave approval put their own name here.
    source: Mapped[str] = mapped_column(String(20), default="manual")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
