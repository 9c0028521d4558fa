"""What is expected of a person on a date."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from staffhub import clock, founding, workdays
from staffhub.db import Database
from staffhub.models import (
    AuditEvent,
    EmploymentType,
    Holiday,
    HolidayKind,
    PlanLayer,
    PlanMode,
    RuleKind,
    RuleSet,
    WeekPattern,
)
from staffhub.office import Bidang
from staffhub.workdays import Calendar, Coverage, Granted, Hours, Plan, PlanBook, Rule, WorkHours, rules
from tests.conftest import MORNING, TODAY, count_queries, plan_range, viewer_of

WITA = ZoneInfo("Asia/Makassar")
OFFICE = 1  # the first one that the cast founds
FRIDAY, SATURDAY = date(2026, 11, 27), date(2026, 11, 28)
RAMADAN = {day: ["08.00", "15.00", 30] for day in ("mon", "tue", "wed", "thu")} | {"fri": ["08.00", "15.30", 60]}
ASN, THL = EmploymentType.PNS, EmploymentType.THL


def _rule(
    values: Any, start: date = date(2023, 4, 12), end: date | None = None, *, types: Any = None, source: str = "Perpres"
) -> Rule:
    groups = None if types is None else frozenset(types)
    kind = RuleKind.COVERAGE if "groups" in values else RuleKind.WORK_HOURS
    return Rule(kind, start, end, groups, rules.read(kind, values), source)


RULE = _rule(founding.WORK_HOURS)


def test_the_office_works_37_hours_and_a_half_a_week_and_less_in_ramadan() -> None:
    weeks = [WorkHours.model_validate(values).week_minutes for values in (founding.WORK_HOURS, RAMADAN, {})]
    assert weeks == [2250, 1950, 0]


def _cover(values: Any, code: str = "") -> Rule:
    return replace(_rule(values, source="Keputusan"), subject=code)


def _bidang(code: str, *, keeps_cover: bool = True) -> Bidang:
    return Bidang(1, code, code, code, 1, keeps_cover)


def test_a_division_goes_by_its_own_duty_minimum_before_that_of_the_office() -> None:
    usual = {"groups": [{"name": "ASN", "types": ["pns"], "minimum": 1}]}
    own = {"groups": [{"name": "ASN", "types": ["pns"], "minimum": 2, "maximum": 3}]}
    book = Calendar({}, (RULE, _cover(usual), _cover(own, "piak"), _cover(own, "sekretariat")))

    def least(division: Bidang | None) -> list[int]:
        return [group.minimum for group in book.coverage(TODAY, division).groups]

    assert [least(one) for one in (None, _bidang("dafduk"), _bidang("piak"))] == [[1], [1], [2]]
    assert least(_bidang("umum", keeps_cover=False)) == [], "who keeps no cover has none but the own"
    assert least(_bidang("sekretariat", keeps_cover=False)) == [2]
    assert book.coverage(SATURDAY, _bidang("piak")).groups == ()


def test_a_group_may_be_asked_for_on_some_weekdays_only() -> None:
    friday = {"name": "THL", "types": ["thl"], "minimum": 1, "weekdays": ["fri"]}
    cover = Coverage.model_validate({"groups": [{"name": "ASN", "types": ["pns"], "minimum": 1}, friday]})
    assert [[group.name for group in cover.on(day).groups] for day in (TODAY, FRIDAY)] == [["ASN"], ["ASN", "THL"]]


def test_the_hours_of_a_day_follow_its_weekday_and_the_rule_in_force() -> None:
    fast = _rule(RAMADAN, date(2027, 2, 8), date(2027, 3, 9), source="SE")
    cover = _rule({"groups": []}, date(2027, 2, 20))
    book = Calendar({}, (RULE, fast, cover))
    assert book.hours(TODAY) == Hours(time(7, 30), time(16, 0), 450)
    assert book.hours(FRIDAY) == Hours(time(7, 30), time(16, 30), 450)
    assert book.hours(SATURDAY) is None
    days = (date(2027, 2, 5), date(2027, 2, 8), date(2027, 3, 9), date(2027, 3, 10))
    assert [found.ends for found in map(book.hours, days) if found] == [
        time(16, 30),
        time(15, 0),
        time(15, 0),
        time(16, 0),
    ]
    assert book.hours(date(2020, 1, 1)) is None


def test_a_holiday_is_no_working_day_and_neither_is_a_weekend() -> None:
    book = Calendar({TODAY: "Hari Raya"}, (RULE,))
    assert [book.is_working_day(TODAY + timedelta(days=n)) for n in range(7)] == [False, *[True] * 4, False, False]


def _book(**facts: object) -> PlanBook:
    values = {"calendar": Calendar({}, (RULE,)), "patterns": {}, "entries": {}} | facts
    return PlanBook(**values)  # type: ignore[arg-type]


def test_an_exception_comes_before_a_holiday_before_the_pattern_before_the_office() -> None:
    pattern = {1: [(date(2026, 1, 1), ["home", "home", None, "office", "field"])]}
    holiday = Calendar({TODAY: "Hari Raya"}, (RULE,))
    entry = {(1, TODAY): [Granted(PlanLayer.HAND, PlanMode.FIELD, "posko", on_free_days=True)]}
    hours = Hours(time(7, 30), time(16, 0), 450)
    assert _book(patterns=pattern, calendar=holiday, entries=entry).of(1, TODAY) == Plan(
        PlanMode.FIELD, "hand", "posko", hours
    )
    assert _book(patterns=pattern, calendar=holiday).of(1, TODAY) == Plan(None, "holiday", "Hari Raya")
    assert _book(patterns=pattern).of(1, TODAY) == Plan(PlanMode.HOME, "pattern", hours=hours)
    assert _book().of(1, TODAY) == Plan(PlanMode.OFFICE, "pattern", hours=hours)
    assert _book(patterns=pattern).of(2, TODAY).mode is PlanMode.OFFICE, "the pattern of another officer"
    assert _book(patterns=pattern).of(1, TODAY + timedelta(days=2)) == Plan(None, "weekend"), "a free Wednesday"
    assert _book(patterns=pattern).of(1, SATURDAY) == Plan(None, "weekend")


def test_a_person_may_be_called_on_a_saturday_and_be_on_leave_on_a_working_day() -> None:
    entries = {
        (1, SATURDAY): [Granted(PlanLayer.HAND, PlanMode.OFFICE, on_free_days=True)],
        (1, TODAY): [Granted(PlanLayer.LEAVE, PlanMode.LEAVE)],
    }
    called, away = _book(entries=entries).of(1, SATURDAY), _book(entries=entries).of(1, TODAY)
    assert (called.is_work, called.hours) == (True, None)
    assert (away.is_work, _book().of(1, TODAY).is_work, _book().of(1, SATURDAY).is_work) == (False, True, False)


def test_the_newest_pattern_that_has_begun_holds_and_a_week_may_have_seven_days() -> None:
    six = {"sat": ["07.30", "12.00", 0]} | founding.WORK_HOURS
    weekly: list[str | None] = ["home"] * 6
    patterns = {1: [(date(2026, 1, 1), ["office"] * 5), (TODAY, weekly), (TODAY + timedelta(days=7), ["field"] * 5)]}
    book = _book(patterns=patterns, calendar=Calendar({}, (_rule(six),)))
    days = [TODAY - timedelta(days=3), TODAY, SATURDAY, TODAY + timedelta(days=6), TODAY + timedelta(days=7)]
    assert [book.of(1, day).mode for day in days] == [
        PlanMode.OFFICE, PlanMode.HOME, PlanMode.HOME, None, PlanMode.FIELD,
    ]  # fmt: skip


def test_work_begins_on_a_working_day_and_not_on_a_holiday() -> None:
    noon = datetime.combine(TODAY, time(12), WITA)
    opens = [Calendar(free, (RULE,)).first_open(noon) for free in ({}, {TODAY: "Natal"})]
    assert opens == [TODAY + timedelta(days=1), TODAY]


def test_in_wita_the_day_changes_at_16_utc_whatever_the_zone_of_the_server() -> None:
    before = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)
    assert clock.local_day(before, WITA) == date(2026, 11, 23)
    assert clock.local_day(before + timedelta(seconds=1), WITA) == date(2026, 11, 24)
    assert clock.local_day(before, ZoneInfo("Asia/Jayapura")) == date(2026, 11, 24)
    assert clock.at_local(date(2026, 11, 24), time(0, 0), WITA) == before + timedelta(seconds=1)


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_months_fit_together_without_gap_or_overlap(day: date) -> None:
    days = clock.month_days(day)
    assert day in days
    assert days[0].day == 1
    assert {one.month for one in days} == {day.month}
    assert clock.month_before(clock.month_after(day)) == days[0]
    assert clock.month_days(clock.month_before(day))[-1] + timedelta(days=1) == days[0]
    assert clock.at_local(day, time(0, 0), WITA).astimezone(WITA).date() == day


def _seat(database: Database) -> tuple[int, int]:
    me = viewer_of(database, "ben")
    assert me.officer_id
    with database.transaction() as db:
        db.add(
            WeekPattern(
                office_id=me.office_id,
                officer_id=me.officer_id,
                valid_from=date(2026, 1, 1),
                days=["home"] * 5,
                created_at=MORNING,
            )
        )
        plan_range(db, me, me.officer_id, FRIDAY, mode=PlanMode.FIELD, note="posko")
        db.add(Holiday(office_id=me.office_id, date=TODAY, name="Hari Jadi", kind=HolidayKind.LOCAL, source="SK"))
    return me.office_id, me.officer_id


def test_plans_are_read_in_three_statements_for_any_number_of_officers(database: Database) -> None:
    office_id, ben = _seat(database)
    with count_queries(database) as seen, database.reading() as db:
        book = workdays.plans(db, office_id, TODAY, FRIDAY)
    assert len(seen) == 3
    assert [book.of(ben, TODAY + timedelta(days=n)).mode for n in range(5)] == [None, *["home"] * 3, "field"]
    assert book.of(ben, TODAY).note == "Hari Jadi"
    assert book.of(ben, FRIDAY).hours == Hours(time(7, 30), time(16, 30), 450)
    assert [book.of(4711, TODAY + timedelta(days=n)).mode for n in (0, 1)] == [None, "office"]
    with count_queries(database) as seen, database.reading() as db:
        mine = workdays.plans(db, office_id, TODAY, FRIDAY, officers=[ben])
        assert mine == replace(book, employment={ben: book.employment[ben]})
        nobody = workdays.plans(db, office_id, TODAY, FRIDAY, officers=[])
    assert (nobody.patterns, nobody.entries, len(seen)) == ({}, {}, 3)


def test_the_calendar_takes_only_its_own_office(database: Database) -> None:
    office_id, _ben = _seat(database)
    other = viewer_of(database, "oka").office_id
    with database.transaction() as db:
        for start, end in ((date(2020, 1, 1), TODAY - timedelta(days=1)), (FRIDAY + timedelta(days=1), None)):
            db.add(
                RuleSet(office_id=office_id, kind=RuleKind.COVERAGE, valid_from=start, valid_to=end, legal_source="out",
                        owner="", values={})
            )  # fmt: skip
        db.add(Holiday(office_id=other, date=FRIDAY, name="Lain", kind=HolidayKind.LOCAL, source="SK"))
    with count_queries(database) as seen, database.reading() as db:
        book = workdays.calendar(db, office_id)
    assert len(seen) == 1
    assert [book.holidays.get(day) for day in (TODAY, FRIDAY)] == ["Hari Jadi", None]
    assert sum(rule.kind is RuleKind.COVERAGE for rule in book.rules) == 3
    assert book.coverage(FRIDAY).model_dump(mode="json", exclude_defaults=True) == founding.COVERAGE
    assert book.coverage(TODAY).groups == (), "nobody keeps cover on a holiday"


def _seed(database: Database, *years: int) -> int:
    with database.transaction() as db:
        return workdays.seed_holidays(db, OFFICE, years, now=MORNING)


def test_holidays_are_seeded_once_and_then_belong_to_the_office(database: Database) -> None:
    assert _seed(database, 2025, 2026, 2027) == 0, "founding did it"
    assert _seed(database, 2028) > 10
    assert _seed(database, 2028) == 0
    with database.transaction() as db:
        in_2028 = sa.and_(Holiday.office_id == OFFICE, Holiday.date >= date(2028, 1, 1))
        removed = db.scalars(sa.select(Holiday).where(in_2028).order_by(Holiday.date).limit(1)).one()
        day = removed.date
        db.delete(removed)
    assert _seed(database, 2028, 2027) == 0
    with database.reading() as db:
        there = db.scalar(sa.select(sa.func.count()).where(Holiday.office_id == OFFICE, Holiday.date == day))
        assert there == 0, "what the office removed stays away"
        assert db.scalar(sa.select(sa.func.count()).where(AuditEvent.verb == "holidays.seeded")) == 3


def test_a_day_that_the_office_entered_beforehand_keeps_its_name(database: Database) -> None:
    day = date(2029, 1, 1)
    with database.transaction() as db:
        db.add(Holiday(office_id=OFFICE, date=day, name="Awal tahun", kind=HolidayKind.LOCAL, source="SK"))
    assert _seed(database, 2029) > 10
    with database.reading() as db:
        names = db.scalars(sa.select(Holiday.name).where(Holiday.office_id == OFFICE, Holiday.date == day)).all()
    assert names == ["Awal tahun"]


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 8, 17), date(2026, 12, 25)])
def test_the_well_known_holidays_are_there(database: Database, day: date) -> None:
    with database.reading() as db:
        assert day in workdays.calendar(db, OFFICE).holidays
