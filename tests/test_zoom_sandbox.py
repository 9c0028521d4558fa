"""The Zoom sandbox answers what Zoom documents: status, code, words, and what it does in silence."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
import zoom_server
from requests import Response
from zoom_server import MONDAY, Clock, ZoomSandbox, running_sandbox

from staffhub.zoom.errors import ZoomUnavailable
from staffhub.zoom.sandbox import Account, SandboxServer, create_sandbox
from staffhub.zoom.shapes import JSON, Meeting

zoom_sandbox_server = zoom_server.zoom_sandbox_server
zoom_sandbox = zoom_server.zoom_sandbox

WEEKLY = {"type": 2, "weekly_days": "2,3,4,5,6", "end_times": 5}
GRANT = {"grant_type": "account_credentials", "account_id": Account().account_id}
JSON_TYPE = {"Content-Type": "application/json"}
CREDENTIALS = (Account().client_id, Account().client_secret)


class Bare:
    """Zoom's bare HTTP interface, with a token."""

    def __init__(self, sandbox: ZoomSandbox) -> None:
        self.sandbox = sandbox
        reply = sandbox.request("POST", "/oauth/token", data=GRANT, auth=CREDENTIALS)
        self.headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}

    def __call__(self, method: str, path: str, **request: Any) -> Response:
        return self.sandbox.request(method, f"/v2{path}", headers=self.headers, **request)

    def create(self, host: str | None = None, **body: Any) -> Response:
        return self("POST", f"/users/{host or self.sandbox.host}/meetings", json={"topic": "Apel"} | body)

    def made(self, **body: Any) -> Meeting:
        reply = self.create(**body)
        assert reply.status_code == 201, reply.text
        return reply.json()

    def get(self, meeting: Meeting, **params: str) -> Meeting:
        return self("GET", f"/meetings/{meeting['id']}", params=params).json()

    def patch(self, meeting: Meeting, body: JSON, **params: str) -> Response:
        return self("PATCH", f"/meetings/{meeting['id']}", json=body, params=params)

    def delete(self, meeting: Meeting, **params: str) -> Response:
        return self("DELETE", f"/meetings/{meeting['id']}", params=params)

    def list(self, **params: Any) -> Response:
        return self("GET", f"/users/{self.sandbox.host}/meetings", params=params)


@pytest.fixture
def zoom(zoom_sandbox: ZoomSandbox) -> Bare:
    return Bare(zoom_sandbox)


def _said(reply: Response) -> tuple[int, int, str]:
    body = reply.json()
    return reply.status_code, body["code"], body["message"]


def _fields(reply: Response) -> list[str]:
    assert _said(reply) == (400, 300, "Validation Failed.")
    return [error["field"] for error in reply.json()["errors"]]


def _starts(meeting: Meeting) -> list[str]:
    return [row["start_time"] for row in meeting["occurrences"]]


# Tokens


def test_a_token_comes_with_its_life_scopes_and_host(zoom_sandbox: ZoomSandbox):
    body = zoom_sandbox.request("POST", "/oauth/token", data=GRANT, auth=CREDENTIALS).json()
    assert (body["token_type"], body["expires_in"], body["api_url"]) == ("bearer", 3600, zoom_sandbox.server.origin)
    assert "meeting:write:meeting:admin" in body["scope"].split()


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"data": GRANT, "auth": ("sandbox-client", "salah")}, "invalid_client"),
        ({"data": GRANT}, "invalid_client"),
        ({"data": GRANT, "headers": {"Authorization": "Basic ***"}}, "invalid_client"),
        ({"data": GRANT | {"grant_type": "password"}, "auth": CREDENTIALS}, "unsupported_grant_type"),
        ({"params": GRANT, "auth": CREDENTIALS}, "unsupported_grant_type"),
        ({"data": GRANT | {"account_id": "lain"}, "auth": CREDENTIALS}, "invalid_request"),
    ],
)
def test_a_wrong_token_request_is_refused_with_a_reason(zoom_sandbox: ZoomSandbox, request_, error):
    reply = zoom_sandbox.request("POST", "/oauth/token", **request_)
    assert reply.status_code == 400
    assert reply.json()["error"] == error
    assert reply.json()["reason"]


