"""More come than can be served: who goes first, who waits, what they are told, and that nothing is lost."""

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from staffhub.admission import Door, Line
from staffhub.models import Mark
from staffhub.settings import Settings
from tests.conftest import MORNING, PASSWORD, World, count_queries
from tests.page_forms import form_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HTMX = {"HX-Request": "true"}


def _payload(**overrides: str) -> dict[str, str]:
    return {"mode": "office", "note": "", "idempotency_key": str(uuid4())} | overrides


def _shut(line: Line) -> None:
    line.turns, line.patience = 0, 0


def _open(line: Line) -> None:
    line.turns, line.patience = 8, 20


def _marks(world: World) -> list[Any]:
    with world.database.reading() as db:
        return list(db.execute(sa.select(Mark.attempted_at, Mark.received_at, Mark.mode).order_by(Mark.id)))


async def _stand(door: Door, line: Line, came_in: list[str]) -> None:
    if await door.enter(line, MORNING):
        came_in.append(line.name)


def test_marks_go_before_pages_that_stood_there_first(settings: Settings) -> None:
    async def play() -> list[str]:
        door, came_in = Door(), []
        inside = [door.pages] * 6 + [door.marks] * 4
        assert all([await door.enter(line, MORNING) for line in inside])
        lines = [door.pages, door.pages, door.sign_ins, door.marks, door.marks]
        standing = [asyncio.create_task(_stand(door, line, came_in)) for line in lines]
        await asyncio.sleep(0)
        assert came_in == []
        for line in inside[:5]:
            door.leave(line)
            await asyncio.sleep(0)
        await asyncio.gather(*standing)
        return came_in

    assert asyncio.run(play()) == ["marks", "marks", "sign-ins", "pages", "pages"]


def test_pages_alone_never_take_every_turn(settings: Settings) -> None:
    async def play() -> None:
        door = Door()
        door.pages.patience = 0.05
        assert [await door.enter(door.pages, MORNING) for _n in range(7)] == [True] * 6 + [False]
        assert await door.enter(door.marks, MORNING)

    asyncio.run(play())


def test_who_would_have_to_wait_too_long_is_told_so_at_once_and_who_left_gives_the_turn_on(settings: Settings) -> None:
    async def play() -> None:
        door = Door()
        line = door.files
        assert await door.enter(line, MORNING)
        assert await door.enter(line, MORNING)
        line.pace = 12.0
        first = asyncio.create_task(door.enter(line, MORNING))
        await asyncio.sleep(0)
        assert not await door.enter(line, MORNING), "12 seconds each: the second would stand here for more than 20"
        line.pace = 0.01
        second = asyncio.create_task(door.enter(line, MORNING))
        await asyncio.sleep(0)
        first.cancel()
        door.leave(line)
        assert await second
        door.leave(line)
        door.leave(line)
        assert (door.inside, line.inside, len(line.waiting)) == (0, 0, 0)

    asyncio.run(play())


def test_who_was_sent_away_before_goes_before_whoever_came_later(settings: Settings) -> None:
    async def play() -> list[int]:
        door, came_in = Door(), []
        line = door.files
        assert [await door.enter(line, MORNING) for _n in range(2)] == [True, True]

        async def stand(minute: int) -> None:
            if await door.enter(line, MORNING + timedelta(minutes=minute)):
                came_in.append(minute)
                door.leave(line)

        standing = [asyncio.create_task(stand(minute)) for minute in (5, 3, 4, 3, 1)]
        await asyncio.sleep(0)
        line.pace = 6.0
        assert not await door.enter(line, MORNING + timedelta(minutes=4)), "four wanted it before: 30 seconds"
        standing.pop().cancel()
        await asyncio.sleep(0)
        assert len(line.waiting) == 4, "who is gone leaves the line at once"
        door.leave(line)
        await asyncio.gather(*standing)
        return came_in

    assert asyncio.run(play()) == [3, 3, 4, 5]


