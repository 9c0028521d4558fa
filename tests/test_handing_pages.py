"""Handing requests over on the pages, as a head of a bidang meets it."""

import re
from datetime import timedelta
from typing import Any

import pytest

from staffhub import i18n
from staffhub.models import WorkMode
from tests.conftest import TODAY, World, plan_range
from tests.page_forms import form_of
from tests.test_handing import comes
from tests.test_service_requests import assigned, goes_on_leave, reload, take_in


@pytest.fixture
def office(world: World) -> World:
    """Two requests without an officer, one of Tia, who is on leave, and Ben on duty at home."""
    for _n in range(2):
        take_in(world.database)
    assigned(world.database, "tia")
    goes_on_leave(world.database, "tia")
    comes(world.database, "ben", mode=WorkMode.HOME)
    return world


def button(html: str, text: str) -> str:
    """Return the value of the button that says this."""
    found = re.search(rf'<button[^>]*value="([^"]*)"[^>]*>(?:(?!</button>).)*{text}', html, re.DOTALL)
    assert found, f"no button “{text}”"
    return found[1]


def officers(world: World) -> list[str | None]:
    rows: list[Any] = [reload(world.database, one_of) for one_of in _all(world)]
    return [row.officer for row in rows]


def _all(world: World) -> list[Any]:
    import sqlalchemy as sa

    from staffhub.models import ServiceRequest

    with world.database.reading() as db:
        return list(db.execute(sa.select(ServiceRequest.id).order_by(ServiceRequest.id)).all())


def test_what_nobody_is_there_for_is_worked_off_one_after_the_other_with_the_reason(office: World) -> None:
    ana, ben = office.client("ana"), office.officer_id("ben")
    listed = ana.get("/requests").text
    assert 'href="/requests/unassigned"' in listed
    page = ana.get("/requests/unassigned").text
    for number, load in enumerate(("0 permohonan", "1 permohonan", "2 permohonan")):
        assert f"1 dari {3 - number}" in page
        assert f"Bertugas sekarang (di rumah) dan bebannya paling sedikit: {load}." in page
        sent = form_of(page, "/requests/unassigned") | {"assignee": [button(page, "Serahkan kepada Ben Tumiwa")]}
        answer = ana.post("/requests/unassigned", data=sent)
        assert (answer.status_code, answer.headers["location"]) == (303, "/requests/unassigned")
        assert sent["assignee"] == [str(ben)]
        page = ana.get("/requests/unassigned").text
    assert "Setiap permohonan terbuka sudah dipegang" in page
    assert officers(office) == ["Ben Tumiwa"] * 3
    again = ana.post("/requests/unassigned", data=sent)
    assert again.status_code == 409, "the same press once more moves nothing"
    assert "Ben Tumiwa" in again.text


def test_one_is_skipped_and_comes_again_at_the_end(office: World) -> None:
    ana = office.client("ana")
    first, second = (ana.get(f"/requests/unassigned?skip={skip}").text for skip in (0, 1))
    assert "PM-2611-0001" in first
    assert "PM-2611-0002" in second
    assert "/requests/unassigned?skip=2" in second
    end = ana.get("/requests/unassigned?skip=3").text
    assert "Semua sudah Anda lihat" in end
    assert 'href="/requests/unassigned"' in end


def test_all_are_dealt_out_as_it_was_shown_and_what_changed_meanwhile_is_named(office: World) -> None:
    ana, dewi, ben = office.client("ana"), office.client("dewi"), office.officer_id("ben")
    page = ana.get("/requests/hand-over?all=1").text
    for load in ("0 permohonan", "Kepada Ben Tumiwa: di rumah"):
        assert load in page
    sent = form_of(page, "/requests/hand-over")
    assert [value.split(".")[2] for value in sent["give"]] == [str(ben)] * 3
    taken = dewi.post("/requests/2/assign", data={"assignee": str(office.officer_id("ana"))})
    assert taken.status_code == 303
    answer = ana.post("/requests/hand-over", data=sent | {"note": ["Cuti bersama"]})
    assert answer.status_code == 303
    told = ana.get(answer.headers["location"]).text
    assert "2 permohonan diserahkan" in told
    assert "dibiarkan: PM-2611-0002" in told
    assert officers(office) == ["Ben Tumiwa", "Ana Kaunang", "Ben Tumiwa"]
    assert "Cuti bersama" in ana.get("/requests/3").text
    bell = office.client("ben").get("/notices").text
    assert "Ana Kaunang menyerahkan 2 permohonan kepada Anda." in bell


