"""What programs ask of the office, over HTTP: who may, once for each key, page by page, and every refusal in words."""

import json
import sqlite3
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from staffhub.models import ApiAnswer, ApiToken, Office, RequestEvent, ServiceRequest, StoredDay, TokenScope
from staffhub.routes.api import requests as calls
from staffhub.routes.api import shapes
from staffhub.security import answers, tokens
from tests.conftest import MORNING, TODAY, World, count_queries, race

ALL = tuple(TokenScope)


def secret_for(world: World, *scopes: TokenScope, name: str = "Aplikasi Contoh") -> str:
    adi = world.viewer("adi")
    with world.database.transaction() as db:
        return tokens.make(db, adi, name=name, scopes=scopes or ALL, last_day=None, now=MORNING).secret


def program(world: World, *scopes: TokenScope, name: str = "Aplikasi Contoh", **headers: str) -> TestClient:
    client = TestClient(world.app, raise_server_exceptions=False)
    client.headers |= {
        "Authorization": f"Bearer {secret_for(world, *scopes, name=name)}",
        "Accept-Language": "id",
    } | headers
    world.clients.append(client)
    return client


def _wish(**facts: Any) -> dict[str, Any]:
    return {"service_type": "family_card", "applicant": "Novi T.", "phone": "081234564471"} | facts


def _send(client: TestClient, wish: dict[str, Any] | None = None, key: str = "") -> httpx2.Response:
    return client.post("/api/v1/requests", json=wish or _wish(), headers={"Idempotency-Key": key or str(uuid4())})


def _is_problem(answer: httpx2.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (told["type"], told["status"]) == (f"urn:staffhub:problem:{kind}", status)
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


def _steps(client: TestClient, name: object, **wish: Any) -> httpx2.Response:
    headers = wish.pop("headers", {})
    return client.post(f"/api/v1/requests/{name}/steps", json=wish, headers=headers)


def test_a_request_is_taken_in_and_said_the_same_when_it_comes_again(world: World) -> None:
    client, key = program(world), str(uuid4())
    first = _send(client, _wish(note="Lewat aplikasi"), key)
    assert first.status_code == 201, first.text
    told = first.json()
    assert (told["number"], told["state"], told["phone"]) == ("PM-2611-0001", "new", "08xx-xxxx-4471")
    assert told["steps"][0]["by"] == {"kind": "program", "id": None, "name": "Aplikasi Contoh"}
    assert told["steps"][0]["note"] == "Lewat aplikasi"
    assert first.headers["location"] == f"/api/v1/requests/{told['id']}"
    assert _steps(client, told["id"], state="checking", version=1).status_code == 200
    again = _send(client, _wish(note="Lewat aplikasi"), key)
    assert (again.status_code, again.text, again.headers["etag"]) == (201, first.text, first.headers["etag"])
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    for other in (_wish(applicant="Ibu A."), _wish(note="Lain"), _wish(phone=None)):
        _is_problem(_send(client, other, key), 409, "key-reused")
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ServiceRequest)) == 1


def test_a_key_belongs_to_its_program_and_is_no_key_of_a_form(world: World) -> None:
    one, two, key = program(world), program(world, name="Program lain"), str(uuid4())
    numbers = [_send(client, _wish(applicant="Ibu B."), key).json()["number"] for client in (one, two)]
    form = _wish(applicant="Ibu B.", channel="counter", idempotency_key=key)
    assert world.client("ben").post("/requests", data=form).status_code == 303
    assert numbers == ["PM-2611-0001", "PM-2611-0002"]
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ServiceRequest)) == 3


def test_after_a_week_an_answer_is_forgotten_and_the_request_still_taken_in_once(world: World) -> None:
    client, key = program(world), str(uuid4())
    first = _send(client, key=key).json()
    assert _steps(client, first["number"], state="checking", version=1).status_code == 200
    with world.database.transaction() as db:
        answers.forget_answers(db, now=MORNING + answers.KEPT_FOR)
        assert db.scalar(sa.select(sa.func.count()).select_from(ApiAnswer)) == 0
    again = _send(client, key=key)
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (201, first["id"], "checking")


def test_of_two_calls_at_once_with_one_key_the_second_is_told_what_the_first_was(world: World) -> None:
    secret, key = secret_for(world), str(uuid4())
    client = world.client(Authorization=f"Bearer {secret}")
    with world.database.reading() as db:
        caller = tokens.bearer(db, secret, now=MORNING).viewer

    def first(db: Session) -> None:
        calls.take_in_request(db, caller, MORNING, shapes.NewRequest(**_wish()), key)

    second = race(world.database, first, lambda: _send(client, key=key))
    assert (second.status_code, second.headers["idempotent-replayed"]) == (201, "true")
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ServiceRequest)) == 1


