"""A backup holds all that was acknowledged before it began; a restore leaves nothing of what stood there before."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from staffhub import audit, backups
from staffhub.db import Database
from staffhub.errors import Refused
from staffhub.models import Heartbeat
from staffhub.settings import Settings
from tests.conftest import MORNING, wait_until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _beat(database: Database, name: str) -> None:
    with database.transaction() as db:
        db.add(Heartbeat(name=name, at=MORNING))
        audit.record(db, None, "test.beat", "office", 1, now=MORNING, office_id=1, name=name)


def _seal(database: Database) -> audit.Head:
    with database.transaction() as db:
        audit.seal(db)
        return audit.head(db)


def _beats(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM heartbeat")}


@pytest.fixture
def place(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


@pytest.fixture
def backup(database: Database, tmp_path: Path) -> Path:
    """A backup in which "before" stands; the database is closed afterwards."""
    _beat(database, "before")
    _seal(database)
    backups.back_up(database, tmp_path / "backup.db")
    database.engine.dispose()
    return tmp_path / "backup.db"


def _restore(settings: Settings, file: Path) -> backups.Restored:
    return backups.restore(settings.database_url, file, zone=settings.zone, now=MORNING)


_CRASH = """
import os, sys
from staffhub.db import Database
from staffhub.models import Heartbeat
from datetime import datetime, UTC
database = Database(sys.argv[1])
with database.transaction() as db:
    db.add(Heartbeat(name="after", at=datetime.now(UTC)))
