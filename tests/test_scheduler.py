"""What is due is done once, by whichever process comes first, and by another one when that process died."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from staffhub import audit, logs, scheduler
from staffhub.db import Database
from staffhub.models import AuditEvent, Claim, Heartbeat, Holiday, SignInAttempt
from staffhub.scheduler import Ticker, Work
from tests.conftest import MORNING, World, viewer_of, wait_until


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


def test_the_head_of_the_audit_chain_is_said_once_a_day_in_the_log(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    work = Work(database=database, zoom=None, zoom_host="")
    viewer_of(database, "ben")
    for _time in range(2):
        scheduler.run_due(work, now=MORNING)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    said = [line for line in lines if line["event"] == "audit_head"]
    with database.reading() as db:
        head = audit.head(db)
    assert [(line["sequence"], line["hash"]) for line in said] == [(head.sequence, head.hash)]


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
        ticker.kick("zoom_tasks")
    finally:
        ticker.stop()
    beat = scheduler.last_beat(database)
    ticker.stop()  # a second stop and a kick after it are no mistake
    ticker.kick("zoom_tasks")
    assert beat == scheduler.last_beat(database) is not None


def test_metrics_tell_a_collector_on_this_machine_and_nobody_behind_a_proxy(world: World) -> None:
    client = world.client("ben")
    client.get("/board?q=rahasia")
    text = client.get("/metrics").text
    assert 'staffhub_requests_total{method="GET",route="/board",status="200"}' in text
    assert "rahasia" not in text
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 404


def test_a_job_that_was_waiting_when_the_database_came_back_does_not_say_again_that_it_is_away(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    ticker = Ticker(Work(database=database, zoom=None, zoom_host=""))

    def refused(*_more: object) -> None:
        raise OperationalError("", None, ConnectionRefusedError())

    def waits_while_it_goes_and_comes(*_more: object) -> None:
        ticker._safely("first", refused)()
        ticker._safely("second", refused)()
        ticker._safely("third", lambda *_more: None)()
        refused()

    ticker._safely("slow", waits_while_it_goes_and_comes)()
    said = [(line["event"], line.get("job")) for line in map(json.loads, capsys.readouterr().err.splitlines())]
    assert said == [("database_unavailable", "first"), ("database_back", None)]
    ticker._safely("slow", refused)()  # what it finds by itself is news
    assert json.loads(capsys.readouterr().err)["event"] == "database_unavailable"


def test_a_job_that_needs_no_database_does_not_say_that_it_is_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Without Zoom several jobs end at once."""
    logs.configure()
    nowhere = Database("postgresql://nobody@127.0.0.1:9/none")
    ticker = Ticker(Work(database=nowhere, zoom=None, zoom_host=""))
    ticker._safely("heartbeat", scheduler._beat)()
    ticker._safely("told_changes", scheduler._told_changes)()
    ticker._safely("heartbeat", scheduler._beat)()
    said = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert said == ["database_unavailable"]


def test_jobs_begin_one_after_the_other_and_those_that_run_seldom_drift_apart(database: Database) -> None:
    ticker = Ticker(Work(database=database, zoom=None, zoom_host=""))
    ticker.start()
    try:
        jobs = {job.id: job for job in ticker._scheduler.get_jobs()}
    finally:
        ticker.stop()
    seldom = {name: every // 4 for name, every, _verb in scheduler.JOBS if every >= 30}
    assert {name: job.trigger.jitter for name, job in jobs.items() if job.trigger.jitter} == seldom
    first, last = (jobs[name].next_run_time for name, _every, _verb in (scheduler.JOBS[1], scheduler.JOBS[-1]))
    assert last - first > timedelta(seconds=4)