def test_a_page_that_was_refused_stands_in_line_since_its_first_try(world: World) -> None:
    """The note is for one browser and one page; what is made up, or older than two minutes, counts for nothing."""
    door, seen = world.app.state.door, []
    enter = door.enter

    async def noting(line: Line, since: datetime) -> bool:
        seen.append(since)
        return bool(await enter(line, since))

    door.enter = noting
    _shut(door.pages)
    client, other = world.client("ben"), world.client("tia")
    client.get("/")
    other.cookies.set("staffhub_first_try", client.cookies["staffhub_first_try"])
    later = MORNING + timedelta(seconds=50)
    world.at(later)
    for who, page in ((client, "/"), (client, "/board"), (other, "/")):
        who.get(page, headers=HTMX)  # a part of a page keeps the note as it is
    client.cookies.set("staffhub_first_try", "junk", domain="testserver.local")
    client.get("/")
    world.at(MORNING + timedelta(minutes=4))
    client.get("/")
    assert seen == [MORNING, MORNING, later, later, later, MORNING + timedelta(minutes=4)]


@pytest.mark.parametrize(("locale", "words"), [("id", "Sedang ramai"), ("en", "Busy right now")])
def test_a_page_that_must_wait_says_so_in_words_and_loads_itself_again(world: World, locale: str, words: str) -> None:
    client = world.client("ben")
    client.cookies.set("staffhub_locale", locale)
    _shut(world.app.state.door.pages)
    refused = REGISTRY.get_sample_value("staffhub_refused_total", {"line": "pages"}) or 0
    with count_queries(world.database) as statements:
        for address in ("/", "/board?q=a", "/attendance"):
            answer = client.get(address)
            assert (answer.status_code, words in answer.text) == (503, True)
            assert answer.headers["refresh"] == answer.headers["retry-after"]
            assert 3 <= int(answer.headers["retry-after"]) <= 20
            assert f'lang="{locale}"' in answer.text
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-security-policy"]
    assert statements == []
    assert REGISTRY.get_sample_value("staffhub_refused_total", {"line": "pages"}) == refused + 3
    style = re.search(r'href="(/static/app\.css[^"]*)"', answer.text)
    assert style
    for address in (style[1], "/healthz", "/metrics"):
        assert client.get(address).status_code == 200, "never refused"
    assert client.get("/readyz").json()["database"] == "ok"
    assert client.post("/presence/check-in", data=_payload()).status_code == 303, "marks go on"


def test_a_part_of_a_page_that_must_wait_gets_a_note_among_the_toasts(world: World) -> None:
    _shut(world.app.state.door.pages)
    answer = world.client("ben").get("/board", headers=HTMX)
    assert (answer.status_code, answer.headers["hx-retarget"]) == (503, "#toasts")
    assert "Sedang ramai" in answer.text
    assert "<html" not in answer.text
    assert "refresh" not in answer.headers


def test_a_mark_that_was_told_to_come_again_counts_from_its_first_press(world: World) -> None:
    client, payload = world.client("ben"), _payload(mode="home", note="'\"><b>")
    _shut(world.app.state.door.marks)
    for minutes in (0, 1, 3):
        world.at(MORNING + timedelta(minutes=minutes))
        answer = client.post("/presence/check-in", data=payload)
        assert answer.status_code == 503
        assert "Yang dihitung adalah saat Anda pertama kali menekan." in answer.text
        assert ("data-again" in answer.text) is (minutes < 2), "then it waits for the person"
        form = form_of(answer.text, "/presence/check-in")
        assert {name: values[0] for name, values in form.items()} == payload | {"first_press": form["first_press"][0]}
        payload = {name: values[0] for name, values in form.items()}
    _open(world.app.state.door.marks)
    assert client.post("/presence/check-in", data=payload).status_code == 303
    assert _marks(world) == [(MORNING, MORNING + timedelta(minutes=3), "home")]
    assert "Presensi masuk tercatat 07.12 WITA" in client.get("/").text
    assert client.post("/presence/check-in", data=payload).status_code == 303
    assert "Sudah tercatat" in client.get("/").text
    assert len(_marks(world)) == 1


