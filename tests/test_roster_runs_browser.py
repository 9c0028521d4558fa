"""A head has a month worked out on a phone, and finds the plan on the grid of the draft."""

import re
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from staffhub import clock
from staffhub.claims import UNFINISHED
from staffhub.models import RosterRun, RosterStep
from staffhub.roster import child
from tests.browser import Site, demo_site
from tests.conftest import wait_until
from tests.test_letters_browser import HEAD, _fits, _today

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


def _month() -> str:
    month = _today().replace(day=1)
    for _three in range(3):  # beyond those that the demo has asked for
        month = clock.month_after(month)
    return f"{month:%Y-%m}"


def _pressed(page: Page) -> None:
    page.goto(f"/roster/runs?month={_month()}")
    _fits(page)
    page.get_by_role("button", name="Susun jadwal", exact=True).click()
    page.wait_for_url(re.compile(r"/roster/runs/\d+$"))


@pytest.mark.parametrize("width", [360, 1280])
def test_a_head_presses_waits_and_looks_at_the_plan_on_the_grid(site: Site, width: int) -> None:
    page = site.context(HEAD, width=width)
    _pressed(page)
    expect(page.get_by_text("Jadwal sudah ada di draf")).to_be_visible()  # the page has asked again by itself
    _fits(page)
    page.get_by_role("link", name="Lihat draf", exact=True).click()
    page.wait_for_url(re.compile(rf"/roster/drafts/\d+/{_month()}$"))
    _fits(page)


def _unfinished(site: Site) -> int:
    waiting = sa.select(sa.func.count()).where(RosterRun.state.in_(UNFINISHED))
    with site.database.reading() as db:
        return db.scalar(waiting) or 0


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (360, False)])
def test_a_run_that_takes_long_is_stopped_and_the_draft_stays_as_it_was(
    site: Site, monkeypatch: pytest.MonkeyPatch, width: int, *, scripts: bool
) -> None:
    wait_until(lambda: not _unfinished(site))  # those of the demo
    forever = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(child, "command", lambda _seconds: forever)
    with site.database.reading() as db:
        before = db.scalar(sa.select(sa.func.count()).select_from(RosterStep))
    page = site.context(HEAD, width=width, java_script_enabled=scripts)
    _pressed(page)
    page.get_by_role("button", name="Hentikan", exact=True).click()
    page.wait_for_load_state()
    stopped = page.get_by_text("Penyusunan dihentikan")
    for _again in range(0 if scripts else 500):
        if stopped.is_visible():
            break
        page.get_by_role("link", name="Lihat lagi", exact=True).click()
        page.wait_for_load_state()
    expect(stopped).to_be_visible()
    expect(page.get_by_role("link", name="Lihat draf", exact=True)).to_have_count(0)
    _fits(page)
    with site.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(RosterStep)) == before


def test_without_scripts_a_link_looks_again(site: Site) -> None:
    page = site.context(HEAD, java_script_enabled=False)
    page.goto("/roster/runs")
    _pressed(page)
    for _again in range(500):
        if page.get_by_role("link", name="Lihat draf", exact=True).is_visible():
            break
        page.get_by_role("link", name="Lihat lagi", exact=True).click()
        page.wait_for_load_state()
    expect(page.get_by_role("link", name="Lihat draf", exact=True)).to_be_visible()
