"""Who was seen in a meeting: what Zoom told, row by row, and what follows from it."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class Seen(StrEnum):
    JOINED = "joined"
    LEFT = "left"
    STAYED = "stayed"  # both ends at once, as Zoom's lists of a past meeting have them
    ENDED = "ended"  # the run itself, for everybody in it


class Sign(StrEnum):
    """By what a person in a meeting was recognised, the surest first."""

    TOLD = "told"  # somebody of ours has said whose account, address or name this is
    EMAIL = "email"
    CLICK = "click"
    NAME = "name"
    NONE = "none"


class ZoomSighting(Base):
    """One fact as Zoom told it, once however often it came. Addresses of machines are not kept."""

    __tablename__ = "zoom_sighting"
    __table_args__ = (UniqueConstraint("fingerprint"), Index(None, "meeting_id", "at"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    # Zoom's name of this run of the meeting, and of one connection in it: a rejoin and a second device are others.
    run: Mapped[str] = mapped_column(String(64))
    connection: Mapped[str] = mapped_column(String(64))
    seen: Mapped[Seen]
    zoom_user: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200))
    at: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]
    fingerprint: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[dt.datetime]


class Attendance(Base):
    """One person on one date of a meeting, worked out of the sightings; `officer_id` null: nobody knows yet who."""

    __tablename__ = "attendance"
    __table_args__ = (
        UniqueConstraint("meeting_id", "date", "person"),
        Index(None, "office_id", "date"),
        Index(None, "officer_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    date: Mapped[dt.date]
    # "officer:12", or what Zoom knows of somebody else: "id:...", "email:...", "name:...".
    person: Mapped[str] = mapped_column(String(270))
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    name: Mapped[str] = mapped_column(String(200))
    sign: Mapped[Sign]
    joined_at: Mapped[dt.datetime]
    left_at: Mapped[dt.datetime]
    seconds: Mapped[int]


class ZoomPerson(Base):
    """Whose account, address or name in Zoom this is, as somebody of ours has said; null: nobody of the office."""

    __tablename__ = "zoom_person"
    __table_args__ = (UniqueConstraint("office_id", "identity"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    identity: Mapped[str] = mapped_column(String(270))
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    said_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    said_at: Mapped[dt.datetime]


class AttendanceLook(Base):
    """How far a date has been worked out: from how many sightings, and when Zoom is asked for its own list."""

    __tablename__ = "attendance_look"
    __table_args__ = (UniqueConstraint("meeting_id", "date"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    date: Mapped[dt.date]
    sightings: Mapped[int]
    asked: Mapped[int] = mapped_column(default=0)
    # What Zoom refused: "" nothing, "plan": the account has no lists of past meetings.
    trouble: Mapped[str] = mapped_column(String(20), default="")