def test_a_nik_is_refused_with_the_reason_wherever_it_stands(world: World) -> None:
    client = program(world)
    for field in ("applicant", "note", "siak_reference"):
        told = _is_problem(_send(client, _wish(**{field: "7107014505900001"})), 422, "invalid")
        (flaw,) = told["errors"]
        assert (flaw["place"], flaw["pointer"]) == ("body", f"/{field}")
        assert "NIK" in flaw["detail"]
    taken = _send(client).json()
    told = _is_problem(
        _steps(client, taken["id"], state="checking", version=1, note="7107014505900001"), 422, "invalid"
    )
    assert told["errors"][0]["pointer"] == "/note"


def test_a_step_is_taken_only_over_what_was_seen(world: World) -> None:
    client = program(world)
    taken = _send(client)
    name, tag = taken.json()["number"], taken.headers["etag"]
    _is_problem(_steps(client, name, state="checking"), 428, "condition-needed")
    _is_problem(_steps(client, name, state="checking", version=2), 409, "conflict")
    _is_problem(_steps(client, name, state="checking", headers={"If-Match": '"9-x"'}), 412, "changed-meanwhile")
    done = _steps(client, name, state="checking", note="Mulai", headers={"If-Match": f'"9-x", {tag}'})
    assert (done.status_code, done.json()["state"], done.json()["version"]) == (200, "checking", 2)
    assert done.json()["steps"][-1]["by"]["name"] == "Aplikasi Contoh"
    _is_problem(_steps(client, name, state="checking", headers={"If-Match": tag}), 412, "changed-meanwhile")
    _is_problem(_steps(client, name, state="done", version=2), 409, "conflict")
    _is_problem(_steps(client, "PM-2611-9999", state="done", version=2), 404, "not-found")
    assert _steps(client, name, state="cancelled", headers={"If-Match": "*"}).json()["closed_at"]


def test_whoever_has_the_request_as_it_stands_is_told_so_and_no_more(world: World) -> None:
    client = program(world)
    taken = _send(client)
    address, tag = taken.headers["location"], taken.headers["etag"]
    for given in (tag, f'"other", W/{tag}', "*"):
        same = client.get(address, headers={"If-None-Match": given})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert _steps(client, taken.json()["id"], state="checking", version=1).status_code == 200
    assert client.get(address, headers={"If-None-Match": tag}).json()["state"] == "checking"
    assert client.head(address).headers["etag"] != tag


def test_pages_go_on_where_the_one_before_ended_whatever_comes_in_meanwhile(world: World) -> None:
    client = program(world)
    for n in range(5):
        _send(client, _wish(applicant=f"Ibu {n}", service_type="ektp_recording" if n == 3 else "family_card"))
    first = client.get("/api/v1/requests?limit=2")
    _send(client, _wish(applicant="Baru"))
    assert first.headers["link"] == f'</api/v1/requests?limit=2&cursor={first.json()["next"]}>; rel="next"'
    second = client.get(first.links["next"]["url"]).json()
    third = client.get("/api/v1/requests", params={"limit": 2, "cursor": second["next"]})
    seen = [row["applicant"] for page in (first.json(), second, third.json()) for row in page["items"]]
    assert seen == ["Ibu 4", "Ibu 3", "Ibu 2", "Ibu 1", "Ibu 0"]
    assert third.json()["next"] is None
    assert "link" not in third.headers

    def named(**asked: object) -> list[str]:
        found = client.get("/api/v1/requests", params=asked).json()["items"]
        return [row["applicant"] for row in found]

    assert named(state="deferred") == named(service_type="ektp_recording") == ["Ibu 3"]
    assert named(open="false") == named(since="2026-11-24") == named(officer=1) == named(service_type="none") == []
    assert len(named(open="true", since="2026-11-23")) == 6
    _is_problem(client.get("/api/v1/requests?cursor=A!"), 422, "invalid")


def test_who_serves_is_told_and_numbers_only_where_they_are_asked_for_by_name(world: World) -> None:
    plain = program(world, TokenScope.OFFICERS_READ)
    page = plain.get("/api/v1/officers?limit=3").json()
    assert [(one["name"], one["number"]) for one in page["items"]][:2] == [("Dewi Ondang", None), ("Ana Kaunang", None)]
    rest = plain.get("/api/v1/officers", params={"cursor": page["next"]}).json()
    assert [one["name"] for one in rest["items"]][-1] == "Adi Walangitan"
    assert rest["next"] is None
    assert plain.get("/api/v1/officers?on=2019-12-31").json()["items"] == []
    full = program(world, TokenScope.OFFICERS_READ, TokenScope.OFFICERS_NUMBERS, name="Kepegawaian")
    assert full.get("/api/v1/officers").json()["items"][0]["number"] == "000000000000000001"


