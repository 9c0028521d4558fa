"""The screen at the door and the phone before it, through HTTP."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from staffhub import security
from staffhub.models import AuditEvent, Mark, MarkProof, Place
from staffhub.web import looks
from tests.conftest import MORNING, World, count_queries
from tests.test_doors import made, shown

HTMX = {"HX-Request": "true"}
SCAN = "/presence/scan"


def _screen(world: World, place_id: int) -> str:
    with world.database.reading() as db:
        return "/kiosk/" + db.scalars(sa.select(Place.token).where(Place.id == place_id)).one()


def _marks(world: World) -> list[tuple[str, str]]:
    with world.database.reading() as db:
        return [(one.method, one.grade.value) for one in db.scalars(sa.select(Mark).order_by(Mark.id))]


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]+)"', page)
    assert found, name
    return found[1]


def _code_on(page: str) -> str:
    found = re.search(r'<span class="vh">((?:\w ){5}\w)</span>', page)
    assert found
    return found[1].replace(" ", "")


def _press(client: TestClient, page: str, **more: str) -> str:
    """Press what a scanned code offers; return the receipt's address."""
    given = {"grant": _hidden(page, "grant"), "idempotency_key": _hidden(page, "idempotency_key")} | more
    answer = client.post(SCAN, data=given)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_the_screen_needs_nobody_shows_nobody_and_turns_with_the_half_minute(world: World) -> None:
    place = made(world.database)
    address, screen = _screen(world, place), world.client()
    world.at(MORNING + timedelta(seconds=12))
    page = screen.get(address)
    assert page.status_code == 200
    assert _code_on(page.text) == shown(world.database, place)
    assert 'hx-trigger="every 18s"' in page.text
    assert '<meta http-equiv="refresh" content="18"' in page.text
    assert "Pintu depan" in page.text
    assert "07.12" in page.text
    assert not re.search(r"Ben|Hana|Tumiwa|account", page.text)
    world.at(MORNING + timedelta(seconds=30))
    assert _code_on(screen.get(address).text) == shown(world.database, place, now=world.now) != _code_on(page.text)


def test_a_screen_costs_one_statement_leaves_nothing_behind_and_asks_for_nothing_twice(world: World) -> None:
    address, screen = _screen(world, made(world.database)), world.client()
    with world.database.reading() as db:
        events = db.scalar(sa.select(sa.func.count(AuditEvent.id)))
    with count_queries(world.database) as seen:
        first = screen.get(address)
    assert len(seen) == 1, seen
    again = screen.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    world.at(MORNING + timedelta(seconds=31))
    assert screen.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 200
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(AuditEvent.id))) == events


def test_a_screen_gets_its_part_alone_and_the_whole_page_anew_after_an_upgrade(world: World) -> None:
    address, screen = _screen(world, made(world.database)), world.client(**HTMX)
    part = screen.get(f"{address}?page={looks()}")
    assert "<html" not in part.text
    assert "<header" in part.text
    stale = screen.get(f"{address}?page=before")
    assert (stale.status_code, stale.headers["hx-refresh"]) == (204, "true")


def test_an_address_that_leads_nowhere_and_an_ended_screen_say_so(world: World) -> None:
    place = made(world.database)
    address = _screen(world, place)
    assert world.client().get("/kiosk/nobody-knows-this").status_code == 404
    assert world.client("hana").post(f"/admin/places/{place}/end").status_code == 303
    ended = world.client(**HTMX).get(f"{address}?page={looks()}")
    assert ended.status_code == 404
    assert "Layar ini sudah diakhiri" in ended.text
    assert "hx-get" not in ended.text, "it asks no more"


def test_a_screen_that_asks_without_a_pause_is_told_to_wait(world: World) -> None:
    address, screen = _screen(world, made(world.database)), world.client()
    answers = [screen.get(address).status_code for _n in range(140)]
    assert set(answers) == {200, 429}
    world.at(MORNING + timedelta(minutes=1))
    assert screen.get(address).status_code == 200


def test_hr_makes_a_place_copies_its_address_and_ends_it(world: World) -> None:
    hana = world.client("hana")
    page = hana.get("/admin/places")
    assert "Belum ada layar" in page.text
    payload = {"name": "Pintu depan", "idempotency_key": _hidden(page.text, "idempotency_key")}
    assert hana.post("/admin/places", data=payload | {"name": ""}).status_code == 422
    there = hana.post("/admin/places", data=payload).headers["location"]
    assert hana.post("/admin/places", data=payload).headers["location"] == there, "the second press makes no second one"
    one = hana.get(there).text
    address = re.search(r">http://testserver(/kiosk/[\w-]+)</textarea>", one)
    assert address
    assert world.client().get(address[1]).status_code == 200
    assert hana.post(f"{there}/end").status_code == 303
    assert hana.post(f"{there}/end").status_code == 303
    assert "diakhiri" in hana.get("/admin/places").text
    assert "/kiosk/" not in hana.get(there).text


def test_a_scan_is_one_press_and_ends_at_the_receipt_with_grade_and_place(world: World) -> None:
    ben, place = world.client("ben"), made(world.database)
    page = ben.get(SCAN, params={"code": shown(world.database, place)})
    assert "Masuk di Pintu depan" in page.text
    assert _marks(world) == [], "looking records nothing"
    receipt = ben.get(_press(ben, page.text))
    assert "terbukti dengan kode Pintu depan" in receipt.text
    assert _marks(world) == [("scan", "a")]
    day = ben.get(f"/attendance/{world.officer_id('ben')}/2026-11-23")
    assert "kode Pintu depan diberikan" in day.text
    assert "Kode layar" in day.text


