"""What is said of a day before it is sent and before it is verified, because it can hardly be so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.ahead import Ask
from staffhub.db import UtcDateTime, rows
from staffhub.models import (
    TICKED_THERE,
    Attendance,
    Correction,
    CorrectionKind,
    JoinClick,
    MachineMark,
    MachinePerson,
    Mark,
    MarkKind,
    Meeting,
    MeetingKind,
    RollCallEntry,
)
from staffhub.security import Viewer
from staffhub.worklog.entries import DAY, Entry, covered, minutes_of, overlaps

_Times = tuple[datetime | None, datetime | None]
_NO_TIMES: _Times = (None, None)


@dataclass(frozen=True)
class Presence:
    """`minutes` from coming to going, None: not known; `seen`: something says that somebody was there at all: a mark, a
    finger at the machine, a roll call, or what HR wrote.
    """

    minutes: int | None
    seen: bool
    came: datetime | None = None
    left: datetime | None = None


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
    return doubts_of(entries, presence_of(db, me, me.officer_id, day, now=now), target)


def doubts_of(entries: Sequence[Entry], presence: Presence | None, target: int | None) -> Doubts:
    there = presence or Presence(None, seen=False)
    minutes = (minutes_of(entries), covered(entries))
    return Doubts(*minutes, overlaps(entries), there.minutes, there.seen, target)


def _presences() -> Any:
    """By what was tapped, what the machine says, the roll call, briefings, and what HR wrote, each for itself."""
    office, no_time = bindparam("office", type_=BigInteger), cast(null(), UtcDateTime)
    officers: Any = bindparam("officers", expanding=True)
    days: Any = bindparam("days", expanding=True)

    def told(source: Any, table: Any, *times: Any, officer: Any = None) -> Any:
        who = table.officer_id if officer is None else officer
        found = select(who, table.date, source, *(times or (no_time, no_time))).group_by(who, table.date)
        return found.where(table.office_id == office, who.in_(officers), table.date.in_(days))

    tapped = (
        func.min(Mark.attempted_at).filter(Mark.kind == MarkKind.CHECK_IN),
        func.max(Mark.attempted_at).filter(Mark.kind == MarkKind.CHECK_OUT),
    )
    finger, whose = MachineMark, MachinePerson
    laid = told(literal(_LAID), finger, func.min(finger.at), func.max(finger.at), officer=whose.officer_id)
    mine = (whose.machine_id == finger.machine_id) & (whose.number == finger.number) & (whose.office_id == office)
    held = (whose.first <= finger.date) & or_(whose.last.is_(None), whose.last >= finger.date)
    of_times = case((Correction.kind.in_((CorrectionKind.ABSENT, CorrectionKind.LEAVE)), 0), else_=1)
    return union_all(
        told(literal(_TAPPED), Mark, *tapped),
        laid.join(whose, mine & held),
        told(literal(_THERE), RollCallEntry).where(TICKED_THERE),
        *(
            told(literal(_THERE), table).join(
                Meeting, (Meeting.id == table.meeting_id) & (Meeting.kind == MeetingKind.STANDUP)
            )
            for table in (JoinClick, Attendance)
        ),
        told(literal(_DECIDED) + func.max(of_times), Correction),
    )


# What HR wrote: a verdict on the whole day, or that somebody was there.
_TAPPED, _LAID, _THERE, _DECIDED, _WROTE = range(5)
_BY_HR = {_DECIDED, _WROTE}
_PRESENCES = _presences()


def ask_presence(me: Viewer, day: date) -> Ask:
    """Return what `doubts` asks."""
    return Ask(_PRESENCES, {"office": me.office_id, "officers": [me.officer_id], "days": [day]})


def presences(
    db: Session, me: Viewer, officers: Iterable[int], days: Iterable[date], *, now: datetime
) -> Mapping[tuple[int, date], Presence]:
    """Return how long people were there on some days, those of today to now; whoever was not seen is not in it.

    Where a person decided about the day, the facts alone do not say how long it was.
    """
    asked = {"office": me.office_id, "officers": sorted(set(officers)), "days": sorted(set(days))}
    told: dict[tuple[int, date], dict[int, _Times]] = {}
    for officer_id, day, source, came, left in rows(db, _PRESENCES, **asked):
        told.setdefault((officer_id, day), {})[source] = came, left
    today = clock.local_day(now, me.zone)
    return {(who, day): _presence(found, now if day == today else None) for (who, day), found in told.items()}


def presence_of(db: Session, me: Viewer, officer_id: int, day: date, *, now: datetime) -> Presence | None:
    return presences(db, me, [officer_id], [day], now=now).get((officer_id, day))


def _presence(told: Mapping[int, _Times], now: datetime | None) -> Presence:
    """What was tapped stands, a finger fills the side of the day of which nothing was. `now`: the day runs still."""
    (came, left), (first, last) = told.get(_TAPPED, _NO_TIMES), told.get(_LAID, _NO_TIMES)
    came = came or first
    if left is None and now is None and came and last and last > came:
        left = last
    until = left or now
    minutes = int((until - came).total_seconds()) // 60 if came and until and not told.keys() & _BY_HR else None
    return Presence(minutes, bool(told.keys() - {_DECIDED}), came, left)
