"""The board: who is where now, and which bidang is not covered."""

import ast
import re
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from staffhub import audit, corrections, office, presence
from staffhub.db import Database
from staffhub.meetings import tries
from staffhub.models import (
    CorrectionKind,
    CorrectionReason,
    Division,
    EmploymentType,
    Office,
    Officer,
    RuleSet,
    WorkMode,
)
from staffhub.reports import board as boards
from staffhub.reports import recap
from staffhub.reports.board_version import board_version
from tests.conftest import MORNING, TODAY, World, add_officer, count_queries, plan_range, viewer_of
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
        plan_range(db, tia, hana.officer_id, TODAY, note="Cuti tahunan")
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
        plan_range(db, ben, ben.officer_id, TODAY, note="Cuti sakit")
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
    assert board.at_work
    _in(database, viewer_of(database, "tia"))
    assert "Pendaftaran Penduduk" not in [column.name for column in _board(database).short]


def test_after_the_hours_of_work_nobody_is_missing_from_the_duty_minimum(world: World) -> None:
    dewi = world.client("dewi")
    lacks, over = "belum terjaga", "Jam kerja sudah selesai"
    for hours, there, gone in ((1, lacks, over), (14, over, lacks)):
        world.at(MORNING + timedelta(hours=hours))
        page = dewi.get("/board").text
        assert there in page
        assert gone not in page


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
    assert (board.at_work, board.begun) == (False, False)


def test_the_search_filters_the_list_and_never_the_counts(database: Database) -> None:
    board = _board(database, q="ben")
    assert _states(board) == {"Ben": "pending"}
    assert board.total == 7
    assert sum(board.counts.values()) == 7, "everybody is in exactly one tile"
    assert _states(_board(database, state="office")) == {}
    registration = next(c.id for c in _board(database).columns if c.name == "Pendaftaran Penduduk")
    assert set(_states(_board(database, division_id=registration))) == {"Ana", "Ben", "Tia"}


