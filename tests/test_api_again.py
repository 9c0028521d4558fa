"""A step that a program sends again, and a program that calls too often."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import Request
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from staffhub.errors import TooMany
from staffhub.models import RequestEvent, RequestState
from staffhub.routes.api import requests as calls
from staffhub.routes.api import shapes
from staffhub.security import answers, tokens
from staffhub.security.pace import Pace
from tests.conftest import MORNING, World, count_queries, race
from tests.test_api import _is_problem, _send, program, secret_for


def _step(client: TestClient, name: object, key: str = "", **wish: Any) -> httpx2.Response:
    headers = wish.pop("headers", {}) | ({"Idempotency-Key": key} if key else {})
    return client.post(f"/api/v1/requests/{name}/steps", json=wish, headers=headers)


def _steps_stored(world: World) -> int:
    with world.database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(RequestEvent)) or 0


def test_a_step_that_comes_again_with_its_key_is_answered_as_the_first_time(world: World) -> None:
    client, key = program(world), str(uuid4())
    taken = _send(client)
    name = taken.json()["number"]
    first = _step(client, name, key, state="checking", version=1, note="Mulai")
    assert (first.status_code, first.json()["state"]) == (200, "checking")
    assert "idempotent-replayed" not in first.headers
    assert _step(client, name, state="signing", version=2).status_code == 200, "somebody moves it on meanwhile"
    again = _step(client, name, key, state="checking", version=1, note="Mulai")
    assert (again.status_code, again.text, again.headers["etag"]) == (200, first.text, first.headers["etag"])
    assert again.headers["idempotent-replayed"] == "true"
    assert _steps_stored(world) == 3
    _is_problem(_step(client, name, state="checking", version=1, note="Mulai"), 409, "conflict")


def test_a_key_of_a_step_with_anything_else_is_refused_by_name(world: World) -> None:
    client, key, taken_key = program(world), str(uuid4()), str(uuid4())
    taken, other = _send(client, key=taken_key), _send(client)
    name, tag = taken.json()["number"], taken.headers["etag"]
    assert _step(client, name, key, state="checking", headers={"If-Match": tag}).status_code == 200
    for where, more in (
        (name, {"state": "cancelled", "headers": {"If-Match": tag}}),
        (name, {"state": "checking", "note": "Lain", "headers": {"If-Match": tag}}),
        (name, {"state": "checking", "headers": {"If-Match": "*"}}),
        (other.json()["number"], {"state": "checking", "headers": {"If-Match": tag}}),
    ):
        _is_problem(_step(client, where, key, **more), 409, "key-reused")
    _is_problem(_step(client, name, taken_key, state="signing", version=2), 409, "key-reused")
    _is_problem(_send(client, key=key), 409, "key-reused")
    _is_problem(_step(client, name, "short", state="signing", version=2), 422, "invalid")
    assert _step(program(world, name="Lain"), name, key, state="signing", version=2).status_code == 200, "its own key"


def test_a_step_that_was_refused_keeps_no_answer_and_its_key_is_free(world: World) -> None:
    client, key = program(world), str(uuid4())
    name = _send(client).json()["number"]
    _is_problem(_step(client, name, key, state="done", version=1), 409, "conflict")
    assert _step(client, name, key, state="checking", version=1).status_code == 200
    with world.database.transaction() as db:
        answers.forget_answers(db, now=MORNING + answers.KEPT_FOR)
    _is_problem(_step(client, name, key, state="checking", version=1), 409, "conflict")


def test_of_two_steps_at_once_with_one_key_the_second_is_told_what_the_first_was(world: World) -> None:
    secret, key = secret_for(world), str(uuid4())
    client = world.client(Authorization=f"Bearer {secret}")
    name = _send(client).json()["number"]
    with world.database.reading() as db:
        caller = tokens.bearer(db, secret, now=MORNING).viewer
    bare = Request({"type": "http", "headers": []})

    def first(db: Session) -> None:
        wish = shapes.NewStep(state=RequestState.CHECKING, version=1)
        calls.take_step(bare, db, caller, MORNING, name, wish, key)

    second = race(world.database, first, lambda: _step(client, name, key, state="checking", version=1))
    assert (second.status_code, second.headers["idempotent-replayed"]) == (200, "true")
    assert _steps_stored(world) == 2


def test_a_token_may_call_so_often_a_minute_and_another_is_not_slowed_by_it() -> None:
    pace, now = Pace(60), MORNING
    for _n in range(200):
        pace.count("made up", now=now)
    pace.know("one", now=now)
    pace.know("two", now=now)
    for _n in range(59):
        pace.count("one", now=now)
    with pytest.raises(TooMany) as refused:
        pace.count("one", now=now)
    assert refused.value.retry_after == 1
    pace.count("two", now=now)
    pace.count("one", now=now + timedelta(seconds=1))
    with pytest.raises(TooMany):
        pace.count("one", now=now + timedelta(seconds=1))
    for _n in range(60):
        pace.count("one", now=now + timedelta(minutes=2))
    unbounded = Pace(0)
    unbounded.know("one", now=now)
    for _n in range(5000):
        unbounded.count("one", now=now)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_calls_too_often_is_told_when_to_come_again_and_nothing_is_asked_of_the_database(world: World) -> None:
    world.app.state.pace = Pace(3)
    client, other = program(world), program(world, name="Lain")
    assert [client.get("/api/v1/requests").status_code for _n in range(3)] == [200] * 3
    with count_queries(world.database) as seen:
        refused = client.get("/api/v1/requests")
        told = _is_problem(refused, 429, "too-many")
        _is_problem(_send(client), 429, "too-many")
    assert seen == []
    assert refused.headers["retry-after"] == "20"
    assert told["detail"].startswith("Token ini")
    assert other.get("/api/v1/requests").status_code == 200
    world.at(MORNING + timedelta(seconds=20))
    assert client.get("/api/v1/requests").status_code == 200
    bare = world.client(Authorization="Bearer staffhub_made-up")
    assert {bare.get("/api/v1/requests").status_code for _n in range(6)} == {401}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_that_a_token_may_be_too_fast_stands_in_the_description_of_every_call(world: World) -> None:
    paths = world.client().get("/api/v1/openapi.json").json()["paths"]
    for call in (call for path in paths.values() for call in path.values()):
        assert "Retry-After" in call["responses"]["429"]["headers"]
        assert "application/problem+json" in call["responses"]["429"]["content"]
    (key,) = [
        one for one in paths["/api/v1/requests/{name}/steps"]["post"]["parameters"] if one["name"] == "Idempotency-Key"
    ]
    assert not key["required"]
