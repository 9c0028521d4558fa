"""The log as papers, as a sheet and by activity: what stands in them, and whose days are read."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from staffhub import office, worklog
from staffhub.db import Database
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import in_locale
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import LogEntry, LogState, MeetingKind, Paper, RequestState, ServiceRequest
from staffhub.office import OfficeFacts
from staffhub.reports import logbook
from staffhub.reports.documents import lkh, lkh_book, log_summary, press
from staffhub.reports.logbook import Line, Part, Period, Subject, pictures
from staffhub.reports.logbook.summary import Share, Work
from staffhub.security import Viewer
from staffhub.service_requests import correcting, one
from tests.conftest import MORNING, TODAY, add_posting, viewer_of
from tests.test_service_requests import assigned

FACTS = OfficeFacts(
    "Dinas Contoh", "Pemerintah Kabupaten Contoh", "Jalan Contoh 1", ZoneInfo("Asia/Makassar"), None,
    phone="0431123456", signing_place="Ratahan",
)  # fmt: skip
NOVEMBER = Period.around("month", TODAY)
FORMULA = '=HYPERLINK("http://x","y")'
MARKUP = "Periksa *berkas* #let x = 1 <b> $a$ _x_ @y"


def part(first: date, last: date, superior: str = "Ana Kaunang") -> Part:
    number = "198501012010012002" if superior else ""
    return Part(
        first, last, "Pengelola data", 1, "Bidang Dafduk", sum(map(ord, superior)), superior, number, "Kepala Bidang"
    )


def ben(*parts: Part, full: bool = True) -> Subject:
    return Subject(7, "198001012005011003", "Ben Tumiwa", parts or (part(NOVEMBER.first, NOVEMBER.last),), full)


def line(day: date = TODAY, text: str = "Memeriksa berkas", **facts: Any) -> Line:
    given = {
        "starts": time(8, 15), "ends": time(9, 45), "quantity": 12, "unit": "berkas", "request": None,
        "service": None, "topic": None, "link": "", "submitted_at": None, "late": None, "step": None,
        "verified_at": None,
        "verifier": None, "remark": None,
    }  # fmt: skip
    if facts.get("submitted_at"):
        given["step"] = LogState.SUBMITTED
    return Line(day, text, **(given | facts))


def printed(
    found: Sequence[Line], form: lkh.Form, *, who: Subject | None = None, period: Period = NOVEMBER, facts: Any = FACTS
) -> list[str]:
    with in_locale("id"):
        content = press.pdf("lkh", lkh.lkh_data(facts, who or ben(), period, found, form))
    reader = PdfReader(BytesIO(content))
    assert "/StructTreeRoot" in reader.trailer["/Root"]
    return [" ".join(page.extract_text().replace("\u200b", "").split()) for page in reader.pages]


SENT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DONE = (
    line(request="PM-2611-0001", service="Kartu Keluarga (KK)", submitted_at=SENT),
    line(text="Apel", topic="Apel pagi", starts=time(10), ends=time(10, 15), quantity=None, unit="", submitted_at=SENT),
    line(text="Jaga server", starts=time(23), ends=time(1, 30), quantity=0, unit="laporan", submitted_at=SENT),
)


def test_form_a_tells_activity_and_volume_and_has_both_signatures() -> None:
    (page,) = printed(DONE, "a", period=Period.around("day", TODAY))
    assert page == (
        "PEMERINTAH KABUPATEN CONTOH DINAS CONTOH Jalan Contoh 1 Telepon 0431123456 "
        "LAPORAN KERJA HARIAN (LKH), SENIN, 23 NOVEMBER 2026 "
        "Nama : Ben Tumiwa NIP/nomor pegawai : 19800101 200501 1 003 Jabatan : Pengelola data "
        "Unit kerja : Bidang Dafduk, Dinas Contoh "
        "No. Hari Tanggal Uraian tugas/kegiatan Volume Satuan "
        "1 Senin 23-11-2026 Memeriksa berkas 12 berkas 2 Senin 23-11-2026 Apel "
        "3 Senin 23-11-2026 Jaga server 0 laporan "
        "Jumlah: 4 jam 15 menit (255 menit) "
        "Mengetahui, Kepala Bidang Ana Kaunang NIP 19850101 201001 2 002 "
        "Ratahan, 23 November 2026 Pengelola data Ben Tumiwa NIP 19800101 200501 1 003 "
        "Laporan Kerja Harian (LKH), Senin, 23 November 2026. Ben Tumiwa Halaman 1 dari 1"
    )


def test_form_b_tells_times_links_and_the_state_of_each_day_and_leaves_the_score_blank() -> None:
    (page,) = printed((*DONE, line(TODAY + timedelta(days=1), "Lain")), "b", period=Period.around("week", TODAY))
    assert "LAPORAN KERJA HARIAN (LKH), 23–29 NOVEMBER 2026" in page
    start = page.index("No. Tanggal")
    assert page[start : page.index("Mengetahui")].strip() == (
        "No. Tanggal Kegiatan Mulai Selesai Durasi (menit) Uraian Hasil Satuan Berkas/bukti Status Nilai Catatan "
        "Verifikator Total menit "
        "1 23-11-2026 Memeriksa berkas 08.15 09.45 90 Kartu Keluarga (KK), PM-2611-0001 12 berkas Dalam proses "
        "2 23-11-2026 Apel 10.00 10.15 15 Rapat: Apel pagi Dalam proses "
        "3 23-11-2026 Jaga server 23.00 01.30 +1 hari 150 0 laporan Dalam proses Dikirim 23-11-2026 16.30 255 "
        "4 24-11-2026 Lain 08.15 09.45 90 12 berkas Belum dikirim 90 "
        "Jumlah: 5 jam 45 menit (345 menit)"
    )


def test_form_b_says_what_became_of_a_day_and_who_verified_it() -> None:
    later = SENT + timedelta(days=1)
    verified = {"step": LogState.VERIFIED, "verified_at": later, "verifier": "Ana Kaunang", "late": True}
    found = [
        line(submitted_at=SENT, link="https://arsip.contoh.go.id/berkas/2026/11/23", **verified),
        line(TODAY + timedelta(days=1), submitted_at=later, step=LogState.RETURNED, remark="Tulis jumlahnya"),
        line(TODAY + timedelta(days=2), submitted_at=later, step=LogState.TAKEN_BACK),
    ]
    (page,) = printed(found, "b")
    for told in (
        "https://arsip.contoh.go.id/berkas/2026/11/23 Diterima",
        "Dikirim terlambat, 23-11-2026 16.30 Ana Kaunang, 24-11-2026 16.30 90",
        "berkas Dikembalikan Dikirim 24-11-2026 16.30. Tulis jumlahnya 90",
        "berkas Belum dikirim 90",
    ):
        assert told.replace(" ", "") in page.replace(" ", "")


@pytest.mark.parametrize("form", ["a", "b"])
def test_a_full_month_repeats_its_header_numbers_its_pages_and_signs_below_the_last_rows(form: lkh.Form) -> None:
    days = [NOVEMBER.first + timedelta(days=n) for n in range(30)]
    found = printed([line(day, f"Kegiatan {day.day}-{n}") for day in days for n in range(10)], form)
    assert len(found) > 3
    assert all(page.count("Tanggal") == 1 for page in found)
    assert all(f"Halaman {n} dari {len(found)}" in page for n, page in enumerate(found, 1))
    assert sum(len(re.findall(r"Kegiatan \d+-\d", page)) for page in found) == 300
    assert "Kegiatan 30-9" in found[-1]
    assert "Ana Kaunang" in found[-1]
    assert "NOVEMBER 2026" in found[0]


@pytest.mark.parametrize("form", ["a", "b"])
def test_wherever_the_last_rows_fall_each_page_has_its_header_and_signatures_never_stand_alone(form: lkh.Form) -> None:
    for count in (20, 26, 33, 47):
        found = printed([line(text=f"Kegiatan ke-{n}") for n in range(count)], form)
        assert all(page.count("Tanggal") == 1 for page in found)
        assert ("Mengetahui," in found[-1], f"Kegiatan ke-{count - 1}" in found[-1]) == (True, True)


@pytest.mark.parametrize("form", ["a", "b"])
@pytest.mark.parametrize("paper", list(Paper))
def test_markup_stays_text_and_a_word_without_end_is_broken(form: lkh.Form, paper: Paper) -> None:
    word = "Kata" + "panjang" * 25
    facts = OfficeFacts("Dinas", "", "", FACTS.zone, None, paper=paper)
    (page,) = printed([line(text=MARKUP), line(text=word, unit="satuan-yang-panjang-itu")], form, facts=facts)
    assert MARKUP in page
    assert word in page.replace(" ", "")
    with in_locale("id"):
        content = press.pdf("lkh", lkh.lkh_data(facts, ben(), NOVEMBER, [line()], form))
    box = PdfReader(BytesIO(content)).pages[0].mediabox
    sides = sorted(round(float(side) / 72 * 25.4) for side in (box.width, box.height))
    assert sides == ([215, 330] if paper is Paper.F4 else [210, 297])


def test_a_month_in_which_the_superior_changed_says_so_and_the_last_one_signs() -> None:
    half = date(2026, 11, 14)
    who = ben(part(NOVEMBER.first, half), part(half + timedelta(days=1), NOVEMBER.last, "Dewi Ondang"))
    (page,) = printed([line()], "a", who=who)
    assert (
        "Atasan langsung berganti dalam laporan ini. 1–14 November 2026: Ana Kaunang; "
        "15–30 November 2026: Dewi Ondang." in page
    )
    assert page.index("Mengetahui") < page.rindex("Dewi Ondang")
    moved = ben(part(NOVEMBER.first, half), part(half + timedelta(days=1), NOVEMBER.last))
    assert "berganti" not in printed([line()], "a", who=moved)[0]
    assert "Atasan langsung ......" in printed([line()], "a", who=ben(part(*NOVEMBER[1:], superior="")))[0]
    assert "NIP •••• 003" in printed([line()], "a", who=ben(full=False))[0]


def test_the_sheet_has_real_dates_and_times_and_no_formula_that_somebody_typed(database: Database) -> None:
    me = viewer_of(database, "ben")
    found = (line(text=FORMULA, unit="+1", link="https://x.id/a"), *DONE)
    with database.reading() as db, in_locale("en"):
        content = lkh_book.lkh_xlsx(db, me, ben(), NOVEMBER, found)
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.sheet_names == ["LKH", "Menurut kegiatan"]
    rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert rows[0][0] == "Laporan Kerja Harian (LKH), November 2026"
    assert rows[4] == [
        "No.", "Tanggal", "Kegiatan", "Mulai", "Selesai", "Durasi (menit)", "Uraian", "Volume", "Satuan", "Status",
        "Berkas/bukti",
    ]  # fmt: skip
    assert rows[5] == [1, TODAY, FORMULA, time(8, 15), time(9, 45), 90, "", 12, "+1", "Belum dikirim", "https://x.id/a"]
    assert rows[8][3:6] == [time(23), time(1, 30), 150]
    assert rows[9][5] == 345
    by_kind = book.get_sheet_by_index(1).to_python(skip_empty_area=False)
    assert by_kind[2] == ["Kartu Keluarga (KK)", 12, "berkas", 1.5, 90, 1, TODAY, TODAY]


def test_by_activity_requests_count_under_their_service_and_nobody_is_named() -> None:
    kk = {"service": "Kartu Keluarga (KK)", "request": "PM-2611-0001"}
    found = [
        line(text="Kartu Keluarga (KK), Novi T., PM-2611-0001", **kk),
        line(TODAY + timedelta(days=1), "Kartu Keluarga (KK), Lela W., PM-2611-0002", **kk),
        line(text="Menata  arsip", quantity=None, unit=""),
        line(text="menata arsip", quantity=None, unit="berkas"),
        line(text="Menata arsip", quantity=3),
        line(text=FORMULA, quantity=None, unit=""),
    ]
    done = logbook.activities(found)
    with in_locale("id"):
        assert logbook.as_text(done).splitlines() == [
            "Kartu Keluarga (KK): 24 berkas, 3 jam, 2 kali, 23–24 November 2026",
            "Menata arsip: 3 jam, 2 kali, 23 November 2026",
            "Menata arsip: 3 berkas, 1 jam 30 menit, 1 kali, 23 November 2026",
            f"{FORMULA}: 1 jam 30 menit, 1 kali, 23 November 2026",
        ]
    rows = lkh_book.activities_csv(done).decode("utf-8-sig").split("\r\n")
    assert rows[0] == "Kegiatan;Volume;Satuan;Jam;Menit;Kali;Hari pertama;Hari terakhir"
    assert rows[1] == "Kartu Keluarga (KK);24;berkas;3;180;2;2026-11-23;2026-11-24"
    assert rows[3] == "Menata arsip;3;berkas;1,5;90;1;2026-11-23;2026-11-23"
    assert rows[4].startswith("\"'=HYPERLINK")


def _officer(database: Database, username: str) -> int:
    officer_id = viewer_of(database, username).officer_id
    assert officer_id
    return officer_id


def _post(database: Database, username: str, day: date, **facts: Any) -> None:
    officer_id = _officer(database, username)
    with database.transaction() as db:
        add_posting(db, officer_id, day, **facts)


def _read(database: Database, me: Viewer, officer_id: int, period: Period = NOVEMBER) -> Subject:
    with database.reading() as db:
        return logbook.subject(db, me, officer_id, period)


def test_a_log_is_read_by_its_owner_the_superior_of_those_days_the_bidang_and_personnel(database: Database) -> None:
    ben_id, cy_id, since = _officer(database, "ben"), _officer(database, "cy"), date(2026, 11, 16)
    _post(database, "ben", since, superior_id=cy_id)
    for username, full in (("ben", True), ("dewi", True), ("hana", True), ("adi", True)):
        seen = _read(database, viewer_of(database, username), ben_id)
        assert ((seen.parts[0].first, seen.parts[-1].last), seen.full) == ((NOVEMBER.first, NOVEMBER.last), full)
    assert _read(database, viewer_of(database, "ana"), ben_id).full is False
    theirs = _read(database, viewer_of(database, "cy"), ben_id)
    assert [(one.first, one.superior) for one in theirs.parts] == [(since, "Cy Sondakh")]
    assert (theirs.full, theirs.holds(since - timedelta(days=1)), theirs.holds(since)) == (True, False, True)
    before = Period.around("week", since - timedelta(days=1))
    for username, period in (("tia", NOVEMBER), ("cy", before)):
        me = viewer_of(database, username)
        with pytest.raises(Forbidden):
            _read(database, me, ben_id, period)
    with pytest.raises(NotFound):
        _read(database, viewer_of(database, "oka"), ben_id)


def test_the_logs_of_a_bidang_are_those_of_the_days_spent_in_it(database: Database) -> None:
    since, cy = date(2026, 11, 16), viewer_of(database, "cy")
    for day in (since - timedelta(days=3), since, since + timedelta(days=1)):
        _wrote(database, "ben", day=day, text=f"Kerja {day.day}")
    ben_viewer, ana = viewer_of(database, "ben"), viewer_of(database, "ana")
    with database.transaction() as db:
        for day in (since - timedelta(days=3), since):
            worklog.submit(db, ben_viewer, day=day, now=MORNING)
    _post(database, "ben", since, division_id=cy.division_id)
    dewi, ben_id = viewer_of(database, "dewi"), _officer(database, "ben")

    def found(me: Viewer, division_id: int | None) -> list[str]:
        with database.reading() as db:
            everybody = logbook.of_bidang(db, me, division_id or 0, NOVEMBER)
            assert [one.name for one in everybody] == sorted(one.name for one in everybody)
            return [one.text for one in logbook.sent_lines(db, me, everybody, NOVEMBER).get(ben_id, [])]

    assert found(dewi, ana.division_id) == found(ana, ana.division_id) == ["Kerja 13"]
    assert found(dewi, cy.division_id) == ["Kerja 16"]
    assert found(viewer_of(database, "oka"), cy.division_id) == [], "another office"
    for me in (ana, cy):
        with pytest.raises(Forbidden), database.reading() as db:
            logbook.of_bidang(db, me, cy.division_id or 0, NOVEMBER)


def test_the_head_of_a_bidang_reads_the_days_in_it_alone(database: Database) -> None:
    ben_id, since = _officer(database, "ben"), date(2026, 11, 16)
    elsewhere = viewer_of(database, "cy").division_id
    _post(database, "ben", since, division_id=elsewhere)
    ana = viewer_of(database, "ana")
    assert [one.last for one in _read(database, ana, ben_id).parts] == [since - timedelta(days=1)]
    with pytest.raises(Forbidden):
        _read(database, ana, ben_id, Period.around("day", since))


def test_lines_come_with_their_links_and_only_of_the_days_that_are_mine_to_read(database: Database) -> None:
    me, day = viewer_of(database, "ben"), TODAY - timedelta(days=3)
    request_id = assigned(database, "ben").id
    with database.transaction() as db:
        for at, on, linked in ((time(8), day, None), (time(7), TODAY, request_id)):
            worklog.write(
                db, me, day=on, text=f"Kerja {at}", starts=at, ends=time(9), key=str(uuid4()), request_id=linked,
                now=MORNING,
            )  # fmt: skip
        worklog.submit(db, me, day=day, now=MORNING)
    with database.reading() as db:
        who = logbook.subject(db, me, me.officer_id or 0, NOVEMBER)
        found = logbook.lines(db, me, who, NOVEMBER)
        today = Period.around("day", TODAY)
        alone = logbook.lines(db, me, logbook.subject(db, me, me.officer_id or 0, today), NOVEMBER)
    assert [(one.date, one.minutes, one.state, bool(one.service)) for one in found] == [
        (day, 60, "sent", False),
        (TODAY, 120, "draft", True),
    ]
    assert [one.date for one in alone] == [TODAY]


def _wrote(
    database: Database, username: str, *, day: date = TODAY, starts: time = time(8), ends: time = time(9), **facts: Any
) -> int:
    me = viewer_of(database, username)
    with database.transaction() as db:
        given = {"text": "Menata arsip", "quantity": None, "unit": ""} | facts
        return worklog.write(
            db, me, day=day, starts=starts, ends=ends, key=str(uuid4()), now=MORNING, **given
        ).id  # fmt: skip


def _month(database: Database, username: str, whose: logbook.Whose = "people", **facts: Any) -> logbook.Summary:
    me = viewer_of(database, username)
    with database.reading() as db, in_locale("en"):
        return logbook.summary(db, me, NOVEMBER.first, whose, **facts)


def test_a_month_is_counted_by_kind_of_work_by_unit_and_by_what_became_of_its_days(database: Database) -> None:
    request = assigned(database, "ben")
    _wrote(database, "ben", request_id=request.id, quantity=2, unit="Berkas")
    _wrote(database, "ben", starts=time(23), ends=time(1, 30), quantity=3, unit="berkas")
    _wrote(database, "ben", day=TODAY - timedelta(days=3), quantity=1, unit="pesan")
    _wrote(database, "ben", day=date(2026, 10, 30))
    met = _wrote(database, "ben", ends=time(8, 15))
    me, ana = viewer_of(database, "ben"), viewer_of(database, "ana")
    with database.transaction() as db:
        meeting = plan.schedule(
            db, ana, kind=MeetingKind.SINGLE, topic="Evaluasi", starts_on=TODAY + timedelta(days=1),
            starts_at=time(9), minutes=30, audience=Audience(officers=(me.officer_id or 0,)),
            idempotency_key=str(uuid4()), now=MORNING,
        )  # fmt: skip
        db.execute(sa.update(LogEntry).where(LogEntry.id == met).values(meeting_id=meeting.id))
        done = {"state": RequestState.DONE, "closed_at": MORNING}
        db.execute(sa.update(ServiceRequest).where(ServiceRequest.id == request.id).values(done))
        worklog.submit(db, me, day=TODAY - timedelta(days=3), now=MORNING)
    found = _month(database, "ben", "me")
    (person,) = found.people
    assert tuple(person.hours) == tuple(found.hours) == (60, 15, 150 + 60)
    assert (person.days, person.sent, person.closed) == (2, 1, 1)
    assert [(work.name, work.minutes, work.entries, work.closed) for work in found.works][:1] == [
        ("Other work", 210, 2, None)
    ]
    assert {(work.shape, work.minutes, work.closed) for work in found.works[1:]} == {
        ("requests", 60, 1),
        ("meetings", 15, None),
    }
    assert found.outputs == [("berkas", 5), ("pesan", 1)]


def test_the_time_for_a_request_follows_when_its_service_is_put_right(database: Database) -> None:
    taken, me = assigned(database, "ben"), viewer_of(database, "ben")
    _wrote(database, "ben", request_id=taken.id)
    with database.transaction() as db:
        row = one.request_for(db, me, taken.id, now=MORNING)
        facts = correcting.facts_of(db, me, row)
        other = "family_card" if facts.service_type != "family_card" else "ektp_recording"
        correcting.correct(db, me, row, facts._replace(service_type=other), now=MORNING)
        name = office.services(db, me.office_id)[one.request_for(db, me, taken.id, now=MORNING).service_id].name
        (line,) = logbook.lines(db, me, logbook.subject(db, me, me.officer_id or 0, NOVEMBER), NOVEMBER)
    assert line.service == name
    with database.reading() as db:
        assert [work.name for work in logbook.summary(db, me, NOVEMBER.first, "me").works if work.minutes] == [name]


def test_who_counts_whose_month_and_whoever_moved_counts_in_both(database: Database) -> None:
    since, elsewhere = date(2026, 11, 16), viewer_of(database, "cy").division_id
    for day in (since - timedelta(days=3), since):
        _wrote(database, "ben", day=day)
    for username in ("tia", "cy", "ana", "hana"):
        _wrote(database, username, ends=time(8, 30))
    _post(database, "ben", since, division_id=elsewhere, superior_id=_officer(database, "cy"))
    heads = {who: _month(database, who) for who in ("dewi", "hana", "ana", "cy", "ben")}
    names = {who: [(one.name, one.hours.all) for one in month.people] for who, month in heads.items()}
    assert names["ana"] == [("Ana Kaunang", 30), ("Ben Tumiwa", 60), ("Tia Lumintang", 30)]
    assert names["cy"] == [("Ben Tumiwa", 60)]
    assert names["ben"] == []
    assert names["dewi"] == names["hana"]
    assert [one for one in names["dewi"] if one[0] == "Ben Tumiwa"] == [("Ben Tumiwa", 60)] * 2
    assert heads["dewi"].hours.all == sum(part.hours.all for part in heads["dewi"].parts) == 240
    by_part = {part.id: (part.people, part.hours.all) for part in heads["dewi"].parts}
    assert by_part[elsewhere] == (2, 90)
    only = _month(database, "dewi", division=elsewhere)
    assert [(one.name, one.hours.all) for one in only.people] == [("Ben Tumiwa", 60), ("Cy Sondakh", 30)]
    assert sum(work.minutes for work in only.works) == 90
    ben_alone = _month(database, "cy", officer=_officer(database, "ben"))
    assert [one.hours.all for one in ben_alone.people] == [60]
    assert _month(database, "cy", officer=_officer(database, "tia")).people == []
    assert _month(database, "oka").hours.all == 0


def test_a_request_counts_in_the_bidang_of_the_day_on_which_it_was_done(database: Database) -> None:
    since, cy = date(2026, 11, 16), viewer_of(database, "cy")
    ids = [assigned(database, "ben").id for _n in range(6)]
    first = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)  # Makassar is 8 hours ahead: November begins
    moved = first + timedelta(days=15)
    instant, month = timedelta(microseconds=1), timedelta(days=30)
    _post(database, "ben", since, division_id=cy.division_id, superior_id=cy.officer_id)
    closed = (first - instant, first, moved - instant, moved, first + month - instant, first + month)
    with database.transaction() as db:
        for request_id, at in zip(ids, closed, strict=True):
            done = {"state": RequestState.DONE, "closed_at": at}
            db.execute(sa.update(ServiceRequest).where(ServiceRequest.id == request_id).values(done))
    ben_id, before = _officer(database, "ben"), viewer_of(database, "ana").division_id

    def counted(who: str, **facts: Any) -> dict[int | None, int]:
        found = _month(database, who, **facts)
        assert sum(work.closed or 0 for work in found.works) == sum(one.closed for one in found.people)
        return {one.division_id: one.closed for one in found.people if one.id == ben_id}

    assert counted("dewi") == {before: 2, cy.division_id: 2}
    assert counted("dewi", division=before) == counted("ana") == {before: 2}
    assert counted("cy", officer=ben_id) == {cy.division_id: 2}


def test_the_sheet_of_a_summary_has_the_same_numbers_and_text_stays_text(database: Database) -> None:
    _wrote(database, "ben", quantity=4, unit="=1+1")
    with in_locale("id"):
        content = log_summary.summary_xlsx(_month(database, "ana"))
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.sheet_names == ["Pegawai", "Jenis pekerjaan", "Hasil"]
    rows = book.get_sheet_by_index(0).to_python()
    ben_row = next(row for row in rows if row[0] == "Ben Tumiwa")
    assert ben_row[2:] == [0, 0, 1, 1, 1, 0, 0, 0]
    assert book.get_sheet_by_index(2).to_python()[1] == ["=1+1", 4]


def test_a_picture_says_its_numbers_in_words() -> None:
    person = logbook.Person(1, "Ben", 1)
    person.minutes.update(requests=60, meetings=30, other=90)
    works = [Work("Kartu Keluarga", "requests", 60, 1, 2), Work("Rapat", "meetings", 0, 1)]
    found = logbook.Summary(NOVEMBER.first, [person], [Share(1, "Dafduk", 1, person.hours)], works, [])
    with in_locale("id"):
        assert pictures.of_works(found).said == "Kartu Keluarga: 1 jam"
        (bar,) = pictures.of_parts(found).bars
    assert [(piece.kind, piece.x, piece.width) for piece in bar.pieces] == [
        ("requests", 0, 33.33),
        ("meetings", 33.33, 16.67),
        ("other", 50, 50),
    ]
    assert pictures.shortened("x" * 40) == "x" * 33 + "…"
