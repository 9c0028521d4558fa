"""Who is where at the hour of a meeting that is being thought of, and what stands in its way."""

from datetime import date, time
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.errors import Forbidden
from staffhub.meetings import around, plan
from staffhub.meetings.around import Around
from staffhub.meetings.audience import Audience
from staffhub.models import DayPart, MeetingKind, PlanMode, ZoomUser
from tests.conftest import MORNING, World, count_queries, plan_range

DAY = date(2026, 11, 24)
HTMX = {"HX-Request": "true"}


def _look(world: World, audience: Audience, who: str = "ana", at: time = time(9), minutes: int = 30) -> Around | None:
    me = world.viewer(who)
    with world.database.reading() as db:
        return around.look(db, me, audience, day=DAY, at=at, minutes=minutes)


def _own(world: World) -> Audience:
    division = world.viewer("ana").division_id
    assert division
    return Audience(divisions=(division,))


def _meet(world: World, who: str, guest: str, at: time, minutes: int = 30) -> int:
    me, guests = world.viewer(who), Audience(officers=(world.officer_id(guest),))
    with world.database.transaction() as db:
        return plan.schedule(
            db, me, kind=MeetingKind.SINGLE, topic="Rapat lain", starts_on=DAY, starts_at=at, minutes=minutes,
            audience=guests, idempotency_key=str(uuid4()), now=MORNING,
        ).id  # fmt: skip


def test_places_leave_and_other_meetings_of_those_chosen_are_told(world: World) -> None:
    ben, tia, dewi = world.officer_id("ben"), world.officer_id("tia"), world.viewer("dewi")
    first = _look(world, _own(world))
    assert first
    assert (first.away, first.busy, first.has_host) == ([], [], True)
    with world.database.transaction() as db:
        plan_range(db, dewi, ben, DAY, DAY)
        plan_range(db, dewi, tia, DAY, DAY, mode=PlanMode.FIELD)
    _meet(world, "dewi", "tia", time(8, 45))
    then = _look(world, _own(world))
    assert then
    assert [one.why for one in then.away] == ["leave"]
    assert then.field == first.field + 1
    assert then.office + then.home == first.office + first.home - 2
    assert [(one.starts, one.ends) for one in then.busy] == [(time(8, 45), time(9, 15))]
    after = _look(world, _own(world), at=time(9, 15))
    assert after
    assert after.busy == [], "it is over by then"
    before = _look(world, _own(world), at=time(8, 15))
    assert before
    assert before.busy == [], "it begins when this one ends"


def test_half_a_day_of_leave_is_in_the_way_of_its_own_half(world: World) -> None:
    ben, dewi = world.officer_id("ben"), world.viewer("dewi")
    with world.database.transaction() as db:
        plan_range(db, dewi, ben, DAY, part=DayPart.AFTERNOON)
    alone = Audience(officers=(ben,))
    morning, afternoon = _look(world, alone), _look(world, alone, at=time(14))
    assert morning
    assert afternoon
    assert morning.away == []
    assert [one.why for one in afternoon.away] == ["half"]


def test_a_host_who_is_busy_is_told_and_a_stranger_division_is_refused(world: World) -> None:
    with world.database.transaction() as db:
        user = {"email": "zoom@contoh.go.id", "name": "Zoom", "licence": 2, "at_once": 1, "hosts": True}
        db.execute(sa.insert(ZoomUser).values(**user, written=0, seen_at=MORNING))
    _meet(world, "dewi", "dewi", time(9))
    seen = _look(world, _own(world))
    assert seen
    assert not seen.has_host
    with pytest.raises(Forbidden):
        _look(world, Audience(officers=(world.officer_id("dewi"),)))
    assert _look(world, Audience()) is None


def test_the_page_asks_while_somebody_chooses_and_a_button_asks_without_scripts(world: World) -> None:
    ana, ben, dewi = world.client("ana"), world.officer_id("ben"), world.viewer("dewi")
    with world.database.transaction() as db:
        plan_range(db, dewi, ben, DAY)
    chosen = {"date": DAY.isoformat(), "time": "09.00", "duration": "30", "officer": str(ben)}
    with count_queries(world.database) as seen:
        told = ana.get("/meetings/around", params=chosen, headers=HTMX).text
    assert "Tidak bertugas:" in told
    assert "(cuti)" in told
    assert len(seen) <= 10  # two of them for the session
    for wrong in ({"duration": "0"}, {"time": "x"}, {"officer": "999999"}, {"officer": ""}):
        assert "<p>" not in ana.get("/meetings/around", params=chosen | wrong, headers=HTMX).text, wrong
    page = ana.get("/meetings/new").text
    assert 'hx-get="/meetings/around"' in page
    assert 'name="look"' in page
    form = chosen | {"topic": "Rapat kerja", "look": "1", "idempotency_key": str(uuid4())}
    for address in ("/meetings", "/standups"):
        answer = ana.post(address, data=form)
        assert answer.status_code == 200
        assert "Tidak bertugas:" in answer.text
        assert "Rapat kerja" in answer.text, "what was typed is kept"
    nobody = ana.post("/meetings", data=form | {"officer": ""})
    assert nobody.status_code == 422
    with world.database.reading() as db:
        assert db.scalar(sa.text("SELECT count(*) FROM meeting")) == 0
