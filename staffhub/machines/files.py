"""Files of a machine's log: kept until they are read, known again by what is in them."""

import codecs
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from staffhub import audit, i18n
from staffhub.db import insert_unless_there
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.machines.lines import Role, is_log
from staffhub.machines.tables import Columns
from staffhub.models import Machine, MachineReading, TaskState
from staffhub.people.register import decoded
from staffhub.security import Viewer

# A year of a large office, 100,000 lines, has 4 MB as the machine writes it.
MAX_BYTES = 5 * 1024 * 1024
# Of a file that lies on the server, which nobody sends through a form.
MAX_WATCHED = 64 * 1024 * 1024
PERMISSION = "machines"
COLUMNS, CLOCK = "columns", "clock"
# A clock that differs by more was set wrong, and does not merely run fast or slow.
WRONG = timedelta(days=1)
# Of a time that somebody reads off to the minute, less says nothing.
_A_MINUTE = 60


class Kept(NamedTuple):
    id: int
    is_new: bool


def text_of_log(data: bytes) -> str | None:
    """Return the text of a file, None for an XLSX; Refused when it is neither."""
    if data.startswith(b"PK"):
        return None
    # A log may bear the mark of UTF-8 and names that were written on Windows.
    text = decoded(data.removeprefix(codecs.BOM_UTF8))
    if is_log(text):
        return text
    strange = sum(not letter.isprintable() and letter not in "\r\n\t" for letter in text[:4000])
    if "\0" in text or strange * 50 > len(text[:4000]):
        raise Refused(
            _("This is no log of a machine: an attlog.dat, CSV or XLSX with a number and a time in each row.")
        )
    return text


def machine_of(db: Session, me: Viewer, machine_id: int) -> Machine:
    me.require(PERMISSION)
    found = db.scalar(select(Machine).where(Machine.id == machine_id, Machine.office_id == me.office_id))
    if found is None:
        raise NotFound(_("This machine is not there."))
    return found


def reading_of(db: Session, me: Viewer, reading_id: int) -> MachineReading:
    me.require(PERMISSION)
    mine = (MachineReading.id == reading_id, MachineReading.office_id == me.office_id)
    found = db.scalar(select(MachineReading).where(*mine))
    if found is None:
        raise NotFound(_("This file is not there."))
    return found


def upload(
    db: Session, me: Viewer, machine_id: int, *, name: str, data: bytes, shown: datetime | None, now: datetime
) -> Kept:
    """Keep a file to be read. `shown`: what the machine's own clock shows at this moment, None: as far off as before.

    The same file again is the reading that it was, also of two people who send it at once.
    """
    machine = machine_of(db, me, machine_id)
    if len(data) > MAX_BYTES:
        raise Refused(_("The file is larger than 5 MB. Export fewer months, or let the server read it."), field="file")
    if not data.strip():
        raise Refused(_("The file is empty."), field="file")
    try:
        text_of_log(data)
    except Refused as error:
        raise Refused(error.message, field="file") from None
    if shown is not None:
        note_clock(db, me, machine, shown, now=now)
    return keep(db, machine, name=name, data=data, account_id=me.account_id, now=now)


def note_clock(db: Session, me: Viewer, machine: Machine, shown: datetime, *, now: datetime) -> None:
    told = (now + timedelta(minutes=machine.utc_offset)).replace(tzinfo=None)
    error = round((shown - told).total_seconds())
    # What is shown are whole minutes: 07.31 is right until 07.31.59.
    error = 0 if -_A_MINUTE < error <= 0 else error
    machine.clock_error, machine.clock_at, machine.clock_by = error, now, me.account_id
    db.flush()
    audit.record(db, me, "machine.clock_read", "machine", machine.id, now=now, seconds=error)


