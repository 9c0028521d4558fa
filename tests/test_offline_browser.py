"""A phone without network, as a person sees it: the tap is kept and shown, is sent by itself, and becomes one mark."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Error, Page, Route, expect

from staffhub import clock
from staffhub.models import Account, LateDelivery, Mark, UserSession
from staffhub.routes import phone
from tests.browser import Site, demo_site, violations
from tests.conftest import open_session, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
NEWEST = "caches.keys().then((all) => all.filter((one) => /files/.test(one)).map((one) => one.slice(0, 19)))"
# What the worker sends passes no route of the test.
NO_SYNC = "delete ServiceWorkerRegistration.prototype.sync"
READY = "navigator.serviceWorker.ready.then(() => true)"
SAVED = "caches.open('staffhub-page').then((page) => page.match('/')).then(Boolean)"
WAITING = """new Promise((done) => { const asked = indexedDB.open('staffhub', 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore('taps', { keyPath: 'key' });
  asked.onsuccess = () => { const all = asked.result.transaction('taps').objectStore('taps').getAll();
    all.onsuccess = () => { asked.result.close(); done(all.result.length); }; }; })"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


def _marks(site: Site, officer: int) -> list[tuple[str, str, datetime]]:
    with site.database.reading() as db:
        found = sa.select(Mark.kind, Mark.method, Mark.attempted_at).where(Mark.officer_id == officer)
        return [tuple(row) for row in db.execute(found.order_by(Mark.attempted_at))]  # type: ignore[misc]


def _kept(site: Site, officer: int) -> list[Any]:
    with site.database.reading() as db:
        return list(db.scalars(sa.select(LateDelivery).where(LateDelivery.officer_id == officer)))


def _open(page: Page) -> None:
    """Open Hari ini, and let the phone keep what it starts with."""
    page.goto("/")
    page.evaluate(READY)
    wait_until(lambda: page.evaluate(SAVED))


def _tap(page: Page, mode: str) -> None:
    page.locator(f"#presence-card button[value={mode}]").first.click()


def _evaluated(page: Page, script: str) -> Any:
    try:
        return page.evaluate(script)
    except Error:  # it went on to another page just then
        return None


def _wait_for_taps(page: Page, number: int) -> None:
    wait_until(lambda: _evaluated(page, WAITING) == number)


def _waiting(page: Page) -> Any:
    return page.locator("#presence-card [data-tap]")


def test_a_tap_without_network_waits_on_the_page_and_becomes_one_mark_of_its_moment(site: Site) -> None:
    officer, page = site.without_marks("pegawai05"), site.context("pegawai05")
    _open(page)
    began = clock.now()
    page.context.set_offline(True)
    _tap(page, "field")
    expect(_waiting(page)).to_contain_text(re.compile(r"^\s*masuk \d\d\.\d\d, dinas luar"))
    tapped = clock.now()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert _marks(site, officer) == []
    page.context.set_offline(False)
    expect(page.locator(".note.ok")).to_contain_text("terkirim terlambat")
    ((kind, method, at),) = _marks(site, officer)
    assert (kind, method) == ("check_in", "late")
    assert began - timedelta(seconds=10) <= at <= tapped + timedelta(seconds=10)
    _wait_for_taps(page, 0)


def test_an_answer_that_is_lost_on_the_way_back_makes_no_second_mark(site: Site) -> None:
    officer, page = site.without_marks("pegawai06"), site.context("pegawai06")
    page.add_init_script(NO_SYNC)  # it could deliver before anybody saw that it waits
    _open(page)
    lost = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/presence/check-in", lose, times=1)
    _tap(page, "home")
    expect(_waiting(page)).to_contain_text("rumah")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator(".note.ok")).to_contain_text("Sudah tercatat")
    assert lost == [200]
    assert [one[:2] for one in _marks(site, officer)] == [("check_in", "tap")]
    assert _kept(site, officer) == []


def test_the_app_starts_without_network_with_the_last_page_and_takes_a_tap_there(site: Site) -> None:
    officer, page = site.without_marks("pegawai07"), site.context("pegawai07")
    _open(page)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator(".note.warn").first).to_contain_text("Tidak terhubung. Halaman ini keadaan pukul")
    policy = page.evaluate("fetch('/').then(() => '', () => 'cut')")
    assert policy == "cut"
    assert violations(page) == []
    _tap(page, "office")
    expect(_waiting(page)).to_contain_text("kantor")
    page.reload()
    expect(_waiting(page)).to_contain_text("kantor")
    page.get_by_role("button", name="Presensi pulang").click()
    expect(_waiting(page)).to_have_count(2)
    page.context.set_offline(False)
    page.wait_for_url("**/")
    _wait_for_taps(page, 0)
    assert [one[:2] for one in _marks(site, officer)] == [("check_in", "late"), ("check_out", "late")], "in their order"
    assert [one.steady_before for one in _kept(site, officer)] == [None, None], "the page was opened anew"
    expect(page.get_by_text("Tidak terhubung")).to_have_count(0)


def test_another_page_without_network_says_so_in_both_languages_and_shows_nothing_of_anybody(site: Site) -> None:
    page = site.context("pegawai08")
    _open(page)
    page.goto("/account")
    page.context.set_offline(True)
    page.goto("/leave")
    expect(page.get_by_role("heading")).to_have_text("Tidak ada jaringan")
    expect(page.get_by_text("No network.")).to_be_visible()
    assert violations(page) == []
    names = page.evaluate(
        "caches.keys().then((all) => Promise.all(all.map((name) => caches.open(name)"
        ".then((one) => one.keys())))).then((all) => all.flat().map((one) => new URL(one.url).pathname))"
    )
    assert {name for name in names if not name.startswith("/static/")} == {"/", "/offline"}


