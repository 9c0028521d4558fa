"""The reader of a machine's log killed in each step: no line is lost, none is there twice, and the days follow."""

from datetime import date, timedelta

import sqlalchemy as sa

from staffhub import days
from staffhub.db import Database
from staffhub.models import StoredDay, TaskState
from tests.conftest import MORNING, TODAY, count_from, viewer_of
from tests.killed import KILLED
from tests.test_killed import run
from tests.test_machines import MONDAY, added, given, log, marks, reading, sent, viewer_office

# The lease of whoever died has ended by then.
LATER = timedelta(minutes=6)
LINES = [f"3\t2026-11-{day} {at}" for day in (16, 17, 18, 19) for at in ("07:20:00", "16:10:00")]


def test_a_reader_that_dies_before_each_commit_leaves_each_line_once(database: Database) -> None:
    count_from(database, MONDAY)
    id_ = added(database)
    given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    with database.transaction() as db:
        days.close_step(db, viewer_office(db), now=MORNING)
    file_id = sent(database, id_, log(*LINES))
    # It takes the file, stores three times up to three lines, and says that it is read.
    for attempt, (commit, there) in enumerate(((1, 0), (2, 0), (3, 3), (4, 6), (5, 8), (5, 8))):
        assert run(database, "machine", MORNING + attempt * LATER, commit) == KILLED
        assert len(marks(database)) == there
        assert _codes(database)[:4] == ["A", "A", "A", "A"], "the days follow when all of it is there"
    assert run(database, "machine", MORNING + 6 * LATER, commit=0) == 0
    found = reading(database, file_id)
    assert (found.state, found.added, found.known, found.bad) == (TaskState.DONE, 8, 0, 0)
    assert len(marks(database)) == len({row[2] for row in marks(database)}) == 8
    assert _codes(database)[:5] == ["H", "H", "H", "H", "A"]
    assert run(database, "machine", MORNING + 8 * LATER, commit=1) == 0, "nothing is left to do"
    assert list(days.check(database, MONDAY, TODAY, now=MORNING + 8 * LATER)) == []


def _codes(database: Database) -> list[str]:
    ben = viewer_of(database, "ben").officer_id
    mine = (StoredDay.officer_id == ben, StoredDay.date.between(MONDAY, date(2026, 11, 20)))
    with database.reading() as db:
        return list(db.scalars(sa.select(StoredDay.code).where(*mine).order_by(StoredDay.date)))
