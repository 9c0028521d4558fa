"""Copies of a SQLite database, there and back: whole, checked before they count, and never over one in use."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from staffhub import audit, migrations
from staffhub.db import Database
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import AuditEvent, LogEntry, Mark, Officer, ServiceRequest

_COUNTED = (Officer, Mark, LogEntry, ServiceRequest, AuditEvent)
# SQLite's lock bytes (its file format, "The Lock-Byte Page"): every open connection in WAL mode keeps a shared lock.
_LOCKS, _LOCK_BYTES = 0x40000000, 512


def back_up(database: Database, file: Path) -> int:
    """Copy what is committed by now, while others go on writing; return the size in bytes.

    Beside the target first, checked, then given its name: a half copy is never taken for a backup.
    """
    if file.exists():
        raise Refused(_("%(file)s is there already. Choose another name.", file=file))
    source = database.engine.raw_connection()
    with _part_of(file) as part:
        # In one step, under one read lock: no other writer can make it begin again.
        _copy(source.driver_connection, part)  # type: ignore[arg-type]
        source.close()
        part.replace(file)
    _sync(file.parent)
    return file.stat().st_size


@contextmanager
def _part_of(file: Path) -> Iterator[Path]:
    """A private file beside another one, which takes its name or goes."""
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    try:
        yield part
    finally:
        for left in (part, *_beside(part)):
            left.unlink(missing_ok=True)


def _beside(file: Path) -> tuple[Path, Path]:
    """What SQLite keeps beside a database: writes not yet folded in, and their index."""
    return file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")


def _copy(source: sqlite3.Connection, part: Path) -> None:
    with closing(sqlite3.connect(part)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        fault = target.execute("PRAGMA integrity_check").fetchone()[0]
    if fault != "ok":
        raise Refused(_("The copy is damaged: %(reason)s", reason=fault))


def _sync(folder: Path) -> None:
    """A new name survives a power cut only once its folder is on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)


@dataclass(frozen=True)
class Restored:
    """`aside` is where the database went that stood there before; `until` is when the last change of this one was made.

    `rows` by table. `head` is None when the program must be migrated first, and the trail is still to be verified.
    """

    aside: Path | None
    rows: dict[str, int]
    until: datetime | None
    head: audit.Head | None


def restore(address: str, file: Path, *, zone: ZoneInfo, now: datetime) -> Restored:
    """Put a backup in the place of the database, which must not be in use and is kept aside."""
    url = make_url(address)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise Refused(_("This is PostgreSQL: use pg_restore --clean --if-exists --dbname=NAME FILE"))
    place = Path(url.database)
    if place.exists() and file.samefile(place):
        raise Refused(_("%(file)s is the database itself.", file=file))
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _nobody_in(place), _part_of(place) as part:
        _read_backup(file, part)
        facts = _checked(part)
        aside = _put_aside(place, f"{now.astimezone(zone):%Y%m%d-%H%M%S}")
        part.replace(place)
        _sync(place.parent)
    return Restored(aside, *facts)


@contextmanager
def _nobody_in(place: Path) -> Iterator[None]:
    """Hold the lock that any open connection of any process shares, so that none is open and none comes meanwhile."""
    if not place.exists():
        yield
        return
    with place.open("r+b") as held:
        try:
            fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_BYTES, _LOCKS)
        except OSError:
            raise Refused(_("The database is in use. Stop the service first, then restore.")) from None
        yield


def _read_backup(file: Path, part: Path) -> None:
    with file.open("rb") as opened:
        begin = opened.read(16)
    if begin.startswith(b"PGDMP"):
        raise Refused(_("%(file)s is a backup of PostgreSQL: use pg_restore.", file=file))
    if not begin.startswith(b"SQLite format 3\0"):
        raise Refused(_("%(file)s is no backup of StaffHub.", file=file))
    # A file with writes of its own beside it is read together with them.
    mode = "rw" if _beside(file)[0].exists() else "ro"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True)) as source:
            _copy(source, part)
    except sqlite3.Error as error:
        raise Refused(_("%(file)s is not whole: %(reason)s", file=file, reason=error)) from None


def _checked(part: Path) -> tuple[dict[str, int], datetime | None, audit.Head | None]:
    database = Database(f"sqlite:///{part}")
    try:
        with database.engine.connect() as connection:
            ready, known = migrations.is_at_head(connection), migrations.is_known(connection)
        if not known:
            raise Refused(_("This is no backup of StaffHub, or one of a newer version. Nothing was changed."))
        with database.reading() as db:
            rows = {table.__tablename__: db.scalar(select(func.count()).select_from(table)) or 0 for table in _COUNTED}
            until = db.scalar(select(func.max(AuditEvent.at)))
            verdict = audit.verify(db) if ready else None
    finally:
        database.engine.dispose()
    if verdict and verdict.broken_at is not None:
        raise Refused(
            _("The audit trail of this backup is broken at event %(n)s. Nothing was changed.", n=verdict.broken_at)
        )
    return rows, until, audit.Head(verdict.sealed, verdict.head) if verdict else None


def _put_aside(place: Path, when: str) -> Path | None:
    """Rename the database, and only then what lies beside it: at no moment it stands there without its last writes."""
    if not place.exists():
        for left in _beside(place):
            left.unlink(missing_ok=True)
        return None
    aside = place.with_name(f"{place.stem}-until-{when}{place.suffix}")
    if aside.exists():
        raise Refused(_("%(file)s is there already. Choose another name.", file=aside))
    place.rename(aside)
    wal, index = _beside(place)
    if wal.exists():
        wal.rename(_beside(aside)[0])
    index.unlink(missing_ok=True)
    return aside