def test_signing_in_after_the_scan_may_take_longer_than_the_code_on_this_browser_alone(world: World) -> None:
    place = made(world.database)
    code = shown(world.database, place)
    phone = world.client()
    door = phone.get(SCAN, params={"code": code})
    assert door.status_code == 303
    assert door.headers["location"] == f"/login?next=%2Fpresence%2Fscan%3Fcode%3D{code}"
    world.at(MORNING + timedelta(minutes=4))
    elsewhere = world.client("tia").get(SCAN, params={"code": code})
    assert elsewhere.status_code == 422, "the address alone, passed on, is worth the minute"
    assert phone.get(SCAN, params={"code": code}).status_code == 303, "opening it again does not make it older"
    phone.cookies.set("staffhub_session", world.token("ben"))
    page = phone.get(SCAN, params={"code": code})
    assert page.status_code == 200
    world.at(MORNING + timedelta(minutes=8))
    _press(phone, page.text)
    assert _marks(world) == [("scan", "a")]


def test_what_one_session_opened_no_other_one_presses(world: World) -> None:
    place = made(world.database)
    page = world.client("ben").get(SCAN, params={"code": shown(world.database, place)})
    given = {"grant": _hidden(page.text, "grant"), "idempotency_key": str(uuid4())}
    assert world.client("tia").post(SCAN, data=given).status_code == 422
    assert world.client().post(SCAN, data=given).headers["location"].startswith("/login")
    world.at(MORNING + timedelta(minutes=6))
    assert world.client("ben").post(SCAN, data=given).status_code == 422
    assert _marks(world) == []


@pytest.mark.parametrize("htmx", [True, False])
def test_six_characters_typed_on_today_do_the_same_in_one_press(world: World, htmx: bool) -> None:
    ben, place = world.client("ben", **(HTMX if htmx else {})), made(world.database)
    assert "Kode di layar kantor" in world.client("ben").get("/").text
    code = shown(world.database, place)
    answer = ben.post(SCAN, data={"code": f"{code[:3].lower()} {code[3:]}", "idempotency_key": str(uuid4())})
    assert answer.status_code == (200 if htmx else 303)
    page = world.client("ben").get("/").text
    assert "Bukti A, terbukti" in page
    assert _marks(world) == [("scan", "a")]


def test_an_office_without_screens_is_asked_for_no_code(world: World) -> None:
    assert "Kode di layar kantor" not in world.client("ben").get("/").text


def test_a_tap_is_raised_by_the_code_and_says_before_what_would_raise_it(world: World) -> None:
    ben, place = world.client("ben"), made(world.database)
    ben.post("/presence/check-in", data={"mode": "office", "idempotency_key": str(uuid4())})
    assert "Kode di layar kantor menaikkannya menjadi A" in ben.get("/").text
    world.at(MORNING + timedelta(minutes=10))
    page = ben.get(SCAN, params={"code": shown(world.database, place, now=world.now)})
    assert "Buktikan di Pintu depan" in page.text
    _press(ben, page.text)
    assert "Bukti A, terbukti" in ben.get("/").text
    assert _marks(world) == [("tap", "c")]
    world.at(MORNING + timedelta(hours=9))
    leaving = ben.get(SCAN, params={"code": shown(world.database, place, now=world.now)})
    assert "Pulang dari Pintu depan" in leaving.text
    _press(ben, leaving.text, out="1")
    assert _marks(world) == [("tap", "c"), ("scan", "a")]


def test_a_wrong_code_is_said_beside_its_field_counted_and_limited_in_words(world: World) -> None:
    ben, place = world.client("ben"), made(world.database)
    old = shown(world.database, place, now=MORNING - timedelta(minutes=1))
    for _try in range(security.LIMIT_OF_PERSON // 2):
        typed = ben.post(SCAN, data={"code": old, "idempotency_key": str(uuid4())})
        assert typed.status_code == 422
        assert "Kode ini tidak berlaku" in typed.text
        assert f'value="{old}"' in typed.text, "what was typed stays"
        assert ben.get(SCAN, params={"code": old}).status_code == 422
    right = {"code": shown(world.database, place), "idempotency_key": str(uuid4())}
    held = ben.post(SCAN, data=right)
    assert held.status_code == 429
    assert "Coba lagi pukul 07.2" in held.text
    assert int(held.headers["retry-after"]) > 0
    assert ben.get(SCAN, params={"code": right["code"]}).status_code == 429
    assert ben.post("/presence/check-in", data={"mode": "office", "idempotency_key": str(uuid4())}).status_code == 303
    assert world.client("tia").get(SCAN, params={"code": right["code"]}).status_code == 200


def test_a_form_without_a_code_asks_for_it(world: World) -> None:
    made(world.database)
    answer = world.client("ben").post(SCAN, data={"code": "", "idempotency_key": str(uuid4())})
    assert answer.status_code == 422
    assert "Ketik enam karakter" in answer.text


def test_an_account_of_nobody_is_told_so(world: World) -> None:
    code = shown(world.database, made(world.database))
    with world.database.transaction() as db:
        db.execute(sa.text("UPDATE account SET officer_id = NULL, role = 'admin' WHERE username = 'adi'"))
    adi = world.client("adi")
    assert adi.get(SCAN, params={"code": code}).status_code == 422
    assert adi.post(SCAN, data={"code": code, "idempotency_key": str(uuid4())}).status_code == 422
    assert _marks(world) == []


def test_a_scan_at_half_past_seven_is_eight_statements(world: World) -> None:
    ben, place = world.client("ben"), made(world.database)
    page = ben.get(SCAN, params={"code": shown(world.database, place)}).text
    given = {"grant": _hidden(page, "grant"), "idempotency_key": str(uuid4())}
    with count_queries(world.database) as seen:
        assert ben.post(SCAN, data=given).status_code == 303
    assert len(seen) <= 8, seen
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(MarkProof.id))) == 1
