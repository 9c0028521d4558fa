"""Every state that a meeting can be in has a next step on its page, and the step leads on: played over the wire."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import zoom_server
from zoom_server import ZoomSandbox

from staffhub.meetings import failures, parking, plan, sync
from staffhub.meetings.audience import Audience
from staffhub.meetings.failures import NO_HOST, NOT_SET_UP, PAST, Unsendable
from staffhub.meetings.plan import GONE
from staffhub.meetings.steps import NEXT, Step, next_steps
from staffhub.models import Meeting, MeetingKind, MeetingState, Occurrence, ZoomTask, ZoomVerb
from staffhub.zoom import errors
from tests.conftest import MORNING, TODAY, World
from tests.test_meetings_pages import Page, sandbox, settings

__all__ = ["sandbox", "settings"]
zoom_sandbox_server = zoom_server.zoom_sandbox_server
WEDNESDAY = date(2026, 11, 25)


def _reachable() -> set[tuple[MeetingState, str]]:
    """Play every error against every verb, as the outbox does, and note where it leaves a meeting."""
    found = [
        errors.ZoomScopeMissing("", scopes=["a"]),
        errors.ZoomMisconfigured(""),
        errors.ZoomRateLimited("", retry_at=MORNING),
        errors.ZoomNotFound("", code=3001),
        errors.ZoomNotFound("", code=failures.NO_SUCH_USER),
        errors.ZoomUnavailable(""),
        errors.ZoomUnclear(""),
        *(errors.ZoomRefused("started", code=code) for code in (200, 300, 1010, 3000, 3002, 3161)),
        Unsendable(NO_HOST),
        Unsendable(PAST),
    ]
    states = {(MeetingState.WAITING, ""), (MeetingState.WAITING, NOT_SET_UP), (MeetingState.CANCELLED, "")}
    states |= {(MeetingState.READY, code) for code in ("", "differs", "theirs", "theirs_other")}
    about: dict[str, Any] = {"task_id": 1, "now": MORNING}
    for verb, about["attempts"] in product(ZoomVerb, (1, parking.MOST)):
        failed = [failures.explain(one, verb=verb, before=before, **about) for one in found for before in ("", GONE)]
        for failure in [*failed, failures.unexpected(verb, **about)]:
            code = failure.code.partition(":")[0]
            if verb is ZoomVerb.DELETE:
                states.add((MeetingState.CANCELLED, code))
                continue
            states.add((MeetingState.FAILED if failure.needs_person else MeetingState.WAITING, code))
            states.add((MeetingState.WAITING, code))  # edited while the task waits
    return states - {(MeetingState.CANCELLED, PAST)}  # whatever is deleted needs no hour


def test_no_state_lacks_a_next_step() -> None:
    lacking = [(state, code) for state, code in _reachable() if not NEXT[state].get(code)]
    assert lacking == []
    assert len(_reachable()) > 25


def test_what_is_over_leads_to_another_meeting() -> None:
    assert next_steps(MeetingState.READY, "", over=True) == (Step.PLAN,)
    assert next_steps(MeetingState.CANCELLED, "unreachable", over=True) == (Step.WAIT, Step.RETRY)


POST = {"method": "POST", "path_prefix": "/v2/users"}
TOKEN = {"path_prefix": "/oauth/token"}
PATCH = {"method": "PATCH", "path_prefix": "/v2/meetings"}
DELETE = {"method": "DELETE", "path_prefix": "/v2/meetings"}


def _answer(status: int, code: int, message: str, **more: Any) -> dict[str, Any]:
    return {"kind": "status", "status": status, "body": {"code": code, "message": message} | more}


NO_TOKEN = {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
BENT = {"topic": "Lain", "start_time": "2026-11-25T06:00:00Z", "duration": 45, "timezone": "Asia/Makassar"}
GONE_THERE = _answer(404, 3001, "Meeting does not exist.")
RUNNING = _answer(400, 3000, "cannot update or delete meetings that have started using this method")


@dataclass(frozen=True)
class Play:
    """Zoom's faults in a row, on what they fall, where they leave the meeting, and the steps that its page offers."""

    faults: list[dict[str, Any]]
    state: str
    code: str
    steps: list[str]
    after: str = "create"  # or "edit", "cancel"
    ticks: list[int] = field(default_factory=lambda: [0])  # minutes


