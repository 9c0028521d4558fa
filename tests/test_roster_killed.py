"""The solver, its worker or the whole server killed: the draft stays as it was, and the run is taken up again."""

import os
import signal
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from staffhub import clock
from staffhub.db import Database
from staffhub.models import RosterRun, RosterStep, TaskState
from tests import faulty
from tests.conftest import MORNING, open_session, viewer_of, wait_until
from tests.killed import KILLED
from tests.stalled import ASLEEP
from tests.test_killed import LATER, run
from tests.test_roster_problem import desk
from tests.test_roster_runs import ask, cells_of


def _row(database: Database) -> tuple[TaskState, int]:
    with database.reading() as db:
        row = db.execute(sa.select(RosterRun.state, RosterRun.attempts)).one()
    return row[0], row[1]


def test_a_worker_that_dies_in_each_step_proposes_the_month_once(database: Database) -> None:
    ask(database)
    # It takes the run, tells how far it is, and proposes.
    for attempt, commit in enumerate((1, 2, 3)):
        assert run(database, "roster", MORNING + attempt * LATER, commit) == KILLED
        assert not cells_of(database), "nothing half"
    assert _row(database) == (TaskState.CLAIMED, 2), "the first death is undone whole"
    assert run(database, "roster", MORNING + 2 * LATER + timedelta(seconds=1), commit=0) == 0
    assert _row(database)[0] is TaskState.CLAIMED, "whoever holds the lease may still be at it"
    assert run(database, "roster", MORNING + 4 * LATER, commit=0) == 0
    assert _row(database) == (TaskState.DONE, 3)
    _proposed_once(database)


def _proposed_once(database: Database) -> None:
    assert cells_of(database)
    with database.reading() as db:
        runs, steps = (db.scalar(sa.select(sa.func.count()).select_from(table)) for table in (RosterRun, RosterStep))
    assert (runs, steps) == (1, 1)


def _asleep(server: faulty.Server) -> int:
    """Return the number of the server's solver, 0 where there is none."""
    for pid in faulty.children(server.process.pid):
        if ASLEEP in Path(f"/proc/{pid}/cmdline").read_text():
            return pid
    return 0


def _press(server: faulty.Server, token: str, desk: int, month: date) -> str:
    form = {"month": f"{month:%Y-%m}", "division": str(desk), "idempotency_key": "a-press-of-a-head"}
    answer = faulty.ask(server.address, "/roster/runs", token, form)
    assert answer.status == 303, answer.text
    return answer.headers["location"]


def test_the_solver_then_both_then_the_server_alone_are_killed_and_the_month_is_proposed_once(
    database: Database, tmp_path: Path
) -> None:
    url, now = database.engine.url.render_as_string(hide_password=False), clock.now()
    month = clock.month_after(clock.local_day(now, viewer_of(database, "hana").zone).replace(day=1))
    token, here, stalled = open_session(database, "hana", now=now), desk(database), tmp_path / "stalled"
    stalled.touch()
    with faulty.served(tmp_path, url, module="tests.stalled", STALLED=str(stalled)) as server:
        page = _press(server, token, here, month)
        wait_until(lambda: _asleep(server))
        os.kill(_asleep(server), signal.SIGKILL)
        wait_until(lambda: _row(database) == (TaskState.CLAIMED, 2) and _asleep(server))  # it is tried again
        orphan = _asleep(server)
        server.process.kill()
        os.kill(orphan, signal.SIGKILL)
    assert not cells_of(database)
    with faulty.served(tmp_path, url, module="tests.stalled", STALLED=str(stalled)) as server:
        assert "sedang disusun" in faulty.ask(server.address, page, token).text
        assert _press(server, token, here, month) == page, "a second press is the same run"
        assert _row(database) == (TaskState.CLAIMED, 2), "whoever held the lease may still be at it"
        server.process.kill()
    assert not cells_of(database)
    stalled.unlink()
    with database.transaction() as db:  # the lease of who died ends
        db.execute(sa.update(RosterRun).values(lease_until=now))
    with faulty.served(tmp_path, url, module="tests.stalled", STALLED=str(stalled)) as server:
        wait_until(lambda: _row(database) == (TaskState.DONE, 3))
        assert "Jadwal sudah ada di draf" in faulty.ask(server.address, page, token).text
        server.process.kill()
    with faulty.served(tmp_path, url) as server:
        assert _press(server, token, here, month) == page
    _proposed_once(database)
