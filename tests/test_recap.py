import csv
import io
from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from staffhub import i18n, people
from staffhub.clock import at_local
from staffhub.days import State
from staffhub.errors import Forbidden, NotFound
from staffhub.models import (
    CorrectionKind,
    Division,
    EmploymentType,
    JoinClick,
    LogEntry,
    MarkKind,
    Meeting,
    Office,
    Officer,
    RequestEvent,
    ServiceRequest,
    ServiceType,
    WorkMode,
)
from staffhub.reports import day as day_report
from staffhub.reports import documents, recap, words
from staffhub.reports import lanes as drawn_lanes
from staffhub.reports.totals import Totals
from tests.conftest import MORNING, TODAY, add_officer, count_from, count_queries, plan_range, viewer_of
from tests.test_corrections import add, put_mark

NOVEMBER = date(2026, 11, 1)
MONDAY = date(2026, 11, 16)
FRIDAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def hana(database):
    return viewer_of(database, "hana")


@pytest.fixture
def ben(database):
    return viewer_of(database, "ben")


def full_day(database, me, officer_id: int, day: date, first: str = "07:25", last: str = "16:35", **facts: Any) -> None:
    put_mark(database, me, officer_id, day, first, MarkKind.CHECK_IN, **facts)
    put_mark(database, me, officer_id, day, last, MarkKind.CHECK_OUT)


def load(database, me, first: date = NOVEMBER, **asked: Any) -> recap.Month:
    with database.reading() as db:
        return recap.month(db, me, first, now=MORNING, **asked)


def line_of(sheet: recap.Month, name: str) -> recap.Line:
    return next(line for line in sheet.lines if line.officer.name == name)


def codes(line: recap.Line) -> dict[int, str]:
    return {record.day.day: record.code for record in line.records}


def test_the_sheet_counts_the_days_of_a_month(database, hana, ben):
    count_from(database, MONDAY)
    full_day(database, hana, ben.officer_id, MONDAY)
    full_day(database, hana, ben.officer_id, date(2026, 11, 17), mode=WorkMode.HOME)
    full_day(database, hana, ben.officer_id, date(2026, 11, 18), first="07:52")
    full_day(database, hana, ben.officer_id, date(2026, 11, 19), mode=WorkMode.FIELD)
    with database.transaction() as db:
        plan_range(db, hana, ben.officer_id, FRIDAY, note="Cuti")
        plan_range(db, hana, ben.officer_id, date(2026, 11, 30))
    sheet = load(database, hana)
    line = line_of(sheet, "Ben Tumiwa")
    shown = codes(line)
    assert [shown[day] for day in (15, 16, 17, 18, 19, 20, 21, 23, 24, 30)] == [
        *("L", "H", "WFH", "HT", "DL", "C", "L", "-", "K", "C"),
    ]
    sums = Totals(present=3, home=1, field=1, off_hours=1, leave=1, absent=0, worked=1933, late=22, early=0)
    assert line.totals == sums
    assert (sheet.working, sheet.closed, len(sheet.days)) == (21, 15, 30)


def test_a_corrected_day_counts_as_corrected_and_stays_open_to_a_look(database, hana, ben):
    full_day(database, hana, ben.officer_id, FRIDAY, first="07:52")
    add(database, hana, ben.officer_id, kind=CorrectionKind.CHECK_IN, clock_time=time(7, 30))
    record = line_of(load(database, hana), "Ben Tumiwa").records[FRIDAY.day - 1]
    assert (record.code, record.late, record.is_plain) == ("H", 0, False)


def test_nobody_is_absent_before_the_date_that_hr_has_set(database, hana, ben):
    full_day(database, hana, ben.officer_id, date(2026, 11, 18))
    assert load(database, hana).queue == [], "a pilot of one makes nobody else absent"
    assert set(codes(line_of(load(database, hana), "Cy Sondakh")).values()) == {"", "L", "-", "K"}
    count_from(database, date(2026, 11, 18))
    line = line_of(load(database, hana), "Cy Sondakh")
    assert [codes(line)[day] for day in (16, 17, 18, 19)] == ["", "", "A", "A"]
    assert line.totals.absent == 3


