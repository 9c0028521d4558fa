"""The turn to write to SQLite, among processes: in line, handed on, and never kept by one that was killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from staffhub import deadlines
from staffhub.db import _IN_A_ROW, Database
from staffhub.turns import Processes
from tests.conftest import wait_until

_HOLD = """
import sys, time
from pathlib import Path
from staffhub.turns import Processes
assert Processes(Path(sys.argv[1])).acquire(5)
print("mine", flush=True)
time.sleep(60)
"""


@contextmanager
def _another(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process whose turn it is."""
    words = [sys.executable, "-c", _HOLD, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()


def test_a_turn_is_one_processes_at_a_time_and_waiting_for_it_ends(tmp_path: Path) -> None:
    turn = Processes(tmp_path)
    with _another(tmp_path):
        assert not turn.acquire(0)
        begun = time.monotonic()
        assert not turn.acquire(0.2)
        assert time.monotonic() - begun >= 0.2


def test_a_process_that_is_killed_hands_its_turn_on_to_whoever_waits(tmp_path: Path) -> None:
    turn = Processes(tmp_path)
    with _another(tmp_path) as process:
        assert not turn.acquire(0)
        process.send_signal(signal.SIGKILL)
        assert turn.acquire(5)
        turn.release()
        assert turn.acquire(0)
        turn.release()


def test_a_turn_that_nobody_waits_for_any_more_goes_on_to_others(tmp_path: Path) -> None:
    """Who gave up must not get it behind everybody's back, and the next one who asks joins the same place in line."""
    first, second = Processes(tmp_path), Processes(tmp_path)
    assert first.acquire(0)
    assert not second.acquire(0.05)
    assert not second.acquire(0.05)
    first.release()
    for _try in range(200):
        if first.acquire(0.05):
            break
    else:
        raise AssertionError("it was kept by nobody")
    first.release()
    assert second.acquire(1)
    second.release()


def test_the_next_who_asks_takes_the_place_in_line_of_who_gave_up(tmp_path: Path) -> None:
    turn = Processes(tmp_path)
    with _another(tmp_path) as process:
        assert not turn.acquire(0.05)
        process.kill()
        assert turn.acquire(5)
        turn.release()


def test_the_lock_goes_on_within_a_process_some_times_and_then_to_another(tmp_path: Path) -> None:
    database, other, order = Database(f"sqlite:///{tmp_path}/staffhub.db"), Processes(tmp_path), []

    def write(name: str) -> None:
        deadlines.begin(deadlines.Limits(in_all=60, statement=60, lock=60))
        with database.transaction():
            order.append(name)

    with ThreadPoolExecutor(3 * _IN_A_ROW + 1) as threads:
        with database.transaction():
            elsewhere = threads.submit(other.acquire, 30)
            wait_until(lambda: other._asking)
            for number in range(3 * _IN_A_ROW):
                threads.submit(write, f"{number}")
                wait_until(lambda number=number: len(database._lock._waiting) == number + 1)  # type: ignore[misc]
        assert elsewhere.result()
        # All others wait for it now, and nobody of them was cut off.
        assert len(order) in {_IN_A_ROW - 1, 2 * _IN_A_ROW - 1}
        assert database._lock._waiting
        other.release()
    assert order == [f"{number}" for number in range(3 * _IN_A_ROW)]
    database.engine.dispose()


def test_a_writer_of_another_process_is_waited_for_and_a_reader_is_not(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/staffhub.db")
    with database.transaction() as db:
        db.connection().exec_driver_sql("CREATE TABLE one (id INTEGER)")
    with _another(tmp_path) as process:
        with database.reading() as db:
            assert db.connection().exec_driver_sql("SELECT count(*) FROM one").scalar_one() == 0
        process.kill()
        with database.transaction() as db:
            db.connection().exec_driver_sql("INSERT INTO one VALUES (1)")
    database.engine.dispose()
