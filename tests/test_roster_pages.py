"""Planning as the head of a division does it, and as the officer sees it."""

import re

import pytest
import sqlalchemy as sa

from staffhub.models import Division, Office, WeekPattern
from tests.conftest import MORNING, TODAY, World, add_officer, count_queries, plan_range


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


def _week(**fields: str) -> dict[str, str]:
    return {"mon": "home", "tue": "office", "wed": "home", "thu": "office", "fri": "home"} | fields


def test_a_day_to_which_the_rules_give_no_hours_is_not_saved_as_a_working_day(world: World) -> None:
    ben, ana = world.officer_id("ben"), world.client("ana")
    answer = ana.post(f"/roster/{ben}/week", data=_week(sat="office", valid_from="2026-11-24"))
    assert answer.status_code == 422
    assert 'id="week-sat-error"' in answer.text
    assert "tidak memberi jam kerja" in answer.text


def test_a_saturday_that_was_saved_before_is_said_not_to_count(world: World) -> None:
    ben, viewer = world.officer_id("ben"), world.viewer("ana")
    with world.database.transaction() as db:
        db.add(
            WeekPattern(
                office_id=viewer.office_id, officer_id=ben, valid_from=TODAY, days=["office"] * 6 + [None],
                created_at=MORNING,
            )
        )  # fmt: skip
    assert "tidak dihitung" in world.client("ben").get(f"/roster/{ben}").text


def test_a_week_for_later_is_shown_and_can_be_taken_back(world: World) -> None:
    ben, ana = world.officer_id("ben"), world.client("ana")
    assert ana.post(f"/roster/{ben}/week", data=_week(valid_from="2026-12-01")).status_code == 303
    page = ana.get(f"/roster/{ben}").text
    assert "mulai Sel, 1 Des:" in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    form = {"valid_from": "2026-12-01", "version": version[1]}
    for _press in range(2):
        answer = ana.post(f"/roster/{ben}/week/remove", data=form)
        assert answer.status_code == 303, "removing what is gone is no mistake"
    assert "mulai Sel, 1 Des:" not in ana.get(f"/roster/{ben}").text


def test_hr_is_told_how_many_days_that_are_over_change_before_they_do(world: World) -> None:
    ben, hana = world.officer_id("ben"), world.client("hana")
    form = _week(valid_from="2026-11-09", version="0")
    asked = hana.post(f"/roster/{ben}/week", data=form)
    assert asked.status_code == 200
    assert "6 hari yang sudah lewat berubah." in asked.text
    assert "mode home" not in hana.get(f"/roster/{ben}").text, "nothing is saved yet"
    confirmed = re.search(r'name="confirmed" value="(\d+)"', asked.text)
    assert confirmed
    assert hana.post(f"/roster/{ben}/week", data=form | {"confirmed": "5"}).status_code == 200, (
        "another number asks again"
    )
    assert hana.post(f"/roster/{ben}/week", data=form | {"confirmed": confirmed[1]}).status_code == 303
    assert "mode home" in hana.get(f"/roster/{ben}").text


def test_of_two_who_save_a_week_the_second_is_told_and_keeps_what_was_typed(world: World) -> None:
    ben = world.officer_id("ben")
    first, second = world.client("ana"), world.client("hana")
    form = _week(valid_from="2026-12-01", version="0")
    assert first.post(f"/roster/{ben}/week", data=form).status_code == 303
    assert first.post(f"/roster/{ben}/week", data=form).status_code == 303, "the same again is no conflict"
    late = second.post(f"/roster/{ben}/week", data=form | {"tue": "field"})
    assert late.status_code == 409
    assert "Sementara itu ada yang menyimpan" in late.text
    assert re.search(r'<option value="field"\s+selected', late.text), "what was typed is kept"
    version = re.search(r'name="version" value="(\d+)"', late.text)
    assert version
    assert second.post(f"/roster/{ben}/week", data=form | {"tue": "field", "version": version[1]}).status_code == 303


