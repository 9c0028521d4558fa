"""The fingerprint machine of an office: its log as it was read, beside what people declared. No finger is stored."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned
from staffhub.models.presence import MarkKind
from staffhub.models.system import Work


class Machine(Base, Versioned):
    """`utc_offset`: minutes by which its clock is set ahead of UTC. `clock_error`: seconds by which it runs ahead of
    that, as somebody read it last. `columns`: what the columns of its CSV or XLSX are, matched once. `watched`: the
    file of the office's folder that is read by itself, and `looked` how it lay there at the last look.
    """

    __tablename__ = "machine"
    __table_args__ = (UniqueConstraint("office_id", "name"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    name: Mapped[str] = mapped_column(String(60))
    serial: Mapped[str] = mapped_column(String(40), default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    utc_offset: Mapped[int]
    clock_error: Mapped[int] = mapped_column(default=0)
    clock_at: Mapped[datetime | None]
    clock_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    columns: Mapped[dict[str, Any] | None]
    watched: Mapped[str] = mapped_column(String(120), default="")
    looked: Mapped[str] = mapped_column(String(60), default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime]


class MachinePerson(Base):
    """Whose number it is on a machine, from a day to another; None: until further notice. `number` is without zeros."""

    __tablename__ = "machine_person"
    __table_args__ = (UniqueConstraint("machine_id", "number", "first"), Index(None, "office_id", "officer_id"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"))
    number: Mapped[str] = mapped_column(String(24))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    first: Mapped[date]
    last: Mapped[date | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


class MachineReading(Work, Base):
    """A file of a machine, and how far it was read; reading it again adds nothing.

    `content` goes when nothing of it is left to ask. `asks`: what HR has to say first: its "columns", or the "clock"
    of lines whose time cannot be right, which are held back until then (`held_error`: by how much that clock was
    ahead). `ends`: bytes up to its last whole line, and `ends_hash` what they hash to: of a file that only grew since,
    the rest is read, from line `line_from` on.
    """

    job: ClassVar[str] = "machine_readings"
    __tablename__ = "machine_reading"
    __table_args__ = (
        UniqueConstraint("machine_id", "hash"),
        Index(None, "office_id", "id"),
        Index(None, "state", "due_at"),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"))
    # None: the file of the folder.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(120))
    hash: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    ends: Mapped[int] = mapped_column(default=0)
    ends_hash: Mapped[str] = mapped_column(String(64), default="")
    line_from: Mapped[int] = mapped_column(default=1)
    clock_error: Mapped[int]
    held_error: Mapped[int | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    asks: Mapped[str] = mapped_column(String(12), default="")
    # Of a hundred.
    progress: Mapped[int] = mapped_column(default=0)
    lines: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    held_from: Mapped[str] = mapped_column(String(19), default="")
    held_to: Mapped[str] = mapped_column(String(19), default="")
    bad: Mapped[int] = mapped_column(default=0)
    # [line, reason, what stands there] of each, and {number: name} where the file names people.
    bad_lines: Mapped[list[Any]]
    names: Mapped[dict[str, Any]]
    trouble: Mapped[str] = mapped_column(String(200), default="")


class MachineMark(Base):
    """A line of a machine's log: a fact. `number` as matched, `written` as it stood; `machine_time` as the machine told
    it, `at` what that was by the office's clock then. `kind`: only where the machine told it.
    """

    __tablename__ = "machine_mark"
    __table_args__ = (
        # Whatever is read twice is there already.
        UniqueConstraint("machine_id", "number", "machine_time"),
        Index(None, "machine_id", "number", "date"),
        Index(None, "office_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"))
    reading_id: Mapped[int] = mapped_column(ForeignKey("machine_reading.id"))
    line: Mapped[int]
    number: Mapped[str] = mapped_column(String(24))
    written: Mapped[str] = mapped_column(String(24))
    machine_time: Mapped[str] = mapped_column(String(19))
    at: Mapped[datetime]
    # The office's date at that moment.
    date: Mapped[date]
    kind: Mapped[MarkKind | None]
    received_at: Mapped[datetime]
