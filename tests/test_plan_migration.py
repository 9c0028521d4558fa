"""The plan of the version before, one row a date, becomes the ranges it came from, and goes back."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub.db import Database
from staffhub.migrations import go_back, migrate
from staffhub.models import Officer
from tests.conftest import MORNING
from tests.test_migrations import empty  # noqa: F401  a fixture

BEFORE = "scope_follows_the_role"
MONDAY = date(2026, 11, 9)
EARLIER, LATER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
HOURS = {day: ["07.30", "16.00", 60] for day in ("mon", "tue", "wed", "thu", "fri")}


def _day(n: int) -> date:
    return MONDAY + timedelta(days=n)


def _add(connection: sa.Connection, name: str, /, **values: Any) -> int:
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    return int(connection.scalar(table.insert().values(values).returning(table.c.id)) or 0)


@pytest.fixture
def before(empty: sa.Engine) -> tuple[sa.Engine, dict[str, Any]]:  # noqa: F811
    """An office with a holiday on Wednesday the 11th, an officer and one who has no Friday."""
    migrate(empty, BEFORE)
    with empty.begin() as connection:
        created = {"created_at": MORNING}
        office = _add(
            connection, "office", name="Kantor", government="", address="", timezone="Asia/Makassar", **created
        )
        of = {"office_id": office}
        _add(connection, "holiday", **of, date=_day(2), name="Libur", kind="local", source="SK")
        _add(connection, "rule_set", **of, kind="work_hours", valid_from=date(2023, 1, 1), legal_source="Perpres",
             owner="hr", values=HOURS)  # fmt: skip
        facts = {"employment_type": "pns", "position": "", "email": "", "phone": "", "active_from": date(2020, 1, 1)}
        ben = _add(connection, "officer", **of, **facts, number="1", name="Ben")
        tia = _add(connection, "officer", **of, **facts, number="2", name="Tia")
        week = ["office", "office", "office", "office", None, None, None]
        _add(connection, "week_pattern", **of, officer_id=tia, valid_from=date(2026, 1, 1), days=week, **created)
        _add(connection, "week_pattern", **of, officer_id=tia, valid_from=date(2026, 6, 1), days=week, **created)
    return empty, {"office": office, "ben": ben, "tia": tia}


def _plan(engine: sa.Engine, who: dict[str, Any], *rows: tuple[str, int, str, str, datetime]) -> None:
    with engine.begin() as connection:
        for name, n, mode, note, at in rows:
            _add(connection, "plan_entry", office_id=who["office"], officer_id=who[name], date=_day(n), mode=mode,
                 note=note, source="manual", created_at=at)  # fmt: skip


def _rows(engine: sa.Engine, statement: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


GRANTS = "SELECT layer, first, last, mode, note, on_free_days FROM plan_grant ORDER BY id"
OLD = "SELECT officer_id, date, mode, note FROM plan_entry ORDER BY officer_id, date"


def _granted(engine: sa.Engine) -> list[tuple[Any, ...]]:
    return [
        (layer, str(first)[8:], str(last)[8:], mode, note, bool(free))
        for layer, first, last, mode, note, free in _rows(engine, GRANTS)
    ]


def test_neighbours_become_one_range_across_the_free_days_between(before: Any) -> None:
    engine, who = before
    rows = [("ben", n, "leave", "Cuti", EARLIER) for n in (0, 1, 3, 4, 7)]  # Wednesday was a holiday, then a weekend
    _plan(engine, who, *rows, ("ben", 8, "leave", "Sakit", EARLIER), ("tia", 0, "leave", "Cuti", EARLIER))
    told = _rows(engine, OLD)
    migrate(engine)
    assert _granted(engine) == [
        ("leave", "09", "16", "leave", "Cuti", False),
        ("leave", "17", "17", "leave", "Sakit", False),
        ("leave", "09", "09", "leave", "Cuti", False),
    ]
    go_back(engine, BEFORE)
    assert _rows(engine, OLD) == told


def test_a_row_that_became_a_holiday_later_lies_in_its_range_and_duty_on_a_free_day_stays_duty(before: Any) -> None:
    engine, who = before
    order = [("ben", n, "field", "ST 1", EARLIER) for n in (0, 1, 2, 3, 4)]  # the 11th was no holiday then
    duty = [("ben", 5, "office", "Piket", LATER), ("ben", 6, "office", "Piket", LATER)]
    _plan(engine, who, *order, *duty, ("tia", 2, "office", "Piket", LATER), ("tia", 4, "home", "Jumat", LATER))
    migrate(engine)
    assert _granted(engine) == [
        ("hand", "09", "13", "field", "ST 1", False),
        ("hand", "14", "15", "office", "Piket", True),
        ("hand", "11", "11", "office", "Piket", True),
        ("hand", "13", "13", "home", "Jumat", True),
    ]
    entries = _rows(engine, "SELECT count(*), count(DISTINCT grant_id) FROM plan_entry")
    assert entries == [(9, 4)]
    go_back(engine, BEFORE)
    back = [(officer, str(day)[8:], mode) for officer, day, mode, _note in _rows(engine, OLD)]
    fields = [(who["ben"], day, "field") for day in ("09", "10", "12", "13")]
    duties = [(who["ben"], "14", "office"), (who["ben"], "15", "office")]
    assert back == [*fields, *duties, (who["tia"], "11", "office"), (who["tia"], "13", "home")]


def test_what_somebody_wrote_over_part_of_a_range_splits_it_and_holds(before: Any) -> None:
    engine, who = before
    home = [("ben", n, "home", "", EARLIER) for n in (0, 1, 4)]
    _plan(engine, who, *home, ("ben", 3, "field", "ST 2", LATER))
    told = _rows(engine, OLD)
    migrate(engine)
    assert {(first, last, mode) for _l, first, last, mode, _n, _f in _granted(engine)} == {
        ("09", "10", "home"), ("13", "13", "home"), ("12", "12", "field"),
    }  # fmt: skip
    go_back(engine, BEFORE)
    assert _rows(engine, OLD) == told


def test_weeks_are_numbered_and_new_ids_go_on_after_the_ranges_that_came_over(before: Any) -> None:
    engine, who = before
    _plan(engine, who, ("ben", 0, "leave", "Cuti", EARLIER))
    migrate(engine)
    assert [row[0] for row in _rows(engine, "SELECT version FROM week_pattern ORDER BY valid_from")] == [1, 2]
    with engine.begin() as connection:
        new = {"layer": "hand", "first": MONDAY, "last": MONDAY, "mode": "home", "note": "", "document": ""}
        ids = {"office_id": who["office"], "officer_id": who["ben"]}
        assert _add(connection, "plan_grant", **ids, **new, on_free_days=False, created_at=MORNING) == 2
    go_back(engine, BEFORE)
    assert len(_rows(engine, "SELECT id FROM week_pattern")) == 2
    migrate(engine)
    database = Database(engine.url.render_as_string(hide_password=False))
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(Officer.id))) == 2
    database.engine.dispose()
