"""Wishes of the staff for the roster, from their own phones, and letters that keep somebody at home."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from staffhub import leave
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import DayPart, HomeOnly, PlanLayer, PlanMode, RosterPlan
from staffhub.roster import covering, drafts, grid, home_letters, problem, wishes
from staffhub.roster.drafts import Cell
from tests.conftest import MORNING, TODAY, World, plan_range, viewer_of
from tests.page_forms import form_of
from tests.test_roster_problem import DECEMBER, SATURDAY, TUESDAY, WEDNESDAY, desk, draft, who

THURSDAY = WEDNESDAY + timedelta(days=1)


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


def test_a_wish_for_the_office_is_met_by_half_a_day_there_and_at_the_desk_of_another_bidang(database: Database) -> None:
    ana, ben, there = viewer_of(database, "ana"), viewer_of(database, "ben"), desk(database, "cy")
    _wish(database, TUESDAY, PlanMode.OFFICE)
    _wish(database, WEDNESDAY, PlanMode.OFFICE)
    _wish(database, THURSDAY)
    with database.transaction() as db:
        plan_range(db, ana, ben.officer_id, TUESDAY, part=DayPart.MORNING)
    lent = Cell(PlanMode.OFFICE, there)
    draft(database, {("ben", WEDNESDAY): lent, ("ben", THURSDAY): lent})
    with database.reading() as db:
        shown = grid.draft_grid(db, ana, drafts.read(db, 1, desk(database), DECEMBER), since=TODAY)
        assert [(one.day, one.mode) for one in wishes.unmet(db, ana, shown)] == [(THURSDAY, PlanMode.HOME)]


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


def test_a_letter_noted_over_a_published_roster_says_so_and_the_places_are_empty(world: World) -> None:
    hana, ana = world.client("hana"), world.client("ana")
    tia, here = who(world.database, "tia"), f"/roster/drafts/{world.viewer('ana').division_id}/2026-11"
    ana.post(f"{here}/cells", data={"cell": f"{tia}.2026-11-30.K", "version": "0"})
    assert ana.post(f"{here}/publish", data={"version": "1"}).status_code == 303
    typed = form_of(hana.get("/roster/letters").text, "/roster/letters")
    typed |= {"officer": [str(tia)], "first": ["2026-11-20"], "last": ["2026-12-31"], "document": ["800/12"]}
    assert "THL" not in ana.get("/roster/repair").text
    assert hana.post("/roster/letters", data=typed).status_code == 303
    page = hana.get("/roster/letters").text
    # From today to the end of the month that is published: the roster, and the usual week where it says nothing.
    assert "Jadwal yang terbit masih menempatkannya di kantor selama 6 hari: susun jadwal lagi." in page
    assert f'<a href="{here}">6 hari di kantor sudah terbit, November 2026: ubah jadwal</a>' in page
    assert re.search(r"Tidak ada pengganti THL [^<]* pada:\s+Sen, 23 Nov", ana.get("/roster/repair").text)
    draft = ana.get(here).text
    assert "bekerja dari rumah menurut surat, tetapi dijadwalkan di kantor" in draft
    assert '<td class="short">0/1</td>' in draft
    days = [f"{tia}.2026-11-{day}.R" for day in (23, 24, 25, 26, 27, 30)]
    ana.post(f"{here}/cells", data={"cell": days, "version": "2"})
    assert "menurut surat, tetapi dijadwalkan" not in ana.get(here).text
    assert "sudah terbit, November" in hana.get("/roster/letters").text
    ana.post(
        f"{here}/excuse", data={"day": [f"2026-11-{day} THL" for day in (23, 24, 25, 26, 27, 30)], "reason": "Surat"}
    )
    assert ana.post(f"{here}/publish", data={"version": "3"}).status_code == 303
    assert "sudah terbit, November" not in hana.get("/roster/letters").text


def test_whom_a_letter_keeps_at_home_keeps_no_desk_of_another_bidang_and_no_place_beside_a_leave(
    database: Database,
) -> None:
    hana, ana, cy = (viewer_of(database, name) for name in ("hana", "ana", "cy"))
    ben, tia = viewer_of(database, "ben"), who(database, "tia")
    with database.transaction() as db:
        lent = {"mode": PlanMode.OFFICE, "layer": PlanLayer.ROSTER, "desk_id": ana.division_id}
        plan_range(db, hana, cy.officer_id, TUESDAY, **lent)
        home_letters.write(db, hana, cy.officer_id or 0, TUESDAY, TUESDAY, document="1", key="letter-0001", now=MORNING)
        home_letters.write(db, hana, tia, TUESDAY, TUESDAY, document="2", key="letter-0002", now=MORNING)
        asked = leave.ask(db, ben, leave.Wish("annual", TUESDAY, TUESDAY), key="leave-of-ben", now=MORNING)
    with database.reading() as db:
        month = covering.month_of(db, 1, ana.division_id or 0, [TUESDAY])
        facts = problem.load(db, 1, TUESDAY, opens=TODAY)
        one = leave.leave_for(db, ana, asked.leave_id, now=MORNING)
        people = leave.around.colleagues(db, ana, one)
        gaps = leave.around.gaps(db, ana, one, month.book, people)
    assert {cover.group: cover.have for cover in month.covers()[TUESDAY]} == {"ASN": 2, "THL": 0}
    asked_for = {
        one.source: one.minimum for one in problem.build(facts, [ana.division_id or 0], [TUESDAY]).problem.demands
    }
    assert asked_for == {"ASN": 1, "THL": 1}
    assert [(gap.group, gap.because) for gap in gaps] == [("THL", False)]


def test_of_two_who_end_a_letter_over_another_state_the_second_is_told(database: Database) -> None:
    hana, ana, ben = viewer_of(database, "hana"), viewer_of(database, "ana"), who(database, "ben")
    with database.transaction() as db:
        home_letters.write(db, hana, ben, TUESDAY, WEDNESDAY, document="800/1", key="letter-0001", now=MORNING)
        letter = db.scalars(sa.select(HomeOnly.id)).one()
    with database.transaction() as db, pytest.raises(Conflict):
        home_letters.end(db, hana, letter, seen=7, now=MORNING)
    with database.transaction() as db, pytest.raises(Forbidden):
        home_letters.end(db, ana, letter, seen=1, now=MORNING)
