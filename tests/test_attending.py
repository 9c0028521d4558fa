"""Who was there and how long: whatever the order, however often told, with rejoins, second devices and namesakes."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from staffhub.meetings.attending import Known, Person, Sighting, Window, people
from staffhub.models import Seen, Sign

EIGHT = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
HOUR = Window(EIGHT, EIGHT + timedelta(hours=1))
GOLDEN = Path(__file__).parent / "data" / "attendance_200.md"
OFFICERS = {1: "Ani Wowor", 2: "Ben Rumat", 3: "Tia Mandagi", 4: "Tia Mandagi"}


def at(minutes: float) -> datetime:
    return EIGHT + timedelta(minutes=minutes)


def seen(kind: Seen, minutes: float, connection: str = "1", until: float | None = None, **who: str) -> Sighting:
    end = None if until is None else at(until)
    facts = {"run": "r1", "zoom_user": "", "email": "", "name": "Ani Wowor"} | who
    return Sighting(facts["run"], connection, kind, facts["zoom_user"], facts["email"], facts["name"], at(minutes), end)


def stay(start: float, end: float, connection: str = "1", **who: str) -> list[Sighting]:
    return [seen(Seen.JOINED, start, connection, **who), seen(Seen.LEFT, end, connection, **who)]


def known(**facts: Any) -> Known:
    return Known(**{"officers": OFFICERS, "emails": {"ani@x.id": 1}, "told": {}, "clicks": []} | facts)


def found(*sightings: Sighting, of: Known | None = None) -> list[tuple[int | None, Sign, int]]:
    return [(one.officer_id, one.sign, one.seconds // 60) for one in people(sightings, HOUR, of or known())]


def test_a_rejoin_and_a_second_device_count_each_minute_once() -> None:
    assert found(*stay(0, 20), *stay(25, 60, "2"), *stay(10, 40, "3")) == [(1, Sign.NAME, 60)]
    assert found(*stay(0, 20), *stay(25, 60, "2")) == [(1, Sign.NAME, 55)]


def test_zoom_s_own_list_beside_its_events_adds_nothing_and_fills_what_was_not_told() -> None:
    listed = seen(Seen.STAYED, 0, until=40)
    assert found(*stay(0, 40), listed) == [(1, Sign.NAME, 40)]
    assert found(seen(Seen.JOINED, 0), listed) == [(1, Sign.NAME, 40)], "the event of leaving was lost"
    assert found(seen(Seen.LEFT, 40), listed) == [(1, Sign.NAME, 40)], "the event of coming was lost"


def test_who_is_not_told_to_have_left_was_there_until_the_run_ended_or_was_planned_to() -> None:
    assert found(seen(Seen.JOINED, 10), seen(Seen.ENDED, 45, "", name="")) == [(1, Sign.NAME, 35)]
    assert found(seen(Seen.JOINED, 10)) == [(1, Sign.NAME, 50)]


def test_the_end_of_another_run_is_not_the_end_of_this_one() -> None:
    other = seen(Seen.ENDED, 5, "", name="", run="r0")
    assert found(seen(Seen.JOINED, 10), other) == [(1, Sign.NAME, 50)]


def test_what_lies_outside_of_the_date_is_another_meeting() -> None:
    assert found(*stay(181, 200)) == []
    assert found(*stay(-45, 5)) == [(1, Sign.NAME, 35)]


@pytest.mark.parametrize("seed", range(20))
def test_order_and_repetition_change_nothing(seed: int) -> None:
    rng = random.Random(seed)
    sightings = [
        one
        for number in range(60)
        for one in stay(rng.uniform(-40, 60), rng.uniform(60, 200), str(number), name=f"Orang {number % 25}")
    ]
    expected = people(sightings, HOUR, known())
    mixed = [*sightings, *rng.sample(sightings, 40)]
    rng.shuffle(mixed)
    assert people(mixed, HOUR, known()) == expected != []


def test_an_address_names_its_owner_whatever_name_was_typed() -> None:
    assert found(*stay(0, 30, email="ani@x.id", name="HP saya")) == [(1, Sign.EMAIL, 30)]


def test_an_account_is_known_by_its_address_on_another_device() -> None:
    laptop = stay(0, 20, "1", zoom_user="Zx", email="ani@x.id", name="Laptop")
    phone = stay(20, 50, "2", zoom_user="Zx", name="HP")
    assert found(*laptop, *phone) == [(1, Sign.EMAIL, 50)]


def test_two_people_of_one_name_never_get_each_other_s_minutes() -> None:
    assert found(*stay(0, 30, name="Tia Mandagi")) == [(None, Sign.NONE, 30)]


def test_what_somebody_has_told_holds_before_everything_else() -> None:
    said = known(told={"name:hp saya": 2, "email:ani@x.id": None})
    assert found(*stay(0, 30, name="HP  Saya"), of=said) == [(2, Sign.TOLD, 30)]
    assert found(*stay(0, 30, email="ani@x.id"), of=said) == [(None, Sign.TOLD, 30)], "told to be nobody of ours"


def test_a_click_just_before_names_a_guest_only_where_it_can_be_nobody_else() -> None:
    clicked = known(clicks=[(2, at(0))])
    assert found(*stay(1, 30, name="Galaxy A12"), of=clicked) == [(2, Sign.CLICK, 29)]
    two = [*stay(1, 30, name="Galaxy A12"), *stay(1.5, 30, "2", name="Redmi")]
    assert {one[1] for one in found(*two, of=clicked)} == {Sign.NONE}
    crowd = known(clicks=[(2, at(0)), (3, at(0.5))])
    assert found(*stay(1, 30, name="Galaxy A12"), of=crowd) == [(None, Sign.NONE, 29)]
    assert found(*stay(5, 30, name="Galaxy A12"), of=clicked) == [(None, Sign.NONE, 25)], "too long after"


def test_a_click_and_a_name_that_point_at_two_people_name_nobody() -> None:
    assert found(*stay(1, 30, name="Ani Wowor"), of=known(clicks=[(2, at(0))])) == [(None, Sign.NONE, 29)]
    assert found(*stay(1, 30, name="Ani Wowor"), of=known(clicks=[(1, at(0))])) == [(1, Sign.CLICK, 29)]


def _ways() -> list[tuple[str, list[tuple[int, int]], int]]:
    lines = [line for line in GOLDEN.read_text("utf-8").splitlines() if line.startswith("| ") and "|---" not in line]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return [(way, [_span(one) for one in spans.split(", ")], int(minutes)) for way, spans, minutes, _why in rows]


def _span(text: str) -> tuple[int, int]:
    start, _dash, end = text.rpartition("-")
    return int(start), int(end)


def test_two_hundred_people_have_the_minutes_that_were_counted_by_hand() -> None:
    officers: dict[int, str] = {}
    sightings: list[Sighting] = []
    expected: dict[str, int] = {}
    for way, spans, minutes in _ways():
        for number in range(20):
            name = f"{way} {number}"
            expected[name] = minutes
            if way != "guest":
                officers[len(officers) + 1] = name
            for start, end in spans:
                sightings += stay(start, end, str(len(sightings)), name=name)
    random.Random(9).shuffle(sightings)
    there: list[Person] = people(sightings, HOUR, known(officers=officers))
    assert {one.name: one.seconds // 60 for one in there} == expected
    assert len(there) == 200
    assert {one.name.split()[0] for one in there if one.officer_id is None} == {"guest"}