PLAYS = [
    Play([TOKEN | {"kind": "status", "status": 503, "body": "x"}], "waiting", "unreachable", ["wait", "retry"]),
    Play([POST | {"kind": "drop_after"}], "waiting", "unclear", ["wait", "retry"]),
    Play([POST | _answer(429, 429, "maximum daily rate limit")], "waiting", "rate_account", ["wait", "retry"]),
    Play([POST | _answer(400, 300, "Validation Failed.")], "failed", "refused", ["edit", "retry"]),
    Play([POST | _answer(404, 1001, "User does not exist.")], "failed", "no_host", ["ask", "retry"]),
    Play([POST | _answer(400, 3161, "may not host")], "failed", "no_host", ["ask", "retry"]),
    Play(
        [POST | _answer(400, 4711, "Invalid access token, does not contain scopes:[meeting:write:meeting:admin].")],
        "failed",
        "scopes",
        ["ask", "retry"],
    ),
    Play(
        [TOKEN | {"kind": "status", "status": 400, "body": NO_TOKEN}],
        "failed",
        "credentials",
        ["ask", "retry"],
    ),
    Play([PATCH | RUNNING], "waiting", "running", ["wait", "retry"], "edit"),
    Play([PATCH | GONE_THERE], "waiting", "gone", ["wait", "retry"], "edit"),
    Play([PATCH | GONE_THERE] * 2, "failed", "gone", ["recreate"], "edit", [0, 2]),
    Play([DELETE | {"kind": "status", "status": 503, "body": "x"}], "cancelled", "unreachable", ["retry"], "cancel"),
    Play([DELETE | _answer(400, 300, "No.")], "cancelled", "refused", ["retry"], "cancel"),
]


def _schedule(world: World, **overrides: Any) -> int:
    facts: dict[str, Any] = {"kind": MeetingKind.SINGLE, "topic": "Evaluasi", "starts_on": WEDNESDAY}
    facts |= {"starts_at": time(14), "minutes": 45, "audience": Audience(everyone=True), "now": world.now}
    dewi = world.viewer("dewi")
    with world.database.transaction() as db:
        return plan.schedule(db, dewi, **facts | {"idempotency_key": str(uuid4())} | overrides).id


def _standup(world: World, **overrides: Any) -> int:
    facts = {"kind": MeetingKind.STANDUP, "starts_on": TODAY, "starts_at": time(8), "minutes": 15}
    return _schedule(world, **facts | {"weekdays": [0, 1, 2, 3, 4], "occurrences": 5} | overrides)


def _tick(world: World, host: str = "") -> None:
    sync.run_due(world.database, world.app.state.work.zoom, now=world.now, host=host)


def _meeting(world: World, meeting_id: int) -> Meeting:
    with world.database.reading() as db:
        return db.get_one(Meeting, meeting_id)


def _state(world: World, meeting_id: int) -> tuple[str, str]:
    meeting = _meeting(world, meeting_id)
    return meeting.state.value, meeting.trouble.partition(":")[0]


def _change(world: World, meeting_id: int, how: str) -> None:
    """Edit or cancel over HTTP, as the page before has it."""
    meeting = _meeting(world, meeting_id)
    form = {"topic": "Baru", "date": "2026-11-25", "time": "14.00", "duration": "45", "everyone": "1"}
    answer = world.client("dewi").post(f"/meetings/{meeting_id}/{how}", data=form | {"version": str(meeting.version)})
    assert answer.status_code == 303, answer.text


CONTROLS: dict[str, Callable[[int], str]] = {
    "wait": lambda number: f'<a class="btn" href="/meetings/{number}">',
    "retry": lambda number: f'action="/meetings/{number}/retry"',
    "recreate": lambda number: f'action="/meetings/{number}/retry"',
    "send": lambda number: f'action="/meetings/{number}/retry"',
    "edit": lambda number: f'href="/meetings/{number}/edit"',
    "ask": lambda _number: "Beri tahu administrator.",
    "plan": lambda _number: 'href="/meetings/new"',
    "join": lambda _number: 'href="/join/',
}


def _press(world: World, meeting_id: int) -> None:
    answer = world.client("dewi").post(
        f"/meetings/{meeting_id}/retry", data={"version": str(_meeting(world, meeting_id).version)}
    )
    assert answer.status_code == 303, answer.text
    _tick(world)


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: f"{play.after}-{play.state}-{play.code}")
def test_a_fault_of_zoom_leaves_a_step_and_the_step_leads_on(world: World, sandbox: ZoomSandbox, play: Play) -> None:
    meeting_id = _schedule(world)
    if play.after != "create":
        _tick(world)
        _change(world, meeting_id, play.after)
    for fault in play.faults:
        sandbox.fault(**{"kind": "status", **fault})
    for minutes in play.ticks:
        world.at(MORNING + timedelta(minutes=minutes))
        _tick(world)
    assert _state(world, meeting_id) == (play.state, play.code)
    html = world.client("dewi").get(f"/meetings/{meeting_id}").text
    assert {step: CONTROLS[step](meeting_id) in html for step in play.steps} == dict.fromkeys(play.steps, True)
    # The one press that every one of these states offers.
    _press(world, meeting_id)
    if play.after == "cancel":
        assert (_state(world, meeting_id), sandbox.meetings()) == (("cancelled", ""), [])
        return
    assert _state(world, meeting_id) == ("ready", "")
    assert _meeting(world, meeting_id).join_url
    if play.code != "gone":  # the sandbox only pretended that it was
        assert len(sandbox.meetings()) == 1