def keep(db: Session, machine: Machine, *, name: str, data: bytes, account_id: int | None, now: datetime) -> Kept:
    mark = hashlib.sha256(data).hexdigest()
    same = (MachineReading.machine_id == machine.id, MachineReading.hash == mark)
    rest = _rest(db, machine.id, data)
    values: dict[str, Any] = {
        "office_id": machine.office_id,
        "machine_id": machine.id,
        "account_id": account_id,
        "name": name[:120],
        "hash": mark,
        "size": len(data),
        "ends": rest.ends,
        "ends_hash": hashlib.sha256(data[: rest.ends]).hexdigest() if rest.ends else "",
        "line_from": rest.line,
        "clock_error": machine.clock_error,
        "content": data[rest.begins :],
        "state": TaskState.PENDING,
        "attempts": 0,
        "due_at": now,
        "created_at": now,
        "bad_lines": [],
        "names": {},
    }
    if insert_unless_there(db, MachineReading, values):
        return Kept(db.scalars(select(MachineReading.id).where(*same)).one(), is_new=True)
    there = db.execute(select(MachineReading.id, MachineReading.state).where(*same)).one()
    if there.state is TaskState.FAILED:
        _again(db, there.id, {"content": values["content"], "attempts": 0, "trouble": ""}, now=now)
    return Kept(there.id, is_new=False)


@dataclass(frozen=True)
class _Rest:
    """What of a file is new: from this byte and line on; `ends`: behind its last whole line."""

    begins: int
    line: int
    ends: int


def _rest(db: Session, machine_id: int, data: bytes) -> _Rest:
    """A machine appends to its log for years: what was read is not read again, if it is still what it was."""
    if data.startswith((b"PK", b"\xff\xfe", b"\xfe\xff")) or not is_log(
        decoded(data[:20_000].removeprefix(codecs.BOM_UTF8))
    ):
        return _Rest(0, 1, 0)
    ends = data.rfind(b"\n") + 1
    read = MachineReading
    before = db.execute(
        select(read.ends, read.ends_hash, (read.line_from + read.lines).label("line"), read.state, read.trouble)
        .where(read.machine_id == machine_id, read.ends > 0)
        .order_by(read.id.desc())
        .limit(1)
    ).one_or_none()
    whole = before is not None and before.state is TaskState.DONE and len(data) > before.ends
    if before is None or not whole or hashlib.sha256(data[: before.ends]).hexdigest() != before.ends_hash:
        return _Rest(0, 1, ends)
    return _Rest(before.ends, before.line, ends)


def _again(db: Session, reading_id: int, values: dict[str, Any], *, now: datetime) -> None:
    again = {"state": TaskState.PENDING, "due_at": now, "lease_until": None, "progress": 0}
    db.execute(update(MachineReading).where(MachineReading.id == reading_id).values(**again | values))


def set_columns(db: Session, me: Viewer, reading_id: int, columns: Columns, *, now: datetime) -> None:
    """Say what the columns of this machine's tables are, once; the file is read with it."""
    reading = reading_of(db, me, reading_id)
    if reading.asks != COLUMNS:
        raise Conflict(_("This was answered meanwhile."))
    told = [role for role in columns.roles if role]
    if Role.NUMBER not in told:
        raise Refused(_("Say in which column the number of the person is."), field="roles")
    if Role.MOMENT not in told and not {Role.DATE, Role.TIME} <= set(told):
        raise Refused(_("Say in which column date and time are, or in which two."), field="roles")
    if len(set(told)) < len(told):
        raise Refused(_("Two columns cannot be the same."), field="roles")
    machine = machine_of(db, me, reading.machine_id)
    machine.columns = columns.kept()
    machine.version += 1
    db.flush()
    _again(db, reading.id, {"asks": ""}, now=now)
    audit.record(db, me, "machine.columns_set", "machine", machine.id, now=now, after=columns.kept())


def set_clock(db: Session, me: Viewer, reading_id: int, day: date, at: time, *, now: datetime) -> None:
    """Say when the first line that was held back really was; all of them were off by as much."""
    reading = reading_of(db, me, reading_id)
    if reading.asks != CLOCK:
        raise Conflict(_("This was answered meanwhile."))
    machine = machine_of(db, me, reading.machine_id)
    first = datetime.fromisoformat(reading.held_from)
    real = datetime.combine(day, at.replace(second=first.second))
    there = (now + timedelta(minutes=machine.utc_offset)).replace(tzinfo=None)
    if real > there + WRONG:
        text = _("That is still to come: today is %(day)s.", day=i18n.day(there.date()))
        raise Refused(text, field="date")
    error = round((first - real).total_seconds())
    _again(db, reading.id, {"asks": "", "held_error": error, "attempts": 0}, now=now)
    audit.record(db, me, "machine.clock_set", "machine", machine.id, now=now, seconds=error, lines=reading.held)