def test_nobody_is_absent_before_or_after_service(database, hana, ben):
    count_from(database, MONDAY)
    with database.transaction() as db:
        office = db.get_one(Office, hana.office_id)
        facts = {"number": "77", "name": "Dua Hari", "active_from": date(2026, 11, 18), "active_to": date(2026, 11, 19)}
        add_officer(db, office, **facts)
        add_officer(db, office, number="78", name="Sudah Pergi", active_to=date(2026, 10, 31))
    sheet = load(database, hana)
    assert [codes(line_of(sheet, "Dua Hari"))[day] for day in (17, 18, 19, 20, 24)] == ["", "A", "A", "", ""]
    assert "Sudah Pergi" not in {line.officer.name for line in sheet.lines}


def test_the_queue_holds_what_waits_for_a_person_oldest_first(database, hana, ben):
    count_from(database, FRIDAY)
    put_mark(database, hana, ben.officer_id, FRIDAY, "07:52", MarkKind.CHECK_IN)
    sheet = load(database, hana, q="o")
    assert {record.day for _who, record in sheet.queue} == {FRIDAY}
    sentences = {who.name: words.sentence(record) for who, record in load(database, hana).queue}
    assert sentences["Ben Tumiwa"] == "22 minutes late, no check-out"
    assert sentences["Cy Sondakh"] == "Absent without notice"


def test_log_entries_are_named_beside_an_absence(database, hana, ben):
    count_from(database, FRIDAY)
    cy_id = viewer_of(database, "cy").officer_id
    with database.transaction() as db:
        db.add(log_entry(hana, cy_id, FRIDAY, time(9), time(10)))
    record = next(record for who, record in load(database, hana).queue if who.id == cy_id)
    assert words.sentence(record) == "Absent without notice, 1 log entry without a mark"


def log_entry(me, officer_id: int, day: date, starts: time, ends: time, **facts: Any) -> LogEntry:
    values = {"text": "=2+2 berkas", "version": 1, "created_at": MORNING, "updated_at": MORNING, **facts}
    where = {"office_id": me.office_id, "officer_id": officer_id, "date": day}
    return LogEntry(**where, starts=starts, ends=ends, idempotency_key=str(uuid4()), **values)


@pytest.mark.parametrize(
    ("username", "seen"),
    [
        ("hana", {"Dewi", "Ana", "Ben", "Tia", "Cy", "Hana", "Adi"}),
        ("dewi", {"Dewi", "Ana", "Ben", "Tia", "Cy", "Hana", "Adi"}),
        ("ana", {"Ana", "Ben", "Tia"}),
        ("ben", {"Ben"}),
        ("oka", {"Oka"}),
    ],
)
def test_a_sheet_holds_the_people_of_ones_scope(database, username, seen):
    sheet = load(database, viewer_of(database, username))
    assert {line.officer.name.split()[0] for line in sheet.lines} == seen


def test_division_name_and_trouble_narrow_the_sheet(database, hana, ben):
    count_from(database, FRIDAY)
    full_day(database, hana, ben.officer_id, FRIDAY, first="07:52")

    def names(**asked: str) -> list[str]:
        return [line.officer.name.split()[0] for line in load(database, hana, **asked).lines]

    assert names(division="population_registration") == ["Ana", "Ben", "Tia"]
    assert names(division=str(ben.division_id)) == ["Ana", "Ben", "Tia"]
    assert names(division="population_registration", q="TUM") == ["Ben"]
    assert names(show="late") == ["Ben"]
    assert "Ben" not in names(show="open")
    assert names(division="unknown") == []
    sheet = load(database, hana, q="tum")
    assert len(sheet.sections.all) == 4
    assert sheet.sections.total == 7
    assert [name for name, _lines in load(database, hana).groups][:2] == [
        "Leadership",
        "Pelayanan Pendaftaran Penduduk",
    ]


def crowd(database, me, *sizes: int) -> None:
    """A large office: so many people in each of the divisions, the first two of one name."""
    with database.transaction() as db:
        office = db.get_one(Office, me.office_id)
        divisions = list(
            db.scalars(sa.select(Division.id).where(Division.office_id == me.office_id).order_by(Division.sort))
        )
        for division_id, size in zip(divisions, sizes, strict=False):
            for n in range(size):
                name = f"Pegawai {n:03}" if n else "Sri Rahayu"
                add_officer(db, office, number=f"t{division_id}-{n}", name=name, division_id=division_id)