def test_no_token_and_an_old_token_are_refused(zoom: Bare):
    assert _said(zoom.sandbox.request("GET", "/v2/users")) == (401, 124, "Invalid access token.")
    zoom.sandbox.clock.forward(hours=1)
    assert _said(zoom("GET", "/users")) == (401, 124, "Access token is expired.")


def test_a_token_in_the_query_is_refused(zoom: Bare):
    token = zoom.headers["Authorization"].split()[1]
    assert zoom.sandbox.request("GET", "/v2/users", params={"access_token": token}).status_code == 401


def test_a_new_token_leaves_the_old_one_alone_unless_the_account_is_of_the_old_kind(zoom: Bare):
    Bare(zoom.sandbox)
    assert zoom("GET", "/users").status_code == 200
    with running_sandbox(single_token=True) as sandbox:
        first = Bare(sandbox)
        Bare(sandbox)
        assert _said(first("GET", "/users")) == (401, 124, "Invalid access token.")


# Users


def test_the_account_has_a_licensed_host_and_a_basic_user(zoom: Bare):
    users = zoom("GET", "/users").json()["users"]
    assert [user["type"] for user in users] == [2, 1]
    assert zoom("GET", f"/users/{users[0]['id']}").json() == zoom("GET", f"/users/{users[0]['email']}").json()
    assert zoom("GET", "/users/me").json() == users[0]


def test_an_unknown_user_answers_1001(zoom: Bare):
    assert _said(zoom("GET", "/users/siapa")) == (404, 1001, "User does not exist: siapa.")
    assert _said(zoom.create(host="siapa"))[:2] == (404, 1001)


def test_an_unknown_status_of_users_means_active(zoom: Bare):
    assert len(zoom("GET", "/users", params={"status": "NONSENSE"}).json()["users"]) == 2
    assert zoom("GET", "/users", params={"status": "inactive"}).json()["users"] == []


# Creating


def test_a_created_meeting_has_number_links_and_a_passcode(zoom: Bare):
    meeting = zoom.made(type=2, start_time="2026-11-24T08:00:00", timezone="Asia/Jayapura", duration=45)
    assert meeting["start_time"] == "2026-11-23T23:00:00Z"
    assert meeting["join_url"].startswith(f"{zoom.sandbox.server.origin}/j/{meeting['id']}?pwd=")
    assert meeting["id"] >= 10**9
    assert meeting["password"]
    assert meeting["status"] == "waiting"
    assert zoom.get(meeting) == meeting


def test_a_trailing_z_means_utc_and_the_zone_is_only_shown(zoom: Bare):
    meeting = zoom.made(start_time="2026-11-24T08:00:00Z", timezone="Asia/Jayapura")
    assert (meeting["start_time"], meeting["timezone"]) == ("2026-11-24T08:00:00Z", "Asia/Jayapura")


def test_without_a_zone_the_hosts_zone_counts(zoom: Bare):
    assert zoom.made(start_time="2026-11-24T08:00:00")["start_time"] == "2026-11-24T00:00:00Z"


def test_a_past_start_silently_becomes_now(zoom: Bare):
    assert zoom.made(start_time="2025-01-01T08:00:00")["start_time"] == "2026-11-23T00:00:00Z"


def test_three_equal_creates_make_three_meetings(zoom: Bare):
    assert len({zoom.made(topic="Sama")["id"] for _ in range(3)}) == 3


def test_unknown_fields_are_ignored(zoom: Bare):
    meeting = zoom.made(user_id="x", warna="merah", settings={"warna": "merah"})
    assert "warna" not in meeting | meeting["settings"]


def test_a_waiting_room_switches_join_before_host_off(zoom: Bare):
    settings = zoom.made(settings={"waiting_room": True, "join_before_host": True})["settings"]
    assert (settings["waiting_room"], settings["join_before_host"]) == (True, False)