def test_under_htmx_the_first_press_comes_and_goes_in_a_header(world: World) -> None:
    client, payload = world.client("ben", **HTMX), _payload()
    _shut(world.app.state.door.marks)
    answer = client.post("/presence/check-in", data=payload)
    note = {"X-First-Press": answer.headers["x-first-press"]}
    world.at(MORNING + timedelta(minutes=4))
    again = client.post("/presence/check-in", data=payload, headers=note)
    assert again.headers["x-first-press"] == note["X-First-Press"]
    _open(world.app.state.door.marks)
    assert "07.12 WITA" in client.post("/presence/check-in", data=payload, headers=note).text
    assert _marks(world)[0][0] == MORNING


def test_the_note_of_a_first_press_is_worth_nothing_to_anybody_else_or_for_anything_else(world: World) -> None:
    payload = _payload()
    client = world.client("ben")
    _shut(world.app.state.door.marks)
    note = form_of(client.post("/presence/check-in", data=payload).text, "/presence/check-in")["first_press"][0]
    _open(world.app.state.door.marks)
    at, _dot, signature = note.partition(".")
    later = MORNING + timedelta(minutes=5)
    world.at(later)
    earlier = f"{int(at) - 60_000}.{signature}"
    tries = [
        ("tia", payload["idempotency_key"], note),
        ("cy", str(uuid4()), note),
        ("ana", payload["idempotency_key"], earlier),
        ("hana", payload["idempotency_key"], "x.y"),
        ("dewi", payload["idempotency_key"], f".{signature}"),
    ]
    for name, key, tried in tries:
        form = _payload(idempotency_key=key, first_press=tried)
        assert world.client(name).post("/presence/check-in", data=form).status_code == 303
    assert {at for at, _stored, _mode in _marks(world)} == {later}
    world.at(MORNING + timedelta(minutes=11))
    assert client.post("/presence/check-in", data=payload | {"first_press": note}).status_code == 303
    assert _marks(world)[-1][0] == MORNING + timedelta(minutes=11), "after ten minutes it is another press"


def test_what_another_site_sent_is_refused_and_never_offered_to_be_sent_again(world: World) -> None:
    _shut(world.app.state.door.marks)
    answer = world.client("ben").post("/presence/check-in", data=_payload(), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "data-again" not in answer.text


def test_a_sign_in_that_must_come_again_never_shows_what_was_typed(world: World) -> None:
    _shut(world.app.state.door.sign_ins)
    answer = world.client().post("/login", data={"username": "ben", "password": "sandi-rahasia"})
    assert (answer.status_code, "sandi-rahasia" in answer.text) == (503, False)
    assert "Kembali, lalu kirim sekali lagi." in answer.text


def test_a_sign_in_that_must_come_again_leads_back_to_the_same_form(world: World) -> None:
    door = world.app.state.door
    _shut(door.sign_ins)
    answer = world.client().post("/login?next=/worklog", data={"username": "ben", "password": PASSWORD})
    assert answer.status_code == 503
    assert re.search(r'<a class="btn main" href="">', answer.text)


def test_other_words_that_somebody_sent_stand_on_the_page_too(world: World) -> None:
    _shut(world.app.state.door.pages)
    answer = world.client("ben").post("/worklog?date=2026-11-23", data={"text": "Rekap <b>", "start": "08.00"})
    assert answer.status_code == 503
    form = form_of(answer.text, "/worklog?date=2026-11-23")
    assert form == {"text": ["Rekap <b>"], "start": ["08.00"]}
    assert '<b>"' not in answer.text


def test_a_receipt_is_told_also_on_the_page_that_says_it_is_busy(world: World) -> None:
    client = world.client("ben")
    client.post("/presence/check-in", data=_payload())
    _shut(world.app.state.door.pages)
    for _twice in range(2):
        page = client.get("/").text
        assert "Sedang ramai" in page
        assert "Presensi masuk tercatat 07.12 WITA" in page
    assert "Presensi masuk" not in world.client("tia").get("/").text
    world.app.state.door.pages.turns = 6
    assert "Presensi masuk tercatat 07.12 WITA" in client.get("/").text


def test_a_busy_page_speaks_the_language_of_whoever_signed_in_here(world: World) -> None:
    client = world.client("ben")
    assert client.post("/account/locale", data={"locale": "en"}).status_code == 303
    other = world.client()
    assert other.post("/login", data={"username": "ben", "password": PASSWORD}).status_code == 303
    _shut(world.app.state.door.pages)
    assert "Busy right now" in other.get("/").text
