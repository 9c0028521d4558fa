"""A head plans a month: with keys on a desk, with a finger on a phone, and without scripts."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from staffhub import clock
from tests.browser import Site, demo_site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("draft")) as made:
        yield made


def _draft(site: Site, *, months: int, width: int, **options: bool) -> Page:
    """Open the draft of a month to come: each test has one of its own."""
    page = site.context("kabid.dafduk", width=width, **options)
    page.goto("/roster")
    page.get_by_role("link", name="Draf", exact=True).click()
    page.wait_for_url("**/roster/drafts/**")
    for _turn in range(months):
        here, month = page.url.rsplit("/", 1)
        following = clock.month_after(date.fromisoformat(f"{month}-01"))
        page.locator(f".head a[href$='/{following:%Y-%m}']").click()
        page.wait_for_url(f"{here}/{following:%Y-%m}")
    return page


def _open_days(page: Page) -> Locator:
    """The days that may be changed, of the first officer who has them in the office, with others of the group."""
    return page.locator("tr[data-officer]").nth(1).locator("td:not(.x, .sum)")


def test_keys_change_lock_and_take_back_days_and_publishing_tells(site: Site) -> None:
    page = _draft(site, months=4, width=1280)  # the next one is worked out meanwhile in the demo
    days = _open_days(page)
    days.nth(0).click()
    for key in ("d", "ArrowRight", "d", "l"):
        page.keyboard.press(key)
    expect(days.nth(0)).to_have_text(re.compile("^DL"))
    expect(days.nth(1)).to_have_text(re.compile("^DL"))
    expect(days.nth(1)).to_have_attribute("title", "dikunci")
    expect(days.nth(1)).to_be_focused()
    page.get_by_role("button", name=re.compile("^Urungkan")).click()
    expect(days.nth(1)).not_to_have_attribute("title", "dikunci")
    page.get_by_role("button", name=re.compile("^Ulangi")).click()
    expect(days.nth(1)).to_have_attribute("title", "dikunci")
    _publish(page)


def _publish(page: Page) -> None:
    page.get_by_role("button", name="Terbitkan jadwal").click()
    expect(page.get_by_role("main")).to_contain_text("Jadwal piket sudah terbit.")
    expect(page.get_by_role("main")).to_contain_text("Draf sama dengan yang dilihat semua pegawai.")


def test_a_finger_changes_a_day_on_a_phone_without_a_page_that_scrolls_sideways(site: Site) -> None:
    page = _draft(site, months=5, width=360)
    days = _open_days(page)
    days.nth(2).click()
    bar = page.get_by_role("group", name="Hari yang dipilih")
    bar.get_by_role("button", name="Dinas luar").click()
    expect(days.nth(2)).to_have_text(re.compile("^DL"))
    bar.get_by_role("button", name="Kunci").click()
    expect(days.nth(2)).to_have_attribute("title", "dikunci")
    bar.get_by_role("button", name="Selesai").click()
    _publish(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_scripts_the_form_changes_a_day_and_the_buttons_take_it_back(site: Site) -> None:
    page = _draft(site, months=3, width=360, java_script_enabled=False)
    expect(page.locator("[data-roster-bar]")).to_be_hidden()
    day = page.locator("th[data-day]").nth(3).get_attribute("data-day") or ""
    page.get_by_label("Pegawai", exact=True).select_option(index=1)
    page.get_by_label("Tempat", exact=True).select_option("field")
    page.get_by_label("Tanggal", exact=True).fill(day)
    page.locator("input[name=locked]").check()
    page.get_by_role("button", name="Ubah", exact=True).click()
    locked = page.locator("td[title=dikunci]")
    expect(locked).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Urungkan")).click()
    expect(locked).to_have_count(0)
    page.get_by_role("button", name=re.compile("^Ulangi")).click()
    expect(locked).to_have_count(1)
    _publish(page)
    assert page.locator("html").evaluate("page => page.scrollWidth") <= 360


@pytest.mark.parametrize(("months", "width", "scripts"), [(7, 1280, True), (8, 360, False)], ids=["desk", "phone"])
def test_an_excuse_is_given_for_a_whole_day_and_taken_back(site: Site, months: int, width: int, scripts: bool) -> None:
    page = _draft(site, months=months, width=width, java_script_enabled=scripts)
    main, form = page.get_by_role("main"), page.locator("#roster-one")
    contract = page.locator("tr[data-officer]", has=page.locator(".dim", has_text="THL"))
    officers = [row.get_attribute("data-officer") for row in contract.all()]
    assert officers
    looks = [(square.get_attribute("class") or "").split() for square in contract.first.locator("td").all()]
    nth = next(number for number, look in enumerate(looks) if "x" not in look)
    day = page.locator("thead th[data-day]").nth(nth).get_attribute("data-day")
    for turn, officer in enumerate(officers, 1):
        form.locator("[name=officer]").select_option(officer)
        form.locator("[name=date]").fill(day or "")
        form.locator("[name=mode]").select_option("home")
        form.get_by_role("button", name="Ubah").click()
        # The answer brings the form anew; the square may have been the same before.
        expect(form.locator("[name=version]")).to_have_value(str(turn))
        expect(page.locator(f"tr[data-officer='{officer}'] td").nth(nth)).to_have_text(re.compile("^R"))
    excuse = main.locator("form[action*='/excuse']").first
    main.get_by_text("Kecualikan hari, dengan alasan").click()
    expect(excuse).to_contain_text("Pengecualian berlaku sepanjang hari itu")
    excuse.get_by_role("checkbox").first.check()
    excuse.get_by_label("Alasan").fill("Loket tutup untuk kerja bakti")
    excuse.get_by_role("button").click()
    main.get_by_text("1 hari dikecualikan.").last.click()
    expect(main).to_contain_text("THL dikecualikan: Loket tutup untuk kerja bakti")
    main.get_by_role("button", name="Batalkan pengecualian").click()
    expect(page.locator("body")).to_contain_text("piket minimum hari itu berlaku lagi")
    expect(main.get_by_role("button", name="Batalkan pengecualian")).to_have_count(0)
    expect(main).to_contain_text("1 kali belum terjaga di kantor.")
