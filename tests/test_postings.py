"""Where somebody serves from a date on: what held then is what the pages of then say."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import people
from staffhub.errors import Forbidden, Refused
from staffhub.models import Division, Officer, Posting
from staffhub.people import postings
from staffhub.reports import recap
from staffhub.roster import sheet
from tests.conftest import MORNING, TODAY, World, add_posting
from tests.page_forms import form_of

MOVED = date(2026, 11, 16)
NOVEMBER = date(2026, 11, 1)


def _division(db: Any, code: str) -> int:
    return int(db.scalars(sa.select(Division.id).where(Division.office_id == 1, Division.code == code)).one())


def _move_ben(world: World) -> int:
    ben = world.officer_id("ben")
    with world.database.transaction() as db:
        add_posting(db, ben, MOVED, division_id=_division(db, "civil_registration"), position="Pencatat")
    return ben


def _rows(world: World, officer_id: int) -> list[tuple[date, date | None, str]]:
    with world.database.reading() as db:
        rows = sa.select(Posting.valid_from, Posting.valid_to, Posting.position).order_by(Posting.valid_from)
        return [tuple(row) for row in db.execute(rows.where(Posting.officer_id == officer_id))]


def test_who_moved_stands_in_both_divisions_each_with_its_own_days(world: World) -> None:
    ben = _move_ben(world)
    with world.database.reading() as db:
        sheet = recap.month(db, world.viewer("hana"), NOVEMBER, now=MORNING)
    lines = [line for line in sheet.lines if line.officer.id == ben]
    assert [(line.officer.division_code, line.officer.since, line.officer.until) for line in lines] == [
        ("population_registration", None, MOVED - timedelta(days=1)),
        ("civil_registration", MOVED, None),
    ]
    for line in lines:
        assert not [record for record in line.records if record.code and not line.officer.holds(record.day)]


def test_who_moved_is_one_person_however_many_divisions_count_them(world: World) -> None:
    with world.database.reading() as db:
        before = recap.month(db, world.viewer("hana"), NOVEMBER, now=MORNING).sections.total
    ben = _move_ben(world)
    with world.database.reading() as db:
        month = recap.month(db, world.viewer("hana"), NOVEMBER, now=MORNING)
        planned = sheet.month_sheet(db, world.viewer("hana"), month=NOVEMBER)
    assert (month.sections.total, planned.sections.total) == (before, before)
    assert sum(one.count for one in month.sections.all) == before + 1
    officer = next(line.officer for line in month.lines if line.officer.id == ben)
    assert month.told_apart(officer) == officer.name, "nobody bears the name of somebody else by moving"
    page = world.client("hana").get("/attendance?month=2026-11").text
    assert re.search(rf">\s*{before} pegawai ·", page)
    assert f"Kehadiran {before} pegawai" in page


def test_a_head_reads_the_days_that_somebody_served_under_him_and_no_others(world: World) -> None:
    ben, ana = _move_ben(world), world.viewer("ana")
    with world.database.reading() as db:
        assert recap.officer_for(db, ana, ben, MOVED - timedelta(days=1)).position == "Pengelola data"
        with pytest.raises(Forbidden):
            recap.officer_for(db, ana, ben, MOVED)
        (line,) = [one for one in recap.month(db, ana, NOVEMBER, now=MORNING).lines if one.officer.id == ben]
    assert line.officer.until == MOVED - timedelta(days=1)


def test_an_edit_from_a_date_on_ends_the_posting_before_and_a_correction_replaces_it(world: World) -> None:
    ben = world.officer_id("ben")
    for day, position in ((TODAY, "Analis"), (TODAY, "Penyelia"), (TODAY + timedelta(days=8), "Kepala")):
        with world.database.transaction() as db:
            postings.post(db, 1, ben, {"position": position}, day=day, by=None, now=MORNING)
    later = TODAY + timedelta(days=8)
    first = date(2020, 1, 1)
    assert _rows(world, ben) == [
        (first, TODAY - timedelta(days=1), "Pengelola data"),
        (TODAY, later - timedelta(days=1), "Penyelia"),
        (later, None, "Kepala"),
    ]


def test_a_change_reaches_later_postings_that_only_repeated_what_it_changes(world: World) -> None:
    ben, cy = world.officer_id("ben"), world.officer_id("cy")
    with world.database.transaction() as db:
        add_posting(db, ben, TODAY + timedelta(days=8), position="Kepala")
    with world.database.transaction() as db:
        postings.post(db, 1, ben, {"superior_id": cy, "position": "Analis"}, day=TODAY, by=None, now=MORNING)
    with world.database.reading() as db:
        rows = sa.select(Posting.superior_id).where(Posting.officer_id == ben).order_by(Posting.valid_from)
        assert list(db.scalars(rows))[1:] == [cy, cy]
    assert [position for _from, _to, position in _rows(world, ben)] == ["Pengelola data", "Analis", "Kepala"]


def test_a_posting_to_come_is_withdrawn_and_one_that_has_begun_is_not(world: World) -> None:
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    with world.database.transaction() as db:
        add_posting(db, ben, TODAY + timedelta(days=8), position="Kepala")
    with world.database.transaction() as db:
        person = people.editable_officer(db, hana, ben, now=MORNING)
        newest, oldest = postings.history(db, hana, person, now=MORNING)
        assert (newest.state, oldest.state) == ("future", "now")
        with pytest.raises(Refused):
            postings.withdraw(db, hana, person, oldest.id, now=MORNING)
        postings.withdraw(db, hana, person, newest.id, now=MORNING)
    assert _rows(world, ben) == [(date(2020, 1, 1), None, "Pengelola data")]


def test_who_heads_a_division_from_tomorrow_sees_it_from_tomorrow(world: World) -> None:
    ana = world.officer_id("ana")
    with world.database.transaction() as db:
        other = _division(db, "civil_registration")
        add_posting(db, ana, TODAY + timedelta(days=1), division_id=other)
    assert world.viewer("ana").division_id != other


def test_a_superior_who_has_left_stays_and_a_change_holds_from_the_day_that_was_chosen(world: World) -> None:
    ben, ana = world.officer_id("ben"), world.officer_id("ana")
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == ben).values(superior_id=ana))
        db.execute(sa.update(Officer).where(Officer.id == ana).values(active_to=TODAY - timedelta(days=1)))
    client, action = world.client("hana"), f"/people/{ben}/edit"
    day = TODAY + timedelta(days=8)
    typed = form_of(client.get(f"/people/{ben}").text, action)
    typed |= {"position": ["Analis"], "valid_from": [day.isoformat()]}
    assert client.post(action, data=typed).status_code in {200, 303}
    assert [row[0] for row in _rows(world, ben)] == [date(2020, 1, 1), day]
    with world.database.reading() as db:
        assert set(db.scalars(sa.select(Posting.superior_id).where(Posting.officer_id == ben))) == {ana}
    page = client.get(f"/people/{ben}").text
    (withdraw,) = set(re.findall(r'action="(/people/\d+/postings/\d+/withdraw)"', page))
    assert client.post(withdraw).status_code in {200, 303}
    assert [row[0] for row in _rows(world, ben)] == [date(2020, 1, 1)]


def test_a_superior_who_has_left_is_marked_so_wherever_one_is_shown(world: World) -> None:
    ben, ana = world.officer_id("ben"), world.officer_id("ana")
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == ben).values(superior_id=ana))
        db.execute(sa.update(Officer).where(Officer.id == ana).values(active_to=TODAY - timedelta(days=1)))
    client = world.client("hana")
    page = client.get(f"/people/{ben}").text
    chosen = re.search(r"<option[^>]*selected[^>]*>(Ana Kaunang[^<]*)", page)
    assert chosen
    assert "(sudah tidak bertugas)" in chosen[1]
    assert page.count("Ana Kaunang (sudah tidak bertugas)") == 2, "in the select and in the postings"
    assert "Ana Kaunang (sudah tidak bertugas)" in client.get("/people?q=Ben").text
    assert "Ana Kaunang (sudah tidak bertugas)" in world.client("ben").get("/worklog").text


def test_superiors_of_one_name_are_told_apart_by_bidang(world: World) -> None:
    cy = world.officer_id("cy")
    with world.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == cy).values(name="Tia Lumintang"))
    page = world.client("hana").get(f"/people/{world.officer_id('ben')}").text
    offered = re.findall(r"<option[^>]*>(Tia Lumintang[^<]*)", page)
    assert len({text.split("(")[1].split(",")[0] for text in offered}) == 2


def test_a_number_is_found_as_it_is_printed_and_only_by_whoever_reads_numbers(world: World) -> None:
    with world.database.transaction() as db:
        ben = sa.update(Officer).where(Officer.name == "Ben Tumiwa")
        db.execute(ben.values(number="199503172019031005"))
    for typed in ("19950317 201903 1 005", "199503172019031005", "19950317.201903.1.005"):
        assert "Ben Tumiwa" in world.client("hana").get("/people", params={"q": typed}).text
        assert "Ben Tumiwa" not in world.client("dewi").get("/people", params={"q": typed}).text


def test_the_month_sheet_says_where_somebody_moved_and_a_head_reads_no_other_bidang(world: World) -> None:
    _move_ben(world)
    page = world.client("hana").get("/attendance?month=2026-11").text
    assert len(re.findall(r"<small>pindah ke [^<]+ sejak 16 November 2026</small>", page)) == 1
    assert len(re.findall(r"<small>dari [^<]+ sejak 16 November 2026</small>", page)) == 1
    assert "<small>di sini sampai 15 November 2026</small>" in world.client("ana").get("/attendance?month=2026-11").text
    assert "<small>" not in world.client("hana").get("/attendance?month=2026-12").text.split('class="sheet"')[-1]
