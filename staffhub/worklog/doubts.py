"""What is said before a day is sent, because it can hardly be so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.models import Correction, Mark, MarkKind
from staffhub.security import Viewer
from staffhub.worklog.entries import DAY, Entry, covered, minutes_of, overlaps


@dataclass(frozen=True)
class Doubts:
    """What is said before a day is sent; nothing of it is refused. `presence`: minutes from check-in to check-out.

    `sum` counts each line in full, `covered` each minute of the day once.
    """

    sum: int
    covered: int
    overlaps: Sequence[tuple[Entry, Entry]]
    presence: int | None

    @property
    def past_a_day(self) -> bool:
        return self.sum > DAY

    @property
    def past_presence(self) -> bool:
        return self.presence is not None and self.covered > self.presence

    @property
    def any(self) -> bool:
        return self.past_a_day or self.past_presence or bool(self.overlaps)


def doubts(db: Session, me: Viewer, day: date, entries: Sequence[Entry], *, now: datetime) -> Doubts:
    presence = _presence(db, me, day, now)
    return Doubts(minutes_of(entries), covered(entries), overlaps(entries), presence)


def _presence(db: Session, me: Viewer, day: date, now: datetime) -> int | None:
    """Return the minutes from the first check-in to the last check-out, today also to now; None when it is not known.

    Where a person decided about the day, the marks alone do not say how long it was.
    """
    mark = Mark
    decided = select(Correction.id).where(
        Correction.office_id == me.office_id, Correction.officer_id == me.officer_id, Correction.date == day
    )
    came, left, corrected = db.execute(
        select(
            func.min(mark.attempted_at).filter(mark.kind == MarkKind.CHECK_IN),
            func.max(mark.attempted_at).filter(mark.kind == MarkKind.CHECK_OUT),
            decided.exists(),
        ).where(mark.office_id == me.office_id, mark.officer_id == me.officer_id, mark.date == day)
    ).one()
    if left is None and day == clock.local_day(now, me.zone):
        left = now
    return int((left - came).total_seconds()) // 60 if came and left and not corrected else None
