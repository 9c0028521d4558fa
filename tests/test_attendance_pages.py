import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.days import close_due
from staffhub.models import AuditEvent, Correction, MarkKind, Office, Officer, WorkMode
from staffhub.workdays import plans
from tests.conftest import MORNING, add_officer, count_from, count_queries, plan_range
from tests.test_corrections import put_mark
from tests.test_recap import crowd

FRIDAY = date(2026, 11, 20)


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def cells(page: str, name: str) -> list[str]:
    row = re.search(rf"<th scope=\"row\"><a [^>]+>{name}</a></th>(.*?)</tr>", page, re.DOTALL)
    assert row
    return re.findall(r"<td[^>]*>.*?</td>", row[1])


def element(page: str, id: str) -> str:
    found = re.search(rf'<[a-z]+[^>]*id="{id}"[^>]*>[^<]*', page)
    return found[0] if found else ""


@pytest.fixture
def friday(world):
    """Ben came late on Friday and never checked out; Cy did nothing at all."""
    hana = world.viewer("hana")
    ben_id = world.officer_id("ben")
    count_from(world.database, FRIDAY)
    put_mark(world.database, hana, ben_id, FRIDAY, "07:52", MarkKind.CHECK_IN, receipt="M28TR51")
    return ben_id


def payload(officer_id: int, **overrides: Any) -> dict[str, Any]:
    given = {"officer": officer_id, "date": str(FRIDAY), "kind": "check_out", "time": "15.58", "reason": "forgot"}
    return given | {"note": "Lihat riwayat permohonan", "idempotency_key": str(uuid4())} | overrides


def test_hr_reads_the_month_and_goes_to_the_day_that_needs_somebody(world, friday):
    client = world.client("hana")
    page = client.get("/attendance?month=2026-11").text
    assert "Terlambat 22 menit, tanpa presensi pulang" in text_of(page)
    row = cells(page, "Ben Tumiwa")
    assert row[19] == f'<td class="t q"><a href="/attendance/{friday}/2026-11-20">HT</a></td>'
    assert row[0] == '<td class="l">L</td>'
    assert row[22] == f'<td><a href="/attendance/{friday}/2026-11-23">-</a></td>'
    assert row[23] == '<td class="dim">K</td>'
    assert row[30] == '<td class="sum first">1</td>'
    assert f'<a href="/attendance/{friday}?month=2026-11">Ben Tumiwa</a>' in page
    day = client.get(f"/attendance/{friday}/2026-11-20")
    assert day.status_code == 200
    assert {"M2-8TR-51", "Terlambat"} <= set(text_of(day.text).replace(",", "").split())


def test_who_was_late_is_asked_in_eight_statements_while_a_night_is_open(world, friday):
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    count_from(world.database, date(2026, 11, 1))
    put_mark(world.database, hana, world.officer_id("tia"), date(2026, 11, 19), "09:40", MarkKind.CHECK_IN)
    put_mark(world.database, hana, ben, date(2026, 11, 22), "22:00", MarkKind.CHECK_IN)
    client = world.client("hana")
    close_due(world.database, now=MORNING)
    for show in ("late", "no_check_out", "open"):
        with count_queries(world.database) as seen:
            page = client.get("/attendance", params={"month": "2026-11", "show": show})
        assert "Tia Lumintang" in page.text
        assert len(seen) <= 8, seen


def test_a_correction_is_a_new_fact_and_the_old_one_stays_visible(world, friday):
    client = world.client("hana")
    sent = payload(friday)
    answer = client.post("/corrections", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/attendance/{friday}/2026-11-20")
    page = client.get(answer.headers["location"]).text
    assert "Koreksi tercatat." in page
    assert "07.52 – 15.58 WITA" in text_of(page)
    assert "M2-8TR-51" in page
    assert "Lihat riwayat permohonan" in page
    assert "Presensi pulang 15.58" in text_of(client.get("/corrections?month=2026-11").text)
    again = client.post("/corrections", data=sent)
    assert again.status_code == 303
    assert "sudah tercatat" in client.get(again.headers["location"]).text
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Correction)) == 1


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"time": "15.5"}, "time"),
        ({"time": ""}, "time"),
        ({"time": "07.00"}, "time"),
        ({"kind": "mode", "mode": ""}, "mode"),
        ({"kind": "vacation"}, "kind"),
        ({"reason": ""}, "reason"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_bad_input_is_shown_beside_its_field_with_what_was_typed(world, friday, overrides, field):
    answer = world.client("hana").post("/corrections", data=payload(friday, **overrides))
    assert answer.status_code == 422
    assert element(answer.text, f"correction-{field}-error")
    assert 'aria-invalid="true"' in element(answer.text, f"correction-{field}")
    if "time" in overrides:
        assert f'value="{overrides["time"]}"' in element(answer.text, "correction-time") or not overrides["time"]
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Correction)) == 0


