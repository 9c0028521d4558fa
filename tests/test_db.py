"""Transactions, column types and connections, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from staffhub import deadlines
from staffhub.db import REQUEST_THREADS, Database, after_commit, digest, insert_unless_there, rows, undo
from staffhub.models import Claim, Heartbeat, Holiday, HolidayKind, Office
from staffhub.turns import Turns
from tests.conftest import MORNING, TODAY, wait_until


def _beat(name: str = "x", at: datetime = MORNING) -> Heartbeat:
    return Heartbeat(name=name, at=at)


def test_a_naive_time_is_refused_and_an_aware_one_comes_back_as_utc(database: Database) -> None:
    with pytest.raises(StatementError, match="naive"), database.transaction() as db:
        db.add(_beat(at=MORNING.replace(tzinfo=None)))
    local = datetime(2026, 11, 23, 7, 12, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with database.transaction() as db:
        db.add(_beat(at=local))
    with database.reading() as db:
        at = db.scalars(sa.select(Heartbeat.at)).one()
        assert at == local
        assert at.tzinfo is UTC
        assert db.scalar(sa.select(sa.func.count()).where(Heartbeat.at > local - timedelta(microseconds=1))) == 1
        assert db.scalar(sa.select(sa.func.count()).where(Heartbeat.at > local)) == 0


def test_eight_threads_of_four_processes_that_read_then_write_lose_nothing(
    database: Database, database_url: str
) -> None:
    processes = [Database(database_url) for _n in range(4)]  # none knows of the other's lock
    with database.transaction() as db:
        db.add(Office(name="0", timezone="Asia/Makassar", created_at=MORNING))
    together = threading.Barrier(8)

    def count_up(thread: int) -> None:
        together.wait()
        for _round in range(10):
            with processes[thread % 4].transaction() as db:
                row = db.scalars(sa.select(Office).order_by(Office.id.desc()).limit(1).with_for_update()).one()
                row.name = str(int(row.name) + 1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count_up, range(8)))
    for process in processes:
        process.engine.dispose()
    with database.reading() as db:
        assert db.scalars(sa.select(Office.name).order_by(Office.id.desc()).limit(1)).one() == "80"


def test_every_pooled_connection_is_durable_and_checks_foreign_keys(database: Database) -> None:
    together = threading.Barrier(8)

    def look(_thread: int) -> dict[str, object]:
        with database.engine.connect() as connection:
            together.wait()
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "recursive_triggers")
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    if not database.sqlite:
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW timezone").scalar() == "UTC"
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        return
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(look, range(8)))
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 3_000}
    assert found == [wanted | {"recursive_triggers": 1}] * 8


def test_a_row_of_an_office_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as db:
        db.add(Holiday(office_id=4711, date=TODAY, name="x", kind=HolidayKind.LOCAL, source="test"))


def test_an_error_never_repeats_the_values_that_were_being_stored(database: Database) -> None:
    with pytest.raises(IntegrityError) as problem, database.transaction() as db:
        db.add(Holiday(office_id=4711, date=TODAY, name="Ibu Rahasia", kind=HolidayKind.LOCAL, source="test"))
    assert "Rahasia" not in str(problem.value)


def test_what_waits_for_the_commit_runs_after_it_and_sees_the_row(database: Database) -> None:
    seen: list[Any] = []

    def look() -> None:
        with database.reading() as other:
            seen.append(other.scalar(sa.select(Heartbeat.name)))

    with database.transaction() as db:
        db.add(_beat())
        after_commit(db, look)
        assert seen == []
    assert seen == ["x"]


def test_after_a_rollback_nothing_of_it_runs(database: Database) -> None:
    ran: list[str] = []
    with pytest.raises(RuntimeError, match="stop"), database.transaction() as db:
        db.add(_beat())
        after_commit(db, lambda: ran.append("raised"))
        raise RuntimeError("stop")
    with database.transaction() as db:
        after_commit(db, lambda: ran.append("undone"))
        undo(db)
    with database.transaction() as db:
        db.add(_beat())
    with pytest.raises(IntegrityError), database.transaction() as db:
        db.add(_beat())
        after_commit(db, lambda: ran.append("commit failed"))
    assert ran == []


def test_a_failing_action_after_the_commit_undoes_nothing_and_stops_no_other(database: Database) -> None:
    ran: list[str] = []
    with database.transaction() as db:
        db.add(_beat())
        after_commit(db, lambda: 1 / 0)
        after_commit(db, lambda: ran.append("the next"))
    assert ran == ["the next"]
    with database.reading() as db:
        assert db.scalar(sa.select(Heartbeat.name)) == "x"


def test_a_reading_session_refuses_to_flush_to_insert_and_to_be_left_with_changes(database: Database) -> None:
    with pytest.raises(RuntimeError, match="GET never changes"), database.reading() as db:
        db.add(_beat())
        db.flush()
    for statement in (
        sa.insert(Heartbeat).values(name="x", at=MORNING),
        sa.update(Office).values(name="x"),
        sa.delete(Heartbeat),
    ):
        with database.reading() as db, pytest.raises(RuntimeError, match="GET never changes"):
            db.execute(statement)
    with pytest.raises(RuntimeError, match="GET never changes"), database.reading() as db:
        db.scalars(sa.select(Office)).first().name = "changed"  # type: ignore[union-attr]
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).where(Office.name.in_(["x", "changed"]))) == 0


def test_the_work_of_a_request_and_its_commit_are_done_on_one_thread(database: Database) -> None:
    threads = []

    def work(db: Session) -> str:
        threads.append(threading.get_ident())
        db.add(_beat())
        return "done"

    sa.event.listen(database.engine, "commit", lambda _connection: threads.append(threading.get_ident()))
    assert anyio.run(partial(database.serve, work, write=True)) == "done"
    assert threads == [threads[0], threads[0]]
    assert threads[0] != threading.get_ident(), "the event loop waits for nothing"
    with database.reading() as db:
        assert db.scalars(sa.select(Heartbeat.name)).all() == ["x"]


def test_a_mark_is_stored_while_more_pages_than_there_are_threads_take_long(database: Database) -> None:
    answered = threading.Event()

    async def morning() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = REQUEST_THREADS
        async with anyio.create_task_group() as pages:
            for _ in range(REQUEST_THREADS + 1):
                pages.start_soon(partial(database.serve, lambda _db: answered.wait(30), write=False))
            await anyio.sleep(0.1)  # they stand in their threads by then, or never will
            try:
                with anyio.fail_after(10):
                    await database.serve(lambda db: db.add(_beat()), write=True)
            finally:
                answered.set()

    anyio.run(morning)
    with database.reading() as db:
        assert db.scalars(sa.select(Heartbeat.name)).all() == ["x"]


def test_a_page_behind_others_that_take_long_waits_no_longer_than_a_page_may(database: Database) -> None:
    answered = threading.Event()

    async def ask() -> None:
        deadlines.begin(deadlines.Limits(in_all=0.2, statement=0.1))
        with pytest.raises(sa.exc.TimeoutError):
            await database.serve(lambda _db: None, write=False)

    async def morning() -> None:
        async with anyio.create_task_group() as pages:
            for _ in range(REQUEST_THREADS // 2):
                pages.start_soon(partial(database.serve, lambda _db: answered.wait(30), write=False))
            await anyio.sleep(0.1)
            try:
                with anyio.fail_after(10):
                    await ask()
            finally:
                answered.set()

    anyio.run(morning)


def test_columns_that_are_read_hold_what_was_added_before(database: Database) -> None:
    with database.transaction() as db:
        db.add(_beat("new"))
        assert rows(db, sa.select(Heartbeat.name)).all() == [("new",)]


def test_of_many_writers_of_one_unique_row_exactly_one_is_told_that_it_went_in(database: Database) -> None:
    together = threading.Barrier(6)

    def insert(_thread: int) -> bool:
        together.wait()
        with database.transaction() as db:
            return insert_unless_there(db, Claim, {"job": "j", "slot": "s", "lease_until": MORNING})

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(insert, range(6))) == [False] * 5 + [True]


def test_a_waiting_writer_gives_up_instead_of_waiting_for_ever(database: Database) -> None:
    with ThreadPoolExecutor(1) as other, database.transaction() as db:
        db.add(_beat())
        db.flush()

        def write() -> None:
            deadlines.begin(deadlines.Limits(in_all=5, statement=0.1, lock=0.1))
            with database.transaction() as second:
                second.add(_beat())
                second.flush()
                pytest.fail("two writers at once")

        with pytest.raises((sa.exc.TimeoutError, sa.exc.OperationalError)):
            other.submit(write).result()
    with database.transaction() as db:  # and the lock is not left taken
        db.add(_beat("y"))


def test_the_lock_of_the_process_goes_to_whoever_asked_first() -> None:
    lock, order = Turns(), []
    assert lock.acquire(0)
    assert not lock.acquire(0)

    def take(number: int) -> None:
        assert lock.acquire(20)
        order.append(number)
        lock.release()

    with ThreadPoolExecutor(4) as threads:
        gone = threads.submit(lock.acquire, 0.01)
        assert gone.result() is False  # whoever gave up is not waited for
        for number in range(3):
            threads.submit(take, number)
            wait_until(lambda number=number: len(lock._waiting) == number + 1)  # type: ignore[misc]
        lock.release()
        assert not lock.acquire(0)  # nobody comes in between
    assert order == [0, 1, 2]
    assert lock.acquire(0)


def test_a_hash_depends_on_its_key_and_on_where_its_parts_end() -> None:
    hashes = {digest("ab", "c"), digest("a", "bc"), digest("ab", "c", key=b"k"), digest("abc")}
    assert len(hashes) == 4
    assert {len(one) for one in hashes} == {64}


def test_no_work_of_a_process_keeps_its_turn_to_write_longer_than_a_page_waits() -> None:
    """On SQLite a tick that waits for another process's lock has the turn: the pages behind it wait as long."""
    for limits in (deadlines.PROBE, deadlines.LONG, deadlines.WORK):
        assert limits.lock <= deadlines.PAGE.lock
