"""What every request passes: headers, refusal of cross-site writes, ids and the log."""

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from staffhub.app import create_app
from staffhub.settings import Settings
from tests.conftest import PASSWORD, World
from tests.live import browser, serving
from tests.test_access import CALLS, WHO, _routes

# None of this asks the database anything that differs between the two.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def test_a_real_server_answers_head_and_a_body_that_is_too_large(settings: Settings) -> None:
    app = create_app(settings, ticking=False)
    with serving(app) as address, browser(address) as client:
        page = client.get("/login")
        for _twice in range(2):  # on one connection: the answer has no body that would run into the next
            head = client.head("/login")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-type"] == page.headers["content-type"]
        answer = client.post("/login", data={f"a{n}": "a" * 900_000 for n in range(8)})
        assert (answer.status_code, "5 MB" in answer.text) == (413, True)
        assert client.get("/login").status_code == 200


@pytest.fixture
def broken(world: World) -> World:
    """The app with one address that fails while holding what nobody else may read."""

    def fail(name: str = "") -> None:
        secret_of_a_person = f"Ibu Rahasia {name}"
        raise ValueError(secret_of_a_person)

    world.app.add_api_route("/broken/{name}", fail, methods=["GET", "POST"])
    return world


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_every_answer_carries_the_headers(broken: World) -> None:
    client = broken.client("ben")
    style = re.search(r'href="(/static/app\.css[^"]*)"', client.get("/login").text)
    assert style
    board = client.get("/board")
    answers = {
        "page": board,
        "redirect": broken.client().get("/"),
        "unchanged": client.get("/board", headers={"If-None-Match": board.headers["etag"]}),
        "static": client.get(style[1]),
        "static unchanged": client.get(style[1], headers={"If-None-Match": client.get(style[1]).headers["etag"]}),
        "no such file": client.get("/static/none.css"),
        "not found": client.get("/none"),
        "wrong method": client.get("/logout"),
        "cross-site": client.post("/logout", headers={"Sec-Fetch-Site": "cross-site"}),
        "refused": client.post("/presence/check-in", data={}),
        "health": client.get("/healthz"),
        "broken": client.get("/broken/x"),
    }
    statuses = [answer.status_code for answer in answers.values()]
    assert statuses == [200, 303, 304, 200, 304, 404, 404, 405, 403, 422, 200, 500]
    for what, answer in answers.items():
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (what, name)
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"]), what
        assert "strict-transport-security" not in answer.headers, "plain http: it would lock the office out"
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", what
        assert policy["form-action"] == policy["style-src"] == "'self'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert re.fullmatch(r"'self' https://\S+\.js", policy["script-src"]), "one file, not a whole host"
        kept = answer.headers["cache-control"]
        assert kept.startswith("public") if what.startswith("static") else "public" not in kept, what


def test_https_says_so_for_a_year(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"base_url": "https://kantor.example"}), ticking=False)
    with TestClient(app) as client:
        kept = client.get("/healthz").headers["strict-transport-security"]
    assert kept == "max-age=31536000; includeSubDomains"


FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://testserver@evil.example"},
    {"Origin": "http://testserver:8080"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://[::1"},
    {"Origin": "http://evil.example", "Host": "testserver"},
    {},
)


def test_a_write_that_another_site_started_is_refused_at_every_address(world: World) -> None:
    token = world.token("ben")
    client = TestClient(world.app, follow_redirects=False, raise_server_exceptions=False)
    client.cookies.set("staffhub_session", token)
    world.clients.append(client)
    paths = {path for method, path in WHO if method == "POST"} | {
        "/login",
        "/status",
        "/webhooks/zoom",
        "/join/{token}",
    }
    there = {route.path for route in _routes(world.app) if "POST" in route.methods}
    assert paths == {path for path in there if not path.startswith(CALLS)}
    for path in paths:
        address = re.sub(r"\{\w+\}", "1", path)
        for headers in FOREIGN:
            assert client.post(address, data={}, headers=headers).status_code == 403, (path, headers)
    assert client.get("/account").status_code == 200, "and the session that was used without its owner goes on"


def test_our_own_forms_pass_by_either_header(world: World) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://testserver"}):
        client = TestClient(world.app, follow_redirects=False)
        client.cookies.set("staffhub_session", world.token("ben"))
        world.clients.append(client)
        assert client.post("/logout", headers=headers).headers["location"] == "/login"


