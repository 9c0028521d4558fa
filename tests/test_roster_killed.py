"""The worker of a run killed in each step: the draft stays as it was, and the run is taken up again."""

from datetime import timedelta

import sqlalchemy as sa

from staffhub.db import Database
from staffhub.models import RosterRun, RosterStep, TaskState
from tests.conftest import MORNING
from tests.killed import KILLED
from tests.test_killed import LATER, run
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
    assert cells_of(database)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(RosterStep)) == 1