def test_the_form_for_a_missing_check_out_proposes_the_last_trace(world, friday):
    client = world.client("hana")
    page = client.get(f"/attendance/{friday}/2026-11-20").text
    assert f"/attendance/{friday}/2026-11-20?kind=check_out#koreksi" in page
    assert "value=" not in element(page, "correction-time")
    assert f"/attendance/{friday}/2026-11-20?kind=check_out#koreksi" in client.get("/attendance?month=2026-11").text
    form = client.get(f"/attendance/{friday}/2026-11-20?kind=check_out").text
    assert 'value="07.52"' in element(form, "correction-time")
    assert re.search(r'id="correction-reason"[^>]*required>\s*<option value="">Pilih alasan</option>', form)
    assert re.findall(r'value="(\w+)" selected', form) == ["check_out"], "the reason is the writer's to choose"
    assert "koreksi" not in world.client("ana").get("/attendance?month=2026-11").text, "only HR may correct"


def test_a_day_to_come_takes_no_correction(world, friday):
    client = world.client("hana")
    answer = client.post("/corrections", data=payload(friday, date="2026-11-24"))
    assert answer.status_code == 422
    assert "belum tiba" in answer.text
    assert "koreksi" not in element(client.get(f"/attendance/{friday}/2026-11-24").text, "koreksi")


@pytest.mark.parametrize("overrides", [{"officer": "x"}, {"officer": ""}, {"date": "soon"}, {"date": "0001-01-01"}])
def test_a_correction_without_a_day_is_refused(world, friday, overrides):
    assert world.client("hana").post("/corrections", data=payload(friday, **overrides)).status_code == 422


def test_a_correction_is_for_a_person_of_the_own_office(world, friday):
    assert world.client("oka").post("/corrections", data=payload(friday)).status_code == 404
    assert world.client("hana").post("/corrections", data=payload(999_999)).status_code == 404


@pytest.mark.parametrize(
    ("username", "month", "ben", "cy", "correct"),
    [
        ("dewi", 200, 200, 200, 403),
        ("ana", 200, 200, 403, 403),
        ("ben", 403, 200, 403, 200),  # of an own day it is asked for
        ("cy", 403, 403, 200, 403),
        ("hana", 200, 200, 200, 303),
        ("adi", 200, 200, 200, 403),
        ("oka", 200, 404, 404, 404),
        (None, 303, 303, 303, 303),
    ],
)
def test_who_may_read_and_correct(world, friday, username, month, ben, cy, correct):
    cy_id = world.officer_id("cy")
    client = world.client(username)
    assert client.get("/attendance").status_code == month
    assert client.get("/attendance/export?format=csv").status_code == month
    for who, expected in ((friday, ben), (cy_id, cy)):
        assert client.get(f"/attendance/{who}").status_code == expected
        assert client.get(f"/attendance/{who}/2026-11-20").status_code == expected
    answer = client.post("/corrections", data=payload(friday))
    assert answer.status_code == correct
    if username is None:
        assert answer.headers["location"].startswith("/login")
    has_form = 'id="koreksi"' in client.get(f"/attendance/{friday}/2026-11-20").text
    assert has_form is (username == "hana")


def test_reading_somebody_elses_day_is_on_record_and_reading_the_own_is_not(world, friday):
    world.client("ben").get(f"/attendance/{friday}/2026-11-20")
    world.client("ana").get(f"/attendance/{friday}/2026-11-20")
    with world.database.reading() as db:
        events = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "day.read")).all()
    assert [(event.subject, event.subject_id, event.facts) for event in events] == [
        ("officer", friday, {"date": "2026-11-20"})
    ]
    assert events[0].actor_id == world.viewer("ana").account_id