def test_a_large_office_opens_ones_own_division_and_counts_the_whole(database, hana):
    crowd(database, hana, 70, 40, 5)
    count_from(database, FRIDAY)
    own = load(database, hana)
    assert {line.officer.division_code for line in own.lines} == {"secretariat"}
    assert (own.sections.total, own.sections.shown) == (122, hana.division_id)
    assert len(own.queue) == 122, "what waits is told of the whole office"
    pages = [load(database, hana, division="population_registration", page=page) for page in (1, 2, 3)]
    assert [page.found for page in pages] == [73, 73, 73]
    assert (pages[0].start, pages[0].end + 1, pages[1].end, pages[2].lines) == (1, pages[1].start, 73, [])
    assert {line.officer.name for line in load(database, hana, q="sri").lines} == {"Sri Rahayu"}
    assert len(load(database, hana, page=None).lines) == 122
    assert len(load(database, hana, show="late").lines) == 0


def test_people_of_one_name_are_told_apart_by_their_division(database, hana):
    crowd(database, hana, 2, 1)
    sheet = load(database, hana)
    same = [sheet.told_apart(line.officer) for line in sheet.lines if line.officer.name == "Sri Rahayu"]
    assert same == ["Sri Rahayu (Pendaftaran Penduduk)", "Sri Rahayu (Pencatatan Sipil)"]
    assert sheet.told_apart(sheet.lines[0].officer) == "Dewi Ondang"


def test_a_sheet_takes_five_statements_however_many_people(database, hana):
    with database.transaction() as db:
        office = db.get_one(Office, hana.office_id)
        for number in range(60):
            add_officer(db, office, number=f"t{number}", name=f"Pegawai {number}")
    with count_queries(database) as seen:
        assert len(load(database, hana, page=None).lines) == 67
    assert len(seen) == 5


def test_officers_are_loaded_only_within_scope(database, ben):
    cy_id = viewer_of(database, "cy").officer_id
    with database.reading() as db:
        assert recap.officer_for(db, ben, ben.officer_id, FRIDAY).name == "Ben Tumiwa"
        assert recap.officer_for(db, viewer_of(database, "ana"), ben.officer_id, FRIDAY).division_code
        for username in ("ben", "ana", "tia"):
            with pytest.raises(Forbidden):
                recap.officer_for(db, viewer_of(database, username), cy_id, FRIDAY)
        for officer_id in (None, 999_999, viewer_of(database, "oka").officer_id):
            with pytest.raises(NotFound):
                recap.officer_for(db, viewer_of(database, "hana"), officer_id, FRIDAY)


def own(database, me, **asked: Any) -> recap.OwnMonth:
    with database.reading() as db:
        officer = recap.officer_for(db, me, me.officer_id, NOVEMBER)
        return recap.own_month(db, me, officer, NOVEMBER, now=MORNING, **asked)


def test_ones_month_folds_days_off_and_keeps_the_plan_apart(database, ben, hana):
    full_day(database, hana, ben.officer_id, FRIDAY)
    month = own(database, ben)
    assert (month.listing[0].day, month.listing[0].state) == (TODAY, State.PENDING)
    assert month.listing[1] == recap.Rest(date(2026, 11, 21), date(2026, 11, 22), "")
    assert [record.day.day for record in month.planned] == [24, 25, 26, 27, 30]
    assert [record.day for record in month.open] == []
    late = own(database, ben, show="late")
    assert (late.listing, late.planned) == ([], [])
    assert [record.day for record in own(database, ben, show="office").listing] == [FRIDAY]


