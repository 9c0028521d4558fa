"""The board: who is where now, and which bidang is not covered."""

from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from staffhub import presence
from staffhub.db import Database
from staffhub.models import EmploymentType, PlanEntry, PlanMode, RuleSet, WorkMode
from staffhub.reports import board as boards
from tests.conftest import MORNING, TODAY, count_queries, viewer_of
from tests.test_presence import _in


def _board(database: Database, *, now: datetime = MORNING, **asked: object) -> boards.Board:
    dewi = viewer_of(database, "dewi")
    with database.reading() as db:
        return boards.board(db, dewi, now=now, **asked)  # type: ignore[arg-type]


def _states(board: boards.Board) -> dict[str, str]:
    return {person.name.split()[0]: person.state for column in board.columns for person in column.people}


def test_the_board_tells_of_everyone_where_and_since_when(database: Database) -> None:
    _in(database, viewer_of(database, "ben"))
    _in(database, viewer_of(database, "cy"), WorkMode.HOME)
    tia, hana = viewer_of(database, "tia"), viewer_of(database, "hana")
    _in(database, tia)
    with database.transaction() as db:
        presence.check_out(db, tia, idempotency_key=str(uuid4()), now=MORNING + timedelta(hours=1))
        db.add(
            PlanEntry(
                office_id=tia.office_id, officer_id=hana.officer_id, date=TODAY,
                mode=PlanMode.LEAVE, note="Cuti tahunan", source="manual", created_at=MORNING,
            )
        )  # fmt: skip
    board = _board(database)
    states = _states(board)
    assert states == {
        "Dewi": "pending", "Ana": "pending", "Ben": "office", "Tia": "out", "Cy": "home", "Hana": "leave",
        "Adi": "pending",
    }  # fmt: skip
    assert board.counts == {"pending": 3, "office": 1, "home": 1, "field": 0, "leave": 1, "out": 1, "off": 0}


def test_that_somebody_is_away_is_for_everyone_and_why_is_not(database: Database) -> None:
    ben, cy, ana = (viewer_of(database, username) for username in ("ben", "cy", "ana"))
    with database.transaction() as db:
        db.add(
            PlanEntry(
                office_id=ben.office_id, officer_id=ben.officer_id, date=TODAY, mode=PlanMode.LEAVE,
                note="Cuti sakit", source="manual", created_at=MORNING,
            )
        )  # fmt: skip
    for viewer, note in ((ben, "Cuti sakit"), (ana, "Cuti sakit"), (cy, "")):
        with database.reading() as db:
            seen = boards.board(db, viewer, now=MORNING)
        people = {person.id: person for column in seen.columns for person in column.people}
        assert (people[ben.officer_id].state, people[ben.officer_id].note) == ("leave", note)


def test_a_division_is_covered_by_one_civil_servant_and_one_daily_worker_in_the_office(database: Database) -> None:
    _in(database, viewer_of(database, "ben"))
    board = _board(database, now=MORNING + timedelta(hours=1))
    column = next(column for column in board.columns if column.name == "Pendaftaran Penduduk")
    assert [(cover.name, cover.have, cover.need) for cover in column.covers] == [("ASN", 1, 1), ("THL", 0, 1)]
    assert column.short
    assert board.started
    _in(database, viewer_of(database, "tia"))
    assert "Pendaftaran Penduduk" not in [column.name for column in _board(database).short]


def test_working_from_home_covers_nothing_and_the_secretariat_needs_no_cover(database: Database) -> None:
    _in(database, viewer_of(database, "ben"), WorkMode.HOME)
    columns = {column.name: column for column in _board(database).columns}
    assert columns["Pendaftaran Penduduk"].covers[0].have == 0
    assert columns["Sekretariat"].covers == []


def test_the_groups_of_the_cover_can_be_remapped_without_code(database: Database) -> None:
    with database.transaction() as db:
        for rule in db.scalars(sa.select(RuleSet).where(RuleSet.kind == "coverage")):
            rule.values = {"groups": [{"name": "Semua", "types": list(EmploymentType), "minimum": 2}]}
    _in(database, viewer_of(database, "ben"))
    column = next(column for column in _board(database).columns if column.name == "Pendaftaran Penduduk")
    assert [(cover.name, cover.have, cover.need) for cover in column.covers] == [("Semua", 1, 2)]


def test_on_a_sunday_nobody_is_missing_and_no_cover_is_asked_for(database: Database) -> None:
    board = _board(database, now=MORNING - timedelta(days=1))
    assert set(_states(board).values()) == {"off"}
    assert board.short == []
    assert not board.started


def test_the_search_filters_the_list_and_never_the_counts(database: Database) -> None:
    board = _board(database, q="ben")
    assert _states(board) == {"Ben": "pending"}
    assert board.total == 7
    assert _states(_board(database, state="office")) == {}
    registration = next(c.id for c in _board(database).columns if c.name == "Pendaftaran Penduduk")
    assert set(_states(_board(database, division_id=registration))) == {"Ana", "Ben", "Tia"}


def test_the_board_costs_five_statements_and_its_version_one(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    with count_queries(database) as seen, database.reading() as db:
        boards.board(db, dewi, now=MORNING)
    assert len(seen) == 5, seen
    with database.reading() as db:
        before = boards.board_version(db, dewi.office_id)
    _in(database, viewer_of(database, "ben"))
    with database.reading() as db:
        assert boards.board_version(db, dewi.office_id) > before