def test_what_waits_uses_the_host_of_the_settings_of_today(world: World, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(world)
    _tick(world, host="salah@contoh.example")
    assert (_state(world, meeting_id), _meeting(world, meeting_id).zoom_host) == (
        ("failed", "no_host"),
        "salah@contoh.example",
    )
    with world.database.transaction() as db:
        db.execute(sa.update(ZoomTask).values(due_at=world.now))
    _tick(world, host=sandbox.host)
    assert (_state(world, meeting_id), _meeting(world, meeting_id).zoom_host) == (("ready", ""), sandbox.host)


def test_a_lost_answer_of_a_host_who_has_left_zoom_is_not_asked_for_for_ever(
    world: World, sandbox: ZoomSandbox
) -> None:
    meeting_id = _schedule(world)
    sandbox.fault("drop_after", performs=False, **POST)
    _tick(world, host=sandbox.host)
    assert _state(world, meeting_id) == ("waiting", "unclear")
    with world.database.transaction() as db:
        db.execute(sa.update(Meeting).values(zoom_host="pindah@contoh.example"))
    _press(world, meeting_id)
    assert (_state(world, meeting_id), len(sandbox.meetings())) == (("ready", ""), 1)


def test_cancelling_what_only_an_unknown_host_was_asked_for_comes_to_an_end(world: World, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(world)
    _tick(world, host="salah@contoh.example")
    with world.database.transaction() as db:
        db.execute(sa.update(ZoomTask).values(unclear=True))
    _change(world, meeting_id, "cancel")
    _tick(world, host="salah@contoh.example")
    assert _state(world, meeting_id) == ("cancelled", "")


def test_a_change_behind_a_create_that_was_refused_becomes_the_create(world: World, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(world)
    with world.database.reading() as db:
        task_id = db.scalar(sa.select(ZoomTask.id)) or 0
    job = sync._claim(world.database, task_id, MORNING)
    assert job
    _change(world, meeting_id, "edit")
    refused = failures.Failure("refused:topic", None, needs_person=True)
    with world.database.transaction() as db:
        sync._write_outcome(db, job, None, [], refused, now=MORNING)
    _tick(world)
    assert _state(world, meeting_id) == ("ready", "")
    assert [row["topic"] for row in sandbox.meetings()] == ["Baru"]
    assert _meeting(world, meeting_id).join_url


def test_a_standup_saved_before_its_first_start_and_sent_after_it_is_as_agreed(
    world: World, sandbox: ZoomSandbox
) -> None:
    world.at(datetime(2026, 11, 22, 23, 59, tzinfo=UTC))
    meeting_id = _standup(world)
    sandbox.clock.time = datetime(2026, 11, 23, 0, 2, tzinfo=UTC)
    world.at(sandbox.clock.time)
    _tick(world)
    assert _state(world, meeting_id) == ("ready", "")
    (made,) = sandbox.meetings()
    assert [row["start_time"] for row in made["occurrences"]] == [f"2026-11-{day}T00:00:00Z" for day in range(24, 28)]
    # Today's date is held with the same link.
    assert 'href="/join/' in world.client("ben").get("/").text


def test_the_last_date_of_a_standup_sent_while_it_runs_is_a_single_meeting(world: World, sandbox: ZoomSandbox) -> None:
    world.at(datetime(2026, 11, 22, 23, 59, tzinfo=UTC))
    meeting_id = _standup(world, occurrences=1)
    sandbox.clock.time = datetime(2026, 11, 23, 0, 2, tzinfo=UTC)
    world.at(sandbox.clock.time)
    _tick(world)
    assert (_state(world, meeting_id), sandbox.meetings()[0]["type"]) == (("ready", ""), 2)


def test_a_series_that_differs_after_it_began_is_sent_anew_from_the_next_date(
    world: World, sandbox: ZoomSandbox
) -> None:
    meeting_id = _standup(world)
    _tick(world)
    sandbox.clock.time = datetime(2026, 11, 23, 4, tzinfo=UTC)
    world.at(sandbox.clock.time)
    with world.database.reading() as db:
        named = db.scalars(sa.select(Occurrence.zoom_occurrence_id).order_by(Occurrence.date)).all()
    sandbox.client().delete_occurrence(_meeting(world, meeting_id).zoom_id or 0, named[1] or "")
    with world.database.transaction() as db:  # as an earlier try has found it
        db.execute(sa.update(Meeting).values(trouble="differs:start"))
    html = world.client("dewi").get(f"/meetings/{meeting_id}").text
    assert "Berbeda di Zoom" in Page(html).text
    assert all(CONTROLS[step](meeting_id) in html for step in ("send", "edit", "join"))
    _press(world, meeting_id)
    assert _state(world, meeting_id) == ("ready", "")


def test_what_was_over_before_zoom_answered_leads_to_another_one(world: World, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(world)
    world.at(MORNING + timedelta(days=4))
    _tick(world)
    assert _state(world, meeting_id) == ("failed", "past")
    page = Page(world.client("dewi").get(f"/meetings/{meeting_id}").text)
    assert "/meetings/new" in page.links


def test_without_zoom_the_page_says_whom_to_tell(world: World) -> None:
    meeting_id = _schedule(world)
    sync.run_due(world.database, None, now=MORNING, host="")
    assert _state(world, meeting_id) == ("waiting", "not_set_up")
    assert "Beri tahu administrator." in world.client("dewi").get(f"/meetings/{meeting_id}").text
    _tick(world)
    assert _state(world, meeting_id) == ("ready", "")
