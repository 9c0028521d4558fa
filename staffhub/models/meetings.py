"""Meetings are ours first; what Zoom must do about them waits in ZoomTask."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned
from staffhub.models.system import Work

_Day = date  # a class with a column of this name cannot speak of the type


class MeetingKind(StrEnum):
    SINGLE = "single"
    STANDUP = "standup"


class MeetingState(StrEnum):
    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OccurrenceState(StrEnum):
    PLANNED = "planned"
    CANCELLED = "cancelled"


class ZoomVerb(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


IN_TROUBLE = text("trouble <> ''")
TO_LOOK_AT = text("look_at IS NOT NULL")


class Meeting(Base, Versioned):
    __tablename__ = "meeting"
    __table_args__ = (
        UniqueConstraint("office_id", "idempotency_key"),
        UniqueConstraint("marker"),
        Index(None, "office_id", "starts_on"),
        Index(None, "office_id", "laid_until"),
        # What is not as agreed at Zoom: a few, of however many.
        Index("ix_meeting_in_trouble", "office_id", postgresql_where=IN_TROUBLE, sqlite_where=IN_TROUBLE),
        Index("ix_meeting_to_look_at", "look_at", postgresql_where=TO_LOOK_AT, sqlite_where=TO_LOOK_AT),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    # The division whose head owns the meeting; null: the office's.
    division_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"))
    kind: Mapped[MeetingKind]
    topic: Mapped[str] = mapped_column(String(200))
    agenda: Mapped[str] = mapped_column(Text, default="")
    # Wall-clock time in the office's zone: that is what people agree on and what goes to Zoom.
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    starts_at: Mapped[time]
    minutes: Mapped[int]
    # Standups only: 0 = Monday, and how many dates the series has, days off among them. Zoom keeps 50 at a time.
    weekdays: Mapped[list[Any]]
    occurrences: Mapped[int]
    # A series that nobody has given an end has its dates up to this day, and is carried on before it; null: it has one.
    laid_until: Mapped[date | None]
    # When a series is held under special working hours, as in Ramadan; null: as much later as work begins later.
    special_at: Mapped[time | None]
    # Who is invited, as chosen: {"everyone": bool, "divisions": [id], "officers": [id]}.
    audience: Mapped[dict[str, Any]]
    state: Mapped[MeetingState]
    # Written at the start of Zoom's agenda, to find the meeting again after an answer was lost.
    marker: Mapped[str] = mapped_column(String(16))
    zoom_id: Mapped[int | None] = mapped_column(index=True)
    zoom_host: Mapped[str] = mapped_column(String(254), default="")
    # E-mails of users at Zoom who may start it as well; null: none was ever chosen.
    co_hosts: Mapped[list[Any] | None]
    # Hosts from whom it was handed on and who may still have it at Zoom; null: `zoom_host` has it.
    left_hosts: Mapped[list[Any] | None]
    join_url: Mapped[str] = mapped_column(Text, default="")
    trouble: Mapped[str] = mapped_column(String(500), default="")
    # What Zoom has otherwise, as the last look found it (theirs.Theirs); null: nothing, or a person has decided.
    theirs: Mapped[dict[str, Any] | None]
    # Settings of wire.SETTINGS that somebody changed in Zoom and a person has taken over; null: none.
    zoom_settings: Mapped[dict[str, Any] | None]
    # Zoom has said once that it does not know the meeting, since then.
    missed_at: Mapped[datetime | None]
    # Zoom was last asked for all of it, then.
    looked_at: Mapped[datetime | None]
    # Zoom has told of a change, or has said that it does not know the meeting: it is asked again then; null: in turn.
    look_at: Mapped[datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    # What whoever cancelled it said to those invited.
    cancel_note: Mapped[str | None] = mapped_column(String(200))
    idempotency_key: Mapped[str] = mapped_column(String(64))


class Occurrence(Base):
    """One date of a meeting: what a day, a week and the way in read. Made when the meeting is planned."""

    __tablename__ = "occurrence"
    __table_args__ = (UniqueConstraint("meeting_id", "date"), Index(None, "office_id", "date"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    date: Mapped[date]
    starts_at: Mapped[datetime]
    minutes: Mapped[int]
    # What Zoom calls this date of a series; a single meeting has none.
    zoom_occurrence_id: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[OccurrenceState]
    # Rises with every change of the row, whoever makes it: calendars take the higher one for the newer.
    revision: Mapped[int] = mapped_column(default=0, server_default="0", onupdate=text("revision + 1"))
    # The date that the series would have, where this one was moved to another day.
    slot: Mapped[_Day | None]
    # A person moved, cancelled or kept it: the office's calendar says nothing about it any more.
    by_hand: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The holiday on which it is not held.
    holiday: Mapped[str] = mapped_column(String(160), default="", server_default=text("''"))
    # Its own agenda; null: it never had one, "": it has the agenda of the series again.
    agenda: Mapped[str | None] = mapped_column(Text)
    # What whoever cancelled this date said to those invited.
    cancel_note: Mapped[str | None] = mapped_column(String(200))

    @property
    def of_series(self) -> _Day:
        return self.slot or self.date

    @property
    def ends(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


class MeetingInvite(Base):
    __tablename__ = "meeting_invite"
    __table_args__ = (UniqueConstraint("meeting_id", "officer_id"), UniqueConstraint("token"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"), index=True)
    token: Mapped[str] = mapped_column(String(32))
    # The audience of a series follows who serves and where: from and until which date this person is invited.
    first_on: Mapped[date | None]
    last_on: Mapped[date | None]


class ZoomTask(Work, Base):
    """The outbox to Zoom: written with the meeting, tried until done."""

    job = "zoom_tasks"
    __tablename__ = "zoom_task"
    __table_args__ = (Index(None, "state", "due_at"), Index(None, "meeting_id"))

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    verb: Mapped[ZoomVerb]
    # The last create may have reached Zoom: look for the marker before creating again.
    unclear: Mapped[bool]
    error: Mapped[str] = mapped_column(String(500), default="")
    # How many of its tries failed in a way that nobody foresaw.
    unforeseen: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class ZoomUser(Base):
    """Somebody of the Zoom account who could host, as the last list of its users had it."""

    __tablename__ = "zoom_user"
    __table_args__ = (UniqueConstraint("email"),)

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(160), default="")
    # Zoom's own number: 1 Basic, 2 Licensed.
    licence: Mapped[int]
    # How many meetings may run at the same time.
    at_once: Mapped[int]
    # Whether our meetings may be held there: an administrator decides.
    hosts: Mapped[bool]
    seen_at: Mapped[datetime]
    # Not among the users any more, since then.
    gone_at: Mapped[datetime | None]
    # When the host has meetings in Zoom that are not ours, as the last sweep saw it: [from, to], nothing else of them.
    busy: Mapped[list[Any] | None]
    # Creates and updates of a UTC day, of which Zoom allows 100.
    written_on: Mapped[date | None]
    written: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class JoinClick(Base):
    __tablename__ = "join_click"
    __table_args__ = (Index(None, "office_id", "date"), Index(None, "officer_id", "date"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    # With the meeting it names the occurrence.
    date: Mapped[date]
    at: Mapped[datetime]
