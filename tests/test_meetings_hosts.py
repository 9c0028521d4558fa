"""Who holds a meeting at Zoom: nobody holds two at once, and of a spent day everybody hears."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import zoom_server
from zoom_server import ZoomSandbox, running_sandbox

from staffhub.db import Database
from staffhub.errors import Refused
from staffhub.meetings import dates, hosts, keeping, one, plan, sync
from staffhub.meetings.audience import Audience
from staffhub.models import Meeting, MeetingKind, Occurrence, ZoomUser
from staffhub.zoom.client import ZoomClient
from staffhub.zoom.scopes import REQUIRED_SCOPES
from tests.conftest import MORNING, World, race, viewer_of

zoom_sandbox_server = zoom_server.zoom_sandbox_server

WEDNESDAY = date(2026, 11, 25)
FIRST, SECOND = "rapat@contoh.example", "ruang@contoh.example"


@pytest.fixture
def sandbox(zoom_sandbox_server: ZoomSandbox) -> ZoomSandbox:
    assert zoom_sandbox_server.request("POST", "/sandbox/reset").status_code == 204
    zoom_sandbox_server.clock.time = MORNING
    return zoom_sandbox_server


def _pool(database: Database, *emails: str, licence: int = hosts.LICENSED, at_once: int = 1) -> None:
    facts = {"licence": licence, "at_once": at_once, "hosts": True, "seen_at": MORNING, "written": 0}
    with database.transaction() as db:
        db.add_all(ZoomUser(email=email, name=email.partition("@")[0], **facts) for email in emails)


def _schedule(database: Database, **overrides: Any) -> int:
    facts: dict[str, Any] = {"kind": MeetingKind.SINGLE, "topic": "Evaluasi akta", "starts_on": WEDNESDAY}
    facts |= {"starts_at": time(14), "minutes": 60, "now": MORNING, "audience": Audience(everyone=True)}
    facts |= {"idempotency_key": str(uuid4())}
    who = viewer_of(database, overrides.pop("who", "dewi"))
    with database.transaction() as db:
        return plan.schedule(db, who, **facts | overrides).id


def _standup(database: Database, **overrides: Any) -> int:
    facts = {"kind": MeetingKind.STANDUP, "starts_at": time(8), "minutes": 30, "weekdays": [0, 1, 2, 3, 4]}
    return _schedule(database, **facts | {"topic": "Apel", "occurrences": 10} | overrides)


def _host(database: Database, meeting_id: int) -> str:
    with database.reading() as db:
        return db.get_one(Meeting, meeting_id).zoom_host


def _refusal(database: Database, **overrides: Any) -> str:
    with pytest.raises(Refused) as refused:
        _schedule(database, **overrides)
    assert refused.value.field == "time"
    return str(refused.value)


def test_a_free_host_is_chosen_and_when_none_is_the_page_says_what_is_in_the_way(database: Database) -> None:
    _pool(database, FIRST, SECOND)
    assert _host(database, _schedule(database)) == FIRST
    assert _host(database, _schedule(database, starts_at=time(14, 30), topic="Arsip")) == SECOND
    said = _refusal(database, starts_at=time(14, 45), minutes=15)
    assert "Evaluasi akta 14.00-15.00" in said
    assert "Arsip 14.30-15.30" in said
    assert said.endswith("14.15, 15.15.")
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 2
    assert _host(database, _schedule(database, starts_at=time(15))) == FIRST


def test_of_somebody_elses_meeting_only_the_hours_are_told(database: Database) -> None:
    _pool(database, FIRST)
    _schedule(database, topic="Rahasia kantor")
    own = Audience(officers=(viewer_of(database, "ben").officer_id or 0,))
    said = _refusal(database, who="ana", audience=own)
    assert "Rahasia" not in said
    assert "14.00-15.00" in said


def test_two_heads_who_press_at_once_never_share_a_host(database: Database) -> None:
    _pool(database, FIRST)
    dewi = viewer_of(database, "dewi")
    facts: dict[str, Any] = {"kind": MeetingKind.SINGLE, "topic": "Yang pertama", "starts_on": WEDNESDAY}
    facts |= {"starts_at": time(14), "minutes": 60, "now": MORNING, "audience": Audience(everyone=True)}
    with pytest.raises(Refused, match="14"):
        race(
            database,
            lambda db: plan.schedule(db, dewi, **facts, idempotency_key=str(uuid4())),
            lambda: _schedule(database, starts_at=time(14, 30)),
        )
    with database.reading() as db:
        assert db.scalars(sa.select(Meeting.topic)).all() == ["Yang pertama"]


def test_each_date_of_a_series_is_looked_at(database: Database) -> None:
    _pool(database, FIRST)
    standup = _standup(database)
    assert "Apel" in _refusal(database, starts_on=date(2026, 12, 3), starts_at=time(8, 15))
    _schedule(database, starts_on=date(2026, 12, 5), starts_at=time(8, 15))
    later = _schedule(database, starts_on=date(2026, 12, 3), starts_at=time(9))
    dewi = viewer_of(database, "dewi")
    with database.reading() as db:
        row = db.scalars(sa.select(Occurrence).where(Occurrence.date == date(2026, 12, 3)).limit(1)).one()
        version = db.get_one(Meeting, standup).version
    with pytest.raises(Refused), database.transaction() as db:
        moved = {"day": row.date, "starts_at": time(9, 15), "agenda": "", "version": version}
        dates.change(db, dewi, standup, row.id, **moved, now=MORNING)
    with database.transaction() as db:
        plan.cancel(db, dewi, later, version=1, now=MORNING)
    with database.transaction() as db:
        dates.change(db, dewi, standup, row.id, **moved, now=MORNING)


def test_a_meeting_moved_onto_another_is_refused_and_its_own_hour_is_no_hindrance(database: Database) -> None:
    _pool(database, FIRST)
    _schedule(database)
    other = _schedule(database, starts_at=time(16))
    dewi = viewer_of(database, "dewi")
    facts = {"topic": "Arsip", "starts_on": WEDNESDAY, "minutes": 60, "audience": Audience(everyone=True)}
    with pytest.raises(Refused), database.transaction() as db:
        plan.edit(db, dewi, other, version=1, starts_at=time(14, 30), **facts, now=MORNING)
    with database.transaction() as db:
        plan.edit(db, dewi, other, version=1, starts_at=time(15, 30), **facts, now=MORNING)
    assert _host(database, other) == FIRST


def test_a_business_licence_holds_two_at_once_and_never_three(database: Database) -> None:
    _pool(database, FIRST, at_once=2)
    _schedule(database, minutes=30)
    _schedule(database, starts_at=time(14, 30), minutes=30)
    assert _host(database, _schedule(database, minutes=60)) == FIRST
    assert _refusal(database, starts_at=time(14, 15), minutes=10)


def test_a_basic_host_comes_after_licensed_ones_and_is_said_to_end_after_forty_minutes(database: Database) -> None:
    _pool(database, "basic@contoh.example", licence=hosts.BASIC)
    _pool(database, FIRST)
    assert _host(database, _schedule(database)) == FIRST
    short = _schedule(database, minutes=40)
    long = _schedule(database, starts_on=date(2026, 11, 26), minutes=41)
    also = _schedule(database, starts_on=date(2026, 11, 26), minutes=41)
    with database.reading() as db:
        dewi = viewer_of(database, "dewi")
        cut = [one.page(db, dewi, meeting_id, now=MORNING).cut_short for meeting_id in (short, long, also)]
    assert cut == [False, False, True]


def test_the_pool_follows_zoom_and_keeps_what_an_administrator_decided(world: World, sandbox: ZoomSandbox) -> None:
    database, zoom = world.database, sandbox.client()
    facts = {"preferred": "", "licensed_at_once": 2}
    assert hosts.synchronise(database, zoom, **facts, now=MORNING) == 2
    _pool(database, "pergi@contoh.example")
    adi = viewer_of(database, "adi")
    with database.reading() as db:
        basic = db.scalars(sa.select(ZoomUser).where(ZoomUser.licence == hosts.BASIC)).one()
    with database.transaction() as db:
        hosts.let_host(db, adi, basic.id, hosts=True, now=MORNING)
    hosts.synchronise(database, zoom, **facts, now=MORNING)
    with database.reading() as db:
        found = {row.email: row for row in db.scalars(sa.select(ZoomUser))}
    assert (found[sandbox.host].hosts, found[sandbox.host].at_once) == (True, 2)
    assert (found[basic.email].hosts, found[basic.email].at_once) == (True, 1)
    assert found["pergi@contoh.example"].gone_at == MORNING


def test_whoever_holds_the_hour_is_whom_zoom_is_asked_for(database: Database, sandbox: ZoomSandbox) -> None:
    hosts.synchronise(database, sandbox.client(), preferred="", licensed_at_once=1, now=MORNING)
    with database.transaction() as db:
        db.execute(sa.update(ZoomUser).values(hosts=ZoomUser.licence == hosts.BASIC))
    meeting_id = _schedule(database, minutes=30)
    sync.run_due(database, sandbox.client(), now=MORNING, host=sandbox.host)
    assert [row["host_email"] for row in sandbox.meetings()] == [sandbox.account.basic_email]
    assert _host(database, meeting_id) == sandbox.account.basic_email


def test_a_spent_day_waits_until_zoom_counts_anew_and_costs_no_more_calls(database: Database) -> None:
    with running_sandbox(writes_per_host_day=2) as sandbox:
        sandbox.clock.time = now = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
        zoom = sandbox.client()
        hosts.synchronise(database, zoom, preferred="", licensed_at_once=1, now=now)
        made = [_schedule(database, starts_at=time(8 + n), minutes=30, now=now) for n in range(5)]
        sync.run_due(database, zoom, now=now, host="")
        assert sandbox.calls("POST /v2/users") == 3
        with database.reading() as db:
            assert [db.get_one(Meeting, one).trouble for one in made] == ["", ""] + ["rate_host"] * 3
            told = keeping.page(db, viewer_of(database, "adi"), now=now)
        assert [host.left for host in told.hosts if host.hosts] == [0]
        assert {f"{one.next_try:%d %H.%M}" for one in told.stuck} == {"24 08.00"}
        later = now + timedelta(hours=22)
        sync.run_due(database, zoom, now=later, host="")
        assert sandbox.calls("POST /v2/users") == 3
        sandbox.clock.time = midnight = datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC)
        sync.run_due(database, zoom, now=midnight, host="")
        assert len(sandbox.meetings()) == 4


def test_the_check_says_in_words_what_to_do(world: World, sandbox: ZoomSandbox) -> None:
    adi = viewer_of(world.database, "adi")

    def found(zoom: ZoomClient | None) -> list[tuple[bool, str]]:
        facts = {"preferred": "", "licensed_at_once": 1}
        return [(one.fine, one.text) for one in keeping.check(world.database, zoom, adi, **facts, now=MORNING)]

    assert [fine for fine, _text in found(None)] == [False]
    ((fine, text),) = found(sandbox.client(client_secret="salah"))
    assert not fine
    assert "client secret" in text
    with running_sandbox(scopes="phone:read:admin") as poor:
        said = [text for fine, text in found(poor.client()) if not fine]
        named = " ".join(said)
        assert all(named.count(scope) == 1 for scope in REQUIRED_SCOPES)
        (clicks,) = [text for text in said if "list_past_participants" in text]
        assert "Gabung" in clicks
        assert "meeting:write" not in clicks
    late = found(sandbox.client(now=lambda: datetime(2031, 1, 1, tzinfo=UTC)))
    assert any(not fine and "NTP" in text for fine, text in late)


def test_an_administrator_checks_takes_hosts_and_tries_again(world: World, sandbox: ZoomSandbox) -> None:
    world.app.state.work = type(world.app.state.work)(world.database, sandbox.client(), "")
    adi = world.client("adi")
    assert "Belum ada pengguna" in adi.get("/admin/zoom").text
    checked = adi.post("/admin/zoom/check")
    assert checked.status_code == 200
    assert sandbox.account.basic_email in checked.text
    with world.database.reading() as db:
        basic = db.scalars(sa.select(ZoomUser.id).where(ZoomUser.licence == hosts.BASIC)).one()
    assert adi.post(f"/admin/zoom/hosts/{basic}/take").status_code == 303
    assert adi.post(f"/admin/zoom/hosts/{basic}/leave").status_code == 303
    assert adi.post("/admin/zoom/hosts/99/take").status_code == 404
    meeting_id = _schedule(world.database)
    refused = {"code": 300, "message": "Validation Failed."}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=400, body=refused)
    sync.run_due(world.database, sandbox.client(), now=world.now, host="")
    page = adi.get("/admin/zoom").text
    assert "Evaluasi akta" in page.partition("h-stuck")[2]
    assert "Jawaban Zoom: 400 (300)" in page
    assert "Jawaban Zoom: 400 (300)" in world.client("dewi").get(f"/meetings/{meeting_id}").text
    for _tap in range(2):
        assert adi.post(f"/admin/zoom/meetings/{meeting_id}/retry").status_code == 303
    assert adi.post("/admin/zoom/retry").status_code == 303
    sync.run_due(world.database, sandbox.client(), now=world.now, host="")
    assert len(sandbox.meetings()) == 1
    assert "Evaluasi akta" not in adi.get("/admin/zoom").text.partition("h-stuck")[2]
    assert world.client("hana").get("/admin/zoom").status_code == 403


def test_a_head_is_told_of_the_host_that_is_taken_with_what_was_typed_kept(world: World) -> None:
    _pool(world.database, FIRST)
    _schedule(world.database)
    key = str(uuid4())
    typed = {"topic": "Judul ketikan", "date": "2026-11-25", "time": "14.30", "duration": "30", "everyone": "1"}
    answer = world.client("dewi").post("/meetings", data=typed | {"idempotency_key": key})
    assert answer.status_code == 422
    assert "Evaluasi akta 14.00-15.00" in answer.text
    assert "Judul ketikan" in answer.text
    free = world.client("dewi").post("/meetings", data=typed | {"idempotency_key": key, "time": "15.00"})
    assert free.status_code == 303
