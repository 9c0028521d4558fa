"""What is planned: the usual week of each officer, and ranges of dates that were granted, in layers over it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class PlanMode(StrEnum):
    OFFICE = "office"
    HOME = "home"
    FIELD = "field"
    LEAVE = "leave"


# What stands for a planned place in sheets: K kantor, R rumah, DL dinas luar, C cuti, L libur; office documents use
# these letters in any language.
PLAN_LETTERS = {
    PlanMode.OFFICE: "K",
    PlanMode.HOME: "R",
    PlanMode.FIELD: "DL",
    PlanMode.LEAVE: "C",
    None: "L",
}


class PlanLayer(StrEnum):
    """On what a planned day rests. Which layer lies over which is said once, in `workdays.plans`."""

    LEAVE = "leave"
    DUTY = "duty"
    EXEMPTION = "exemption"
    HAND = "hand"
    ROSTER = "roster"


class DayPart(StrEnum):
    """Which half of a working day a leave is for."""

    MORNING = "morning"
    AFTERNOON = "afternoon"


# A range of field duty of this kind is a study assignment (TB).
STUDY = "study"


class WeekPattern(Base):
    """The usual week from a date on, as it was saved; a later save is a row of its own, so that nothing is overwritten.

    Of one date the highest version holds. `days` null: that save takes the week of its date back.
    """

    __tablename__ = "week_pattern"
    __table_args__ = (UniqueConstraint("office_id", "officer_id", "version"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    valid_from: Mapped[date]
    # Counts the saves of one officer: of two at once the database lets one in.
    version: Mapped[int] = mapped_column(default=1)
    # Seven of "office", "home", "field" or null (no work), Monday first.
    days: Mapped[list[Any] | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


class PlanGrant(Base):
    """A range as it was granted; never changed afterwards. It counts on every calendar date from first to last.

    What a date becomes is worked out from it (`workdays.PlanBook`): on a free day it is no work, unless it was written
    for free days too, as somebody's duty on a Saturday is.
    """

    __tablename__ = "plan_grant"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "idempotency_key"),
        Index(None, "office_id", "officer_id", "first"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    layer: Mapped[PlanLayer]
    first: Mapped[date]
    last: Mapped[date]
    mode: Mapped[PlanMode]
    # What of its mode it is: for leave the kind (`workdays.LeaveKind`), for field duty STUDY; empty where nobody said.
    kind: Mapped[str] = mapped_column(String(40), default="", server_default=text("''"))
    # Of leave for half of one day: which half. None: whole days.
    part: Mapped[DayPart | None]
    note: Mapped[str] = mapped_column(String(200), default="")
    # The letter it rests on: the number of a duty order, of a leave letter.
    document: Mapped[str] = mapped_column(String(80), default="")
    on_free_days: Mapped[bool] = mapped_column(default=False)
    # The bidang whose desk is kept in the office then, where somebody is lent to another; None: the own one.
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))


class PlanEnding(Base):
    """Dates taken out of a granted range: all of them (withdrawn), the last ones (shortened) or one between."""

    __tablename__ = "plan_ending"
    __table_args__ = (Index(None, "grant_id"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    grant_id: Mapped[int] = mapped_column(ForeignKey("plan_grant.id"))
    first: Mapped[date]
    last: Mapped[date]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


class PlanEntry(Base):
    """The range that holds on a date in a layer: the newest that was not taken out there. Follows from the two above.

    Kept as rows so that a month of an office is read by date; `roster.grants` writes them again after every change.
    """

    __tablename__ = "plan_entry"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "date", "layer"),
        Index(None, "office_id", "date"),
        Index(None, "grant_id"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    layer: Mapped[PlanLayer]
    grant_id: Mapped[int] = mapped_column(ForeignKey("plan_grant.id"))
