"""A month as the people who answer for it live it, in a real browser, on a phone and on a desk.

The office's day is the 5th of November 2026, whatever day it is here: October is over, its days wait for a decision,
and nobody has closed it.
"""

import re
from collections.abc import Iterator
from datetime import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from staffhub import clock
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import MeetingKind
from staffhub.reports.documents import exports
from tests.browser import Site, story_site, violations
from tests.conftest import viewer_of, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WIDTHS = pytest.mark.parametrize("width", [360, 1280])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with story_site(tmp_path_factory.mktemp("month")) as made:
        yield made


def _press(page: Page, name: str, *, at: str) -> None:
    """Press a button and wait for the page that answers it."""
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_url(re.compile(at))


@pytest.mark.parametrize(("width", "scripted"), [(360, True), (1280, True), (360, False)])
def test_the_queue_is_worked_off_hr_closes_the_month_and_the_head_signs_it(
    site: Site, width: int, *, scripted: bool
) -> None:
    page = site.context("kepegawaian", width=width, java_script_enabled=scripted)
    page.goto("/attendance/queue?month=2026-10")
    before = page.get_by_role("heading", level=1).inner_text()
    group = page.get_by_role("region", name="Presensi pulang belum ada")
    decision = group.get_by_label("Hari yang dicentang menjadi")
    box = decision.bounding_box()
    assert box
    need = "e => { const c = document.createElement('canvas').getContext('2d'); c.font = getComputedStyle(e).font;"
    need += " return Math.max(...[...e.options].map(o => c.measureText(o.text).width)); }"
    assert decision.evaluate(need) + 50 <= box["width"], "the decision is read whole"
    group.get_by_role("checkbox").first.check()
    group.get_by_role("button", name="Lihat jadinya").click()
    page.wait_for_url(re.compile(r"/attendance/queue$"))
    page.get_by_label("Alasan").select_option(index=1)
    page.get_by_label("Penjelasan").fill("Diperiksa bersama atasannya.")
    _press(page, "Putuskan 1 hari", at=r"/attendance/queue\?")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(before)
    expect(page.get_by_role("main")).to_contain_text("1 hari diputuskan.")
    wait_until(site.is_counted, seconds=200)  # a lease of two minutes may have to end; no month is signed before
    page.get_by_role("link", name="Tanda tangan", exact=True).click()
    page.wait_for_url(re.compile(r"/attendance/sign\?month=2026-10"))
    closing = page.locator("form[action='/attendance/sign/close']")  # the month the first time, then its supplement
    closing.get_by_label("Alasan").fill("Hari yang tersisa dibicarakan dengan kepala bidang.")
    closing.get_by_role("button").click()
    expect(page.get_by_text("Menunggu kepala dinas")).to_be_visible()
    head = site.context("kadis", width=width, java_script_enabled=scripted)
    head.goto("/attendance/sign?month=2026-10")
    head.get_by_role("button", name="Tandatangani", exact=True).click()
    expect(head.locator("#h-state")).to_have_text("Bulan ini sudah ditandatangani")
    head.get_by_role("link", name="Baca seperti saat ditandatangani").click()
    head.wait_for_url(re.compile("/attendance/signed"))
    expect(head.get_by_role("heading", level=1)).to_contain_text("Oktober 2026")


@WIDTHS
def test_a_file_is_made_in_the_background_and_fetched(site: Site, width: int) -> None:
    page = site.context("kepegawaian", width=width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exports, "AT_ONCE", 5)
        page.goto("/attendance?month=2026-10")
        page.get_by_role("link", name="Unduh XLSX").click()
        page.wait_for_url(re.compile(r"/attendance/export\?"))
        _press(page, "Buat berkas", at=r"/attendance/exports$")
    link = page.get_by_role("link", name="Unduh").first
    link.wait_for()
    with page.expect_download() as started:
        link.click()
    assert started.value.suggested_filename.endswith(".xlsx")
    assert started.value.path().read_bytes()[:2] == b"PK"


@WIDTHS
def test_the_head_of_the_sheet_stays_and_the_filters_keep_each_other(site: Site, width: int) -> None:
    page = site.context("kepegawaian", width=width)
    page.goto("/attendance?month=2026-10")
    sheet = page.locator("#month-sheet .scroll")
    top = page.locator("#month-sheet thead th").first
    sheet.scroll_into_view_if_needed()
    sheet.evaluate("e => { e.scrollTop = 200; }")
    frame, head = sheet.bounding_box(), top.bounding_box()
    assert frame
    assert head
    assert abs(head["y"] - frame["y"]) < 3, "the days stay in sight"
    page.get_by_label("Tampilkan", exact=True).select_option("open")
    page.wait_for_url(re.compile("show=open"))
    page.get_by_role("searchbox").press_sequentially("an")
    page.wait_for_url(re.compile(r"show=open.*q=an|q=an.*show=open"))