def test_the_page_says_what_leave_covers_and_what_comes_back(world: World) -> None:
    ben, ana = world.officer_id("ben"), world.client("ana")
    ana.post(f"/roster/{ben}/exceptions", data={"first": "2026-11-25", "mode": "home", "note": "Piket rumah"})
    ana.post(f"/roster/{ben}/exceptions", data={"first": "2026-11-23", "last": "2026-11-27", "mode": "leave"})
    page = re.sub(r"\s+", " ", ana.get(f"/roster/{ben}").text)
    assert "menutup rumah (Piket rumah)" in page
    colleague = re.sub(r"\s+", " ", world.client("cy").get(f"/roster/{ben}").text)
    assert "menutup rumah (pengecualian)" in colleague, "why somebody works at home is private"
    assert "Piket rumah" not in colleague
    again = ana.post(f"/roster/{ben}/exceptions", data={"first": "2026-11-24", "last": "2026-11-24", "mode": "leave"})
    assert "menutup rencana sebelumnya" in ana.get(again.headers["location"]).text
    shorten = re.findall(rf'action="(/roster/{ben}/exceptions/\d+/shorten)"', page)
    assert ana.post(shorten[0], data={"date": "2026-11-24"}).status_code == 303
    assert "bekerja dari rumah" not in world.client("ben").get("/").text
    assert "mode home" in ana.get(f"/roster/{ben}").text
    assert ana.post(shorten[0], data={"date": "2026-12-24"}).status_code == 422
    assert ana.post(shorten[0], data={"date": "x"}).status_code == 422


def test_a_form_sent_twice_is_one_range_and_says_so(world: World) -> None:
    ben, ana = world.officer_id("ben"), world.client("ana")
    key = re.search(r'name="idempotency_key"\s+value="([^"]+)"', ana.get(f"/roster/{ben}").text)
    assert key
    form = {"first": "2026-11-25", "mode": "home", "idempotency_key": key[1]}
    for said in ("1 hari direncanakan.", "Ini sudah ada dalam rencana."):
        assert said in ana.get(ana.post(f"/roster/{ben}/exceptions", data=form).headers["location"]).text


def test_a_person_is_found_by_typing_and_a_page_of_400_is_light(world: World) -> None:
    with world.database.transaction() as db:
        office = db.scalars(sa.select(Office).order_by(Office.id)).first()
        divisions = list(db.scalars(sa.select(Division.id).where(Division.office_id == office.id)))
        for n in range(400):
            add_officer(
                db, office, number=f"9{n:017}", name=f"Pegawai Bernama Panjang {n:03}", division_id=divisions[n % 5]
            )
    dewi = world.client("dewi")
    with count_queries(world.database) as seen:
        page = dewi.get("/roster")
    assert page.status_code == 200
    assert len(seen) <= 8
    assert len(page.content) < 60_000, len(page.content)
    assert "Cy Sondakh" not in page.text
    assert "Cy Sondakh" in dewi.get("/roster?q=sondakh").text
    many = dewi.get("/roster?q=pegawai")
    assert len(many.content) < 60_000
    assert "1 – 60 dari 400" in many.text
    assert "Pegawai Bernama Panjang 399" in dewi.get("/roster?q=pegawai&page=7").text
    part = dewi.get("/roster?q=sondakh", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert 'id="plan-sheet"' in part
    assert "Belum ada pegawai" in dewi.get("/roster?q=xyzzy").text
    ben, hana = world.officer_id("ben"), world.client("hana")
    hana.post(f"/roster/{ben}/exceptions", data={"first": "2026-11-25", "last": "2026-12-24", "mode": "leave"})
    with count_queries(world.database) as seen:
        officer = hana.get(f"/roster/{ben}")
    assert len(officer.content) < 60_000
    assert len(seen) <= 8, seen


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


def test_a_planned_leave_says_so_once(world: World) -> None:
    ben, hana = world.officer_id("ben"), world.viewer("hana")
    with world.database.transaction() as db:
        plan_range(db, hana, ben, TODAY, note="Cuti tahunan")
    listed = world.client("hana").get(f"/roster/{ben}").text.partition('id="h-dated"')[2].partition("<details")[0]
    assert re.findall("[Cc]uti[^<]*", listed) == ["cuti", "Cuti tahunan"]
