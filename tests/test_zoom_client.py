"""Our client against the Zoom sandbox, over real HTTP."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import structlog
import zoom_server
from zoom_server import MONDAY, ZoomSandbox, running_sandbox

from staffhub.zoom.client import ZoomClient
from staffhub.zoom.errors import (
    ZoomError,
    ZoomMisconfigured,
    ZoomNotFound,
    ZoomRateLimited,
    ZoomRefused,
    ZoomScopeMissing,
    ZoomUnavailable,
    ZoomUnclear,
)
from staffhub.zoom.scopes import REQUIRED_SCOPES, missing_scopes
from staffhub.zoom.shapes import User

zoom_sandbox_server = zoom_server.zoom_sandbox_server
zoom_sandbox = zoom_server.zoom_sandbox

TOKEN = "POST /oauth/token"
HTML = "<html>Selamat datang di jaringan kantor</html>"
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
WEEKDAYS = {"type": 2, "weekly_days": "2,3,4,5,6", "end_times": 10}


def _payload(**overrides: Any) -> dict[str, Any]:
    usual = {"topic": "Apel pagi", "type": 2, "start_time": "2026-11-24T08:00:00", "timezone": "Asia/Makassar"}
    return usual | {"duration": 30} | overrides


def _series(**overrides: Any) -> dict[str, Any]:
    return _payload(type=8, recurrence=WEEKDAYS, **overrides)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def _patience(zoom: ZoomClient, fault: dict[str, Any]) -> Iterator[None]:
    """Wait briefly for an answer that never comes, and long for all others: a busy machine is no failure."""
    usual = zoom._seconds
    zoom._seconds = 0.2 if fault["kind"] == "hang" else usual
    yield
    zoom._seconds = usual


# Tokens


def test_building_a_client_touches_no_network(zoom_sandbox: ZoomSandbox):
    zoom_sandbox.client()
    assert zoom_sandbox.calls() == 0


def test_one_token_serves_many_calls(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    for _ in range(3):
        zoom.list_users()
    assert zoom_sandbox.calls(TOKEN) == 1


def test_a_token_is_renewed_five_minutes_before_its_end(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    zoom.list_users()
    zoom_sandbox.clock.forward(minutes=54)
    zoom.list_users()
    assert zoom_sandbox.calls(TOKEN) == 1
    zoom_sandbox.clock.forward(minutes=1)
    zoom.list_users()
    assert zoom_sandbox.calls(TOKEN) == 2


def test_a_token_shorter_than_the_margin_is_still_used(zoom_sandbox: ZoomSandbox):
    with running_sandbox(token_seconds=60) as sandbox:
        zoom = sandbox.client()
        zoom.list_users()
        zoom.list_users()
        assert sandbox.calls(TOKEN) == 1


def test_eight_threads_without_a_token_ask_for_one(zoom_sandbox: ZoomSandbox):
    zoom, together = zoom_sandbox.client(), Barrier(8)

    def call(_: int) -> list[User]:
        together.wait()
        return zoom.list_users()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(8)))
    assert zoom_sandbox.calls(TOKEN) == 1


def test_eight_threads_with_the_same_refused_token_renew_it_once():
    with running_sandbox(single_token=True) as sandbox:
        zoom, together = sandbox.client(), Barrier(8)
        zoom.list_users()
        # Another program of the same app takes a token, which ends ours.
        sandbox.client().list_users()
        before = sandbox.calls(TOKEN)

        def call(_: int) -> list[User]:
            together.wait()
            return zoom.list_users()

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(call, range(8)))
        assert sandbox.calls(TOKEN) == before + 1


def test_a_token_that_zoom_already_ended_is_renewed_and_the_call_repeated_once(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    zoom.list_users()
    body = {"code": 124, "message": "Access token is expired."}
    zoom_sandbox.fault("status", status=401, body=body)
    meeting = zoom.create_meeting(zoom_sandbox.host, _payload())
    assert [stored["id"] for stored in zoom_sandbox.meetings()] == [meeting["id"]]
    assert zoom_sandbox.calls(TOKEN) == 2


def test_a_forgotten_token_is_asked_for_again(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    zoom.list_users()
    zoom.refresh_token()
    zoom.list_users()
    assert zoom_sandbox.calls(TOKEN) == 2


def test_a_second_refusal_of_the_token_is_an_error(zoom_sandbox: ZoomSandbox):
    body = {"code": 124, "message": "Invalid access token."}
    zoom_sandbox.fault("status", status=401, body=body, times=9)
    with pytest.raises(ZoomMisconfigured) as caught:
        zoom_sandbox.client().list_users()
    assert (caught.value.code, caught.value.status) == (124, 401)
    assert zoom_sandbox.calls("GET /v2/users") == 2


def test_wrong_credentials_say_why(zoom_sandbox: ZoomSandbox):
    with pytest.raises(ZoomMisconfigured) as caught:
        zoom_sandbox.client(client_secret="salah").list_users()
    assert caught.value.reason == "Invalid client_id or client_secret"
    assert zoom_sandbox.calls("GET") == 0


def test_a_wrong_account_is_a_configuration_error(zoom_sandbox: ZoomSandbox):
    with pytest.raises(ZoomMisconfigured):
        zoom_sandbox.client(account_id="lain").list_users()


def test_a_switched_off_app_says_so(zoom_sandbox: ZoomSandbox):
    body = {"reason": "The app has been disabled by the developer", "error": "invalid_client"}
    zoom_sandbox.fault("status", path_prefix="/oauth/", status=400, body=body)
    with pytest.raises(ZoomMisconfigured, match="disabled by the developer"):
        zoom_sandbox.client().list_users()


def test_a_secret_outside_ascii_and_latin_1_arrives_whole():
    with running_sandbox(client_secret="rahasia-é-漢-🔑") as sandbox:
        assert sandbox.client().list_users()


def test_credentials_refused_in_xml_are_still_refused_credentials(zoom_sandbox: ZoomSandbox):
    zoom_sandbox.fault("status", path_prefix="/oauth/", status=400, body="<error>invalid_client</error>")
    with pytest.raises(ZoomMisconfigured):
        zoom_sandbox.client().list_users()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "garbage"},
        {"kind": "drop_after"},
        {"kind": "cut_body"},
        {"kind": "hang"},
        {"kind": "status", "status": 503, "body": HTML},
        {"kind": "status", "status": 200, "body": {"token_type": "bearer"}},
        {"kind": "status", "status": 200, "body": ["bukan objek"]},
        {"kind": "status", "status": 302, "headers": {"Location": "/login"}},
        {"kind": "status", "status": 407, "body": HTML},
    ],
)
def test_a_token_endpoint_that_makes_no_sense_means_zoom_is_unavailable(zoom_sandbox: ZoomSandbox, fault):
    zoom_sandbox.fault(path_prefix="/oauth/", **fault)
    with pytest.raises(ZoomUnavailable):
        zoom_sandbox.client(timeout=0.2).create_meeting(zoom_sandbox.host, _payload())
    assert zoom_sandbox.meetings() == []


def test_a_limited_token_endpoint_says_when_to_come_back(zoom_sandbox: ZoomSandbox):
    zoom_sandbox.fault("status", path_prefix="/oauth/", status=429, headers={"Retry-After": "30"})
    with pytest.raises(ZoomRateLimited) as caught:
        zoom_sandbox.client().list_users()
    assert caught.value.retry_at == MONDAY + timedelta(seconds=30)


def test_a_token_never_shows_in_text_or_log(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    with structlog.testing.capture_logs() as logs:
        meeting = zoom.create_meeting(zoom_sandbox.host, _payload(password="rahasia1"))
    said = repr(logs) + repr(zoom._token)
    for secret in (zoom.config["token"], zoom.config["client_secret"], meeting["password"], meeting["start_url"]):
        assert secret not in said
    assert all(entry["tracking_id"].startswith("v=2.0") for entry in logs)


# Scopes


def test_nothing_is_missing_when_the_app_has_every_scope(zoom_sandbox: ZoomSandbox):
    assert zoom_sandbox.client().missing_scopes() == []


def test_classic_scopes_allow_the_same():
    assert missing_scopes({"user:read:admin", "meeting:read:admin", "meeting:write:admin", "report:read:admin"}) == []
    assert missing_scopes([]) == list(REQUIRED_SCOPES)


def test_missing_scopes_are_named():
    with running_sandbox(scopes="user:read:admin meeting:read:admin") as sandbox:
        zoom = sandbox.client()
        assert zoom.missing_scopes() == [
            "meeting:write:meeting:admin",
            "meeting:update:meeting:admin",
            "meeting:delete:meeting:admin",
            "report:read:list_meeting_participants:admin",
        ]
        with pytest.raises(ZoomScopeMissing) as caught:
            zoom.create_meeting(sandbox.host, _payload())
    assert caught.value.scopes == ["meeting:write:meeting:admin", "meeting:write:admin"]
    assert caught.value.code == 4711


def test_after_a_missing_scope_the_next_call_takes_a_fresh_token(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    body = {"code": 104, "message": "Invalid access token, does not contain scopes:[user:read:admin]."}
    zoom_sandbox.fault("status", status=400, body=body)
    with pytest.raises(ZoomScopeMissing):
        zoom.list_users()
    zoom.list_users()
    assert zoom_sandbox.calls(TOKEN) == 2


# Meetings


def test_a_meeting_is_created_read_changed_and_deleted(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    meeting = zoom.create_meeting(zoom_sandbox.host, _payload())
    assert meeting["start_time"] == "2026-11-24T00:00:00Z"
    zoom.update_meeting(meeting["id"], {"topic": "Rapat bidang"})
    assert zoom.get_meeting(meeting["id"])["topic"] == "Rapat bidang"
    zoom.delete_meeting(meeting["id"])
    assert zoom_sandbox.meetings() == []


def test_deleting_twice_counts_as_deleted(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    meeting = zoom.create_meeting(zoom_sandbox.host, _payload())
    zoom.delete_meeting(meeting["id"])
    zoom.delete_meeting(meeting["id"])
    assert zoom_sandbox.calls("DELETE") == 2


def test_cancelling_one_date_leaves_the_series(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    series = zoom.create_meeting(zoom_sandbox.host, _series())
    zoom.delete_occurrence(series["id"], series["occurrences"][3]["occurrence_id"])
    rows = zoom.get_meeting(series["id"])["occurrences"]
    assert [row["status"] for row in rows].index("deleted") == 3
    assert len(rows) == 10


def test_changing_one_date_leaves_the_others(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    series = zoom.create_meeting(zoom_sandbox.host, _series())
    zoom.update_occurrence(series["id"], series["occurrences"][0]["occurrence_id"], {"duration": 55})
    assert [row["duration"] for row in zoom.get_meeting(series["id"])["occurrences"]] == [55] + [30] * 9


@pytest.mark.parametrize("nothing", ["", " ", None, ".."])
def test_a_missing_name_never_reaches_zoom(zoom_sandbox: ZoomSandbox, nothing):
    zoom = zoom_sandbox.client()
    series = zoom.create_meeting(zoom_sandbox.host, _series())
    for call in (
        lambda: zoom.delete_occurrence(series["id"], nothing),
        lambda: zoom.update_occurrence(series["id"], nothing, {"duration": 55}),
        lambda: zoom.delete_meeting(nothing),
        lambda: zoom.list_meetings(nothing),
    ):
        with pytest.raises(ValueError, match="names nothing"):
            call()
    assert len(zoom_sandbox.meetings()) == 1


def test_an_empty_change_is_our_own_mistake(zoom_sandbox: ZoomSandbox):
    with pytest.raises(ValueError, match="at least one field"):
        zoom_sandbox.client().update_meeting(1, {})


def test_names_are_quoted_in_the_path(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client()
    with pytest.raises(ZoomNotFound) as caught:
        zoom.get_user("a?b#c d@contoh.example")
    assert caught.value.message == "User does not exist: a?b#c d@contoh.example."


def test_long_lists_are_read_to_the_end(zoom_sandbox: ZoomSandbox, monkeypatch):
    monkeypatch.setattr("staffhub.zoom.client.PAGE_SIZE", 2)
    zoom = zoom_sandbox.client()
    made = {zoom.create_meeting(zoom_sandbox.host, _payload())["id"] for _ in range(5)}
    rows = zoom.list_meetings(zoom_sandbox.host)
    assert {row["id"] for row in rows} == made
    assert len(rows) == 5
    assert zoom_sandbox.calls("GET") == 3


def test_a_repeated_page_mark_ends_the_list(zoom_sandbox: ZoomSandbox):
    page = {"users": [{"id": "a"}], "next_page_token": "lagi"}
    zoom_sandbox.fault("status", status=200, body=page, times=50)
    assert len(zoom_sandbox.client().list_users()) == 2


# Refusals


def test_a_refused_create_names_the_fields(zoom_sandbox: ZoomSandbox):
    with pytest.raises(ZoomRefused) as caught:
        zoom_sandbox.client().create_meeting(zoom_sandbox.host, _payload(topic="x" * 201, timezone="Asia/Tarakan"))
    assert [field for field, _ in caught.value.fields] == ["topic", "timezone"]
    assert caught.value.message == "Validation Failed."
    assert (caught.value.code, caught.value.status) == (300, 400)
    assert caught.value.tracking_id


def test_an_unknown_user_is_not_found(zoom_sandbox: ZoomSandbox):
    with pytest.raises(ZoomNotFound) as caught:
        zoom_sandbox.client().create_meeting("siapa@contoh.example", _payload())
    assert caught.value.code == 1001


def test_an_unknown_meeting_is_not_found(zoom_sandbox: ZoomSandbox):
    with pytest.raises(ZoomNotFound) as caught:
        zoom_sandbox.client().get_meeting(81234567890)
    assert caught.value.message == "Meeting does not exist: 81234567890."


@pytest.mark.parametrize("body", [HTML, {"code": 2300, "message": "This API endpoint is not recognized."}, None])
def test_a_404_that_does_not_name_the_thing_proves_nothing(zoom_sandbox: ZoomSandbox, body):
    zoom = zoom_sandbox.client()
    zoom_sandbox.fault("status", status=404, body=body, times=2)
    with pytest.raises(ZoomUnavailable):
        zoom.get_meeting(81234567890)
    with pytest.raises(ZoomUnavailable):
        zoom.delete_meeting(81234567890)


def test_an_error_inside_a_200_is_a_refusal(zoom_sandbox: ZoomSandbox):
    zoom_sandbox.fault("status", status=200, body={"code": 300, "message": "The value is invalid."})
    with pytest.raises(ZoomRefused, match="The value is invalid"):
        zoom_sandbox.client().list_users()


def test_a_refusal_in_html_comes_from_something_in_between(zoom_sandbox: ZoomSandbox):
    zoom_sandbox.fault("status", status=403, body=HTML)
    with pytest.raises(ZoomUnavailable):
        zoom_sandbox.client().create_meeting(zoom_sandbox.host, _payload())


# Limits


PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."
ACCOUNT_DAILY = "You have reached the maximum daily rate limit for this API."
HOST_DAILY = "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted."
CONCURRENT = "Too many concurrent requests. A request to disassociate this user is in progress."
SOON = (MONDAY + timedelta(seconds=1), MONDAY + timedelta(seconds=2))


@pytest.mark.parametrize(
    ("message", "retry_after", "limit", "between"),
    [
        (PER_SECOND, None, "per_second", SOON),
        (ACCOUNT_DAILY, "2026-11-25T00:00:00Z", "account_daily", (MIDNIGHT + timedelta(days=1),) * 2),
        (ACCOUNT_DAILY, None, "account_daily", (MIDNIGHT, MIDNIGHT)),
        (HOST_DAILY, None, "host_daily", (MIDNIGHT, MIDNIGHT)),
        (CONCURRENT, None, "concurrent", SOON),
        ("Slow down.", None, "unknown", (MONDAY + timedelta(minutes=1),) * 2),
        ("Slow down.", "7", "unknown", (MONDAY + timedelta(seconds=7),) * 2),
        ("Slow down.", "Mon, 23 Nov 2026 00:00:09 GMT", "unknown", (MONDAY + timedelta(seconds=9),) * 2),
        ("Slow down.", "2026-11-22T00:00:00Z", "unknown", (MONDAY + timedelta(minutes=1),) * 2),
        ("Slow down.", "besok", "unknown", (MONDAY + timedelta(minutes=1),) * 2),
    ],
)
def test_each_limit_has_its_own_waiting_time(zoom_sandbox: ZoomSandbox, message, retry_after, limit, between):
    headers = {"Retry-After": retry_after} if retry_after else {}
    zoom_sandbox.fault("status", status=429, body={"code": 429, "message": message}, headers=headers)
    with pytest.raises(ZoomRateLimited) as caught:
        zoom_sandbox.client().create_meeting(zoom_sandbox.host, _payload())
    assert caught.value.limit == limit
    assert between[0] <= caught.value.retry_at <= between[1]
    assert zoom_sandbox.calls("POST /v2") == 1


def test_the_hosts_hundredth_change_of_the_day_is_the_last():
    with running_sandbox(writes_per_host_day=2) as sandbox:
        zoom = sandbox.client()
        meeting = zoom.create_meeting(sandbox.host, _payload())
        zoom.update_meeting(meeting["id"], {"topic": "Rapat"})
        with pytest.raises(ZoomRateLimited) as caught:
            zoom.create_meeting(sandbox.host, _payload())
        assert (caught.value.limit, caught.value.retry_at) == ("host_daily", MIDNIGHT)
        sandbox.clock.time = MIDNIGHT
        assert zoom.create_meeting(sandbox.host, _payload())


def test_too_many_calls_in_one_second_wait_for_the_next():
    with running_sandbox(medium_per_second=2) as sandbox:
        zoom = sandbox.client()
        zoom.list_users()
        zoom.list_users()
        with pytest.raises(ZoomRateLimited) as caught:
            zoom.list_users()
        sandbox.clock.time = caught.value.retry_at
        assert zoom.list_users()


# The network


UNCLEAR = [
    {"kind": "drop_after"},
    {"kind": "cut_body"},
    {"kind": "hang"},
    {"kind": "garbage"},
    {"kind": "status", "status": 500, "performs": True},
    {"kind": "status", "status": 504, "body": HTML, "performs": True},
    {"kind": "status", "status": 201, "performs": True},
    {"kind": "status", "status": 200, "body": {}, "performs": True},
]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_a_create_without_a_whole_answer_is_unclear_and_made_exactly_one_meeting(zoom_sandbox: ZoomSandbox, fault):
    zoom = zoom_sandbox.client()
    zoom.list_users()
    zoom_sandbox.fault(method="POST", **fault)
    with _patience(zoom, fault), pytest.raises(ZoomUnclear):
        zoom.create_meeting(zoom_sandbox.host, _payload(agenda="[sh:7f3c91] Apel"))
    [found] = zoom.list_meetings(zoom_sandbox.host)
    assert found["agenda"].startswith("[sh:7f3c91]")
    assert zoom_sandbox.calls("POST /v2") == 1


@pytest.mark.parametrize("call", ["get_meeting", "delete_meeting", "update_meeting"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after", "performs": False},
        {"kind": "hang", "performs": False},
        {"kind": "cut_body", "performs": False},
        {"kind": "garbage", "performs": False},
        {"kind": "status", "status": 503},
    ],
)
def test_anything_but_a_create_is_unavailable_and_can_be_repeated(zoom_sandbox: ZoomSandbox, call, fault):
    zoom = zoom_sandbox.client()
    meeting = zoom.create_meeting(zoom_sandbox.host, _payload())
    arguments = (meeting["id"], {"topic": "Rapat"}) if call == "update_meeting" else (meeting["id"],)
    zoom_sandbox.fault(**fault)
    with _patience(zoom, fault), pytest.raises(ZoomUnavailable):
        getattr(zoom, call)(*arguments)
    getattr(zoom, call)(*arguments)


def test_a_refused_connection_performed_nothing_for_certain(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client(base_uri=f"http://127.0.0.1:{_free_port()}/v2")
    with pytest.raises(ZoomUnavailable):
        zoom.create_meeting(zoom_sandbox.host, _payload())
    with pytest.raises(ZoomUnavailable):
        zoom.list_users()


def test_a_connection_that_never_comes_about_performed_nothing_for_certain(zoom_sandbox: ZoomSandbox):
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # A full queue of connections: the kernel leaves every further one without an answer.
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        zoom = zoom_sandbox.client(base_uri=f"http://127.0.0.1:{full.getsockname()[1]}/v2")
        zoom.missing_scopes()
        with _patience(zoom, {"kind": "hang"}), pytest.raises(ZoomUnavailable):
            zoom.create_meeting(zoom_sandbox.host, _payload())


def test_an_unreachable_token_endpoint_performed_nothing_for_certain(zoom_sandbox: ZoomSandbox):
    zoom = zoom_sandbox.client(oauth_uri=f"http://127.0.0.1:{_free_port()}/oauth/token")
    with pytest.raises(ZoomUnavailable):
        zoom.create_meeting(zoom_sandbox.host, _payload())


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("path_prefix", ["/v2/", "/oauth/"])
def test_a_redirect_is_never_followed(zoom_sandbox: ZoomSandbox, status, path_prefix):
    with running_sandbox() as elsewhere:
        location = {"Location": f"{elsewhere.server.base_uri}/users"}
        zoom_sandbox.fault("status", path_prefix=path_prefix, status=status, headers=location, times=2)
        zoom = zoom_sandbox.client()
        with pytest.raises(ZoomUnavailable):
            zoom.list_users()
        with pytest.raises(ZoomUnavailable):
            zoom.create_meeting(zoom_sandbox.host, _payload())
        assert elsewhere.calls() == 0


def test_the_token_goes_to_no_other_host(zoom_sandbox: ZoomSandbox):
    with running_sandbox() as elsewhere:
        zoom = zoom_sandbox.client()
        zoom.components["meeting"].base_uri = elsewhere.server.base_uri
        with pytest.raises(ZoomMisconfigured):
            zoom.list_users()
        assert elsewhere.calls() == 0


def test_credentials_never_travel_in_the_clear():
    with pytest.raises(ValueError, match="not https"):
        ZoomClient(account_id="a", client_id="b", client_secret="c", base_uri="http://api.zoom.us/v2")


@pytest.mark.parametrize(
    ("api_url", "base_uri"),
    [
        ("https://api-sg.zoom.us", "https://api-sg.zoom.us/v2"),
        ("https://api.zoom.us.contoh.example", "https://api.zoom.us/v2"),
        ("http://api-sg.zoom.us", "https://api.zoom.us/v2"),
        ("", "https://api.zoom.us/v2"),
    ],
)
def test_the_regional_host_is_used_when_it_is_zooms_own(zoom_sandbox: ZoomSandbox, api_url, base_uri):
    token = {"access_token": "t", "expires_in": 3600, "scope": "", "api_url": api_url}
    zoom_sandbox.fault("status", path_prefix="/oauth/", status=200, body=token)
    zoom = zoom_sandbox.client(base_uri="https://api.zoom.us/v2")
    zoom.missing_scopes()
    assert zoom.components["meeting"].base_uri == base_uri


def test_a_base_address_from_the_settings_stays(zoom_sandbox: ZoomSandbox):
    token = {"access_token": "t", "expires_in": 3600, "scope": "", "api_url": "https://api-sg.zoom.us"}
    zoom_sandbox.fault("status", path_prefix="/oauth/", status=200, body=token)
    zoom = zoom_sandbox.client()
    zoom.missing_scopes()
    assert zoom.components["meeting"].base_uri == zoom_sandbox.server.base_uri


def test_a_netrc_file_cannot_replace_our_token(zoom_sandbox: ZoomSandbox, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login orang password lain\n")
    monkeypatch.setenv("NETRC", str(netrc))
    zoom = zoom_sandbox.client()
    # Treat the sandbox like a server elsewhere: for those, requests reads the environment.
    monkeypatch.setattr("staffhub.zoom.client.LOOPBACK", set())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert zoom.list_users()


def test_every_error_is_a_zoom_error():
    kinds = [ZoomMisconfigured, ZoomRefused, ZoomNotFound, ZoomRateLimited, ZoomUnavailable, ZoomUnclear]
    assert all(issubclass(kind, ZoomError) for kind in kinds)
