"""A real Chromium on the demo office: a real server, the real sandbox, htmx from its npm package with SRI enforced."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from staffhub import clock, demo, web
from staffhub.app import create_app
from staffhub.claims import UNFINISHED
from staffhub.db import Database
from staffhub.migrations import migrate
from staffhub.models import Recount
from staffhub.settings import HTMX_URL, Settings
from staffhub.zoom.sandbox import Account, SandboxServer, create_sandbox
from tests.conftest import open_session
from tests.live import serving

NPM = Path(__file__).parent.parent / "var" / "npm"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser")
PATIENCE = 30_000  # milliseconds for whatever is awaited: a busy machine is slow, not wrong
expect.set_options(timeout=PATIENCE)


@cache
def npm_file(package: str, name: str) -> bytes:
    """Return a file of a package that `make test` fetched; its absence ends the run, it never skips."""
    found = sorted(NPM.glob(f"{package}*.tgz"))
    if not found:
        pytest.exit(f"{package} is not in {NPM}: run `make test`, which fetches it", 1)
    with tarfile.open(found[-1]) as archive:
        file = archive.extractfile(f"package/{name}")
        assert file
        return file.read()


@dataclass
class Site:
    """The demo office behind a real port. `context` is one person's browser."""

    address: str
    database: Database
    browser: Browser
    app: Any
    contexts: list[BrowserContext] = field(default_factory=list)

    def is_counted(self) -> bool:
        """Whether no day is being computed again: the demo's meetings get their links after the start."""
        with self.database.reading() as db:
            return db.scalar(sa.select(Recount.id).where(Recount.state.in_(UNFINISHED)).limit(1)) is None

    def without_marks(self, username: str) -> int:
        """Return the officer of an account, who has no mark any more, whatever hour the demo was seeded at."""
        beside = ("mark_note", "mark_proof", "mark_device", "late_delivery")
        with self.database.transaction() as db:
            officer = db.scalar(sa.text("SELECT officer_id FROM account WHERE username = :name"), {"name": username})
            for table in (*beside, "mark"):
                db.execute(sa.text(f"DROP TRIGGER IF EXISTS {table}_no_delete"))
            mine = "mark_id IN (SELECT id FROM mark WHERE officer_id = :id)"
            for table in beside:
                db.execute(sa.text(f"DELETE FROM {table} WHERE {mine}"), {"id": officer})  # noqa: S608
            db.execute(sa.text("DELETE FROM late_delivery WHERE officer_id = :id"), {"id": officer})
            db.execute(sa.text("DELETE FROM mark WHERE officer_id = :id"), {"id": officer})
            return int(officer or 0)

    def context(self, username: str | None = None, *, width: int = 360, lang: str = "id", **options: Any) -> Page:
        """Open a browser for somebody; `cdn` is what the CDN answers, None for a network that blocks it."""
        cdn = options.pop("cdn", npm_file("htmx.org-4", "dist/htmx.min.js"))
        context = self.browser.new_context(viewport={"width": width, "height": 800}, base_url=self.address, **options)
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
        context.route(
            HTMX_URL, lambda route: route.abort() if cdn is None else route.fulfill(body=cdn, headers=headers)
        )
        cookies = {"staffhub_locale": lang}
        if username:
            cookies["staffhub_session"] = open_session(self.database, username, now=clock.now())
        context.add_cookies([{"name": k, "value": v, "url": self.address} for k, v in cookies.items()])
        return context.new_page()


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next((path for path in CHROMIUM if Path(path).exists()), None)
    if path is None:
        pytest.exit("Chromium is not installed: apt-get install chromium (then run `make test` again)", 1)
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        yield browser
        browser.close()


@contextmanager
def demo_site(folder: Path) -> Iterator[Site]:
    account = Account()
    with SandboxServer(create_sandbox(account=account)) as sandbox, chromium() as browser:
        settings = Settings(
            database_url=f"sqlite:///{folder}/staffhub.db",
            data_dir=folder,
            zoom_account_id=account.account_id,
            zoom_client_id=account.client_id,
            zoom_client_secret=account.client_secret,  # type: ignore[arg-type]
            zoom_base_uri=sandbox.base_uri,
            zoom_oauth_uri=sandbox.oauth_uri,
            zoom_host=account.host_email,
            zoom_at_once=2,
        )
        app = create_app(settings)
        database: Database = app.state.database
        migrate(database.engine)
        with database.transaction() as db:
            demo.seed(db, settings, now=clock.now())
        with serving(app) as address:
            site = Site(address, Database(settings.database), browser, app)
            yield site
            for context in site.contexts:
                context.close()
            site.database.engine.dispose()


@contextmanager
def story_site(folder: Path) -> Iterator[Site]:
    """The demo office on the 5th of November 2026, whatever day it is here."""
    real = clock.now
    ahead = datetime(2026, 11, 5, 10, tzinfo=ZoneInfo("Asia/Makassar")) - real()
    with pytest.MonkeyPatch.context() as patch:
        for module in (clock, web):
            patch.setattr(module, "now", lambda: real() + ahead)
        with demo_site(folder) as site:
            yield site


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page as it stands."""
    page.evaluate(npm_file("axe-core", "axe.min.js").decode())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]
