"""The database goes away at 07.30 and comes back: a real PostgreSQL, stopped and started, and a process that dies."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from fastapi.testclient import TestClient

from bench.postgres import Postgres
from staffhub import clock, scheduler
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.models import Outage, OutageState
from staffhub.settings import Settings
from tests.conftest import MORNING, _prepare, open_session, wait_until

pytestmark = pytest.mark.xdist_group("faults")
START = MORNING.replace(minute=30)


@pytest.fixture
def postgres_of_its_own() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.run("CREATE DATABASE office")
        _prepare(server.url("office"))
        yield server
    finally:
        server.stop()


def _beat(app: object, at: datetime) -> None:
    scheduler._beat(app.state.work, at)  # type: ignore[attr-defined]


def _answers(database: Database) -> bool:
    try:
        return scheduler.last_beat(database) is not None
    except sa.exc.SQLAlchemyError:
        return False


def test_a_database_that_is_away_for_three_minutes_is_proposed_with_who_was_refused(
    postgres_of_its_own: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that refused them is killed before the database is back; another one tells what it had counted."""
    monkeypatch.setattr(clock, "since_boot", lambda: ("a", clock.now().timestamp()))
    settings = Settings(
        database_url=postgres_of_its_own.url("office"),
        data_dir=tmp_path,
        secret_key="a-secret-only-for-the-tests-0123456789",
        base_url="http://testserver",
    )
    people = ("ben", "tia", "cy")
    with time_machine.travel(START, tick=False) as traveller:
        app = create_app(settings, ticking=False)
        tokens = {who: open_session(app.state.database, who, now=START) for who in people}
        with TestClient(app, headers={"Sec-Fetch-Site": "same-origin"}, raise_server_exceptions=False) as client:
            _beat(app, START)
            postgres_of_its_own.halt()
            for minute in range(1, 4):
                traveller.move_to(START + timedelta(minutes=minute), tick=False)
                for who in people:
                    client.cookies.set("staffhub_session", tokens[who])
                    form = {"mode": "office", "idempotency_key": f"a-key-of-{who}"}
                    assert client.post("/presence/check-in", data=form).status_code == 503
                with pytest.raises(sa.exc.SQLAlchemyError):
                    scheduler._troubles(app.state.work, clock.now())
        # Killed here: what is in its memory is gone.
        postgres_of_its_own.start()
        later = START + timedelta(minutes=4)
        traveller.move_to(later, tick=False)
        heir = create_app(settings, ticking=False)
        wait_until(lambda: _answers(heir.state.database))
        _beat(heir, later)
        (left,) = (tmp_path / "troubles").glob("*.json")
        os.utime(left, (START.timestamp(), START.timestamp()))  # the file system has the real time
        scheduler._troubles(heir.state.work, later)
        done = START + timedelta(minutes=20)
        for _time in range(2):
            scheduler._outages(heir.state.work, done)
        with heir.state.database.reading() as db:
            (found,) = db.scalars(sa.select(Outage).where(Outage.office_id == 1)).all()
            assert (found.state, found.first, found.last) == (OutageState.PROPOSED, START, later)
            assert found.evidence["away"] == {"minutes": 3, "times": 9}
            assert found.evidence["gap"]["minutes"] == 4
            assert len(found.officers) == 3
        assert list((tmp_path / "troubles").iterdir()) == []
        heir.state.database.engine.dispose()
