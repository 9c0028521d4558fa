"""Typed words survive the end of a session: the form comes back filled, to its writer only."""

import html
import re
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from staffhub import security
from staffhub.models import Correction, KeptForm, LogEntry, Mark, Meeting, ServiceRequest, UserSession
from tests.conftest import MORNING, PASSWORD, World
from tests.test_people_pages import _text

BACK = "Yang Anda ketik ada di sini lagi"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Typed(NamedTuple):
    """A form as somebody filled it in; `texts` are typed values, `chosen` (name, value) of selects and ticks."""

    username: str
    page: str
    action: str
    texts: dict[str, str]
    chosen: dict[str, str]
    table: Any


FORMS = {
    "log entry": Typed(
        "ben", "/worklog?date=2026-11-20", "/worklog",
        {"text": 'Memeriksa "berkas" <KK> & akta', "start": "07.20", "end": "07.55", "quantity": "3", "unit": "berkas"},
        {}, LogEntry,
    ),
    "correction": Typed(
        "hana", "/attendance/{ben}/2026-11-20", "/corrections",
        {"note": "Kata atasan:\nlupa absen,\npulang 16.00", "time": "16.00"},
        {"kind": "check_out", "reason": "forgot", "officer": "{ben}", "date": "2026-11-20"}, Correction,
    ),
    "meeting": Typed(
        "dewi", "/meetings/new", "/meetings",
        {"topic": "Evaluasi akta", "time": "14.00", "duration": "45", "agenda": "1. Buka\n2. Tutup"},
        {"date": "2026-11-25", "officer": "{ben}"}, Meeting,
    ),
    "request": Typed(
        "ben", "/requests?new=1", "/requests",
        {"applicant": "Novi T.", "phone": "0812 3456 4471", "note": "Datang lagi Senin"},
        {"service_type": "family_card", "channel": "counter", "urgent": "1"}, ServiceRequest,
    ),
    "check-in": Typed("ben", "/", "/presence/check-in", {"note": "Jaringan kantor mati"}, {"mode": "home"}, Mark),
}  # fmt: skip


def _told(world: World, typed: Typed) -> Typed:
    ben = str(world.officer_id("ben"))
    chosen = {name: value.replace("{ben}", ben) for name, value in typed.chosen.items()}
    return typed._replace(page=typed.page.replace("{ben}", ben), chosen=chosen)


def _end(world: World, client: TestClient) -> None:
    token = client.cookies["staffhub_session"]
    with world.database.transaction() as db:
        mine = UserSession.token_hash == security.sessions.digest(token)
        db.execute(sa.update(UserSession).where(mine).values(ended_at=world.now))


def _sends(client: TestClient, typed: Typed, *, htmx: bool = False, referer: bool = True) -> str:
    """Send the form; return where the browser is led."""
    address = f"http://testserver{typed.page}"
    headers = {"HX-Request": "true", "HX-Current-URL": address} if htmx else {"Referer": address} if referer else {}
    fields = {"idempotency_key": str(uuid4())} | typed.texts | typed.chosen
    answer = client.post(typed.action, data=fields, headers=headers)
    assert answer.status_code == (204 if htmx else 303)
    location = answer.headers["hx-redirect" if htmx else "location"]
    assert location.startswith("/login?next=")
    return parse_qs(urlsplit(location).query)["next"][0]


def _signs_in(client: TestClient, username: str, onward: str) -> str:
    answer = client.post("/login", data={"username": username, "password": PASSWORD, "next": onward})
    assert answer.status_code == 303
    return str(answer.headers["location"])


def _controls(page: str) -> str:
    """The page as a browser reads it: character references resolved."""
    return html.unescape(page)


def _shows(page: str, name: str, value: str) -> bool:
    """Whether a control of that name holds the value: a field, a chosen option, a tick or a text."""
    text = _controls(page)
    tags = re.findall(rf'<input[^>]*?name="{name}"(?:"[^"]*"|[^>"])*>', text)
    in_field = any(
        f'value="{value}"' in tag and ("checked" in tag or not re.search("radio|checkbox", tag)) for tag in tags
    )
    options = re.findall(rf'<select[^>]*?name="{name}".*?</select>', text, re.DOTALL)
    in_list = any(re.search(rf'value="{re.escape(value)}"\s+selected', one) for one in options)
    areas = re.findall(rf'<textarea[^>]*?name="{name}"[^>]*>\n?(.*?)</textarea>', text, re.DOTALL)
    return in_field or in_list or value in areas


