"""How turns are shared: counted from the plan, against the mean, with reasons that the reader may know."""

from datetime import date

import pytest

from staffhub.errors import Forbidden
from staffhub.models import HomeOnly, PlanLayer, PlanMode
from staffhub.roster import fairness, swaps
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, plan_range
from tests.test_swaps import GIVES, TAKES, Office2

MONTH = date(2026, 11, 1)


@pytest.fixture
def two(world: World) -> Office2:
    return Office2(world.database)


def _people(two: Office2, me: Viewer) -> dict[str, fairness.Person]:
    with two.database.reading() as db:
        found = fairness.fairness(db, me, two.ben.division_id or 0, MONTH, now=MORNING)
    assert (found.first, found.last) == (date(2026, 9, 1), date(2026, 11, 30))
    return {one.name: one for group in found.groups for one in group.people}


def test_turns_are_the_days_planned_in_the_office_against_the_mean_of_the_group(two: Office2) -> None:
    with two.database.transaction() as db:
        plan_range(db, two.ana, two.ben.officer_id, date(2026, 11, 2), date(2026, 11, 6))
        plan_range(
            db, two.ana, two.gil.officer_id, date(2026, 11, 3), mode=PlanMode.HOME, layer=PlanLayer.ROSTER
        )  # fmt: skip
    found = _people(two, two.ana)
    ana, ben, gil = (found[name] for name in ("Ana Kaunang", "Ben Tumiwa", "Gil Rondonuwu"))
    assert (ana.turns - ben.turns, ana.turns - gil.turns) == (6, 2), "five days of leave and a day at home; two at home"
    assert ana.over == pytest.approx((6 + 2) / 3)
    assert sum(ben.weekdays) == ben.turns
    assert ana.weekdays[1] - gil.weekdays[1] == 1, "a Tuesday"
    assert ben.reasons == ["5 hari cuti"]
    assert found["Tia Lumintang"].over == 0, "the only one of her group"


def test_a_swap_and_an_arrangement_are_told_to_those_who_may_know(two: Office2) -> None:
    two.press(swaps.accept, two.gil, two.ask().swap_id)
    with two.database.transaction() as db:
        db.add(HomeOnly(office_id=two.ana.office_id, officer_id=two.gil.officer_id, first=TODAY, last=TODAY, version=1,
                        document="445/1", created_at=MORNING, idempotency_key="a-letter"))  # fmt: skip
        plan_range(db, two.ana, two.gil.officer_id, TODAY, mode=PlanMode.HOME, layer=PlanLayer.ROSTER)
    told = ["1 hari di rumah menurut kesepakatan", "menyerahkan 1 giliran lewat tukar piket",
            "mengambil 1 giliran lewat tukar piket"]  # fmt: skip
    for reader, seen in ((two.ana, told), (two.gil, told), (two.ben, [])):
        assert _people(two, reader)["Gil Rondonuwu"].reasons == seen
    assert GIVES < TAKES


def test_staff_read_the_own_bidang_and_heads_of_the_office_each(world: World, two: Office2) -> None:
    cy = world.viewer("cy")
    with pytest.raises(Forbidden):
        _people(two, cy)
    assert world.client("cy").get(f"/roster/fairness?division={two.ben.division_id}").status_code == 403
    page = world.client("tia").get("/roster/fairness?month=2026-11&division=")
    assert page.status_code == 200
    assert "Ben Tumiwa" in page.text
    assert "Ben Tumiwa" in world.client("dewi").get(f"/roster/fairness?division={two.ben.division_id}").text
