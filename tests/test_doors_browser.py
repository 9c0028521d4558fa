"""The screen at the door and a phone before it, in a real browser."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from staffhub import clock, doors
from staffhub.demo.doors import address
from staffhub.doors import codes
from staffhub.models import Mark
from tests.browser import Site, demo_site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SCREEN = address("staffhub-demo")
TROUBLE = "Tidak ada sambungan ke server"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


def _code(page: Page) -> str:
    return page.locator(".code .vh").inner_text().replace(" ", "")


def _now(site: Site) -> str:
    with site.database.reading() as db:
        return doors.kiosk(db, SCREEN.removeprefix("/kiosk/"), now=clock.now()).code or ""


@pytest.mark.parametrize("cdn", ["htmx", None])
def test_the_screen_turns_by_itself_says_when_it_is_cut_off_and_goes_on_afterwards(
    site: Site, monkeypatch: pytest.MonkeyPatch, cdn: str | None
) -> None:
    monkeypatch.setattr(codes, "WINDOW", 3)
    page = site.context(width=1280, **({} if cdn else {"cdn": None}))
    page.goto(SCREEN)
    shown = page.locator(".code .vh")
    for _turn in range(2):
        expect(shown).not_to_have_text(shown.inner_text())
    page.context.set_offline(True)
    expect(page.get_by_text(TROUBLE)).to_be_visible()
    expect(page.locator(".code")).to_be_hidden()
    page.context.set_offline(False)
    expect(page.get_by_text(TROUBLE)).to_be_hidden()
    expect(page.locator(".code")).to_be_visible()
    expect(shown).not_to_have_text(shown.inner_text())


def test_a_screen_whose_clock_is_wrong_says_so_and_shows_the_servers(site: Site) -> None:
    page = site.context(width=1280)
    page.clock.install(time="2025-11-26T00:00:00Z")
    page.goto(SCREEN)
    expect(page.get_by_text("Jam layar ini meleset")).to_be_visible()
    right = site.context(width=1280)
    right.goto(SCREEN)
    expect(right.locator(".code")).to_be_visible()
    expect(right.get_by_text("Jam layar ini meleset")).to_be_hidden()


def test_a_phone_that_is_signed_out_scans_signs_in_and_presses_once(site: Site) -> None:
    page = site.context()
    page.goto(f"/presence/scan?code={_now(site)}")
    page.get_by_label("Nama pengguna").fill("pegawai01")
    page.get_by_label("Kata sandi", exact=True).fill("staffhub-demo")
    page.get_by_role("button", name="Masuk", exact=True).click()
    page.get_by_role("button", name="Masuk di Pintu depan").click()
    page.wait_for_url("**/presence/receipts/*")
    expect(page.get_by_text("terbukti dengan kode Pintu depan")).to_be_visible()
    with site.database.reading() as db:
        mine = sa.text("SELECT officer_id FROM account WHERE username = 'pegawai01'")
        last = sa.select(Mark.method, Mark.grade).where(Mark.officer_id == db.scalar(mine)).order_by(Mark.id.desc())
        assert tuple(db.execute(last.limit(1)).one()) == ("scan", "a")


def test_the_six_characters_typed_on_a_phone_prove_what_was_tapped(site: Site) -> None:
    page = site.context("pegawai02")
    page.goto("/")
    page.get_by_text("Kode di layar kantor", exact=True).click()
    page.get_by_label("Enam karakter").fill("AAAAAA")
    page.locator("form[action='/presence/scan'] button").first.click()
    expect(page.get_by_label("Enam karakter")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Enam karakter").fill(_now(site).lower())
    page.locator("form[action='/presence/scan'] button").first.click()
    expect(page.locator("#presence-card .proof")).to_contain_text("Bukti A")