def test_a_few_are_ticked_in_the_list_and_nothing_is_guessed_when_nobody_is_on_duty(world: World) -> None:
    for _n in range(3):
        take_in(world.database)
    ana = world.client("ana")
    assert ana.get("/requests").text.count('name="pick"') == 6, "a tick in the table and one in the short list"
    assert 'name="pick"' not in world.client("ben").get("/requests").text
    assert ana.get("/requests/hand-over").headers["location"].startswith("/requests")
    page = ana.get("/requests/hand-over?pick=1&pick=3").text
    assert "PM-2611-0002" not in page
    assert "Tidak ada yang bertugas sekarang" in page
    one = ana.get("/requests/1").text
    said = one.index("Tidak ada yang bertugas di")
    assert one.index('id="h-hand"') < said < one.index('id="hand-assignee"'), "beside the choice that it is about"
    sent = form_of(page, "/requests/hand-over")
    refused = ana.post("/requests/hand-over", data=sent)
    assert refused.status_code == 422
    assert "pilih petugas" in refused.text
    assert ana.post("/requests/hand-over", data=sent | {"give": []}).status_code == 422
    assert ana.post("/requests/hand-over", data=sent | {"give": ["1.x.2"]}).status_code == 422
    chosen = sent | {"assignee": [str(world.officer_id("tia"))]}
    assert ana.post("/requests/hand-over", data=chosen).status_code == 303
    assert officers(world) == ["Tia Lumintang", None, "Tia Lumintang"]


@pytest.mark.parametrize("way", ["one", "next", "many", "all"])
def test_who_is_on_leave_is_asked_about_with_the_last_day_and_gets_it_with_a_second_press(
    office: World, way: str
) -> None:
    ana, ben, tia = office.client("ana"), office.viewer("ben"), office.officer_id("tia")
    until = TODAY + timedelta(days=4)
    with office.database.transaction() as db:
        plan_range(db, ben, ben.officer_id, TODAY, until)
    to, note = str(ben.officer_id), "Menunggu Ben"
    path, sent = {
        "one": ("/requests/1/assign", {"assignee": to, "note": note, "version": "1"}),
        "next": ("/requests/unassigned", {"request": "1", "assignee": to, "note": note, "version": "1"}),
        "many": ("/requests/hand-over", {"give": "1.1.0", "assignee": to, "note": note}),
        "all": ("/requests/hand-on", {"officer": str(tia), "assignee": to, "note": note}),
    }[way]
    asked = ana.post(path, data=sent)
    assert asked.status_code == 422
    with i18n.in_locale("id"):
        assert f"Ben Tumiwa cuti sampai {i18n.day(until)}." in asked.text
    again = form_of(asked.text, path)
    assert {name: values for name, values in again.items() if name in sent} == {k: [v] for k, v in sent.items()}
    told = button(asked.text, "Tetap serahkan kepada Ben Tumiwa")
    assert told == until.isoformat()
    assert "Ben Tumiwa" not in officers(office)
    assert ana.post(path, data=again | {"told": [told]}).status_code == 303
    assert "Ben Tumiwa" in officers(office)


def test_a_heads_first_button_hands_over_and_a_colleague_takes(office: World) -> None:
    for username, first, absent in (("ana", "Serahkan kepada Ben Tumiwa", None), ("ben", "Ambil", "Serahkan kepada")):
        page = office.client(username).get("/requests/1").text
        main = re.search(r'class="btn main"[^>]*>(?:(?!</button>).)*', page, re.DOTALL)
        assert main is not None
        assert first in main[0]
        assert absent is None or absent not in page


def test_the_list_is_filtered_by_division(office: World) -> None:
    take_in(office.database, service_type="birth_certificate")
    ana = office.client("ana")
    own = ana.get(f"/requests?division={office.viewer('ana').division_id}").text
    other = ana.get(f"/requests?division={office.viewer('cy').division_id}&type=").text
    assert "PM-2611-0001" in own
    assert "PM-2611-0004" not in own
    assert "PM-2611-0004" in other
    assert "PM-2611-0001" not in re.sub(r".*requests-found", "", other, flags=re.DOTALL)
    page = ana.get("/requests/unassigned").text
    assert "dari 3" in page, "of another division nothing is mine to give"
