"""A change of many days is computed again in batches: with progress, once, and what changed is kept."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from staffhub import clock, days
from staffhub.db import Database
from staffhub.models import AuditEvent, Holiday, HolidayKind, Recount, RecountedDay, StoredDay, TaskState
from tests.conftest import MORNING, World, count_from
from tests.test_day_store import DAY, SINCE, agree


@pytest.fixture
def closed(database: Database) -> Database:
    count_from(database, SINCE)
    days.close_due(database, now=MORNING)
    days.run_recounts(database, now=clock.now())  # the second look at yesterday
    return database


def _holiday(database: Database) -> None:
    with database.transaction() as db:
        db.add(Holiday(office_id=1, date=DAY, name="Hari daerah", kind=HolidayKind.LOCAL, source="SK Bupati"))


def test_a_holiday_is_computed_again_by_the_scheduler_who_says_which_days_changed(closed: Database) -> None:
    _holiday(closed)
    with closed.reading() as db:
        (waits,) = days.recounts(db, 1)
        assert (waits.is_running, waits.first, waits.last, waits.cause) == (True, DAY, DAY, "holiday")
    days.run_recounts(closed, now=clock.now())
    agree(closed)
    with closed.reading() as db:
        (done,) = days.recounts(db, 1)
        assert (done.is_running, done.total, done.done, done.changed) == (False, 7, 7, 7)
        told = db.scalars(sa.select(RecountedDay)).all()
        assert {(one.date, one.before["code"], one.after["code"]) for one in told} == {(DAY, "A", "L")}
        assert db.scalar(sa.select(AuditEvent.facts).where(AuditEvent.verb == "days.recounted"))["changed"] == 7


def test_who_was_killed_between_two_batches_goes_on_where_it_was(
    closed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staffhub.days.recount.BATCH", 3)
    _holiday(closed)
    now = clock.now()
    assert days.run_recounts(closed, now=now, most=1) == 1
    with closed.reading() as db:
        assert (days.recounts(db, 1)[0].done, days.recounts(db, 1)[0].changed) == (3, 3)
    assert days.run_recounts(closed, now=now) == 0  # the lease of whoever died still holds
    days.run_recounts(closed, now=now + timedelta(minutes=3))
    agree(closed)
    with closed.reading() as db:
        row = db.scalars(sa.select(Recount).where(Recount.cause == "holiday")).one()
        assert (row.state, row.done, row.changed) == (TaskState.DONE, 7, 7)
        assert db.scalar(sa.select(sa.func.count()).select_from(RecountedDay)) == 7


def test_check_names_a_row_that_is_not_what_its_facts_say_and_recompute_mends_it(closed: Database) -> None:
    assert list(days.check(closed, SINCE, DAY, now=MORNING)) == []
    with closed.transaction() as db:
        spoiled = {"late": 7, "facts_hash": "-"}
        db.execute(sa.update(StoredDay).where(StoredDay.officer_id == 3, StoredDay.date == DAY).values(**spoiled))
    (odd,) = days.check(closed, SINCE, DAY, now=MORNING)
    assert str(odd) == f"1 3 {DAY} late facts_hash"
    assert days.recompute(closed, SINCE, DAY, now=MORNING) == 1
    assert list(days.check(closed, SINCE, DAY, now=MORNING)) == []


def test_hr_reads_which_days_a_holiday_has_changed(world: World) -> None:
    count_from(world.database, SINCE)
    days.close_due(world.database, now=MORNING)
    days.run_recounts(world.database, now=MORNING + timedelta(hours=1))
    client = world.client("hana")
    assert "Belum ada yang dihitung ulang." in client.get("/attendance/recounts").text
    _holiday(world.database)
    assert "Sebentar lagi dimulai" in client.get("/attendance/recounts").text
    assert "/attendance/recounts" in client.get("/attendance?month=2026-11").text
    days.run_recounts(world.database, now=MORNING + timedelta(hours=1))
    page = client.get("/attendance/recounts").text
    assert "7 hari berubah" in page
    assert page.count(f'/{DAY}">') == 7
    assert world.client("oka").get(f"/attendance/recounts?recount={_newest(world)}").text.count(f'/{DAY}">') == 0


def _newest(world: World) -> int:
    with world.database.reading() as db:
        return days.recounts(db, 1)[0].id
