"""The log of a fingerprint machine: what its lines say, and what becomes of them."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.orm import Session, undefer

from bench import machine as machine_bench
from staffhub import days, deadlines, office, presence
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.machines import files, folder, listing, one, tables, taking
from staffhub.machines.files import MAX_WATCHED
from staffhub.machines.lines import Role, moment_of, read_log, read_table
from staffhub.machines.one import Facts, Wish
from staffhub.machines.tables import Columns
from staffhub.models import (
    Grade,
    Machine,
    MachineMark,
    MachinePerson,
    MachineReading,
    MarkKind,
    Officer,
    StoredDay,
    TaskState,
    WorkMode,
)
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, count_from, race, viewer_of

DATA = Path(__file__).parent / "data"
MONDAY = date(2026, 11, 16)
WITA = timedelta(hours=8)
FACTS = Facts("Lobi", "X100", "Pintu depan", 480, "")


def added(database: Database, facts: Facts = FACTS) -> int:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        return one.add(db, hana, facts, now=MORNING)


def sent(database: Database, machine_id: int, data: bytes, *, shown: datetime | None = None, name: str = "a") -> int:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        return files.upload(db, hana, machine_id, name=name, data=data, shown=shown, now=MORNING).id


def read(database: Database, machine_id: int, data: bytes, **more: Any) -> MachineReading:
    id_ = sent(database, machine_id, data, **more)
    taking.run_due(database, now=MORNING)
    return reading(database, id_)


def reading(database: Database, id_: int) -> MachineReading:
    with database.reading() as db:
        return db.get_one(MachineReading, id_, options=[undefer(MachineReading.content)])


def given(database: Database, machine_id: int, who: dict[str, str], since: date | None = None) -> int:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        seen = db.get_one(Machine, machine_id).version
        wishes = [Wish(*pair) for pair in who.items()]
        return one.give(db, hana, machine_id, wishes, since=since, seen=seen, now=MORNING)


def marks(database: Database) -> list[tuple[str, str, str, MarkKind | None]]:
    mark = MachineMark
    with database.reading() as db:
        wanted = sa.select(mark.number, mark.written, mark.machine_time, mark.kind).order_by(mark.machine_time, mark.id)
        return [(row[0], row[1], row[2], row[3]) for row in db.execute(wanted)]


def day_of(database: Database, who: str, day: date, now: datetime = MORNING) -> days.DayRecord:
    me = viewer_of(database, who)
    with database.reading() as db:
        officer = db.get_one(Officer, me.officer_id)
        return days.load(db, me.office_id, [officer], [day], zone=me.zone, now=now).record(officer.id, day)


def log(*lines: str) -> bytes:
    return "".join(f"{line}\t1\t0\t1\t0\n" for line in lines).encode()


def shown(at: datetime | None) -> str:
    return f"{at:%H.%M}" if at else "-"


# What lines say


def test_the_text_of_the_machine_with_its_traps() -> None:
    found = read_log(files.text_of_log((DATA / "attlog.dat").read_bytes()) or "", 1)
    assert [(one.line, one.number, one.written) for one in found.lines][:4] == [
        (1, "3", "3"),
        (2, "3", "3"),
        (3, "12", "12"),
        (5, "5", "0000005"),
    ]
    assert [(one[0], one[1]) for one in found.bad] == [(9, "date"), (10, "time")]
    assert [one.line for one in found.lines if one.kind is MarkKind.CHECK_OUT] == [7, 11, 12]
    assert found.last == 15


def test_the_last_line_of_a_log_that_is_still_being_written_is_left() -> None:
    found = read_log("3\t2026-11-16 07:21:13\t1\t0\t1\t0\n3\t2026-11-16 16:0", 1)
    assert (len(found.lines), found.bad[0][:2]) == (1, (2, "time"))
    found = read_log("3\t2026-11-16 07:21:13\t1\t0\t1\t0\n3\t2026-11-16 16:04", 1)
    assert (len(found.lines), found.bad[0][:2]) == (1, (2, "cut"))


def _csv(name: str = "machine.csv") -> tuple[tables.Rows, tables.Guess]:
    data = (DATA / name).read_bytes()
    rows = tables.rows_of(data, files.text_of_log(data))
    return rows, tables.guess(rows)


def test_a_csv_is_understood_by_its_headings_and_each_bad_row_is_named() -> None:
    rows, guess = _csv()
    assert guess.columns.roles == ("number", "name", "date", "time", "kind")
    assert (guess.columns.order, guess.orders) == ("dmy", {"dmy"})
    start = guess.columns.start(rows) or 0
    found = read_table(tables.numbered(rows, start), guess.columns.roles, guess.columns.order)
    assert [(one.line, one.number, f"{one.time:%d %H.%M.%S}", one.kind) for one in found.lines] == [
        (4, "3", "16 07.21.13", MarkKind.CHECK_IN),
        (5, "3", "16 16.04.31", MarkKind.CHECK_OUT),
        (6, "12", "16 07.44.00", MarkKind.CHECK_IN),
        (7, "12", "16 00.00.00", MarkKind.CHECK_OUT),
    ]
    assert [(line, why) for line, why, _text in found.bad] == [
        (8, "citizen"),
        (9, "date"),
        (10, "time"),
        (11, "number"),
        (12, "time"),
    ]
    assert "7171010101900001" not in str(found.bad)
    assert found.names == {"3": "BEN TUMIWA", "12": "Cy Sondakh, S.Kom"}


def sheet(*rows: list[Any]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        moment, page = book.add_format({"num_format": "dd/mm/yyyy hh:mm"}), book.add_worksheet()
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, datetime):
                    page.write_datetime(at, place, cell, moment)
                else:
                    page.write(at, place, cell)
    return content.getvalue()


SHEET = sheet(
    ["AC-No.", "Name", "Time", "State"],
    ["007", "Ben Tumiwa", datetime(2026, 11, 16, 7, 21, 13), "C/In"],
    [12, "Cy Sondakh", 46342.3222222, "C/In"],  # a date number of a cell without a format
    [12, "Cy Sondakh", "11/16/2026 4:30 PM", "C/Out"],
    [13, "", "kemarin", ""],
)


def test_a_sheet_with_dates_date_numbers_and_texts_of_another_order() -> None:
    rows = tables.rows_of(SHEET, None)
    guess = tables.guess(rows)
    assert guess.columns.roles == ("number", "name", "moment", "kind")
    assert guess.orders == {"mdy"}
    found = read_table(tables.numbered(rows, 1), guess.columns.roles, "mdy")
    assert [(one.number, one.written, f"{one.time:%d %H.%M}") for one in found.lines] == [
        ("7", "007", "16 07.21"),
        ("12", "12", "16 07.44"),
        ("12", "12", "16 16.30"),
    ]
    assert [one[:2] for one in found.bad] == [(5, "time")] or [one[:2] for one in found.bad] == [(5, "date")]


@pytest.mark.parametrize(
    ("cell", "order", "told"),
    [
        ("03/11/2026 07:05", "dmy", "2026-11-03 07:05:00"),
        ("03/11/2026 07:05", "mdy", "2026-03-11 07:05:00"),
        ("2026-11-03T07:05:09", "dmy", "2026-11-03 07:05:09"),
        ("3-11-26 12.05 am", "dmy", "2026-11-03 00:05:00"),
        ("3.11.2026 12:05:59 PM", "dmy", "2026-11-03 12:05:59"),
        ("46329,5", "dmy", "2026-11-03 12:00:00"),
    ],
)
def test_a_date_and_time_in_the_ways_of_real_files(cell: str, order: Any, told: str) -> None:
    assert moment_of(cell, order).isoformat(" ") == told


# What becomes of them


def test_a_log_read_twice_changes_nothing_and_one_that_grew_adds_what_is_new(database: Database) -> None:
    id_ = added(database)
    first = log("3\t2026-11-16 07:21:13", "12\t2026-11-16 07:44:02")
    assert read(database, id_, first).added == 2
    assert read(database, id_, first).added == 2  # the reading that it was
    assert len(marks(database)) == 2
    grown = read(database, id_, first + log("3\t2026-11-16 16:04:31"))
    assert (grown.line_from, grown.lines, grown.added, grown.known) == (3, 1, 1, 0)
    rewritten = read(database, id_, log("3\t2026-11-16 07:21:13", "5\t2026-11-16 07:30:00", "3\t2026-11-16 16:04:31"))
    assert (rewritten.line_from, rewritten.added, rewritten.known) == (1, 1, 2)
    assert len(marks(database)) == 4
    assert rewritten.content is None


def test_the_golden_log_is_stored_as_it_stands_and_what_cannot_be_is_held_back(database: Database) -> None:
    found = read(database, added(database), (DATA / "attlog.dat").read_bytes())
    assert (found.state, found.asks, found.lines) == (TaskState.DONE, "clock", 15)
    assert (found.added, found.known, found.held, found.bad) == (9, 1, 2, 2)
    assert (found.held_from, found.held_to) == ("2000-01-01 00:04:11", "2000-01-01 00:04:11")
    assert marks(database)[0] == ("3", "3", "2026-11-16 07:21:13", None)
    assert ("5", "0000005", "2026-11-16 07:29:59", None) in marks(database)


def test_a_clock_a_year_off_counts_for_nobody_until_hr_says_when_it_was(database: Database) -> None:
    id_, hana = added(database), viewer_of(database, "hana")
    given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    found = read(database, id_, log("3\t2027-11-16 07:21:00", "3\t2027-11-16 16:05:00"))
    assert (found.asks, found.held, marks(database)) == ("clock", 2, [])
    with pytest.raises(Refused, match="23 November 2026"), database.transaction() as db:
        files.set_clock(db, hana, found.id, date(2027, 1, 1), MORNING.time(), now=MORNING)
    with database.transaction() as db:
        files.set_clock(db, hana, found.id, MONDAY, datetime(2026, 1, 1, 7, 21).time(), now=MORNING)
    with pytest.raises(Conflict), database.transaction() as db:
        files.set_clock(db, hana, found.id, MONDAY, datetime(2026, 1, 1, 7, 21).time(), now=MORNING)
    taking.run_due(database, now=MORNING)
    record = day_of(database, "ben", MONDAY)
    assert (shown(record.first), shown(record.last)) == ("07.21", "16.05")
    after = reading(database, found.id)
    assert (after.asks, after.held, after.added, after.content) == ("", 0, 2, None)


def test_a_clock_that_was_a_year_ahead_and_is_right_again_is_asked_about_no_more(database: Database) -> None:
    id_, hana = added(database), viewer_of(database, "hana")
    ahead = log("3\t2027-11-16 07:21:00", "3\t2027-11-16 16:05:00")
    found = read(database, id_, ahead)
    with database.transaction() as db:
        files.set_clock(db, hana, found.id, MONDAY, datetime(2026, 1, 1, 7, 21).time(), now=MORNING)
    taking.run_due(database, now=MORNING)
    grown = read(database, id_, ahead + log("3\t2026-11-17 07:30:00"))
    assert (grown.line_from, grown.asks, grown.held, grown.added) == (3, "", 0, 1)


def test_two_clocks_of_one_log_that_were_wrong_are_asked_about_one_after_the_other(database: Database) -> None:
    id_, hana = added(database), viewer_of(database, "hana")
    lines = ("3\t2026-11-13 07:20:00", "3\t2000-01-01 00:04:00", "3\t2000-01-01 09:00:00", "3\t2027-11-17 07:30:00")
    found = read(database, id_, log(*lines))
    assert (found.held, found.held_from, found.held_to) == (3, "2000-01-01 00:04:00", "2000-01-01 09:00:00")
    for real, left in ((MONDAY, 1), (date(2026, 11, 17), 0)):
        first = datetime.fromisoformat(reading(database, found.id).held_from).time()
        with database.transaction() as db:
            files.set_clock(db, hana, found.id, real, first, now=MORNING)
        taking.run_due(database, now=MORNING)
        assert reading(database, found.id).held == left
    with database.reading() as db:
        days_ = db.scalars(sa.select(MachineMark.date).order_by(MachineMark.at)).all()
    assert [day.day for day in days_] == [13, 16, 16, 17]


def test_the_error_of_the_clock_is_taken_off_and_said(database: Database) -> None:
    id_ = added(database)
    given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    # It is 07.12 here; the machine shows 07.20.
    found = read(database, id_, log("3\t2026-11-16 07:38:00"), shown=datetime(2026, 11, 23, 7, 20))
    assert found.clock_error == 8 * 60
    assert shown(day_of(database, "ben", MONDAY).first) == "07.30"
    with database.reading() as db:
        machine = db.get_one(Machine, id_)
        assert (machine.clock_error, machine.clock_at) == (480, MORNING)
    again = read(database, id_, log("3\t2026-11-17 07:38:00"))
    assert again.clock_error == 480  # as far off as it was when somebody looked


def test_a_whole_log_with_a_clock_far_off_is_asked_about_first(database: Database) -> None:
    found = read(database, added(database), log("3\t2025-11-16 07:38:00"), shown=datetime(2025, 11, 23, 7, 12))
    assert (found.asks, found.held, marks(database)) == ("clock", 1, [])


def test_killed_midway_and_repeated_it_is_the_same(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "BATCH", 3)
    count_from(database, MONDAY)
    id_ = added(database)
    given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    with database.transaction() as db:
        days.close_step(db, viewer_office(db), now=MORNING)
    lines = [f"3\t2026-11-{day} {time}" for day in (16, 17, 18, 19) for time in ("07:20:00", "16:10:00")]
    file_id = sent(database, id_, log(*lines))
    taking.run_due(database, now=MORNING, most=2)  # and dies
    assert len(marks(database)) == 6
    assert reading(database, file_id).state is TaskState.CLAIMED
    taking.run_due(database, now=MORNING + timedelta(minutes=6))
    after = reading(database, file_id)
    assert (after.state, after.added, after.known, len(marks(database))) == (TaskState.DONE, 8, 0, 8)
    # The rows of all the days follow, also of those that were stored before it died.
    assert codes_of_ben(database)[:5] == ["H", "H", "H", "H", "A"]


def codes_of_ben(database: Database) -> list[str]:
    mine = (StoredDay.officer_id == viewer_of(database, "ben").officer_id, StoredDay.date >= MONDAY)
    with database.reading() as db:
        return list(db.scalars(sa.select(StoredDay.code).where(*mine).order_by(StoredDay.date)))


def test_a_name_given_while_a_file_is_still_read_has_all_its_days(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "BATCH", 2)
    count_from(database, MONDAY)
    id_ = added(database)
    with database.transaction() as db:
        days.close_step(db, viewer_office(db), now=MORNING)
    sent(database, id_, log(*(f"3\t2026-11-{day} {time}" for day in (16, 17) for time in ("07:20:00", "16:10:00"))))

    def between() -> None:
        if len(marks(database)) == taking.BATCH:
            given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)

    monkeypatch.setattr(deadlines, "again", between)
    taking.run_due(database, now=MORNING)
    assert codes_of_ben(database)[:3] == ["H", "H", "A"]


def viewer_office(db: Session) -> int:
    return int(db.scalar(sa.text("SELECT min(id) FROM office")) or 0)


def test_two_of_hr_send_the_same_file_at_once(database: Database) -> None:
    id_, hana = added(database), viewer_of(database, "hana")
    data = log("3\t2026-11-16 07:38:00")

    def upload(db: Session) -> files.Kept:
        return files.upload(db, hana, id_, name="a", data=data, shown=None, now=MORNING)

    def second() -> files.Kept:
        with database.transaction() as db:
            return upload(db)

    kept = race(database, upload, second)
    assert not kept.is_new
    taking.run_due(database, now=MORNING)
    assert len(marks(database)) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"   \n", b"\x7fELF\x02\x01\x00\x00" * 300, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20],
    ids=["empty", "blank", "program", "picture"],
)
def test_what_is_no_log_is_refused_when_it_is_sent(database: Database, data: bytes) -> None:
    with pytest.raises(Refused):
        sent(database, added(database), data)


def test_a_file_that_is_too_large_or_unpacks_to_far_more_is_refused(database: Database) -> None:
    id_ = added(database)
    with pytest.raises(Refused, match="5 MB"):
        sent(database, id_, b"1" * (files.MAX_BYTES + 1))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<sheetData>" + b" " * (140 * 1024 * 1024))
    found = read(database, id_, bomb.getvalue())
    assert found.state is TaskState.FAILED
    assert found.trouble
    assert found.content is None
    broken = read(database, id_, b"PK\x03\x04 and rubbish")
    assert broken.state is TaskState.FAILED


def test_columns_are_asked_once(database: Database) -> None:
    id_, hana = added(database), viewer_of(database, "hana")
    found = read(database, id_, (DATA / "machine.csv").read_bytes())
    assert (found.asks, marks(database)) == ("columns", [])
    header = ("no id", "nama", "tanggal", "jam", "status")
    for wrong in (("", "", "date", "time", ""), ("number", "", "date", "", ""), ("number", "number", "moment", "", "")):
        with pytest.raises(Refused), database.transaction() as db:
            files.set_columns(db, hana, found.id, Columns(wrong, "dmy", header), now=MORNING)
    roles = tuple(role.value for role in (Role.NUMBER, Role.NAME, Role.DATE, Role.TIME, Role.KIND))
    with database.transaction() as db:
        files.set_columns(db, hana, found.id, Columns(roles, "dmy", header), now=MORNING)
    taking.run_due(database, now=MORNING)
    assert (reading(database, found.id).added, reading(database, found.id).bad) == (4, 5)
    more = (DATA / "machine.csv").read_bytes() + b"3;BEN TUMIWA;17/11/2026;07:20;C/In\r\n"
    assert read(database, id_, more).added == 1  # nobody is asked again
    assert read(database, id_, b"Waktu;PIN\r\n2026-11-18 07:20:00;3\r\n").asks == "columns"


# Whose numbers they are


def test_a_number_counts_for_its_person_from_the_first_mark_on(database: Database) -> None:
    count_from(database, MONDAY)
    id_, hana = added(database), viewer_of(database, "hana")
    with database.transaction() as db:
        days.close_step(db, viewer_office(db), now=MORNING)
    read(database, id_, log("003\t2026-11-16 07:21:13", "3\t2026-11-16 16:04:31", "77\t2026-11-16 08:00:00"))
    with database.reading() as db:
        unknown = listing.numbers(db, hana, id_, now=MORNING).unknown
    assert [(row.number, row.times, shown(row.last), row.proposed) for row in unknown] == [
        ("3", 2, "16.04", "Ben Tumiwa"),  # the one whose own number is 3
        ("77", 1, "08.00", ""),
    ]
    assert day_of(database, "ben", MONDAY).code == "A"
    assert given(database, id_, {"3": "ben tumiwa"}) == 1
    assert given(database, id_, {"3": "Ben Tumiwa"}) == 0
    assert day_of(database, "ben", MONDAY).code == "H"
    with database.reading() as db:
        row = db.scalars(
            sa.select(StoredDay).where(
                StoredDay.officer_id == viewer_of(database, "ben").officer_id, StoredDay.date == MONDAY
            )
        ).one()
        assert (row.code, shown(row.first and row.first + WITA)) == ("H", "07.21")
    assert list(days.check(database, MONDAY, TODAY, now=MORNING)) == []


def test_a_number_that_goes_to_somebody_else_leaves_the_days_before(database: Database) -> None:
    id_ = added(database)
    read(database, id_, log("3\t2026-11-16 07:21:13", "3\t2026-11-18 07:25:00"))
    given(database, id_, {"3": "Ben Tumiwa"})
    given(database, id_, {"3": "Tia Lumintang"}, since=date(2026, 11, 18))
    assert shown(day_of(database, "ben", MONDAY).first) == "07.21"
    assert day_of(database, "ben", date(2026, 11, 18)).first is None
    assert shown(day_of(database, "tia", date(2026, 11, 18)).first) == "07.25"
    given(database, id_, {"3": ""}, since=date(2026, 11, 18))  # a slip: it is nobody's from then on
    assert day_of(database, "tia", date(2026, 11, 18)).first is None
    with database.reading() as db:
        assert [row.last for row in db.scalars(sa.select(MachinePerson))] == [date(2026, 11, 17)]


def test_another_machine_has_other_peoples_numbers(database: Database) -> None:
    old, new = added(database), added(database, FACTS._replace(name="Baru"))
    given(database, old, {"3": "Ben Tumiwa"}, since=MONDAY)
    given(database, new, {"3": "Cy Sondakh"}, since=MONDAY)
    read(database, new, log("3\t2026-11-16 07:21:13"))
    assert day_of(database, "ben", MONDAY).first is None
    assert shown(day_of(database, "cy", MONDAY).first) == "07.21"


def test_whoever_has_left_has_a_number_no_longer(database: Database) -> None:
    id_, hana = added(database), viewer_of(database, "hana")
    given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    read(database, id_, log("3\t2026-11-16 07:21:13", "3\t2026-11-18 07:25:00"))
    ben = viewer_of(database, "ben").officer_id
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == ben).values(active_to=MONDAY))
    with database.reading() as db:
        officer = db.get_one(Officer, ben)
        dates = [MONDAY, date(2026, 11, 17), date(2026, 11, 18)]
        loaded = days.load(db, hana.office_id, [officer], dates, zone=hana.zone, now=MORNING)
        assert [shown(loaded.record(officer.id, day).first) for day in dates] == ["07.21", "-", "-"]
        assert [row.number for row in listing.numbers(db, hana, id_, now=MORNING).unknown] == ["3"]


def test_two_who_give_numbers_at_once_are_told(database: Database) -> None:
    id_, hana = added(database), viewer_of(database, "hana")
    given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    with pytest.raises(Conflict), database.transaction() as db:
        one.give(db, hana, id_, [Wish("3", "Tia Lumintang")], since=MONDAY, seen=1, now=MORNING)


def test_a_name_that_nobody_has_is_refused_beside_its_number(database: Database) -> None:
    id_ = added(database)
    with pytest.raises(Refused) as refused:
        given(database, id_, {"3": "Siapa Saja"})
    assert refused.value.field == "who3"


# Who may


def test_only_hr_of_the_office(database: Database) -> None:
    id_ = added(database)
    for who, error in (("ben", Forbidden), ("ana", Forbidden), ("dewi", Forbidden), ("oka", NotFound)):
        me = viewer_of(database, who)
        with pytest.raises(error), database.transaction() as db:
            files.upload(db, me, id_, name="a", data=log("3\t2026-11-16 07:21:13"), shown=None, now=MORNING)
        with pytest.raises(error), database.transaction() as db:
            one.give(db, me, id_, [Wish("3", "Ben Tumiwa")], since=None, seen=1, now=MORNING)
        with pytest.raises(error), database.transaction() as db:
            one.change(db, me, id_, FACTS, seen=1, now=MORNING)


# The day


def tap(database: Database, me: Viewer, at: datetime, mode: WorkMode | None) -> None:
    with database.transaction() as db:
        if mode:
            presence.check_in(db, me, mode=mode, idempotency_key=f"k{at:%d%H%M}", now=at)
        else:
            presence.check_out(db, me, idempotency_key=f"k{at:%d%H%M}", now=at)


def test_what_was_declared_stands_and_the_machine_beside_it(database: Database) -> None:
    id_, ben = added(database), viewer_of(database, "ben")
    given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    tap(database, ben, datetime(2026, 11, 15, 23, 40, tzinfo=UTC), WorkMode.OFFICE)  # 07.40
    read(database, id_, log("3\t2026-11-16 07:28:00", "3\t2026-11-16 16:20:00"))
    record = day_of(database, "ben", MONDAY)
    # Nobody tapped when leaving: there the finger stands in.
    assert (shown(record.first), shown(record.last), record.late) == ("07.40", "16.20", 10)
    assert [(mark.method, mark.grade) for mark in record.marks] == [("tap", Grade.C), ("machine", Grade.B)]
    assert len(record.fingers) == 2


def test_a_finger_in_the_office_and_a_phone_at_home_are_a_finding(database: Database) -> None:
    id_, ben = added(database), viewer_of(database, "ben")
    given(database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    tap(database, ben, datetime(2026, 11, 15, 23, 25, tzinfo=UTC), WorkMode.HOME)
    tap(database, ben, datetime(2026, 11, 16, 8, 5, tzinfo=UTC), None)
    read(database, id_, log("3\t2026-11-16 07:27:00"))
    record = day_of(database, "ben", MONDAY)
    (found,) = [one for one in record.discrepancies if one.kind is days.Finding.FINGER_AND_HOME]
    assert found.needs_person
    assert [table for table, _id in found.evidence] == ["mark", "machine_mark"]
    assert record.modes == (WorkMode.HOME,)


def test_the_first_page_knows_no_finger_as_a_tap(world: World) -> None:
    id_ = added(world.database)
    given(world.database, id_, {"3": "Ben Tumiwa"}, since=TODAY)
    read(world.database, id_, log("3\t2026-11-23 07:05:00"))
    page = world.client("ben").get("/")
    assert page.status_code == 200
    assert "/presence/checkin" in page.text or "check-in" in page.text
    answer = world.client("ben").post("/presence/check-in", data={"mode": "office", "idempotency_key": "abcdefgh1"})
    assert answer.status_code == 303


# The folder


def test_a_watched_file_is_taken_when_it_stands_still_and_again_when_it_grew(
    database: Database, tmp_path: Path
) -> None:
    added(database, FACTS._replace(watched="attlog.dat"))
    with database.reading() as db:
        path = folder.place(tmp_path, viewer_office(db), "attlog.dat")
    look: Callable[[], int] = lambda: folder.look(database, tmp_path, now=MORNING)  # noqa: E731
    assert look() == 0  # not there yet
    path.parent.mkdir()
    path.write_bytes(log("3\t2026-11-16 07:21:13"))
    assert (look(), look(), look()) == (0, 1, 0)
    taking.run_due(database, now=MORNING)
    with path.open("ab") as file:
        file.write(log("3\t2026-11-16 16:21:13"))
    assert (look(), look(), look()) == (0, 1, 0)
    taking.run_due(database, now=MORNING)
    assert len(marks(database)) == 2
    with database.reading() as db:
        assert db.scalars(sa.select(MachineReading.line_from).order_by(MachineReading.id)).all() == [1, 2]
    path.write_bytes(b"\x00\x01rubbish" * 100)
    assert (look(), look(), look()) == (0, 0, 0)
    assert path.exists()


def test_why_a_watched_file_is_not_taken_is_told_and_no_more_once_it_is(database: Database, tmp_path: Path) -> None:
    machine_id = added(database, FACTS._replace(watched="attlog.dat"))
    with database.reading() as db:
        path = folder.place(tmp_path, viewer_office(db), "attlog.dat")

    def told() -> str:
        for _twice in range(2):
            folder.look(database, tmp_path, now=MORNING)
        with database.reading() as db:
            return folder.said(db.get_one(Machine, machine_id))

    assert told() == "Berkas attlog.dat tidak ada di folder server."
    path.mkdir(parents=True)
    assert told() == "Program tidak boleh membaca berkas attlog.dat di server."
    path.rmdir()
    path.write_bytes(b"\x00\x01rubbish" * 100)
    assert told() == "Berkas attlog.dat di server bukan rekaman yang dapat dibaca."
    with path.open("wb") as file:
        file.truncate(MAX_WATCHED + 1)
    assert told().startswith("Berkas attlog.dat di server terlalu besar")
    path.write_bytes(log("3\t2026-11-16 07:21:13"))
    assert told() == ""


def test_no_name_leads_out_of_the_folder(database: Database) -> None:
    for name in ("../secret.key", "..", "a/b", "a\\b", ".hidden"):
        with pytest.raises(Refused):
            added(database, FACTS._replace(watched=name))


def test_a_folder_of_another_office_is_not_looked_into(database: Database, tmp_path: Path) -> None:
    added(database, FACTS._replace(watched="attlog.dat"))
    with database.reading() as db:
        other = int(db.scalar(sa.text("SELECT max(id) FROM office")) or 0)
    path = folder.place(tmp_path, other, "attlog.dat")
    path.parent.mkdir()
    path.write_bytes(log("3\t2026-11-16 07:21:13"))
    assert folder.look(database, tmp_path, now=MORNING) + folder.look(database, tmp_path, now=MORNING) == 0


def test_the_bench_reads_a_log_of_its_own(database: Database) -> None:
    told = machine_bench.measure(database, lines=200)
    assert told.lines == 200
    with database.reading() as db:
        assert office.facts(db, viewer_office(db)).name
