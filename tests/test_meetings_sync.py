"""The outbox against the Zoom sandbox over real HTTP: everything reaches Zoom, and nothing twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import zoom_server
from zoom_server import ZoomSandbox, running_sandbox

from staffhub import i18n
from staffhub.db import Database
from staffhub.meetings import failures, hosts, parking, plan, sync, tries, wire
from staffhub.meetings.audience import Audience
from staffhub.models import (
    AuditEvent,
    Meeting,
    MeetingKind,
    MeetingState,
    Occurrence,
    TaskState,
    ZoomTask,
    ZoomUser,
    ZoomVerb,
)
from staffhub.zoom.client import ZoomClient
from staffhub.zoom.errors import ZoomRateLimited, ZoomUnavailable
from tests.conftest import MORNING, TODAY, viewer_of

zoom_sandbox_server = zoom_server.zoom_sandbox_server

WEDNESDAY = date(2026, 11, 25)
CREATE = "POST /v2/users/"
DOWN = {"status": 503, "body": "down"}


@pytest.fixture
def sandbox(zoom_sandbox_server: ZoomSandbox) -> ZoomSandbox:
    assert zoom_sandbox_server.request("POST", "/sandbox/reset").status_code == 204
    zoom_sandbox_server.clock.time = MORNING
    return zoom_sandbox_server


def _schedule(database: Database, **overrides: Any) -> int:
    facts: dict[str, Any] = {"kind": MeetingKind.SINGLE, "topic": "Evaluasi akta", "agenda": "Antrean"}
    facts |= {"starts_on": WEDNESDAY, "starts_at": time(14), "minutes": 45, "now": MORNING}
    facts |= {"audience": Audience(everyone=True), "idempotency_key": str(uuid4())}
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        return plan.schedule(db, dewi, **facts | overrides).id


def _standup(database: Database, **overrides: Any) -> int:
    facts = {"kind": MeetingKind.STANDUP, "starts_on": TODAY, "starts_at": time(8, 30), "minutes": 15}
    return _schedule(database, **facts | {"weekdays": [0, 1, 2, 3, 4], "occurrences": 10} | overrides)


def _edit(database: Database, meeting_id: int, *, now: datetime = MORNING, **overrides: Any) -> None:
    meeting = _meeting(database, meeting_id)
    facts = {name: getattr(meeting, name) for name in ("version", "topic", "agenda", "starts_on", "starts_at")}
    facts |= {"minutes": meeting.minutes, "weekdays": meeting.weekdays, "occurrences": meeting.occurrences}
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        plan.edit(db, dewi, meeting_id, **facts | {"audience": Audience(everyone=True), "now": now} | overrides)


def _cancel(database: Database, meeting_id: int, *, now: datetime = MORNING) -> None:
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        plan.cancel(db, dewi, meeting_id, version=_meeting(database, meeting_id).version, now=now)


def _retry(database: Database, meeting_id: int, *, now: datetime = MORNING) -> None:
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        plan.retry(db, dewi, meeting_id, version=_meeting(database, meeting_id).version, now=now)


def _meeting(database: Database, meeting_id: int) -> Meeting:
    with database.reading() as db:
        return db.scalars(sa.select(Meeting).where(Meeting.id == meeting_id)).one()


def _state(database: Database, meeting_id: int) -> tuple[str, str]:
    meeting = _meeting(database, meeting_id)
    return meeting.state.value, meeting.trouble


def _last_task(database: Database) -> ZoomTask:
    with database.reading() as db:
        return db.scalars(sa.select(ZoomTask).order_by(ZoomTask.id.desc()).limit(1)).one()


def _run(database: Database, zoom: ZoomClient | None, *, now: datetime = MORNING, host: str = "") -> int:
    return sync.run_due(database, zoom, now=now, host=host)


def _until_quiet(database: Database, zoom: ZoomClient, *, hours: float = 2) -> None:
    for minute in range(int(hours * 60)):
        _run(database, zoom, now=MORNING + timedelta(minutes=minute))


def test_a_meeting_is_created_as_it_was_agreed(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(database)
    assert _run(database, sandbox.client()) == 1
    (made,) = sandbox.meetings()
    meeting = _meeting(database, meeting_id)
    assert (made["type"], made["topic"], made["duration"]) == (2, "Evaluasi akta", 45)
    assert (made["start_time"], made["timezone"]) == ("2026-11-25T06:00:00Z", "Asia/Makassar")
    assert made["agenda"] == f"{meeting.marker} Antrean"
    assert made["settings"]["join_before_host"]
    assert (meeting.state, meeting.trouble, meeting.zoom_id) == (MeetingState.READY, "", made["id"])
    assert (meeting.join_url, meeting.zoom_host) == (made["join_url"], sandbox.host)
    assert _run(database, sandbox.client()) == 0


def test_a_standup_is_one_weekly_series_with_one_link(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _standup(database, weekdays=[0, 2, 6], occurrences=5)
    _run(database, sandbox.client())
    (made,) = sandbox.meetings()
    assert made["type"] == 8
    assert made["recurrence"] == {"type": 2, "repeat_interval": 1, "weekly_days": "1,2,4", "end_times": 5}
    starts = [row["start_time"] for row in made["occurrences"]]
    assert starts == [f"2026-{day}T00:30:00Z" for day in ("11-23", "11-25", "11-29", "11-30", "12-02")]
    with database.reading() as db:
        named = db.scalars(sa.select(Occurrence.zoom_occurrence_id).order_by(Occurrence.date)).all()
    assert named == [row["occurrence_id"] for row in made["occurrences"]]
    assert _state(database, meeting_id) == ("ready", "")


def test_a_host_named_in_the_settings_is_used(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(database)
    _run(database, sandbox.client(), host=sandbox.account.basic_email)
    assert sandbox.meetings()[0]["host_email"] == sandbox.account.basic_email
    assert _meeting(database, meeting_id).zoom_host == sandbox.account.basic_email
    assert sandbox.calls("GET /v2/users") == 0


def test_an_answer_lost_twenty_times_still_makes_twenty_meetings(database: Database, sandbox: ZoomSandbox) -> None:
    ids = [_schedule(database, topic=f"Rapat {n}") for n in range(20)]
    sandbox.fault("drop_after", method="POST", path_prefix="/v2/users", times=20)
    zoom = sandbox.client()
    _run(database, zoom)
    assert {_state(database, meeting_id) for meeting_id in ids} == {("waiting", "unclear")}
    _until_quiet(database, zoom, hours=0.1)
    assert {_state(database, meeting_id) for meeting_id in ids} == {("ready", "")}
    made = sandbox.meetings()
    assert (len(made), len({row["topic"] for row in made})) == (20, 20)
    assert {_meeting(database, meeting_id).zoom_id for meeting_id in ids} == {row["id"] for row in made}
    assert sandbox.calls(CREATE) == 20


def test_an_answer_lost_many_times_over_for_one_meeting_makes_one(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    sandbox.fault("drop_after", method="POST", path_prefix="/v2/users", performs=False, times=3)
    sandbox.fault("cut_body", method="POST", path_prefix="/v2/users")
    _until_quiet(database, zoom)
    assert _state(database, meeting_id) == ("ready", "")
    assert len(sandbox.meetings()) == 1
    assert sandbox.calls(CREATE) == 4


def test_looking_goes_on_when_the_list_cannot_be_read_either(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    sandbox.fault("drop_after", method="POST", path_prefix="/v2/users")
    _run(database, zoom)
    sandbox.fault("status", method="GET", path_prefix="/v2/users", times=2, **DOWN)
    _run(database, zoom, now=MORNING + timedelta(minutes=1))
    assert (_state(database, meeting_id), _last_task(database).unclear) == (("waiting", "unreachable"), True)
    _until_quiet(database, zoom)
    assert (len(sandbox.meetings()), sandbox.calls(CREATE)) == (1, 1)


def test_two_workers_make_one_call_for_one_task(database: Database, sandbox: ZoomSandbox) -> None:
    for _round in range(5):
        before = sandbox.calls(CREATE)
        _schedule(database)
        start = Barrier(2)

        def work(start: Barrier = start) -> int:
            zoom = sandbox.client()
            start.wait()
            return _run(database, zoom)

        with ThreadPoolExecutor(2) as pool:
            done = [future.result() for future in [pool.submit(work) for _n in range(2)]]
        assert sum(done) == 1
        assert sandbox.calls(CREATE) - before == 1


def test_only_one_of_two_claims_takes_the_task(database: Database) -> None:
    _schedule(database)
    task_id = _last_task(database).id
    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(lambda _n: sync._claim(database, task_id, MORNING), range(4)))
    assert len([job for job in jobs if job]) == 1


def _die_after_the_call(database: Database, zoom: ZoomClient, *, now: datetime = MORNING) -> sync.Job:
    """Do what a worker does up to the answer of Zoom, then no more."""
    job = sync._claim(database, _last_task(database).id, now)
    assert job
    desk = sync.Desk(database, zoom, lambda: zoom_server.ACCOUNT.host_email, lambda: now)
    sync._VERBS[job.verb](desk, job)
    return job


def test_a_worker_that_dies_after_the_call_leaves_one_meeting(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    _die_after_the_call(database, zoom)
    assert len(sandbox.meetings()) == 1
    assert _run(database, zoom, now=MORNING + timedelta(minutes=1)) == 0
    assert _state(database, meeting_id)[0] == "waiting"
    assert _run(database, zoom, now=MORNING + sync.LEASE + timedelta(seconds=1)) == 1
    assert _state(database, meeting_id) == ("ready", "")
    assert (len(sandbox.meetings()), sandbox.calls(CREATE)) == (1, 1)


def test_a_worker_that_dies_before_the_call_is_replaced(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(database)
    assert sync._claim(database, _last_task(database).id, MORNING)
    _run(database, sandbox.client(), now=MORNING + sync.LEASE + timedelta(seconds=1))
    assert (_state(database, meeting_id), len(sandbox.meetings())) == (("ready", ""), 1)


def test_a_worker_whose_lease_has_passed_writes_nothing(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    slow = _die_after_the_call(database, zoom)
    _run(database, zoom, now=MORNING + sync.LEASE + timedelta(seconds=1))
    with database.transaction() as db:
        sync._write_outcome(db, slow, None, [], failures.Failure("unreachable", MORNING), now=MORNING)
    assert _state(database, meeting_id) == ("ready", "")


def test_of_two_workers_on_one_task_only_the_one_with_the_lease_writes(database: Database) -> None:
    meeting_id = _schedule(database)
    task_id = _last_task(database).id
    slow = sync._claim(database, task_id, MORNING)
    quick = sync._claim(database, task_id, MORNING + sync.LEASE + timedelta(seconds=1))
    assert slow
    assert quick
    late = failures.Failure("refused:", None, needs_person=True)
    with database.transaction() as db:
        sync._write_outcome(db, slow, None, [], late, now=MORNING)
    assert _state(database, meeting_id) == ("waiting", "")
    task = _last_task(database)
    assert (task.state, task.lease_until) == (TaskState.CLAIMED, quick.lease_until)


def test_nothing_is_created_when_the_lease_is_about_to_end(database: Database, sandbox: ZoomSandbox) -> None:
    _schedule(database)
    job = sync._claim(database, _last_task(database).id, MORNING)
    assert job
    late = sync.Desk(database, sandbox.client(), lambda: sandbox.host, lambda: MORNING + sync.LEASE)
    with pytest.raises(ZoomUnavailable):
        sync._create(late, job)
    assert sandbox.meetings() == []


def test_tasks_of_one_meeting_run_in_order_and_never_at_once(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    assert sync._claim(database, _last_task(database).id, MORNING)
    _edit(database, meeting_id, topic="Kedua")
    _cancel(database, meeting_id)
    assert _run(database, zoom) == 0
    later = MORNING + sync.LEASE + timedelta(seconds=1)
    _run(database, zoom, now=later)
    assert (sandbox.meetings(), sandbox.calls(CREATE)) == ([], 0)
    with database.reading() as db:
        assert set(db.scalars(sa.select(ZoomTask.state))) == {TaskState.DONE}


def test_an_edit_reaches_zoom_and_keeps_the_link(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    _run(database, zoom)
    link = _meeting(database, meeting_id).join_url
    _edit(database, meeting_id, topic="Evaluasi KK", starts_at=time(15, 30), minutes=60)
    assert _state(database, meeting_id)[0] == "waiting"
    _run(database, zoom)
    (made,) = sandbox.meetings()
    assert (made["topic"], made["start_time"], made["duration"]) == ("Evaluasi KK", "2026-11-25T07:30:00Z", 60)
    assert _state(database, meeting_id) == ("ready", "")
    assert _meeting(database, meeting_id).join_url == link


def test_a_series_is_laid_out_anew_before_it_begins_and_kept_after(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _standup(database), sandbox.client()
    _run(database, zoom)
    _edit(database, meeting_id, weekdays=[1], occurrences=3, starts_at=time(9))
    _run(database, zoom)
    layout = [row["start_time"] for row in sandbox.meetings()[0]["occurrences"]]
    assert layout == [f"2026-{day}T01:00:00Z" for day in ("11-24", "12-01", "12-08")]
    sandbox.clock.time = later = datetime(2026, 11, 25, tzinfo=UTC)
    _edit(database, meeting_id, topic="Apel", minutes=20, now=later)
    _run(database, zoom, now=later)
    made = sandbox.meetings()[0]
    assert [row["start_time"] for row in made["occurrences"]] == layout
    assert (made["topic"], made["occurrences"][0]["duration"]) == ("Apel", 20)
    assert _state(database, meeting_id) == ("ready", "")


def test_a_cancelled_meeting_is_deleted_and_its_link_forgotten(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    _run(database, zoom)
    _cancel(database, meeting_id)
    _run(database, zoom)
    assert sandbox.meetings() == []
    meeting = _meeting(database, meeting_id)
    assert (meeting.state, meeting.join_url, meeting.trouble) == (MeetingState.CANCELLED, "", "")


def test_a_meeting_already_deleted_at_zoom_counts_as_deleted(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    _run(database, zoom)
    zoom.delete_meeting(_meeting(database, meeting_id).zoom_id or 0)
    _cancel(database, meeting_id)
    _run(database, zoom)
    assert _last_task(database).state is TaskState.DONE


def test_a_meeting_that_has_ended_needs_no_deleting(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    _run(database, zoom)
    _cancel(database, meeting_id)
    ended = {"code": 3007, "message": "Meeting has ended."}
    sandbox.fault("status", method="DELETE", status=400, body=ended)
    _run(database, zoom)
    assert _last_task(database).state is TaskState.DONE


def test_a_create_that_was_lost_is_found_and_deleted_when_cancelled(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    sandbox.fault("drop_after", method="POST", path_prefix="/v2/users")
    _run(database, zoom)
    assert len(sandbox.meetings()) == 1
    _cancel(database, meeting_id)
    _run(database, zoom)
    assert (sandbox.meetings(), sandbox.calls(CREATE)) == ([], 1)


def test_a_create_that_was_lost_is_brought_up_to_date_when_found(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    sandbox.fault("drop_after", method="POST", path_prefix="/v2/users")
    _run(database, zoom)
    _edit(database, meeting_id, topic="Judul baru")
    _until_quiet(database, zoom, hours=0.1)
    assert [row["topic"] for row in sandbox.meetings()] == ["Judul baru"]
    assert _state(database, meeting_id) == ("ready", "")


def test_while_zoom_is_down_the_meeting_waits_longer_each_time(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom, now = _schedule(database), sandbox.client(), MORNING
    sandbox.fault("status", path_prefix="/oauth/token", times=6, **DOWN)
    waits = []
    for _n in range(6):
        _run(database, zoom, now=now)
        due = _last_task(database).due_at
        waits.append((due - now).total_seconds())
        now = due + timedelta(seconds=1)
        assert _state(database, meeting_id) == ("waiting", "unreachable")
    # The next but one is longer each time, and none comes back on the second: not all at once.
    for wait, step in zip(waits, (1, 10, 30, 120, 300, 900), strict=True):
        assert step <= wait <= step * 1.1
    _run(database, zoom, now=now)
    assert (_state(database, meeting_id), len(sandbox.meetings())) == (("ready", ""), 1)


def test_an_expired_token_is_renewed_once(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    first = _schedule(database)
    _run(database, zoom)
    expired = {"code": 124, "message": "Access token is expired."}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=401, body=expired)
    second = _schedule(database)
    _run(database, zoom)
    assert (_state(database, first), _state(database, second)) == (("ready", ""), ("ready", ""))
    assert (len(sandbox.meetings()), sandbox.calls("POST /oauth/token")) == (2, 2)


def test_a_daily_limit_of_the_account_holds_all_work_until_the_time_that_zoom_names(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    limited = _schedule(database)
    text = "You have reached the maximum daily rate limit for this API."
    headers = {"Retry-After": "2026-11-24T00:00:00Z"}
    body = {"code": 429, "message": text}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=429, body=body, headers=headers)
    _run(database, zoom)
    other = _schedule(database)
    calls = sandbox.calls()
    _run(database, zoom)
    assert _state(database, limited) == ("waiting", "rate_account")
    assert _state(database, other) == ("waiting", "")
    _run(database, zoom, now=datetime(2026, 11, 23, 23, 59, tzinfo=UTC))
    assert sandbox.calls() == calls
    sandbox.clock.time = midnight = datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC)
    _run(database, zoom, now=midnight)
    assert {_state(database, meeting_id) for meeting_id in (limited, other)} == {("ready", "")}


def test_a_limit_per_second_is_over_in_two_seconds_and_other_work_goes_on(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    limited = _schedule(database)
    body = {"code": 429, "message": "You have reached the maximum per-second rate limit for this API."}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=429, body=body)
    _run(database, zoom)
    other = _schedule(database)
    _run(database, zoom)
    assert (_state(database, limited), _state(database, other)) == (("waiting", "rate"), ("ready", ""))
    _run(database, zoom, now=MORNING + timedelta(seconds=3))
    assert _state(database, limited) == ("ready", "")


def test_wrong_credentials_wait_for_the_administrator(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(database)
    _run(database, sandbox.client(client_secret="salah"))
    assert _state(database, meeting_id) == ("failed", "credentials")
    assert _run(database, sandbox.client(), now=MORNING + timedelta(minutes=29)) == 0
    _run(database, sandbox.client(), now=MORNING + timedelta(minutes=31))
    assert _state(database, meeting_id) == ("ready", "")


def test_missing_permissions_are_named(database: Database) -> None:
    granted = "user:read:list_users:admin"
    with running_sandbox(scopes=granted) as sandbox:
        meeting_id = _schedule(database)
        _run(database, sandbox.client())
    state, trouble = _state(database, meeting_id)
    assert (state, trouble.partition(":")[0]) == ("failed", "scopes")
    with i18n.in_locale("en"):
        assert "meeting:write:meeting:admin" in failures.in_words(trouble)


def test_a_refusal_names_the_field_and_an_edit_sends_it_again(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    refusal = {"code": 300, "message": "Validation Failed.", "errors": [{"field": "topic", "message": "No."}]}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=400, body=refusal)
    _run(database, zoom)
    assert _state(database, meeting_id) == ("failed", "refused:topic")
    assert _last_task(database).state is TaskState.FAILED
    assert _run(database, zoom, now=MORNING + timedelta(days=1)) == 0
    _edit(database, meeting_id, topic="Lain")
    _run(database, zoom)
    assert (_state(database, meeting_id), len(sandbox.meetings())) == (("ready", ""), 1)


def test_a_refusal_can_be_tried_again_by_hand(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    body = {"code": 300, "message": "Validation Failed."}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=400, body=body)
    _run(database, zoom)
    assert _state(database, meeting_id) == ("failed", "refused:")
    _retry(database, meeting_id)
    _run(database, zoom)
    assert _state(database, meeting_id) == ("ready", "")


def test_a_meeting_gone_from_zoom_is_believed_the_second_time(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    _run(database, zoom)
    old = _meeting(database, meeting_id)
    zoom.delete_meeting(old.zoom_id or 0)
    _edit(database, meeting_id, topic="Lain")
    _run(database, zoom)
    assert (_state(database, meeting_id), _meeting(database, meeting_id).join_url) == (
        ("waiting", "gone"),
        old.join_url,
    )
    later = MORNING + timedelta(minutes=2)
    _run(database, zoom, now=later)
    assert (_state(database, meeting_id), _meeting(database, meeting_id).join_url) == (("failed", "gone"), "")
    assert _run(database, zoom, now=MORNING + timedelta(hours=9)) == 0
    _retry(database, meeting_id, now=later)
    _run(database, zoom, now=later)
    new = _meeting(database, meeting_id)
    assert (new.state, new.trouble, len(sandbox.meetings())) == (MeetingState.READY, "", 1)
    assert new.zoom_id not in {None, old.zoom_id}
    assert new.join_url not in {"", old.join_url}


def test_a_change_waits_while_the_meeting_runs(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    _run(database, zoom)
    text = "You cannot update or delete meetings that have started using this method."
    sandbox.fault("status", method="PATCH", status=400, body={"code": 3000, "message": text})
    sandbox.fault("status", method="DELETE", status=400, body={"code": 3002, "message": "in progress"})
    _edit(database, meeting_id, topic="Lain")
    _run(database, zoom)
    assert _state(database, meeting_id) == ("waiting", "running")
    _until_quiet(database, zoom, hours=0.1)
    assert _state(database, meeting_id) == ("ready", "")
    _cancel(database, meeting_id)
    _run(database, zoom)
    assert _state(database, meeting_id) == ("cancelled", "running")
    _until_quiet(database, zoom, hours=0.1)
    assert (_state(database, meeting_id), sandbox.meetings()) == (("cancelled", ""), [])


def test_an_account_without_a_host_says_so(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    sandbox.fault("status", path_prefix="/v2/users", status=200, body={"users": [], "next_page_token": ""})
    _run(database, zoom)
    assert _state(database, meeting_id) == ("failed", "no_host")
    unknown = _schedule(database)
    _run(database, zoom, host="siapa@contoh.example")
    assert _state(database, unknown) == ("failed", "no_host")
    barred = _schedule(database)
    body = {"code": 3161, "message": "Meeting hosting and scheduling capabilities are not allowed."}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=400, body=body)
    _run(database, zoom)
    assert _state(database, barred) == ("failed", "no_host")


def test_without_zoom_the_meeting_waits_until_it_is_set_up(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(database)
    for _twice in range(2):
        assert _run(database, None) == 0
    assert _state(database, meeting_id) == ("waiting", "not_set_up")
    _run(database, sandbox.client())
    assert _state(database, meeting_id) == ("ready", "")


def test_a_meeting_over_before_zoom_answers_is_never_created(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(database)
    _run(database, sandbox.client(), now=MORNING + timedelta(days=4))
    assert (_state(database, meeting_id), sandbox.meetings()) == (("failed", "past"), [])


def test_a_series_created_late_has_the_dates_that_are_left(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _standup(database)
    sandbox.clock.time = later = MORNING + timedelta(days=2)
    _run(database, sandbox.client(), now=later)
    starts = [row["start_time"] for row in sandbox.meetings()[0]["occurrences"]]
    assert (len(starts), starts[0]) == (8, "2026-11-25T00:30:00Z")
    assert _state(database, meeting_id) == ("ready", "")


def test_what_zoom_stored_otherwise_is_told(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    bent = {"id": 81234567890, "topic": "Zoom Meeting", "start_time": "2026-11-25T14:00:00Z", "duration": 60}
    bent |= {"timezone": "UTC", "join_url": "https://zoom.example/j/8", "settings": {"waiting_room": True}}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=201, body=bent)
    _run(database, zoom)
    assert _state(database, meeting_id) == ("ready", "differs:topic,start,timezone,duration,waiting_room")


def test_a_poisoned_task_is_pushed_forward_and_the_others_go_on(database: Database, sandbox: ZoomSandbox) -> None:
    poisoned, fine, zoom = _schedule(database), _schedule(database), sandbox.client()
    with database.transaction() as db:
        # A host that names nothing makes the client raise a plain ValueError.
        db.execute(sa.update(Meeting).where(Meeting.id == poisoned).values(zoom_host=".."))
        db.execute(sa.update(ZoomTask).where(ZoomTask.meeting_id == poisoned).values(unclear=True))
    _run(database, zoom)
    assert (_state(database, poisoned), _state(database, fine)) == (("waiting", "unexpected"), ("ready", ""))


def test_what_keeps_failing_is_parked_with_its_tries_and_goes_on_when_a_person_says_so(
    database: Database, sandbox: ZoomSandbox
) -> None:
    poisoned, fine, zoom = _schedule(database), _schedule(database), sandbox.client()
    with database.transaction() as db:
        db.execute(sa.update(Meeting).where(Meeting.id == poisoned).values(zoom_host=".."))
        db.execute(sa.update(ZoomTask).where(ZoomTask.meeting_id == poisoned).values(unclear=True))
    for hour in range(48):
        _run(database, zoom, now=MORNING + timedelta(hours=hour))
    assert (_state(database, poisoned), _state(database, fine)) == (("failed", "parked:unexpected"), ("ready", ""))
    with database.reading() as db:
        assert db.scalars(sa.select(ZoomTask.state).where(ZoomTask.meeting_id == poisoned)).all() == [TaskState.FAILED]
        found = tries.newest(db, [poisoned, fine], ZoneInfo("Asia/Makassar"), most=20)
    assert (len(found[poisoned]), len(found[fine])) == (parking.MOST_UNEXPECTED, 1)
    assert found[poisoned][0].at > found[poisoned][-1].at
    with database.transaction() as db:
        db.execute(sa.update(Meeting).where(Meeting.id == poisoned).values(zoom_host=""))
    _retry(database, poisoned, now=MORNING + timedelta(hours=48))
    _run(database, zoom, now=MORNING + timedelta(hours=48))
    assert _state(database, poisoned) == ("ready", "")
    assert len(sandbox.meetings()) == 2


def test_one_surprise_after_a_long_outage_parks_nothing(
    database: Database, sandbox: ZoomSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unanswered tries say nothing about a task; those that surprised are counted alone, whatever came between."""
    meeting_id, zoom, whole = _schedule(database), sandbox.client(), wire.Facts.of
    broken = False

    def of(*facts: Any) -> wire.Facts:
        if broken:
            raise ValueError("a surprise")
        return whole(*facts)

    monkeypatch.setattr(wire.Facts, "of", of)
    outage = {"method": "POST", "path_prefix": "/v2/users", "status": 503, "body": "x"}
    for hour in range(40):
        broken = hour in range(20, 20 + parking.MOST_UNEXPECTED - 1)
        sandbox.fault("status", **outage)
        _run(database, zoom, now=MORNING + timedelta(hours=hour))
        assert _state(database, meeting_id)[0] == "waiting", hour
    broken = True
    _run(database, zoom, now=MORNING + timedelta(hours=40))
    assert _state(database, meeting_id) == ("failed", "parked:unexpected")


