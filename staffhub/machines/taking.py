"""A file of a machine's log, read by the scheduler: parsed outside of any transaction, stored in batches.

Whoever dies in between leaves whole batches, and the file is read again from its start: a line that is there already
is there. The days of the people that it touches follow in the transaction that says that the file is read.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from staffhub import audit, claims, clock, days, deadlines, office
from staffhub.db import Database
from staffhub.errors import Refused
from staffhub.machines import tables
from staffhub.machines.files import CLOCK, COLUMNS, WRONG, text_of_log
from staffhub.machines.lines import Line, Read, is_log, read_log, read_table
from staffhub.machines.tables import Columns
from staffhub.models import Machine, MachineMark, MachinePerson, MachineReading, TaskState

log = structlog.get_logger(__name__)

# Half a second of one who writes, in which on SQLite nobody else does.
BATCH = 5000
# So many lines that cannot be read are kept by name.
NAMED = 1000
_LEASE = timedelta(minutes=5)
_AGAIN = timedelta(seconds=20)
_TRIES = 3
# A clock that lost its battery begins anew long ago; one that jumped back by so much was set wrong.
_YEAR_OFF = timedelta(days=300)
_FIRST_YEAR = 2005
_A_DAY = timedelta(days=1)

_Span = tuple[date, date]


@dataclass
class _Job:
    id: int
    office_id: int
    machine_id: int
    content: bytes
    line_from: int
    columns: Columns | None
    utc_offset: int
    clock_error: int
    held_error: int | None
    held_from: str
    again: bool
    tries: int
    ticket: datetime
    zone: ZoneInfo


@dataclass
class _Sorted:
    """`taken`: lines with how far their clock was ahead; `held`: those whose time cannot be right."""

    taken: list[tuple[Line, int]] = field(default_factory=list)
    held: list[Line] = field(default_factory=list)


def run_due(database: Database, *, now: datetime, only: int | None = None, most: int | None = None) -> int:
    """Read what waits, one file after the other; of one machine the oldest first. `only`: none but this one.

    `most`: stop after so many batches, as a process that is killed does.
    """
    done = 0
    while True:
        with database.reading() as db:
            row_id = claims.next_due(db, MachineReading, now=now, in_turn=MachineReading.machine_id)
        if row_id is None or (only is not None and row_id != only):
            return done
        deadlines.again()
        job = _take(database, row_id, now)
        if job is None:
            return done
        _work(database, job, now, most=most)
        done += 1
        if most is not None:
            return done


def _take(database: Database, row_id: int, now: datetime) -> _Job | None:
    with database.transaction() as db:
        return _claimed(db, row_id, now)


def _claimed(db: Session, row_id: int, now: datetime) -> _Job | None:
    ticket = claims.take(db, MachineReading, row_id, now=now, lease=_LEASE, progress=1)
    if ticket is None:
        return None
    row = db.get_one(MachineReading, row_id)
    machine = db.get_one(Machine, row.machine_id)
    return _Job(
        row.id,
        row.office_id,
        row.machine_id,
        row.content or b"",
        row.line_from,
        Columns.of(machine.columns) if machine.columns else None,
        machine.utc_offset,
        row.clock_error,
        row.held_error,
        row.held_from,
        row.attempts > 1 or row.held_error is not None,
        row.attempts,
        ticket,
        office.facts(db, row.office_id).zone,
    )


def read_here(db: Session, reading_id: int, *, now: datetime) -> None:
    """Read a small log within a transaction of the caller's, as a demo that is being made."""
    job = _claimed(db, reading_id, now)
    found = _read(job) if job else None
    if job is None or found is None:
        return
    seen: dict[str, _Span] = {}
    sorted_ = _sort(job, found, None, now)
    added = _add(db, job, sorted_.taken, now)
    db.execute(update(MachineReading).where(MachineReading.id == job.id).values(added=len(added)))
    _note(seen, added)
    _finish(db, job, found, sorted_, seen, now)


def _work(database: Database, job: _Job, now: datetime, *, most: int | None) -> None:
    """Whatever goes wrong becomes an outcome: a file that cannot be read stands in nobody's way."""
    try:
        found = _read(job)
        if found is None:
            _settle(database, job, state=TaskState.DONE, asks=COLUMNS, finished_at=now)
            return
        _store(database, job, found, now, most=most)
    except Refused as error:
        _settle(database, job, state=TaskState.FAILED, trouble=error.message[:200], content=None, finished_at=now)
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError):
        raise  # the database is away: the lease ends, and whoever comes next reads the file
    except Exception:
        log.exception("machine_reading_failed", reading=job.id, attempts=job.tries)
        if job.tries >= _TRIES:
            _settle(database, job, state=TaskState.FAILED, content=None, finished_at=now)
        else:
            _settle(database, job, state=TaskState.PENDING, due_at=now + _AGAIN)


