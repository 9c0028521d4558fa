"""Zoom's own list of who was there, over the wire: by run, page by page, at last complete, and refused in words."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import zoom_server
from zoom_server import ZoomSandbox, running_sandbox

from staffhub.db import Database
from staffhub.meetings import asking, attendance, plan, sightings, sync
from staffhub.meetings.audience import Audience
from staffhub.models import Account, Attendance, AttendanceLook, Meeting, MeetingKind, Officer, Seen, ZoomSighting
from staffhub.zoom.errors import ZoomScopeMissing
from tests.conftest import MORNING, TODAY, World, viewer_of

zoom_sandbox_server = zoom_server.zoom_sandbox_server
zoom_sandbox = zoom_server.zoom_sandbox
NINE = datetime(2026, 11, 23, 1, 0, tzinfo=MORNING.tzinfo)
OVER = NINE + timedelta(minutes=36)
RUN = "/aB//cD+e=="


def schedule(database: Database, zoom: Any) -> int:
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        made = plan.schedule(
            db, dewi, kind=MeetingKind.SINGLE, topic="Rapat", starts_on=TODAY, starts_at=time(9), minutes=30,
            audience=Audience(everyone=True), idempotency_key=str(uuid4()), now=MORNING,
        )  # fmt: skip
        meeting_id = made.id
    sync.run_due(database, zoom, now=MORNING, host="")
    return meeting_id


def number(database: Database, meeting_id: int) -> int:
    with database.reading() as db:
        return db.get_one(Meeting, meeting_id).zoom_id or 0


def name(database: Database, username: str) -> str:
    with database.reading() as db:
        query = sa.select(Officer.name).join(Account, Account.officer_id == Officer.id)
        return db.scalars(query.where(Account.username == username)).one()


def row(who: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    came, left = ((NINE + timedelta(minutes=one)).isoformat().replace("+00:00", "Z") for one in (start, end))
    facts = {"id": "", "name": who, "user_email": "", "user_id": uuid4().hex[:8], "status": "in_meeting"}
    return facts | {"join_time": came, "leave_time": left} | more


def run(sandbox: ZoomSandbox, meeting: int, *rows: dict[str, Any], uuid: str = RUN, at: float = 0) -> None:
    start = (NINE + timedelta(minutes=at)).isoformat().replace("+00:00", "Z")
    body = {"meeting_id": meeting, "uuid": uuid, "start_time": start, "participants": rows}
    assert sandbox.request("POST", "/sandbox/runs", json=body).status_code == 201


def minutes(database: Database) -> dict[str, int]:
    attendance.run_due(database, now=OVER)
    with database.reading() as db:
        return {one.name: one.seconds // 60 for one in db.scalars(sa.select(Attendance))}


def look(database: Database) -> tuple[int, str]:
    with database.reading() as db:
        one = db.scalars(sa.select(AttendanceLook)).one()
        return one.asked, one.trouble


@pytest.fixture
def sandbox(zoom_sandbox: ZoomSandbox) -> ZoomSandbox:
    zoom_sandbox.clock.time = MORNING
    return zoom_sandbox


def test_the_list_alone_says_who_was_there_by_run_and_page_by_page(database: Database, sandbox: ZoomSandbox) -> None:
    zoom, ben, tia = sandbox.client(), name(database, "ben"), name(database, "tia")
    meeting = number(database, schedule(database, zoom))
    guests = [row(f"Tamu {one}", 0, 10) for one in range(320)]
    waited = row(tia, 0, 25, status="in_waiting_room")
    run(sandbox, meeting, row(ben, 0, 20), row(ben, 25, 30), waited, row(tia, 25, 30), *guests)
    run(sandbox, meeting, row(ben, 400, 500), row(tia, 400, 500), uuid="later==", at=400)  # somebody opened it again
    assert asking.ask_due(database, zoom, now=OVER) == 1
    found = minutes(database)
    assert (found[ben], found[tia], len(found)) == (25, 5, 322)


def test_zoom_is_asked_after_five_fifteen_and_sixty_minutes_and_a_day(database: Database, sandbox: ZoomSandbox) -> None:
    zoom, ben, tia = sandbox.client(), name(database, "ben"), name(database, "tia")
    meeting = number(database, schedule(database, zoom))
    end = NINE + timedelta(minutes=30)
    assert asking.ask_due(database, zoom, now=end + timedelta(minutes=4)) == 0
    assert asking.ask_due(database, zoom, now=end + timedelta(minutes=5)) == 1
    assert asking.ask_due(database, zoom, now=end + timedelta(minutes=6)) == 0
    assert look(database) == (1, ""), "not there yet is no trouble"
    run(sandbox, meeting, row(ben, 0, 10), row(tia, 0, 30))
    assert asking.ask_due(database, zoom, now=end + timedelta(minutes=15)) == 1
    run(sandbox, meeting, row(ben, 0, 10), row(ben, 12, 30), row(tia, 0, 30))
    assert asking.ask_due(database, zoom, now=end + timedelta(hours=30)) == 1, "what was slept over is made up for once"
    assert look(database) == (4, "")
    assert minutes(database)[ben] == 28
    assert asking.ask_due(database, zoom, now=end + timedelta(hours=31)) == 0


def test_zoom_being_away_loses_nothing(database: Database, sandbox: ZoomSandbox) -> None:
    zoom, ben, tia = sandbox.client(), name(database, "ben"), name(database, "tia")
    run(sandbox, number(database, schedule(database, zoom)), row(ben, 0, 30), row(tia, 0, 30))
    sandbox.fault("status", method="GET", path_prefix="/v2/past_meetings", status=503)
    assert asking.ask_due(database, zoom, now=OVER) == 0
    assert asking.ask_due(database, zoom, now=OVER) == 0, "not again at once"
    assert asking.ask_due(database, zoom, now=OVER + timedelta(minutes=3)) == 1
    assert minutes(database)[ben] == 30


def test_the_same_list_twice_is_stored_once(database: Database, sandbox: ZoomSandbox) -> None:
    zoom, ben, tia = sandbox.client(), name(database, "ben"), name(database, "tia")
    run(sandbox, number(database, schedule(database, zoom)), row(ben, 0, 30), row(tia, 0, 30))
    for after in (0, 15):
        assert asking.ask_due(database, zoom, now=OVER + timedelta(minutes=after)) == 1
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ZoomSighting)) == 2


def test_an_account_without_lists_is_asked_once_and_it_is_said(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    schedule(database, zoom)
    refusal = {"code": 200, "message": "Only available for Paid account."}
    sandbox.fault("status", method="GET", path_prefix="/v2/past_meetings", status=400, body=refusal)
    assert asking.ask_due(database, zoom, now=OVER) == 1
    assert look(database) == (1, "plan")
    assert asking.ask_due(database, zoom, now=OVER + timedelta(days=1)) == 0


def test_without_the_scopes_the_meeting_itself_works_on(database: Database) -> None:
    scopes = zoom_server.ACCOUNT.scopes.replace("meeting:read:list_past_instances:admin ", "")
    with running_sandbox(scopes=scopes) as sandbox:
        sandbox.clock.time = MORNING
        zoom = sandbox.client()
        schedule(database, zoom)
        assert asking.ask_due(database, zoom, now=OVER) == 1
    assert look(database) == (1, "scopes")


def test_the_sandbox_knows_a_run_only_by_its_name_encoded_twice(sandbox: ZoomSandbox, database: Database) -> None:
    zoom = sandbox.client()
    meeting = number(database, schedule(database, zoom))
    run(sandbox, meeting, row("A", 0, 30), row("B", 0, 30))
    token = {"Authorization": f"Bearer {zoom.config['token']}"}
    once = sandbox.request("GET", "/v2/past_meetings/%2FaB%2F%2FcD%2Be%3D%3D/participants", headers=token)
    assert once.json()["code"] == 2300
    assert [one["name"] for one in zoom.past_participants(RUN)] == ["A", "B"]


WHOLE = "meeting:read:list_past_participants:admin "


def reports(sandbox: ZoomSandbox) -> int:
    calls = sandbox.request("GET", "/sandbox/calls").json()["calls"]
    return sum(often for call, often in calls.items() if "/report/" in call)


def test_where_the_list_is_refused_the_report_is_asked_run_by_run_and_page_by_page(database: Database) -> None:
    with running_sandbox(scopes=zoom_server.ACCOUNT.scopes.replace(WHOLE, "")) as sandbox:
        sandbox.clock.time = MORNING
        zoom, ben, tia = sandbox.client(), name(database, "ben"), name(database, "tia")
        meeting = number(database, schedule(database, zoom))
        guests = [row(f"Tamu {one}", 0, 10) for one in range(320)]
        run(sandbox, meeting, row(ben, 0, 20), row(tia, 25, 30), *guests)
        assert asking.ask_due(database, zoom, now=OVER) == 1
        assert reports(sandbox) == 2, "two pages"
    found = minutes(database)
    assert (found[ben], found[tia], len(found)) == (20, 5, 322)
    assert look(database) == (1, "")


def test_a_list_that_is_not_whole_is_made_whole_by_the_report(database: Database, sandbox: ZoomSandbox) -> None:
    """As Zoom's list was for years: names without times. A whole one costs no call of those that Zoom allows least."""
    zoom, ben, tia = sandbox.client(), name(database, "ben"), name(database, "tia")
    run(sandbox, number(database, schedule(database, zoom)), row(ben, 0, 20), row(tia, 0, 30))
    names = {"participants": [{"id": "", "name": ben}, {"id": "", "name": tia}], "next_page_token": ""}
    sandbox.fault("status", method="GET", path_prefix="/v2/past_meetings/%2F", status=200, body=names)
    assert asking.ask_due(database, zoom, now=OVER) == 1
    assert (minutes(database), reports(sandbox)) == ({ben: 20, tia: 30}, 1)
    assert asking.ask_due(database, zoom, now=OVER + timedelta(minutes=15)) == 1
    assert (minutes(database), reports(sandbox)) == ({ben: 20, tia: 30}, 1)


