"""Files that other programs lay into a folder of the server: taken when they stand still, and left where they are."""

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import structlog
from sqlalchemy import select, update

from staffhub.db import Database
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.machines.files import MAX_WATCHED, keep, text_of_log
from staffhub.models import Machine

log = structlog.get_logger(__name__)

_TAKEN = "taken"


class Trouble(StrEnum):
    """Why a watched file is not taken. Only those of its content wait for another content."""

    MISSING = "missing"
    CLOSED = "closed"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"


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
    lies = _how_it_lies(path)
    if one.looked.startswith(f"{lies}:"):  # it was taken as it lies there, or cannot be
        return False
    if one.looked != lies or lies.startswith(":"):
        _note(database, one, lies)
        return False
    try:
        data = _content(path)
    except OSError:  # gone just now: the next look says so
        return False
    if isinstance(data, Trouble):
        log.warning("machine_file_not_taken", machine=one.id, trouble=data)
        _note(database, one, f"{lies}:{data}")
        return False
    with database.transaction() as db:
        machine = db.get_one(Machine, one.id)
        kept = keep(db, machine, name=one.watched, data=data, account_id=None, now=now)
        machine.looked = f"{lies}:{_TAKEN}"
    return kept.is_new


def _how_it_lies(path: Path) -> str:
    """Its size and time; after a colon why it is not read at all."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return f":{Trouble.MISSING}"
    except OSError:
        return f":{Trouble.CLOSED}"
    if not path.is_file() or path.is_symlink() or not os.access(path, os.R_OK):
        return f":{Trouble.CLOSED}"
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _content(path: Path) -> bytes | Trouble:
    if path.stat().st_size > MAX_WATCHED:
        return Trouble.TOO_LARGE
    data = path.read_bytes()
    try:
        text_of_log(data)
    except Refused:
        return Trouble.UNREADABLE
    return data


def _note(database: Database, one: _Watched, looked: str) -> None:
    if looked != one.looked:
        with database.transaction() as db:
            db.execute(update(Machine).where(Machine.id == one.id).values(looked=looked))


def said(machine: Machine) -> str:
    """Say what HR has to know of a watched file that is not taken; "" where all is well, or nobody has looked yet."""
    name = machine.watched
    words: dict[str, str] = {
        Trouble.MISSING: _("The file %(name)s is not in the folder of the server.", name=name),
        Trouble.CLOSED: _("The program may not read the file %(name)s on the server.", name=name),
        Trouble.TOO_LARGE: _(
            "The file %(name)s on the server is too large to be read. Have the machine write a new one.", name=name
        ),
        Trouble.UNREADABLE: _("The file %(name)s on the server is no log that can be read.", name=name),
    }
    return words.get(machine.looked.rpartition(":")[2], "")
