"""The roll call of a bidang (apel pagi), as its head ticked it: one act after another, none of them changed."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, and_, select
from sqlalchemy.orm import Mapped, aliased, mapped_column

from staffhub.db import Base, Id


class RollState(StrEnum):
    """How somebody was met; missing: not seen, as everybody of whom nothing was ticked."""

    PRESENT = "present"
    LATE = "late"
    EXCUSED = "excused"
    MISSING = "missing"


class RollCall(Base):
    """A list that was saved. `turn` counts the acts of a bidang on a date: of two who save at once one gets in."""

    __tablename__ = "roll_call"
    __table_args__ = (
        UniqueConstraint("office_id", "division_id", "date", "turn"),
        UniqueConstraint("office_id", "idempotency_key"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"))
    date: Mapped[dt.date]
    turn: Mapped[int]
    # When it was held: whoever is ticked as present was there then.
    held_at: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(String(400), default="")
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[dt.datetime]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class RollCallEntry(Base):
    """What an act says of somebody, where that is something else than before; of a person on a date the newest counts.

    `at`: from when on somebody was there; null for whoever was not.
    """

    __tablename__ = "roll_call_entry"
    __table_args__ = (
        UniqueConstraint("roll_call_id", "officer_id"),
        Index(None, "office_id", "date"),
        Index(None, "officer_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    roll_call_id: Mapped[int] = mapped_column(ForeignKey("roll_call.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[dt.date]
    state: Mapped[RollState]
    at: Mapped[dt.datetime | None]


_newer = aliased(RollCallEntry)
# That somebody was there, by what was ticked last.
TICKED_THERE = and_(
    RollCallEntry.state.in_((RollState.PRESENT, RollState.LATE)),
    ~select(_newer.id)
    .where(_newer.officer_id == RollCallEntry.officer_id, _newer.date == RollCallEntry.date)
    .where(_newer.id > RollCallEntry.id)
    .correlate(RollCallEntry)
    .exists(),
)
