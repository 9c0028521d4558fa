"""PostgreSQL that hangs, refuses, restarts, is full or may not be written to: over the wire, with real processes.

Deadlines are behaviour here, so these tests look at the clock: at what is promised, with a margin (`tests.faulty`).
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bench.postgres import Postgres
from staffhub import clock
from staffhub.db import Database
from staffhub.models import Mark, Office
from tests.conftest import _prepare, add_account, add_officer, open_session, wait_until
from tests.faulty import BACK_IN_TIME, IN_TIME, READY_IN_TIME, Answer, Frozen, Proxy, Server, ask, served

pytestmark = pytest.mark.xdist_group("faults")

CROWD = 40
# Who is in already is told so without a write: in whatever order the tests run, these come for the first time.
ONCE = ("once-reading", "once-full")


@dataclass
class Site:
    """A server that reaches its own PostgreSQL through a proxy; `database` goes there directly."""

    postgres: Postgres
    proxy: Proxy
    server: Server
    database: Database
    tokens: dict[str, str]
    crowd: list[str]

    def ask(self, path: str, who: str | None = None, form: dict[str, str] | None = None) -> Answer:
        return ask(self.server.address, path, self.tokens.get(who or ""), form)

    def check_in(self, who: str, key: str) -> Answer:
        return self.ask("/presence/check-in", who, {"mode": "office", "idempotency_key": key, "note": "dari rumah"})

    def run(self, statement: str) -> None:
        with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)

    def marks(self, key: str | None = None) -> int:
        with self.database.reading() as db:
            wanted = sa.select(sa.func.count()).select_from(Mark)
            return db.scalar(wanted if key is None else wanted.where(Mark.idempotency_key == key)) or 0

    def is_back(self) -> bool:
        return self.ask("/board", "ben").status == 200


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    postgres = Postgres()
    proxy = Proxy(postgres.port)
    database = Database(postgres.url("office"))
    try:
        postgres.run("CREATE DATABASE office")
        _prepare(postgres.url("office"))
        crowd = [f"crowd{number}" for number in range(CROWD)]
        with database.transaction() as db:
            office = db.scalars(sa.select(Office).order_by(Office.id)).first()
            assert office is not None
            for name in (*crowd, *ONCE):
                add_account(db, add_officer(db, office, number=name, name=name, position="Petugas"), name)
        now = clock.now()
        tokens = {
            name: open_session(database, name, now=now) for name in ("ben", "tia", "cy", "hana", "ana", *crowd, *ONCE)
        }
        address = postgres.url("office").replace(str(postgres.port), str(proxy.port))
        with served(tmp_path_factory.mktemp("served"), address) as server:
            yield Site(postgres, proxy, server, database, tokens, crowd)
    finally:
        database.engine.dispose()
        proxy.close()
        postgres.stop()


@contextmanager
def _dropped(site: Site) -> Iterator[None]:
    site.proxy.drop()
    try:
        yield
    finally:
        site.proxy.restore()


def _frozen(site: Site) -> AbstractContextManager[None]:
    return Frozen(site.postgres)


@contextmanager
def _refused(site: Site) -> Iterator[None]:
    site.proxy.refuse()
    try:
        yield
    finally:
        site.proxy.restore()


FAULTS: dict[str, Callable[[Site], AbstractContextManager[None]]] = {
    "packets are lost": _dropped, "the server is stopped": _frozen, "nobody listens": _refused,
}  # fmt: skip
# Never need the database, nor a thread that waits for it.
ALWAYS = {"/healthz": 200, "/static/app.css": 200, "/login": 200, "/none": 404, "/board": 303}
WITH_A_SESSION = ("/", "/board", "/requests", "/worklog", "/join/abc", "/account")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_database_that_is_away_is_told_in_time_on_every_page_and_is_back_by_itself(site: Site, fault: str) -> None:
    wait_until(site.is_back)
    asked: list[Callable[[], Answer]] = []
    for path in WITH_A_SESSION:
        asked += [lambda path=path: site.ask(path, "ben")] * 3  # type: ignore[misc]
    asked += [lambda: site.check_in("ben", uuid4().hex)] * 3
    asked += [lambda: site.ask("/login", form={"username": "ben", "password": "salah"})] * 3
    with ThreadPoolExecutor(40) as threads, FAULTS[fault](site):
        away = [threads.submit(one) for one in asked]
        time.sleep(1)  # by now every thread that waits for the database does
        always = {path: threads.submit(site.ask, path) for path in ALWAYS}
        ready = threads.submit(site.ask, "/readyz")
        for answer in (one.result() for one in away):
            assert answer.status == 503, answer
            assert int(answer.headers["retry-after"]) < 10
            # Of those who came first; who stands in a line behind them is told that many came at once.
            assert "Basis data sedang tidak bisa menjawab" in answer.text or "Sedang ramai" in answer.text
            assert answer.seconds < IN_TIME, answer
        for path, answer in ((path, one.result()) for path, one in always.items()):
            assert answer.status == ALWAYS[path], answer
            assert answer.seconds < READY_IN_TIME, answer
        assert (ready.result().status, ready.result().seconds < READY_IN_TIME) == (503, True)
        later = [site.ask("/board", "ben") for _n in range(3)]  # remembered: nobody waits again in vain
        assert {one.status for one in later} == {503}
    begun = time.monotonic()
    wait_until(site.is_back)
    assert time.monotonic() - begun < BACK_IN_TIME
    wait_until(lambda: site.ask("/readyz").status == 200)


def test_the_scheduler_says_once_that_the_database_is_away_and_once_that_it_is_back(site: Site) -> None:
    def said(event: str) -> int:
        lines = site.server.log.read_text().splitlines()
        return sum(f'"event": "{event}"' in line for line in lines if event == "database_back" or '"job": ' in line)

    wait_until(lambda: said("database_unavailable") == said("database_back"))
    before = said("database_unavailable"), said("database_back")
    with _refused(site):
        wait_until(lambda: said("database_unavailable") > before[0])
        time.sleep(6)  # another job, and the same one again, find the same
    wait_until(lambda: said("database_back") > before[1])
    assert (said("database_unavailable"), said("database_back")) == (before[0] + 1, before[1] + 1)
    assert "job_failed" not in site.server.log.read_text()


def test_a_page_that_could_not_be_stored_still_has_what_was_typed_and_one_press_sends_it(site: Site) -> None:
    wait_until(site.is_back)
    key = uuid4().hex
    with _refused(site):
        page = site.check_in("ana", key)
    assert page.status == 503
    assert f'name="idempotency_key" value="{key}"' in page.text
    assert 'value="dari rumah"' in page.text
    assert 'action="/presence/check-in"' in page.text
    assert "Kirim lagi" in page.text
    with _refused(site):
        page = site.ask("/login", form={"username": "ben", "password": "sangat-rahasia"})
    assert "sangat-rahasia" not in page.text


@contextmanager
def _slow_commits(site: Site) -> Iterator[None]:
    slow = "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NULL; END $$"
    site.run(slow.format("PERFORM pg_sleep(1.5);"))
    site.run("DROP TRIGGER IF EXISTS slow ON mark")
    site.run(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON mark"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    try:
        yield
    finally:
        # Not dropped: that would wait for whatever of the scheduler's lost its answer while it read marks.
        site.run(slow.format(""))


def _wait_for_activity(site: Site, what: str) -> None:
    def is_there() -> bool:
        with site.database.reading() as db:
            return bool(db.scalar(sa.text(f"SELECT count(*) FROM pg_stat_activity WHERE {what}")))  # noqa: S608

    wait_until(is_there)


def test_a_mark_whose_answer_was_lost_is_not_called_saved_and_is_stored_once_when_it_is_sent_again(site: Site) -> None:
    wait_until(site.is_back)
    key = uuid4().hex
    with ThreadPoolExecutor(1) as threads:
        with _slow_commits(site):
            sent = threads.submit(site.check_in, "tia", key)
            _wait_for_activity(site, "wait_event = 'PgSleep' AND query = 'COMMIT'")
            site.proxy.drop(answers_only=True)
            answer = sent.result()
        site.proxy.restore()
    assert (answer.status, answer.seconds < IN_TIME) == (503, True), answer
    assert "Belum pasti apakah ini sudah tersimpan" in answer.text
    assert site.marks(key) == 1
    wait_until(site.is_back)
    assert site.check_in("tia", key).status in {200, 303}
    assert site.marks(key) == 1


def _unsure(site: Site, who: str, key: str) -> Answer:
    """Send a mark until it is not known whether it is stored.

    A job of the scheduler waits for the copy too; for a second after it gave up nobody is let in, which is known.
    """
    answers: list[Answer] = []

    def is_unsure() -> bool:
        answers.append(site.check_in(who, key))
        return "Belum pasti apakah ini sudah tersimpan" in answers[-1].text

    wait_until(is_unsure)
    assert {one.status for one in answers} == {503}
    return answers[-1]


def test_a_commit_that_a_copy_must_have_is_not_called_saved_when_the_wait_for_it_is_cancelled(site: Site) -> None:
    wait_until(site.is_back)
    keys = uuid4().hex, uuid4().hex
    site.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    site.run("SELECT pg_reload_conf()")
    try:
        with ThreadPoolExecutor(1) as threads:
            sent = threads.submit(_unsure, site, "cy", keys[0])
            _wait_for_activity(site, "wait_event = 'SyncRep' AND query = 'COMMIT'")
            site.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            cancelled = sent.result()
        patient = _unsure(site, "hana", keys[1])
    finally:
        site.run("ALTER SYSTEM RESET synchronous_standby_names")
        site.run("SELECT pg_reload_conf()")
    for answer in (cancelled, patient):
        assert answer.seconds < IN_TIME, answer
    wait_until(site.is_back)
    for who, key in zip(("cy", "hana"), keys, strict=True):
        assert site.check_in(who, key).status in {200, 303}
        assert site.marks(key) == 1


def _cut(site: Site) -> None:
    others = "datname = 'office' AND pid <> pg_backend_pid()"
    site.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")  # noqa: S608


def test_a_database_that_may_only_be_read_shows_pages_and_refuses_marks(site: Site) -> None:
    wait_until(site.is_back)
    site.run("ALTER DATABASE office SET default_transaction_read_only = on")
    _cut(site)
    answer = site.check_in("once-reading", uuid4().hex)
    board = site.ask("/board", "ben")
    site.run("SET default_transaction_read_only = off; ALTER DATABASE office RESET default_transaction_read_only")
    _cut(site)
    assert answer.status == 503
    assert "Langkah ini belum tersimpan" in answer.text
    assert board.status == 200
    wait_until(site.is_back)


def test_a_full_disk_refuses_marks_and_afterwards_they_are_stored(site: Site) -> None:
    wait_until(site.is_back)
    key, before = uuid4().hex, site.marks()
    site.run(
        "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    )
    site.run("CREATE TRIGGER no_space BEFORE INSERT ON mark FOR EACH ROW EXECUTE FUNCTION no_space()")
    answer, board = site.check_in("once-full", key), site.ask("/board", "ben")
    site.run("DROP TRIGGER no_space ON mark; DROP FUNCTION no_space()")
    assert (answer.status, board.status, site.marks()) == (503, 200, before)
    assert "extend" not in answer.text
    assert site.check_in("once-full", key).status in {200, 303}


def test_a_restart_in_the_middle_of_a_burst_loses_nothing_and_doubles_nothing(site: Site) -> None:
    wait_until(site.is_back)
    acknowledged: dict[str, str] = {}
    refused: list[Answer] = []
    some = threading.Event()

    def arrive(name: str) -> None:
        key = uuid4().hex
        for _try in range(100):
            answer = site.check_in(name, key)
            if answer.status in {200, 303}:
                acknowledged[name] = key
                if len(acknowledged) > CROWD // 4:
                    some.set()
                return
            refused.append(answer)
            time.sleep(0.2)

    with ThreadPoolExecutor(8) as threads:
        arriving = [threads.submit(arrive, name) for name in site.crowd]
        assert some.wait(60)
        site.postgres.restart()
        for one in arriving:
            one.result()
    assert len(acknowledged) == CROWD
    assert {one.status for one in refused} <= {503}
    assert [site.marks(key) for key in acknowledged.values()] == [1] * CROWD
