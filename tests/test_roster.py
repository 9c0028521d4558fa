"""The plan: who may write it, and what it makes of a day."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import workdays
from staffhub.db import Database
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.models import AuditEvent, PlanEntry, PlanMode, WeekPattern
from staffhub.roster import plan
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, count_queries, viewer_of

HOLIDAY = date(2026, 12, 25)


def _officer(database: Database, me: Viewer, username: str, *, edit: bool = True) -> plan.Planned:
    officer_id = viewer_of(database, username).officer_id
    assert officer_id
    with database.reading() as db:
        return plan.officer_for(db, me, officer_id, edit=edit)


def _add(database: Database, me: Viewer, officer: plan.Planned, **overrides: Any) -> int:
    facts = {"first": TODAY, "last": TODAY, "mode": PlanMode.HOME, "now": MORNING} | overrides
    with database.transaction() as db:
        return plan.add_exception(db, me, officer, **facts)


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
        plan.set_usual_week(db, ana, ben, days=week, valid_from=next_monday, now=MORNING)
    assert _plan(database, ben, TODAY).mode is PlanMode.OFFICE
    found = [_plan(database, ben, next_monday + timedelta(days=n)).mode for n in range(7)]
    assert found == week
    with database.reading() as db:
        assert plan.usual_week(db, ben, day=TODAY) == ["office"] * 5 + [None, None]
        assert plan.usual_week(db, ben, day=next_monday) == week


def test_the_same_date_written_twice_is_one_pattern(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    for mode in ("home", "office"):
        with database.transaction() as db:
            plan.set_usual_week(db, ana, ben, days=[mode] * 7, valid_from=TODAY, now=MORNING)
    with database.reading() as db:
        assert [pattern.days for pattern in db.scalars(sa.select(WeekPattern))] == [["office"] * 7]


def test_an_exception_covers_the_working_days_of_a_range_and_leaves_a_trace(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    assert _add(database, ana, ben, last=TODAY + timedelta(days=8), mode=PlanMode.LEAVE, note="Cuti tahunan") == 7
    assert _plan(database, ben, TODAY).mode is PlanMode.LEAVE
    assert _plan(database, ben, TODAY + timedelta(days=5)).mode is None, "Saturday stays free"
    with database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "plan.exception_set")).one()
    assert event.facts["mode"] == "leave"


def test_one_day_alone_is_written_even_on_a_holiday_for_whoever_is_on_duty(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    assert _plan(database, ben, HOLIDAY).source == "holiday"
    assert _add(database, ana, ben, first=HOLIDAY, last=HOLIDAY, mode=PlanMode.OFFICE) == 1
    assert _plan(database, ben, HOLIDAY).is_work


def test_a_later_exception_takes_the_place_of_an_earlier_one(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    _add(database, ana, ben)
    _add(database, ana, ben, mode=PlanMode.FIELD, note="Ratahan")
    assert (_plan(database, ben, TODAY).mode, _plan(database, ben, TODAY).note) == (PlanMode.FIELD, "Ratahan")
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(PlanEntry.id))) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first": TODAY, "last": TODAY - timedelta(days=1)}, "last"),
        ({"first": TODAY - timedelta(days=1)}, "first"),
        ({"last": TODAY + timedelta(days=300)}, "last"),
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
    assert _add(database, hana, ben, first=past, last=past, mode=PlanMode.LEAVE) == 1


def test_an_exception_is_taken_back_once_and_again_without_harm(database: Database) -> None:
    ana = viewer_of(database, "ana")
    ben = _officer(database, ana, "ben")
    _add(database, ana, ben)
    for _time in range(2):
        with database.transaction() as db:
            plan.remove_exception(db, ana, ben, day=TODAY, now=MORNING)
    assert _plan(database, ben, TODAY).source == "pattern"
    with database.reading() as db:
        removed = sa.select(sa.func.count(AuditEvent.id)).where(AuditEvent.verb == "plan.exception_removed")
        assert db.scalar(removed) == 1


def test_the_months_sheet_has_a_letter_for_every_day_in_four_statements(database: Database) -> None:
    ana = viewer_of(database, "ana")
    _add(database, ana, _officer(database, ana, "ben"), mode=PlanMode.FIELD)
    with count_queries(database) as seen, database.reading() as db:
        groups = plan.month_sheet(db, ana, month=TODAY)
    assert len(seen) == 4, seen
    rows = {row.name: row.cells for group in groups for row in group.rows}
    assert len(rows["Ben Tumiwa"]) == 30
    assert rows["Ben Tumiwa"][22] == ("DL", "d")
    assert rows["Cy Sondakh"][21] == ("L", "l")
    with database.reading() as db:
        assert [g.name for g in plan.month_sheet(db, ana, month=TODAY, division_id=groups[1].id)] == [groups[1].name]