def _settle(database: Database, job: _Job, **values: Any) -> None:
    with database.transaction() as db:
        claims.settle(db, MachineReading, job.id, job.ticket, **values)


def _read(job: _Job) -> Read | None:
    """Return what the file says; None where its columns are not known."""
    text = text_of_log(job.content)
    if text is not None and is_log(text):
        return read_log(text, job.line_from)
    rows = tables.rows_of(job.content, text)
    start = job.columns.start(rows) if job.columns else None
    if job.columns is None or start is None:
        return None
    return read_table(tables.numbered(rows, start), job.columns.roles, job.columns.order)


def _store(database: Database, job: _Job, found: Read, now: datetime, *, most: int | None) -> None:
    with database.reading() as db:
        newest = _newest(db, job, now) if job.line_from > 1 else None
        sorted_ = _sort(job, found, newest, now)
        if sorted_.held:
            sorted_.held = _unknown(db, job, sorted_.held)
    seen: dict[str, _Span] = {}
    batches = [sorted_.taken[at : at + BATCH] for at in range(0, len(sorted_.taken), BATCH)]
    for number, batch in enumerate(batches, 1):
        if most is not None and number > most:
            return
        deadlines.again()
        with database.transaction() as db:
            if not _holds(db, job, progress=5 + 90 * number // len(batches)):
                return
            added = _add(db, job, batch, now)
            db.execute(
                update(MachineReading)
                .where(MachineReading.id == job.id)
                .values(added=MachineReading.added + len(added))
            )
        _note(seen, _rows(job, batch, now) if job.again else added)
    deadlines.again()
    with database.transaction() as db:
        _finish(db, job, found, sorted_, seen, now)


def _holds(db: Session, job: _Job, **values: Any) -> bool:
    mine = (MachineReading.id == job.id, MachineReading.lease_until == job.ticket)
    return db.scalar(update(MachineReading).where(*mine).values(**values).returning(MachineReading.id)) is not None


def _finish(db: Session, job: _Job, found: Read, sorted_: _Sorted, seen: Mapping[str, _Span], now: datetime) -> None:
    # Whose the numbers are is asked in the end: HR may have said it while the file was read.
    if touched := _touched(_people(db, job), seen):
        days.touch(db, job.office_id, touched, MachineMark.__tablename__)
    held = sorted(one.time for one in sorted_.held)
    same = [one for one in held if one - held[0] < _YEAR_OFF]
    outcome: dict[str, Any] = {
        "state": TaskState.DONE,
        "progress": 100,
        "asks": CLOCK if held else "",
        "lines": max(0, found.last - job.line_from + 1),
        "known": len(found.lines) - len(held) - MachineReading.added,
        "held": len(held),
        "held_from": held[0].isoformat(" ") if held else "",
        "held_to": same[-1].isoformat(" ") if held else "",
        "bad": len(found.bad),
        "bad_lines": [list(one) for one in found.bad[:NAMED]],
        "names": dict(list(found.names.items())[:NAMED]),
        "finished_at": now,
    }
    if not held:
        outcome["content"] = None
    if claims.settle(db, MachineReading, job.id, job.ticket, **outcome):
        told = {"reading": job.id, "lines": len(found.lines), "bad": len(found.bad), "held": len(held)}
        audit.record(db, None, "machine.read", "machine", job.machine_id, now=now, office_id=job.office_id, **told)


def _newest(db: Session, job: _Job, now: datetime) -> str | None:
    """The newest time that the machine showed and that can have been right: not that of a clock that was far ahead."""
    mark = MachineMark
    possible = mark.machine_time <= (_there(job, now) + WRONG).isoformat(" ")
    mine = (mark.machine_id == job.machine_id, mark.reading_id != job.id)
    return db.scalar(select(sa.func.max(mark.machine_time)).where(*mine, possible))


def _people(db: Session, job: _Job) -> dict[str, list[tuple[date, date, int]]]:
    held: defaultdict[str, list[tuple[date, date, int]]] = defaultdict(list)
    whose = MachinePerson
    for row in db.execute(
        select(whose.number, whose.first, whose.last, whose.officer_id).where(whose.machine_id == job.machine_id)
    ):
        held[row.number].append((row.first, row.last or date.max, row.officer_id))
    return held


def _note(seen: dict[str, _Span], rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        seen[row["number"]] = _wider(seen.get(row["number"]), row["date"], row["date"])


def _touched(people: Mapping[str, list[tuple[date, date, int]]], seen: Mapping[str, _Span]) -> dict[int, _Span]:
    """A finger touches its date, and the day before, whose night it may have ended."""
    touched: dict[int, _Span] = {}
    for number, (oldest, newest) in seen.items():
        for first, last, officer_id in people.get(number, ()):
            begins, ends = max(first, oldest), min(last, newest)
            if begins <= ends:
                touched[officer_id] = _wider(touched.get(officer_id), begins - _A_DAY, ends)
    return touched


def _wider(was: _Span | None, first: date, last: date) -> _Span:
    return (min(was[0], first), max(was[1], last)) if was else (first, last)


def _there(job: _Job, now: datetime) -> datetime:
    return (now + timedelta(minutes=job.utc_offset)).replace(tzinfo=None)


def _sort(job: _Job, found: Read, newest: str | None, now: datetime) -> _Sorted:
    """Tell lines whose time may be right from those that are held back until a person has said how far it is off."""
    done, there = _Sorted(), _there(job, now)
    error, last = timedelta(seconds=job.clock_error), datetime.fromisoformat(newest) if newest else None
    off, stale = abs(error) > WRONG, bool(found.lines) and max(one.time for one in found.lines) < there - _YEAR_OFF
    for one in found.lines:
        back = last is not None and found.in_order and one.time < last - _YEAR_OFF
        if off or stale or back or one.time.year < _FIRST_YEAR or one.time - error > there + WRONG:
            if job.held_error is not None and _is_near(one, job.held_from):
                done.taken.append((one, job.held_error))
            else:
                done.held.append(one)
        else:
            done.taken.append((one, job.clock_error))
            last = max(last, one.time) if last else one.time
    return done


def _is_near(one: Line, first: str) -> bool:
    """Whether a line was held back for the same clock as the first of them: a log may have had two that were wrong."""
    return timedelta() <= one.time - datetime.fromisoformat(first) < _YEAR_OFF


def _unknown(db: Session, job: _Job, held: Sequence[Line]) -> list[Line]:
    """Leave out lines that were held back before, and are stored since."""
    mark, times = MachineMark, [one.time.isoformat(" ") for one in held]
    span = (mark.machine_id == job.machine_id, mark.machine_time.between(min(times), max(times)))
    known = {
        (number, at) for number, at in db.connection().execute(select(mark.number, mark.machine_time).where(*span))
    }
    return [one for one in held if (one.number, one.time.isoformat(" ")) not in known]


def _rows(job: _Job, batch: Sequence[tuple[Line, int]], now: datetime) -> list[dict[str, Any]]:
    same: dict[str, Any] = {"office_id": job.office_id, "machine_id": job.machine_id, "reading_id": job.id}
    same["received_at"] = now
    rows: list[dict[str, Any]] = []
    for one, error in batch:
        at = (one.time - timedelta(minutes=job.utc_offset, seconds=error)).replace(tzinfo=UTC)
        rows.append(
            {
                **same,
                "line": one.line,
                "number": one.number,
                "written": one.written,
                "machine_time": one.time.isoformat(" "),
                "at": at,
                "date": clock.local_day(at, job.zone),
                "kind": one.kind,
            }
        )
    return rows


def _add(db: Session, job: _Job, batch: Sequence[tuple[Line, int]], now: datetime) -> list[dict[str, Any]]:
    """Insert what is not there yet; return it."""
    rows, mark = _rows(job, batch, now), MachineMark
    times = [row["machine_time"] for row in rows]
    span = (mark.machine_id == job.machine_id, mark.machine_time.between(min(times), max(times)))
    numbers = sorted({one.number for one, _error in batch})
    there = select(mark.number, mark.machine_time).where(*span, mark.number.in_(numbers))
    known = {(number, at) for number, at in db.connection().execute(there)}
    fresh: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = row["number"], row["machine_time"]
        if key not in known:
            fresh.setdefault(key, row)
    if fresh:
        db.connection().execute(_insert(db.get_bind().dialect.name), list(fresh.values()))
    return list(fresh.values())


def _insert(dialect: str) -> Any:
    """Past the unit of work, which is told of the days in the end. On SQLite one writes at a time, and what is known
    was looked up behind the same lock.
    """
    table: Any = MachineMark.__table__
    return sa.insert(table) if dialect == "sqlite" else postgresql.insert(table).on_conflict_do_nothing()
