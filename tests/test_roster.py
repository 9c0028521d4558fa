"""The plan: who may write it, and what it makes of a day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import workdays
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.models import AuditEvent, PlanMode, WeekPattern
from staffhub.roster import grants, plan, sheet, weeks
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, count_queries, viewer_of

HOLIDAY = date(2026, 12, 25)


def _officer(database: Database, me: Viewer, username: str, *, edit: bool = True) -> plan.Planned:
    officer_id = viewer_of(database, username).officer_id
    assert officer_id
    with database.reading() as db:
        return plan.officer_for(db, me, officer_id, today=TODAY, edit=edit)


def _write(database: Database, me: Viewer, officer: plan.Planned, **overrides: Any) -> grants.Granting:
    facts = {"first": TODAY, "last": TODAY, "mode": PlanMode.HOME, "now": MORNING} | overrides
    with database.transaction() as db:
        return grants.grant(db, me, officer, **facts)


def _add(database: Database, me: Viewer, officer: plan.Planned, **overrides: Any) -> int:
    return _write(database, me, officer, **overrides).days


def _plan(database: Database, officer: plan.Planned, day: date) -> workdays.Plan:
    with database.reading() as db:
        return workdays.plans(db, 1, day, day).of(officer.id, day)


def test_the_head_of_the_division_and_hr_write_the_plan_and_nobody_else(database: Database) -> None:
    assert _officer(database, viewer_of(database, "ana"), "ben").may_edit
    assert _officer(database, viewer_of(database, "hana"), "ben").may_edit
    for username in ("ben", "cy", "dewi", "adi"):
        with pytest.raises(Forbidden):
            _officer(database, viewer_of(database, username), "ben")
    with pytest.raises(Forbidden):
        _officer(database, viewer_of(database, "ana"), "cy")
    with pytest.raises(NotFound):
        _officer(database, viewer_of(database, "oka"), "ben")
    assert not _officer(database, viewer_of(database, "ben"), "ben", edit=False).may_edit


def test_a_usual_week_holds_from_its_date_on_and_leaves_the_days_before_alone(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    week = ["home", "office", None, "field", "home", None, None]
    next_monday = TODAY + timedelta(days=7)
    with database.transaction() as db:
        weeks.set_usual_week(db, ana, ben, days=week, valid_from=next_monday, now=MORNING)
    assert _plan(database, ben, TODAY).mode is PlanMode.OFFICE
    found = [_plan(database, ben, next_monday + timedelta(days=n)).mode for n in range(7)]
    assert found == week
    with database.reading() as db:
        saved = weeks.weeks_of(db, ana, ben)
    assert saved.on(TODAY) == ["office"] * 5 + [None, None]
    assert saved.on(next_monday) == week
    assert saved.after(TODAY) == [(next_monday, week)]


def test_of_two_weeks_from_one_date_the_later_holds_and_the_earlier_is_kept(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    for mode in ("home", "field", "field"):
        with database.transaction() as db:
            weeks.set_usual_week(db, ana, ben, days=[*[mode] * 5, None, None], valid_from=TODAY, now=MORNING)
    assert _plan(database, ben, TODAY).mode is PlanMode.FIELD
    with database.reading() as db:
        saves = db.execute(sa.select(WeekPattern.version, WeekPattern.days).order_by(WeekPattern.version)).all()
    assert [(version, days[0]) for version, days in saves] == [(1, "home"), (2, "field")], "the same save again is none"


def test_of_weeks_saved_at_the_same_moment_one_goes_in_and_the_others_are_told(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")

    def save(place: str) -> str:
        try:
            with database.transaction() as db:
                weeks.set_usual_week(db, ana, ben, days=[place] * 5, valid_from=TODAY, now=MORNING, version=0)
        except Conflict as told:
            return told.message
        return "saved"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(save, ["home", "field", "office"] * 2))
    with database.reading() as db:
        saved = db.scalars(sa.select(WeekPattern.days)).all()
    assert len(saved) == 1, "two different weeks never both go in"
    assert answers.count("saved") <= 2, "the same one twice is one"
    assert all(answers)


def test_an_exception_covers_the_working_days_of_a_range_and_leaves_a_trace(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    assert _add(database, ana, ben, last=TODAY + timedelta(days=8), mode=PlanMode.LEAVE, note="Cuti tahunan") == 7
    assert _plan(database, ben, TODAY).mode is PlanMode.LEAVE
    assert _plan(database, ben, TODAY + timedelta(days=5)).mode is None, "Saturday stays free"
    with database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "plan.granted")).one()
    assert event.facts["mode"] == "leave"


def test_one_day_alone_is_written_even_on_a_holiday_for_whoever_is_on_duty(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    assert _plan(database, ben, HOLIDAY).source == "holiday"
    assert _add(database, ana, ben, first=HOLIDAY, last=HOLIDAY, mode=PlanMode.OFFICE) == 1
    assert _plan(database, ben, HOLIDAY).is_work


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first": TODAY, "last": TODAY - timedelta(days=1)}, "last"),
        ({"first": TODAY - timedelta(days=1)}, "first"),
        ({"last": TODAY + timedelta(days=300)}, "last"),
        ({"first": date(2062, 11, 23), "last": date(2062, 11, 23)}, "first"),
        ({"first": date(2026, 11, 28), "last": date(2026, 11, 29)}, "last"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_beside_its_field(
    database: Database, wrong: dict[str, Any], field: str
) -> None:
    ana = viewer_of(database, "ana")
    with pytest.raises(Refused) as refused:
        _add(database, ana, _officer(database, ana, "ben"), **wrong)
    assert refused.value.field == field


def test_hr_may_write_down_a_leave_letter_that_came_late(database: Database) -> None:
    hana = viewer_of(database, "hana")
    ben = _officer(database, hana, "ben")
    past = TODAY - timedelta(days=3)
    written = _write(database, hana, ben, first=past, last=TODAY, mode=PlanMode.LEAVE)
    assert (written.days, written.past) == (2, 1), "HR is told how many days that are over changed"


def test_the_months_sheet_has_a_letter_for_every_day_in_four_statements(database: Database) -> None:
    ana = viewer_of(database, "ana")
    _add(database, ana, _officer(database, ana, "ben"), mode=PlanMode.FIELD)
    with count_queries(database) as seen, database.reading() as db:
        groups = sheet.month_sheet(db, ana, month=TODAY).groups
    assert len(seen) == 4, seen
    rows = {row.name: row.cells for group in groups for row in group.rows}
    assert len(rows["Ben Tumiwa"]) == 30
    assert rows["Ben Tumiwa"][22] == "DL"
    assert rows["Cy Sondakh"][21] == "L"
    with database.reading() as db:
        one = sheet.month_sheet(db, ana, month=TODAY, division_id=groups[1].id)
    assert [group.name for group in one.groups] == [groups[1].name]
    assert one.sections.total == 7, "what is counted stays the whole office"