def test_a_meeting_that_cannot_even_be_read_is_in_nobodys_way(
    database: Database, sandbox: ZoomSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, fine, whole = _schedule(database), _schedule(database), wire.Facts.of

    def of(meeting: Meeting, *rest: Any) -> wire.Facts:
        if meeting.id == poisoned:
            raise ValueError(meeting.id)
        return whole(meeting, *rest)

    monkeypatch.setattr(wire.Facts, "of", of)
    _run(database, sandbox.client())
    assert (_state(database, poisoned), _state(database, fine)) == (("waiting", "unexpected"), ("ready", ""))


def test_an_answer_that_cannot_be_written_down_is_in_nobodys_way_and_makes_no_second_meeting(
    database: Database, sandbox: ZoomSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, fine, zoom = _schedule(database), _schedule(database), sandbox.client()
    with monkeypatch.context() as patched:
        patched.setattr(sync, "_note_success", lambda _db, job, *_rest, **_more: 1 // (job.meeting_id - poisoned))
        _run(database, zoom)
    assert _state(database, poisoned) == ("waiting", "unexpected")
    _until_quiet(database, zoom, hours=0.2)
    assert {_state(database, one) for one in (poisoned, fine)} <= {("ready", ""), ("waiting", "")}
    assert len(sandbox.meetings()) == 2


def test_what_a_plan_does_not_have_is_switched_off_until_the_account_has_a_licence(
    database: Database, sandbox: ZoomSandbox
) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    paid = {"code": 200, "message": "Only available for Paid account."}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=400, body=paid, times=9)
    hosts.synchronise(database, zoom, preferred="", licensed_at_once=1, now=MORNING)
    with database.transaction() as db:
        db.execute(sa.update(ZoomUser).values(licence=hosts.BASIC))
    for hour in range(24):
        _run(database, zoom, now=MORNING + timedelta(hours=hour))
    assert (_state(database, meeting_id), sandbox.calls(CREATE)) == (("failed", "paid"), 1)
    sandbox.request("DELETE", "/sandbox/faults")
    hosts.synchronise(database, zoom, preferred="", licensed_at_once=1, now=MORNING + timedelta(hours=24))
    hosts.synchronise(database, zoom, preferred="", licensed_at_once=1, now=MORNING + timedelta(hours=25))
    _run(database, zoom, now=MORNING + timedelta(hours=25))
    assert sandbox.calls(CREATE) == 2


def test_a_cancelled_meeting_is_not_updated(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _schedule(database), sandbox.client()
    _die_after_the_call(database, zoom)
    job = sync._claim(database, _last_task(database).id, MORNING + timedelta(hours=1))
    assert job
    desk = sync.Desk(database, zoom, lambda: sandbox.host, lambda: MORNING)
    calls = sandbox.calls()
    gone = replace(job, meeting=replace(job.meeting, cancelled=True, zoom_id=81))
    assert (sync._update(desk, gone), sync._create(desk, gone)) == (None, None)
    assert sandbox.calls() == calls
    assert _meeting(database, meeting_id).zoom_id is None


def test_every_try_is_in_the_audit_trail_without_links(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _schedule(database)
    _run(database, sandbox.client())
    with database.reading() as db:
        events = db.scalars(sa.select(AuditEvent).where(AuditEvent.subject == "meeting").order_by(AuditEvent.id)).all()
    assert [event.verb for event in events] == ["meeting.scheduled", "zoom.tried"]
    link = _meeting(database, meeting_id).join_url
    assert all(link not in str(event.facts) and "pwd" not in str(event.facts) for event in events)


def test_every_trouble_has_its_words_in_both_languages() -> None:
    codes = ["not_set_up", "unreachable", "unclear", "rate", "running", "credentials", "scopes:meeting:write:admin"]
    codes += [
        "no_host",
        "refused:topic,start_time,agenda,recurrence.type,other",
        "refused:",
        "gone",
        "past",
        "odd",
        "paid",
        "parked:unexpected",
    ]
    codes += ["differs:topic,start,timezone,duration,waiting_room", "theirs:topic,agenda,start", "theirs_other"]
    said = {}
    for locale in ("id", "en"):
        with i18n.in_locale(locale):
            said[locale] = [failures.in_words(code) for code in codes]
            assert failures.in_words("") == ""
    assert len({*said["id"], *said["en"]}) == 2 * len(codes)


def test_a_series_cancelled_in_part_at_zoom_is_told() -> None:
    facts = wire.Facts(
        id=1,
        topic="Apel",
        agenda="",
        dates=[
            wire.Date(n, date(2026, 11, day), datetime(2026, 11, day, tzinfo=UTC)) for n, day in enumerate((23, 30))
        ],
        minutes=15,
        weekdays=[0],
        cancelled=False,
        marker="[sh:000000]",
        zoom_id=1,
        zoom_host="",
        zone=wire.ZoneInfo("Asia/Makassar"),
    )
    rows: list[Any] = [
        {"occurrence_id": "1", "start_time": "2026-11-23T00:00:00Z", "duration": 15, "status": "available"},
        {"occurrence_id": "2", "start_time": "2026-11-30T00:00:00Z", "duration": 15, "status": "deleted"},
    ]
    stored = {"topic": "Apel", "timezone": "Asia/Makassar", "occurrences": rows}
    assert wire.differences(stored, facts, now=MORNING) == ["start"]  # type: ignore[arg-type]
    rows[1]["status"] = "available"
    assert wire.differences(stored, facts, now=MORNING) == []  # type: ignore[arg-type]
    assert wire.body(facts, now=MORNING)["agenda"] == "[sh:000000]"


def test_a_limit_that_ended_in_the_past_is_still_waited_for() -> None:
    error = ZoomRateLimited("slow down", retry_at=MORNING - timedelta(hours=1))
    failure = failures.explain(error, verb=ZoomVerb.CREATE, task_id=1, attempts=1, before="", now=MORNING)
    assert failure.retry_at == MORNING + timedelta(seconds=1)
