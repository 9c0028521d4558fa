"""What is due is done once, by whichever process comes first, and by another one when that process died."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import sqlalchemy as sa

from staffhub import scheduler
from staffhub.db import Database
from staffhub.models import AuditEvent, Claim, Heartbeat, Holiday, SignInAttempt
from staffhub.scheduler import Ticker, Work
from tests.conftest import MORNING, World, viewer_of, wait_until


def _claim(database: Database, later: timedelta = timedelta()) -> bool:
    with database.transaction() as db:
        return scheduler.claim(db, "job", "slot", now=MORNING + later)


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


def test_running_what_is_due_twice_does_it_once(database: Database) -> None:
    work = Work(database=database, zoom=None, zoom_host="")
    viewer_of(database, "ben")
    with database.transaction() as db:
        db.execute(sa.delete(Holiday))
        db.add(
            SignInAttempt(at=MORNING - timedelta(days=2), username_hash="x", address_hash="y", succeeded=False)
        )  # fmt: skip
    for _time in range(2):
        scheduler.run_due(work, now=MORNING)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(AuditEvent.id)).where(AuditEvent.verb == "holidays.seeded")) == 4
        assert db.scalar(sa.select(sa.func.count(SignInAttempt.id)).where(SignInAttempt.username_hash == "x")) == 0
        assert db.scalar(sa.select(Heartbeat.at)) == MORNING
        daily = sa.select(Claim.done_at).where(Claim.job == "daily")
        assert db.scalars(daily).all() == [MORNING]
    assert scheduler.last_beat(database) == MORNING


def test_a_seal_started_twice_at_once_makes_one_chain(database: Database) -> None:
    work = Work(database=database, zoom=None, zoom_host="")
    viewer_of(database, "ben")
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _n: scheduler.seal(work, MORNING), range(4)))
    assert sorted(counts)[:3] == [0, 0, 0]


def test_ready_means_a_database_at_head_and_a_scheduler_that_beats(world: World) -> None:
    client = world.client()
    assert client.get("/healthz").json() == {"process": "ok"}
    silent = client.get("/readyz")
    assert (silent.status_code, silent.json()["scheduler"]) == (503, "silent")
    scheduler.run_due(Work(world.database, None, ""), now=world.now)
    assert client.get("/readyz").status_code == 200
    world.at(MORNING + timedelta(minutes=5))
    assert client.get("/readyz").status_code == 503
    with world.database.transaction() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    assert client.get("/readyz").json()["database"] == "not at head"


def test_the_ticker_runs_by_itself_and_goes_on_after_a_job_failed(database: Database) -> None:
    ticker = Ticker(Work(database=database, zoom=None, zoom_host=""))
    with database.transaction() as db:
        db.execute(sa.text("ALTER TABLE claim RENAME TO claim_away"))
    ticker.start()
    try:
        wait_until(lambda: scheduler.last_beat(database) is not None)
        ticker.kick()
    finally:
        ticker.stop()
    beat = scheduler.last_beat(database)
    ticker.stop()  # a second stop and a kick after it are no mistake
    ticker.kick()
    assert beat == scheduler.last_beat(database) is not None


def test_metrics_tell_a_collector_on_this_machine_and_nobody_behind_a_proxy(world: World) -> None:
    client = world.client("ben")
    client.get("/board?q=rahasia")
    text = client.get("/metrics").text
    assert 'staffhub_requests_total{method="GET",route="/board",status="200"}' in text
    assert "rahasia" not in text
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 404


PROCESS = """
import sys
from datetime import datetime
from staffhub import scheduler
from staffhub.db import Database

database = Database(sys.argv[1])
with database.transaction() as db:
    print(scheduler.claim(db, "job", "slot", now=datetime.fromisoformat(sys.argv[2])), flush=True)
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
