"""Check in, check out, receipts; and who is where now. Marks are facts: a new one is added, none is changed."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, workdays
from staffhub.db import insert_unless_there
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    AuditEvent,
    Division,
    EmploymentType,
    Grade,
    Mark,
    MarkKind,
    Officer,
    PlanMode,
    RuleKind,
    WorkMode,
)
from staffhub.security import Viewer

# No letters or digits that are taken for each other when read aloud.
_RECEIPT_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_RECEIPT_LENGTH = 7


@dataclass(frozen=True)
class Stamp:
    """One mark as people see it. `at` is local.

    `first` False: it was there before this tap, nothing was changed. `moved`: from another place of work.
    """

    id: int
    kind: MarkKind
    mode: WorkMode | None
    at: datetime
    note: str
    grade: Grade
    receipt: str
    key: str
    first: bool = False
    moved: bool = False

    @property
    def code(self) -> str:
        """K74FQ29 as K7-4FQ-29."""
        return f"{self.receipt[:2]}-{self.receipt[2:5]}-{self.receipt[5:]}"


_STAMPS = (
    select(Mark.id, Mark.kind, Mark.mode, Mark.attempted_at, Mark.note, Mark.grade, Mark.receipt, Mark.idempotency_key)
    .where(
        Mark.office_id == bindparam("office"), Mark.officer_id == bindparam("officer"), Mark.date == bindparam("day")
    )
    .order_by(Mark.place)
)


def stamps(db: Session, me: Viewer, *, day: date) -> list[Stamp]:
    """Return my marks of a day in order."""
    rows = db.execute(_STAMPS, {"office": me.office_id, "officer": me.officer_id, "day": day})
    return [Stamp(row[0], row[1], row[2], row[3].astimezone(me.zone), row[4], row[5], row[6], row[7]) for row in rows]


def check_in(db: Session, me: Viewer, *, mode: WorkMode, note: str = "", idempotency_key: str, now: datetime) -> Stamp:
    """Declare where I work from now on; a second tap or a replay changes nothing and returns what is there."""
    if mode is WorkMode.FIELD and not note:
        raise Refused(_("Write where you are on duty and the number of the duty order."), field="note")
    return _declare(db, me, MarkKind.CHECK_IN, mode, note=note, idempotency_key=idempotency_key, now=now)


def check_out(db: Session, me: Viewer, *, idempotency_key: str, now: datetime) -> Stamp:
    return _declare(db, me, MarkKind.CHECK_OUT, None, note="", idempotency_key=idempotency_key, now=now)


def _declare(
    db: Session,
    me: Viewer,
    kind: MarkKind,
    mode: WorkMode | None,
    *,
    note: str,
    idempotency_key: str,
    now: datetime,
) -> Stamp:
    if me.officer_id is None:
        raise Refused(_("This account belongs to nobody on the register, so it cannot check in."))
    day = clock.local_day(now, me.zone)
    # The place in the day may be taken by a tap that came at the same moment: look again, at most twice.
    for _try in range(3):
        there = stamps(db, me, day=day)
        if same := _same_already(there, kind, mode, idempotency_key):
            return same
        if kind is MarkKind.CHECK_OUT and not there:
            raise Conflict(_("You have not checked in today, so there is nothing to check out of."))
        receipt = "".join(secrets.choice(_RECEIPT_LETTERS) for _n in range(_RECEIPT_LENGTH))
        mark = {
            "office_id": me.office_id,
            "officer_id": me.officer_id,
            "date": day,
            "place": len(there) + 1,
            "kind": kind,
            "mode": mode,
            "note": note,
            "attempted_at": now,
            "received_at": now,
            "method": "tap",
            "grade": Grade.C,
            "receipt": receipt,
            "idempotency_key": idempotency_key,
        }
        if insert_unless_there(db, Mark, mark):
            audit.record(db, me, f"presence.{kind}", "mark", me.officer_id, now=now, mode=mode, receipt=receipt)
            local = now.astimezone(me.zone)
            moved = kind is MarkKind.CHECK_IN and bool(there) and there[-1].kind is MarkKind.CHECK_IN
            return Stamp(0, kind, mode, local, note, Grade.C, receipt, idempotency_key, first=True, moved=moved)
        if earlier := _by_key(db, me, idempotency_key):
            return earlier
    raise Conflict(_("Another tap came at the same moment. Look at the page again before the next one."))


def _same_already(there: Sequence[Stamp], kind: MarkKind, mode: WorkMode | None, key: str) -> Stamp | None:
    replayed = next((stamp for stamp in there if stamp.key == key), None)
    if replayed or not there:
        return replayed
    last = there[-1]
    return last if (last.kind, last.mode) == (kind, mode) else None


def _by_key(db: Session, me: Viewer, key: str) -> Stamp | None:
    """A key sent again on a later day: the form lay open over midnight."""
    found = select(Mark.date).where(
        Mark.office_id == me.office_id, Mark.officer_id == me.officer_id, Mark.idempotency_key == key
    )
    day = db.scalar(found)
    return next((stamp for stamp in stamps(db, me, day=day) if stamp.key == key), None) if day else None


@dataclass(frozen=True)
class Receipt:
    """`at` and `received_at` are local to the office."""

    code: str
    officer_id: int
    name: str
    day: date
    kind: MarkKind
    mode: WorkMode | None
    note: str
    method: str
    grade: Grade
    at: datetime


def receipt_for(db: Session, me: Viewer, code: str) -> Receipt:
    """Load a receipt that I may see: mine, or of somebody in my scope."""
    wanted = code.upper().replace("-", "")
    row = db.execute(
        select(Mark, Officer.name, Officer.division_id)
        .join(Officer, Officer.id == Mark.officer_id)
        .where(Mark.office_id == me.office_id, Mark.receipt == wanted)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no receipt with this code."))
    mark, name, division_id = row
    if not me.sees(officer_id=mark.officer_id, division_id=division_id):
        raise Forbidden(_("This receipt belongs to somebody outside your scope."))
    at = mark.attempted_at.astimezone(me.zone)
    shown = f"{wanted[:2]}-{wanted[2:5]}-{wanted[5:]}"
    return Receipt(
        shown, mark.officer_id, name, mark.date, mark.kind, mark.mode, mark.note, mark.method, mark.grade, at
    )


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
    rule = book.calendar.rule(RuleKind.COVERAGE, day) if book.calendar.is_working_day(day) else {}
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


def board_version(db: Session, office_id: int) -> int:
    """Return a number that grows with every change the board could show: its ETag, in one cheap statement."""
    shown = ("mark", "plan_entry", "week_pattern", "officer", "holiday", "correction", "office")
    newest = select(AuditEvent.id).where(AuditEvent.office_id == office_id, AuditEvent.subject.in_(shown))
    return db.scalar(newest.order_by(AuditEvent.id.desc()).limit(1)) or 0


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
        .where(
            Officer.office_id == office_id,
            Officer.active_from <= day,
            or_(Officer.active_to.is_(None), Officer.active_to >= day),
        )
        .order_by(Division.sort.nulls_last(), Officer.name)
    ).all()


def _last_marks(db: Session, office_id: int, day: date) -> dict[int, Any]:
    rows = db.execute(
        select(Mark.officer_id, Mark.kind, Mark.mode, Mark.attempted_at, Mark.note)
        .where(Mark.office_id == office_id, Mark.date == day)
        .order_by(Mark.place)
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
    note = last.note if last else plan.note
    if state == "leave" and not me.sees(officer_id=row.id, division_id=row.division_id):
        note = ""  # that somebody is away is for everyone, why is not
    return Person(row.id, row.name, row.division_id, row.employment_type, state, mode, since, note, plan.mode)


def _covers(rule: dict[str, Any], people: list[Person]) -> list[Cover]:
    here = [person.employment_type.value for person in people if person.state == WorkMode.OFFICE]
    return [
        Cover(group["name"], sum(kind in group["types"] for kind in here), group["minimum"])
        for group in rule.get("groups", ())
    ]


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