def test_everybody_has_an_own_month(world, friday):
    page = world.client("ben").get("/me/month?month=2026-11").text
    assert f'href="/attendance/{friday}/2026-11-20"' in page
    assert "07.52 – ?" in text_of(page)
    assert "1 hari perlu tindakan" in text_of(page)
    assert "07.52" not in text_of(world.client("tia").get("/me/month").text)
    filtered = world.client("ben").get("/me/month?month=2026-11&show=leave").text
    assert "Tidak ada hari seperti itu" in filtered
    assert world.client("ben").get("/me/month?month=2026-12").status_code == 200


def test_what_is_still_planned_is_a_range_only_of_several_days(world, friday):
    ben = world.client("ben")
    assert "Rencana Sel, 24 Nov – Sen, 30 Nov (5 hari)" in text_of(ben.get("/me/month?month=2026-11").text)
    world.at(datetime(2026, 11, 27, 2, tzinfo=UTC))
    assert "Rencana Sen, 30 Nov (1 hari)" in text_of(world.client("ben").get("/me/month?month=2026-11").text)


def test_days_before_presence_counts_are_not_called_days_off(world, friday):
    month = text_of(world.client("ben").get("/me/month?month=2026-11").text)
    assert "Min, 1 Nov – Kam, 19 Nov: presensi tidak dihitung" in month
    assert "Sab, 21 Nov – Min, 22 Nov: libur" in month
    day = text_of(world.client("ben").get(f"/attendance/{friday}/2026-11-18").text)
    assert "Presensi tidak dihitung" in day


def test_not_yet_is_said_of_a_day_that_still_runs_and_never_of_one_long_past(world, friday):
    cy = world.officer_id("cy")
    past, today = (text_of(world.client("cy").get(f"/attendance/{cy}/2026-11-{n}").text) for n in (20, 23))
    assert "Presensi tidak ada presensi" in past
    assert "Presensi belum ada presensi" in today
    assert "Tidak ada presensi, rapat, catatan, atau permohonan pada tanggal ini." in past
    assert "belum" not in past.lower().partition("jalannya hari")[2]


def test_an_account_without_an_officer_has_no_days(world):
    with world.database.transaction() as db:
        db.execute(sa.text("UPDATE account SET officer_id = NULL, role = 'admin' WHERE username = 'adi'"))
    assert "Akun ini tidak punya hari" in world.client("adi").get("/me/month").text


def test_filters_keep_what_was_asked(world, friday):
    client = world.client("hana")
    page = client.get("/attendance?month=2026-11&division=population_registration&q=tum").text
    assert "Ben Tumiwa" in page
    assert "Cy Sondakh" not in page
    assert 'value="tum"' in element(page, "q")
    assert "division=population_registration&amp;q=tum" in page
    assert 'name="division" value="population_registration"' in page
    assert "Tidak ada pegawai yang cocok" in client.get("/attendance?month=2026-11&q=zzz").text
    assert "<script>" not in client.get("/attendance?q=<script>").text


@pytest.mark.parametrize("month", ["2026-13", "november", "9999-12", "0001-01", "2026-11-01"])
def test_a_month_that_is_none_is_refused(world, month):
    client = world.client("hana")
    for address in ("/attendance", "/me/month", "/corrections", "/attendance/export"):
        assert client.get(address, params={"month": month}).status_code == 422


@pytest.mark.parametrize("day", ["2026-02-30", "today", "9999-12-31", "0001-01-01", "2026-1-1"])
def test_a_day_that_is_none_is_not_found(world, friday, day):
    assert world.client("hana").get(f"/attendance/{friday}/{day}").status_code == 404


def test_the_month_is_downloaded_for_a_spreadsheet(world, friday):
    answer = world.client("hana").get("/attendance/export?month=2026-11&format=csv&q=ben")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="presensi-2026-11.csv"'
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert lines[0].startswith("Tanggal;NIP/nomor pegawai;Nama;")
    assert len(lines) == 1 + 30 + 1
    assert "00000000 000000 0 003" in lines[1]
    assert "•••• 003" in world.client("ana").get("/attendance/export?month=2026-11&q=ben").text
    assert world.client("hana").get("/attendance/export?format=exe").status_code == 422
    with world.database.reading() as db:
        verbs = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.verb == "attendance.exported")).all()
    assert len(verbs) == 2