def test_the_board_costs_five_statements_and_its_version_one(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    with count_queries(database) as seen, database.reading() as db:
        boards.board(db, dewi, now=MORNING)
    assert len(seen) == 5, seen
    with database.reading() as db:
        office.facts(db, dewi.office_id)  # whoever is signed in has looked the office up
        with count_queries(database) as seen:
            board_version(db, dewi, now=MORNING)
    assert len(seen) == 1, seen


def test_between_two_changes_the_office_is_worked_out_once_and_each_reader_sees_what_is_for_that_reader(
    world: World,
) -> None:
    _in(world.database, world.viewer("ben"), WorkMode.HOME, note="Anak sakit")
    ana, cy = world.client("ana"), world.client("cy")
    first = ana.get("/board").text
    with count_queries(world.database) as seen:
        second = cy.get("/board").text
    assert len(seen) == 2, ("who it is and the version", seen)
    assert "Anak sakit" in first
    assert "Anak sakit" not in second
    ben = world.officer_id("ben")
    assert (f'href="/attendance/{ben}/' in first, f'href="/attendance/{ben}/' in second) == (True, False)
    _in(world.database, world.viewer("tia"), WorkMode.FIELD, note="Perekaman di Ratahan")
    assert "Perekaman di Ratahan" in cy.get("/board").text


def test_the_office_is_kept_for_its_version_and_day_alone(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    with database.reading() as db:
        version = board_version(db, dewi, now=MORNING)
        for later in (timedelta(), timedelta(days=1), timedelta()):
            seen = boards.board(db, dewi, now=MORNING + later, version=version)
            assert seen.day == TODAY + later
    _in(database, viewer_of(database, "ben"))
    with database.reading() as db:
        assert boards.board(db, dewi, now=MORNING, version=version).counts["office"] == 0, "as of that version"
        version = board_version(db, dewi, now=MORNING)
        assert boards.board(db, dewi, now=MORNING, version=version).counts["office"] == 1


def _version(database: Database, *, now: datetime = MORNING) -> str:
    dewi = viewer_of(database, "dewi")
    with database.reading() as db:
        return board_version(db, dewi, now=now)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_check_ins_at_once_the_one_that_is_stored_last_changes_the_version_as_well(database: Database) -> None:
    """On SQLite there are no two at once: a writer waits for the one before."""
    ben, cy = viewer_of(database, "ben"), viewer_of(database, "cy")
    seen = [_version(database)]
    with database.transaction() as first:
        presence.check_in(first, ben, mode=WorkMode.OFFICE, idempotency_key=str(uuid4()), now=MORNING)
        with database.transaction() as second:
            presence.check_in(second, cy, mode=WorkMode.HOME, idempotency_key=str(uuid4()), now=MORNING)
        seen.append(_version(database))
    seen.append(_version(database))
    assert len(set(seen)) == 3, seen


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_plans_at_once_the_one_that_is_stored_last_changes_the_version_as_well(database: Database) -> None:
    hana, ana = viewer_of(database, "hana"), viewer_of(database, "ana")
    before = _version(database)
    with database.transaction() as first:
        audit.record(first, hana, "plan.exception_set", "plan_entry", 1, now=MORNING)
        with database.transaction() as second:
            audit.record(second, ana, "plan.exception_set", "plan_entry", 2, now=MORNING)
        between = _version(database)
    assert len({before, between, _version(database)}) == 3


def test_a_change_that_is_stored_after_midnight_is_seen_on_the_new_day(database: Database) -> None:
    hana = viewer_of(database, "hana")
    tomorrow = MORNING + timedelta(hours=17)
    before = _version(database, now=tomorrow)
    with database.transaction() as db:
        audit.record(db, hana, "plan.exception_set", "plan_entry", 1, now=MORNING + timedelta(hours=16, minutes=47))
    assert _version(database, now=tomorrow) != before


# Verbs that stand under a name where they are written.
_NAMED = {"verb": "account.changed", "tries.TRIED": tries.TRIED}


def _events() -> set[tuple[str, str]]:
    """Every (verb, subject) that the program writes into the trail."""
    found = set()
    for path in (Path(boards.__file__).parent.parent).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record" and len(node.args) > 3:
                words = [ast.unparse(word).strip("f'") for word in node.args[2:4]]
                found.add((_NAMED.get(words[0], words[0]), words[1]))
    return found


# What is never on a board: who signs in, what is written, met about and asked for, who looks at what, on which phone.
_ELSEWHERE = re.compile(
    r"account\.|session\.|log\.|meeting\.|zoom\.|request\.|day\.read|attendance\.exported|calendar\.|standup\.|service\."
)


def test_every_change_but_those_that_no_board_shows_makes_a_new_version(database: Database) -> None:
    events = _events()
    assert len(events) > 20
    hana = viewer_of(database, "hana")
    stands = set()
    for verb, subject in events:
        before = _version(database)
        with database.transaction() as db:
            audit.record(db, hana, verb[:60], subject[:40], 1, now=MORNING)
        if _version(database) == before and subject != "mark":
            stands.add(verb)
    assert {verb for verb in stands if not _ELSEWHERE.match(verb)} == set()
    assert {"day.read", "log.written", "account.signed_in"} <= stands, "a look empties nobody's cache"


def test_a_check_in_a_check_out_and_a_correction_make_a_new_version(database: Database) -> None:
    ben, hana = viewer_of(database, "ben"), viewer_of(database, "hana")
    seen = [_version(database)]
    _in(database, ben)
    seen.append(_version(database))
    later = MORNING + timedelta(hours=1)
    with database.transaction() as db:
        presence.check_out(db, ben, idempotency_key=str(uuid4()), now=later)
    seen.append(_version(database))
    with database.transaction() as db:
        wish = corrections.Wish(CorrectionKind.LEAVE)
        corrections.add(
            db, hana, recap.officer_for(db, hana, ben.officer_id, TODAY), day=TODAY, wish=wish,
            reason=CorrectionReason.LEAVE_LETTER, note="Surat", idempotency_key=str(uuid4()), now=later,
        )  # fmt: skip
    seen.append(_version(database))
    assert len(set(seen)) == 4, seen


def test_another_offices_changes_leave_the_version_alone(database: Database) -> None:
    before = _version(database)
    _in(database, viewer_of(database, "oka"))
    assert _version(database) == before


def test_the_version_reads_an_index_of_its_own_however_long_the_trail_is(database: Database) -> None:
    dewi, plans = viewer_of(database, "dewi"), []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "audit_event" in statement:
            explained = database.engine.raw_connection().cursor()
            if not database.sqlite:
                explained.execute("SET enable_seqscan = off")  # a table of three rows is read whole otherwise
            word = "EXPLAIN QUERY PLAN" if database.sqlite else "EXPLAIN"
            explained.execute(f"{word} {statement}", parameters)
            plans.append(str(explained.fetchall()))

    event.listen(database.engine, "before_cursor_execute", explain)
    with database.reading() as db:
        board_version(db, dewi, now=MORNING)
    (plan,) = plans
    assert "ix_audit_event_board" in plan, plan
    assert "ix_mark_office_id_date" in plan, plan


def test_why_somebody_works_at_home_is_private_and_where_somebody_is_on_duty_is_not(database: Database) -> None:
    ben, tia, cy, ana = (viewer_of(database, username) for username in ("ben", "tia", "cy", "ana"))
    _in(database, ben, WorkMode.HOME, note="Anak sakit")
    _in(database, tia, WorkMode.FIELD, note="Perekaman di Ratahan")
    for viewer, private in ((ben, "Anak sakit"), (ana, "Anak sakit"), (cy, ""), (tia, "")):
        with database.reading() as db:
            seen = boards.board(db, viewer, now=MORNING)
        notes = {person.id: person.note for column in seen.columns for person in column.people}
        assert (notes[ben.officer_id], notes[tia.officer_id]) == (private, "Perekaman di Ratahan")


def test_who_came_late_or_left_early_is_marked_and_field_duty_is_not(database: Database) -> None:
    ben, tia, cy = (viewer_of(database, username) for username in ("ben", "tia", "cy"))
    _in(database, ben, now=MORNING + timedelta(minutes=33))
    _in(database, tia, WorkMode.FIELD, now=MORNING + timedelta(hours=3))
    _in(database, cy)
    with database.transaction() as db:
        presence.check_out(db, cy, idempotency_key=str(uuid4()), now=MORNING + timedelta(hours=8))
    seen = {
        one.id: one for column in _board(database, now=MORNING + timedelta(hours=9)).columns for one in column.people
    }
    marked = {
        viewer.name: (seen[viewer.officer_id or 0].late, seen[viewer.officer_id or 0].early)
        for viewer in (ben, tia, cy)
    }
    assert marked == {"Ben Tumiwa": (15, 0), "Tia Lumintang": (0, 0), "Cy Sondakh": (0, 48)}
    assert seen[tia.officer_id or 0].lacks_place


def test_what_hr_corrects_today_stands_on_the_board(database: Database) -> None:
    ben, hana = viewer_of(database, "ben"), viewer_of(database, "hana")
    later = MORNING + timedelta(hours=2)
    with database.transaction() as db:
        corrections.add(
            db, hana, recap.officer_for(db, hana, ben.officer_id, TODAY), day=TODAY,
            wish=corrections.Wish(CorrectionKind.CHECK_IN, time(7, 40), WorkMode.HOME),
            reason=CorrectionReason.NETWORK, note="Jaringan", idempotency_key=str(uuid4()), now=later,
        )  # fmt: skip
    ben_there = next(one for c in _board(database, now=later).columns for one in c.people if one.id == ben.officer_id)
    assert (ben_there.state, ben_there.late) == ("home", 10)
    assert ben_there.since is not None
    assert ben_there.since.time() == time(7, 40)


def test_a_phone_is_only_for_those_who_may_open_the_day(database: Database) -> None:
    ben, cy, ana = (viewer_of(database, username) for username in ("ben", "cy", "ana"))
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == ben.officer_id).values(phone="0812 1111 2222"))
    for viewer, phone in ((ana, "0812 1111 2222"), (cy, "")):
        with database.reading() as db:
            seen = boards.board(db, viewer, now=MORNING)
        assert next(one for c in seen.columns for one in c.people if one.id == ben.officer_id).phone == phone


