"""The measurements themselves still run: what they fill an office with, and the floor beside which it is measured."""

import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from bench import book_a_host, documents, faults, picture
from bench.growth import PAGES
from bench.office import LED, ZONE, fill, token_of, workdays_before
from bench.postgres import Postgres
from staffhub import days
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.models import Mark, MeetingInvite, Recount, StoredDay, TaskState
from staffhub.settings import Settings


def test_an_office_to_measure_opens_every_page_that_is_measured(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/staffhub.db"
    fill(url, offices=2, officers=8, roles=LED, days=workdays_before(date(2026, 11, 23), 3))
    app = create_app(Settings(data_dir=tmp_path, database_url=url), ticking=False)
    with TestClient(app, follow_redirects=False) as client:
        for _who, number, page in PAGES:
            client.cookies.set("staffhub_session", token_of(number))
            assert client.get(page.partition(" ")[0]).status_code == 200, page
    database = Database(url)
    with database.reading() as db:
        counts = [db.scalar(sa.select(sa.func.count()).select_from(table)) for table in (Mark, MeetingInvite)]
    database.engine.dispose()
    assert counts == [2 * 8 * 3 * 2, 2 * 8 * 3]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/staffhub.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    server.run("CREATE DATABASE to_measure")
    yield server.url("to_measure")
    server.run("DROP DATABASE to_measure WITH (FORCE)")


def test_the_past_of_an_office_to_measure_is_closed_as_each_midnight_closes_it(empty: str) -> None:
    """Else the scheduler stores weeks of it while the morning is measured."""
    now = datetime(2026, 11, 23, 7, tzinfo=ZONE)
    worked = workdays_before(now.date(), 3)
    fill(empty, offices=2, officers=8, roles=LED, days=worked, now=now)
    database = Database(empty)
    assert days.close_due(database, now=now) == 0
    with database.reading() as db:
        stored = sa.select(sa.func.count()).where(StoredDay.date.in_(worked), StoredDay.state == "present")
        assert db.scalar(stored) == 2 * 8 * 3
        assert db.scalars(sa.select(Recount.id).where(Recount.state == TaskState.PENDING)).all() == []
    database.engine.dispose()


def test_two_processes_that_book_one_host_at_once_never_overlap_and_double_nothing(empty: str) -> None:
    meetings, overlaps, doubled = book_a_host.run(empty, 10)
    assert (overlaps, doubled) == (0, 0)
    # Each of the ten hours was booked or meets one that was, so at least every third is.
    assert meetings >= 4


def test_the_floor_shows_its_page_and_stores_a_check_in_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOOR_DATABASE", f"sqlite:///{tmp_path}/floor.db")
    monkeypatch.delitem(sys.modules, "bench.floor", raising=False)
    floor = import_module("bench.floor")
    floor.fill(["a-token", "b-token"])
    with TestClient(floor.app, follow_redirects=False, cookies={"staffhub_session": "a-token"}) as client:
        assert client.get("/").text.count("<td>office</td>") == 2
        form = {"mode": "home", "idempotency_key": "once"}
        assert client.post("/presence/check-in", data=form).status_code == 403
        for _tap in range(2):
            same = client.post("/presence/check-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
            assert same.status_code == 303
        assert client.get("/").text.count("<td>home</td>") == 1
        client.cookies.clear()
        assert client.get("/").status_code == 401
    floor.engine.dispose()


def test_a_recap_to_measure_has_so_many_officers_and_a_paper_that_is_too_slow_is_said_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(documents.recap(12).rows) == 12
    assert documents.measure("quick", lambda: b"x", most=10)
    assert not documents.measure("slow", lambda: b"x", most=-1)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["quick", "slow"]


def test_a_picture_names_each_line_at_its_end() -> None:
    drawn = picture.draw("CPU", [10, 100], {"a <page>": [1.0, 2.0], "b": [1.0, 2.0]})
    assert drawn.count("<polyline") == 2
    assert "a &lt;page&gt; 2" in drawn


def test_every_fault_of_zoom_leaves_the_meetings_that_are_ours_and_wastes_little() -> None:
    played = faults.run(rounds=1)
    assert [(row.verb, row.fault) for row in played if not row.same] == []
    assert {(row.verb, row.fault): row.wasted for row in played if row.wasted > 2} == {}
    waited = {row.fault: row.waited for row in played}
    assert waited["429 account's day"] > timedelta(hours=20) > timedelta(seconds=3) > waited["429 per second"]