def test_the_day_shows_every_fact_beside_the_others(database, hana, ben):
    put_mark(database, hana, ben.officer_id, FRIDAY, "07:52", MarkKind.CHECK_IN, receipt="M28TR51")
    wita = hana.zone
    with database.transaction() as db:
        db.add(log_entry(hana, ben.officer_id, FRIDAY, time(9), time(10, 30), quantity=3, unit="berkas"))
        kind = db.scalars(sa.select(ServiceType).where(ServiceType.office_id == hana.office_id)).first()
        request = ServiceRequest(
            office_id=hana.office_id,
            number="PM-2611-0139",
            service_type_id=kind.id,
            applicant="Bpk. R.",
            channel="counter",
            urgent=False,
            state="done",
            created_at=MORNING,
            updated_at=MORNING,
            version=1,
            idempotency_key=str(uuid4()),
        )
        meeting = Meeting(
            office_id=hana.office_id,
            kind="single",
            topic="Standup bidang",
            starts_on=FRIDAY,
            ends_on=FRIDAY,
            starts_at=time(8, 30),
            minutes=15,
            weekdays=[],
            occurrences=1,
            audience={},
            state="ready",
            marker="m",
            version=1,
            created_by=hana.account_id,
            created_at=MORNING,
            idempotency_key=str(uuid4()),
        )
        db.add_all([request, meeting])
        db.flush()
        who = {"office_id": hana.office_id, "officer_id": ben.officer_id}
        for clock, day in ((time(15, 58), FRIDAY), (time(16, 2), FRIDAY), (time(0, 5), FRIDAY + timedelta(days=1))):
            db.add(RequestEvent(**who, request_id=request.id, at=at_local(day, clock, wita), state="done"))
        at = at_local(FRIDAY, time(8, 34), wita)
        db.add(JoinClick(**who, meeting_id=meeting.id, date=FRIDAY, at=at))
    with database.reading() as db, count_queries(database) as seen:
        found = day_report.evidence(db, hana, recap.officer_for(db, hana, ben.officer_id, FRIDAY), FRIDAY, now=MORNING)
    assert len(seen) == 5
    assert [(mark.code, mark.at.strftime("%H:%M")) for mark in found.marks] == [("M2-8TR-51", "07:52")]
    assert [(trace.source, trace.starts.strftime("%H:%M"), trace.detail) for trace in found.traces] == [
        ("meeting", "08:34", ""),
        ("log", "09:00", "3 berkas"),
        ("request", "15:58", "done"),
        ("request", "16:02", ""),  # it was handed over: a trace, and no step
    ]
    assert (found.log_minutes, found.last_trace.strftime("%H:%M")) == (90, "16:02")
    drawn = drawn_lanes.lanes(found, now=MORNING.astimezone(wita))
    assert [at.hour for _x, at in drawn.labels] == [7, 10, 13, 17]
    assert [bar.x for bar in (*drawn.here, drawn.gap, drawn.plan)] == [8.7, 90.3, 5.0]
    month_record = line_of(load(database, hana), "Ben Tumiwa").records[FRIDAY.day - 1]
    assert month_record.discrepancies == found.record.discrepancies


def test_the_bar_of_a_day_shows_every_place_of_work(database, hana, ben):
    for clock, mode in (("07:14", WorkMode.HOME), ("10:12", WorkMode.OFFICE), ("13:00", WorkMode.FIELD)):
        put_mark(database, hana, ben.officer_id, FRIDAY, clock, MarkKind.CHECK_IN, mode=mode)
    put_mark(database, hana, ben.officer_id, FRIDAY, "16:40", MarkKind.CHECK_OUT)
    add(database, hana, ben.officer_id, kind=CorrectionKind.CHECK_IN, clock_time=time(7, 0))
    add(database, hana, ben.officer_id, clock_time=time(0, 10), next_day=True)
    with database.reading() as db:
        found = day_report.evidence(db, hana, recap.officer_for(db, hana, ben.officer_id, FRIDAY), FRIDAY, now=MORNING)
    stays = drawn_lanes.stays(found)
    assert [stay.mode for stay in stays] == [WorkMode.HOME, WorkMode.OFFICE, WorkMode.FIELD]
    assert words.course(found.record, stays) == "07:00 home, 10:12 office, 13:00 field duty, out 00:10 the next day"
    drawn = drawn_lanes.lanes(found, now=MORNING.astimezone(hana.zone))
    assert len(drawn.here) == 3
    assert [at.hour for _x, at in drawn.labels] == [7, 12, 17, 1]


