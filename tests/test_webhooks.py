"""What Zoom tells us on its own: taken when it is signed and fresh, once however often it comes, and nothing else."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import structlog.testing

from staffhub.meetings import plan, sightings
from staffhub.meetings.audience import Audience
from staffhub.models import Meeting, MeetingKind, ZoomSighting
from tests.conftest import MORNING, TODAY, World

SECRET = "what-only-zoom-and-we-know"
NUMBER = 81234567890


@pytest.fixture
def told(world: World) -> World:
    """A world with a secret and a meeting that Zoom knows."""
    settings = world.settings.model_copy(update={"zoom_webhook_secret": type(world.settings.secret_key)(SECRET)})
    world.app.state.settings = settings
    dewi = world.viewer("dewi")
    with world.database.transaction() as db:
        meeting = plan.schedule(
            db, dewi, kind=MeetingKind.SINGLE, topic="Rapat", starts_on=TODAY, starts_at=time(9), minutes=30,
            audience=Audience(everyone=True), idempotency_key=str(uuid4()), now=MORNING,
        )  # fmt: skip
        db.get_one(Meeting, meeting.id).zoom_id = NUMBER
    return replace(world, settings=settings)


def event(kind: str = "participant_joined", *, number: object = str(NUMBER), **who: Any) -> dict[str, Any]:
    at = {"participant_joined": "join_time", "participant_left": "leave_time"}.get(kind, "end_time")
    person = {"user_id": "16778240", "user_name": "Ben", "email": "", "public_ip": "203.0.113.9"}
    person |= {at: "2026-11-23T01:02:03Z"} | who
    thing = {"id": number, "uuid": "4444AAAiAAAAAiAiAiiAii==", "participant": person}
    return {"event": f"meeting.{kind}", "event_ts": 1, "payload": {"account_id": "a", "object": thing}}


def send(world: World, body: object, *, at: datetime = MORNING, secret: str = SECRET, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(at.timestamp()))
    signed = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    given = {"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={signed}", "content-type": "application/json"}
    client = world.client()
    del client.headers["Sec-Fetch-Site"]  # no browser
    return client.post("/webhooks/zoom", content=raw, headers=given | headers)


def stored(world: World) -> list[ZoomSighting]:
    with world.database.reading() as db:
        return list(db.scalars(sa.select(ZoomSighting).order_by(ZoomSighting.id)))


def test_who_came_is_stored_once_however_often_zoom_tells_it_and_without_the_machine_s_address(told: World) -> None:
    for _again in range(3):
        assert send(told, event()).status_code == 200
    assert send(told, event("participant_left")).status_code == 200
    first, second = stored(told)
    assert (first.seen, first.name, first.connection, first.run) == (
        "joined", "Ben", "16778240", "4444AAAiAAAAAiAiAiiAii==",
    )  # fmt: skip
    assert second.seen == "left"
    with told.database.reading() as db:
        assert "203.0.113" not in str(db.execute(sa.text("SELECT * FROM zoom_sighting")).all())
        assert sightings.last_heard(db) == MORNING


def test_a_number_is_taken_as_text_or_as_a_number_and_an_identity_number_in_a_name_is_not_kept(told: World) -> None:
    assert send(told, event(number=NUMBER, user_name="Ben 7171012345678901\x00")).status_code == 200
    assert [one.name for one in stored(told)] == ["Ben …"]


@pytest.mark.parametrize(
    ("headers", "at", "secret"),
    [
        ({}, MORNING, "guessed"),
        ({"x-zm-signature": ""}, MORNING, SECRET),
        ({"x-zm-signature": "v0=é"}, MORNING, SECRET),
        ({"x-zm-request-timestamp": "now"}, MORNING, SECRET),
        ({}, MORNING - timedelta(seconds=301), SECRET),
        ({}, MORNING + timedelta(seconds=301), SECRET),
    ],
)
def test_what_is_forged_or_old_is_refused_and_leaves_nothing(
    told: World, headers: dict[str, str], at: datetime, secret: str
) -> None:
    given: dict[str, Any] = {name: value.encode() for name, value in headers.items()}
    assert send(told, event(), at=at, secret=secret, **given).status_code == 401
    assert stored(told) == []
    with told.database.reading() as db:
        assert sightings.last_heard(db) is None


def test_a_body_that_was_changed_on_the_way_is_refused(told: World) -> None:
    raw = json.dumps(event()).encode()
    stamp = str(int(MORNING.timestamp()))
    signed = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    headers = {"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={signed}"}
    client = told.client()
    assert client.post("/webhooks/zoom", content=raw + b" ", headers=headers).status_code == 401
    assert client.post("/webhooks/zoom", content=raw, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"event": "meeting.sharing_started", "payload": {"object": {"id": str(NUMBER)}}},
        {"event": "meeting.participant_joined", "payload": None},
        {"event": ["x"]},
        [],
        b"\xff not JSON",
        event(number="99999999999"),
        event(number="-1; DROP"),
        event(join_time="gestern"),
        event(join_time="2026-11-23T01:02:03"),
    ],
)
def test_whatever_else_zoom_tells_is_heard_and_changes_nothing(told: World, body: object) -> None:
    assert send(told, body).status_code == 200
    assert stored(told) == []


def test_zoom_s_question_for_the_secret_is_answered_only_when_it_is_signed(told: World) -> None:
    asked = {"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}, "event_ts": 1}
    proof = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    answer = send(told, asked)
    assert answer.json() == {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": proof}
    assert send(told, asked, secret="guessed").status_code == 401


def test_what_is_larger_than_a_megabyte_is_not_read_to_the_end(told: World) -> None:
    assert send(told, b"x" * (1024 * 1024 + 1)).status_code == 413
    assert send(told, b"{}" + b" " * (1024 * 1024 - 2)).status_code == 200


def test_without_a_secret_nobody_is_believed(world: World) -> None:
    assert send(world, event()).status_code == 404


def test_the_log_names_nobody(told: World) -> None:
    with structlog.testing.capture_logs() as lines:
        send(told, event(user_name="Ben Wowor", email="ben@example.id"))
    assert "Wowor" not in str(lines)
    assert "example.id" not in str(lines)


def test_an_administrator_sees_whether_zoom_tells_anything_and_when_it_last_did(told: World) -> None:
    adi = told.client("adi")
    assert "Belum ada kejadian dari Zoom" in adi.get("/admin/zoom").text
    send(told, event())
    assert "Kejadian terakhir dari Zoom datang Senin, 23 November 2026 pukul 07.12" in adi.get("/admin/zoom").text
    told.app.state.settings = told.settings.model_copy(
        update={"zoom_webhook_secret": type(told.settings.secret_key)("")}
    )
    assert "rahasianya belum diatur" in adi.get("/admin/zoom").text
