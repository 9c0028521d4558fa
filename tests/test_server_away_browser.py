"""A phone with a network behind which nobody answers: a router without internet, a server that is down."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser import Site, demo_site
from tests.faulty import Proxy
from tests.test_offline_browser import NO_SYNC, _marks, _open, _tap, _wait_for_taps, _waiting

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ONLINE = "window.dispatchEvent(new Event('online'))"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


@pytest.fixture
def way(site: Site) -> Iterator[Proxy]:
    """What lies between the phone and the server."""
    proxy = Proxy(int(site.address.rpartition(":")[2]))
    yield proxy
    proxy.close()


def _beyond(site: Site, way: Proxy, username: str) -> Page:
    page = replace(site, address=f"http://127.0.0.1:{way.port}").context(username)
    page.add_init_script(NO_SYNC)
    _open(page)
    return page


@contextmanager
def _says(way: Proxy, status: int, trouble: str) -> Iterator[None]:
    """Something is there that says only this: a proxy before a server that is down, or one without its database."""

    class Words(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("X-Trouble", trouble)
            self.end_headers()

        do_GET = do_HEAD = do_POST = answer  # noqa: N815

        def log_message(self, *_words: object) -> None: ...

    way.refuse()
    with ThreadingHTTPServer(("127.0.0.1", way.port), Words) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()
    way.restore()


@contextmanager
def _nobody(way: Proxy) -> Iterator[None]:
    way.refuse()
    yield
    way.restore()


_proxy_alone = partial(_says, status=502, trouble="")
_no_database = partial(_says, status=503, trouble="away")


@pytest.mark.parametrize(
    ("away", "username"), [(_nobody, "pegawai05"), (_proxy_alone, "pegawai06"), (_no_database, "pegawai09")]
)
def test_the_kept_page_stands_still_while_nobody_answers_and_goes_on_once_somebody_does(
    site: Site, way: Proxy, away: object, username: str
) -> None:
    officer, page = site.without_marks(username), _beyond(site, way, username)
    with away(way):  # type: ignore[operator]
        page.goto("/")
        expect(page.locator("#isi > .note.warn")).to_be_visible()
        page.evaluate("window.stands = true")
        assert page.evaluate("navigator.onLine")
        page.evaluate(ONLINE)
        _tap(page, "office")
        expect(_waiting(page)).to_have_count(1)
        page.evaluate(ONLINE)
        assert page.evaluate("window.stands"), "it did not load itself again"
    page.evaluate(ONLINE)
    _wait_for_taps(page, 0)
    assert [one[:2] for one in _marks(site, officer)] == [("check_in", "late")]
    expect(page.locator("#isi > .note.warn")).to_have_count(0)


def test_the_kept_page_is_renewed_by_itself_when_nothing_waits(site: Site, way: Proxy) -> None:
    site.without_marks("pegawai07")
    page = _beyond(site, way, "pegawai07")
    with _nobody(way):
        page.goto("/")
        expect(page.locator("#isi > .note.warn")).to_be_visible()
    page.evaluate(ONLINE)
    expect(page.locator("#isi > .note.warn")).to_have_count(0)


def test_who_signs_out_without_an_answer_stays_signed_in_and_loses_nothing(site: Site, way: Proxy) -> None:
    site.without_marks("pegawai08")
    page, said = _beyond(site, way, "pegawai08"), []

    def hear(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.accept()

    page.on("dialog", hear)
    with _nobody(way):
        _tap(page, "office")
        expect(_waiting(page)).to_have_count(1)
        page.locator("details.menu summary").first.click()
        with page.expect_event("dialog", lambda one: one.type == "alert"):
            page.get_by_role("button", name="Keluar").click(no_wait_after=True)
        _wait_for_taps(page, 1)
    assert said[1].startswith("Anda belum keluar")
    page.goto("/")
    _wait_for_taps(page, 0)
    expect(page.locator("#presence-card")).to_contain_text("Kode bukti")
