"""What citizens ask for. No NIK, no KK number, no scan is kept: a short name, a phone and a reference."""

import secrets
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Computed, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned


class Channel(StrEnum):
    WHATSAPP = "whatsapp"
    APP = "app"
    COUNTER = "counter"


class RequestState(StrEnum):
    NEW = "new"
    CHECKING = "checking"
    WAITING = "waiting"
    DEFERRED = "deferred"
    SIGNING = "signing"
    READY = "ready"
    DONE = "done"
    CANCELLED = "cancelled"


PAPERS = 600  # characters
SLOT_STEP = 5  # minutes: every appointment begins and ends on one
# No vowel, so that no word comes about, and of letters and digits that are taken for each other at most one.
CODE_LETTERS = "CDFHJKMNPQRTWXY34679"


def new_code(pick: Callable[[str], str] = secrets.choice) -> str:
    """Make up what a citizen asks with, such as K7M4-TRXW: by chance, so that no other code follows from it."""
    letters = "".join(pick(CODE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


class ServiceType(Base, Versioned):
    __tablename__ = "service_type"
    __table_args__ = (UniqueConstraint("office_id", "code"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"))
    # e-KTP recording and marriage need the citizen in person and wait unless urgent.
    needs_presence: Mapped[bool]
    # Working days promised; null: not set by the office, and never shown as law.
    service_days: Mapped[int | None]
    # Or working hours promised; never both.
    service_hours: Mapped[int | None]
    # What the citizen brings or sends, a line for each.
    papers: Mapped[str] = mapped_column(String(PAPERS), server_default=text("''"))
    # At most so many appointments a day; null: no bound is set.
    daily_quota: Mapped[int | None]
    # How long the citizen sits with an officer, in steps of SLOT_STEP minutes; null: it is not given by appointment.
    slot_minutes: Mapped[int | None]
    sort: Mapped[int]
    # From then on nobody asks for it any more; what was asked before is worked off.
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


# However many were closed, what is open stays as little as the desks hold.
_OPEN = text("closed_at IS NULL")


class ServiceRequest(Base, Versioned):
    __tablename__ = "service_request"
    __table_args__ = (
        UniqueConstraint("office_id", "number"),
        UniqueConstraint("office_id", "idempotency_key"),
        # Of all offices: a citizen names none.
        Index(None, "public_code", unique=True),
        # All that a list of what is closed asks.
        Index("ix_service_request_closed", "office_id", "closed_at", "id", "service_type_id"),
        # All that a search asks: it reads every entry, and not one row.
        Index(
            "ix_service_request_sought", "office_id", "sought", "closed_at", "state", "assignee_id", "service_type_id",
            "due_at", "urgent", "created_at", "id",
        ),
        # Whether the same number asked for the same before.
        Index(None, "office_id", "phone", "service_type_id", "created_at"),
        Index(None, "assignee_id", "state"),
        # Page by page from the newest on, as programs read.
        Index(None, "office_id", "id"),
        # Whether anybody ever asked for a service.
        Index(None, "service_type_id"),
        # All that the list and its counts ask of what is open.
        Index(
            "ix_service_request_open", "office_id", "closed_at", "assignee_id", "state", "service_type_id", "urgent",
            "created_at", "number", "due_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN,
        ),
        # What is overdue and soon due: only what is promised and lies with the office has a moment when it is due.
        Index("ix_service_request_due", "office_id", "due_at", "service_type_id", "assignee_id",
            postgresql_where=text("due_at IS NOT NULL"), sqlite_where=text("due_at IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    # PM-YYMM-NNNN: permohonan, year and month, running number of the month.
    number: Mapped[str] = mapped_column(String(20))
    public_code: Mapped[str] = mapped_column(String(9), default=new_code, server_default=text("''"))
    service_type_id: Mapped[int] = mapped_column(ForeignKey("service_type.id"))
    applicant: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(24), default="")
    channel: Mapped[Channel]
    urgent: Mapped[bool]
    siak_reference: Mapped[str] = mapped_column(String(40), default="")
    state: Mapped[RequestState]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    # Until when it is promised; null while its clock stands still, and where nothing is promised.
    due_at: Mapped[datetime | None]
    idempotency_key: Mapped[str] = mapped_column(String(64))
    # What a search looks into, written by the database: a name is found by any part of it.
    sought: Mapped[str] = mapped_column(
        String(100), Computed("lower(number || ' ' || applicant || ' ' || public_code)", persisted=True), deferred=True
    )


class RequestEvent(Base):
    __tablename__ = "request_event"
    __table_args__ = (Index(None, "request_id", "at"), Index(None, "office_id", "at"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("service_request.id"))
    at: Mapped[datetime]
    # The officer who did it, for the day's evidence; the account is in the audit trail.
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"), index=True)
    state: Mapped[RequestState]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    note: Mapped[str] = mapped_column(String(200), default="")
    # The program that did it, where nobody did.
    token_id: Mapped[int | None] = mapped_column(ForeignKey("api_token.id"))
    # What this step made of the urgency, its note the reason; null: nothing.
    urgent: Mapped[bool | None]
    # Which facts of the request this step put right, or followed from putting right, as applicant,phone; null: none.
    corrected: Mapped[str | None] = mapped_column(String(60))


class KeptList(Base):
    """The good rows of a list of requests that waits for the press of whoever brought it, for an hour.

    `rows` are row number, {column: text} and what the row is known by without a telephone; they go with the press, and
    `taken` says what it made of them, so that a second one is answered as the first.
    """

    __tablename__ = "kept_list"
    __table_args__ = (UniqueConstraint("account_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    # Of the file's content: which list the page of a press had shown.
    mark: Mapped[str] = mapped_column(String(32))
    rows: Mapped[list[Any]]
    taken: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(index=True)