def _crowd(database: Database, count: int, *, divisions: int = 4) -> None:
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        found = db.scalars(
            sa.select(Division.id).where(Division.office_id == dewi.office_id).order_by(Division.id)
        ).all()
        office = db.get_one(Office, dewi.office_id)
        for n in range(count):
            add_officer(
                db, office, number=f"N{n:05}", name=f"Wilhelmina Rondonuwu {n:03}", phone="0812 3456 7890",
                employment_type=EmploymentType.THL, division_id=found[n % divisions],
            )  # fmt: skip


def test_a_large_office_opens_ones_own_bidang_and_a_search_goes_through_all_of_it(database: Database) -> None:
    _crowd(database, 200)
    ana = viewer_of(database, "ana")
    with database.reading() as db:
        seen = boards.board(db, ana, now=MORNING)
        assert [column.id for column in seen.columns] == [ana.division_id] == [seen.sections.shown]
        assert (seen.total, sum(seen.counts.values()), seen.sections.total) == (207, 207, 207)
        other = next(one.id for one in seen.sections.all if one.id != ana.division_id)
        assert [column.id for column in boards.board(db, ana, now=MORNING, division_id=other).columns] == [other]
        found = boards.board(db, ana, now=MORNING, q="Sondakh", division_id=other)
    assert list(_states(found)) == ["Cy"]


@pytest.mark.parametrize("divisions", [1, 4])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_with_400_people_every_board_is_a_page_of_60_kb(world: World, divisions: int) -> None:
    _crowd(world.database, 400, divisions=divisions)
    for who in ("dewi", "hana", "ana", "cy"):
        client = world.client(who)
        first = world.viewer("ben").division_id
        for address in (
            "/board",
            f"/board?division={first}",
            "/board?mode=pending",
            "/board?q=Rondonuwu",
            "/board?mode=short",
        ):
            with count_queries(world.database) as seen:
                page = client.get(address)
            assert page.status_code == 200
            assert len(page.content) <= 60_000, (who, address, len(page.content))
            assert len(seen) <= 8, seen


def test_the_uncovered_bidang_are_one_link(database: Database) -> None:
    _in(database, viewer_of(database, "ben"))
    _in(database, viewer_of(database, "tia"))
    short = _board(database, state="short")
    assert {column.name for column in short.columns} == {column.name for column in short.short} == {"Pencatatan Sipil"}
