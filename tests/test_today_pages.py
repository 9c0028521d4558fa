"""Hari ini: nothing is silent about time, and nothing is refused for it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.models import Mark, MarkKind
from tests.conftest import MORNING, World, count_queries

HTMX = {"HX-Request": "true"}


def _tap(world: World, who: str, minutes: int, mode: str = "office", **headers: str) -> str:
    """Check in so many minutes after 07.12; return the page that follows."""
    world.at(MORNING + timedelta(minutes=minutes))
    client = world.client(who, **headers)
    answer = client.post("/presence/check-in", data={"mode": mode, "idempotency_key": str(uuid4())})
    return str(answer.text if headers else client.get("/").text)


def _leave(world: World, who: str, minutes: int, **changed: str) -> str:
    """Press what the page offers at that moment, with what its form holds; return what is shown then."""
    world.at(MORNING + timedelta(minutes=minutes))
    client = world.client(who)
    page = client.get("/").text
    form = re.search(r'<form(?:(?!</form>).)*action="/presence/check-out".*?</form>', page, re.DOTALL)
    assert form
    held = dict(re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', form[0]))
    answer = client.post("/presence/check-out", data=held | changed)
    return str(answer.text if answer.status_code == 200 else client.get("/").text)


def _outs(world: World) -> int:
    with world.database.reading() as db:
        return len(db.scalars(sa.select(Mark.id).where(Mark.kind == MarkKind.CHECK_OUT)).all())


def test_who_is_late_is_told_at_once_in_hours_and_minutes(world: World) -> None:
    page = _tap(world, "ben", 454)
    assert "Anda masuk 7 jam 16 menit setelah jam masuk." in page
    assert "436" not in page
    assert "setelah jam masuk" in _tap(world, "cy", 30, **HTMX), "and in the card that htmx brings"


def test_who_comes_in_time_or_goes_on_field_duty_is_told_nothing(world: World) -> None:
    assert "setelah jam masuk" not in _tap(world, "ben", 18)
    assert "setelah jam masuk" not in _tap(world, "cy", 200, mode="field")


def test_before_the_check_in_the_page_says_how_long_ago_work_began(world: World) -> None:
    assert "Jam masuk Anda 07.30." in world.client("ben").get("/").text
    world.at(MORNING + timedelta(minutes=83))
    page = world.client("ben").get("/").text
    assert "Jam masuk 07.30, sudah lewat 1 jam 5 menit." in page
    assert 'data-now="2026-11-23T08:35:00+08:00"' in page, "the clock runs by the server's time"


def test_leaving_early_is_asked_once_and_never_refused(world: World) -> None:
    _tap(world, "ben", 0)
    asked = _leave(world, "ben", 466)
    assert "Pulang 1 jam 2 menit lebih cepat?" in asked
    assert _outs(world) == 0
    done = _leave(world, "ben", 467, sure="1")
    assert "Presensi pulang tercatat 14.59 WITA" in done
    assert "Anda pulang 1 jam 1 menit sebelum jam pulang." in done
    assert _outs(world) == 1


def test_the_question_holds_the_answer_that_is_pressed_without_scripts(world: World) -> None:
    _tap(world, "ben", 0)
    asked = _leave(world, "ben", 466)
    form = re.search(r'<form(?:(?!</form>).)*name="sure".*?</form>', asked, re.DOTALL)
    assert form
    assert 'method="post"' in form[0]
    held = dict(re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', form[0]))
    assert world.client("ben").post("/presence/check-out", data=held).status_code == 303
    assert _outs(world) == 1


def test_nobody_is_asked_at_the_end_of_the_day_on_field_duty_or_twice(world: World) -> None:
    _tap(world, "ben", 0)
    assert "Presensi pulang tercatat 16.00 WITA" in _leave(world, "ben", 528)
    _tap(world, "cy", 0, mode="field")
    assert "Presensi pulang tercatat" in _leave(world, "cy", 300)
    late_tab = world.client("ben").post(
        "/presence/check-out", data={"idempotency_key": str(uuid4()), "until": "2026-11-24T16:00:00+08:00"}
    )
    assert late_tab.status_code == 303, "who has left already is not asked whether to leave"
    assert _outs(world) == 2


@pytest.mark.parametrize(
    "until", ["", "x", "2026-11-23", "2026-11-23T16:00:00", "9" * 300, "0001-01-01T00:00:00+14:00"]
)
def test_a_strange_end_of_the_day_keeps_nobody_from_leaving(world: World, until: str) -> None:
    _tap(world, "ben", 0)
    answer = world.client("ben").post("/presence/check-out", data={"idempotency_key": str(uuid4()), "until": until})
    assert answer.status_code == 303
    assert _outs(world) == 1


def test_after_moves_one_line_tells_the_way_of_the_day(world: World) -> None:
    _tap(world, "ben", 454, mode="home")
    page = _tap(world, "ben", 466, mode="field")
    assert "Masuk 14.46 Rumah, 14.58 Dinas luar." in page
    assert "Masuk 14.46 Rumah, 14.58 Dinas luar, pulang 16.02." in _leave(world, "ben", 530)
    page = _tap(world, "ben", 590)
    assert "Masuk 14.46 Rumah, 14.58 Dinas luar, pulang 16.02, masuk 17.02 Kantor." in page


def test_the_page_costs_at_most_eight_statements_also_when_it_asks(world: World) -> None:
    _tap(world, "ben", 0)
    world.at(MORNING + timedelta(minutes=466))
    client = world.client("ben")
    with count_queries(world.database) as seen:
        client.get("/")
    assert len(seen) <= 8, seen
    with count_queries(world.database) as seen:
        client.post("/presence/check-in", data={"mode": "field", "idempotency_key": str(uuid4())})
    assert len(seen) <= 4, seen
