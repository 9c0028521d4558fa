"""A real phone loses its network before, during and after a tap, 20 times each: what was tapped, stored, lost, doubled.

Before: the phone is offline when it is tapped. During: the network goes some milliseconds after the tap. After: the
server has stored the mark, and its answer is lost. Nothing may be lost, and nothing doubled.
"""

import random
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Error, Page, Route
from sqlalchemy import func, select

from staffhub.models import Account, Mark
from tests.browser import Site, demo_site
from tests.conftest import wait_until

TIMES = 20
_WAITING = """new Promise((done) => { const asked = indexedDB.open('staffhub', 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore('taps', { keyPath: 'key' });
  asked.onsuccess = () => { const all = asked.result.transaction('taps').objectStore('taps').getAll();
    all.onsuccess = () => { asked.result.close(); done(all.result.length); }; }; })"""


def _tap(page: Page, number: int) -> None:
    mode = ("home", "office")[number % 2]
    page.locator(f"#presence-card button[name=mode][value={mode}]").first.dispatch_event("click")


def _before(page: Page, number: int) -> None:
    page.context.set_offline(True)
    _tap(page, number)
    page.locator("#presence-card [data-tap]").first.wait_for()
    page.context.set_offline(False)


def _during(page: Page, number: int) -> None:
    _tap(page, number)
    page.wait_for_timeout(random.uniform(0, 40))
    page.context.set_offline(True)
    page.wait_for_timeout(300)
    page.context.set_offline(False)


def _after(page: Page, number: int) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/presence/check-in", lose, times=1)
    # The worker may send it again at once: the card of what waits need not be seen.
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/presence/check-in")):
        _tap(page, number)
    with suppress(Error):  # on its way to the next page
        page.evaluate("window.dispatchEvent(new Event('online'))")


def _is_settled(page: Page) -> bool:
    try:
        return page.evaluate(_WAITING) == 0 and page.locator("#presence-card [data-tap]").count() == 0
    except Error:  # on its way to the next page
        return False


def _stored(site: Site, officer: int) -> int:
    with site.database.reading() as db:
        return db.scalar(select(func.count()).select_from(Mark).where(Mark.officer_id == officer)) or 0


def _round(site: Site, username: str, cut: Callable[[Page, int], None]) -> tuple[int, int]:
    """Return how many were lost and how many doubled."""
    with site.database.reading() as db:
        officer = db.scalars(select(Account.officer_id).where(Account.username == username)).one() or 0
    page = site.context(username)
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    _tap(page, 1)
    page.wait_for_timeout(1500)
    lost = doubled = 0
    for number in range(TIMES):
        page.goto("/")
        before = _stored(site, officer)
        cut(page, number)
        page.wait_for_timeout(200)
        wait_until(lambda: _is_settled(page))
        more = _stored(site, officer) - before
        lost, doubled = lost + (more == 0), doubled + max(0, more - 1)
    page.context.close()
    return lost, doubled


def main() -> None:
    failed = False
    with tempfile.TemporaryDirectory() as folder, demo_site(Path(folder)) as site:
        for username, cut in (("pegawai05", _before), ("pegawai06", _during), ("pegawai07", _after)):
            lost, doubled = _round(site, username, cut)
            print(f"cut {cut.__name__[1:]} the tap: {TIMES} taps, lost {lost}, doubled {doubled}", flush=True)
            failed |= bool(lost or doubled)
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
