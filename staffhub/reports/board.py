"""Who is where now: everybody of the office by bidang, and whether each bidang is covered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.models import (
    BOARD_CHANGES,
    NOTED,
    AuditEvent,
    Division,
    EmploymentType,
    Mark,
    Officer,
    PlanMode,
    WorkMode,
    serves,
)
from staffhub.security import Viewer


@dataclass(frozen=True)
class Person:
    """One line of the board. `state`: office, home, field, leave, pending, out (checked out) or off (no work planned).

    `since` is the local time of the mark that made the state; `planned` is the mode that was expected.
    """

    id: int
    name: str
    division_id: int | None
    employment_type: EmploymentType
    state: str
    mode: WorkMode | None
    since: datetime | None
    note: str
    planned: PlanMode | None


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
    """One bidang on the board."""

    id: int
    name: str
    people: list[Person]
    covers: list[Cover]

    @property
    def short(self) -> bool:
        return any(cover.short for cover in self.covers)


@dataclass(frozen=True)
class Board:
    """`columns` are filtered as asked; `counts` and `short` always tell of the whole office.

    `started`: the working day has begun, so a lack is a fact and no longer just early.
    """

    day: date
    columns: list[Column]
    divisions: list[tuple[int, str]]
    counts: dict[str, int]
    short: list[Column]
    total: int
    holiday: str
    started: bool
    changed_at: datetime | None


_ORDER = ("pending", "office", "home", "field", "leave", "out", "off")


def board(
    db: Session, me: Viewer, *, now: datetime, division_id: int | None = None, q: str = "", state: str = ""
) -> Board:
    """Everyone of the office today, in five statements whatever the head count."""
    local = now.astimezone(me.zone)
    day = local.date()
    last = _last_marks(db, me.office_id, day)
    book = workdays.plans(db, me.office_id, day, day)
    columns: dict[int, Column] = {}
    rule = book.calendar.coverage(day)
    keeps: dict[int, bool] = {}
    for row in _officers(db, me.office_id, day):
        # Who heads the whole office belongs to no bidang: the last column, the secretariat, is the nearest.
        where = row.division_id or next(reversed(columns), 0)
        column = columns.setdefault(where, Column(where, row.division or "", [], []))
        keeps[column.id] = keeps.get(column.id, bool(row.keeps_cover))
        column.people.append(_person(me, row, book.of(row.id, day), last.get(row.id)))
    for column in columns.values():
        column.people.sort(key=lambda person: (_ORDER.index(person.state), person.name))
        if keeps[column.id]:
            column.covers.extend(_covers(rule, column.people))
    people = [person for column in columns.values() for person in column.people]
    hours = book.calendar.hours(day)
    return Board(
        day=day,
        columns=_filtered(columns.values(), division_id, q, state),
        divisions=[(column.id, column.name) for column in columns.values() if column.id],
        counts={name: sum(person.state == name for person in people) for name in _ORDER},
        short=[column for column in columns.values() if column.short],
        total=len(people),
        holiday=book.calendar.holidays.get(day, ""),
        started=hours is not None and local.time() >= hours.starts,
        changed_at=max((person.since for person in people if person.since), default=None),
    )


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


def _officers(db: Session, office_id: int, day: date) -> Sequence[Any]:
    return db.execute(
        select(
            Officer.id,
            Officer.name,
            Officer.employment_type,
            Officer.division_id,
            Division.short_name.label("division"),
            Division.keeps_cover,
        )
        .outerjoin(Division, Division.id == Officer.division_id)
        .where(Officer.office_id == office_id, serves(day, day))
        .order_by(Division.sort.nulls_last(), Officer.name)
    ).all()


def _last_marks(db: Session, office_id: int, day: date) -> dict[int, Any]:
    rows = db.execute(
        select(Mark.officer_id, Mark.kind, Mark.mode, Mark.attempted_at, NOTED)
        .where(Mark.office_id == office_id, Mark.date == day)
        .order_by(Mark.turn)
    )
    return {row.officer_id: row for row in rows}


def _person(me: Viewer, row: Any, plan: workdays.Plan, last: Any | None) -> Person:
    since = last.attempted_at.astimezone(me.zone) if last else None
    mode = last.mode if last else None
    if last:
        state = mode.value if mode else "out"
    elif plan.mode is PlanMode.LEAVE:
        state = "leave"
    else:
        state = "pending" if plan.is_work else "off"
    said, where = (last.note, mode) if last else (plan.note, plan.mode)
    note = said if me.reads_note(where, officer_id=row.id, division_id=row.division_id) else ""
    return Person(row.id, row.name, row.division_id, row.employment_type, state, mode, since, note, plan.mode)


def _covers(rule: workdays.Coverage, people: list[Person]) -> list[Cover]:
    here = [person.employment_type for person in people if person.state == WorkMode.OFFICE]
    return [Cover(group.name, sum(kind in group.types for kind in here), group.minimum) for group in rule.groups]


def _filtered(columns: Iterable[Column], division_id: int | None, q: str, state: str) -> list[Column]:
    wanted = q.casefold()

    def fits(person: Person) -> bool:
        return wanted in person.name.casefold() and (not state or person.state == state)

    chosen = [column for column in columns if division_id in {None, column.id}]
    return [
        replace(column, people=kept)
        for column in chosen
        if (kept := [person for person in column.people if fits(person)]) or not (wanted or state)
    ]
