"""Planning as the head of a division does it, and as the officer sees it."""

import re

import pytest

from tests.conftest import World


def test_the_head_of_the_division_plans_a_day_and_the_officer_sees_it_in_the_morning(world: World) -> None:
    ben = world.officer_id("ben")
    ana = world.client("ana")
    form = {"first": "2026-11-23", "last": "", "mode": "home", "note": "Jaringan kantor diperbaiki"}
    answer = ana.post(f"/roster/{ben}/exceptions", data=form)
    assert answer.headers["location"] == f"/roster/{ben}?month=2026-11"
    assert "1 hari direncanakan." in ana.get(answer.headers["location"]).text
    page = world.client("ben").get("/").text
    assert "bekerja dari rumah" in page
    assert "Jaringan kantor diperbaiki" in page
    main = re.search(r'class="btn main"\s+name="mode"\s+value="(\w+)"', page)
    assert main
    assert main[1] == "home"
    withdraw = re.search(rf'action="(/roster/{ben}/exceptions/\d+/withdraw)"', ana.get(f"/roster/{ben}").text)
    assert withdraw
    assert ana.post(withdraw[1]).status_code == 303
    assert "bekerja di kantor" in world.client("ben").get("/").text


def test_a_usual_week_is_saved_and_shown(world: World) -> None:
    ben = world.officer_id("ben")
    week = {"mon": "home", "tue": "office", "wed": "home", "thu": "office", "fri": "home", "valid_from": "2026-11-23"}
    assert world.client("hana").post(f"/roster/{ben}/week", data=week).status_code == 303
    page = world.client("ben").get(f"/roster/{ben}").text
    assert "Minggu biasa" in page
    assert "Simpan minggu biasa" not in page
    assert page.count('class="mode home"') == 4, "Mon, Wed, Fri from the 23rd on, and Mon the 30th"


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("exceptions", {"first": "kemarin", "mode": "home"}, "exception-first"),
        ("exceptions", {"first": "2026-11-24", "mode": ""}, "exception-mode"),
        ("exceptions", {"first": "2026-11-20", "mode": "home"}, "exception-first"),
        ("week", {"mon": "moon", "valid_from": "2026-11-23"}, "week-mon"),
        ("week", {"mon": "home", "valid_from": ""}, "week-valid_from"),
        ("week", {"mon": "home", "valid_from": "2026-11-01"}, "week-valid_from"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(world: World, path: str, form: dict[str, str], field: str) -> None:
    answer = world.client("ana").post(f"/roster/{world.officer_id('ben')}/{path}", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_stranger_and_a_colleague_cannot_write_my_plan(world: World) -> None:
    ben = world.officer_id("ben")
    form = {"first": "2026-11-24", "mode": "leave"}
    assert world.client("cy").post(f"/roster/{ben}/exceptions", data=form).status_code == 403
    assert world.client("ben").post(f"/roster/{ben}/exceptions", data=form).status_code == 403
    assert world.client("oka").post(f"/roster/{ben}/exceptions", data=form).status_code == 404
    assert world.client("oka").get(f"/roster/{ben}").status_code == 404


def test_the_note_of_an_exception_is_for_the_officer_and_those_above(world: World) -> None:
    ben = world.officer_id("ben")
    form = {"first": "2026-11-24", "mode": "leave", "note": "Cuti alasan penting"}
    world.client("ana").post(f"/roster/{ben}/exceptions", data=form)
    for username, seen in (("ben", True), ("hana", True), ("cy", False)):
        assert ("Cuti alasan penting" in world.client(username).get(f"/roster/{ben}").text) is seen


def test_the_months_sheet_filters_by_division_and_refuses_a_month_that_is_none(world: World) -> None:
    page = world.client("dewi").get("/roster")
    assert page.status_code == 200
    assert "Cy Sondakh" in page.text
    division = re.search(r'href="/roster\?division=(\d+)[^"]*"[^>]*>\s*Pendaftaran Penduduk', page.text)
    assert division
    only = world.client("dewi").get("/roster", params={"division": division[1], "month": "2026-12"}).text
    assert "Cy Sondakh" not in only
    assert "Ben Tumiwa" in only
    assert world.client("dewi").get("/roster", params={"month": "soon"}).status_code == 422