def test_a_program_without_cookies_may_sign_in_without_such_headers(world: World) -> None:
    client = TestClient(world.app, follow_redirects=False)
    world.clients.append(client)
    answer = client.post("/login", data={"username": "ben", "password": PASSWORD})
    assert answer.status_code == 303


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_refused_and_never_reach_a_page(world: World, method: str) -> None:
    client = world.client("ben")
    assert client.request(method, "/account").status_code == 405
    assert client.request(method, "/account", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_head_answers_as_get_without_the_page_and_options_tells_what_there_is(world: World) -> None:
    client = world.client("ben")
    page, head = client.get("/account"), client.head("/account")
    assert (head.status_code, head.text) == (200, "")
    assert head.headers["content-type"] == page.headers["content-type"]
    assert client.head("/healthz").status_code == 200
    assert client.head("/logout").status_code == 405
    assert world.client().head("/account").status_code == 303
    options = client.options("/account")
    assert (options.status_code, options.headers["allow"]) == (405, "GET")


def test_a_body_of_more_than_six_megabytes_is_refused_with_a_page(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    client = world.client("hana")
    large = b"text=" + b"a" * (6 * 1024 * 1024)
    for path in ("/login", "/people", "/worklog", "/logout"):
        answer = client.post(path, content=large, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert (answer.status_code, "5 MB" in answer.text) == (413, True), path
        assert answer.headers["x-request-id"]
    assert "unhandled_error" not in capsys.readouterr().err
    assert client.get("/account").status_code == 200


def test_a_body_that_hides_its_length_is_refused_all_the_same(world: World) -> None:
    def stream() -> Any:
        for _n in range(7):
            yield b"a" * 1024 * 1024

    answer = world.client().post(
        "/login", content=stream(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413


def test_a_form_of_too_many_fields_is_refused(world: World) -> None:
    body = "&".join(f"a{n}=1" for n in range(500))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert world.client("ben").post("/worklog", content=body, headers=headers).status_code == 400


def test_a_request_keeps_a_harmless_id_and_gets_its_own_instead_of_any_other(world: World) -> None:
    client = world.client()
    assert client.get("/healthz", headers={"X-Request-Id": "abc-12345678"}).headers["x-request-id"] == "abc-12345678"
    for bad in ("short", "a" * 33, "<script>alert(1)", "a b c d e f g h", '{"level":"error"}'):
        given = client.get("/healthz", headers={"X-Request-Id": bad}).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{16}", given)


def test_a_log_line_holds_no_address_as_asked_no_name_and_no_secret(
    broken: World, capsys: pytest.CaptureFixture[str]
) -> None:
    client = broken.client("ben", **{"X-Request-Id": "event-12345678"})
    token = client.cookies["staffhub_session"]
    client.get("/requests?q=Novi+0812345678")
    client.post("/login", data={"username": "Novi Tewu", "password": "sandi-Novi-0812345678"})
    client.get("/none/Novi")
    client.get("/broken/Novi")
    client.get("/attendance/4711/2026-11-23")
    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    asked = [line for line in lines if line["event"] == "request"]
    routes = ["/requests", "/login", "-", "/broken/{name}", "/attendance/{officer_id}/{day}"]
    assert [line["route"] for line in asked] == routes
    assert [line["status"] for line in asked] == [200, 422, 404, 500, 404]
    assert {line["request_id"] for line in asked} == {"event-12345678"}
    for secret in ("Novi", "0812345678", "sandi", "Rahasia", "4711", "127.0.0.1", "Ben", token, PASSWORD):
        assert secret not in written, secret


def test_an_error_is_logged_with_where_it_broke_but_not_what_was_in_hand(
    broken: World, capsys: pytest.CaptureFixture[str]
) -> None:
    broken.client().get("/broken/Novi")
    problem = next(line for line in _lines(capsys) if line["event"] == "unhandled_error")
    raised = problem["exception"][-1]
    assert raised["exc_type"] == "ValueError"
    assert raised["frames"][-1]["name"] == "fail"
    assert not raised["exc_value"]
    assert all("locals" not in frame or frame["locals"] is None for frame in raised["frames"])


@pytest.mark.parametrize(
    ("locale", "words"), [("id", "Halaman ini sedang tidak bisa dibuka"), ("en", "Something went wrong on our side")]
)
def test_the_page_of_an_error_is_in_the_readers_language_and_tells_only_its_code(
    broken: World, locale: str, words: str
) -> None:
    for client in (broken.client(), broken.client("ben")):
        client.cookies.set("staffhub_locale", locale)
        answer = client.get("/broken/Novi")
        assert answer.status_code == 500
        assert answer.headers["x-request-id"] in answer.text
        assert f'lang="{locale}"' in answer.text
        assert words in answer.text
        for leak in ("Traceback", "ValueError", "Rahasia", ".py", "Novi"):
            assert leak not in answer.text


def test_a_fragment_hears_of_an_error_among_the_toasts(broken: World) -> None:
    answer = broken.client("ben").post("/broken/x", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-retarget"]) == (500, "#toasts")
    assert "<html" not in answer.text
