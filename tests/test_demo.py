"""The demo office: every kind of day, alive at whatever hour, the same for the same moment."""

import time as stopwatch
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from staffhub import clock, demo, security, worklog
from staffhub.db import Base, Database
from staffhub.errors import Conflict
from staffhub.meetings import agenda
from staffhub.migrations import migrate
from staffhub.models import (
    Account,
    Appointment,
    AuditEvent,
    Correction,
    CorrectionKind,
    DailyReport,
    DayPart,
    EmploymentType,
    JoinClick,
    LeaveRequest,
    LeaveState,
    LogDelegate,
    LogEntry,
    LogState,
    LogTemplate,
    Mark,
    MarkKind,
    Meeting,
    MeetingKind,
    Notice,
    NoticeKind,
    Occurrence,
    Officer,
    PlanGrant,
    PlanMode,
    Posting,
    RequestEvent,
    RequestState,
    Role,
    RollCall,
    RuleSet,
    ServiceRequest,
    ServiceType,
    WorkMode,
    posting_on,
)
from staffhub.reports import board as boards
from staffhub.reports import leavings, recap
from staffhub.settings import Settings
from tests.conftest import viewer_of

ZONE = ZoneInfo("Asia/Makassar")
MONDAY_NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SETTINGS = Settings(database_url="", secret_key="a-secret-only-for-the-tests-0123456789")
# Written by chance or by the library: hashes, invitations' tokens, what only a machine compares.
_RANDOM = {"password_hash", "token", "marker", "facts"}
_RANDOM_OF = {"office.version", "place.key"}  # of the other tables these are what is meant


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("demo") / "empty.db"
    database = Database(f"sqlite:///{path}")
    migrate(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    return path.read_bytes()


@pytest.fixture
def fresh(empty: bytes, tmp_path: Path) -> Iterator[Any]:
    """Make a demo office as of a moment."""
    made: list[Database] = []

    def seeded(now: datetime) -> Database:
        path = tmp_path / f"demo{len(made)}.db"
        path.write_bytes(empty)
        database = Database(f"sqlite:///{path}")
        made.append(database)
        with database.transaction() as db:
            assert demo.seed(db, SETTINGS, now=now)
        return database

    yield seeded
    for database in made:
        database.engine.dispose()


def _all(database: Database, *columns: Any) -> list[Any]:
    with database.reading() as db:
        return list(db.execute(sa.select(*columns)))


def _contents(database: Database) -> dict[str, list[Any]]:
    found = {}
    with database.reading() as db:
        for table in Base.metadata.sorted_tables:
            columns = [one for one in table.c if one.name not in _RANDOM and str(one) not in _RANDOM_OF]
            found[table.name] = [tuple(row) for row in db.execute(sa.select(*columns).order_by(*table.primary_key))]
    return found


def test_the_same_moment_gives_the_same_office(fresh: Any) -> None:
    assert _contents(fresh(MONDAY_NOON)) == _contents(fresh(MONDAY_NOON))


def test_a_second_seeding_changes_nothing(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    before = _contents(database)
    with database.transaction() as db:
        assert demo.seed(db, SETTINGS, now=MONDAY_NOON + timedelta(days=3)) is False
    assert _contents(database) == before


def test_an_office_of_real_people_is_never_filled(database: Database) -> None:
    with pytest.raises(Conflict), database.transaction() as db:
        demo.seed(db, SETTINGS, now=MONDAY_NOON)


def test_it_goes_into_postgresql_too_within_ten_seconds(postgres) -> None:
    postgres.run("CREATE DATABASE demo_office")
    database = Database(postgres.url("demo_office"))
    try:
        migrate(database.engine)
        started = stopwatch.monotonic()
        with database.transaction() as db:
            assert demo.seed(db, SETTINGS, now=MONDAY_NOON)
        assert len(_all(database, Officer.id)) == 42
        assert stopwatch.monotonic() - started < 60  # a stuck one; the time itself is measured elsewhere
    finally:
        database.engine.dispose()
        postgres.run("DROP DATABASE demo_office WITH (FORCE)")


def test_42_officers_with_the_accounts_that_are_promised(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    rows = sa.select(Account.username, Posting.role, Account.password_hash, Account.must_change_password)
    rows = rows.join(Posting, Posting.officer_id == Account.officer_id).where(Posting.valid_to.is_(None))
    with database.reading() as db:
        accounts = {row.username: row for row in db.execute(rows)}
    heads = {"kabid.dafduk", "pegawai36", "pegawai37", "pegawai38"}
    staff = {f"pegawai{n:02}" for n in range(1, 36)}
    assert set(accounts) == staff | heads | {"kadis", "kepegawaian", "admin"}
    assert accounts["kadis"].role is Role.OFFICE_HEAD
    assert {accounts[name].role for name in heads} == {Role.DIVISION_HEAD}
    assert accounts["kepegawaian"].role is Role.HR
    assert accounts["admin"].role is Role.ADMIN
    assert {accounts[name].role for name in staff} == {Role.STAFF}
    assert not any(row.must_change_password for row in accounts.values())
    assert security.password_fits("staffhub-demo", accounts["pegawai38"].password_hash)
    with database.reading() as db:
        columns = (Posting.division_id, Posting.employment_type, Officer.number, Posting.superior_id)
        officers = db.execute(sa.select(*columns).join(Officer, posting_on(MONDAY_NOON.date()))).all()
    assert len(officers) == 42
    assert sum(row.superior_id is None for row in officers) == 1
    for division in {row.division_id for row in officers} - {None}:
        kinds = {row.employment_type for row in officers if row.division_id == division}
        assert EmploymentType.THL in kinds
        assert kinds - {EmploymentType.THL}
    for row in officers:
        assert row.number.startswith("THL-") == (row.employment_type is EmploymentType.THL)
        assert row.number.startswith("THL-") or len(row.number) == 18


def test_somebody_moved_was_promoted_and_got_a_new_contract_within_the_history(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    today = clock.local_day(MONDAY_NOON, ZONE)
    columns = (Posting.officer_id, Posting.valid_from, Posting.division_id, Posting.employment_type, Posting.position)
    found: dict[int, list[Any]] = {}
    for row in sorted(_all(database, *columns), key=lambda row: row.valid_from):
        found.setdefault(row.officer_id, []).append(row)
    pairs = [tuple(rows) for rows in found.values() if len(rows) > 1]
    assert all(today - timedelta(days=28) < now.valid_from <= today for _before, now in pairs)
    assert any(before.division_id != now.division_id for before, now in pairs)
    assert any(before.position != now.position for before, now in pairs)
    kinds = {(before.employment_type, now.employment_type) for before, now in pairs}
    assert (EmploymentType.THL, EmploymentType.PPPK_PART_TIME) in kinds


def test_the_rule_book_has_a_ramadan_a_part_time_contract_and_hours_to_come(fresh: Any) -> None:
    rows = _all(
        fresh(MONDAY_NOON), RuleSet.kind, RuleSet.subject, RuleSet.groups, RuleSet.confirmed, RuleSet.replaces_id
    )
    hours = {(row.subject, tuple(row.groups or ())) for row in rows if row.kind == "work_hours" and row.confirmed}
    assert hours == {("", ()), ("special", ()), ("", ("pppk_part_time",))}
    assert sum(row.replaces_id is not None for row in rows) == 1
    assert any(not row.confirmed for row in rows), "and proposals that wait"


def test_every_kind_of_day_happened(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    today = clock.local_day(MONDAY_NOON, ZONE)
    marks = _all(database, Mark.officer_id, Mark.date, Mark.turn, Mark.kind, Mark.mode, Mark.note, Mark.attempted_at)
    days: dict[tuple[int, date], list[Any]] = {}
    for mark in sorted(marks, key=lambda mark: mark.turn):
        days.setdefault((mark.officer_id, mark.date), []).append(mark)
    past = {key: steps for key, steps in days.items() if key[1] < today}
    first = [steps[0].attempted_at.astimezone(ZONE).strftime("%H.%M") for steps in past.values()]
    last = [steps[-1] for steps in past.values()]
    assert {mark.mode for mark in marks} == {WorkMode.OFFICE, WorkMode.HOME, WorkMode.FIELD, None}
    placeless = [mark for mark in marks if mark.mode is WorkMode.FIELD and not mark.note]
    assert len(placeless) <= 1, "one whose place is asked for today"
    assert {mark.date for mark in placeless} <= {MONDAY_NOON.date()}
    assert any(time > "07.31" for time in first)
    assert sum(time <= "07.30" for time in first) > len(first) * 0.8
    assert any(step.kind is MarkKind.CHECK_IN for step in last)
    assert any(
        step.kind is MarkKind.CHECK_OUT and step.attempted_at.astimezone(ZONE).strftime("%H.%M") < "15.45"
        for step in last
    )
    assert any(len({step.mode for step in steps if step.mode}) > 1 for steps in past.values())
    assert any(day.weekday() >= 5 for _officer, day in past)
    assert min(day for _officer, day in past) <= today - timedelta(days=27)
    plans = _all(database, PlanGrant.mode, PlanGrant.note, PlanGrant.last)
    leave = {row.note for row in plans if row.mode is PlanMode.LEAVE}
    assert {"Cuti tahunan", "Sakit", "Cuti melahirkan"} <= leave
    assert any(row.last > today + timedelta(days=10) for row in plans)
    corrections = _all(database, Correction.kind, Correction.note, Correction.created_at)
    assert {CorrectionKind.CHECK_IN, CorrectionKind.CHECK_OUT, CorrectionKind.LEAVE} <= {c.kind for c in corrections}
    assert all(row.note and row.created_at <= MONDAY_NOON for row in corrections)
    worked = len(past)
    assert 0.7 * worked < len(_all(database, DailyReport.id)) < worked
    assert len(_all(database, LogEntry.id)) > 2 * worked


@pytest.mark.parametrize("day", range(23, 30))
def test_somebody_kept_watch_one_night_and_the_day_reads_so(fresh: Any, day: int) -> None:
    now = MONDAY_NOON + timedelta(days=day - 23)
    database = fresh(now)
    hr = viewer_of(database, "kepegawaian", now=now)
    with database.reading() as db:
        sheet = recap.month(db, hr, date(2026, 11, 1), now=now, q="Roy Kumaat")
    (night,) = [record for record in sheet.lines[0].records if record.ends_later]
    assert night.first
    assert night.last
    assert (night.first.hour, night.last.hour, night.late) == (21, 6, 0)


def test_nothing_in_the_demo_has_happened_later_than_now(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    for column in (Mark.attempted_at, Correction.created_at, RequestEvent.at, ServiceRequest.updated_at,
                   DailyReport.submitted_at, LogEntry.created_at, PlanGrant.created_at):  # fmt: skip
        with database.reading() as db:
            latest = db.scalar(sa.select(sa.func.max(column)))
        assert latest is not None
        assert latest <= MONDAY_NOON, column


def test_requests_of_every_type_and_state_with_history_some_of_them_nobodys_and_old(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    requests = _all(
        database, ServiceRequest.id, ServiceRequest.state, ServiceRequest.service_type_id, ServiceRequest.assignee_id,
        ServiceRequest.created_at, ServiceRequest.closed_at, ServiceRequest.number,
    )  # fmt: skip
    assert {row.state for row in requests} == set(RequestState)
    assert {row.service_type_id for row in requests} == {row.id for row in _all(database, ServiceType.id)}
    assert len({row.number for row in requests}) == len(requests)
    old = [row for row in requests if row.assignee_id is None and MONDAY_NOON - row.created_at > timedelta(days=5)]
    assert old
    closed = {RequestState.DONE, RequestState.CANCELLED}
    assert all((row.closed_at is not None) == (row.state in closed) for row in requests)
    events = _all(database, RequestEvent.request_id, RequestEvent.state, RequestEvent.at, RequestEvent.id)
    for row in requests:
        history = sorted((e.at, e.id, e.state) for e in events if e.request_id == row.id)
        assert history[-1][2] is row.state
    greis = next(
        row.officer_id for row in _all(database, Account.officer_id, Account.username) if row[1] == "pegawai01"
    )
    assert sum(row.assignee_id == greis and row.state not in closed for row in requests) >= 2


def test_appointments_are_of_today_and_tomorrow_one_came_one_did_not_and_of_one_nobody_said(fresh: Any) -> None:
    given = _all(fresh(MONDAY_NOON), Appointment.date, Appointment.state)
    day = MONDAY_NOON.date()
    assert sorted((row.date - day).days for row in given) == [-3, -3, -3, 0, 0, 1, 1]
    assert Counter(row.state.value for row in given) == {
        "came": 1,
        "no_show": 1,
        "told": 1,
        "confirmed": 1,
        "invited": 3,
    }


def test_what_was_misheard_of_a_request_is_put_right(fresh: Any) -> None:
    assert [row[0] for row in _all(fresh(MONDAY_NOON), RequestEvent.corrected) if row[0]] == ["applicant,phone"]


def _board(database: Database, now: datetime) -> boards.Board:
    me = viewer_of(database, "kadis", now=now)
    with database.reading() as db:
        return boards.board(db, me, now=now)


@pytest.mark.parametrize("hour", [8, 12, 15])
@pytest.mark.parametrize("day", [23, 24, 25, 26, 27])
def test_in_working_hours_every_division_but_one_keeps_its_minimum(fresh: Any, day: int, hour: int) -> None:
    now = datetime(2026, 11, day, hour, 5, tzinfo=ZONE).astimezone(UTC)
    board = _board(fresh(now), now)
    assert [column.name for column in board.short] == ["PIAK"]
    assert board.counts["office"] >= 10
    assert board.counts["home"] >= 8
    assert board.counts["field"] >= 2
    assert board.counts["leave"] >= 2
    assert board.counts["pending"] >= 2


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 23, 0, 3, tzinfo=ZONE),
        datetime(2026, 11, 23, 5, 30, tzinfo=ZONE),
        datetime(2026, 11, 23, 22, 0, tzinfo=ZONE),
        datetime(2026, 11, 21, 6, 0, tzinfo=ZONE),  # Saturday
        datetime(2026, 11, 22, 10, 0, tzinfo=ZONE),  # Sunday
        datetime(2026, 12, 25, 10, 0, tzinfo=ZONE),  # Christmas
        datetime(2027, 1, 1, 9, 0, tzinfo=ZONE),
    ],
)
def test_outside_of_working_hours_somebody_is_there_too(fresh: Any, moment: datetime) -> None:
    now = moment.astimezone(UTC)
    counts = _board(fresh(now), now).counts
    assert counts["office"] + counts["home"] + counts["field"] + counts["out"] >= 3
    assert sum(counts.values()) == 42


@pytest.mark.parametrize("moment", [MONDAY_NOON, datetime(2026, 11, 27, 12, 0, tzinfo=UTC)])
def test_a_standup_has_been_held_every_morning_and_three_meetings_are_to_come(fresh: Any, moment: datetime) -> None:
    database = fresh(moment)
    meetings = _all(database, Meeting.kind, Meeting.starts_on, Meeting.starts_at, Meeting.weekdays)
    assert sorted(row.kind for row in meetings) == [*[MeetingKind.SINGLE] * 3, MeetingKind.STANDUP]
    ahead = [clock.at_local(row.starts_on, row.starts_at, ZONE) > moment for row in meetings]
    assert sorted(ahead) == [False, True, True, True]
    today = clock.local_day(moment, ZONE)
    days = {row.date for row in _all(database, Occurrence.date)}
    assert today in days
    assert len([day for day in days if day < today]) >= 19
    clicks = _all(database, JoinClick.date, JoinClick.at)
    assert len({row.date for row in clicks}) >= 15
    assert all(row.at < moment for row in clicks)


@pytest.mark.parametrize(("day", "holds"), [(date(2026, 11, n), n < 28) for n in range(23, 30)])
def test_on_whatever_weekday_the_demo_starts_there_is_a_standup_or_a_reason(fresh: Any, day: date, holds: bool) -> None:
    now = clock.at_local(day, datetime.min.time().replace(hour=6), ZONE)
    database = fresh(now)
    me = viewer_of(database, "kadis", now=now)
    with database.reading() as db:
        week = agenda.week(db, me, first=day - timedelta(days=day.weekday()), now=now)
    shown = next(one for one in week.days if one.day == day)
    assert (bool(shown.entries), shown.works) == (holds, holds)


def test_a_roll_call_was_held_although_every_code_was_seen_at_the_door_on_the_day_before(fresh: Any) -> None:
    late = datetime(2026, 11, 27, 15, 23, tzinfo=UTC)
    assert {day for (day,) in _all(fresh(late), RollCall.date)} == {date(2026, 11, 23)}
    assert {day for (day,) in _all(fresh(late + timedelta(hours=1)), RollCall.date)} == {date(2026, 11, 27)}


def test_half_a_day_of_leave_a_request_that_hr_settled_and_the_notice_of_an_exemption_are_shown(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    halves = {(row.part, row.state) for row in _all(database, LeaveRequest.part, LeaveRequest.state) if row.part}
    assert halves == {(DayPart.MORNING, LeaveState.GRANTED), (DayPart.AFTERNOON, LeaveState.ASKED)}
    (planned,) = [row for row in _all(database, PlanGrant.part, PlanGrant.kind) if row.part]
    assert planned == (DayPart.MORNING, "permission")
    assert "correction.settled" in {row.verb for row in _all(database, AuditEvent.verb)}
    told = {row.kind: row.params for row in _all(database, Notice.kind, Notice.params)}
    assert NoticeKind.EXEMPTION in told
    assert told[NoticeKind.LEAVE_DECIDED]["half"] == "morning"


def test_somebody_leaves_next_week_with_something_of_each_kind_left(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    hana = viewer_of(database, "kepegawaian", now=MONDAY_NOON)
    with database.reading() as db:
        (leaver,) = [one for one in leavings.listed(db, hana, now=MONDAY_NOON) if one.why == "leaves"]
    assert leaver.last == date(2026, 11, 30)
    assert leaver.keeps_role
    assert 0 not in {leaver.requests, leaver.meetings, leaver.plans, leaver.people}


def test_logs_are_verified_returned_late_and_waiting_and_somebody_will_stand_in(fresh: Any) -> None:
    database = fresh(MONDAY_NOON)
    with database.reading() as db:
        states = Counter(db.scalars(sa.select(DailyReport.state)))
        late = db.scalars(
            sa.select(Officer.name).join(DailyReport, DailyReport.officer_id == Officer.id).where(DailyReport.late)
        ).all()
        returned = db.scalars(
            sa.select(Account.username)
            .join(DailyReport, DailyReport.officer_id == Account.officer_id)
            .where(DailyReport.state == LogState.RETURNED)
        ).all()
        assert (returned, late) == (["pegawai01"], ["Fandy Mamesah"])
        assert states[LogState.VERIFIED] > 100
        assert states[LogState.SUBMITTED] > 5
        assert db.scalars(sa.select(sa.func.count()).select_from(LogTemplate)).one() > 40
        told = sa.select(Notice.id).where(Notice.kind == NoticeKind.LOG_RETURNED)
        assert len(db.scalars(told).all()) == 1
        assert db.scalars(sa.select(LogDelegate.valid_from)).one() > MONDAY_NOON.date()
    head = viewer_of(database, "kabid.dafduk")
    with database.reading() as db:
        assert worklog.to_verify(db, head, MONDAY_NOON.date()).count > 0
