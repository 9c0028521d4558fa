"""Who is where at the hour of a meeting that is being thought of, and what stands in its way."""

from datetime import date, datetime, time
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.errors import Forbidden
from staffhub.meetings import around, plan
from staffhub.meetings.around import Around
from staffhub.meetings.audience import Audience
from staffhub.models import DayPart, Meeting, MeetingKind, PlanMode, ZoomUser
from tests.conftest import MORNING, World, count_queries, plan_range
from tests.page_forms import form_of

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


def _edit_form(world: World, who: str, meeting_id: int) -> dict[str, object]:
    fields = form_of(world.client(who).get(f"/meetings/{meeting_id}/edit").text, f"/meetings/{meeting_id}/edit")
    return {**fields, "look": "1"}


def test_whoever_edits_a_meeting_is_told_the_same_and_it_is_not_in_its_own_way(world: World) -> None:
    with world.database.transaction() as db:
        user = {"email": "zoom@contoh.go.id", "name": "Zoom", "licence": 2, "at_once": 1, "hosts": True}
        db.execute(sa.insert(ZoomUser).values(**user, written=0, seen_at=MORNING))
    mine = _meet(world, "ana", "ben", time(9))
    _meet(world, "ana", "tia", time(10))
    ana, address = world.client("ana"), f"/meetings/{mine}/edit"
    page = ana.get(address).text
    assert f'hx-get="/meetings/around?meeting={mine}"' in page
    typed = _edit_form(world, "ana", mine)
    alone = ana.post(address, data=typed)
    assert alone.status_code == 200
    assert "Tidak ada yang cuti atau sedang di rapat lain" in alone.text
    tia = str(world.officer_id("tia"))
    moved = ana.post(
        address, data=typed | {"time": "10.15", "officer": [str(world.officer_id("ben")), tia], "topic": "X"}
    )
    assert "Sedang di rapat lain:" in moved.text
    assert "Tidak ada host Zoom" in moved.text
    assert 'value="X"' in moved.text, "what was typed is kept"
    assert ana.post(address, data=typed | {"officer": ""}).status_code == 422
    asked = {"date": DAY.isoformat(), "time": "09.00", "duration": "30", "officer": tia, "meeting": str(mine)}
    assert (
        "Tidak ada yang cuti atau sedang di rapat lain" in ana.get("/meetings/around", params=asked, headers=HTMX).text
    )
    assert ana.get("/meetings/around", params=asked | {"meeting": "9999"}, headers=HTMX).status_code == 404
    theirs = _meet(world, "dewi", "dewi", time(13))
    assert ana.get("/meetings/around", params=asked | {"meeting": str(theirs)}, headers=HTMX).status_code == 403
    with world.database.reading() as db:
        assert db.scalars(sa.select(Meeting.version).where(Meeting.id == mine)).one() == 1, "nothing is saved"


def test_of_a_series_that_has_begun_its_next_date_is_looked_at(world: World) -> None:
    ben, dewi = world.officer_id("ben"), world.viewer("dewi")
    with world.database.transaction() as db:
        series = {"kind": MeetingKind.STANDUP, "topic": "Apel", "starts_on": DAY, "starts_at": time(8), "minutes": 15}
        series |= {"weekdays": [1, 2], "occurrences": 4, "audience": Audience(officers=(ben,))}
        meeting = plan.schedule(db, dewi, **series, idempotency_key=str(uuid4()), now=MORNING).id
        plan_range(db, dewi, ben, date(2026, 11, 25))
    world.at(datetime.combine(DAY, time(12), MORNING.tzinfo))
    told = world.client("dewi").post(f"/meetings/{meeting}/edit", data=_edit_form(world, "dewi", meeting)).text
    assert "Rabu, 25 November 2026" in told
    assert "(cuti)" in told