def test_cloud_recording_is_dropped_for_a_basic_host(zoom: Bare):
    basic = zoom.sandbox.account.basic_email
    asked = {"auto_recording": "cloud"}
    assert zoom.made(settings=asked)["settings"]["auto_recording"] == "cloud"
    assert zoom.create(host=basic, settings=asked).json()["settings"]["auto_recording"] == "none"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"topic": "x" * 201}, "topic"),
        ({"topic": 7}, "topic"),
        ({"agenda": "x" * 2001}, "agenda"),
        ({"type": 9}, "type"),
        ({"type": True}, "type"),
        ({"start_time": "24-11-2026 08:00"}, "start_time"),
        ({"start_time": "2026-11-24T08:00:00+08:00"}, "start_time"),
        ({"start_time": "2026-02-30T08:00:00"}, "start_time"),
        ({"timezone": "WITA"}, "timezone"),
        ({"duration": 0}, "duration"),
        ({"duration": 1441}, "duration"),
        ({"duration": "30"}, "duration"),
        ({"password": "terlalu-panjang"}, "password"),
        ({"password": "a b"}, "password"),
        ({"settings": []}, "settings"),
        ({"settings": {"jbh_time": 7}}, "settings.jbh_time"),
        ({"settings": {"waiting_room": "ya"}}, "settings.waiting_room"),
        ({"settings": {"auto_recording": "disk"}}, "settings.auto_recording"),
        ({"settings": {"alternative_hosts": "orang@luar.example"}}, "settings.alternative_hosts"),
        ({"type": 8}, "recurrence"),
        ({"type": 8, "recurrence": {}}, "recurrence.type"),
        ({"type": 8, "recurrence": {"type": 4}}, "recurrence.type"),
        ({"type": 8, "recurrence": {"type": 2}}, "recurrence.weekly_days"),
        ({"type": 8, "recurrence": WEEKLY | {"weekly_days": "0,8"}}, "recurrence.weekly_days"),
        ({"type": 8, "recurrence": WEEKLY | {"repeat_interval": 13}}, "recurrence.repeat_interval"),
        ({"type": 8, "recurrence": WEEKLY | {"end_date_time": "2026-12-24T00:00:00Z"}}, "recurrence.end_times"),
        ({"type": 8, "recurrence": WEEKLY | {"end_times": -1}}, "recurrence.end_times"),
        ({"type": 8, "recurrence": WEEKLY | {"end_times": 51}}, "recurrence"),
        ({"type": 8, "recurrence": {"type": 1, "end_date_time": "2027-11-24T00:00:00Z"}}, "recurrence"),
        ({"type": 8, "recurrence": {"type": 1, "end_date_time": "2027-11-24"}}, "recurrence.end_date_time"),
        ({"type": 8, "recurrence": {"type": 1, "end_date_time": "2025-01-01T00:00:00Z"}}, "recurrence.end_date_time"),
        ({"type": 8, "recurrence": {"type": 3}}, "recurrence.monthly_day"),
        ({"type": 8, "recurrence": {"type": 3, "monthly_day": 1, "monthly_week": 1}}, "recurrence.monthly_day"),
    ],
)
def test_zoom_names_the_field_it_refuses(zoom: Bare, body, field):
    assert _fields(zoom.create(**body)) == [field]
    assert zoom.sandbox.meetings() == []


def test_a_body_that_is_no_object_is_refused(zoom: Bare):
    path = f"/users/{zoom.sandbox.host}/meetings"
    assert _said(zoom("POST", path, json=["Apel"]))[:2] == (400, 300)
    assert zoom("POST", path, data={"topic": "Apel"}).status_code == 415
    cut = zoom.sandbox.request("POST", f"/v2{path}", data='{"topic"', headers=zoom.headers | JSON_TYPE)
    assert _said(cut)[:2] == (400, 300)


def test_hosting_for_somebody_else_needs_a_privilege(zoom: Bare):
    assert _said(zoom.create(schedule_for=zoom.sandbox.account.basic_email))[:2] == (400, 300)


# Series


