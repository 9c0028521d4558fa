"""Days that are over, as they follow from their facts: kept so that a month is read, and never a fact themselves."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id
from staffhub.models.org import EmploymentType
from staffhub.models.presence import WorkMode
from staffhub.models.roster import DayPart
from staffhub.models.system import Work

# Literal on purpose: an index for some rows serves only a question that repeats its words.
WAITS = text("needs_person = true")
OPEN = text("open_until IS NOT NULL")


class StoredDay(Base):
    """What `days.reconcile` says of an officer's day; `days.store` writes it again whenever a fact behind it changes.

    `facts_hash` is of everything that was read for it: the same facts give the same hash and the same row.
    `open_until`: the night may still take its check-out until then, and nobody trusts the row before it is over.
    """

    __tablename__ = "day_record"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "date"),
        Index(None, "office_id", "date"),
        Index("ix_day_record_waits", "office_id", "date", postgresql_where=WAITS, sqlite_where=WAITS),
        Index("ix_day_record_open", "office_id", "date", postgresql_where=OPEN, sqlite_where=OPEN),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    # Of the posting in force on the day; None: the whole office, as for its head.
    division_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"))
    employment_type: Mapped[EmploymentType | None]
    # Names as of `days.State` and `days.Finding`, which lie above.
    state: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(12))
    mode: Mapped[WorkMode | None]
    planned: Mapped[str | None] = mapped_column(String(12))
    # The half of the day that was leave.
    half: Mapped[DayPart | None]
    note: Mapped[str] = mapped_column(String(200), default="")
    first: Mapped[datetime | None]
    last: Mapped[datetime | None]
    # Minutes.
    worked: Mapped[int]
    late: Mapped[int]
    early: Mapped[int]
    late_tier: Mapped[str] = mapped_column(String(20), default="")
    early_tier: Mapped[str] = mapped_column(String(20), default="")
    # [{"kind", "needs_person", "count", ...}], and their kinds between commas for whoever looks for one of them.
    findings: Mapped[list[Any]]
    kinds: Mapped[str] = mapped_column(String(400), default="")
    needs_person: Mapped[bool]
    # Nothing to look at: its cell leads nowhere.
    is_plain: Mapped[bool] = mapped_column(default=False, server_default=false())
    corrected: Mapped[bool]
    counted: Mapped[bool]
    rules: Mapped[list[Any]]
    facts_hash: Mapped[str] = mapped_column(String(64))
    open_until: Mapped[datetime | None]
    computed_at: Mapped[datetime]


class ProposalSource(StrEnum):
    """What the machine took the time of a missing check-out from."""

    LOG = "log"
    MEETING = "meeting"
    REQUEST = "request"
    MARK = "mark"


class CheckoutProposal(Base):
    """When a day without a check-out probably ended, by its last evidence. Made by the machine: it changes nothing by
    itself, is no correction, and waits for the person.
    """

    __tablename__ = "checkout_proposal"
    __table_args__ = (UniqueConstraint("office_id", "officer_id", "date"), Index(None, "office_id", "date"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    at: Mapped[datetime]
    source: Mapped[ProposalSource]
    # The log entry, the meeting, the request or the mark; where it lies is said by `source`.
    source_id: Mapped[int]
    created_at: Mapped[datetime]


class Recount(Base, Work):
    """Days to be computed again because a rule, a holiday, the first counted date or many postings changed.

    `officers`: of these alone, None: of everybody. `done` of `total` days are done, up to `officer_id` and no further.
    """

    __tablename__ = "recount"
    __table_args__ = (
        Index(None, "office_id", "state"),
        Index(None, "office_id", "id"),
        Index(None, "state", "due_at"),
    )
    job: ClassVar[str] = "recount"

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    first: Mapped[date]
    last: Mapped[date]
    officers: Mapped[list[Any] | None]
    # What changed: "rule_set", "holiday", "office", "officer", "posting", ...
    cause: Mapped[str] = mapped_column(String(40))
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    officer_id: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)


class RecountedDay(Base):
    """A day that reads differently after a recount: what stood on the sheet before and after."""

    __tablename__ = "recounted_day"
    __table_args__ = (UniqueConstraint("recount_id", "officer_id", "date"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    recount_id: Mapped[int] = mapped_column(ForeignKey("recount.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
