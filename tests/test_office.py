"""What is kept of an office per process is never shown once somebody has replaced it, by whatever way."""

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from staffhub import days, office, workdays
from staffhub.db import Database
from staffhub.migrations import office_version
from staffhub.models import Holiday, HolidayKind, Office
from staffhub.security import session_for
from tests.conftest import MORNING, TODAY, World, count_queries

OFFICE, OTHER = 1, 2
FREE = date(2026, 11, 25)


@pytest.fixture
def elsewhere(world: World) -> Iterator[Database]:
    """Another process on the same database: an engine and a connection of its own."""
    database = Database(world.database.engine.url.render_as_string(hide_password=False))
    yield database
    database.engine.dispose()


def _seen(database: Database, office_id: int = OFFICE) -> tuple[object, ...]:
    with database.reading() as db:
        book = workdays.calendar(db, office_id)
        return (
            book.holidays,
            book.rules,
            office.facts(db, office_id),
            office.divisions(db, office_id),
            office.services(db, office_id),
            office.places(db, office_id),
        )


def _version(database: Database, office_id: int = OFFICE) -> str:
    with database.engine.connect() as connection:
        return str(connection.scalar(sa.select(Office.version).where(Office.id == office_id)))


def _run(database: Database, statement: str) -> None:
    """As somebody types it: no verb, no model."""
    with database.engine.execution_options(write=True).begin() as connection:
        connection.exec_driver_sql(statement)


_TYPED = (
    "INSERT INTO holiday (office_id, date, name, kind, source) VALUES (1, '2026-11-25', 'Pilkada', 'local', 'x')",
    "UPDATE holiday SET name = 'Hari libur' WHERE office_id = 1",
    "DELETE FROM holiday WHERE office_id = 1",
    "UPDATE rule_set SET valid_from = '2024-01-01' WHERE office_id = 1",
    "DELETE FROM rule_set WHERE office_id = 1",
    "UPDATE division SET short_name = short_name || '.' WHERE office_id = 1",
    "UPDATE service_type SET service_days = 3 WHERE office_id = 1",
    (
        "INSERT INTO division (id, office_id, code, name, short_name, sort, keeps_cover)"
        " SELECT 99, 1, 'new', 'New', 'New', 9, keeps_cover FROM division WHERE id = 1"
    ),
    (
        "INSERT INTO service_type (id, office_id, code, name, name_en, division_id, needs_presence, sort)"
        " SELECT 99, 1, 'x', '', '', 1, 1 = 1, 9 FROM service_type WHERE id = 1"
    ),
    "UPDATE service_type SET code = 'new' WHERE office_id = 1 AND sort = 1",
    "DELETE FROM service_type WHERE office_id = 1",
    "UPDATE office SET recorded_from = '2026-11-02' WHERE id = 1",
    "UPDATE office SET name = name || '.'",
    (
        "INSERT INTO place (id, office_id, name, token, key, made_by, made_at, idempotency_key)"
        " VALUES (9, 1, 'Pintu', 't', 'ab', 1, '2026-11-23 00:00:00.000000', 'k')"
    ),
)


@pytest.mark.parametrize("statement", _TYPED)
def test_what_is_typed_by_hand_is_seen_by_every_process_at_once(
    world: World, elsewhere: Database, statement: str
) -> None:
    before = _seen(world.database), _seen(elsewhere), _version(elsewhere)
    assert before[0] == before[1]
    _run(elsewhere, statement)
    assert _seen(world.database) == _seen(elsewhere) != before[0]
    assert _version(elsewhere) != before[2]


def test_a_row_that_goes_to_another_office_is_seen_by_both(world: World) -> None:
    before = _seen(world.database, OFFICE), _seen(world.database, OTHER)
    _run(world.database, "DELETE FROM holiday WHERE office_id = 2")
    _run(world.database, "UPDATE holiday SET office_id = 2")
    assert _seen(world.database, OFFICE)[0] == {}
    assert _seen(world.database, OTHER)[0] == before[0][0]


def test_the_change_of_one_office_leaves_what_is_kept_of_another(world: World) -> None:
    before = _version(world.database, OTHER)
    _run(world.database, "UPDATE holiday SET name = 'x' WHERE office_id = 1")
    assert _version(world.database, OTHER) == before


def test_nothing_is_read_again_while_nothing_changes(world: World) -> None:
    _seen(world.database)
    with count_queries(world.database) as asked:
        _seen(world.database)
    assert len(asked) == 1
    assert asked[0].startswith("SELECT office.version")