@given(st.integers(1, 40))
def test_the_hours_below_a_bar_never_touch_each_other(length):
    step = -(-length // 4)
    chosen = drawn_lanes._labelled(length, step)
    assert (chosen[0], chosen[-1]) == (0, length)
    assert len(chosen) <= 5
    assert all(later - earlier >= step for earlier, later in pairwise(chosen)) or length == 1


def test_a_day_off_without_anything_has_nothing_to_draw(database, hana, ben):
    with database.reading() as db:
        officer = recap.officer_for(db, hana, ben.officer_id, FRIDAY)
        found = day_report.evidence(db, hana, officer, date(2026, 11, 22), now=MORNING)
        assert drawn_lanes.lanes(found, now=MORNING.astimezone(hana.zone)) is None
        assert found.last_trace is None
        today = day_report.evidence(db, hana, officer, TODAY, now=MORNING)
        assert drawn_lanes.lanes(today, now=MORNING.astimezone(hana.zone)).here == []


def rows_of(database, me, **asked: Any) -> list[list[str]]:
    sheet = load(database, me)
    content = documents.month_csv(sheet, **{"full_numbers": True, "seal": "Not signed", **asked})
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_the_file_has_a_row_for_each_officer_and_day(database, hana, ben):
    put_mark(database, hana, ben.officer_id, FRIDAY, "07:52", MarkKind.CHECK_IN)
    rows = rows_of(database, hana)
    assert len(rows) == 1 + 7 * 30
    row = next(row for row in rows if row[0] == "2026-11-20" and row[2] == "Ben Tumiwa")
    assert row[:16] == [
        *("2026-11-20", "00000000 000000 0 003", "Ben Tumiwa", "Pelayanan Pendaftaran Penduduk", "PNS", "Office"),
        *("HT", "Present", "07:52", "", "", "Office", "22", "", "22 minutes late, no check-out", ""),
    ]
    assert dict(zip(rows[0][16:], row[16:], strict=True)) == {
        **{letter: "1" if letter in {"H", "HT"} else "" for letter in documents.lines.LETTERS},
        "Supplement": "",
        "Before the supplement": "",
        "Signature": "Not signed",
    }
    assert {row[1] for row in rows_of(database, hana, full_numbers=False)[1:]} == {f"•••• 00{n}" for n in range(1, 8)}


def test_the_file_says_the_code_the_minutes_and_who_corrected_what_and_why(database, hana, ben):
    put_mark(database, hana, ben.officer_id, FRIDAY, "07:52", MarkKind.CHECK_IN)
    add(database, hana, ben.officer_id, clock_time=time(15, 58), note="=lihat permohonan")
    put_mark(database, hana, ben.officer_id, MONDAY, "22:00", MarkKind.CHECK_IN)
    add(database, hana, ben.officer_id, day=MONDAY, clock_time=time(6, 5), next_day=True)
    rows = {row[0]: row for row in rows_of(database, hana) if row[2] == "Ben Tumiwa"}
    friday, monday = rows[str(FRIDAY)], rows[str(MONDAY)]
    assert (friday[6], *friday[8:11], *friday[12:14]) == ("HT HP", "07:52", "15:58", "396", "22", "32")
    assert friday[15] == "Check-out 15:58 (Hana Tendean: Forgot, =lihat permohonan)"
    assert monday[8:11] == ["22:00", "2026-11-17 06:05", "485"]
    assert monday[15] == "Check-out 06:05 the next day (Hana Tendean: Forgot)"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n@"])
def test_no_cell_is_run_as_a_formula(database, hana, start):
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.name == "Ben Tumiwa").values(name=f"{start}HYPERLINK(1)"))
    names = {row[2] for row in rows_of(database, hana)}
    assert f"'{start}HYPERLINK(1)".replace("\r", "\n") in {name.replace("\r", "\n") for name in names}


def test_short_numbers_stay_whole_and_are_never_half_shown():
    assert people.shown_number("THL-07") == people.masked_number("THL-07") == "THL-07"
    assert words.employment(EmploymentType.PPPK_PART_TIME) == "Part-time PPPK"
    assert words.duration(521) == "8 h 41 min"


def test_every_state_place_kind_and_reason_has_a_word(database, hana, ben):
    full_day(database, hana, ben.officer_id, FRIDAY, last="15:00", mode=WorkMode.HOME)
    record = line_of(load(database, hana), "Ben Tumiwa").records[FRIDAY.day - 1]
    assert words.sentence(record) == "Left 1 h 30 min early, planned: office, checked in: home"
    assert words.of_record(line_of(load(database, hana), "Ben Tumiwa").records[1]) == "Presence not counted"
    assert [words.duration(n) for n in (0, 1, 60, 436)] == ["0 minutes", "1 minute", "1 hour", "7 h 16 min"]
