"""The duty roster between people, press by press: a swap, somebody sick, calls to a desk; axe on each of its pages."""

import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from staffhub import clock
from staffhub.models import (
    Account,
    Division,
    DutySwap,
    SwapState,
)
from staffhub.roster import coverage
from tests.browser import PATIENCE, Site, story_site, violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
HEAD, PATH = "kabid.dafduk", "/roster/drafts/{division}/2026-12"
PAGES = (
    ("kadis", "/roster/duty"),
    ("kadis", "/roster/repair"),
    ("kadis", "/roster/calls"),
    (HEAD, "/roster"),
    (HEAD, "/roster/duty?month=2026-12"),
    (HEAD, "/roster/runs?month=2026-12"),
    (HEAD, PATH),
    (HEAD, f"{PATH}/import"),
    ("pegawai01", "/roster/duty"),
    ("pegawai01", "/roster/swaps"),
    ("pegawai01", "/roster/wishes"),
    ("pegawai01", "/roster/fairness"),
    ("kepegawaian", "/roster/letters"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with story_site(tmp_path_factory.mktemp("people")) as made:
        yield made


def _today() -> date:
    return clock.local_day(clock.now(), ZoneInfo("Asia/Makassar"))


def _open(site: Site, username: str, *, width: int = 360, **options: bool) -> Page:
    """Open a browser whose presses are waited for longer: at first the demo keeps its one writer busy."""
    page = site.context(username, width=width, **options)
    page.context.set_default_timeout(4 * PATIENCE)
    return page


def _username(site: Site, officer_id: int) -> str:
    with site.database.reading() as db:
        return db.scalars(sa.select(Account.username).where(Account.officer_id == officer_id)).one()


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def _main(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("main")).to_contain_text(text)


@pytest.mark.parametrize(("scheme", "width", "lang"), [("light", 360, "id"), ("dark", 1280, "en")])
def test_every_page_of_the_roster_is_clean_and_fits(site: Site, scheme: str, width: int, lang: str) -> None:
    with site.database.reading() as db:
        division = db.scalars(sa.select(Division.id).where(Division.code == "population_registration")).one()
    for username in dict.fromkeys(username for username, _path in PAGES):
        page = site.context(username, width=width, lang=lang, color_scheme=scheme)
        for path in [path for who, path in PAGES if who == username]:
            answer = page.goto(path.format(division=division))
            assert (answer.status if answer else 0, path) == (200, path)
            assert (path, violations(page)) == (path, [])
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_swap_is_accepted_and_the_superior_undoes_it(site: Site) -> None:
    with site.database.reading() as db:
        there = db.scalars(sa.select(DutySwap).where(DutySwap.state == SwapState.ASKED)).one()
    phone = _open(site, _username(site, there.colleague_id))
    phone.goto("/roster/swaps")
    phone.get_by_role("link", name="Jawab", exact=True).click()
    _press(phone, "Setujui")
    _main(phone, "Ditukar")
    head = _open(site, _superior(site, there.officer_id), width=1280, java_script_enabled=False)
    head.goto(f"/roster/swaps/{there.id}")
    _press(head, "Batalkan tukar piket")
    _main(head, "Dibatalkan atasan")
    phone.reload()
    _main(phone, "Dibatalkan atasan")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def _superior(site: Site, officer_id: int) -> str:
    with site.database.reading() as db:
        found = [one for one in coverage.serving(db, 1, _today(), _today()) if one.officer_id == officer_id]
    return _username(site, found[0].superior_id or 0)
