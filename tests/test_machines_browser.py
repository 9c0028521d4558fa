"""The log of a fingerprint machine, from the file to the day, in a real browser: with scripts and without."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import FilePayload, Page, expect

from staffhub import clock
from staffhub.models import MachineMark
from tests.browser import Site, demo_site, violations
from tests.test_machines import DATA, log

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


def _machine(page: Page, name: str) -> None:
    page.goto("/admin/machines")
    page.get_by_label("Nama", exact=True).fill(name)
    page.get_by_role("button", name="Tambah", exact=True).click()
    page.wait_for_url("**/admin/machines/*")


def _send(page: Page, name: str, data: bytes) -> None:
    page.get_by_label("Berkas dari mesin").set_input_files(FilePayload(name=name, mimeType="text/plain", buffer=data))
    page.get_by_role("button", name="Kirim").click()
    page.wait_for_url("**/admin/machines/files/*")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_hr_sends_a_log_and_gives_a_number_to_somebody_on_a_phone(site: Site, *, script: bool) -> None:
    page = site.context("kepegawaian", java_script_enabled=script)
    name, number = ("Lobi timur", "901") if script else ("Lobi barat", "902")
    _machine(page, name)
    yesterday = (clock.now() - timedelta(days=1)).date()
    _send(
        page,
        "attlog.dat",
        log(*(f"0{number}\t{yesterday} {at}" for at in ("07:21:13", "16:04:31"))) + b"listrik mati\n",
    )
    expect(page.get_by_text("Baris 3")).to_be_visible()
    expect(page.get_by_text("listrik mati")).to_be_visible()
    page.get_by_role("link", name=name).click()
    page.get_by_label(f"Nomor 0{number}").fill("Anggreani Paat")
    page.get_by_role("button", name="Simpan nama").click()
    expect(page.get_by_text("1 nomor")).to_be_visible()
    expect(page.get_by_text(f"nomor {number}")).to_be_visible()
    with site.database.reading() as db:
        written = db.scalars(sa.select(MachineMark.written).where(MachineMark.number == number)).all()
    assert written == [f"0{number}"] * 2


@pytest.mark.parametrize(("width", "lang"), [(360, "id"), (1280, "en")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways_on_what_a_file_asks(site: Site, width: int, lang: str) -> None:
    page = site.context("kepegawaian", width=width, lang="id")
    _machine(page, f"Lobi {width}")
    _send(page, "data.csv", (DATA / "machine.csv").read_bytes())
    columns = page.url
    page.go_back()
    _send(page, "attlog.dat", log("12\t2000-01-01 00:04:11", "12\t2000-01-01 00:05:11"))
    asked = page.url
    page = site.context("kepegawaian", width=width, lang=lang)
    for address in (columns, asked, "/admin/machines", "/admin/machines/1", "/admin/machines/files/1"):
        page.goto(address)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
