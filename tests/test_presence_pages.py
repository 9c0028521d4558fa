"""A morning on the phone: open the page, one tap, a receipt; the board sees it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.models import Mark
from tests.conftest import MORNING, World, count_queries

HTMX = {"HX-Request": "true"}


def _payload(**overrides: str) -> dict[str, str]:
    return {"mode": "office", "idempotency_key": str(uuid4())} | overrides


def _count(world: World) -> int:
    with world.database.reading() as db:
        return db.scalar(sa.select(sa.func.count(Mark.id))) or 0


def test_the_start_page_asks_first_whether_i_am_checked_in_and_proposes_the_planned_place(world: World) -> None:
    page = world.client("ben").get("/")
    assert page.status_code == 200
    assert "Selamat pagi, Ben" in page.text
    main = re.search(r'class="btn main"\s+name="mode"\s+value="(\w+)"', page.text)
    assert main
    assert main[1] == "office"
    assert set(re.findall(r'name="mode"\s+value="(\w+)"', page.text)) == {"office", "home", "field"}


def test_one_tap_checks_in_and_leads_back_to_a_page_with_the_time_and_the_receipt(world: World) -> None:
    client = world.client("ben")
    answer = client.post("/presence/check-in", data=_payload())
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = client.get("/")
    assert 'role="status"' in page.text
    assert "Presensi masuk tercatat 07.12 WITA" in page.text
    code = re.search(r"Kode bukti</span><b class=\"mono\">([A-Z0-9-]+)</b>", page.text)
    assert code
    assert client.get(f"/presence/receipts/{code[1]}").status_code == 200
    assert "Presensi masuk tercatat" not in client.get("/").text, "what was said is said once"


def test_htmx_gets_the_card_and_a_toast_and_no_page_around_them(world: World) -> None:
    answer = world.client("ben", **HTMX).post("/presence/check-in", data=_payload())
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="presence-card"' in answer.text
    assert 'hx-swap-oob="innerHTML"' in answer.text
    assert "HX-Request" in answer.headers["vary"]


def test_a_second_tap_and_a_replay_change_nothing_and_say_so(world: World) -> None:
    client, payload = world.client("ben"), _payload()
    client.post("/presence/check-in", data=payload)
    for again in (payload, _payload(), payload | {"mode": "home"}):
        client.post("/presence/check-in", data=again)
        assert "Sudah tercatat 07.12 WITA, tidak ada yang berubah" in client.get("/").text
    assert _count(world) == 1


def test_field_duty_is_recorded_with_one_tap_and_then_asks_for_its_place(world: World) -> None:
    client = world.client("ben")
    assert client.post("/presence/check-in", data=_payload(mode="field")).status_code == 303
    page = client.get("/").text
    assert "Presensi masuk tercatat 07.12 WITA" in page
    assert "Di mana Anda bertugas?" in page
    address = re.search(r'action="(/presence/receipts/\w+/note)"', page)
    assert address
    for wrong in ("", "x" * 141, "NIK 7107 0241 0390 0001"):
        answer = client.post(address[1], data={"note": wrong, "idempotency_key": str(uuid4())})
        assert answer.status_code == 422
        assert re.search(r'id="place-note"[^>]*aria-invalid="true"', answer.text)
        assert wrong in answer.text, "what was typed is kept"
    assert (
        client.post(address[1], data={"note": "Kec. Ratahan, ST 12", "idempotency_key": str(uuid4())}).status_code
        == 303
    )
    page = client.get("/").text
    assert "Tercatat: Kec. Ratahan, ST 12." in page
    assert "Di mana Anda bertugas?" not in page
    assert "Kec. Ratahan, ST 12" in world.client("cy").get("/board").text
    assert _count(world) == 1


def test_a_place_for_somebody_elses_mark_is_refused(world: World) -> None:
    world.client("ben").post("/presence/check-in", data=_payload(mode="field"))
    with world.database.reading() as db:
        receipt = db.scalar(sa.select(Mark.receipt))
    answer = world.client("ana").post(
        f"/presence/receipts/{receipt}/note", data={"note": "Manado", "idempotency_key": str(uuid4())}
    )
    assert answer.status_code == 404


@pytest.mark.parametrize("wrong", [{"mode": "moon"}, {"mode": ""}, {"idempotency_key": "x"}, {"idempotency_key": ""}])
def test_a_tap_that_makes_no_sense_is_refused(world: World, wrong: dict[str, str]) -> None:
    assert world.client("ben").post("/presence/check-in", data=_payload(**wrong)).status_code == 422
    assert _count(world) == 0


def test_the_day_goes_on_with_a_move_and_a_check_out(world: World) -> None:
    client = world.client("ben")
    client.post("/presence/check-in", data=_payload(mode="home"))
    world.at(MORNING + timedelta(hours=3))
    client.post("/presence/check-in", data=_payload())
    assert "Pindah tempat kerja tercatat 10.12 WITA" in client.get("/").text
    world.at(MORNING + timedelta(hours=9))
    client.post("/presence/check-out", data={"idempotency_key": str(uuid4())})
    page = client.get("/")
    assert "Presensi pulang tercatat 16.12 WITA" in page.text
    assert "Semua presensi hari ini (3)" in page.text
    assert _count(world) == 3


def test_checking_out_before_checking_in_is_recorded_and_said_to_be_odd(world: World) -> None:
    client = world.client("ben")
    answer = client.post("/presence/check-out", data={"idempotency_key": str(uuid4())})
    assert (answer.status_code, _count(world)) == (303, 1)
    assert "Hari ini belum ada presensi masuk" in client.get("/").text


def test_in_the_morning_the_night_on_guard_is_closed_from_the_page(world: World) -> None:
    client = world.client("ben")
    world.at(MORNING + timedelta(hours=15))
    client.post("/presence/check-in", data=_payload())
    world.at(MORNING + timedelta(hours=23))
    page = client.get("/").text
    assert "Senin, 23 November 2026 masih terbuka" in page
    assert "sejak presensi masuk Anda pukul 22.12 WITA" in page
    key = re.search(r'name="idempotency_key" value="([^"]+-before)"', page)
    assert key
    client.post("/presence/check-out", data={"idempotency_key": key[1]})
    page = client.get("/").text
    assert "Presensi pulang tercatat 06.12 WITA untuk Sen, 23 Nov" in page
    assert "masih terbuka" not in page
    assert 'name="mode"' in page, "the new day begins with a check-in"


def test_someone_elses_receipt_stays_closed_and_an_unknown_one_is_not_found(world: World) -> None:
    client = world.client("ben")
    client.post("/presence/check-in", data=_payload())
    with world.database.reading() as db:
        receipt = db.scalar(sa.select(Mark.receipt))
    assert world.client("cy").get(f"/presence/receipts/{receipt}").status_code == 403
    assert world.client("ana").get(f"/presence/receipts/{receipt}").status_code == 200
    assert client.get("/presence/receipts/ZZZZZZZ").status_code == 404


def test_the_start_page_costs_at_most_eight_statements_and_a_check_in_four(world: World) -> None:
    client = world.client("ben")
    with count_queries(world.database) as seen:
        client.get("/")
    assert len(seen) <= 8, seen
    with count_queries(world.database) as seen:
        client.post("/presence/check-in", data=_payload())
    assert len(seen) <= 4, seen


def test_the_board_is_answered_304_until_somebody_checks_in(world: World) -> None:
    dewi = world.client("dewi")
    first = dewi.get("/board")
    assert first.status_code == 200
    tag = {"If-None-Match": first.headers["etag"]}
    with count_queries(world.database) as seen:
        assert dewi.get("/board", headers=tag).status_code == 304
    assert len(seen) <= 2, seen
    world.client("ben").post("/presence/check-in", data=_payload())
    changed = dewi.get("/board", headers=tag)
    assert changed.status_code == 200
    assert re.search(r"Ben Tumiwa.*?07\.12", changed.text, re.DOTALL)


def test_the_board_renews_itself_every_thirty_seconds_with_the_filter_that_was_chosen(world: World) -> None:
    page = world.client("dewi").get("/board", params={"q": "tumiwa"})
    assert re.search(r'hx-get="/board\?q=tumiwa"\s+hx-trigger="every 30s"', page.text)
    assert "Ben Tumiwa" in page.text
    assert "Cy Sondakh" not in page.text
    part = world.client("dewi", **HTMX).get("/board")
    assert "<html" not in part.text
    assert 'id="summary"' in part.text


def test_a_colleague_sees_the_board_but_opens_only_the_own_day(world: World) -> None:
    page = world.client("cy").get("/board").text
    assert re.findall(r'href="/attendance/(\d+)/', page) == [str(world.officer_id("cy"))]
    assert len(re.findall(r'class="person"', page)) == 7


def test_the_board_costs_at_most_seven_statements(world: World) -> None:
    client = world.client("dewi")
    with count_queries(world.database) as seen:
        client.get("/board")
    assert len(seen) <= 7, seen


def test_a_board_search_that_finds_nobody_says_so(world: World) -> None:
    page = world.client("dewi").get("/board", params={"q": "<script>", "division": "abc"})
    assert page.status_code == 200
    assert "Tidak ada pegawai yang cocok." in page.text
    assert "<script>" not in page.text.replace("<script src", "")