def test_a_list_of_nobody_is_not_whole_when_events_named_somebody(database: Database, sandbox: ZoomSandbox) -> None:
    zoom, ben = sandbox.client(), name(database, "ben")
    meeting_id = schedule(database, zoom)
    meeting = number(database, meeting_id)
    run(sandbox, meeting, row(ben, 0, 30))
    assert asking.ask_due(database, zoom, now=OVER) == 1
    assert reports(sandbox) == 0, "nobody told of anybody"
    with database.transaction() as db:
        who = {"user_id": "1", "user_name": ben}
        sightings.store(db, db.get_one(Meeting, meeting_id), Seen.JOINED, RUN, who, NINE, None, now=NINE)
    assert asking.ask_due(database, zoom, now=OVER + timedelta(minutes=15)) == 1
    assert reports(sandbox) == 1


def test_runs_that_are_not_listed_are_known_from_events(database: Database) -> None:
    with running_sandbox(scopes="meeting:write:admin user:read:admin report:read:admin") as sandbox:
        sandbox.clock.time = MORNING
        zoom, ben, tia = sandbox.client(), name(database, "ben"), name(database, "tia")
        meeting_id = schedule(database, zoom)
        run(sandbox, number(database, meeting_id), row(ben, 0, 30), row(tia, 3, 9))
        with database.transaction() as db:
            who = {"user_id": "1", "user_name": ben}
            sightings.store(db, db.get_one(Meeting, meeting_id), Seen.JOINED, RUN, who, NINE, None, now=NINE)
        assert asking.ask_due(database, zoom, now=OVER) == 1
    assert minutes(database) == {ben: 30, tia: 6}
    assert look(database) == (1, "")


