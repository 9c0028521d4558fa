"""Files that other programs lay into a folder of the server: taken when they stand still, and left where they are."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import structlog
from sqlalchemy import select, update

from staffhub.db import Database
from staffhub.errors import Refused
from staffhub.machines.files import MAX_WATCHED, keep, text_of_log
from staffhub.models import Machine

log = structlog.get_logger(__name__)

_TAKEN = ":taken"


class _Watched(NamedTuple):
    id: int
    office_id: int
    watched: str
    looked: str


def place(folder: Path, office_id: int, name: str) -> Path:
    """Each office has a folder of its own there, so that none names a file of another."""
    return folder / str(office_id) / name


def look(database: Database, folder: Path | None, *, now: datetime) -> int:
    """Take each watched file that is as it was at the look before; return how many were taken."""
    if folder is None:
        return 0
    with database.reading() as db:
        wanted = select(Machine.id, Machine.office_id, Machine.watched, Machine.looked).where(Machine.watched != "")
        found = [_Watched(*row) for row in db.execute(wanted)]
    return sum(_look_at(database, one, place(folder, one.office_id, one.watched), now) for one in found)


def _look_at(database: Database, one: _Watched, path: Path, now: datetime) -> bool:
    try:
        stat = path.stat()
        stands = f"{stat.st_size}:{stat.st_mtime_ns}"
        if one.looked == stands + _TAKEN or not path.is_file() or path.is_symlink():
            return False
        if one.looked != stands:
            _note(database, one, stands)
            return False
        if stat.st_size > MAX_WATCHED:
            log.warning("machine_file_too_large", machine=one.id, size=stat.st_size)
            _note(database, one, stands + _TAKEN)
            return False
        data = path.read_bytes()
    except OSError:  # not there yet, or not for us to read
        return False
    return _take(database, one, data, stands, now)


def _take(database: Database, one: _Watched, data: bytes, stands: str, now: datetime) -> bool:
    try:
        text_of_log(data)
    except Refused:
        log.warning("machine_file_unreadable", machine=one.id)
        _note(database, one, stands + _TAKEN)
        return False
    with database.transaction() as db:
        machine = db.get_one(Machine, one.id)
        kept = keep(db, machine, name=one.watched, data=data, account_id=None, now=now)
        machine.looked = stands + _TAKEN
    return kept.is_new


def _note(database: Database, one: _Watched, looked: str) -> None:
    with database.transaction() as db:
        db.execute(update(Machine).where(Machine.id == one.id).values(looked=looked))