def test_a_weekday_series_skips_the_weekend(zoom: Bare):
    series = zoom.made(
        type=8, start_time="2026-11-26T08:00:00", timezone="Asia/Makassar", recurrence=WEEKLY | {"end_times": 4}
    )
    assert [start[:10] for start in _starts(series)] == ["2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"]
    assert {start[10:] for start in _starts(series)} == {"T00:00:00Z"}
    assert not {"start_time", "duration"} & set(series)
    stamps = [str(int(datetime.fromisoformat(start).timestamp() * 1000)) for start in _starts(series)]
    assert [row["occurrence_id"] for row in series["occurrences"]] == stamps


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ({"type": 1, "repeat_interval": 3, "end_times": 3}, ["11-24", "11-27", "11-30"]),
        ({"type": 1, "end_date_time": "2026-11-26T00:00:00Z"}, ["11-24", "11-25", "11-26"]),
        ({"type": 1}, ["11-24"]),
        ({"type": 2, "weekly_days": "1,3", "repeat_interval": 2, "end_times": 3}, ["11-24", "12-06", "12-08"]),
        ({"type": 2, "weekly_days": 2, "end_times": 2}, ["11-30", "12-07"]),
        ({"type": 3, "monthly_day": 31, "end_times": 2}, ["12-31", "01-31"]),
        ({"type": 3, "monthly_week": -1, "monthly_week_day": 6, "end_times": 2}, ["11-27", "12-25"]),
        ({"type": 3, "monthly_week": 1, "monthly_week_day": 2, "end_times": 2}, ["12-07", "01-04"]),
    ],
)
def test_rules_give_their_dates(zoom: Bare, rule, days):
    series = zoom.made(type=8, start_time="2026-11-24T00:00:00Z", timezone="UTC", recurrence=rule)
    assert [start[5:10] for start in _starts(series)] == days


def test_fifty_occurrences_are_the_most(zoom: Bare):
    series = zoom.made(type=8, start_time="2026-11-24T08:00:00", recurrence=WEEKLY | {"end_times": 50})
    assert len(series["occurrences"]) == 50


def test_a_cancelled_date_stays_as_deleted(zoom: Bare):
    series = zoom.made(type=8, start_time="2026-11-24T08:00:00", recurrence=WEEKLY)
    second = series["occurrences"][1]["occurrence_id"]
    assert zoom.delete(series, occurrence_id=second).status_code == 204
    statuses = [row["status"] for row in zoom.get(series)["occurrences"]]
    assert statuses == ["available", "deleted", "available", "available", "available"]
    assert _said(zoom.delete(series, occurrence_id="1")) == (400, 3000, "Invalid occurrence_id.")


def test_moving_one_date_keeps_its_id_and_changes_nothing_else(zoom: Bare):
    series = zoom.made(type=8, start_time="2026-11-24T08:00:00", recurrence=WEEKLY)
    first = series["occurrences"][0]["occurrence_id"]
    moved = {"start_time": "2026-11-24T09:00:00", "topic": "Lain", "settings": {"waiting_room": True, "use_pmi": True}}
    assert zoom.patch(series, moved, occurrence_id=first).status_code == 204
    after = zoom.get(series)
    assert after["topic"] == "Apel"
    assert (after["occurrences"][0]["occurrence_id"], _starts(after)[0]) == (first, "2026-11-24T01:00:00Z")
    assert _starts(after)[1:] == _starts(series)[1:]
    one = zoom.get(series, occurrence_id=first)
    assert (one["start_time"], one["settings"]["waiting_room"]) == ("2026-11-24T01:00:00Z", True)
    assert one["settings"]["use_pmi"] is False


def test_only_dates_ahead_are_shown_unless_asked(zoom: Bare):
    series = zoom.made(type=8, start_time="2026-11-24T08:00:00", recurrence=WEEKLY)
    zoom.sandbox.clock.forward(days=3, hours=2)
    zoom = Bare(zoom.sandbox)
    assert len(zoom.get(series)["occurrences"]) == 2
    assert len(zoom.get(series, show_previous_occurrences="true")["occurrences"]) == 5


def test_a_series_moves_only_with_its_rule(zoom: Bare):
    series = zoom.made(type=8, start_time="2026-11-24T08:00:00", recurrence=WEEKLY)
    assert _fields(zoom.patch(series, {"start_time": "2026-12-01T08:00:00"})) == ["recurrence"]
    assert _fields(zoom.patch(series, {"recurrence": WEEKLY})) == ["type"]
    assert zoom.patch(series, {"start_time": "2025-01-01T08:00:00", "duration": 20}).status_code == 204
    assert _starts(zoom.get(series)) == _starts(series)
    extended = {"type": 8, "start_time": "2026-12-01T08:00:00", "recurrence": WEEKLY | {"end_times": 9}}
    assert zoom.patch(series, extended).status_code == 204
    after = zoom.get(series)
    assert (len(_starts(after)), _starts(after)[0]) == (9, "2026-12-01T00:00:00Z")
    assert {row["duration"] for row in after["occurrences"]} == {20}


