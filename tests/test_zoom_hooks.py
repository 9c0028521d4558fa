"""The sandbox tells of who comes and goes as Zoom does: signed, of a proved address, and once more after a failure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from zoom_server import ACCOUNT, Clock, ZoomSandbox

from staffhub.meetings import asking, attendance, came
from staffhub.models import Meeting, MeetingState, ZoomSighting
from staffhub.settings import Settings
from staffhub.zoom.sandbox import Hooks, SandboxServer, create_sandbox
from tests.conftest import TODAY, World
from tests.live import serving
from tests.test_joining import standup

__all__ = ["standup"]

SECRET = "what-only-the-sandbox-and-we-know"
START = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # 08.30 WITA, for fifteen minutes


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"zoom_webhook_secret": type(settings.secret_key)(SECRET)})


@pytest.fixture
def played(world: World, standup: int) -> Iterator[ZoomSandbox]:
    """The sandbox beside the app, over the wire, with the meeting of `standup` in it."""
    clock = Clock()
    with serving(world.app, lifespan="off") as address:
        hooks = Hooks(f"{address}/webhooks/zoom", SECRET)
        with SandboxServer(create_sandbox(account=ACCOUNT, now=clock, hooks=hooks)) as server:
            sandbox = ZoomSandbox(server, ACCOUNT, clock)
            clock.time = world.now
            made = sandbox.client().create_meeting(
                ACCOUNT.host_email, {"topic": "Apel", "type": 2, "start_time": "2026-11-23T00:30:00Z", "duration": 15}
            )
            with world.database.transaction() as db:
                row = db.get_one(Meeting, standup)
                row.zoom_id, row.state = made["id"], MeetingState.READY
            yield sandbox


def press(world: World, sandbox: ZoomSandbox, minutes: int, act: str, **fields: str) -> None:
    world.at(START + timedelta(minutes=minutes))
    sandbox.clock.time = START + timedelta(minutes=minutes)
    number = sandbox.meetings()[0]["id"]
    assert sandbox.request("POST", f"/sandbox/play/{number}{act}", data=fields).status_code == 303


def inside(sandbox: ZoomSandbox) -> list[str]:
    page = sandbox.request("GET", "/sandbox/play").text
    return [part.partition('"')[0] for part in page.split('name="connection" value="')[1:]]


def test_who_comes_and_goes_on_the_page_of_the_sandbox_shows_on_the_meeting(
    world: World, standup: int, played: ZoomSandbox
) -> None:
    press(world, played, 0, "/join", name="Ben Tumiwa", email="")
    press(world, played, 4, "/join", name="Ben Tumiwa", email="")  # a second device
    press(world, played, 5, "/join", name="<Tamu>", email="tamu@luar.example")
    first, second, _guest = inside(played)
    press(world, played, 8, "/leave", connection=first)
    press(world, played, 9, "/leave", connection=first)  # twice
    press(world, played, 12, "/leave", connection=second)
    press(world, played, 14, "/end")
    assert inside(played) == []
    hooks = played.server.app.state.store.hooks
    kinds = ["meeting.started"] + ["meeting.participant_joined"] * 3 + ["meeting.participant_left"] * 3
    assert hooks.told == [(kind, 200) for kind in [*kinds, "meeting.ended"]]

    ana = world.viewer("ana")
    at = START.astimezone(ana.zone)

    def seen() -> tuple[list[int | None], list[tuple[str, int]]]:
        attendance.run_due(world.database, now=world.now)
        with world.database.reading() as db:
            ours = [one.seconds for one in came.people(db, ana, standup, at) if one.name == "Ben Tumiwa"]
            strangers = [(one.name, one.seconds) for one in came.strangers(db, 1, standup, TODAY)]
        return ours, strangers

    assert seen() == ([12 * 60], [("<Tamu>", 9 * 60)])
    # What Zoom lists afterwards is the same again.
    world.at(START + timedelta(minutes=21))
    played.clock.time = world.now
    assert asking.ask_due(world.database, played.client(), now=world.now) == 1
    assert seen() == ([12 * 60], [("<Tamu>", 9 * 60)])


def test_what_is_changed_in_zoom_is_told_and_changes_nothing_by_itself(
    world: World, standup: int, played: ZoomSandbox
) -> None:
    for act in ("rename", "passcode", "delete"):
        number = played.meetings()[0]["id"]
        fields = {"act": act, "topic": "Apel pagi"}
        assert played.request("POST", f"/sandbox/play/{number}", data=fields).status_code == 303
    hooks = played.server.app.state.store.hooks
    assert hooks.told == [("meeting.updated", 200), ("meeting.updated", 200), ("meeting.deleted", 200)]
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ZoomSighting)) == 0
        (meeting,) = db.scalars(sa.select(Meeting).where(Meeting.look_at.is_not(None)))
        assert (meeting.id, meeting.state) == (standup, MeetingState.READY)


def test_an_address_that_cannot_prove_the_secret_is_told_nothing(
    world: World, played: ZoomSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = played.server.app.state.store.hooks
    monkeypatch.setattr(hooks, "secret", b"another")
    monkeypatch.setattr(hooks, "again", ())
    press(world, played, 0, "/join", name="Ben", email="")
    assert hooks.told == [("meeting.started", 0), ("meeting.participant_joined", 0)]
    with pytest.raises(ValueError, match="only this machine"):
        Hooks("http://kantor.example/webhooks/zoom", SECRET)