def test_corrections_have_pages(world, friday):
    client = world.client("hana")
    for _n in range(51):
        client.post("/corrections", data=payload(friday))
    first = client.get("/corrections?month=2026-11").text
    assert "1 – 50 dari 51" in text_of(first)
    second = client.get("/corrections?month=2026-11&page=2").text
    assert "51 – 51 dari 51" in text_of(second)
    assert "Tidak ada koreksi" in client.get("/corrections?month=2026-10").text


def busy_office(world):
    """42 people and a month in which one day in six is out of the ordinary."""
    count_from(world.database, date(2026, 10, 1))
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        office = db.get_one(Office, hana.office_id)
        for number in range(35):
            add_officer(
                db, office, number=f"t{number}", name=f"Yuliana Rondonuwu {number}", division_id=hana.division_id
            )
        people = list(db.scalars(sa.select(Officer.id).where(Officer.office_id == office.id)))
        days = [date(2026, 10, day) for day in range(1, 32)]
        book = plans(db, office.id, days[0], days[-1])
    for place, officer_id in enumerate(people):
        for day in days:
            if not book.of(officer_id, day).is_work:
                continue
            odd = (place * 7 + day.day) % 30
            if odd == 1:
                with world.database.transaction() as db:
                    plan_range(db, hana, officer_id, day)
            elif odd > 1:
                mode = WorkMode.FIELD if odd == 2 else WorkMode.OFFICE
                put_mark(
                    world.database,
                    hana,
                    officer_id,
                    day,
                    "07:50" if odd == 3 else "07:20",
                    MarkKind.CHECK_IN,
                    mode=mode,
                )
                if odd != 4:
                    put_mark(
                        world.database, hana, officer_id, day, "15:00" if odd == 5 else "16:40", MarkKind.CHECK_OUT
                    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_month_of_42_people_is_light(world):
    busy_office(world)
    client = world.client("hana")
    with count_queries(world.database) as seen:
        page = client.get("/attendance?month=2026-10")
    assert page.text.count('<th scope="row">') == 42
    assert len(seen) <= 8
    assert len(page.content) < 60_000


@pytest.mark.parametrize(("show", "most"), [("", 8), ("open", 8), ("late", 9)])
def test_the_closed_month_loads_what_is_not_over_once_and_looks_the_same(world, show, most):
    """Read before and after the close of day, on a night that is still open."""
    busy_office(world)
    hana = world.viewer("hana")
    put_mark(
        world.database, hana, hana.officer_id, date(2026, 11, 22), "20:00", MarkKind.CHECK_IN, mode=WorkMode.OFFICE
    )
    client, pages = world.client("hana"), []
    for _once in range(2):
        with count_queries(world.database) as seen:
            pages.append(client.get(f"/attendance?month=2026-11&show={show}").text)
        assert len(seen) <= most
        assert sum("FROM week_pattern" in one for one in seen) == 1
        close_due(world.database, now=world.now)
    assert text_of(pages[0]) == text_of(pages[1])


def test_a_day_and_an_own_month_take_few_statements(world, friday):
    for username, address, most in (
        ("ben", f"/attendance/{friday}/2026-11-20", 8),
        ("ben", "/me/month", 8),
        ("hana", "/corrections", 4),
    ):
        client = world.client(username)
        with count_queries(world.database) as seen:
            assert client.get(address).status_code == 200
        assert len(seen) <= most, address


def test_pages_speak_english_too(world, friday):
    client = world.client("hana")
    client.cookies.set("staffhub_locale", "en")
    page = text_of(client.get(f"/attendance/{friday}/2026-11-20").text)
    assert "22 minutes late" in page
    assert "07:52 – ? WITA" in page
    world.at(datetime(2026, 11, 23, 16, 30, tzinfo=UTC))
    assert client.get("/attendance").status_code == 200


def preview(client, officer_id: int, **overrides: Any):
    return client.post("/corrections", data=payload(officer_id, **overrides) | {"preview": "1", "reason": ""})


def test_the_form_shows_what_the_day_becomes_before_it_is_saved(world, friday):
    client = world.client("hana")
    answer = preview(client, friday, time="1515")
    assert answer.status_code == 200
    assert "Dengan koreksi ini harinya menjadi: HT HP Hadir, 07.52 – 15.15 WITA" in text_of(answer.text)
    assert "Terlambat 22 menit, pulang 1 jam 15 menit lebih cepat" in text_of(answer.text)
    assert 'value="15.15"' in element(answer.text, "correction-time")
    assert 'aria-invalid="true"' not in answer.text, "the reason may wait"
    part = world.client("hana", **{"HX-Request": "true"}).post(
        "/corrections", data=payload(friday, time="1515") | {"preview": "1"}
    )
    assert 'id="koreksi"' in part.text
    assert "<html" not in part.text
    proposed = client.get(f"/attendance/{friday}/2026-11-20?kind=check_out").text
    assert "Dengan koreksi ini harinya menjadi:" in proposed, "an accepted proposal is no surprise either"
    assert preview(client, friday, time="07.00").status_code == 422
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Correction)) == 0


