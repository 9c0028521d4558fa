"""LKH on the screen: choosing days, taking files along, copying text; and who gets what."""

from datetime import date, time, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from staffhub import worklog
from staffhub.models import Account, AuditEvent, Division, Officer
from tests.conftest import MORNING, TODAY, World, add_posting

KINDS = {"a": b"%PDF", "b": b"%PDF", "xlsx": b"PK", "csv": b"\xef\xbb\xbf"}


def wrote(world: World, username: str = "ben", *, day: Any = TODAY, text: str = "Memeriksa berkas KK") -> None:
    me = world.viewer(username)
    with world.database.transaction() as db:
        worklog.write(
            db, me, day=day, text=text, starts=time(7), ends=time(7, 45), quantity=4, unit="berkas", key=str(uuid4()),
            now=MORNING,
        )  # fmt: skip


def test_an_officer_takes_the_month_along_in_two_taps_and_copies_the_text(world: World) -> None:
    wrote(world)
    wrote(world, day=TODAY - timedelta(days=3), text="Menata <b>arsip</b>")
    client = world.client("ben")
    assert 'href="/worklog/lkh"' in client.get("/worklog").text
    assert 'href="/worklog/lkh?date=2026-11-20"' in client.get("/worklog?date=2026-11-20").text
    page = client.get("/worklog/lkh").text
    assert "2 hari belum dikirim" in page
    assert "Menata &lt;b&gt;arsip&lt;/b&gt;: 4 berkas, 45 menit, 1 kali, 20 November 2026\nMemeriksa berkas KK" in page
    for kind, starts in KINDS.items():
        assert f"/worklog/lkh/file?kind={kind}&amp;span=month&amp;date=2026-11-01" in page
        answer = client.get(f"/worklog/lkh/file?kind={kind}&span=month&date=2026-11-01")
        assert (answer.status_code, answer.content.startswith(starts)) == (200, True)
        assert 'filename="lkh-2026-11-ben-tumiwa' in answer.headers["content-disposition"]
    with world.database.reading() as db:
        count = sa.select(sa.func.count()).where(AuditEvent.verb == "attendance.exported")
        assert db.scalar(count) == len(KINDS)


def test_papers_are_in_indonesian_whoever_prints_them_and_a_day_or_a_week_has_its_own(world: World) -> None:
    wrote(world)
    wrote(world, day=TODAY - timedelta(days=3), text="Minggu lalu")
    with world.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "ben").values(locale="en"))
    client = world.client("ben")
    assert "Copy the text" in client.get("/worklog/lkh").text
    for span, words in (("day", "SENIN, 23 NOVEMBER 2026"), ("week", "23–29 NOVEMBER 2026")):
        answer = client.get(f"/worklog/lkh/file?kind=a&span={span}&date=2026-11-23")
        text = " ".join(PdfReader(BytesIO(answer.content)).pages[0].extract_text().split())
        assert f"LAPORAN KERJA HARIAN (LKH), {words}" in text
        assert "Minggu lalu" not in text
        assert "000000000000000003" not in text
        assert "NIP 00000000 000000 0 003" in text


def test_whoever_wrote_nothing_gets_a_page_in_words_and_no_paper(world: World) -> None:
    client = world.client("ben")
    for path in ("/worklog/lkh", "/worklog/lkh/file?kind=a", "/worklog/lkh/file?kind=xlsx&span=day"):
        answer = client.get(path)
        assert answer.headers["content-type"].startswith("text/html")
        assert "Tidak ada catatan pada hari-hari ini." in answer.text
    with world.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "adi").values(officer_id=None, role="admin"))
    nobody = world.client("adi").get("/worklog/lkh")
    assert (nobody.status_code, "LKH" in nobody.text) == (200, False)


@pytest.mark.parametrize(
    ("username", "status"),
    [("ben", 200), ("ana", 200), ("dewi", 200), ("hana", 200), ("tia", 403), ("cy", 403), ("oka", 404)],
)
def test_others_read_a_log_within_their_scope(world: World, username: str, status: int) -> None:
    wrote(world)
    client, officer = world.client(username), world.officer_id("ben")
    for path in ("/worklog/lkh", "/worklog/lkh/file"):
        answer = client.get(path, params={"officer": officer})
        assert answer.status_code == status
    if status == 200:
        page = client.get("/worklog/lkh", params={"officer": officer}).text
        assert ("Ben Tumiwa" in page, f"officer={officer}" in page) == (True, username != "ben")


@pytest.mark.parametrize(
    "asked",
    ["span=year", "date=2026-02-30", "date=9999-12-31", "date=0001-01-01", "kind=doc", "kind=a&date=1900-01-01"],
)
def test_what_is_no_period_and_no_file_is_said(world: World, asked: str) -> None:
    path = "/worklog/lkh/file" if "kind" in asked else "/worklog/lkh"
    assert world.client("ben").get(f"{path}?{asked}").status_code == 422


