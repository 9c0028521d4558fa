"""Machines, their files and their numbers, as the pages of HR show them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import claims, clock
from staffhub.db import rows
from staffhub.machines.files import PERMISSION
from staffhub.machines.one import Person, known, proposed
from staffhub.models import Machine, MachineMark, MachinePerson, MachineReading, Officer, TaskState
from staffhub.security import Viewer

# Numbers that nobody is matched to are looked for as far back; and so many stand on a page.
_BACK = timedelta(days=100)
AT_ONCE = 25
PAGE = 50


class File(NamedTuple):
    """A file as a list tells it."""

    id: int
    machine_id: int
    name: str
    state: TaskState
    progress: int
    asks: str
    lines: int
    added: int
    known: int
    held: int
    bad: int
    clock_error: int
    account_id: int | None
    created_at: datetime

    @property
    def waits(self) -> bool:
        return self.state in claims.UNFINISHED


_FILES = (
    select(*(getattr(MachineReading, name) for name in File._fields))
    .where(MachineReading.office_id == bindparam("office"))
    .order_by(MachineReading.id.desc())
    .limit(60)
)


class Listed(NamedTuple):
    machine: Machine
    files: list[File]


def machines(db: Session, me: Viewer) -> list[Listed]:
    me.require(PERMISSION)
    found = db.scalars(select(Machine).where(Machine.office_id == me.office_id).order_by(Machine.name)).all()
    files = [File(*row) for row in rows(db, _FILES, office=me.office_id)]
    return [Listed(one, [file for file in files if file.machine_id == one.id]) for one in found]


def files(db: Session, me: Viewer, machine_id: int) -> list[File]:
    """Return the newest files of a machine."""
    return [
        one for one in (File(*row) for row in rows(db, _FILES, office=me.office_id)) if one.machine_id == machine_id
    ]


class Unknown(NamedTuple):
    """A number that nobody had when the machine knew it. `proposed`: the name of whoever it probably is."""

    number: str
    written: str
    times: int
    last: datetime
    proposed: str


_HELD = (
    select(MachinePerson.id)
    .join(Officer, Officer.id == MachinePerson.officer_id)
    .where(
        MachinePerson.machine_id == MachineMark.machine_id,
        MachinePerson.number == MachineMark.number,
        MachinePerson.first <= MachineMark.date,
        sa.or_(MachinePerson.last.is_(None), MachinePerson.last >= MachineMark.date),
        sa.or_(Officer.active_to.is_(None), Officer.active_to >= MachineMark.date),
    )
    .correlate(MachineMark)
    .exists()
)
_UNKNOWN = (
    select(
        MachineMark.number,
        sa.func.max(MachineMark.written),
        sa.func.count(),
        sa.func.max(MachineMark.at),
    )
    .where(MachineMark.office_id == bindparam("office"), MachineMark.machine_id == bindparam("machine"))
    .where(MachineMark.date >= bindparam("since"), ~_HELD)
    .group_by(MachineMark.number)
    .order_by(sa.func.count().desc(), MachineMark.number)
    .limit(200)
)


class Numbers(NamedTuple):
    unknown: list[Unknown]
    people: list[Person]


def numbers(db: Session, me: Viewer, machine_id: int, *, now: datetime) -> Numbers:
    """Return the numbers that are nobody's, and the people of the register."""
    since = clock.local_day(now, me.zone) - _BACK
    people = known(db, me.office_id)
    found = rows(db, _UNKNOWN, office=me.office_id, machine=machine_id, since=since).all()
    named = _names(db, me, machine_id) if found else {}
    unknown = [
        Unknown(number, written, count, last.astimezone(me.zone), proposed(people, number, named.get(number, "")))
        for number, written, count, last in found
    ]
    return Numbers(unknown, people)


def _names(db: Session, me: Viewer, machine_id: int) -> dict[str, str]:
    """Names that its newest files give to numbers."""
    read = MachineReading
    newest = select(read.names).where(read.office_id == me.office_id, read.machine_id == machine_id)
    found: dict[str, str] = {}
    for names in db.scalars(newest.order_by(read.id.desc()).limit(5)):
        found = names | found
    return found


class Holder(NamedTuple):
    """`left`: the last day of service of whoever has gone since."""

    number: str
    officer_id: int
    name: str
    first: date
    last: date | None
    left: date | None


_HOLDERS = (
    select(
        MachinePerson.number,
        MachinePerson.officer_id,
        Officer.name,
        MachinePerson.first,
        MachinePerson.last,
        Officer.active_to,
    )
    .join(Officer, Officer.id == MachinePerson.officer_id)
    .where(MachinePerson.office_id == bindparam("office"), MachinePerson.machine_id == bindparam("machine"))
    .order_by(Officer.name, MachinePerson.first)
    .limit(PAGE + 1)
    .offset(bindparam("offset"))
)


def holders(db: Session, me: Viewer, machine_id: int, *, offset: int = 0) -> Sequence[Holder]:
    """Return whose numbers are known, by name; one more than a page has."""
    return [Holder(*row) for row in rows(db, _HOLDERS, office=me.office_id, machine=machine_id, offset=offset)]