def test_a_time_of_the_next_day_is_ticked_and_shown_as_one(world, friday):
    client = world.client("hana")
    assert "Bila pulang keesokan harinya" in client.post("/corrections", data=payload(friday, time="6")).text
    answer = client.post("/corrections", data=payload(friday, time="6", next_day="1"))
    assert answer.status_code == 303
    page = text_of(client.get(answer.headers["location"]).text)
    assert "07.52 – 06.00 keesokan harinya WITA" in page
    assert "pulang 06.00 keesokan harinya" in page
    assert "06.00 keesokan harinya" in text_of(client.get("/corrections?month=2026-11").text)


def test_who_decides_on_an_older_picture_is_told_and_keeps_what_was_typed(world, friday):
    client = world.client("hana")
    assert 'name="newest" value="0"' in client.get(f"/attendance/{friday}/2026-11-20").text
    client.post("/corrections", data=payload(friday, newest="0"))
    answer = client.post("/corrections", data=payload(friday, newest="0", time="15.00"))
    assert answer.status_code == 409
    assert "Hana Tendean sementara itu sudah mengoreksi hari yang sama" in text_of(answer.text)
    assert 'value="15.00"' in element(answer.text, "correction-time")
    newest = re.search(r'name="newest" value="(\d+)"', answer.text)
    assert newest
    assert client.post("/corrections", data=payload(friday, newest=newest[1], time="15.00")).status_code == 303


def test_on_her_own_day_hr_finds_the_reason_instead_of_the_form(world):
    hana_id = world.officer_id("hana")
    client, head = world.client("hana"), world.client("dewi")
    page = client.get(f"/attendance/{hana_id}/2026-11-20").text
    assert "Minta Dewi Ondang memutuskannya" in page
    assert 'action="/corrections"' not in page
    assert "Minta koreksi" in client.post("/corrections", data=payload(hana_id)).text, "she asks like everybody"
    assert 'action="/corrections"' in head.get(f"/attendance/{hana_id}/2026-11-20").text
    assert 'action="/corrections"' not in head.get(f"/attendance/{world.officer_id('ben')}/2026-11-20").text
    with count_queries(world.database) as seen:
        head.get(f"/attendance/{hana_id}/2026-11-20")
    assert len(seen) - 2 <= 8, "its reading is noted besides"
    assert head.post("/corrections", data=payload(hana_id)).status_code == 303


def test_hr_goes_from_one_open_day_to_the_next_until_none_is_left(world, friday):
    client = world.client("hana")
    page = client.get(f"/attendance/{friday}/2026-11-20").text
    link = re.search(r'href="(/attendance/next[^"]+)"', page)
    assert link
    seen = []
    for _n in range(6):
        step = client.get(unescape(link[1])).headers["location"]
        assert step.endswith("#koreksi")
        seen.append(step.split("/")[2])
        page = client.get(step).text
        link = re.search(r'href="(/attendance/next[^"]+)"', page)
        assert link
    others = {str(world.officer_id(name)) for name in ("dewi", "ana", "ben", "tia", "cy", "adi")}
    assert set(seen) == others, "round the whole queue, the own day left out"
    done = client.get("/attendance/next?month=2026-10").headers["location"]
    assert done == "/attendance?month=2026-10"
    assert "Tidak ada lagi hari di Oktober 2026" in client.get(done).text


