"""Whoever's account others changed is told so at the next sign-in, until it is acknowledged once."""

import re

import httpx2
import pytest
from fastapi.testclient import TestClient

from staffhub import people
from tests.conftest import MORNING, PASSWORD, World
from tests.test_people_pages import _edit_payload, _text


def _sign_in(world: World, username: str = "cy", password: str = PASSWORD) -> tuple[TestClient, str]:
    client = world.client()
    answer = client.post("/login", data={"username": username, "password": password, "next": "/worklog"})
    assert answer.status_code == 303
    return client, answer.headers["location"]


def _form(page: httpx2.Response) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(event_id|next)" value="([^"]*)"', page.text))


def test_a_changed_role_is_told_at_every_sign_in_until_it_is_acknowledged(world: World) -> None:
    assert _sign_in(world)[1] == "/worklog", "nothing happened yet"
    cy = world.officer_id("cy")
    world.client("hana").post(f"/people/{cy}/role", data={"role": "division_head"})
    for _n in range(2):
        client, location = _sign_in(world)
        assert location.startswith("/account/changes?next=")
        page = client.get(location)
        assert "Peran Anda diganti dari “Pegawai” menjadi “Kepala bidang”." in _text(page)
        assert "Oleh Hana Tendean, Senin, 23 November 2026, 07.12" in _text(page)
        assert client.get("/worklog").status_code == 200, "told, not held up"
    read = client.post("/account/changes", data=_form(page))
    assert (read.status_code, read.headers["location"]) == (303, "/worklog")
    assert client.get("/account/changes").headers["location"] == "/"
    assert _sign_in(world)[1] == "/worklog"


def test_what_happens_between_reading_and_acknowledging_is_told_the_next_time(world: World) -> None:
    cy, hana = world.officer_id("cy"), world.client("hana")
    hana.post(f"/people/{cy}/role", data={"role": "division_head"})
    client, location = _sign_in(world)
    form = _form(client.get(location))
    page = hana.get(f"/people/{cy}")
    hana.post(f"/people/{cy}/edit", data=_edit_payload(page, username="cy.s"))
    client.post("/account/changes", data=form)
    told = _text(client.get("/account/changes"))
    assert "“cy” menjadi “cy.s”" in told
    assert "Peran Anda" not in told


def test_a_reset_password_is_told_after_the_own_one_is_chosen(world: World) -> None:
    cy = world.officer_id("cy")
    answer = world.client("hana").post(f"/people/{cy}/reset-password")
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", _text(answer))
    assert found
    client, location = _sign_in(world, password=found[0])
    page = client.get(client.get(location).headers["location"])
    onward = re.search(r'name="next" value="([^"]*)"', page.text)
    assert onward
    new = "sepeda hijau tua"
    changed = {"current": found[0], "new": new, "repeat": new, "next": onward[1].replace("&amp;", "&")}
    target = client.post("/account/password", data=changed).headers["location"]
    told = client.get(target)
    assert "Kata sandi Anda dibuatkan yang baru." in _text(told)
    assert client.post("/account/changes", data=_form(told)).headers["location"] == "/worklog"


def test_what_the_register_and_the_command_changed_is_told_too(world: World) -> None:
    cells = {"nama": "Cy Sondakh", "NIP": "0" * 17 + "5", "jenis pegawai": "PPPK", "jabatan": "Operator layanan"}
    row = people.one_row(cells | {"username": "cy", "peran": "kepegawaian"})
    assert people.import_register(world.database, 1, row, actor=None, skip_bad=False, now=MORNING).saved
    client, location = _sign_in(world)
    told = _text(client.get(location))
    assert "menjadi “Kepegawaian”" in told
    assert "baris perintah server" in told


def test_what_somebody_changes_about_the_own_account_is_no_news(world: World) -> None:
    client, new = world.client("cy"), "sepeda hijau tua"
    client.post("/account/password", data={"current": PASSWORD, "new": new, "repeat": new})
    client.post("/account/locale", data={"locale": "en"})
    assert _sign_in(world, password=new)[1] == "/worklog"


@pytest.mark.parametrize("event_id", ["", "x", str(2**70), "-1"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_is_acknowledged_by_junk(world: World, event_id: str) -> None:
    cy = world.officer_id("cy")
    world.client("hana").post(f"/people/{cy}/role", data={"role": "division_head"})
    client, location = _sign_in(world)
    client.post("/account/changes", data={"event_id": event_id})
    assert client.get(location).status_code == 200