os._exit(9)
"""


def _crash(settings: Settings, place: Path) -> None:
    """Write "after" and die without folding the write into the file."""
    process = subprocess.run([sys.executable, "-c", _CRASH, settings.database_url], check=False, timeout=60)
    assert process.returncode == 9
    assert backups._beside(place)[0].stat().st_size > 0


def test_a_plain_copy_over_a_crashed_database_is_overrun_by_its_last_writes(
    settings: Settings, place: Path, backup: Path
) -> None:
    """Why there is a command: what was restored by hand is not what was backed up, and nobody says so."""
    _crash(settings, place)
    shutil.copy(backup, place)
    assert "after" in _beats(place)


def test_a_restore_over_a_crashed_database_holds_the_backup_and_nothing_else(
    settings: Settings, place: Path, backup: Path
) -> None:
    _crash(settings, place)
    done = _restore(settings, backup)
    assert _beats(place) == {"before"}
    assert place.stat().st_mode & 0o777 == 0o600
    assert done.aside == place.with_name("staffhub-until-20261123-071200.db"), "the office's own clock"
    assert _beats(done.aside) == {"before", "after"}, "with the writes that were not folded in"
    database = Database(settings.database_url)
    with database.reading() as db:
        verdict = audit.verify(db)
        assert done.rows["audit_event"] == verdict.sealed
        assert done.rows["officer"] == db.scalar(sa.text("SELECT count(*) FROM officer"))
    database.engine.dispose()
    assert done.head == audit.Head(verdict.sealed, verdict.head)
    assert done.until == MORNING
    assert sorted(path.name for path in place.parent.glob("*.part*")) == []


def test_what_was_put_aside_can_be_put_back(settings: Settings, place: Path, backup: Path) -> None:
    _crash(settings, place)
    aside = _restore(settings, backup).aside
    assert aside
    backups.restore(settings.database_url, aside, zone=settings.zone, now=MORNING.replace(hour=23, minute=59))
    assert _beats(place) == {"before", "after"}


def test_a_database_in_use_is_not_replaced(settings: Settings, place: Path, backup: Path) -> None:
    code = "import sys; from staffhub.db import Database; d = Database(sys.argv[1]); c = d.engine.connect()"
    code += "; c.exec_driver_sql('SELECT 1 FROM office').all(); c.close(); print('open', flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", code, settings.database_url]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "open\n"
        with pytest.raises(Refused, match="sedang dipakai"):
            _restore(settings, backup)
        assert sorted(path.name for path in place.parent.glob("staffhub-until*")) == []
        other.stdin.close()
        other.wait(30)
    assert _restore(settings, backup).aside


def _truncated(backup: Path, place: Path) -> Path:
    file = place.with_name("half.db")
    file.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    return file


def _garbled(backup: Path, place: Path) -> Path:
    file = place.with_name("garbled.db")
    content = bytearray(backup.read_bytes())
    content[4096 * 3 : 4096 * 9] = os.urandom(4096 * 6)
    file.write_bytes(content)
    return file


def _changed(statement: str) -> Callable[[Path, Path], Path]:
    def change(backup: Path, place: Path) -> Path:
        file = Path(shutil.copy(backup, place.with_name("changed.db")))
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(statement)
        return file

    return change


def _text(content: bytes) -> Callable[[Path, Path], Path]:
    def write(_backup: Path, place: Path) -> Path:
        file = place.with_name("other.db")
        file.write_bytes(content)
        return file

    return write


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_truncated, "tidak utuh"),
        (_garbled, "tidak utuh|rusak"),
        (_text(b"PGDMP\x01\x0e"), "pg_restore"),
        (_text(b"nama;NIP\n"), "bukan cadangan"),
        (_text(b""), "bukan cadangan"),
        (_changed("DROP TABLE alembic_version"), "bukan cadangan"),
        (_changed("UPDATE alembic_version SET version_num = 'of_tomorrow'"), "versi yang lebih baru"),
        (
            _changed("DROP TRIGGER audit_event_no_update; UPDATE audit_event SET verb = 'x' WHERE sequence = 2"),
            "putus pada kejadian 2",
        ),
        (lambda _backup, place: place, "basis data itu sendiri"),
    ],
)
def test_a_file_that_is_no_whole_backup_changes_nothing(
    settings: Settings, place: Path, backup: Path, make: Callable[[Path, Path], Path], said: str
) -> None:
    file = make(backup, place)
    before = place.read_bytes()
    with pytest.raises(Refused, match=said):
        _restore(settings, file)
    assert place.read_bytes() == before
    assert [path.name for path in place.parent.glob("staffhub*")] == [place.name]


def test_a_backup_of_an_older_version_is_restored_and_asks_for_migrate(
    settings: Settings, place: Path, backup: Path
) -> None:
    older = _changed("UPDATE alembic_version SET version_num = '0002'")(backup, place)
    assert _restore(settings, older).head is None


def test_a_backup_opens_an_office_on_an_empty_machine(settings: Settings, place: Path, backup: Path) -> None:
    place.unlink()
    for left in backups._beside(place):
        left.write_bytes(b"of another life")
    done = _restore(settings, backup)
    assert done.aside is None
    assert _beats(place) == {"before"}


def test_a_backup_holds_every_row_that_was_acknowledged_before_it_began(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    acknowledged: list[str] = []
    stop = threading.Event()
    other = Database(database_url)

    def write() -> None:
        while not stop.is_set():
            name = f"beat {len(acknowledged)}"
            _beat(other, name)
            acknowledged.append(name)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            wait_until(lambda number=number: len(acknowledged) > 10 * (number + 1))  # type: ignore[misc]
            before = set(acknowledged)
            backups.back_up(database, tmp_path / f"copy-{number}.db")
            copied = _beats(tmp_path / f"copy-{number}.db")
            assert before <= copied
    finally:
        stop.set()
        writer.join()
        other.engine.dispose()
    assert len(copied) < len(acknowledged) + 2, "and nothing that nobody wrote"


def test_postgresql_is_restored_by_its_own_tool(settings: Settings, backup: Path) -> None:
    with pytest.raises(Refused, match="pg_restore"):
        backups.restore("postgresql://x@127.0.0.1/x", backup, zone=settings.zone, now=MORNING)
