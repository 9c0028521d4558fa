"""What is said of a day before it is sent and before it is verified, because it can hardly be so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.ahead import Ask
from staffhub.db import rows
from staffhub.models import Correction, Mark, MarkKind
from staffhub.security import Viewer
from staffhub.worklog.entries import DAY, Entry, covered, minutes_of, overlaps


@dataclass(frozen=True)
class Presence:
    """`minutes` from the first check-in to the last check-out, None: not known; `seen`: there is a mark at all."""

    minutes: int | None
    seen: bool


@dataclass(frozen=True)
class Doubts:
    """What is said of the lines of a day; nothing of it is refused.

    `sum` counts each line in full, `covered` each minute of the day once. `target`: the minutes of the planned hours.
    """

    sum: int
    covered: int
    overlaps: Sequence[tuple[Entry, Entry]]
    presence: int | None
    seen: bool = True
    target: int | None = None

    @property
    def past_a_day(self) -> bool:
        return self.sum > DAY

    @property
    def past_presence(self) -> bool:
        return self.presence is not None and self.covered > self.presence

    @property
    def short(self) -> int:
        """How many minutes are missing to the planned hours."""
        return max(0, (self.target or 0) - self.covered)

    @property
    def any(self) -> bool:
        return self.past_a_day or self.past_presence or bool(self.overlaps)

    @property
    def weighs(self) -> bool:
        """Whether a superior should look at the day before it is verified."""
        return self.any or not self.seen


def doubts(
    db: Session, me: Viewer, day: date, entries: Sequence[Entry], *, now: datetime, target: int | None = None
) -> Doubts:
    """Say what can hardly be so of one of my own days."""
    assert me.officer_id is not None  # noqa: S101  the entries are an officer's
    there = presences(db, me, [me.officer_id], [day], now=now)
    return doubts_of(entries, there.get((me.officer_id, day)), target)


def doubts_of(entries: Sequence[Entry], presence: Presence | None, target: int | None) -> Doubts:
    there = presence or Presence(None, seen=False)
    minutes = (minutes_of(entries), covered(entries))
    return Doubts(*minutes, overlaps(entries), there.minutes, there.seen, target)


_DECIDED = (
    select(Correction.id)
    .where(Correction.office_id == Mark.office_id, Correction.officer_id == Mark.officer_id)
    .where(Correction.date == Mark.date)
    .correlate(Mark)
    .exists()
)
_PRESENCES = (
    select(
        Mark.officer_id,
        Mark.date,
        func.min(Mark.attempted_at).filter(Mark.kind == MarkKind.CHECK_IN),
        func.max(Mark.attempted_at).filter(Mark.kind == MarkKind.CHECK_OUT),
        _DECIDED,
    )
    .where(Mark.office_id == bindparam("office", type_=BigInteger))
    .where(Mark.officer_id.in_(bindparam("officers", expanding=True)), Mark.date.in_(bindparam("days", expanding=True)))
    .group_by(Mark.office_id, Mark.officer_id, Mark.date)
)


def ask_presence(me: Viewer, day: date) -> Ask:
    """Return what `doubts` asks."""
    return Ask(_PRESENCES, {"office": me.office_id, "officers": [me.officer_id], "days": [day]})


def presences(
    db: Session, me: Viewer, officers: Iterable[int], days: Iterable[date], *, now: datetime
) -> Mapping[tuple[int, date], Presence]:
    """Return how long people were there on some days, those of today to now; whoever has no mark is not in it.

    Where a person decided about the day, the marks alone do not say how long it was.
    """
    asked = {"office": me.office_id, "officers": sorted(set(officers)), "days": sorted(set(days))}
    found = {}
    for officer_id, day, came, left, corrected in rows(db, _PRESENCES, **asked):
        until = now if left is None and day == clock.local_day(now, me.zone) else left
        known = came and until and not corrected
        found[officer_id, day] = Presence(int((until - came).total_seconds()) // 60 if known else None, seen=True)
    return found
