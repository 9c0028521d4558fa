"""What an officer and HR do with a month on a phone: an open day answered with a tap, and HR's books without scripts.

The office's day is the 5th of November 2026; October is open.
"""

import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from staffhub.models import Account, CheckoutProposal, RuleKind, RuleSet, StoredDay, WaitingRequest
from tests.browser import Site, story_site
from tests.conftest import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WITA = ZoneInfo("Asia/Makassar")
CLOSES = 16  # o'clock


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with story_site(tmp_path_factory.mktemp("plain")) as made:
        yield made


def _hr(site: Site, path: str) -> Page:
    """Open a page of HR on a phone that runs no scripts."""
    page = site.context("kepegawaian", java_script_enabled=False)
    page.goto(path)
    return page


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def _choose(page: Page, label: str, nth: int) -> str:
    """Choose the nth of a list; return its text."""
    box = page.get_by_label(label, exact=True)
    box.select_option(index=nth)
    return box.locator("option").nth(nth).inner_text()


def _wrong(page: Page, label: str) -> None:
    """Expect the page to have refused what was typed, with a sentence beside the field that the label names."""
    control = page.get_by_role("textbox", name=label)
    expect(control).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".field", has=control).locator(".error")).not_to_be_empty()


def _open_days(site: Site, *, early: bool) -> list[Any]:
    """Return (username, day) where a check-out is proposed, before four o'clock or not, the newest first."""
    out, day, who = CheckoutProposal, StoredDay, Account
    asked = sa.exists().where(WaitingRequest.officer_id == out.officer_id, WaitingRequest.date == out.date)
    query = (
        sa.select(who.username, out.date, out.at)
        .join(who, who.officer_id == out.officer_id)
        .join(day, (day.officer_id == out.officer_id) & (day.date == out.date))
        .where(day.needs_person, day.last.is_(None), day.open_until.is_(None), ~asked)
        .order_by(out.date.desc(), who.username)
    )
    with site.database.reading() as db:
        found = db.execute(query).all()
    return [(name, on) for name, on, at in found if (at.astimezone(WITA).hour < CLOSES) == early]


@pytest.mark.parametrize("early", [False, True])
def test_an_open_day_of_my_month_is_answered_on_a_phone(site: Site, *, early: bool) -> None:
    # A day that was just computed again waits for the close of nights once more.
    wait_until(lambda: site.is_counted() and _open_days(site, early=early), seconds=200)
    username, day = _open_days(site, early=early)[0]
    page = site.context(username, width=360)
    page.goto(f"/me/month?month={day:%Y-%m}")
    line = page.locator("#days li", has=page.locator(f"time[datetime='{day}']"))
    expect(line).to_have_class("open")
    expect(line).to_contain_text("Diusulkan")
    line.get_by_role("button", name=re.compile("^Benar, ")).click()
    if early:
        expect(page.get_by_role("main")).to_contain_text("Belum ada yang tercatat.")
        _press(page, "Ya, saya pulang jam itu")
    expect(page.get_by_role("main")).to_contain_text("Presensi pulang tercatat")
    page.goto(f"/me/month?month={day:%Y-%m}")
    expect(line).not_to_have_class("open")
    expect(line.get_by_role("button")).to_have_count(0)
    expect(line).to_contain_text(re.compile(r"\d\d\.\d\d – \d\d\.\d\d"))


def test_hr_enters_leave_from_a_letter_without_scripts(site: Site) -> None:
    page = _hr(site, "/leave/paper")
    name = _choose(page, "Pegawai", 3)
    page.get_by_label("Jenis", exact=True).select_option("annual")
    page.get_by_label("Dari", exact=True).fill("2026-12-16")
    page.get_by_label("Sampai").fill("2026-12-14")
    page.get_by_label("Nomor surat").fill("SC 800/77")
    _press(page, "Catat cuti")
    _wrong(page, "Sampai")
    expect(page.get_by_label("Nomor surat")).to_have_value("SC 800/77")
    page.get_by_label("Sampai").fill("2026-12-17")
    page.get_by_role(
        "button", name=re.compile("^Catat")
    ).click()  # the same form asks once more where something is told
    page.wait_for_url(re.compile(r"/leave/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Cuti tahunan, {name}")
    expect(page.get_by_role("main")).to_contain_text("Dicatat dari surat: SC 800/77")


def test_hr_notes_what_is_left_of_a_year_without_scripts(site: Site) -> None:
    page = _hr(site, "/leave/openings?year=2026")
    name = _choose(page, "Pegawai", 3)
    page.get_by_label("Hari", exact=True).fill("dua")
    _press(page, "Catat sisa")
    _wrong(page, "Hari")
    page.get_by_label("Hari", exact=True).fill("2,5")
    _press(page, "Catat sisa")
    page.wait_for_url(re.compile(r"/leave/openings\?year=2026$"))
    expect(page.get_by_role("region", name="2026").get_by_role("listitem").filter(has_text=name)).to_contain_text("2,5")


def test_hr_moves_the_day_from_which_presence_counts_without_scripts(site: Site) -> None:
    page = _hr(site, "/attendance/start?from=besok")
    _wrong(page, "Tanggal")
    page.get_by_role("textbox", name="Tanggal").fill("2026-10-09")
    _press(page, "Lihat apa yang berubah")
    expect(page.get_by_role("main")).to_contain_text("Presensi dihitung sejak Jumat, 9 Oktober 2026.")
    _press(page, "Hitung sejak tanggal ini")
    page.wait_for_url(re.compile(r"/attendance\?month=2026-10$"))
    page.goto("/attendance/start")
    expect(page.get_by_role("main")).to_contain_text("Sekarang: Jumat, 9 Oktober 2026.")


def test_hr_replaces_hours_of_the_rule_book_without_scripts(site: Site) -> None:
    usual = sa.select(sa.func.min(RuleSet.id)).where(
        RuleSet.kind == RuleKind.WORK_HOURS, RuleSet.confirmed, RuleSet.subject == ""
    )
    with site.database.reading() as db:
        page = _hr(site, f"/admin/rules/{db.scalar(usual)}")
    page.get_by_role("link", name="Ganti mulai ...").click()
    page.get_by_label("Hari pertama").fill("2026-12-01")
    page.get_by_label("Hari terakhir").fill("2026-11-30")
    page.get_by_label("Dasar hukum").fill("SK Bupati 900/2026")
    page.get_by_label("Mulai").first.fill("08.00")
    _press(page, "Simpan aturan")
    _wrong(page, "Hari terakhir")
    expect(page.get_by_label("Mulai").first).to_have_value("08.00")
    page.get_by_label("Hari terakhir").fill("2026-12-31")
    _press(page, "Simpan aturan")
    page.wait_for_url(re.compile(r"/admin/rules/\d+$"))
    expect(page.get_by_role("main")).to_contain_text("SK Bupati 900/2026")
