"""Who may start a meeting beside its host: chosen from the licensed users of the account, and never in its way."""

from datetime import time, timedelta
from typing import Any
from uuid import uuid4

from zoom_server import ZoomSandbox

from staffhub.meetings import plan, sync
from staffhub.meetings.audience import Audience
from staffhub.models import Meeting, MeetingState
from tests import test_meetings_rehosting as rehosting_tests
from tests.conftest import MORNING, World, viewer_of

one_sandbox, sandbox = rehosting_tests.one_sandbox, rehosting_tests.sandbox
SECOND, THIRD = rehosting_tests.SECOND, rehosting_tests.THIRD


def _beside(sandbox: ZoomSandbox) -> list[str]:
    return [row["settings"]["alternative_hosts"] for row in sandbox.meetings()]


def _post(world: World, path: str, **fields: Any) -> Any:
    typed = {"topic": "Evaluasi akta", "date": "2026-11-25", "time": "14.00", "duration": "60", "everyone": "1"}
    return world.client("dewi").post(path, data=typed | fields)


def test_co_hosts_are_chosen_on_the_form_changed_and_taken_back(world: World, sandbox: ZoomSandbox) -> None:
    rehosting_tests.users_of(world.database, sandbox)
    form = world.client("dewi").get("/meetings/new").text
    assert f'value="{SECOND}"' in form
    assert sandbox.account.basic_email not in form
    assert (
        _post(world, "/meetings", idempotency_key=str(uuid4()), co_host=[THIRD, SECOND, sandbox.host]).status_code
        == 303
    )
    rehosting_tests.work(world.database, sandbox)
    assert _beside(sandbox) == [f"{SECOND};{THIRD}"]
    assert f'value="{SECOND}" checked' in world.client("dewi").get("/meetings/1/edit").text
    assert _post(world, "/meetings/1/edit", version="1", co_host=["orang@lain.example"]).status_code == 422
    assert _post(world, "/meetings/1/edit", version="1", co_host=[THIRD]).status_code == 303
    rehosting_tests.work(world.database, sandbox, seconds=1)
    assert _beside(sandbox) == [THIRD]
    assert _post(world, "/meetings/1/edit", version="2").status_code == 303
    rehosting_tests.work(world.database, sandbox, seconds=2)
    assert _beside(sandbox) == [""]


def test_one_who_is_gone_is_dropped_told_in_words_and_never_stops_the_rest(world: World, sandbox: ZoomSandbox) -> None:
    database = world.database
    rehosting_tests.users_of(database, sandbox)
    both = [
        rehosting_tests.schedule(database, co_hosts=[SECOND, THIRD]),
        rehosting_tests.standup(database, co_hosts=[SECOND, THIRD]),
    ]
    assert sandbox.request("POST", f"/sandbox/users/{THIRD}/delete").status_code == 204
    rehosting_tests.work(database, sandbox)
    assert _beside(sandbox) == [SECOND, SECOND]
    with database.reading() as db:
        for one in both:
            meeting = db.get_one(Meeting, one)
            assert (meeting.state, meeting.co_hosts) == (MeetingState.READY, [SECOND])
    page = world.client("dewi").get(f"/meetings/{both[0]}").text
    assert f"tidak lagi menerima {THIRD}" in page
    sandbox.request("POST", f"/sandbox/users/{SECOND}/deactivate")
    dewi = viewer_of(database, "dewi")
    facts = {"topic": "Apel pagi", "starts_on": rehosting_tests.WEDNESDAY, "minutes": 30}
    facts |= {"weekdays": [0, 1, 2, 3, 4], "occurrences": 10, "co_hosts": [SECOND]}
    with database.transaction() as db:
        starts = db.get_one(Meeting, both[1]).starts_at
        plan.edit(
            db, dewi, both[1], version=1, audience=Audience(everyone=True), starts_at=starts, now=MORNING, **facts
        )
    rehosting_tests.work(database, sandbox, seconds=1)
    assert sorted((row["topic"], row["settings"]["alternative_hosts"]) for row in sandbox.meetings()) == [
        ("Apel pagi", ""),
        ("Evaluasi akta", SECOND),
    ]


def test_a_refusal_that_names_nobody_drops_all_and_another_one_stays_a_refusal(
    world: World, sandbox: ZoomSandbox
) -> None:
    database = world.database
    rehosting_tests.users_of(database, sandbox)
    meeting_id = rehosting_tests.schedule(database, co_hosts=[SECOND, THIRD])
    body = {"code": 1114, "message": "Invalid alternative host."}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=400, body=body)
    sandbox.fault("drop_after", method="POST", path_prefix="/v2/users")
    now = MORNING
    for seconds in (0, 30, 60):
        sandbox.clock.time = now = MORNING + timedelta(seconds=seconds)
        sync.run_due(database, sandbox.client(), now=now, host="")
    assert len(sandbox.meetings()) == 1
    with database.reading() as db:
        assert db.get_one(Meeting, meeting_id).state is MeetingState.READY
    other = rehosting_tests.schedule(database, starts_at=time(16), co_hosts=[SECOND])
    body = {"code": 300, "message": "Validation Failed.", "errors": [{"field": "topic", "message": "Too long."}]}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=400, body=body)
    sync.run_due(database, sandbox.client(), now=now, host="")
    with database.reading() as db:
        assert db.get_one(Meeting, other).trouble == "refused:topic"
        assert db.get_one(Meeting, other).co_hosts == [SECOND]
