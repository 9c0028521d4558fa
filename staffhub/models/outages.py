"""Disturbances of our own: what the program noticed of them, what HR decided, and whom that excuses."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned


class Trouble(StrEnum):
    """How it shows: nothing beat for a while, the database was away, too many came, it failed, it dragged on; taps of
    several people waited for their network, Zoom did not answer.
    """

    GAP = "gap"
    AWAY = "away"
    BUSY = "busy"
    FAILED = "failed"
    SLOW = "slow"
    WAITED = "waited"
    ZOOM = "zoom"


class TroubleSign(Base):
    """One kind of trouble in one minute (of a gap: in all of it), as a process counted it; nobody decides by it alone.

    `batch`: what a process writes at once, so that the same counts written again add nothing. `officers`: who was met
    by it, as far as a session told; where nobody is known, it is a sign for every office.
    """

    __tablename__ = "trouble_sign"
    __table_args__ = (UniqueConstraint("office_id", "batch", "kind", "first"), Index(None, "office_id", "last"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    batch: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Trouble]
    first: Mapped[datetime]
    last: Mapped[datetime]
    count: Mapped[int]
    officers: Mapped[list[Any]]


class OutageKind(StrEnum):
    """What was disturbed. Without Zoom nobody gets into a briefing, and everybody can check in."""

    APP = "app"
    ZOOM = "zoom"


class OutageState(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class OutageAct(StrEnum):
    NOTICED = "noticed"
    ENTERED = "entered"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    DISMISSED = "dismissed"
    UNDONE = "undone"


class Outage(Base, Versioned):
    """A disturbance as its last step left it; the version counts the steps.

    `source`: where whoever entered it has it from, empty: the program noticed it. `evidence`: by kind of trouble its
    minutes and how often, as it was counted then.
    """

    __tablename__ = "outage"
    __table_args__ = (UniqueConstraint("office_id", "idempotency_key"), Index(None, "office_id", "first"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    kind: Mapped[OutageKind]
    state: Mapped[OutageState]
    first: Mapped[datetime]
    last: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(200), default="")
    evidence: Mapped[dict[str, Any]]
    # Who was met by it, as far as sessions told.
    officers: Mapped[list[Any]]
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class OutageStep(Base):
    """What was done with an outage, and its span from then on. `turn` counts the steps: of two at once one gets in.

    `created_by` None: the program itself.
    """

    __tablename__ = "outage_step"
    __table_args__ = (UniqueConstraint("outage_id", "turn"), UniqueConstraint("office_id", "idempotency_key"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"))
    turn: Mapped[int]
    act: Mapped[OutageAct]
    first: Mapped[datetime]
    last: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(400), default="")
    people: Mapped[int]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class OutageExcuse(Base):
    """Whom a confirmed outage excuses, and on which day; it follows from the last step and is written anew with it.

    `grace`: minutes after its end within which coming is still not late. `occurrence_id`: the briefing that could not
    be joined, 0: it is about the times of the day.
    """

    __tablename__ = "outage_excuse"
    __table_args__ = (
        UniqueConstraint("outage_id", "officer_id", "date", "occurrence_id"),
        Index(None, "office_id", "date"),
        Index(None, "office_id", "officer_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    first: Mapped[datetime]
    last: Mapped[datetime]
    grace: Mapped[int]
    occurrence_id: Mapped[int] = mapped_column(default=0)
