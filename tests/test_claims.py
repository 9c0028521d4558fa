"""A slot or a row is done once, by whoever claims it first, and by another one when that one died."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from uuid import uuid4

import sqlalchemy as sa

from staffhub import claims
from staffhub.db import Database, undo
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import Claim, MeetingKind, TaskState, ZoomTask
from tests.conftest import MORNING, TODAY, World, viewer_of


def _claim(database: Database, later: timedelta = timedelta()) -> bool:
    with database.transaction() as db:
        return claims.claim(db, "job", "slot", now=MORNING + later)


def test_of_eight_that_want_a_slot_one_gets_it(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _n: _claim(database), range(8))) == 1


def test_a_claim_whose_owner_died_is_free_when_its_lease_ends_and_a_finished_one_never(database: Database) -> None:
    assert _claim(database)
    assert not _claim(database, timedelta(minutes=1))
    assert _claim(database, timedelta(minutes=3))
    with database.transaction() as db:
        db.execute(sa.update(Claim).values(done_at=MORNING))
    assert not _claim(database, timedelta(days=1))


def _leave(database: Database) -> int:
    """A row of work, due at once, as the verbs of the meetings write it."""
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        facts = {"kind": MeetingKind.SINGLE, "topic": "Evaluasi", "starts_on": TODAY, "starts_at": time(14)}
        facts |= {"minutes": 30, "audience": Audience(everyone=True), "idempotency_key": str(uuid4())}
        plan.schedule(db, dewi, **facts, now=MORNING)
        return db.scalar(sa.select(sa.func.max(ZoomTask.id))) or 0


def _take(database: Database, row_id: int, later: timedelta = timedelta()) -> datetime | None:
    with database.transaction() as db:
        return claims.take(db, ZoomTask, row_id, now=MORNING + later, lease=claims.LEASE)


def test_a_row_is_taken_once_until_its_lease_ends_and_then_written_by_its_new_owner_alone(database: Database) -> None:
    row_id = _leave(database)
    with ThreadPoolExecutor(4) as pool:
        (first,) = [ticket for ticket in pool.map(lambda _n: _take(database, row_id), range(4)) if ticket]
    assert first == MORNING + claims.LEASE
    assert _take(database, row_id, timedelta(minutes=2)) is None
    second = _take(database, row_id, timedelta(minutes=3))
    assert second == MORNING + timedelta(minutes=3) + claims.LEASE
    with database.transaction() as db:
        late = claims.settle(db, ZoomTask, row_id, first, state=TaskState.FAILED)
        mine = claims.settle(db, ZoomTask, row_id, second, state=TaskState.DONE)
    assert (late, mine) == (False, True)
    with database.reading() as db:
        assert db.execute(sa.select(ZoomTask.state, ZoomTask.lease_until, ZoomTask.attempts)).one() == ("done", None, 2)


def test_whoever_leaves_work_kicks_the_clockwork_after_the_commit_without_thinking_of_it(database: Database) -> None:
    kicked: list[str] = []
    claims.watch(database, kicked.append)
    row_id = _leave(database)
    assert kicked == ["zoom_tasks", "notices"]  # those invited are told
    kicked.remove("notices")
    _take(database, row_id)
    assert kicked == ["zoom_tasks"]  # doing the work leaves none
    with database.transaction() as db:
        row = db.scalars(sa.select(ZoomTask).where(ZoomTask.id == row_id)).one()
        row.state, row.due_at = TaskState.PENDING, MORNING
        assert kicked == ["zoom_tasks"]
    assert kicked == ["zoom_tasks"] * 2
    with database.transaction() as db:
        facts = {name: getattr(row, name) for name in ("office_id", "meeting_id", "verb", "state", "due_at")}
        for _several in range(3):
            db.execute(sa.insert(ZoomTask).values(**facts, unclear=False, created_at=MORNING))
    assert kicked == ["zoom_tasks"] * 3
    with database.transaction() as db:
        db.execute(sa.insert(ZoomTask).values(**facts, unclear=False, created_at=MORNING))
        undo(db)
    assert kicked == ["zoom_tasks"] * 3


def test_no_page_kicks_the_clockwork_by_hand(world: World) -> None:
    kicked: list[str] = []
    claims.watch(world.database, kicked.append)
    form = {"topic": "Evaluasi", "date": "2026-11-25", "time": "14.00", "duration": "45", "everyone": "1"}
    address = world.client("dewi").post("/meetings", data=form | {"idempotency_key": str(uuid4())}).headers["location"]
    assert (address[:10], kicked) == ("/meetings/", ["zoom_tasks", "notices"])


PROCESS = """
import sys
from datetime import datetime
from staffhub import claims
from staffhub.db import Database

database = Database(sys.argv[1])
with database.transaction() as db:
    print(claims.claim(db, "job", "slot", now=datetime.fromisoformat(sys.argv[2])), flush=True)
sys.stdin.read()
"""


def test_of_three_processes_one_gets_the_slot_and_when_it_is_killed_the_lease_frees_it(database_url: str) -> None:
    command = [sys.executable, "-c", PROCESS, database_url, MORNING.isoformat()]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _n in range(3)]
    try:
        said = [process.stdout.readline().strip() for process in processes if process.stdout]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert sorted(said) == ["False", "False", "True"]
    database = Database(database_url)
    assert not _claim(database, timedelta(minutes=1))
    assert _claim(database, timedelta(minutes=3))
    database.engine.dispose()
