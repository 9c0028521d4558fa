"""From which devices marks came: told for thirty days, never a refusal, and nothing more for a check-in to write."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from staffhub import devices, presence, security
from staffhub.db import Database
from staffhub.models import Mark, MarkDevice, UserSession, WorkMode
from staffhub.scheduler import run_due
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, session_of, viewer_of

CHROME = "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"


def _on(database: Database, username: str, device: str, *, now: datetime = MORNING) -> Viewer:
    """Sign somebody in on a device."""
    with database.transaction() as db:
        attempt_id, account = security.begin_sign_in(
            db, username=username, address="10.0.0.1", device=None, key=b"", now=now
        )
        assert account
        token = security.finish_sign_in(db, attempt_id, account, device=device, user_agent=CHROME, now=now)
    with database.reading() as db:
        return security.session_for(db, token, now=now).viewer


def _in(database: Database, me: Viewer, *, now: datetime = MORNING, key: str = "") -> presence.Stamp:
    with database.transaction() as db:
        return presence.check_in(db, me, mode=WorkMode.OFFICE, idempotency_key=key or str(uuid4()), now=now)


def _pairs(database: Database) -> list[tuple[str, str]]:
    hana = session_of(database, "hana").viewer
    with database.reading() as db:
        found = devices.pairs(db, hana, TODAY.replace(day=1), TODAY)
    return [(pair.one.name.split()[0], pair.other.name.split()[0]) for pair in found]


def test_a_job_notes_the_device_of_each_mark_once_from_the_trail(database: Database) -> None:
    ben = _on(database, "ben", "phone")
    _in(database, ben)
    soon = MORNING + timedelta(seconds=20)
    assert [devices.note_due(database, now=soon) for _run in range(3)] == [1, 0, 0]
    with database.transaction() as db:
        presence.check_out(db, ben, idempotency_key=str(uuid4()), now=MORNING + timedelta(hours=1))
    assert devices.note_due(database, now=MORNING + timedelta(hours=1, seconds=5)) == 1
    with database.reading() as db:
        rows = db.execute(sa.select(MarkDevice.session_id, UserSession.user_agent).join(UserSession)).all()
        assert {tuple(row) for row in rows} == {(ben.session_id, CHROME)}


def test_marks_of_a_time_when_no_job_ran_are_noted_afterwards(database: Database) -> None:
    _in(database, _on(database, "ben", "phone"))
    assert devices.note_due(database, now=MORNING + timedelta(hours=20)) == 1


def test_a_mark_without_a_session_or_whose_session_is_gone_has_no_device(database: Database) -> None:
    _in(database, replace(viewer_of(database, "tia"), session_id=None))
    ben = _on(database, "ben", "phone")
    _in(database, ben)
    with database.transaction() as db:
        db.execute(sa.delete(UserSession).where(UserSession.id == ben.session_id))
    assert devices.note_due(database, now=MORNING) == 0


def test_two_people_on_one_device_within_minutes_are_told_and_an_hour_apart_are_not(database: Database) -> None:
    ben, tia, cy = (_on(database, name, "counter") for name in ("ben", "tia", "cy"))
    oka, dewi = _on(database, "oka", "counter"), _on(database, "dewi", "own phone")
    for me, seconds in ((ben, 0), (tia, 45), (oka, 50), (dewi, 55), (cy, 3600)):
        assert _in(database, me, now=MORNING + timedelta(seconds=seconds)).first, "nothing is refused"
    devices.note_due(database, now=MORNING + timedelta(hours=1, minutes=1))
    assert _pairs(database) == [("Ben", "Tia")]


def test_after_thirty_days_nothing_is_known_of_the_device_any_more(database: Database) -> None:
    for name in ("ben", "tia"):
        _in(database, _on(database, name, "counter"))
    devices.note_due(database, now=MORNING)
    for days, left in ((29, 2), (31, 0)):
        with database.transaction() as db:
            devices.forget_old(db, now=MORNING + timedelta(days=days))
            assert db.scalar(sa.select(sa.func.count(MarkDevice.id))) == left
    assert _pairs(database) == []
    assert devices.note_due(database, now=MORNING + timedelta(days=31, minutes=1)) == 0, "nor is it noted again"


def test_the_nightly_job_forgets_devices_and_old_sessions_whatever_points_at_them(world: World) -> None:
    _in(world.database, _on(world.database, "ben", "phone"))
    devices.note_due(world.database, now=MORNING)
    with world.database.transaction() as db:
        db.execute(sa.update(UserSession).values(ended_at=MORNING - timedelta(days=31)))
    run_due(world.app.state.work, now=MORNING)
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(MarkDevice.id))) == 0
        assert db.scalar(sa.select(sa.func.count(Mark.id))) == 1


def press_on_one_device(world: World) -> dict[str, str]:
    """Ben and Tia press on the computer at the counter; return their receipts."""
    receipts = {}
    for username in ("ben", "tia"):
        receipts[username] = _in(world.database, _on(world.database, username, "counter")).receipt
    devices.note_due(world.database, now=MORNING)
    return receipts


def test_the_day_of_both_tells_it_fairly_and_either_may_explain_it(world: World) -> None:
    receipts = press_on_one_device(world)
    for username, other in (("ben", "Tia Lumintang"), ("tia", "Ben Tumiwa")):
        day = f"/attendance/{world.officer_id(username)}/2026-11-23"
        hr, own = world.client("hana").get(day).text, world.client(username).get(day).text
        for page in (hr, own):
            assert "Dua orang, satu perangkat." in page
            assert "perangkat: Chrome, Android" in page
        assert other in hr
        assert other not in own, "who it was is for the personnel section"
        assert "Belum dijelaskan" in hr
        address = f"/presence/receipts/{receipts[username]}/note"
        assert f'action="{address}"' in own
        told = {"note": "Komputer loket 2", "idempotency_key": str(uuid4())}
        assert world.client(username).post(address, data=told).status_code == 303
        assert "Penjelasan pegawai: Komputer loket 2" in world.client("hana").get(day).text


def test_hr_finds_shared_devices_among_what_needs_a_look_and_nobody_else_does(world: World) -> None:
    press_on_one_device(world)
    queue = "/attendance/queue?month=2026-11"
    assert "Dua orang, satu perangkat" in world.client("hana").get(queue).text
    for username in ("ana", "dewi", "adi"):
        assert "Dua orang, satu perangkat" not in world.client(username).get(queue).text


def test_the_receipt_says_from_which_device_it_came(world: World) -> None:
    receipts = press_on_one_device(world)
    page = world.client("ben").get(f"/presence/receipts/{receipts['ben']}").text
    assert "Chrome, Android" in page
