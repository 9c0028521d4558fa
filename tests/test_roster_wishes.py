"""Wishes of the staff for the roster, from their own phones, and letters that keep somebody at home."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import HomeOnly, PlanMode, RosterPlan
from staffhub.roster import home_letters, wishes
from tests.conftest import MORNING, TODAY, World, viewer_of
from tests.page_forms import form_of
from tests.test_roster_problem import DECEMBER, SATURDAY, TUESDAY, WEDNESDAY, desk, who


def _wish(database: Database, day: date, mode: PlanMode = PlanMode.HOME) -> list[tuple[date, PlanMode]]:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        wishes.wish(db, ben, day, mode, note="Posyandu", now=MORNING)
    return _mine(database)


def _mine(database: Database) -> list[tuple[date, PlanMode]]:
    ben = viewer_of(database, "ben")
    with database.reading() as db:
        return [(one.day, one.mode) for one in wishes.mine(db, ben, today=TODAY)]


def test_the_last_word_of_a_day_counts_and_is_taken_back(database: Database) -> None:
    assert _wish(database, TUESDAY) == _wish(database, TUESDAY) == [(TUESDAY, PlanMode.HOME)]
    assert _wish(database, TUESDAY, PlanMode.OFFICE) == [(TUESDAY, PlanMode.OFFICE)]
    ben = viewer_of(database, "ben")
    for _twice in range(2):
        with database.transaction() as db:
            wishes.take_back(db, ben, TUESDAY, now=MORNING)
    assert _mine(database) == []


@pytest.mark.parametrize("day", [TODAY, SATURDAY, TODAY + timedelta(days=200)])
def test_a_wish_is_for_a_working_day_to_come(database: Database, day: date) -> None:
    with pytest.raises(Refused) as refused:
        _wish(database, day)
    assert refused.value.field == "date"


def test_what_is_published_was_wished_for_before(database: Database) -> None:
    _wish(database, TUESDAY)
    with database.transaction() as db:
        facts = {"version": 1, "published": 1, "created_at": MORNING}
        db.add(RosterPlan(office_id=1, division_id=desk(database), month=DECEMBER, **facts))
    ben = viewer_of(database, "ben")
    with pytest.raises(Refused, match=r"terbit|published"):
        _wish(database, WEDNESDAY)
    with database.transaction() as db, pytest.raises(Refused):
        wishes.take_back(db, ben, TUESDAY, now=MORNING)
    assert _mine(database) == [(TUESDAY, PlanMode.HOME)]


def test_a_wish_takes_two_taps_on_the_phone(world: World) -> None:
    ben = world.client("ben")
    typed = form_of(ben.get("/roster/wishes").text, "/roster/wishes")
    assert typed["mode"] == ["home"]
    sent = ben.post("/roster/wishes", data=typed | {"date": [TUESDAY.isoformat()]})
    assert sent.status_code == 303
    page = ben.get("/roster/wishes").text
    assert f'action="/roster/wishes/{TUESDAY}/remove"' in page
    assert ben.post(f"/roster/wishes/{TUESDAY}/remove").status_code == 303
    assert f"{TUESDAY}/remove" not in ben.get("/roster/wishes").text
    refused = ben.post("/roster/wishes", data=typed | {"date": [SATURDAY.isoformat()], "note": ["Posyandu"]})
    assert (refused.status_code, "Posyandu" in refused.text) == (422, True)


def test_hr_notes_a_letter_once_and_ends_it_and_nothing_is_deleted(world: World) -> None:
    hana, ben = world.client("hana"), who(world.database, "ben")
    typed = form_of(hana.get("/roster/letters").text, "/roster/letters")
    typed |= {"officer": [str(ben)], "first": ["2026-11-20"], "last": ["2026-12-31"], "document": ["800/12"]}
    assert [hana.post("/roster/letters", data=typed).status_code for _twice in range(2)] == [303, 303]
    other = hana.post("/roster/letters", data=typed | {"document": ["800/13"]})
    assert other.status_code == 409
    with world.database.reading() as db:
        (letter,) = db.scalars(sa.select(HomeOnly.id))
    page = hana.get("/roster/letters").text
    assert "800/12" in page
    ended = form_of(page, f"/roster/letters/{letter}/end")
    assert [hana.post(f"/roster/letters/{letter}/end", data=ended).status_code for _twice in range(2)] == [303, 303]
    with world.database.reading() as db:
        assert db.get_one(HomeOnly, letter).last == TODAY - timedelta(days=1)
    wrong = hana.post("/roster/letters", data=typed | {"last": ["2026-11-01"], "idempotency_key": ["another-key-1"]})
    assert wrong.status_code == 422
    assert world.client("ana").get("/roster/letters").status_code == 403


def test_of_two_who_end_a_letter_over_another_state_the_second_is_told(database: Database) -> None:
    hana, ana, ben = viewer_of(database, "hana"), viewer_of(database, "ana"), who(database, "ben")
    with database.transaction() as db:
        home_letters.write(db, hana, ben, TUESDAY, WEDNESDAY, document="800/1", key="letter-0001", now=MORNING)
        letter = db.scalars(sa.select(HomeOnly.id)).one()
    with database.transaction() as db, pytest.raises(Conflict):
        home_letters.end(db, hana, letter, seen=7, now=MORNING)
    with database.transaction() as db, pytest.raises(Forbidden):
        home_letters.end(db, ana, letter, seen=1, now=MORNING)
