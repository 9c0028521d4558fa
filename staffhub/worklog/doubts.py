"""What is said of a day before it is sent and before it is verified, because it can hardly be so."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
from staffhub.workdays import Plan, PlanBook, Way, besides_marks
from staffhub.workdays.fingers import FingerFact, of_day, sides
from staffhub.worklog.entries import DAY, Entry, covered, minutes_of, overlaps

_Times = tuple[datetime | None, datetime | None]
_NO_TIMES: _Times = (None, None)
_NO_DAY, _A_DAY = timedelta(0), timedelta(days=1)


@dataclass(frozen=True)
class Presence:
    """`minutes` from coming to going, None: not known; `seen`: something says that somebody was there at all: a mark, a
    finger at the machine, a roll call or a briefing where the rule book takes them for one, or what HR wrote.
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
    db: Session,
    me: Viewer,
    day: date,
    entries: Sequence[Entry],
    *,
    book: PlanBook,
    now: datetime,
    target: int | None = None,
) -> Doubts:
    """Say what can hardly be so of one of my own days."""
    assert me.officer_id is not None  # noqa: S101  the entries are an officer's
    return doubts_of(entries, presence_of(db, me, me.officer_id, day, book=book, now=now), target)


def doubts_of(entries: Sequence[Entry], presence: Presence | None, target: int | None) -> Doubts:
    there = presence or Presence(None, seen=False)
    minutes = (minutes_of(entries), covered(entries))
    return Doubts(*minutes, overlaps(entries), there.minutes, there.seen, target)


def _presences() -> Any:
    """By what was tapped, what the machine says, the roll call, briefings, and what HR wrote, each for itself."""
    office, no_time = bindparam("office", type_=BigInteger), cast(null(), UtcDateTime)
    officers: Any = bindparam("officers", expanding=True)
    days: Any = bindparam("days", expanding=True)
    nights: Any = bindparam("nights", expanding=True)

    def told(source: Any, table: Any, *times: Any) -> Any:
        who = table.officer_id
        found = select(who, table.date, source, *(times or (no_time, no_time))).group_by(who, table.date)
        return found.where(table.office_id == office, who.in_(officers), table.date.in_(days))

    tapped = (
        func.min(Mark.attempted_at).filter(Mark.kind == MarkKind.CHECK_IN),
        func.max(Mark.attempted_at).filter(Mark.kind == MarkKind.CHECK_OUT),
    )
    # Each finger for itself, those of the night after the last day too; the second time is of one that pressed "out".
    finger, whose = MachineMark, MachinePerson
    out = case((finger.kind == MarkKind.CHECK_OUT, finger.at))
    laid = select(whose.officer_id, finger.date, literal(_LAID), finger.at, out)
    laid = laid.where(finger.office_id == office, whose.officer_id.in_(officers), finger.date.in_(nights))
    mine = (whose.machine_id == finger.machine_id) & (whose.number == finger.number) & (whose.office_id == office)
    held = (whose.first <= finger.date) & or_(whose.last.is_(None), whose.last >= finger.date)
    of_times = case((Correction.kind.in_((CorrectionKind.ABSENT, CorrectionKind.LEAVE)), 0), else_=1)
    return union_all(
        told(literal(_TAPPED), Mark, *tapped),
        laid.join(whose, mine & held),
        told(literal(_CALLED), RollCallEntry).where(TICKED_THERE),
        *(
            told(literal(_JOINED), table).join(
                Meeting, (Meeting.id == table.meeting_id) & (Meeting.kind == MeetingKind.STANDUP)
            )
            for table in (JoinClick, Attendance)
        ),
        told(literal(_DECIDED) + func.max(of_times), Correction),
    )


# What HR wrote: a verdict on the whole day, or that somebody was there.
_TAPPED, _LAID, _CALLED, _JOINED, _DECIDED, _WROTE = range(6)
_BY_HR = {_DECIDED, _WROTE}
_PROOFS = {_CALLED: Way.ROLL_CALL, _JOINED: Way.STANDUP}
_PRESENCES = _presences()


def _asked(me: Viewer, officers: Iterable[int], days: Iterable[date]) -> dict[str, Any]:
    dates = sorted(set(days))
    nights = sorted({*dates, *(day + _A_DAY for day in dates)})
    return {"office": me.office_id, "officers": sorted(set(officers)), "days": dates, "nights": nights}


def ask_presence(me: Viewer, officer_id: int, day: date) -> Ask:
    """Return what `doubts` asks."""
    return Ask(_PRESENCES, _asked(me, [officer_id], [day]))


def presences(
    db: Session, me: Viewer, officers: Iterable[int], days: Iterable[date], *, book: PlanBook, now: datetime
) -> Mapping[tuple[int, date], Presence]:
    """Return how long people were there on some days, those of today to now; whoever was not seen is not in it.

    Where a person decided about the day, the facts alone do not say how long it was. `book`: the plans of these days.
    """
    asked = _asked(me, officers, days)
    told: dict[tuple[int, date], dict[int, _Times]] = defaultdict(dict)
    laid: dict[int, dict[date, list[FingerFact]]] = defaultdict(lambda: defaultdict(list))
    for officer_id, day, source, came, left in rows(db, _PRESENCES, **asked):
        if source == _LAID:
            laid[officer_id][day].append(FingerFact(0, came, MarkKind.CHECK_OUT if left else None))
        else:
            told[officer_id, day][source] = came, left
    today, found = clock.local_day(now, me.zone), {}
    nights = {(who, day - later) for who in laid for day in laid[who] for later in (_NO_DAY, _A_DAY)}
    for who, day in told.keys() | {key for key in nights if key[1] in asked["days"]}:
        fingers = of_day(laid.get(who, {}), book, who, day, me.zone)
        facts = _counting(told.get((who, day), {}), book.rules(who, day).ways)
        if fingers or facts:
            day_of = _Day(day, book.of(who, day), me.zone, now if day == today else None)
            found[who, day] = _presence(facts, fingers, day_of)
    return found


def presence_of(
    db: Session, me: Viewer, officer_id: int, day: date, *, book: PlanBook, now: datetime
) -> Presence | None:
    return presences(db, me, [officer_id], [day], book=book, now=now).get((officer_id, day))


def _counting(told: Mapping[int, _Times], ways: Collection[Way]) -> Mapping[int, _Times]:
    """Leave out a roll call and a briefing that stand in for no mark that day."""
    counted = besides_marks(ways)
    return {source: times for source, times in told.items() if source not in _PROOFS or _PROOFS[source] in counted}


@dataclass(frozen=True)
class _Day:
    """`now`: the day runs still."""

    date: date
    plan: Plan
    zone: ZoneInfo
    now: datetime | None


def _presence(told: Mapping[int, _Times], fingers: Sequence[FingerFact], day: _Day) -> Presence:
    """What was tapped stands, a finger fills the side of the day of which nothing was."""
    came, left = told.get(_TAPPED, _NO_TIMES)
    first, last = sides(fingers, day.plan, day.date, day.zone, came=came, went=left, running=day.now is not None)
    came, left = came or (first and first.at), left or (last and last.at)
    until = left or day.now
    minutes = int((until - came).total_seconds()) // 60 if came and until and not told.keys() & _BY_HR else None
    return Presence(minutes, bool(fingers or told.keys() - {_DECIDED}), came, left)