def _stored(world: World, table: Any) -> int:
    with world.database.reading() as db:
        return int(db.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("name", sorted(FORMS))
def test_what_was_typed_comes_back_and_is_sent_by_its_writer_only(world: World, name: str, *, htmx: bool) -> None:
    typed = _told(world, FORMS[name])
    client = world.client(typed.username)
    assert client.get(typed.page).status_code == 200
    _end(world, client)
    onward = _sends(client, typed, htmx=htmx)
    assert onward.partition("kept=")[0].rstrip("?&") == typed.page
    page = client.get(_signs_in(client, typed.username, onward))
    assert page.status_code == 200
    assert BACK in _text(page)
    for field, value in (typed.texts | typed.chosen).items():
        if (name, field) != ("check-in", "mode"):  # which button was pressed
            assert _shows(page.text, field, value), (field, value)
    assert _stored(world, typed.table) == 0, "nothing sends it again by itself"
    kept = re.search(r'name="kept" value="(\d+)"', page.text)
    assert kept
    again = {"idempotency_key": str(uuid4()), "kept": kept[1]} | typed.texts | typed.chosen
    assert client.post(typed.action, data=again).status_code == 303
    assert (_stored(world, typed.table), _stored(world, KeptForm)) == (1, 0)


def test_nobody_else_sees_what_was_typed(world: World) -> None:
    typed = FORMS["log entry"]
    client = world.client("ben")
    _end(world, client)
    onward = _sends(client, typed)
    page = client.get(_signs_in(client, "tia", onward))
    assert page.status_code == 200
    assert "Memeriksa" not in page.text
    assert BACK not in _text(page)
    assert "Memeriksa" in client.get(_signs_in(client, "ben", onward)).text


@SQLITE
def test_it_is_kept_for_an_hour(world: World) -> None:
    client = world.client("ben")
    _end(world, client)
    onward = _sends(client, FORMS["log entry"])
    world.at(MORNING + timedelta(minutes=60))
    page = client.get(_signs_in(client, "ben", onward))
    assert BACK not in _text(page)
    with world.database.transaction() as db:
        security.forget_old(db, now=world.now)
    assert _stored(world, KeptForm) == 0


@SQLITE
def test_a_session_keeps_one_form_the_newest_and_none_of_great_size(world: World) -> None:
    client = world.client("ben")
    _end(world, client)
    for text in ("pertama", "kedua"):
        onward = _sends(client, FORMS["log entry"]._replace(texts={"text": text}))
    assert _stored(world, KeptForm) == 1
    page = client.get(_signs_in(client, "ben", onward))
    assert "kedua" in page.text
    large = world.client("ben")
    _end(world, large)
    answer = large.post("/worklog", data={"text": "a" * 33_000})
    assert answer.headers["location"] == "/login"
    assert "kedua" in client.get(onward).text


@SQLITE
def test_passwords_and_what_strangers_send_are_never_kept(world: World) -> None:
    stranger = world.client()
    assert stranger.post("/worklog", data={"text": "x"}).headers["location"] == "/login"
    stranger.cookies.set("staffhub_session", "unknown")
    assert stranger.post("/worklog", data={"text": "x"}).headers["location"] == "/login"
    client = world.client("ben")
    _end(world, client)
    secret = {"current": "rahasia-lama", "new": "rahasia-baru", "repeat": "rahasia-baru", "password": "rahasia"}
    for path in ("/account/password", "/account/locale", "/logout"):
        assert client.post(path, data=secret).headers["location"] == "/login"
    client.post("/worklog", data=secret | {"text": "Memeriksa"})
    with world.database.reading() as db:
        assert db.scalars(sa.select(KeptForm.fields)).all() == [[["text", "Memeriksa"]]]
    client.post("/worklog", data=secret)
    assert _stored(world, KeptForm) == 1


@SQLITE
def test_a_form_that_stands_on_a_page_of_its_own_is_found_there(world: World) -> None:
    client = world.client("ben")
    entry = {"text": "Memeriksa", "start": "07.00", "end": "07.10", "idempotency_key": str(uuid4())}
    client.post("/worklog", data=entry)
    with world.database.reading() as db:
        entry_id = db.scalar(sa.select(LogEntry.id))
    _end(world, client)
    edited = Typed(
        "ben", "/worklog", f"/worklog/{entry_id}/edit", entry | {"text": "Memeriksa 12 berkas"}, {"version": "1"}, None
    )
    moved = client.get(_signs_in(client, "ben", _sends(client, edited, htmx=True)))
    assert moved.headers["location"].startswith(f"/worklog/{entry_id}/edit?kept=")
    page = client.get(moved.headers["location"])
    assert _shows(page.text, "text", "Memeriksa 12 berkas")
    assert BACK in _text(page)


@pytest.mark.parametrize("htmx", [False, True])
def test_whoever_only_pressed_a_button_is_told_that_nothing_was_done(world: World, *, htmx: bool) -> None:
    client = world.client("ben")
    _end(world, client)
    tap = Typed("ben", "/", "/presence/check-in", {}, {"mode": "office"}, Mark)
    onward = _signs_in(client, "ben", _sends(client, tap, htmx=htmx))
    page = client.get(onward)
    assert "ketukan terakhir tersimpan, jadi belum ada yang tercatat" in _text(page)
    assert _stored(world, Mark) == 0
    kept = re.search(r'name="kept" value="(\d+)"', page.text)
    assert kept
    client.post(tap.action, data={"mode": "office", "idempotency_key": str(uuid4()), "kept": kept[1]})
    assert _stored(world, Mark) == 1
    assert "ketukan terakhir" not in _text(client.get(onward)), "said once: now it is done"


@SQLITE
def test_where_no_page_has_the_form_any_more_the_words_themselves_are_shown(world: World) -> None:
    client = world.client("ben")
    _end(world, client)
    gone = Typed(
        "ben", "/requests/999", "/requests/999/state", {"note": "Ditelepon, belum diangkat"}, {"state": "done"}, None
    )
    onward = _sends(client, gone, referer=False)
    page = client.get(_signs_in(client, "ben", onward.replace("/requests/999", "/requests")))
    assert "Yang Anda ketik: Ditelepon, belum diangkat" in _text(page)


@SQLITE
def test_a_browser_that_tells_no_page_is_led_to_the_one_above_the_address(world: World) -> None:
    client = world.client("ben")
    _end(world, client)
    assert _sends(client, FORMS["check-in"], referer=False).startswith("/?kept=")
    assert _sends(client, FORMS["log entry"], referer=False).startswith("/worklog?kept=")
    elsewhere = client.post("/worklog", data={"text": "x y"}, headers={"Referer": "https://evil.example/requests"})
    assert "next=%2Fworklog%3Fkept" in elsewhere.headers["location"]


@SQLITE
def test_a_one_time_password_in_between_does_not_lose_it(world: World) -> None:
    client, ben = world.client("ben"), world.officer_id("ben")
    reset = world.client("hana").post(f"/people/{ben}/reset-password")
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", _text(reset))
    assert found
    onward = _sends(client, FORMS["log entry"])
    answer = client.post("/login", data={"username": "ben", "password": found[0], "next": onward})
    forced = client.get(answer.headers["location"])
    page = client.get(forced.headers["location"])
    wanted = re.search(r'name="next" value="([^"]*)"', page.text)
    assert wanted
    new = "sepeda hijau tua"
    changed = {"current": found[0], "new": new, "repeat": new, "next": html.unescape(wanted[1])}
    told = client.get(client.post("/account/password", data=changed).headers["location"])
    hidden = dict(re.findall(r'type="hidden" name="(event_id|next)" value="([^"]*)"', told.text))
    hidden["next"] = html.unescape(hidden["next"])
    back = client.get(client.post("/account/changes", data=hidden).headers["location"])
    assert _shows(back.text, "text", FORMS["log entry"].texts["text"])


@pytest.mark.parametrize("kept", ["", "x", "0", "-1", "9" * 30, "²", "1 OR 1=1"])
@SQLITE
def test_a_number_of_junk_is_no_kept_form(world: World, kept: str) -> None:
    client = world.client("ben")
    page = client.get("/worklog", params={"kept": kept})
    assert (page.status_code, BACK in _text(page)) == (200, False)
    entry = {"text": "Memeriksa", "start": "07.00", "end": "07.10", "idempotency_key": str(uuid4()), "kept": kept}
    assert client.post("/worklog", data=entry).status_code == 303


@SQLITE
def test_a_form_whose_handler_opens_its_own_transactions_has_it_too(world: World) -> None:
    client = world.client("hana")
    _end(world, client)
    texts = {"name": "Greis Tumiwa", "number": "199004112015032001", "position": "Analis", "username": "greis.tumiwa"}
    typed = Typed("hana", "/people/new", "/people", texts, {"employment_type": "pppk", "role": "division_head"}, None)
    page = client.get(_signs_in(client, "hana", _sends(client, typed)))
    assert BACK in _text(page)
    for field, value in (texts | typed.chosen).items():
        assert _shows(page.text, field, value), field