def test_what_does_not_fit_above_the_sheet_is_on_a_page_of_its_own(world):
    count_from(world.database, date(2026, 11, 16))
    client = world.client("hana")
    page = client.get("/attendance?month=2026-11").text
    link = re.search(r'href="(/attendance/queue[^"]+)">27 hari lain', page)
    assert link
    queue = client.get(unescape(link[1])).text
    assert queue.count(">Periksa<") == 35
    assert world.client("ben").get("/attendance/queue").status_code == 403


def test_hr_sets_the_date_from_which_presence_counts_and_sees_first_what_it_changes(world):
    client = world.client("hana")
    assert "Presensi belum dihitung." in client.get("/attendance").text
    page = client.get("/attendance/start?from=2026-11-16").text
    assert "35 hari yang lewat terbaca lain" in page
    assert "35 di antaranya menjadi tanpa keterangan" in page
    with world.database.reading() as db:
        assert db.scalar(sa.select(Office.recorded_from).order_by(Office.id)) is None, "looking changes nothing"
    answer = client.post("/attendance/start", data={"date": "2026-11-16", "was": ""})
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "Presensi dihitung sejak Senin, 16 November 2026." in page
    assert "35 hari yang lewat kini terbaca lain" in page
    later = client.get("/attendance/start?from=2026-11-19").text
    assert "21 di antaranya tidak lagi tanpa keterangan" in later
    stale = client.post("/attendance/start", data={"date": "2026-11-19", "was": ""})
    assert stale.status_code == 409
    assert "Sementara itu tanggal lain sudah ditetapkan" in stale.text
    for wrong in ("2024-01-01", "soon"):
        assert client.get("/attendance/start", params={"from": wrong}).status_code == 422
        assert client.post("/attendance/start", data={"date": wrong, "was": "2026-11-16"}).status_code == 422
    for username in ("dewi", "ana", "ben", "adi"):
        other = world.client(username)
        assert other.get("/attendance/start").status_code == 403
        assert other.post("/attendance/start", data={"date": "2026-11-16"}).status_code == 403


def test_the_file_takes_every_filter_of_the_screen(world, friday):
    client = world.client("hana")
    page = client.get("/attendance?month=2026-11&division=population_registration&q=tum&show=late").text
    link = re.search(r'href="(/attendance/export[^"]+format=csv[^"]*)"', page)
    assert link
    lines = client.get(unescape(link[1])).content.decode("utf-8-sig").splitlines()[1:]
    assert {line.split(";")[2] for line in lines} == {"Ben Tumiwa"}
    assert len(client.get("/attendance/export?month=2026-11&show=late").text.splitlines()) == 31
    assert len(client.get("/attendance/export?month=2026-11").text.splitlines()) == 1 + 7 * 30


def test_late_and_early_on_one_day_both_show(world, friday):
    put_mark(world.database, world.viewer("hana"), friday, FRIDAY, "15:00", MarkKind.CHECK_OUT)
    client = world.client("hana")
    row = cells(client.get("/attendance?month=2026-11").text, "Ben Tumiwa")
    assert row[19] == f'<td class="t p"><a href="/attendance/{friday}/2026-11-20">HT HP</a></td>'
    day = client.get(f"/attendance/{friday}/2026-11-20").text
    assert '<b class="key t">HT</b>' in day
    assert '<b class="key p">HP</b>' in day


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_month_of_400_people_is_light_too(world):
    hana = world.viewer("hana")
    crowd(world.database, hana, 150, 90, 60, 60, 40)
    count_from(world.database, date(2026, 11, 16))
    client = world.client("hana")
    for address in ("", "&division=population_registration", "&q=a", "&show=open", "&division=1&page=2"):
        with count_queries(world.database) as seen:
            page = client.get(f"/attendance?month=2026-11{address}")
        assert page.status_code == 200
        assert len(page.content) < 60_000, address
        assert page.text.count('<th scope="row">') <= 60
        assert len(seen) <= 8
    assert len(client.get("/attendance/queue?month=2026-11").content) < 60_000
