"""What happens to our meetings in Zoom itself, over the wire: found with one list, and decided here by a person."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import zoom_server
from zoom_server import ZoomSandbox

from staffhub.db import Database
from staffhub.errors import Conflict, Refused
from staffhub.meetings import dates, drift, following, hosts, one, plan, sightings, sync
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Holiday,
    HolidayKind,
    Meeting,
    MeetingKind,
    Notice,
    NoticeKind,
    Occurrence,
    OccurrenceState,
    ZoomTask,
    ZoomUser,
)
from tests.conftest import MORNING, TODAY, viewer_of

zoom_sandbox_server = zoom_server.zoom_sandbox_server
LIST = "GET /v2/users/"
WEDNESDAY = date(2026, 11, 25)


@pytest.fixture
def sandbox(zoom_sandbox_server: ZoomSandbox, database: Database) -> ZoomSandbox:
    assert zoom_sandbox_server.request("POST", "/sandbox/reset").status_code == 204
    zoom_sandbox_server.clock.time = MORNING
    with database.transaction() as db:
        db.execute(sa.delete(Holiday))
    return zoom_sandbox_server


def _schedule(database: Database, zoom: Any, **overrides: Any) -> int:
    facts: dict[str, Any] = {"kind": MeetingKind.SINGLE, "topic": "Evaluasi akta", "agenda": "Antrean"}
    facts |= {"starts_on": WEDNESDAY, "starts_at": time(14), "minutes": 45, "now": MORNING}
    facts |= {"audience": Audience(everyone=True), "idempotency_key": str(uuid4())}
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        meeting_id = plan.schedule(db, dewi, **facts | overrides).id
    _run(database, zoom)
    return meeting_id


def _standup(database: Database, zoom: Any, **overrides: Any) -> int:
    facts = {"kind": MeetingKind.STANDUP, "starts_on": TODAY, "starts_at": time(8, 30), "minutes": 15}
    return _schedule(database, zoom, **facts | {"weekdays": [0, 1, 2, 3, 4], "occurrences": 5} | overrides)


def _run(database: Database, zoom: Any, now: datetime = MORNING) -> None:
    sync.run_due(database, zoom, now=now, host="")


def _meeting(database: Database, meeting_id: int) -> Meeting:
    with database.reading() as db:
        return db.scalars(sa.select(Meeting).where(Meeting.id == meeting_id)).one()


def _stands(database: Database, meeting_id: int) -> tuple[str, str]:
    meeting = _meeting(database, meeting_id)
    return meeting.state.value, meeting.trouble


def _number(database: Database, meeting_id: int) -> int:
    return _meeting(database, meeting_id).zoom_id or 0


def _adopt(database: Database, meeting_id: int, *, version: int | None = None, now: datetime = MORNING) -> None:
    dewi, seen = viewer_of(database, "dewi"), version or _meeting(database, meeting_id).version
    with database.transaction() as db:
        drift.adopt(db, dewi, meeting_id, version=seen, now=now)


def _retry(database: Database, meeting_id: int, now: datetime = MORNING) -> None:
    dewi, seen = viewer_of(database, "dewi"), _meeting(database, meeting_id).version
    with database.transaction() as db:
        plan.retry(db, dewi, meeting_id, version=seen, now=now)


def _rows(database: Database, meeting_id: int) -> list[tuple[str, str]]:
    with database.reading() as db:
        rows = db.scalars(sa.select(Occurrence).where(Occurrence.meeting_id == meeting_id).order_by(Occurrence.date))
        return [(f"{row.starts_at:%m-%dT%H:%M}", row.state.value) for row in rows]


def _told(database: Database) -> list[str]:
    with database.reading() as db:
        later = (Notice.kind == NoticeKind.MEETING_CHANGED, Notice.key.not_like("meeting:%:1:invited"))
        rows = db.scalars(sa.select(Notice).where(*later).order_by(Notice.id))
        return sorted({row.params["what"] for row in rows})


def test_what_is_as_agreed_costs_one_list_for_the_host(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    ids = [_schedule(database, zoom, topic=f"Rapat {n}") for n in range(5)] + [_standup(database, zoom)]
    before = sandbox.calls()
    assert drift.sweep(database, zoom, now=MORNING) == 0
    assert sandbox.calls() == before + 7  # the list, and once a day each meeting: a list does not show all of it
    assert drift.sweep(database, zoom, now=MORNING + timedelta(hours=1)) == 0
    assert sandbox.calls() == before + 8
    assert {_stands(database, meeting_id) for meeting_id in ids} == {("ready", "")}


def test_a_meeting_that_was_changed_in_zoom_is_taken_over(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    meeting_id = _schedule(database, zoom)
    marker = _meeting(database, meeting_id).marker
    moved = {"start_time": "2026-11-26T09:30:00", "timezone": "Asia/Makassar", "duration": 30, "topic": "Evaluasi KK"}
    zoom.update_meeting(_number(database, meeting_id), moved | {"agenda": f"{marker} Loket"})
    for _twice in range(2):
        assert drift.sweep(database, zoom, now=MORNING) == 1
    assert _stands(database, meeting_id) == ("ready", "theirs:topic,agenda,duration,start")
    assert _told(database) == ["theirs"]
    with pytest.raises(Conflict):
        _adopt(database, meeting_id, version=7)
    for _twice in range(2):
        _adopt(database, meeting_id)
    meeting = _meeting(database, meeting_id)
    found = (meeting.topic, meeting.agenda, meeting.minutes, meeting.starts_on, meeting.ends_on, meeting.starts_at)
    assert found == ("Evaluasi KK", "Loket", 30, date(2026, 11, 26), date(2026, 11, 26), time(9, 30))
    assert _rows(database, meeting_id) == [("11-26T01:30", "planned")]
    assert (_stands(database, meeting_id), _told(database)) == (("ready", ""), ["moved", "theirs"])
    assert drift.sweep(database, zoom, now=MORNING) == 0


def test_how_people_get_in_is_compared_once_a_day_and_taken_over_or_overruled(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom, later = sandbox.client(), MORNING + timedelta(hours=21)
    taken, overruled = _schedule(database, zoom), _standup(database, zoom, occurrences=9)
    assert drift.sweep(database, zoom, now=MORNING) == 0
    for meeting_id in (taken, overruled):
        zoom.update_meeting(_number(database, meeting_id), {"settings": {"waiting_room": True}})
    assert drift.sweep(database, zoom, now=MORNING) == 0
    assert drift.sweep(database, zoom, now=later) == 2
    stands = ("ready", "theirs:join_before_host,waiting_room")
    assert (_stands(database, taken), _stands(database, overruled)) == (stands, stands)
    with database.reading() as db:
        shown = one.page(db, viewer_of(database, "dewi"), taken, now=later).theirs
    assert {ours for _what, ours, _theirs in shown} == {"ya", "tidak"}
    _adopt(database, taken, now=later)
    _retry(database, overruled, now=later)
    _run(database, zoom, later)
    waits = {made["id"]: made["settings"]["waiting_room"] for made in sandbox.meetings()}
    assert waits == {_number(database, taken): True, _number(database, overruled): False}
    assert drift.sweep(database, zoom, now=later + timedelta(hours=21)) == 0
    # What was taken over stays when the meeting is sent again.
    with database.transaction() as db:
        plan.push_change(db, db.get_one(Meeting, taken), later)
    _run(database, zoom, later)
    assert _stands(database, taken) == ("ready", "")
    assert [made["settings"]["waiting_room"] for made in sandbox.meetings()] == [True, False]


def test_ours_can_be_sent_again_instead(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    meeting_id = _schedule(database, zoom)
    zoom.update_meeting(_number(database, meeting_id), {"topic": "Lain"})
    drift.sweep(database, zoom, now=MORNING)
    _retry(database, meeting_id)
    _run(database, zoom)
    assert (sandbox.meetings()[0]["topic"], _stands(database, meeting_id)) == ("Evaluasi akta", ("ready", ""))
    assert drift.sweep(database, zoom, now=MORNING) == 0
    assert _meeting(database, meeting_id).theirs is None


def test_what_is_put_right_in_zoom_needs_nobody(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    meeting_id = _schedule(database, zoom)
    for topic in ("Lain", "Evaluasi akta"):
        zoom.update_meeting(_number(database, meeting_id), {"topic": topic})
        drift.sweep(database, zoom, now=MORNING)
    # A row that looks right again is asked for as long as a person has not decided.
    assert _stands(database, meeting_id) == ("ready", "")


def test_dates_of_a_series_that_were_moved_or_cancelled_in_zoom(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    meeting_id = _standup(database, zoom)
    number = _number(database, meeting_id)
    ids = [row["occurrence_id"] for row in sandbox.meetings()[0]["occurrences"]]
    zoom.delete_occurrence(number, ids[1])
    zoom.update_occurrence(number, ids[3], {"start_time": "2026-11-28T10:00:00", "timezone": "Asia/Makassar"})
    assert drift.sweep(database, zoom, now=MORNING) == 1
    assert _stands(database, meeting_id) == ("ready", "theirs:start")
    _adopt(database, meeting_id)
    assert _rows(database, meeting_id) == [
        ("11-23T00:30", "planned"),
        ("11-24T00:30", "cancelled"),
        ("11-25T00:30", "planned"),
        ("11-27T00:30", "planned"),
        ("11-28T02:00", "planned"),
    ]
    assert "dates" in _told(database)
    calls = sandbox.calls("PATCH"), sandbox.calls("DELETE")
    _run(database, zoom)
    assert (sandbox.calls("PATCH"), sandbox.calls("DELETE")) == calls
    tomorrow = MORNING + timedelta(hours=21)
    sandbox.clock.time = tomorrow
    assert drift.sweep(database, zoom, now=tomorrow) == 0
    zoom.delete_occurrence(number, ids[4])
    drift.sweep(database, zoom, now=tomorrow + timedelta(hours=21))
    _retry(database, meeting_id, tomorrow)
    _run(database, zoom, tomorrow)
    with database.reading() as db:
        ahead = (Occurrence.state == OccurrenceState.PLANNED, Occurrence.starts_at > tomorrow)
        ours = sorted(db.scalars(sa.select(Occurrence.starts_at).where(*ahead)))
    rows = [row for row in sandbox.meetings()[0]["occurrences"] if row["status"] == "available"]
    assert sorted(datetime.fromisoformat(row["start_time"]) for row in rows) == ours
    assert _number(database, meeting_id) == number


def test_a_calendar_that_changes_before_a_person_has_decided_overrules_nobody(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    meeting_id = _standup(database, zoom)
    zoom.delete_occurrence(_number(database, meeting_id), sandbox.meetings()[0]["occurrences"][1]["occurrence_id"])
    drift.sweep(database, zoom, now=MORNING)
    with database.transaction() as db:
        office = db.scalars(sa.select(Meeting.office_id)).one()
        db.add(Holiday(office_id=office, date=WEDNESDAY, name="Hari Uji", kind=HolidayKind.LOCAL, source="SK"))
    assert following.run_due(database, now=MORNING) == 1
    assert _stands(database, meeting_id) == ("ready", "theirs:start")
    dewi = viewer_of(database, "dewi")
    with database.reading() as db:
        row = db.scalars(sa.select(Occurrence.id).where(Occurrence.date == WEDNESDAY)).one()
    with pytest.raises(Conflict), database.transaction() as db:
        dates.hold(db, dewi, meeting_id, row, version=2, now=MORNING)
    _adopt(database, meeting_id)
    _run(database, zoom)
    statuses = [row["status"] for row in sandbox.meetings()[0]["occurrences"]]
    assert statuses == ["available", "deleted", "deleted", "available", "available"]
    assert _stands(database, meeting_id) == ("ready", "")


def test_a_series_that_was_laid_out_otherwise_in_zoom_is_only_sent_again(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    meeting_id = _standup(database, zoom, weekdays=[0, 2])
    recurrence = {"type": 2, "repeat_interval": 1, "weekly_days": "3,5", "end_times": 5}
    body = {"type": 8, "start_time": "2026-11-24T08:30:00", "timezone": "Asia/Makassar", "recurrence": recurrence}
    zoom.update_meeting(_number(database, meeting_id), body)
    drift.sweep(database, zoom, now=MORNING)
    assert _stands(database, meeting_id) == ("ready", "theirs_other")
    with pytest.raises(Conflict):
        _adopt(database, meeting_id)
    _retry(database, meeting_id)
    _run(database, zoom)
    starts = [row["start_time"][:10] for row in sandbox.meetings()[0]["occurrences"]]
    assert (starts[:3], _stands(database, meeting_id)) == (["2026-11-23", "2026-11-25", "2026-11-30"], ("ready", ""))


def test_gone_is_believed_the_second_time_and_made_again_with_all_that_is_new(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    meeting_id = _standup(database, zoom)
    old = _meeting(database, meeting_id)
    zoom.delete_meeting(old.zoom_id or 0)
    assert drift.sweep(database, zoom, now=MORNING) == 0
    assert drift.sweep(database, zoom, now=MORNING + timedelta(minutes=5)) == 0
    assert (_stands(database, meeting_id), _meeting(database, meeting_id).join_url) == (("ready", ""), old.join_url)
    later = MORNING + drift.APART
    assert drift.sweep(database, zoom, now=later) == 1
    assert (_stands(database, meeting_id), _meeting(database, meeting_id).join_url) == (("failed", "gone"), "")
    _retry(database, meeting_id, later)
    _run(database, zoom, later)
    new, (made,) = _meeting(database, meeting_id), sandbox.meetings()
    assert (new.zoom_id, new.join_url, new.missed_at) == (made["id"], made["join_url"], None)
    assert new.zoom_id != old.zoom_id
    assert _told(database) == ["gone", "link"]


@pytest.mark.parametrize(
    "odd",
    [
        {"status": 404, "body": "<html>proxy</html>"},
        {"status": 404, "body": {}},
        {"status": 404, "body": {"code": 1001, "message": "User does not exist."}},
        {"status": 503, "body": "x"},
    ],
)
def test_odd_answers_never_make_a_living_meeting_look_deleted(
    database: Database, sandbox: ZoomSandbox, odd: dict[str, Any]
) -> None:
    zoom = sandbox.client()
    meeting_id = _standup(database, zoom)
    for hours in range(4):
        sandbox.fault("status", method="GET", path_prefix="/v2/meetings", **odd)
        drift.sweep(database, zoom, now=MORNING + timedelta(hours=hours * 21))
    assert (_stands(database, meeting_id), _meeting(database, meeting_id).missed_at) == (("ready", ""), None)


def test_missing_once_is_forgotten_when_zoom_knows_it_again(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    meeting_id = _schedule(database, zoom)
    unknown = {"code": 3001, "message": "Meeting does not exist."}
    sandbox.fault("status", method="GET", path_prefix="/v2/users", status=200, body={"meetings": []})
    sandbox.fault("status", method="GET", path_prefix="/v2/meetings", status=404, body=unknown)
    drift.sweep(database, zoom, now=MORNING)
    assert _meeting(database, meeting_id).missed_at == MORNING
    drift.sweep(database, zoom, now=MORNING + timedelta(hours=1))
    assert (_stands(database, meeting_id), _meeting(database, meeting_id).missed_at) == (("ready", ""), None)


def test_a_new_passcode_makes_a_new_link_here_as_well(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    meeting_id = _standup(database, zoom)
    zoom.update_meeting(_number(database, meeting_id), {"password": "baru12"})
    assert drift.sweep(database, zoom, now=MORNING) == 0
    assert _meeting(database, meeting_id).join_url == sandbox.meetings()[0]["join_url"]


def test_a_change_of_ours_that_waits_is_not_taken_for_a_change_of_theirs(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    meeting_id = _standup(database, zoom)
    with database.reading() as db:
        hosts = drift._ready(db, MORNING)
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        row = db.scalars(sa.select(Occurrence.id).where(Occurrence.date == WEDNESDAY)).one()
        dates.call_off(db, dewi, meeting_id, row, version=1, now=MORNING)
    ((ours,),) = hosts.values()
    for _twice in range(2):  # while the change waits, and when it has been sent
        with database.transaction() as db:
            assert not drift._note(db, drift._Seen(ours, None), MORNING)
        assert _meeting(database, meeting_id).missed_at is None
        _run(database, zoom)
    assert drift.sweep(database, zoom, now=MORNING) == 0
    assert _meeting(database, meeting_id).missed_at is None


def test_a_sweep_is_done_once_in_half_an_hour_and_not_without_zoom(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    _standup(database, zoom)
    assert drift.sweep_due(database, None, now=MORNING) == 0
    before = sandbox.calls(LIST)
    for minutes in (0, 1, 15, 31):
        drift.sweep_due(database, zoom, now=MORNING + timedelta(minutes=minutes))
    assert sandbox.calls(LIST) == before + 2


def test_a_number_of_a_citizen_that_was_written_in_zoom_is_not_taken_over(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    meeting_id = _schedule(database, zoom)
    zoom.update_meeting(_number(database, meeting_id), {"topic": "NIK 7106012304560001"})
    drift.sweep(database, zoom, now=MORNING)
    with pytest.raises(Refused):
        _adopt(database, meeting_id)


def test_a_sweep_leaves_nothing_for_the_outbox(database: Database, sandbox: ZoomSandbox) -> None:
    zoom = sandbox.client()
    meeting_id = _schedule(database, zoom)
    zoom.update_meeting(_number(database, meeting_id), {"topic": "Lain"})
    drift.sweep(database, zoom, now=MORNING)
    _adopt(database, meeting_id)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ZoomTask)) == 1


def _tell(database: Database, event: str, number: int, *, now: datetime = MORNING, times: int = 1) -> None:
    told = {"event": f"meeting.{event}", "payload": {"object": {"id": number}, "operation": "all"}}
    for _ in range(times):
        with database.transaction() as db:
            sightings.take(db, told, now=now)


@pytest.mark.parametrize("events", list(permutations(["updated", "deleted", "recovered"])))
def test_what_zoom_tells_in_any_order_and_twice_is_one_call_in_the_next_run_and_decides_nothing(
    database: Database, sandbox: ZoomSandbox, events: tuple[str, ...]
) -> None:
    """A late "deleted" of a meeting that stands deletes nothing; a change is what Zoom has now, whatever was told."""
    zoom = sandbox.client()
    meeting_id = _schedule(database, zoom)
    other = _schedule(database, zoom, topic="Lain", starts_at=time(16))
    zoom.update_meeting(_number(database, meeting_id), {"topic": "Evaluasi"})
    before = sandbox.calls()
    assert drift.look_due(database, zoom, now=MORNING) == 0
    for event in events:
        _tell(database, event, _number(database, meeting_id), times=2)
    _tell(database, "deleted", 99)
    assert drift.look_due(database, zoom, now=MORNING) == 1
    assert drift.look_due(database, zoom, now=MORNING) == 0
    assert sandbox.calls() == before + 1
    assert _stands(database, meeting_id) == ("ready", "theirs:topic")
    assert _stands(database, other) == ("ready", "")


def test_a_meeting_told_to_be_deleted_is_gone_when_zoom_has_said_so_twice_some_time_apart(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    meeting_id = _schedule(database, zoom)
    number = _number(database, meeting_id)
    zoom.delete_meeting(number)
    _tell(database, "deleted", number)
    assert drift.look_due(database, zoom, now=MORNING) == 0
    _tell(database, "deleted", number, now=MORNING + timedelta(minutes=5))  # once more, as Zoom does without an answer
    assert drift.look_due(database, zoom, now=MORNING + timedelta(minutes=5)) == 0
    assert _stands(database, meeting_id) == ("ready", "")
    calls, later = sandbox.calls(), MORNING + drift.APART
    assert drift.look_due(database, zoom, now=later) == 1, "without another event and without the sweep"
    assert (sandbox.calls(), _stands(database, meeting_id)) == (calls + 1, ("failed", "gone"))
    _tell(database, "deleted", number, now=later)
    assert drift.look_due(database, zoom, now=later) == 0
    assert sandbox.calls() == calls + 1


def test_a_look_that_zoom_does_not_answer_is_made_again_and_stands_in_nobody_s_way(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom = sandbox.client()
    first, second = _schedule(database, zoom), _schedule(database, zoom, starts_at=time(16))
    for meeting_id in (first, second):
        zoom.update_meeting(_number(database, meeting_id), {"topic": "Evaluasi"})
        _tell(database, "updated", _number(database, meeting_id))
    sandbox.fault("status", method="GET", path_prefix=f"/v2/meetings/{_number(database, first)}", status=503)
    assert drift.look_due(database, zoom, now=MORNING) == 1
    assert _stands(database, second) == ("ready", "theirs:topic")
    assert drift.look_due(database, zoom, now=MORNING + timedelta(minutes=9)) == 0
    assert drift.look_due(database, zoom, now=MORNING + timedelta(minutes=10)) == 1
    assert drift.look_due(database, None, now=MORNING) == 0


def test_meetings_in_zoom_that_are_not_ours_take_the_hours_of_their_host(
    database: Database, sandbox: ZoomSandbox
) -> None:
    zoom, thursday, host = sandbox.client(), date(2026, 11, 26), sandbox.account.host_email
    with database.transaction() as db:
        licensed = {"licence": hosts.LICENSED, "at_once": 1, "hosts": True, "seen_at": MORNING, "written": 0}
        db.add(ZoomUser(email=host, name="Rapat", **licensed))
    ours = _schedule(database, zoom)
    in_flight = _schedule(database, zoom, starts_at=time(16))
    with database.transaction() as db:
        db.get_one(Meeting, in_flight).zoom_id = None  # its answer is still on the way
    body = {"topic": "Rahasia orang lain", "type": 2, "timezone": "Asia/Makassar", "duration": 60}
    theirs = zoom.create_meeting(host, body | {"start_time": f"{thursday}T09:00:00"})
    before = sandbox.calls(LIST)
    assert [drift.sweep(database, zoom, now=MORNING) for _twice in range(2)] == [0, 0]
    assert sandbox.calls(LIST) == before + 2, "the list that is asked for anyway, nothing else"
    with database.reading() as db:
        kept = db.execute(sa.select(ZoomUser.__table__).where(ZoomUser.email == host)).mappings().one()
    assert kept["busy"] == [["2026-11-26T01:00:00+00:00", "2026-11-26T02:00:00+00:00"]]
    assert "Rahasia" not in str(dict(kept))
    with pytest.raises(Refused) as refused:
        _schedule(database, zoom, starts_on=thursday, starts_at=time(9, 30))
    assert "rapat lain di Zoom 09.00-10.00" in str(refused.value)
    assert "10.00, 10.30" in str(refused.value)
    starts = datetime(2026, 11, 26, 0, 45, tzinfo=UTC)
    with database.reading() as db:
        has_host = hosts.openings(db, starts, starts + timedelta(hours=2))
    assert [has_host(starts, starts + timedelta(minutes=many)) for many in (15, 16)] == [True, False]
    zoom.update_meeting(theirs["id"], {"start_time": f"{thursday}T11:00:00", "timezone": "Asia/Makassar"})
    drift.sweep(database, zoom, now=MORNING)
    _schedule(database, zoom, starts_on=thursday, starts_at=time(9, 30))
    with pytest.raises(Refused):
        _schedule(database, zoom, starts_on=thursday, starts_at=time(11, 30))
    zoom.delete_meeting(theirs["id"])
    drift.sweep(database, zoom, now=MORNING)
    _schedule(database, zoom, starts_on=thursday, starts_at=time(11, 30))
    again = zoom.create_meeting(host, body | {"start_time": f"{thursday}T15:00:00"})
    drift.sweep(database, zoom, now=MORNING)
    sandbox.fault("status", method="GET", path_prefix="/v2/users", status=503, body="down", times=9)
    drift.sweep(database, zoom, now=MORNING)
    with database.reading() as db:
        assert db.scalars(sa.select(ZoomUser.busy).where(ZoomUser.email == host)).one(), "no answer proves nothing"
    assert ours != again["id"]
    over = MORNING + timedelta(days=30)
    drift.sweep(database, zoom, now=over)
    with database.reading() as db:
        assert not db.scalars(sa.select(ZoomUser.busy).where(ZoomUser.email == host)).one()