def test_a_single_meeting_becomes_a_series_and_back(zoom: Bare):
    meeting = zoom.made(start_time="2026-11-24T08:00:00")
    assert _fields(zoom.patch(meeting, {"type": 8})) == ["recurrence"]
    zoom.patch(meeting, {"type": 8, "recurrence": WEEKLY})
    assert len(zoom.get(meeting)["occurrences"]) == 5
    zoom.patch(meeting, {"type": 2})
    assert zoom.get(meeting)["start_time"] == "2026-11-24T00:00:00Z"


# Changing and deleting


def test_a_changed_passcode_changes_the_link(zoom: Bare):
    meeting = zoom.made()
    assert zoom.patch(meeting, {"topic": "Rapat", "start_time": "2026-11-25T08:00:00"}).status_code == 204
    same = zoom.get(meeting)
    assert (same["topic"], same["start_time"]) == ("Rapat", "2026-11-25T00:00:00Z")
    assert same["join_url"] == meeting["join_url"]
    zoom.patch(meeting, {"password": "baru-1"})
    assert zoom.get(meeting)["password"] == "baru-1"
    assert zoom.get(meeting)["join_url"] != meeting["join_url"]


def test_a_refused_change_changes_nothing(zoom: Bare):
    meeting = zoom.made()
    assert _fields(zoom.patch(meeting, {"topic": "Lain", "timezone": "WITA"})) == ["timezone"]
    assert zoom.get(meeting) == meeting


def test_a_deleted_meeting_is_gone_for_every_verb(zoom: Bare):
    meeting = zoom.made()
    gone = (404, 3001, f"Meeting does not exist: {meeting['id']}.")
    assert zoom.delete(meeting).status_code == 204
    assert _said(zoom.delete(meeting)) == gone
    assert _said(zoom.patch(meeting, {"topic": "x"})) == gone
    assert _said(zoom("GET", f"/meetings/{meeting['id']}")) == gone


def test_numbers_end_a_month_after_their_last_use(zoom: Bare):
    meeting = zoom.made()
    series = zoom.made(type=8, recurrence=WEEKLY)
    zoom.sandbox.clock.forward(days=40)
    zoom = Bare(zoom.sandbox)
    assert _said(zoom("GET", f"/meetings/{meeting['id']}"))[:2] == (404, 3001)
    assert [row["id"] for row in zoom.list().json()["meetings"]] == [series["id"]]


# Listing


def test_list_rows_are_short_and_carry_no_passcode(zoom: Bare):
    zoom.made(agenda="[sh:7f3c91] " + "x" * 400)
    [row] = zoom.list().json()["meetings"]
    assert len(row["agenda"]) == 250
    assert not {"password", "settings", "start_url"} & set(row)
    assert "pwd" not in row["join_url"]


def test_each_kind_of_list_has_its_meetings(zoom: Bare):
    soon = zoom.made(start_time="2026-11-23T09:00:00", duration=30)["id"]
    later = zoom.made(start_time="2026-11-30T09:00:00")["id"]
    open_ended = zoom.made(type=3)["id"]
    zoom.made(type=1)
    zoom.create(host=zoom.sandbox.account.basic_email)
    zoom.sandbox.clock.forward(days=1)
    zoom = Bare(zoom.sandbox)

    def listed(kind: str) -> set[int]:
        return {row["id"] for row in zoom.list(type=kind).json()["meetings"]}

    assert listed("upcoming") == listed("upcoming_meetings") == {later, open_ended}
    assert listed("previous_meetings") == {soon}
    assert listed("live") == set()
    assert listed("scheduled") == listed("NONSENSE") == {soon, later, open_ended}


def test_a_series_is_listed_with_its_next_date(zoom: Bare):
    zoom.made(type=8, start_time="2026-11-24T08:00:00", duration=30, recurrence=WEEKLY)
    zoom.sandbox.clock.forward(days=2)
    [row] = Bare(zoom.sandbox).list(type="upcoming").json()["meetings"]
    assert (row["start_time"], row["duration"]) == ("2026-11-25T00:00:00Z", 30)


def test_lists_can_be_limited_to_days(zoom: Bare):
    zoom.made(start_time="2026-11-24T08:00:00Z")
    inside = zoom.made(start_time="2026-11-25T08:00:00Z")["id"]
    rows = zoom.list(**{"from": "2026-11-25", "to": "2026-11-25"}).json()["meetings"]
    assert [row["id"] for row in rows] == [inside]