def test_days_that_are_over_are_told_without_a_note(world: World) -> None:
    client, ben = program(world, TokenScope.ATTENDANCE_READ), world.viewer("ben")
    with world.database.transaction() as db:
        for back in (1, 2, 3):
            for officer in (ben.officer_id, 2):
                day = TODAY - timedelta(days=back)
                db.execute(sa.insert(StoredDay).values(_day(ben.office_id, officer or 0, day)))
    first = client.get("/api/v1/attendance?limit=4").json()
    second = client.get("/api/v1/attendance", params={"cursor": first["next"]}).json()
    told = [(one["date"], one["officer_id"]) for one in first["items"] + second["items"]]
    assert told == [(f"2026-11-{day}", officer) for day in (20, 21, 22) for officer in (2, ben.officer_id)]
    assert second["next"] is None
    assert first["items"][0]["first"] == "2026-11-20T07:12:00+08:00"
    assert "anak sakit" not in client.get("/api/v1/attendance").text
    mine = client.get(
        "/api/v1/attendance", params={"officer": ben.officer_id, "first": "2026-11-21", "last": "2026-11-21"}
    )
    assert [one["date"] for one in mine.json()["items"]] == ["2026-11-21"]


def _day(office_id: int, officer_id: int, day: date) -> dict[str, Any]:
    at = datetime.combine(day, time(7, 12), tzinfo=ZoneInfo("Asia/Makassar"))
    return {
        "office_id": office_id, "officer_id": officer_id, "date": day, "state": "present", "code": "H", "first": at,
        "note": "anak sakit", "worked": 480, "late": 0, "early": 0, "findings": [], "needs_person": False,
        "corrected": False, "counted": True, "rules": [], "facts_hash": "-", "computed_at": MORNING,
    }  # fmt: skip


def test_another_office_is_not_there(world: World) -> None:
    client = program(world)
    taken = _send(client).json()
    with world.database.transaction() as db:
        other = db.scalars(sa.select(Office.id).where(Office.name == "Disdukcapil Kabupaten Lain")).one()
        # The same token of the other office: nothing else about it differs.
        db.execute(sa.update(ApiToken).values(office_id=other))
    for address in ("/api/v1/requests", "/api/v1/attendance"):
        assert client.get(address).json()["items"] == []
    assert [one["name"] for one in client.get("/api/v1/officers").json()["items"]] == ["Oka Lain"]
    for name in (taken["id"], taken["number"]):
        _is_problem(client.get(f"/api/v1/requests/{name}"), 404, "not-found")
        _is_problem(_steps(client, name, state="checking", version=1), 404, "not-found")


NEEDS = {
    ("GET", "/api/v1/requests"): TokenScope.REQUESTS_READ,
    ("GET", "/api/v1/requests/{name}"): TokenScope.REQUESTS_READ,
    ("POST", "/api/v1/requests"): TokenScope.REQUESTS_WRITE,
    ("POST", "/api/v1/requests/{name}/steps"): TokenScope.REQUESTS_WRITE,
    ("GET", "/api/v1/officers"): TokenScope.OFFICERS_READ,
    ("GET", "/api/v1/attendance"): TokenScope.ATTENDANCE_READ,
    ("GET", "/api/v1/service-types"): None,
}


