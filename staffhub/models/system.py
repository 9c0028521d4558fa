"""The machine's own memory: the audit trail, claims of jobs, heartbeats."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id

# What a board could show changed, but for the marks, which it counts themselves. Said the other way round, so that an
# event nobody thought of counts as well; a new kind that happens often and changes no board belongs here.
# Literal on purpose: an index for some rows serves only a question that repeats its words.
BOARD_CHANGES = text(
    "subject NOT IN ('mark', 'account', 'session', 'log_entry', 'daily_report', 'meeting', 'service_request') "
    "AND verb NOT IN ('day.read', 'attendance.exported', 'presence.check_in', 'presence.check_out')"
)


class AuditEvent(Base):
    """Written with the change it tells of; sealed into the hash chain by the next tick.

    Sealing apart keeps the chain's order out of the change's transaction: a burst of check-ins does not queue for it.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("sequence"),
        Index(None, "subject", "subject_id"),
        Index(None, "office_id", "at"),
        Index("ix_audit_event_board", "office_id", "at", postgresql_where=BOARD_CHANGES, sqlite_where=BOARD_CHANGES),
    )

    id: Mapped[Id]
    office_id: Mapped[int | None]
    at: Mapped[datetime]
    # Account of the person; null: the system itself.
    actor_id: Mapped[int | None]
    verb: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None]
    facts: Mapped[dict[str, Any]]
    request_id: Mapped[str] = mapped_column(String(32))
    sequence: Mapped[int | None]
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str | None] = mapped_column(String(64))


class Claim(Base):
    """Who does a job for a slot of time: the first insert wins, and a lease that ended frees it."""

    __tablename__ = "claim"
    __table_args__ = (UniqueConstraint("job", "slot"),)

    id: Mapped[Id]
    job: Mapped[str] = mapped_column(String(40))
    slot: Mapped[str] = mapped_column(String(40))
    lease_until: Mapped[datetime]
    done_at: Mapped[datetime | None]


class TaskState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"


class Work:
    """What every row of an outbox has; `job` of the table is the scheduler's name for whoever does it (see claims)."""

    job: ClassVar[str]

    id: Mapped[Id]
    state: Mapped[TaskState]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Heartbeat(Base):
    """`boot` and `seconds`: which start of the machine it was, and how long after it, whatever its clock says."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]
    boot: Mapped[str] = mapped_column(String(40), default="", server_default=text("''"))
    seconds: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
