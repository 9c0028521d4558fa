"""Rules as typed models: found for a person and a date, checked when written, never the end of somebody else's page."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from staffhub import founding, workdays
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import AuditEvent, EmploymentType, RuleKind, RuleSet
from staffhub.workdays import Calendar, Draft, Hours, Rule, Tiers, WorkHours, rules
from tests.conftest import MORNING, TODAY, World, count_queries, race, viewer_of
from tests.page_forms import form_of
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


def test_the_bidang_are_shown_beside_the_way_to_services_and_rules(world: World) -> None:
    adi = world.client("adi")
    with count_queries(world.database) as seen:
        page = adi.get("/admin/office")
    assert len(seen) <= 8
    for text in ("Pelayanan Pencatatan Sipil", "/requests/services", "/admin/rules"):
        assert text in page.text, text
    assert world.client("ana").get("/admin/office").status_code == 403


def test_a_bidang_is_renamed_on_every_page_at_once_and_the_trail_keeps_both_names(world: World) -> None:
    """Another office process knows it too: what is kept of an office is kept by its version."""
    hana, dafduk = world.client("hana"), world.viewer("ana").division_id
    page = hana.get("/admin/office").text
    address = f"/admin/office/divisions/{dafduk}"
    typed = form_of(page, address) | {"name": "Bidang Kependudukan", "short_name": "Penduduk"}
    for said in ("bernama Bidang Kependudukan", "sudah bernama demikian"):
        assert hana.post(address, data=typed).status_code == 303
        assert said in hana.get("/admin/office").text
    assert "Penduduk" in world.client("ana").get("/roster").text
    with world.database.reading() as db:
        (event,) = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "division.renamed"))
    assert event.facts["names"]["after"] == ["Bidang Kependudukan", "Penduduk"]
    assert len(event.facts["names"]["before"]) == len(event.facts["names"]["after"])
    other = hana.post(
        address, data=form_of(hana.get("/admin/office").text, address) | {"name": "pelayanan pencatatan sipil"}
    )
    assert other.status_code == 422
    assert "Bidang lain sudah memakai nama ini." in other.text
    assert hana.post("/admin/office/divisions/9999", data=typed).status_code == 404


def _values(kind: RuleKind, values: Any, *, subject: str = "", types: Any = None, start: date = TODAY) -> Rule:
    groups = None if types is None else frozenset(types)
    return Rule(kind, start, None, groups, rules.read(kind, values), subject=subject)


PART_TIME = EmploymentType.PPPK_PART_TIME
FAST = (date(2027, 2, 8), date(2027, 3, 9))


def _schedule(values: Any, *, types: Any = None, special: bool = False, source: str) -> Rule:
    first, last = FAST if special else (date(2026, 1, 1), None)
    groups = None if types is None else frozenset(types)
    read = rules.read(RuleKind.WORK_HOURS, values)
    return Rule(RuleKind.WORK_HOURS, first, last, groups, read, source, "special" if special else "")


def test_ramadan_lies_over_the_usual_hours_but_not_over_those_of_a_group_with_its_own() -> None:
    usual = _schedule(founding.WORK_HOURS, source="Perpres")
    contract = _schedule(founding.rules.PART_TIME, types=[PART_TIME], source="SK")
    fast = _schedule(RAMADAN, special=True, source="SE")
    monday, after = FAST[0], FAST[1] + timedelta(days=1)
    for book in (Calendar({}, (usual, contract, fast)), Calendar({}, (fast, contract, usual))):
        ends = {who: getattr(book.hours(monday, who), "ends", None) for who in (None, ASN, PART_TIME)}
        assert ends == {None: time(15), ASN: time(15), PART_TIME: time(11, 30)}
        assert book.hours(after, ASN) == Hours(time(7, 30), time(16), 450)
    own = _schedule({"mon": ["08.00", "11.00", 0]}, types=[PART_TIME], special=True, source="SE 2")
    book = Calendar({}, (usual, contract, fast, own))
    assert book.hours(monday, PART_TIME) == Hours(time(8), time(11), 180), "until a row for the group says otherwise"
    assert book.hours(monday, ASN) == Hours(time(8), time(15), 390)


def test_a_newer_usual_rule_does_not_end_ramadan() -> None:
    usual, fast = _schedule(founding.WORK_HOURS, source="Perpres"), _schedule(RAMADAN, special=True, source="SE")
    newer = Rule(RuleKind.WORK_HOURS, FAST[0] + timedelta(days=7), None, None, usual.values, "Perbup")
    assert Calendar({}, (usual, fast, newer)).hours(FAST[0] + timedelta(days=7)) == Hours(time(8), time(15), 390)


def test_a_schedule_says_when_marks_are_expected_on_a_date_and_what_is_forgiven() -> None:
    windows = [
        {"mark": "check_in", "starts": "07.00", "ends": "08.00"},
        {"mark": "check_out", "starts": "15.30", "ends": "18.00"},
        {"mark": "roll_call", "name": "Apel pagi", "days": ["mon"], "starts": "07.30", "ends": "07.45"},
        {"mark": "roll_call", "name": "Apel sore", "days": ["mon", "fri"], "starts": "15.45", "ends": "16.00"},
    ]
    book = Calendar({}, (_values(RuleKind.WORK_HOURS, founding.WORK_HOURS | {"tolerance": 5, "windows": windows}),))
    monday, tuesday = book.schedule(TODAY), book.schedule(TODAY + timedelta(days=1))
    assert monday
    assert tuesday
    assert (monday.hours, monday.tolerance) == (Hours(time(7, 30), time(16), 450), 5)
    assert [one.name for one in monday.roll_calls] == ["Apel pagi", "Apel sore"]
    assert (tuesday.roll_calls, tuesday.check_in, tuesday.check_out) == ((), monday.check_in, monday.check_out)
    assert monday.check_in
    assert (monday.check_in.starts, monday.check_in.ends) == (time(7), time(8))
    assert book.schedule(SATURDAY) is None


def test_a_stored_week_of_before_is_read_as_it_was() -> None:
    book = Calendar({}, (_values(RuleKind.WORK_HOURS, {"mon": ["07.30", "16.00", 60]}),))
    found = book.schedule(TODAY)
    assert found
    assert (found.tolerance, found.check_in, found.roll_calls) == (0, None, ())
    assert Calendar().schedule(TODAY) is Calendar().thresholds(TODAY) is Calendar().decision_days(TODAY) is None


def test_the_rules_of_a_day_are_found_by_kind_subject_and_group() -> None:
    half = {"unit": "working_days", "letter": "C", "quota": 6}
    book = Calendar({}, (
        _values(RuleKind.LEAVE, half | {"quota": 12}, subject="annual", types=[ASN]),
        _values(RuleKind.LEAVE, half, subject="annual", types=[THL]),
        _values(RuleKind.LEAVE, half | {"quota": 3, "unit": "months"}, subject="long", types=[ASN]),
        _values(RuleKind.FLEXIBLE, {"document": "SE 1", "most_home": 50}),
        _values(RuleKind.FLEXIBLE, {"document": "SE 2", "least_office": 100}, subject="civil_registration"),
        _values(RuleKind.MINUTES_AS_DAYS, {"minutes": 450}),
        _values(RuleKind.DECISION, {"working_days": 3}),
        _values(RuleKind.DISCIPLINE, founding.rules.DISCIPLINE),
    ))  # fmt: skip
    asked = (("annual", ASN), ("annual", THL), ("long", ASN), ("long", THL), ("sick", ASN))
    quotas = [getattr(book.leave_kind(TODAY, kind, who), "quota", None) for kind, who in asked]
    assert quotas == [12, 6, 3, None, None]
    orders = [getattr(book.flexible(TODAY, unit), "document", "") for unit in ("", "secretariat", "civil_registration")]
    assert orders == ["SE 1", "SE 1", "SE 2"]
    assert (book.minutes_a_day(TODAY), book.decision_days(TODAY)) == (450, 3)
    assert book.decision_days(TODAY - timedelta(days=1)) is None
    found = book.thresholds(TODAY)
    assert found
    assert [getattr(found.of(days), "first", None) for days in (2, 3, 6, 7, 27, 28, 300)] == [None, 3, 4, 7, 25, 28, 28]


@given(
    cuts=st.lists(st.integers(1, 200), min_size=1, max_size=7, unique=True),
    minutes=st.integers(0, 300),
    open_end=st.booleans(),
)
def test_every_minute_from_the_first_tier_on_has_one_tier(cuts: list[int], minutes: int, *, open_end: bool) -> None:
    bounds = sorted(cuts)
    ends = [*bounds[1:], None if open_end else bounds[-1] + 10]
    rows = [{"name": f"TL{n}", "min": low, "max": high} for n, (low, high) in enumerate(zip(bounds, ends, strict=True))]
    tiers = Tiers.model_validate({"tiers": rows})
    last = ends[-1]
    reached = [one for one in tiers.tiers if one.min <= minutes and (one.max is None or minutes < one.max)]
    assert len(reached) == (bounds[0] <= minutes and (last is None or minutes < last))
    assert tiers.of(minutes) == (reached[0] if reached else None)


@given(st.lists(st.integers(1, 200), min_size=3, max_size=6, unique=True), st.data())
def test_tiers_with_a_gap_or_an_overlap_are_refused(cuts: list[int], data: st.DataObject) -> None:
    bounds = sorted(cuts)
    rows = [{"name": "TL", "min": low, "max": high} for low, high in pairwise(bounds)]
    wrong = data.draw(st.integers(1, len(rows) - 1))
    moved = rows[wrong]["min"] + data.draw(st.sampled_from([-1, 1]))
    with pytest.raises(ValidationError):
        Tiers.model_validate({"tiers": [*rows[:wrong], rows[wrong] | {"min": moved}, *rows[wrong + 1 :]]})


def _seeded(database: Database) -> dict[tuple[str, str, tuple[str, ...]], RuleSet]:
    with database.reading() as db:
        rows = db.scalars(sa.select(RuleSet).where(RuleSet.office_id == 1)).all()
    return {(row.kind.value, row.subject, tuple(row.groups or ())): row for row in rows}


def test_a_new_office_begins_with_the_known_numbers_and_vouches_for_none_that_are_not_confirmed(
    database: Database,
) -> None:
    found = _seeded(database)
    week = found["work_hours", "", ()].values
    assert (WorkHours.model_validate(week).week_minutes, week["asked"]) == (2250, 2250)
    fast = found["work_hours", "special", ()]
    assert (WorkHours.model_validate(fast.values).week_minutes, fast.values["asked"]) == (1950, 1950)
    assert (fast.valid_from, fast.valid_to) == FAST
    part = found["work_hours", "", ("pppk_part_time",)].values
    assert (WorkHours.model_validate(part).week_minutes, part["asked"]) == (1125, 1125)
    steps = found["discipline", "", ()].values
    assert [(one["first"], one["last"], one["level"]) for one in steps["thresholds"]] == [
        (3, 3, "light"), (4, 6, "light"), (7, 10, "light"), (11, 13, "medium"), (14, 16, "medium"), (17, 20, "medium"),
        (21, 24, "heavy"), (25, 27, "heavy"), (28, None, "heavy"),
    ]  # fmt: skip
    assert steps["in_a_row"]["days"] == 10
    for subject in ("late", "early"):
        rows = found["tiers", subject, ()].values["tiers"]
        assert [(one["min"], one["max"]) for one in rows] == [(1, 31), (31, 61), (61, 91), (91, None)]
    quotas = {(subject, group[0]): (row.values.get("quota"), row.values["unit"])
              for (kind, subject, group), row in found.items() if kind == "leave" and row.confirmed}  # fmt: skip
    assert quotas == {
        ("annual", "pns"): (12, "working_days"), ("annual", "pppk"): (12, "working_days"),
        ("long", "pns"): (3, "months"),
        ("sick", "pns"): (12, "months"), ("sick", "pppk"): (1, "months"), ("maternity", "pns"): (3, "months"),
        ("maternity", "pppk"): (3, "months"), ("important_reason", "pns"): (1, "months"),
        ("unpaid", "pns"): (36, "months"),
    }  # fmt: skip
    proofs = found["leave", "sick", ("pns",)].values["proofs"]
    assert [(one["first"], one["last"], one["by"]) for one in proofs] == [
        (1, 1, "doctor"), (2, 14, "doctor"), (15, None, "government_doctor"),
    ]  # fmt: skip
    annual = found["leave", "annual", ("pns",)].values
    assert (annual["carry_one"], annual["carry_two"], annual["service_months"]) == (18, 24, 12)
    assert found["minutes_as_days", "", ()].values == {"minutes": 450}
    proposed = {key for key, row in found.items() if not row.confirmed}
    assert proposed == {
        ("work_hours", "special", ()), ("work_hours", "", ("pppk_part_time",)), ("tiers", "late", ()),
        ("tiers", "early", ()), ("minutes_as_days", "", ()), ("leave", "annual", ("cpns",)),
        ("leave", "annual", ("thl",)), ("leave", "permission", ()), ("decision", "", ()),
    }  # fmt: skip
    assert all(row.legal_source.startswith("Belum dikonfirmasi") == (not row.confirmed) for row in found.values())


def test_seeding_again_adds_nothing_and_a_proposal_holds_for_nobody(database: Database) -> None:
    before = set(_seeded(database))
    with database.transaction() as db:
        assert founding.seed_rules(db, 1, today=TODAY) == 0
    assert set(_seeded(database)) == before
    with database.reading() as db:
        book = workdays.calendar(db, 1)
    assert book.hours(FAST[0], PART_TIME) == book.hours(FAST[0]) == Hours(time(7, 30), time(16), 450)
    assert (book.tiers(TODAY, ASN), book.minutes_a_day(TODAY), book.decision_days(TODAY)) == ((None, None), None, None)
    assert book.thresholds(TODAY)


def test_of_two_who_replace_one_rule_at_once_one_is_told_and_nothing_is_half_done(database: Database) -> None:
    hana, rule = viewer_of(database, "hana"), _write(database)
    drafts = [Draft(**(NEW | {"valid_from": TODAY + timedelta(days=n), "values": RAMADAN})) for n in (1, 2)]

    def then() -> int:
        with database.transaction() as db:
            return workdays.succeed(db, hana, rule, drafts[1], seen=1, now=MORNING)

    with pytest.raises(Conflict):
        race(database, lambda db: workdays.succeed(db, hana, rule, drafts[0], seen=1, now=MORNING), then)
    with database.reading() as db:
        rows = db.scalars(
            sa.select(RuleSet).where(RuleSet.groups.is_not(None), RuleSet.legal_source == "SK Kadis 5/2026")
        )
        found = sorted((row.valid_from, row.valid_to) for row in rows)
    assert found == [(date(2026, 1, 1), TODAY), (TODAY + timedelta(days=1), None)]


def test_a_successor_that_begins_on_another_day_takes_the_end_of_the_one_before_with_it(database: Database) -> None:
    hana, rule = viewer_of(database, "hana"), _write(database)
    with database.transaction() as db:
        draft = Draft(**(NEW | {"valid_from": TODAY + timedelta(days=10)}))
        after = workdays.succeed(db, hana, rule, draft, seen=1, now=MORNING)
        later = Draft(**(NEW | {"valid_from": TODAY + timedelta(days=20)}))
        workdays.change_rule(db, hana, after, later, seen=1, now=MORNING)
        assert db.get_one(RuleSet, rule).valid_to == TODAY + timedelta(days=19)
        with pytest.raises(Refused):
            workdays.withdraw_rule(db, hana, rule, now=MORNING)
        workdays.withdraw_rule(db, hana, after, now=MORNING)
        assert db.get_one(RuleSet, rule).valid_to is None
        assert workdays.end_rule(db, hana, rule, last=TODAY, now=MORNING)
        assert not workdays.end_rule(db, hana, rule, last=TODAY, now=MORNING), "twice is once"
        with pytest.raises(Refused):
            workdays.end_rule(db, hana, rule, last=TODAY + timedelta(days=1), now=MORNING)
