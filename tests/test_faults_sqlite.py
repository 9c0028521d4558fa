"""SQLite that another process keeps, that is full or may not be written to: over the wire, with a real process.

Deadlines are behaviour here: see `test_faults_postgres`.
"""

import resource
import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import clock
from staffhub.db import Database
from staffhub.models import Mark
from tests.conftest import World, open_session, wait_until
from tests.faulty import BACK_IN_TIME, IN_TIME, Answer, Server, ask, served

pytestmark = pytest.mark.xdist_group("faults")
STAFF = ("ben", "tia", "cy", "hana", "ana", "dewi")


@dataclass
class Site:
    file: Path
    server: Server
    tokens: dict[str, str]

    def ask(self, path: str, who: str) -> Answer:
        return ask(self.server.address, path, self.tokens[who])

    def check_in(self, who: str, key: str) -> Answer:
        form = {"mode": "office", "idempotency_key": key}
        return ask(self.server.address, "/presence/check-in", self.tokens[who], form)

    def marks(self) -> int:
        with closing(sqlite3.connect(self.file)) as db:
            return int(db.execute("SELECT count(*) FROM mark").fetchone()[0])


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("served")
    file = folder / "staffhub.db"
    shutil.copy(sqlite_template, file)
    database = Database(f"sqlite:///{file}")
    tokens = {name: open_session(database, name, now=clock.now()) for name in STAFF}
    database.engine.dispose()
    with served(folder, f"sqlite:///{file}") as server:
        yield Site(file, server, tokens)


def test_while_another_process_keeps_the_lock_pages_are_read_and_marks_are_told_in_time(site: Site) -> None:
    before = site.marks()
    with closing(sqlite3.connect(site.file, isolation_level=None)) as other, ThreadPoolExecutor(20) as threads:
        other.execute("BEGIN IMMEDIATE")
        marks = [threads.submit(site.check_in, who, uuid4().hex) for who in STAFF for _tap in range(2)]
        time.sleep(0.5)
        pages = [threads.submit(site.ask, path, "ben") for path in ("/", "/board", "/requests")]
        for page in (one.result() for one in pages):
            assert page.status == 200, page
            assert page.seconds < IN_TIME, page  # the lock is given back below
        for mark in (one.result() for one in marks):
            assert (mark.status, mark.seconds < IN_TIME) == (503, True), mark
        other.execute("ROLLBACK")
    assert site.marks() == before
    begun = time.monotonic()
    wait_until(lambda: site.check_in("ben", uuid4().hex).status in {200, 303})
    assert time.monotonic() - begun < BACK_IN_TIME
    assert site.marks() == before + 1


def test_a_full_disk_refuses_marks_shows_pages_and_needs_no_restart_afterwards(site: Site) -> None:
    before = site.marks()
    limits = resource.prlimit(site.server.process.pid, resource.RLIMIT_FSIZE)
    log_ahead = site.file.with_name(site.file.name + "-wal").stat().st_size
    resource.prlimit(site.server.process.pid, resource.RLIMIT_FSIZE, (log_ahead, limits[1]))
    key = uuid4().hex
    answer, board = site.check_in("cy", key), site.ask("/board", "ben")
    assert (answer.status, board.status, site.marks()) == (503, 200, before)
    resource.prlimit(site.server.process.pid, resource.RLIMIT_FSIZE, limits)
    wait_until(lambda: site.check_in("cy", key).status in {200, 303})
    assert site.marks() == before + 1
    with closing(sqlite3.connect(site.file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_may_not_be_written_to_shows_pages_and_refuses_marks(world: World) -> None:
    client = world.client("ben")

    only_reads = True

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # SQLite then answers as for a file without the right to write, which root would have all the same.
        connection.execute(f"PRAGMA query_only = {only_reads}")

    sa.event.listen(world.database.engine, "connect", connected)
    world.database.engine.dispose()
    answer = client.post("/presence/check-in", data={"mode": "office", "idempotency_key": uuid4().hex})
    assert answer.status_code == 503
    assert "Langkah ini belum tersimpan" in answer.text
    assert client.get("/board").status_code == 200
    only_reads = False
    world.database.engine.dispose()
    answer = client.post("/presence/check-in", data={"mode": "office", "idempotency_key": uuid4().hex})
    assert answer.status_code in {200, 303}
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 1
