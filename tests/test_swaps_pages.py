"""Swapping turns through HTTP: each side's path, and what each is told."""

import pytest

from tests.conftest import World
from tests.page_forms import form_of
from tests.test_swaps import AFTER, BEFORE, GIVES, TAKES, Office2


@pytest.fixture
def two(world: World) -> Office2:
    return Office2(world.database)


def test_from_an_own_turn_two_taps_lead_to_an_asked_swap_that_the_colleague_accepts(world: World, two: Office2) -> None:
    ben, gil, ana = world.client("ben"), world.client("gil"), world.client("ana")
    start = ben.get("/roster/swaps").text
    assert f"/roster/swaps/new?date={GIVES}" in start
    offer = ben.get(f"/roster/swaps/new?date={GIVES}").text
    assert "Gil Rondonuwu" in offer
    assert "dari kelompok lain" in offer, "why Tia cannot"
    chosen = ben.get(f"/roster/swaps/new?date={GIVES}&colleague={two.gil.officer_id}").text
    form = form_of(chosen, "/roster/swaps")
    asked = ben.post("/roster/swaps", data=form | {"takes": [TAKES.isoformat()], "note": ["Antar anak"]})
    assert asked.status_code == 303
    address = asked.headers["location"]
    assert (
        ben.post("/roster/swaps", data=form | {"takes": [TAKES.isoformat()], "note": ["Antar anak"]}).headers[
            "location"
        ]
        == address
    ), "a second tap leads to the same swap"
    assert f"{address}/withdraw" in ben.get(address).text
    page = gil.get(address).text
    assert f"{address}/accept" in page
    assert "Antar anak" in page
    assert world.client("tia").get(address).status_code == 403
    assert ben.post(f"{address}/accept").status_code == 403
    assert gil.post(f"{address}/accept").status_code == 303
    assert two.modes() == AFTER
    assert f"{address}/undo" in ana.get(address).text
    assert f"{address}/undo" not in gil.get(address).text
    assert ana.post(f"{address}/undo", data={"note": "Ada apel"}).status_code == 303
    assert two.modes() == BEFORE
    assert "Ada apel" in ben.get(address).text


def test_an_answer_that_comes_too_late_says_why_on_the_page(world: World, two: Office2) -> None:
    address = f"/roster/swaps/{two.ask().swap_id}"
    assert world.client("ben").post(f"{address}/withdraw").status_code == 303
    late = world.client("gil").post(f"{address}/accept")
    assert late.status_code == 409
    assert "sudah ditarik" in late.text


def test_a_day_that_is_no_turn_of_mine_is_refused_in_words(world: World, two: Office2) -> None:
    ben = world.client("ben")
    refused = ben.get(f"/roster/swaps/new?date={TAKES}")
    assert refused.status_code == 422
    assert "tidak direncanakan di kantor" in refused.text
    assert ben.get("/roster/swaps/new").status_code == 303
    wrong = ben.post("/roster/swaps", data={"gives": GIVES.isoformat(), "colleague": "x", "idempotency_key": "k" * 8})
    assert wrong.status_code == 422
    tia = two.database and world.officer_id("tia")
    not_able = {"gives": GIVES.isoformat(), "colleague": str(tia), "idempotency_key": "another-key"}
    answer = ben.post("/roster/swaps", data=not_able)
    assert answer.status_code == 422
    assert "dari kelompok lain" in answer.text