@pytest.mark.parametrize(("asked", "given"), [("999999", 300), ("abc", 30), ("-5", 30), ("0", 30), ("2", 2)])
def test_page_sizes_are_cut_in_silence(zoom: Bare, asked, given):
    assert zoom.list(page_size=asked).json()["page_size"] == given


def test_pages_follow_each_other_and_marks_grow_old(zoom: Bare):
    made = [zoom.made(start_time=f"2026-11-2{day}T08:00:00")["id"] for day in (4, 5, 6)]
    first = zoom.list(page_size=2).json()
    mark = first["next_page_token"]
    second = zoom.list(page_size=2, next_page_token=mark).json()
    assert [row["id"] for row in first["meetings"] + second["meetings"]] == made
    assert second["next_page_token"] == ""
    stale = (400, 300, "The next page token is invalid or expired.")
    assert _said(zoom.list(page_size=2, next_page_token="asing")) == stale
    assert _said(zoom.list(page_size=2, type="upcoming", next_page_token=mark)) == stale
    zoom.sandbox.clock.forward(minutes=15)
    assert _said(zoom.list(page_size=2, next_page_token=mark)) == stale


# Limits


def test_a_host_has_a_hundred_creates_and_changes_per_utc_day(zoom: Bare):
    meeting = zoom.made()
    for _ in range(99):
        assert zoom.patch(meeting, {"topic": "Rapat"}).status_code == 204
    reply = zoom.create()
    assert _said(reply)[:2] == (429, 429)
    assert "daily rate limit (100)" in reply.json()["message"]
    assert "Retry-After" not in reply.headers
    assert reply.headers["x-ratelimit-category"] == "Light"
    assert zoom.create(host=zoom.sandbox.account.basic_email).status_code == 201
    assert zoom.delete(meeting).status_code == 204
    zoom.sandbox.clock.forward(days=1)
    assert Bare(zoom.sandbox).create().status_code == 201


def test_calls_per_second_are_limited_by_label():
    with running_sandbox(light_per_second=2) as sandbox:
        zoom = Bare(sandbox)
        assert [zoom("GET", "/users/me").status_code for _ in range(3)] == [200, 200, 429]
        reply = zoom("GET", "/users/me")
        assert "per-second" in reply.json()["message"]
        assert reply.headers["X-RateLimit-Type"] == "QPS"
        assert zoom("GET", "/users").status_code == 200
        sandbox.clock.forward(seconds=1)
        assert zoom("GET", "/users/me").status_code == 200


def test_a_missing_scope_is_named_with_its_classic_twin():
    with running_sandbox(scopes="user:read:admin") as sandbox:
        status, code, message = _said(Bare(sandbox).create())
    assert (status, code) == (400, 4711)
    assert message.endswith("does not contain scopes:[meeting:write:meeting:admin, meeting:write:admin].")


# Around it


def test_every_answer_has_a_tracking_id(zoom: Bare):
    replies = [zoom("GET", "/users"), zoom("GET", "/users/siapa"), zoom("GET", "/apa/ini"), zoom.create(duration=0)]
    zoom.sandbox.fault("status", status=503)
    replies.append(zoom("GET", "/users"))
    ids = [reply.headers["x-zm-trackingid"] for reply in replies]
    assert len(set(ids)) == 5


def test_an_unknown_address_answers_2300(zoom: Bare):
    assert _said(zoom("GET", "/apa/ini")) == (404, 2300, "This API endpoint is not recognized.")


def test_the_join_page_says_that_it_is_not_zoom(zoom: Bare):
    meeting = zoom.made()
    path = meeting["join_url"].removeprefix(zoom.sandbox.server.origin)
    page = zoom.sandbox.request("GET", path)
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    for words in ("<h1>Zoom sandbox</h1>", "Ini bukan Zoom", "This is not Zoom", str(meeting["id"])):
        assert words in page.text
    zoom.delete(meeting)
    assert zoom.sandbox.request("GET", path).status_code == 404