def test_the_look_up_of_the_session_tells_the_version(world: World) -> None:
    _seen(world.database)
    token = world.token("ben")
    with world.database.reading() as db, count_queries(world.database) as asked:
        session_for(db, token, now=MORNING)
        workdays.calendar(db, OFFICE)
    assert len(asked) == 1


def test_who_changes_a_table_reads_the_change_in_the_same_transaction(world: World) -> None:
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        assert workdays.calendar(db, OFFICE).is_working_day(FREE)
        workdays.add_holiday(db, hana, day=FREE, name="x", kind=HolidayKind.LOCAL, source="x", now=MORNING)
        assert not workdays.calendar(db, OFFICE).is_working_day(FREE)
        db.add(Holiday(office_id=OFFICE, date=TODAY, name="y", kind=HolidayKind.LOCAL, source="y"))
        assert not workdays.calendar(db, OFFICE).is_working_day(TODAY)
        db.execute(sa.text("DELETE FROM holiday"))
        assert workdays.calendar(db, OFFICE).is_working_day(TODAY)
        db.execute(sa.update(Office).values(recorded_from=TODAY))
        assert days.counted_from(db, hana) == TODAY


def test_what_was_rolled_back_is_never_shown(world: World, elsewhere: Database) -> None:
    """A counter would give the number of the lost change to the next one."""
    before = _seen(world.database)
    with pytest.raises(ZeroDivisionError), world.database.transaction() as db:
        db.execute(sa.delete(Holiday))
        assert workdays.calendar(db, OFFICE).holidays == {}
        raise ZeroDivisionError
    assert _seen(world.database) == _seen(elsewhere) == before
    _run(elsewhere, "UPDATE division SET sort = sort + 1")
    assert _seen(world.database)[0] == before[0]


def test_a_session_that_goes_on_after_a_refusal_reads_what_stands(world: World) -> None:
    with world.database.writing() as db:
        db.execute(sa.delete(Holiday))
        assert workdays.calendar(db, OFFICE).holidays == {}
        db.rollback()
        assert workdays.calendar(db, OFFICE).holidays


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_rows_newer_than_the_version_are_not_kept_under_it(world: World, elsewhere: Database) -> None:
    """Between two statements of one transaction another one may commit."""
    office._kept.clear()  # copies of one database begin at one version, so another test may have left its rows
    with world.database.reading() as db:
        office.note(db, OFFICE, found := _version(world.database))
        _run(elsewhere, "UPDATE office SET name = 'Later'")
        assert office.facts(db, OFFICE).name == "Later"
    _seen(world.database)
    assert _version(world.database) != found
    assert office._kept[office._facts, OFFICE][0] != found
    with world.database.reading() as db:
        assert office.facts(db, OFFICE).name == "Later"


def test_an_old_reader_brings_nothing_old_back(world: World, elsewhere: Database) -> None:
    """One that began before a change may still see what was; nobody after it does."""
    with world.database.reading() as db:
        before = office.facts(db, OFFICE).name
        _run(elsewhere, "UPDATE office SET name = 'Later'")
        assert office.facts(db, OFFICE).name == before
        office._kept.clear()
        office.facts(db, OFFICE)
    with world.database.reading() as db:
        assert office.facts(db, OFFICE).name == "Later"


def test_a_process_keeps_no_more_than_its_measure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "_MOST", 3)
    office._kept.clear()
    for _again in range(2):
        _seen(world.database)
        _seen(world.database, OTHER)
    assert len(office._kept) == 3


def test_every_table_that_is_kept_has_its_triggers(database: Database) -> None:
    """SQLite's batch mode drops those of a table that it rebuilds: such a migration calls watch() again."""
    verbs = {"insert", "update", "delete"} if database.sqlite else {"insert", "update", "delete", "truncate"}
    expected = {(name, f"{name}_version_{verb}") for name in office_version.OF_OFFICE for verb in verbs}
    expected |= {("office", "office_version_insert"), ("office", "office_version_update")}
    catalogue = (
        "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
        if database.sqlite
        else "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal"
    )
    with database.engine.connect() as connection:
        laid = {tuple(row) for row in connection.execute(sa.text(catalogue)) if "_version_" in row[1]}
    assert laid == expected
    assert {table.__tablename__ for table in office.TABLES} == {*office_version.OF_OFFICE, "office"}
