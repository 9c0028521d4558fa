"""Too many at once, as a person on a phone sees it: what is pressed waits, is sent again by itself, and counts once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from staffhub import admission, clock
from staffhub.admission import Door
from staffhub.models import Mark
from tests.browser import Site, demo_site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


@pytest.fixture
def door(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr(admission, "_SOONEST", 1)
    yield site.app.state.door
    _open(site.app.state.door)


def _shut(door: Door) -> None:
    for line in door.lines:
        line.turns, line.patience = 0, 0


def _open(door: Door) -> None:
    for line in door.lines:
        line.turns, line.patience = 8, 20


def _marks(site: Site, officer: int) -> list[datetime]:
    """Those since `without_marks`, of whatever day: midnight may pass while a test looks on."""
    with site.database.reading() as db:
        return list(db.scalars(sa.select(Mark.attempted_at).where(Mark.officer_id == officer)))


def _tap(page: Page) -> None:
    page.locator("#presence-card button[value=office]").click(no_wait_after=True)


def test_two_taps_into_the_rush_wait_and_become_one_mark_of_the_first_moment(site: Site, door: Door) -> None:
    officer = site.without_marks("pegawai07")
    page = site.context("pegawai07")
    page.goto("/")
    _shut(door)
    _tap(page)
    expect(page.locator("#toasts .note.warn")).to_contain_text("Sedang ramai")
    pressed = clock.now()
    _tap(page)
    expect(page.locator("#toasts .note.warn")).to_have_count(1)
    page.wait_for_timeout(2500)  # refused once more
    expect(page.locator("#presence-card button[value=office]")).to_have_attribute("aria-busy", "true")
    _open(door)
    expect(page.locator("#presence-card")).to_contain_text("Sudah masuk")
    expect(page.locator("#toasts")).to_contain_text("Presensi masuk tercatat")
    expect(page.locator("#toasts .note.warn")).to_have_count(0)
    (at,) = _marks(site, officer)
    assert at < pressed < clock.now() - timedelta(seconds=2)


def test_whoever_was_told_that_it_is_busy_is_not_told_to_wait_as_well(
    site: Site, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "_SOONEST", 9)
    site.without_marks("pegawai12")
    page = site.context("pegawai12")
    page.goto("/")
    _shut(door)
    _tap(page)
    expect(page.locator("#toasts .note")).to_contain_text("Sedang ramai")
    page.wait_for_timeout(5000)  # past the moment at which a slow answer is told
    expect(page.locator("#toasts .note")).to_have_count(1)


def test_a_database_that_does_not_answer_is_not_called_a_rush(site: Site) -> None:
    officer = site.without_marks("pegawai15")
    page = site.context("pegawai15")
    page.goto("/")
    with closing(sqlite3.connect(str(site.database.engine.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        _tap(page)
        expect(page.locator("#toasts .note.warn")).to_contain_text("Basis data sedang tidak menjawab")
        other.execute("ROLLBACK")
    expect(page.locator("#presence-card")).to_contain_text("Sudah masuk")
    expect(page.locator("#toasts .note.warn")).to_have_count(0)
    assert len(_marks(site, officer)) == 1


def test_whoever_has_the_answer_is_not_told_to_wait_for_it(site: Site, door: Door) -> None:
    officer = site.without_marks("pegawai13")
    page = site.context("pegawai13")
    page.goto("/")
    _tap(page)
    expect(page.locator("#toasts")).to_contain_text("Presensi masuk tercatat")
    page.wait_for_timeout(5000)  # past the moment at which a slow answer is told; the form of the press is gone
    expect(page.locator("#toasts .note.warn")).to_have_count(0)
    assert len(_marks(site, officer)) == 1


@pytest.mark.parametrize(
    ("lang", "words", "said"),
    [("id", "Sedang ramai", "Presensi masuk tercatat"), ("en", "Busy right now", "Check-in recorded")],
)
def test_without_htmx_the_page_hands_the_form_back_and_presses_it_by_itself(
    site: Site, door: Door, lang: str, words: str, said: str
) -> None:
    officer = site.without_marks("pegawai08")
    page = site.context("pegawai08", cdn=None, lang=lang)
    page.goto("/")
    _shut(door)
    page.locator("#presence-card button[value=home]").click()
    expect(page.locator("h1")).to_have_text(words)
    pressed = clock.now()
    page.wait_for_timeout(2500)
    expect(page.locator("h1")).to_have_text(words)
    _open(door)
    expect(page.locator("main [role=status]").first).to_contain_text(said)
    (at,) = _marks(site, officer)
    assert at < pressed


def test_without_scripts_the_button_sends_it_again_and_a_page_loads_itself(site: Site, door: Door) -> None:
    officer = site.without_marks("pegawai09")
    page = site.context("pegawai09", java_script_enabled=False)
    _shut(door)
    page.goto("/")
    expect(page.locator("h1")).to_have_text("Sedang ramai")
    _open(door)
    page.locator("#presence-card button[value=office]").wait_for()
    _shut(door)
    page.locator("#presence-card button[value=office]").click()
    expect(page.locator("main")).to_contain_text("Yang dihitung adalah saat Anda pertama kali menekan.")
    expect(page.get_by_text("Dikirim lagi sendiri")).to_be_hidden()
    _open(door)
    page.get_by_role("button", name="Kirim lagi").click()
    expect(page.locator("main")).to_contain_text("Presensi masuk tercatat")
    assert len(_marks(site, officer)) == 1


def test_a_tap_while_the_network_is_away_for_a_moment_is_sent_when_it_is_back(site: Site, door: Door) -> None:
    officer = site.without_marks("pegawai10")
    page = site.context("pegawai10")
    page.goto("/")
    page.context.set_offline(True)
    _tap(page)
    expect(page.locator("#toasts .note.bad")).to_contain_text("Jaringan terputus")
    page.context.set_offline(False)
    expect(page.locator("#presence-card")).to_contain_text("Sudah masuk")
    expect(page.locator("#toasts .note.bad")).to_have_count(0)
    assert len(_marks(site, officer)) == 1


def test_what_is_shown_fits_a_small_phone(site: Site, door: Door) -> None:
    page = site.context("pegawai11")
    page.goto("/")
    site.without_marks("pegawai11")
    page.reload()
    _shut(door)
    _tap(page)
    page.locator("#toasts .note.warn").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto("/")
    expect(page.locator("h1")).to_have_text("Sedang ramai")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