def test_faults_come_in_order_and_as_often_as_asked(zoom: Bare):
    zoom.sandbox.fault("status", status=503, times=2)
    zoom.sandbox.fault("status", method="POST", status=500, performs=True)
    assert [zoom("GET", "/users").status_code for _ in range(3)] == [503, 503, 200]
    assert len(zoom.sandbox.request("GET", "/sandbox/faults").json()) == 1
    assert zoom.create().status_code == 500
    assert len(zoom.sandbox.meetings()) == 1
    assert zoom.sandbox.calls("GET /v2/users") == 3


def test_a_hanging_call_answers_in_the_end(zoom: Bare):
    zoom.sandbox.fault("hang", seconds=0.01)
    assert zoom.create().status_code == 201


def test_meetings_survive_a_restart(tmp_path):
    path, clock = tmp_path / "zoom.json", Clock()
    server = SandboxServer(create_sandbox(state_path=path, now=clock))
    sandbox = ZoomSandbox(server.start(), Account(), clock)
    meeting = Bare(sandbox).made(type=8, start_time="2026-11-24T08:00:00", recurrence=WEEKLY)
    port = server.port
    server.stop()
    assert json.loads(path.read_text())["writes"]

    again = SandboxServer(create_sandbox(state_path=path, now=clock), port=port)
    with again:
        assert Bare(ZoomSandbox(again, Account(), clock)).get(meeting) == meeting
    assert [file.name for file in tmp_path.iterdir()] == ["zoom.json"]


def test_without_a_path_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with running_sandbox() as sandbox:
        Bare(sandbox).made()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "localhost"])  # noqa: S104
def test_the_sandbox_listens_on_this_machine_only(host):
    with pytest.raises(ValueError, match=re.escape("127.0.0.1 only")):
        SandboxServer(create_sandbox(), host=host)


def test_another_name_for_this_machine_is_refused(zoom_sandbox: ZoomSandbox):
    reply = zoom_sandbox.request("GET", "/sandbox/meetings", headers={"Host": "jahat.example"})
    assert reply.status_code == 400


def test_a_taken_port_is_an_error_at_start(zoom_sandbox: ZoomSandbox):
    with pytest.raises(OSError, match="Address already in use"):
        SandboxServer(create_sandbox(), port=zoom_sandbox.server.port).start()


def test_stopping_twice_is_fine():
    server = SandboxServer(create_sandbox())
    server.stop()
    address = server.start().origin
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)


def test_the_clock_of_tests_starts_on_a_monday():
    assert MONDAY.weekday() == 0
    assert timedelta(0) == MONDAY.utcoffset()


def test_a_person_plays_the_other_side(zoom_sandbox: ZoomSandbox) -> None:
    recurrence = {"type": 2, "repeat_interval": 1, "weekly_days": "2,3,4", "end_times": 5}
    body = {"topic": "Apel <b>", "type": 8, "start_time": "2026-11-24T08:00:00", "timezone": "Asia/Makassar"}
    made = zoom_sandbox.client().create_meeting(zoom_sandbox.host, {**body, "recurrence": recurrence})
    here = f"/sandbox/play/{made['id']}"
    assert "Apel &lt;b&gt;" in zoom_sandbox.request("GET", "/sandbox/play").text
    before = zoom_sandbox.meetings()[0]
    for act in ("rename", "later", "passcode"):
        pressed = zoom_sandbox.request("POST", here, data={"act": act, "topic": "Lain"})
        assert (pressed.status_code, pressed.headers["location"]) == (303, "/sandbox/play")
    after = zoom_sandbox.meetings()[0]
    assert (after["topic"], after["join_url"] != before["join_url"]) == ("Lain", True)
    assert [row["start_time"][11:16] for row in after["occurrences"]] == ["01:00", "00:00", "00:00", "00:00", "00:00"]
    zoom_sandbox.request("POST", here, data={"act": "skip"})
    assert [row["status"] for row in zoom_sandbox.meetings()[0]["occurrences"]] == ["deleted"] + ["available"] * 4
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert zoom_sandbox.request("POST", here, data={"act": "delete"}, headers=elsewhere).status_code == 403
    for _twice in range(2):
        assert zoom_sandbox.request("POST", here, data={"act": "delete"}).status_code == 303
    assert zoom_sandbox.meetings() == []
    zoom_sandbox.request("POST", "/sandbox/play/down")
    with pytest.raises(ZoomUnavailable):
        zoom_sandbox.client().list_meetings(zoom_sandbox.host)
