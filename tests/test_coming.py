"""Who has come today, however: a finger at the machine, a roll call, a briefing; and what is asked of such a one."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from staffhub import i18n, workdays, worklog
from staffhub.db import Database
from staffhub.models import (
    CorrectionKind,
    Machine,
    MachineMark,
    MachinePerson,
    MachineReading,
    MarkKind,
    PlanMode,
    RollState,
    TaskState,
    WorkMode,
)
from staffhub.reports import board
from staffhub.reports.board_version import board_version
from staffhub.service_requests.duty import Place
from tests.conftest import MORNING, TODAY, plan_range, viewer_of
from tests.test_handing import comes, first, goes, offered, places, says
from tests.test_roll_calls import HALF_PAST, _one_proof, _save, _standup

NINE, NOON, FOUR = (MORNING + timedelta(minutes=hour * 60 - 7 * 60 - 12) for hour in (9, 12, 16))
OUT = MarkKind.CHECK_OUT
# A board is kept for its version, which facts that are written past the verbs do not change.
VERSIONS = map(str, count())


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


def lays(database: Database, username: str, at: datetime, kind: MarkKind | None = None) -> None:
    """Somebody lays a finger on the machine, and its log is read."""
    me = viewer_of(database, username)
    with database.transaction() as db:
        same = {"office_id": me.office_id}
        machine = db.scalar(sa.select(Machine.id)) or _machine(db, same)
        number, facts = str(me.officer_id), {**same, "machine_id": machine}
        if not db.scalar(sa.select(MachinePerson.id).where(MachinePerson.number == number)):
            since = TODAY - timedelta(days=30)
            db.add(MachinePerson(**facts, number=number, officer_id=me.officer_id, first=since, created_at=MORNING))
        reading_id, local = db.scalars(sa.select(MachineReading.id)).one(), at.astimezone(me.zone)
        told = {"number": number, "written": number, "machine_time": f"{local:%Y-%m-%d %H:%M:%S}", "at": at}
        told |= {"date": local.date(), "kind": kind, "reading_id": reading_id, "line": 1, "received_at": at}
        db.add(MachineMark(**facts, **told))


def _machine(db: sa.orm.Session, same: dict[str, int]) -> int:
    machine = Machine(**same, name="Lobi", utc_offset=480, created_at=MORNING)
    db.add(machine)
    db.flush()
    db.add(
        MachineReading(
            **same,
            machine_id=machine.id,
            name="attlog.dat",
            hash="a",
            size=1,
            clock_error=0,
            state=TaskState.DONE,
            due_at=MORNING,
            bad_lines=[],
            names={},
            created_at=MORNING,
        )
    )
    db.flush()
    return machine.id


def on_board(database: Database, name: str, now: datetime, version: str = "") -> str:
    me = viewer_of(database, "dewi")
    with database.reading() as db:
        whole = board.kept(db, me, now, version or next(VERSIONS))
    return next(
        one.state for column in whole.columns for one in column.standings if one.seat.name.split()[0].lower() == name
    )


def version_of(database: Database) -> str:
    me = viewer_of(database, "dewi")
    with database.reading() as db:
        return board_version(db, me, now=NINE)


PLACES = {"pending": Place.EXPECTED, "office": Place.ON_DUTY, "home": Place.ON_DUTY, "out": Place.OUT}


def agree(database: Database, now: datetime, name: str = "ben") -> Place:
    """Return who is offered, where the board says the same of that moment."""
    place = places(database, now)[name.title()]
    assert place is PLACES[on_board(database, name, now)]
    return place


def test_whoever_came_by_finger_is_offered_as_in_the_office_and_gone_by_finger_as_gone(database: Database) -> None:
    lays(database, "ben", MORNING)
    assert agree(database, NINE) is Place.ON_DUTY
    assert {one.where for one in offered(database, now=NINE) if one.place is Place.ON_DUTY} == {"in the office"}
    assert first(database, NINE) == "Ben Tumiwa"
    lays(database, "ben", NOON)
    assert agree(database, NOON) is Place.ON_DUTY, "within the hours a finger may be of who comes back"
    lays(database, "ben", FOUR)
    assert agree(database, FOUR) is Place.OUT


def test_a_finger_that_pressed_out_has_gone_and_a_lone_late_one_says_nothing_yet(database: Database) -> None:
    lays(database, "ben", MORNING)
    lays(database, "ben", NOON, OUT)
    assert agree(database, NOON) is Place.OUT
    lays(database, "tia", NOON + timedelta(hours=2))
    assert agree(database, NOON + timedelta(hours=2), "tia") is Place.EXPECTED
    lays(database, "ana", NOON, OUT)
    assert agree(database, NOON, "ana") is Place.OUT


def test_what_was_tapped_stands_before_a_finger(database: Database) -> None:
    comes(database, "ben")
    lays(database, "ben", MORNING + timedelta(minutes=1), OUT)
    assert agree(database, NINE) is Place.ON_DUTY, "of the same moment as the tap"
    lays(database, "ben", NOON, OUT)
    assert agree(database, NOON) is Place.OUT
    comes(database, "tia", mode=WorkMode.FIELD)
    lays(database, "tia", FOUR, OUT)
    assert places(database, FOUR)["Tia"] is Place.ON_DUTY, "who is out on duty does not end the day at the door"


def test_a_finger_of_the_night_or_of_another_number_is_of_nobody_today(database: Database) -> None:
    lays(database, "ben", MORNING - timedelta(hours=5))  # 02.12
    assert agree(database, NINE) is Place.EXPECTED
    lays(database, "tia", MORNING)
    with database.transaction() as db:
        db.execute(sa.update(MachinePerson).values(last=TODAY - timedelta(days=1)))
    assert agree(database, NINE, "tia") is Place.EXPECTED


def test_whoever_is_planned_at_home_and_lays_a_finger_is_in_the_office(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        plan_range(db, ben, ben.officer_id, TODAY, mode=PlanMode.HOME)
    lays(database, "ben", MORNING)
    assert agree(database, NINE) is Place.ON_DUTY
    assert {one.where for one in offered(database, now=NINE) if one.id == ben.officer_id} == {"in the office"}


def test_a_ticked_roll_call_is_presence_where_the_rule_book_says_so(database: Database) -> None:
    _save(database, ben=RollState.PRESENT, tia=RollState.MISSING)
    assert agree(database, NINE) is Place.EXPECTED
    _one_proof(database)
    assert agree(database, NINE) is Place.ON_DUTY
    assert places(database, NINE)["Tia"] is Place.EXPECTED
    _save(database, seen=2, key="press-0002", reason="Salah centang", ben=RollState.MISSING)
    assert agree(database, NINE) is Place.EXPECTED, "the newest tick counts"


def test_a_briefing_that_was_joined_is_presence_and_the_board_shows_it_at_once(database: Database) -> None:
    _one_proof(database)
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        plan_range(db, ben, ben.officer_id, TODAY, mode=PlanMode.HOME)
    assert agree(database, NINE) is Place.EXPECTED
    before = version_of(database)
    assert on_board(database, "ben", NINE, before) == "pending"
    _standup(database, ben, HALF_PAST)
    assert on_board(database, "ben", NINE, version_of(database)) == "home"
    assert agree(database, NINE) is Place.ON_DUTY
    assert {one.where for one in offered(database, now=NINE) if one.id == ben.officer_id} == {"at home"}


def seen_by_superior(database: Database, username: str, day: date, now: datetime) -> worklog.Presence | None:
    me = viewer_of(database, username)
    with database.reading() as db:
        book = workdays.plans(db, me.office_id, day, day, officers=[me.officer_id or 0])
        return worklog.presence_of(db, me, me.officer_id or 0, day, book=book, now=now)


def test_a_log_of_who_came_by_finger_is_held_against_the_machine_and_not_called_without_a_mark(
    database: Database,
) -> None:
    lays(database, "ben", MORNING)
    assert seen_by_superior(database, "ben", TODAY, NINE) == worklog.Presence(108, True, MORNING)
    lays(database, "ben", FOUR)
    found = seen_by_superior(database, "ben", TODAY, FOUR + timedelta(days=1))
    assert found == worklog.Presence(8 * 60 + 48, True, MORNING, FOUR)
    comes(database, "ben", now=NINE)
    found = seen_by_superior(database, "ben", TODAY, FOUR + timedelta(days=1))
    assert found == worklog.Presence(7 * 60, True, NINE, FOUR), "what was tapped stands"


def test_a_roll_call_a_briefing_and_what_hr_wrote_say_that_somebody_was_there_and_a_verdict_does_not(
    database: Database,
) -> None:
    _save(database, ben=RollState.PRESENT, tia=RollState.MISSING)
    _standup(database, viewer_of(database, "cy"), HALF_PAST)
    seen = {who: seen_by_superior(database, who, TODAY, NINE) for who in ("ben", "cy")}
    assert seen == {"ben": None, "cy": None}, "no rule takes either for a mark"
    _one_proof(database)
    says(database, "ana", CorrectionKind.CHECK_IN, MORNING)
    says(database, "tia", CorrectionKind.ABSENT)
    there = {who: seen_by_superior(database, who, TODAY, NINE) for who in ("ben", "cy", "ana", "tia", "dewi")}
    assert {who: one and one.seen for who, one in there.items()} == {
        "ben": True, "cy": True, "ana": True, "tia": False, "dewi": None,
    }  # fmt: skip


def test_a_lone_finger_after_the_check_out_or_late_in_the_day_is_no_arrival(database: Database) -> None:
    left, finger = FOUR, FOUR + timedelta(minutes=2)
    goes(database, "tia", now=left)
    for who in ("ben", "tia"):
        lays(database, who, finger)
    for now in (FOUR + timedelta(minutes=10), FOUR + timedelta(days=1)):
        assert seen_by_superior(database, "tia", TODAY, now) == worklog.Presence(None, True, None, left)
        assert seen_by_superior(database, "ben", TODAY, now) == worklog.Presence(None, True, None, finger)


def test_a_finger_at_the_moment_of_the_check_in_ends_no_day(database: Database) -> None:
    comes(database, "ben")
    lays(database, "ben", MORNING + timedelta(minutes=3))
    found = seen_by_superior(database, "ben", TODAY, FOUR + timedelta(days=1))
    assert found == worklog.Presence(None, True, MORNING)


def test_a_finger_of_the_night_is_of_the_log_of_the_day_before(database: Database) -> None:
    night = MORNING + timedelta(hours=18)  # 01.12 of the next day
    lays(database, "ben", MORNING)
    lays(database, "ben", night)
    later, tomorrow = night + timedelta(days=1), TODAY + timedelta(days=1)
    assert seen_by_superior(database, "ben", TODAY, later) == worklog.Presence(18 * 60, True, MORNING, night)
    assert seen_by_superior(database, "ben", tomorrow, later) is None