def _routes(world: World) -> set[tuple[str, str]]:
    found = [route for route in world.app.routes if getattr(route, "path", "").startswith("/api/")]
    return {(next(iter(route.methods - {"HEAD"})), route.path) for route in found}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_call_needs_a_token_and_no_cookie_counts(world: World) -> None:
    assert _routes(world) == set(NEEDS) | {("GET", "/api/v1/openapi.json")}
    ben, bare = world.client("ben"), world.client()
    good = secret_for(world)
    wrong = ("", "Basic YTpi", "Bearer", "Bearer ", "Bearer x", f"Bearer {good}x", f"Token {good}")
    for method, path in NEEDS:
        address = path.format(name=1)
        for client, given in ((ben, ""), *((bare, one) for one in wrong)):
            headers = {"Authorization": given} if given else {}
            answer = client.request(method, address, json={"x": 1} if method == "POST" else None, headers=headers)
            told = _is_problem(answer, 401, "token-refused" if given else "token-needed")
            assert answer.headers["www-authenticate"].startswith('Bearer realm="StaffHub"'), told
    assert bare.get("/api/v1/openapi.json").json()["openapi"] == "3.1.0"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_call_names_the_scope_that_is_lacking_before_it_says_anything_else(world: World) -> None:
    for number, (need, lacks) in enumerate((scope, set(TokenScope) - {scope}) for scope in {*NEEDS.values()} if scope):
        client = program(world, *sorted(lacks), name=f"Program {number}")
        for (method, path), scope in NEEDS.items():
            answer = client.request(method, path.format(name=1), json={"x": 1} if method == "POST" else None)
            if scope is not need:
                assert answer.status_code != 403, (method, path)
                continue
            told = _is_problem(answer, 403, "missing-scope")
            assert told["scope"] == need
            assert f'error="insufficient_scope", scope="{need}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_cannot_be_taken_is_refused_as_what_it_is(world: World) -> None:
    client, key = program(world, **{"Accept-Language": "en-GB,en;q=0.9"}), {"Idempotency-Key": str(uuid4())}

    def post(content: bytes, kind: str = "application/json") -> httpx2.Response:
        return client.post("/api/v1/requests", content=content, headers={"Content-Type": kind} | key)

    _is_problem(post(b"{"), 400, "unreadable")
    _is_problem(post(b"\xff"), 400, "unreadable")
    _is_problem(post(b"[" * 60_000), 400, "unreadable")
    _is_problem(post(b"{}", "text/plain"), 415, "wrong-media-type")
    _is_problem(post(b" " * 70_000), 413, "too-large")
    told = _is_problem(post(json.dumps(_wish(nik="x", urgent_why=1)).encode()), 422, "invalid")
    assert {(flaw["pointer"], flaw["detail"]) for flaw in told["errors"]} == {
        ("/nik", "There is no such field."),
        ("/urgent_why", "Write a text."),
    }
    for odd in ("a\x00b", "\ud800", " x", "", "x" * 61, None, 5, "a\nb"):
        assert post(json.dumps(_wish(applicant=odd)).encode()).status_code == 422, odd
    assert post(json.dumps(_wish() | {"\ud800": 1}).encode()).status_code == 422
    _is_problem(_send(client, _wish(service_type="none")), 422, "invalid")
    _is_problem(client.post("/api/v1/requests", json=_wish()), 400, "key-needed")
    _is_problem(_send(client, key="short"), 422, "invalid")
    for missing in ("/api/v1/nothing", "/api/v1/requests/0", "/api/v1/requests/x", "/api/v1/requests/99"):
        _is_problem(client.get(missing), 404, "not-found")
    refused = client.put("/api/v1/requests", json={})
    _is_problem(refused, 405, "wrong-method")
    assert refused.headers["allow"] == "GET, HEAD, POST"
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(RequestEvent)) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_browser_of_another_site_may_send_as_it_likes_and_has_no_token(world: World) -> None:
    client = program(world, **{"Sec-Fetch-Site": "cross-site", "Origin": "https://aplikasi.example"})
    assert _send(client).status_code == 201
    assert "access-control-allow-origin" not in client.get("/api/v1/requests").headers


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_secret_is_in_no_line_of_the_log_and_its_use_is_noted(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = secret_for(world)
    client = world.client(Authorization=f"Bearer {secret}")
    for address in ("/api/v1/requests", "/api/v1/requests/99", "/api/v1/nothing", "/api/v1/requests?limit=x"):
        client.get(address)
    _send(client)
    told = capfd.readouterr()
    assert "/api/v1/requests" in told.err + told.out
    assert secret not in told.err + told.out
    with world.database.reading() as db:
        assert db.scalar(sa.select(ApiToken.used_at)) == MORNING


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_is_away_and_a_rush_are_told_as_problems(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = program(world)

    def away(*_asked: object, **_more: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(tokens, "bearer", away)
        answer = _send(client)
        _is_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "5"

    def broken(*_asked: object, **_more: object) -> None:
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as patch:
        patch.setattr(tokens, "bearer", broken)
        _is_problem(_send(client), 500, "fault")
    door = world.app.state.door
    door.calls.turns, door.calls.patience = 0, 0
    answer = client.get("/api/v1/requests")
    _is_problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert world.client("ben").get("/account").status_code == 200, "people come in all the same"


def test_a_call_is_few_statements(world: World) -> None:
    client = program(world)
    taken = _send(client).json()
    for address, most in (("requests", 2), (f"requests/{taken['id']}", 3), ("officers", 2), ("attendance", 2)):
        with count_queries(world.database) as seen:
            assert client.get(f"/api/v1/{address}").status_code == 200
        assert len(seen) <= most, (address, seen)
    with count_queries(world.database) as seen:
        assert _send(client).status_code == 201
    assert len(seen) <= 14, seen
