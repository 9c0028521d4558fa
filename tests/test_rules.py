"""Rules as typed models: found for a person and a date, checked when written, never the end of somebody else's page."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from typing import Any

import pytest

from staffhub import founding, workdays
from staffhub.db import Database
from staffhub.errors import Forbidden, Refused
from staffhub.models import EmploymentType, RuleKind, RuleSet
from staffhub.workdays import Calendar, Draft, Hours
from tests.conftest import MORNING, TODAY, World, count_queries, viewer_of
from tests.test_workdays import ASN, RAMADAN, RULE, THL, _rule

SIX_DAYS = {day: ["07.00", "13.00", 0] for day in ("mon", "tue", "wed", "thu", "fri", "sat")}
SATURDAY = date(2026, 11, 28)
NEW: dict[str, Any] = {
    "kind": RuleKind.WORK_HOURS, "values": SIX_DAYS, "valid_from": date(2026, 1, 1), "legal_source": "SK Kadis 5/2026",
    "owner": "kepegawaian", "groups": [THL],
}  # fmt: skip


def _write(database: Database, **overrides: Any) -> int:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        return workdays.write_rule(db, hana, Draft(**(NEW | overrides)), now=MORNING)


def test_a_rule_for_a_kind_of_employment_comes_before_one_for_everybody() -> None:
    book = Calendar({}, (RULE, _rule(SIX_DAYS, types=[THL], source="SK")))
    assert book.hours(TODAY, THL) == Hours(time(7), time(13), 360)
    assert book.hours(TODAY, ASN) == book.hours(TODAY) == Hours(time(7, 30), time(16), 450)
    assert (book.hours(SATURDAY, THL) is None, book.hours(SATURDAY, ASN) is None) == (False, True)
    assert [book.is_working_day(SATURDAY, kind) for kind in (THL, ASN, None)] == [True, False, False]


def test_the_plan_finds_the_hours_of_each_person_and_asks_no_more_statements(database: Database) -> None:
    _write(database)
    tia, ben = viewer_of(database, "tia").officer_id, viewer_of(database, "ben").officer_id
    assert tia
    assert ben
    with count_queries(database) as seen, database.reading() as db:
        book = workdays.plans(db, 1, TODAY, SATURDAY)
    assert len(seen) == 3
    ends = [hours.ends for officer in (tia, ben) if (hours := book.of(officer, TODAY).hours)]
    assert ends == [time(13), time(16)]
    assert book.hours(tia, SATURDAY) == Hours(time(7), time(13), 360)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"values": {"mon": ["07.30", "16.00"]}}, "mon"),
        ({"values": {"mon": ["half past", "16.00", 0]}}, "mon"),
        ({"values": {"mon": ["16.00", "07.30", 0]}}, "mon"),
        ({"values": {"mon": ["07.30", "08.00", 60]}}, "mon"),
        ({"values": {"mon": ["07.30", "16.00", -5]}}, "mon"),
        ({"values": {"mon": "07.30"}}, "mon"),
        ({"values": {"montag": ["07.30", "16.00", 0]}}, "montag"),
        ({"values": []}, "values"),
        (
            {"kind": RuleKind.COVERAGE, "values": {"groups": [{"name": "ASN", "types": ["boss"], "minimum": 1}]}},
            "groups",
        ),
        ({"kind": RuleKind.COVERAGE, "values": {"groups": [{"name": "ASN", "types": [], "minimum": 1}]}}, "groups"),
        ({"kind": RuleKind.COVERAGE, "values": {"groups": [{"name": "A", "types": ["pns"], "minimum": -1}]}}, "groups"),
        ({"groups": []}, "groups"),
        ({"legal_source": " "}, "legal_source"),
        ({"valid_to": date(2025, 12, 31)}, "valid_to"),
    ],
)
def test_a_wrong_rule_is_refused_where_it_is_written(database: Database, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        _write(database, **wrong)
    assert (refused.value.field, bool(refused.value.message)) == (field, True)


@pytest.mark.parametrize(
    ("second", "fits"),
    [
        ({}, False),
        ({"groups": [THL, EmploymentType.PPPK]}, False),
        ({"valid_from": date(2026, 6, 1)}, False),
        ({"groups": [EmploymentType.PPPK]}, True),
        ({"kind": RuleKind.COVERAGE, "values": founding.COVERAGE}, True),
        ({"groups": None}, False),  # since the founding one is there for everybody
        ({"valid_from": date(2025, 1, 1), "valid_to": date(2025, 12, 31)}, True),
    ],
)
def test_rules_of_one_kind_and_group_do_not_overlap(database: Database, second: dict[str, Any], *, fits: bool) -> None:
    _write(database)
    if fits:
        assert _write(database, **second)
        return
    with pytest.raises(Refused) as refused:
        _write(database, **second)
    assert refused.value.field == "valid_from"


def test_a_rule_that_ends_makes_room_for_the_next(database: Database) -> None:
    rule, hana = _write(database), viewer_of(database, "hana")
    with database.transaction() as db:
        workdays.end_rule(db, hana, rule, last=TODAY, now=MORNING)
    assert _write(database, valid_from=TODAY + timedelta(days=1), values=RAMADAN)
    tia = viewer_of(database, "tia").officer_id or 0
    with database.reading() as db:
        book = workdays.plans(db, 1, TODAY, SATURDAY)
    assert [hours.ends for n in (0, 1) if (hours := book.hours(tia, TODAY + timedelta(days=n)))] == [time(13), time(15)]


def test_of_two_who_write_the_same_rule_at_once_one_is_told(database: Database) -> None:
    def write(_n: int) -> str:
        try:
            return str(_write(database))
        except Refused as refused:
            return refused.field or ""

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, range(2)))[1] == "valid_from"


def test_rules_are_written_by_hr_and_the_administrator(database: Database) -> None:
    ana = viewer_of(database, "ana")
    with database.transaction() as db, pytest.raises(Forbidden):
        workdays.write_rule(db, ana, Draft(**NEW), now=MORNING)


@pytest.mark.parametrize("values", [{"mon": ["half", "16.00", 0]}, {"mon": 7}, "nothing", None, [1], {"groups": 5}])
def test_a_wrong_row_is_left_out_and_breaks_nobodys_page(world: World, values: Any) -> None:
    with world.database.transaction() as db:
        row = NEW | {"values": values, "groups": None}
        db.add(RuleSet(office_id=1, **row))
    for path in ("/", "/board", "/roster", "/attendance", "/worklog"):
        assert world.client("hana").get(path).status_code == 200, path
    with world.database.reading() as db:
        assert workdays.plans(db, 1, TODAY, TODAY).calendar.hours(TODAY) == Hours(time(7, 30), time(16), 450)
    page = world.client("hana").get("/admin/rules").text
    assert "SK Kadis 5/2026" in page
    assert "dilewati" in page


def test_the_bidang_and_services_are_shown_beside_the_rules(world: World) -> None:
    adi = world.client("adi")
    with count_queries(world.database) as seen:
        page = adi.get("/admin/office")
    assert len(seen) <= 8
    for text in ("Perekaman KTP-el", "Pelayanan Pencatatan Sipil", "/admin/rules"):
        assert text in page.text, text
    assert world.client("ana").get("/admin/office").status_code == 403