def test_the_summary_begins_with_what_somebody_is_there_for(world: World) -> None:
    wrote(world)
    wrote(world, "cy", text="Menata arsip")
    mine = world.client("ben").get("/worklog/summary").text
    assert ("<b>Ben Tumiwa</b>" in mine, "Bawahan saya" in mine, "Cy Sondakh" in mine) == (True, False, False)
    assert '<desc id="p-works-said">Pekerjaan lain: 45 menit</desc>' in mine
    head = world.client("dewi").get("/worklog/summary").text
    for name in ("Ben Tumiwa", "Cy Sondakh", "Jam menurut bidang", "Milik saya"):
        assert name in head
    ana = world.client("ana").get("/worklog/summary").text
    assert ("Ben Tumiwa" in ana, "Cy Sondakh" in ana, "Bawahan saya" in ana) == (True, False, True)
    officer = world.officer_id("ben")
    one = world.client("ana").get("/worklog/summary", params={"officer": officer}).text
    assert f"/worklog/lkh?date=2026-11-01&amp;officer={officer}" in one
    assert f"/worklog/summary?month=2026-10&amp;whose=people&amp;officer={officer}" in one
    sheet = world.client("ana").get("/worklog/summary/file", params={"month": "2026-11"})
    assert (sheet.status_code, sheet.content[:2]) == (200, b"PK")
    assert "ringkasan-lkh-2026-11.xlsx" in sheet.headers["content-disposition"]
    assert "Tidak ada catatan pada bulan ini." in world.client("ben").get("/worklog/summary?month=2026-10").text


@pytest.mark.parametrize(
    ("username", "asked", "status"),
    [
        ("ben", {"whose": "people"}, 403),
        ("cy", {"officer": "ben"}, 403),
        ("ana", {"officer": "cy"}, 403),
        ("oka", {"officer": "ben"}, 404),
        ("hana", {"officer": "ben"}, 200),
        ("ben", {"officer": "ben"}, 200),
        ("ben", {"whose": "all"}, 422),
        ("ben", {"month": "2026-13"}, 422),
    ],
)
def test_others_count_a_month_within_their_scope(
    world: World, username: str, asked: dict[str, Any], status: int
) -> None:
    if "officer" in asked:
        asked = asked | {"officer": world.officer_id(asked["officer"])}
    client = world.client(username)
    for path in ("/worklog/summary", "/worklog/summary/file"):
        assert client.get(path, params=asked).status_code == status


def test_whoever_moved_within_the_month_is_one_person_with_a_line_for_each_bidang(world: World) -> None:
    ben, elsewhere = world.officer_id("ben"), world.viewer("cy").division_id
    for day in (date(2026, 11, 13), TODAY):
        wrote(world, day=day)
    with world.database.transaction() as db:
        add_posting(db, ben, date(2026, 11, 16), division_id=elsewhere)
    dewi = world.client("dewi")
    page = dewi.get("/worklog/summary").text
    with world.database.reading() as db:
        count = db.scalar(sa.select(sa.func.count()).where(Officer.office_id == world.viewer("dewi").office_id))
        names = {one.id: one.short_name for one in db.scalars(sa.select(Division))}
    assert f"{count} pegawai" in page, "six people, and seven lines"
    rows = [row for row in page.split("<tr>") if ">Ben Tumiwa</a>" in row]
    both = [names[world.viewer(name).division_id or 0] for name in ("ana", "cy")]
    assert sorted(one for row in rows for one in both if one in row) == sorted(both)
    alone = " ".join(dewi.get("/worklog/summary", params={"officer": ben}).text.split())
    assert "<b>Ben Tumiwa</b>" in alone, "the person is named, not who looks"
    assert "<dt>Hari dengan catatan</dt> <dd> 2 </dd>" in alone
    mine = " ".join(world.client("ben").get("/worklog/summary").text.split())
    assert "<dt>Hari dengan catatan</dt> <dd> 2 </dd>" in mine


def test_form_a_names_the_days_that_are_not_sent_as_its_page_says(world: World) -> None:
    me = world.viewer("ben")
    for day in (date(2026, 11, 12), date(2026, 11, 13), TODAY):
        wrote(world, day=day)
    with world.database.transaction() as db:
        worklog.submit(db, me, day=date(2026, 11, 12), now=MORNING)
    client = world.client("ben")
    assert "2 hari belum dikirim. Hal itu tertulis pada lembar LKH" in client.get("/worklog/lkh").text
    pages = PdfReader(BytesIO(client.get("/worklog/lkh/file?kind=a").content)).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Belum dikirim kepada atasan: 13, 23 November 2026." in text