def test_the_sandbox_reports_as_zoom_does(database: Database, sandbox: ZoomSandbox) -> None:
    """By scope and plan, by a name encoded twice, with registrations only where they are asked for, few in a second."""
    zoom = sandbox.client()
    meeting = number(database, schedule(database, zoom))
    run(sandbox, meeting, row("A", 0, 30, registrant_id="r1"), row("B", 0, 30))
    token = {"Authorization": f"Bearer {zoom.config['token']}"}
    once = sandbox.request("GET", "/v2/report/meetings/%2FaB%2F%2FcD%2Be%3D%3D/participants", headers=token)
    assert once.json()["code"] == 2300
    assert [one.get("registrant_id") for one in zoom.report_participants(RUN)] == ["r1", None]
    twice = "/v2/report/meetings/%252FaB%252F%252FcD%252Be%253D%253D/participants"
    plain = sandbox.request("GET", twice, headers=token)
    assert "registrant_id" not in plain.json()["participants"][0]
    assert plain.headers["x-ratelimit-category"] == "Heavy"
    said = [sandbox.request("GET", twice, headers=token).status_code for _ in range(sandbox.account.heavy_per_second)]
    assert said[-1] == 429
    scopes = "user:read:admin meeting:read:admin"
    with running_sandbox(scopes=scopes) as poor, pytest.raises(ZoomScopeMissing) as caught:
        poor.client().report_participants(RUN)
    assert caught.value.scopes == ["report:read:list_meeting_participants:admin", "report:read:admin"]


def test_a_basic_host_s_report_is_not_asked_for_and_the_page_says_so(world: World, sandbox: ZoomSandbox) -> None:
    zoom, database = sandbox.client(), world.database
    meeting_id = schedule(database, zoom)
    refusal = {"code": 200, "message": "Only available for Paid account."}
    sandbox.fault("status", method="GET", path_prefix="/v2/past_meetings", status=400, body=refusal)
    assert asking.ask_due(database, zoom, now=OVER) == 1
    assert (look(database), reports(sandbox)) == ((1, "plan"), 0)
    world.at(OVER)
    page = world.client("dewi").get(f"/meetings/{meeting_id}/minutes?date={TODAY}").text
    assert "Akun Zoom ini tidak memberi daftar" in page