def test_two_tabs_that_both_deliver_make_one_mark(site: Site) -> None:
    officer, page = site.without_marks("pegawai09"), site.context("pegawai09")
    _open(page)
    second = page.context.new_page()
    second.goto("/")
    page.context.set_offline(True)
    _tap(page, "office")
    expect(_waiting(page)).to_have_count(1)
    page.context.set_offline(False)
    for one in (page, second):
        one.evaluate("window.dispatchEvent(new Event('online'))")
    _wait_for_taps(second, 0)
    assert len(_marks(site, officer)) == 1


def test_a_service_worker_that_is_renewed_in_between_keeps_what_waits(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, page = site.without_marks("pegawai10"), site.context("pegawai10")
    page.add_init_script(NO_SYNC)
    _open(page)
    page.context.set_offline(True)
    _tap(page, "office")
    expect(_waiting(page)).to_have_count(1)
    made = phone._worker
    monkeypatch.setattr(
        phone, "_worker", lambda htmx: (made(htmx)[0].replace('VERSION = "', 'VERSION = "next-'), made(htmx)[1])
    )
    page.route("**/presence/late", lambda route: route.abort())
    page.context.set_offline(False)
    page.evaluate("navigator.serviceWorker.ready.then((one) => one.update())")
    wait_until(lambda: page.evaluate(NEWEST) == ["staffhub-files-next"])
    page.unroute("**/presence/late")
    page.reload()
    _wait_for_taps(page, 0)
    assert [one[:2] for one in _marks(site, officer)] == [("check_in", "late")]


def test_a_session_that_ends_meanwhile_keeps_the_tap_until_its_owner_signs_in_again(site: Site) -> None:
    officer, page = site.without_marks("pegawai11"), site.context("pegawai11")
    _open(page)
    page.context.set_offline(True)
    _tap(page, "office")
    expect(_waiting(page)).to_have_count(1)
    with site.database.transaction() as db:
        mine = sa.select(Account.id).where(Account.username == "pegawai11").scalar_subquery()
        db.execute(sa.update(UserSession).where(UserSession.account_id == mine).values(ended_at=clock.now()))
    page.context.set_offline(False)
    page.wait_for_url("**/login")
    expect(page.locator("[data-taps-wait]")).to_be_visible()
    assert page.evaluate("caches.has('staffhub-page')") is False
    _wait_for_taps(page, 1)
    token = open_session(site.database, "pegawai11", now=clock.now())
    page.context.add_cookies([{"name": "staffhub_session", "value": token, "url": site.address}])
    page.goto("/")
    _wait_for_taps(page, 0)
    (kept,) = _kept(site, officer)
    assert (kept.counted, kept.ticket_at is not None, len(_marks(site, officer))) == ("claimed", True, 1)


def test_a_tap_that_came_at_the_same_moment_as_another_is_sent_once_more(site: Site) -> None:
    officer, page = site.without_marks("pegawai16"), site.context("pegawai16")
    page.add_init_script(NO_SYNC)
    _open(page)
    page.context.set_offline(True)
    _tap(page, "office")
    expect(_waiting(page)).to_have_count(1)
    turned_away: list[Route] = []
    page.route("**/presence/late", lambda route: (turned_away.append(route), route.fulfill(status=409)))
    page.context.set_offline(False)
    wait_until(lambda: (page.evaluate("1"), turned_away)[1])
    page.unroute("**/presence/late")
    page.reload()
    _wait_for_taps(page, 0)
    assert [one[:2] for one in _marks(site, officer)] == [("check_in", "late")]


def test_another_account_sends_no_tap_of_the_one_before_and_takes_it_from_the_phone(site: Site) -> None:
    mine, theirs, page = site.without_marks("pegawai12"), site.without_marks("pegawai13"), site.context("pegawai12")
    page.add_init_script(NO_SYNC)  # it would deliver before the other account is there
    _open(page)
    page.context.set_offline(True)
    # Before the tap: a browser that lets go of a page may take it for online, and the page then delivers.
    token = open_session(site.database, "pegawai13", now=clock.now())
    page.context.add_cookies([{"name": "staffhub_session", "value": token, "url": site.address}])
    _tap(page, "office")
    expect(_waiting(page)).to_have_count(1)
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto("/")
    _wait_for_taps(page, 0)
    assert (_marks(site, mine), _marks(site, theirs)) == ([], [])


def test_who_signs_out_is_warned_of_what_waits_and_leaves_nothing_behind(site: Site) -> None:
    site.without_marks("pegawai14")
    page = site.context("pegawai14")
    page.add_init_script(NO_SYNC)
    _open(page)
    page.route("**/presence/*", lambda route: route.abort())
    _tap(page, "office")
    expect(_waiting(page)).to_have_count(1)
    for answer in ("dismiss", "accept"):
        page.locator("details.menu summary").first.click()
        with page.expect_event("dialog") as asked:
            page.get_by_role("button", name="Keluar").click(no_wait_after=True)
        assert asked.value.message.startswith("1 presensi di ponsel ini masih menunggu jaringan")
        getattr(asked.value, answer)()
        if answer == "dismiss":
            _wait_for_taps(page, 1)
            page.keyboard.press("Escape")
    page.wait_for_url("**/login")
    _wait_for_taps(page, 0)
    assert page.evaluate("caches.has('staffhub-page')") is False
    page.context.set_offline(True)
    page.evaluate("location.assign('/')")
    page.wait_for_timeout(500)
    assert "presence-card" not in page.content()


def test_the_browser_would_install_it(site: Site) -> None:
    page = site.context("pegawai15")
    _open(page)
    session = page.context.new_cdp_session(page)
    assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] in (
        [],
        [{"errorId": "in-incognito", "errorArguments": []}],
    )
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/manifest.webmanifest")