@pytest.mark.parametrize(("width", "username"), [(360, "pegawai04"), (1280, "pegawai05")])
def test_a_standup_in_writing_begins_the_log_and_what_is_in_the_way_stands_before_the_head_until_closed(
    site: Site, width: int, username: str
) -> None:
    now, blocked = clock.now(), f"Printer loket rusak ({username})"
    head = viewer_of(site.database, "kadis", now=now)
    facts: dict[str, Any] = {"kind": MeetingKind.STANDUP, "topic": "Apel sore", "weekdays": [3], "occurrences": 1}
    facts |= {"starts_on": clock.local_day(now, head.zone), "starts_at": time(17), "minutes": 15}
    with site.database.transaction() as db:
        key: dict[str, Any] = {"audience": Audience(everyone=True), "idempotency_key": "standup-of-the-browser"}
        plan.schedule(db, head, **facts, **key, now=now)
    page = site.context(username, width=width)
    page.goto("/")
    page.get_by_role("link", name="Tidak bisa ikut? Tulis apel Anda").click()
    page.wait_for_url(re.compile(r"/written\?date="))
    page.get_by_label("Yang selesai sejak apel terakhir").fill("Rekap akta")
    page.get_by_label("Yang saya kerjakan hari ini").fill("Verifikasi 12 KK\nTelepon RSUD")
    page.get_by_label("Yang menghambat").fill(blocked)
    _press(page, "Simpan yang saya tulis", at=rf"^{site.address}/$")
    expect(page.get_by_text("Apel Anda tercatat")).to_be_visible()
    page.goto("/worklog")
    page.locator("a[href*='text=Verifikasi']").click()
    page.wait_for_url(re.compile("text=Verifikasi"))
    expect(page.locator("#log-add [name=text]")).to_have_value("Verifikasi 12 KK")
    page.locator("#log-add [name=start]").fill("07:30")
    page.locator("#log-add button[name=length][value='30']").click()
    expect(page.locator("#log-card li", has_text="Verifikasi 12 KK")).to_have_count(1)
    page.goto("/worklog")
    expect(page.locator("a[href*='text=Telepon']")).to_be_visible()
    expect(page.locator("a[href*='text=Verifikasi']")).to_have_count(0)

    board = site.context("kadis", width=width)
    for _visit in range(2):  # it stands there until somebody closes it
        board.goto("/")
        expect(board.get_by_role("region", name="Hambatan pegawai")).to_contain_text(blocked)
    board.locator("li", has_text=blocked).get_by_role("button").click()
    expect(board.get_by_text(blocked)).to_have_count(0)
    board.goto("/")
    expect(board.get_by_role("heading", level=1)).to_be_visible()
    expect(board.get_by_text(blocked)).to_have_count(0)


PAGES = (
    ("pegawai01", ("/leave", "/orders", "/corrections", "/corrections/new?date=2026-11-04", "/notices")),
    ("pegawai01", ("/me/month", "/me/month?month=2026-10", "/me/year")),
    ("kadis", ("/attendance/sign?month=2026-10", "/leave", "/orders", "/exemptions")),
    ("kepegawaian", ("/attendance/queue?month=2026-10", "/attendance/sign?month=2026-10", "/attendance/exports")),
    ("kepegawaian", ("/attendance/replay?month=2026-10", "/attendance/recounts", "/attendance/start", "/admin/office")),
    ("kepegawaian", ("/exemptions/new", "/orders/new", "/leave/openings", "/leave/paper")),
)


@pytest.mark.parametrize(("lang", "scheme"), [("id", "dark"), ("en", "light")])
@pytest.mark.parametrize(("username", "paths"), PAGES, ids=[f"{user}{paths[0]}" for user, paths in PAGES])
def test_axe_finds_nothing_on_the_pages_of_a_month(
    site: Site, username: str, paths: tuple[str, ...], lang: str, scheme: str
) -> None:
    page = site.context(username, lang=lang, color_scheme=scheme)
    for path in paths:
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert violations(page) == [], path
