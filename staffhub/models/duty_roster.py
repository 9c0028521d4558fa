"""The duty roster (jadwal piket): drafts of a bidang's month and their steps, wishes, swaps, and who was called.

A draft is nobody's plan. What is published becomes ranges of the plan in the layer of the roster (`plan_grant`).
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned
from staffhub.models.roster import PlanMode
from staffhub.models.system import Work

_Day = date  # a class with a column of this name cannot speak of the type


class RosterAct(StrEnum):
    """What was done with a draft. `relaxed`: a way out of what could not be fulfilled was taken into it."""

    PROPOSED = "proposed"
    CHANGED = "changed"
    LOCKED = "locked"
    IMPORTED = "imported"
    RELAXED = "relaxed"
    REPAIRED = "repaired"
    SWAPPED = "swapped"
    UNDONE = "undone"
    PUBLISHED = "published"


class RosterPlan(Base, Versioned):
    """The month of one bidang. Its version counts the steps, so of two who change it at once the second is told.

    `published`: the version that was last published; None: never.
    """

    __tablename__ = "roster_plan"
    __table_args__ = (UniqueConstraint("office_id", "division_id", "month"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"))
    # Its first day.
    month: Mapped[date]
    published: Mapped[int | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RosterCell(Base):
    """Where the draft puts an officer on a working day; without a cell the published plan holds.

    It stands in the plan of the officer's own bidang of that day. `desk_id`: the bidang whose desk is kept, where
    somebody is lent to another; None: the own one.
    """

    __tablename__ = "roster_cell"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "date"),
        Index(None, "plan_id"),
        Index(None, "office_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("roster_plan.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[_Day]
    mode: Mapped[PlanMode]
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"))
    # Chosen by hand to stay: the solver leaves it as it is.
    locked: Mapped[bool] = mapped_column(default=False)


class RosterStep(Base):
    """One step of a draft, with every cell that it changed, so that it can be undone; append-only.

    `turn` is the version that it made. `changes`: [[officer, "YYYY-MM-DD", before, after], ...], each side
    [mode, desk or null, locked] or null where there was no cell. `undoes`: the turn that an undoing took back.
    """

    __tablename__ = "roster_step"
    __table_args__ = (UniqueConstraint("office_id", "plan_id", "turn"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("roster_plan.id"))
    turn: Mapped[int]
    act: Mapped[RosterAct]
    changes: Mapped[list[Any]]
    undoes: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


class RosterExcuse(Base):
    """A date on which a bidang need not keep the minimum of a group of the coverage rule, and why."""

    __tablename__ = "roster_excuse"
    __table_args__ = (UniqueConstraint("office_id", "division_id", "date", "group"), Index(None, "office_id", "date"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"))
    date: Mapped[_Day]
    # By its name in the rule.
    group: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(200))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


class RosterRun(Work, Base):
    """A plan that is being worked out after the request, by the scheduler: an outbox like that of exports.

    `division_id` None: the whole office. `asked`: what it is for, in the words of `roster.runs`. `outcome` comes with
    the state that says so, in one update. `progress` is of a hundred; `stopped_at`: somebody pressed Stop.
    """

    job = "roster_runs"
    __tablename__ = "roster_run"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        Index(None, "state", "due_at"),
        Index(None, "office_id", "month"),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    division_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"))
    month: Mapped[date]
    key: Mapped[str] = mapped_column(String(64))
    asked: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any] | None]
    progress: Mapped[int] = mapped_column(default=0)
    stopped_at: Mapped[datetime | None]


class RosterWish(Base):
    """Where an officer would like to work on a date; the roster tries, and promises nothing."""

    __tablename__ = "roster_wish"
    __table_args__ = (UniqueConstraint("office_id", "officer_id", "date"), Index(None, "office_id", "date"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[_Day]
    mode: Mapped[PlanMode]
    note: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]


class HomeOnly(Base, Versioned):
    """Dates on which somebody is not put on duty in the office, by a letter; why stands in the letter, never here."""

    __tablename__ = "home_only"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "idempotency_key"),
        Index(None, "office_id", "last"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    first: Mapped[date]
    last: Mapped[date]
    document: Mapped[str] = mapped_column(String(80))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class SwapState(StrEnum):
    """`undone`: applied, and taken back by the superior."""

    ASKED = "asked"
    APPLIED = "applied"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"


_SWAP_OPEN = text("state = 'asked'")


class DutySwap(Base, Versioned):
    """A turn for a turn: the asker gives `gives` to the colleague and takes `takes`; None: nothing in return."""

    __tablename__ = "duty_swap"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "idempotency_key"),
        Index(None, "office_id", "colleague_id", "state"),
        Index(None, "office_id", "gives"),
        Index(None, "office_id", "takes"),
        Index(
            "ix_duty_swap_open",
            "officer_id",
            "gives",
            unique=True,
            postgresql_where=_SWAP_OPEN,
            sqlite_where=_SWAP_OPEN,
        ),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    colleague_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    gives: Mapped[date]
    takes: Mapped[date | None]
    state: Mapped[SwapState]
    note: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class DutySwapStep(Base):
    """Each step of a swap, append-only. `grants`: the ranges of the plan that applying it wrote."""

    __tablename__ = "duty_swap_step"
    __table_args__ = (UniqueConstraint("office_id", "swap_id", "turn"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    swap_id: Mapped[int] = mapped_column(ForeignKey("duty_swap.id"))
    turn: Mapped[int]
    state: Mapped[SwapState]
    note: Mapped[str] = mapped_column(String(200), default="")
    grants: Mapped[list[Any]]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


class CallState(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


_CALL_STANDS = text("state IN ('asked', 'accepted')")


class DutyCall(Base, Versioned):
    """Somebody who is called to the office on a date to keep a desk, and what she answered. Nobody is called twice."""

    __tablename__ = "duty_call"
    __table_args__ = (
        Index(
            "ix_duty_call_stands",
            "officer_id",
            "date",
            unique=True,
            postgresql_where=_CALL_STANDS,
            sqlite_where=_CALL_STANDS,
        ),
        Index(None, "office_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[_Day]
    # The group of the coverage rule that lacks somebody, by its name there.
    group: Mapped[str] = mapped_column(String(40))
    state: Mapped[CallState]
    note: Mapped[str] = mapped_column(String(200), default="")
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    # The range of the plan that an acceptance wrote.
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("plan_grant.id"))
