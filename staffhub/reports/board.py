"""Who is where now: everybody of the office by bidang, and whether each bidang is covered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import clock, days, sections, workdays
from staffhub.days import DayRecord, State
from staffhub.models import (
    BOARD_CHANGES,
    AuditEvent,
    Division,
    EmploymentType,
    Mark,
    MarkKind,
    Office,
    Officer,
    PlanMode,
    Posting,
    WorkMode,
    posting_on,
    serves,
)
from staffhub.sections import Section, Sections
from staffhub.security import Viewer

# Lines of one bidang on a page; who is missing comes first, the rest is found by name or by a tile.
LINES = 90
# In which order the people of a bidang stand, and every tile there is: everybody is in exactly one.
STATES = ("pending", "office", "home", "field", "leave", "out", "off")


class Seat(NamedTuple):
    """Somebody of the register on this day."""

    id: int
    name: str
    employment_type: EmploymentType
    phone: str
    active_from: date
    active_to: date | None
    recorded_from: date | None
    division_id: int | None
    division: str | None
    keeps_cover: bool | None


@dataclass(frozen=True)
class Person:
    """One line of the board. `state`: office, home, field, leave, pending, out (checked out) or off (no work planned).

    `since` is the local time of what made the state; `planned` is the mode that was expected; `late` and `early` are
    minutes. `opens`: the viewer may read this person's day; `phone` is for the same people.
    """

    id: int
    name: str
    division_id: int | None
    employment_type: EmploymentType
    state: str
    since: datetime | None
    note: str
    planned: PlanMode | None
    late: int
    early: int
    opens: bool
    phone: str

    @property
    def lacks_place(self) -> bool:
        return self.state == WorkMode.FIELD and not self.note


@dataclass(frozen=True)
class Cover:
    """People of a group in the office now, and how many the rule asks for."""

    name: str
    have: int
    need: int

    @property
    def short(self) -> bool:
        return self.have < self.need


@dataclass(frozen=True)
class Column:
    """One bidang on the board; `more` people fit as well and have no line."""

    id: int
    name: str
    people: list[Person]
    covers: list[Cover]
    more: int = 0

    @property
    def short(self) -> bool:
        return any(cover.short for cover in self.covers)


@dataclass(frozen=True)
class Board:
    """`columns` are what the page shows, `sections` what it could; `counts` and `short` tell of the whole office.

    `started`: the working day has begun, so a lack is a fact and no longer just early.
    """

    day: date
    columns: list[Column]
    sections: Sections
    counts: dict[str, int]
    short: list[Column]
    total: int
    holiday: str
    started: bool
    changed_at: datetime | None


def board(
    db: Session, me: Viewer, *, now: datetime, division_id: int | None = None, q: str = "", state: str = ""
) -> Board:
    """Everyone of the office today, in five statements whatever the head count. `state` may also be "short"."""
    local = now.astimezone(me.zone)
    day = local.date()
    seats = seats_of(db, me.office_id, day)
    loaded = days.load(db, me.office_id, seats, [day], zone=me.zone, now=now)
    columns = columns_of(me, seats, loaded)
    people = [person for column in columns for person in column.people]
    hours = loaded.book.calendar.hours(day)
    asked = None if q else division_id  # a name is looked for in the whole office
    found = [column for column in _found(columns, q, state) if column.people or column.id == asked]
    offered = [Section(column.id, column.name, len(column.people)) for column in found]
    chosen = sections.choose(offered, own=me.division_id, asked=asked)
    return Board(
        day=day,
        columns=[_cut(column) for column in found if chosen.shown in {None, column.id}],
        sections=chosen,
        counts={name: sum(person.state == name for person in people) for name in STATES},
        short=[column for column in columns if column.short],
        total=len(people),
        holiday=loaded.book.calendar.holidays.get(day, ""),
        started=hours is not None and local.time() >= hours.starts,
        changed_at=max((person.since for person in people if person.since), default=None),
    )


def columns_of(me: Viewer, seats: Sequence[Seat], loaded: days.Days) -> list[Column]:
    """Everybody by bidang in the order of the register, who is missing first, with the cover that the rule asks for."""
    (day,) = loaded.dates[-1:]
    rule = loaded.book.calendar.coverage(day)
    columns: dict[int, Column] = {}
    keeps: dict[int, bool] = {}
    for seat in seats:
        # Who heads the whole office belongs to no bidang: the last column, the secretariat, is the nearest.
        where = seat.division_id or next(reversed(columns), 0)
        column = columns.setdefault(where, Column(where, seat.division or "", [], []))
        keeps[where] = keeps.get(where, bool(seat.keeps_cover))
        column.people.append(_person(me, seat, loaded.record(seat.id, day)))
    for column in columns.values():
        column.people.sort(key=lambda person: (STATES.index(person.state), person.name))
        if keeps[column.id]:
            column.covers.extend(_covers(rule, column.people))
    return list(columns.values())


def board_version(db: Session, me: Viewer, *, now: datetime) -> str:
    """Return what differs after every commit that changes the board, in one cheap statement.

    It counts facts that are only ever added: the newest id would not do, since of two overlapping changes the one with
    the lower id may be committed last. Those of yesterday count as well, for a change that is committed after midnight.
    """
    since = clock.local_day(now, me.zone) - timedelta(days=1)
    marks = select(func.count()).where(Mark.office_id == me.office_id, Mark.date >= since).scalar_subquery()
    changes = (
        select(func.count())
        .select_from(AuditEvent)
        .where(AuditEvent.office_id == me.office_id, AuditEvent.at >= clock.at_local(since, time(), me.zone))
        .where(BOARD_CHANGES)
        .scalar_subquery()
    )
    return "{}.{}".format(*db.execute(select(marks, changes)).one())


def seats_of(db: Session, office_id: int, day: date) -> list[Seat]:
    rows = db.execute(
        select(
            Officer.id,
            Officer.name,
            Posting.employment_type,
            Officer.phone,
            Officer.active_from,
            Officer.active_to,
            Office.recorded_from,
            Posting.division_id,
            Division.short_name,
            Division.keeps_cover,
        )
        .join(Office, Office.id == Officer.office_id)
        .join(Posting, posting_on(day))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(Officer.office_id == office_id, serves(day, day))
        .order_by(Division.sort.nulls_last(), Officer.name)
    )
    return [Seat._make(row) for row in rows]


def _person(me: Viewer, seat: Seat, record: DayRecord) -> Person:
    state, opens = _state(record), me.sees(officer_id=seat.id, division_id=seat.division_id)
    last = record.marks[-1] if record.marks else None
    said, where = (last.note, last.mode) if last else (record.plan.note, record.plan.mode)
    since = (record.last or (last.at.astimezone(me.zone) if last else record.first)) if record.is_work else None
    return Person(
        id=seat.id,
        name=seat.name,
        division_id=seat.division_id,
        employment_type=seat.employment_type,
        state=state,
        since=since,
        note=said if me.reads_note(where, officer_id=seat.id, division_id=seat.division_id) else "",
        planned=record.plan.mode,
        late=record.late,
        early=record.early,
        opens=opens,
        phone=seat.phone if opens else "",
    )


def _state(record: DayRecord) -> str:
    """Where somebody is now; the record tells of the whole day, so the last place of work decides."""
    if record.is_work and record.last:
        return "out"
    if record.is_work:
        last = record.marks[-1] if record.marks else None
        return str((last.mode if last and last.kind is MarkKind.CHECK_IN else None) or record.mode or WorkMode.OFFICE)
    return {State.LEAVE: "leave", State.PENDING: "pending"}.get(record.state, "off")


def _covers(rule: workdays.Coverage, people: list[Person]) -> list[Cover]:
    here = [person.employment_type for person in people if person.state == WorkMode.OFFICE]
    return [Cover(group.name, sum(kind in group.types for kind in here), group.minimum) for group in rule.groups]


def _found(columns: Iterable[Column], q: str, state: str) -> list[Column]:
    """Return the bidang with those of their people who fit; without a filter all of them."""
    wanted = q.casefold()

    def fits(column: Column, person: Person) -> bool:
        right = column.short if state == "short" else state in {"", person.state}
        return right and wanted in person.name.casefold()

    return [replace(column, people=[one for one in column.people if fits(column, one)]) for column in columns]


def _cut(column: Column) -> Column:
    return replace(column, people=column.people[:LINES], more=max(0, len(column.people) - LINES))
