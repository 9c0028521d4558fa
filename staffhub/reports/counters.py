"""The counters of a year against the thresholds of the rule book. They count and warn; what follows is for people.

They read the stored days, so they say of which days they know. A threshold is *near* when one day more reaches it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from staffhub import claims, clock, notify, office, workdays
from staffhub.days import State
from staffhub.db import Database, rows
from staffhub.models import DayPart, NoticeKind, Office, Officer, Posting, StoredDay, posting_on
from staffhub.notify import Subject
from staffhub.security import Viewer
from staffhub.workdays import Calendar, Discipline

# Days that have ended since so many days are looked at for a warning: a correction may come a little later.
_LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Near:
    """`what`: absences, in_a_row or minutes; one day more than `count` is `threshold`."""

    what: str
    count: int
    threshold: int


@dataclass(frozen=True)
class Counters:
    """Of the stored days `first` to `last`: days without explanation, how many of them in a row at most, minutes.

    `minute_days`: to how many days the minutes late and early add up, None where no confirmed rule adds them up.
    `source` is where the thresholds stand, "" when the office has none.
    """

    first: date
    last: date
    absences: int
    in_a_row: int
    minutes: int
    minute_days: int | None
    near: tuple[Near, ...]
    source: str


class Told(NamedTuple):
    """A stored day as the counters read it."""

    day: date
    state: str
    late: int
    early: int
    half: DayPart | None


class Year(NamedTuple):
    """The counted days of each officer from `first` to `last`."""

    first: date
    last: date
    days: dict[int, list[Told]]


class Mine(NamedTuple):
    """My own counters, and whom of my people a threshold is near: counts alone, by name."""

    own: Counters | None
    people: list[tuple[int, str, Counters]]


_DAYS = (
    select(StoredDay.officer_id, StoredDay.date, StoredDay.state, StoredDay.late, StoredDay.early, StoredDay.half)
    .where(StoredDay.office_id == bindparam("office"), StoredDay.officer_id.in_(bindparam("ids", expanding=True)))
    .where(StoredDay.date >= bindparam("first"), StoredDay.date <= bindparam("last"), StoredDay.counted)
    .order_by(StoredDay.officer_id, StoredDay.date)
)
_BELOW = (
    select(Officer.id, Officer.name)
    .join(Posting, posting_on(bindparam("today")))
    .where(Officer.office_id == bindparam("office"), Posting.superior_id == bindparam("me"))
    .where(or_(Officer.active_to.is_(None), Officer.active_to >= bindparam("today")))
    .order_by(Officer.name, Officer.id)
)


def of(db: Session, office_id: int, officers: Sequence[int], *, until: date) -> dict[int, Counters]:
    """Return the counters of the year up to a date, of each officer with a counted day in it: one statement."""
    known, year = workdays.calendar(db, office_id), year_of(db, office_id, officers, until=until)
    return {who: counted(own, known, year.first, year.last) for who, own in year.days.items()}


def year_of(db: Session, office_id: int, officers: Sequence[int], *, until: date) -> Year:
    """Return what the counters of the year up to a date are made of."""
    facts = office.facts(db, office_id)
    if facts.stored_to is None or facts.recorded_from is None or not officers:
        return Year(until, until, {})
    first, last = max(until.replace(month=1, day=1), facts.recorded_from), min(until, facts.stored_to)
    found: dict[int, list[Told]] = {}
    for row in rows(db, _DAYS, office=office_id, ids=list(officers), first=first, last=last):
        found.setdefault(row[0], []).append(Told._make(row[1:]))
    return Year(first, last, found)


def counted(own: Sequence[Told], known: Calendar, first: date, last: date) -> Counters:
    """Add up the days of one officer, in their order, against the thresholds of a calendar."""
    halves = sum(1 if row.half else 2 for row in own if row.state == State.ABSENT)
    absences = halves // 2  # two half days, each beside half a day of leave, are one
    minutes = sum(row.late + row.early for row in own)
    a_day = known.minutes_a_day(last)
    counts = {"absences": absences, "in_a_row": _longest([_half_away(row) for row in own])}
    if a_day:
        counts["minutes"] = minutes // a_day
    rule = known.thresholds(last)
    near = tuple(_near(counts, rule)) if rule else ()
    source = next((one.legal_source for one in known.rules if one.values is rule), "")
    return Counters(first, last, absences, counts["in_a_row"], minutes, counts.get("minutes"), near, source)


def _half_away(row: Told) -> str:
    """Return the state; half an absence beside half a day of leave is no day of a row of them."""
    return State.LEAVE if row.half and row.state == State.ABSENT else row.state


def _longest(states: Sequence[str]) -> int:
    """Count absences one after the other; a day off in between interrupts nothing."""
    longest = run = 0
    for state in states:
        if state == State.ABSENT:
            run += 1
            longest = max(longest, run)
        elif state != State.DAY_OFF:
            run = 0
    return longest


def _near(counts: Mapping[str, int], rule: Discipline) -> Iterator[Near]:
    for what, count in counts.items():
        reached = [rule.in_a_row.days] if what == "in_a_row" and rule.in_a_row else []
        if what != "in_a_row":
            reached = [one.first for one in rule.thresholds]
        yield from (Near(what, count, at) for at in reached if count and at == count + 1)


def mine(db: Session, me: Viewer, *, now: datetime) -> Mine:
    """My counters and those of my direct subordinates whom they concern, in two statements."""
    today = clock.local_day(now, me.zone)
    if me.officer_id is None:
        return Mine(None, [])
    below = rows(db, _BELOW, office=me.office_id, me=me.officer_id, today=today).all()
    found = of(db, me.office_id, [me.officer_id, *(who for who, _name in below)], until=today)
    people = [(who, name, found[who]) for who, name in below if who in found and found[who].near]
    return Mine(found.get(me.officer_id), people)


def warn_due(database: Database, *, now: datetime) -> None:
    """Once for each closed day of an office: tell of thresholds that came near, the person and the direct superior."""
    with database.reading() as db:
        closed = [(row.id, row.stored_to) for row in db.execute(select(Office.id, Office.stored_to)) if row.stored_to]
    for office_id, last in closed:
        with database.transaction() as db:
            if claims.claim(db, "thresholds", f"{office_id}:{last}", now=now):
                warn(db, office_id, last, now=now)
                claims.finish(db, "thresholds", f"{office_id}:{last}", now=now)


def warn(db: Session, office_id: int, last: date, *, now: datetime) -> int:
    """Return how many notices were new: each threshold is told once a year, to each of the two."""
    lately = (
        select(StoredDay.officer_id)
        .distinct()
        .where(
            StoredDay.office_id == office_id,
            StoredDay.date > last - _LATELY,
            StoredDay.date <= last,
            or_(StoredDay.state == State.ABSENT, StoredDay.late + StoredDay.early > 0),
        )
    )
    found = of(db, office_id, sorted(db.scalars(lately)), until=last)
    near = [(who, one) for who, own in found.items() for one in own.near]
    names = {row.id: row for row in db.execute(_above(last), {"ids": sorted({who for who, _one in near})})}
    return sum(_tell(db, office_id, names[who], one, last, now) for who, one in near if who in names)


def _above(day: date) -> Any:
    columns = select(Officer.id, Officer.name, Posting.superior_id).join(Posting, posting_on(day))
    return columns.where(Officer.id.in_(bindparam("ids", expanding=True)))


def _tell(db: Session, office_id: int, officer: Any, near: Near, last: date, now: datetime) -> int:
    key = f"threshold:{last.year}:{officer.id}:{near.what}:{near.threshold}"
    facts = {"what": near.what, "count": near.count, "threshold": near.threshold}
    told = 0
    for reader, who in ((officer.id, None), (officer.superior_id, officer.name)):
        if reader is not None:
            told += notify.tell(
                db,
                office_id=office_id,
                officers=[reader],
                kind=NoticeKind.THRESHOLD_NEAR,
                params=facts | {"who": who},
                address="/me/year",
                key=key,
                subject=Subject("officer", officer.id),
                now=now,
            )
    return told


def asked_minutes(records: Sequence[Any]) -> int:
    """Return how many minutes the schedule asked for on the days that are over, leave and days off left out."""
    over = (record for record in records if record.counted and record.state not in _NOT_OVER and record.plan.is_work)
    return sum(record.plan.hours.minutes for record in over if record.plan.hours)


_NOT_OVER = frozenset({State.LEAVE, State.PENDING, State.PLANNED})
