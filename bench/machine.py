"""How long a log of a fingerprint machine of 100,000 lines takes: kept, read, stored, and the same file once more.

python -m bench.machine            on SQLite and PostgreSQL
"""

import hashlib
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import sqlalchemy as sa

from bench.office import LED, ZONE, fill, workdays_before
from bench.postgres import Postgres
from staffhub.db import Database
from staffhub.machines import files, taking
from staffhub.models import Machine, MachineMark, MachinePerson, MachineReading, Office, Officer

_LINES, _OFFICERS, _DAYS = 100_000, 400, 20
_NOW = datetime(2026, 11, 23, 7, tzinfo=ZONE)


class Told(NamedTuple):
    """Seconds to keep the file and read it, and to read it once more from its start; `lines`: what is stored then.

    `used`: of the first, what this process itself was busy.
    """

    lines: int
    first: float
    used: float
    again: float


def log_of(lines: int, people: int = _OFFICERS) -> bytes:
    """Four fingers a day of each, the newest day last."""
    days, found = -(-lines // (people * 4)), []
    for ago in range(days, 0, -1):
        day = _NOW.date() - timedelta(days=ago)
        for clock in ("07:2", "12:0", "13:0", "16:0"):
            for who in range(1, people + 1):
                second = int(hashlib.blake2b(f"{ago}{clock}{who}".encode(), digest_size=2).hexdigest(), 16) % 600
                found.append(f"{who:>9}\t{day} {clock}{second // 60}:{second % 60:02}\t1\t0\t1\t0\r\n")
    return "".join(found[-lines:]).encode()


def measure(database: Database, *, lines: int) -> Told:
    with database.transaction() as db:
        office_id = db.scalars(sa.select(sa.func.min(Office.id))).one()
        officers = db.scalars(sa.select(Officer.id).where(Officer.office_id == office_id).order_by(Officer.id)).all()
        machine = Machine(office_id=office_id, name="Ukur", utc_offset=480, created_at=_NOW)
        db.add(machine)
        db.flush()
        for number, officer_id in enumerate(officers, 1):
            row = {"office_id": office_id, "machine_id": machine.id, "number": str(number), "officer_id": officer_id}
            db.add(MachinePerson(**row, first=date(2020, 1, 1), created_at=_NOW))
    data = log_of(lines)
    began, used = time.perf_counter(), time.process_time()
    with database.transaction() as db:
        kept = files.keep(db, machine, name="attlog.dat", data=data, account_id=None, now=_NOW)
    taking.run_due(database, now=_NOW)
    first, used = time.perf_counter() - began, time.process_time() - used
    began = time.perf_counter()
    with database.transaction() as db:
        files.keep(db, machine, name="attlog.dat", data=data[:-1] + b"\r\n", account_id=None, now=_NOW)
        db.execute(sa.update(MachineReading).where(MachineReading.id > kept.id).values(line_from=1, content=data))
    taking.run_due(database, now=_NOW)
    again = time.perf_counter() - began
    with database.reading() as db:
        stored = db.scalars(sa.select(sa.func.count()).select_from(MachineMark)).one()
    return Told(stored, first, used, again)


def _print(name: str, url: str) -> None:
    fill(url, offices=1, officers=_OFFICERS, roles=LED, days=workdays_before(_NOW.date(), _DAYS), now=_NOW)
    database = Database(url)
    told = measure(database, lines=_LINES)
    database.engine.dispose()
    print(f"{name}: {told.lines} marks stored, {told.first:.1f} s (CPU {told.used:.1f}); once more {told.again:.1f} s")


def main() -> None:
    with TemporaryDirectory() as folder:
        _print("SQLite", f"sqlite:///{Path(folder) / 'staffhub.db'}")
    server = Postgres()
    try:
        server.run("CREATE DATABASE bench_machine")
        _print("PostgreSQL", server.url("bench_machine"))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
