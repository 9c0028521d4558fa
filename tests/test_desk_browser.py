"""A whole day at the desk on a phone, tap by tap: what comes in is handed out, worked off, written down and verified.

The taps of each job are counted: a tap into a field before it is typed is one too. docs/speed.md has them as a table.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from staffhub.models import Account, LogAct, Officer, ReportStep, RequestEvent, RequestState, ServiceRequest
from tests.browser import PATIENCE, Site, story_site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
HEAD, DESK = "kabid.dafduk", "pegawai01"
MESSAGE = "Selamat pagi, saya {name}, mau urus Kartu Keluarga. HP saya 0812-0007-{phone}. Terima kasih."
REMARK = "Tulis jumlah berkasnya."
TAPS = {
    "a message becomes a request": 5,
    "a visitor becomes a request": 6,
    "hand over from the row": 2,
    "hand over, and the next one": 2,
    "start checking": 2,
    "ask for papers": 2,
    "papers came": 1,
    "checked": 1,
    "ready to collect": 1,
    "collected": 1,
    "log what the day proposes": 1,
    "log a line of one's own": 3,
    "send the day": 2,
    "return a log": 3,
    "send it again": 2,
    "verify a log": 2,
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with story_site(tmp_path) as made:
        yield made


@dataclass
class Hand:
    """Somebody with a phone, who counts the own taps for each job."""

    page: Page
    taps: Counter[str] = field(default_factory=Counter)
    job: str = ""

    def tap(self, where: Locator) -> None:
        self.taps[self.job] += 1
        where.click()

    def press(self, name: str) -> None:
        self.tap(self.page.get_by_role("button", name=name, exact=True).first)

    def write(self, name: str, text: str) -> None:
        self.tap(self.page.locator(f"main [name={name}]").last)
        self.page.locator(f"main [name={name}]").last.fill(text)

    def told(self, text: str) -> None:
        """Read what was done: a toast, or a note without scripts."""
        expect(self.page.locator("body")).to_contain_text(text)

    def says(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)


def _hand(site: Site, username: str, taps: Counter[str], *, scripted: bool) -> Hand:
    """Open a phone whose presses are waited for longer: at first the demo keeps its one writer busy."""
    page = site.context(username, java_script_enabled=scripted)
    page.context.set_default_timeout(4 * PATIENCE)
    return Hand(page, taps)


def _number(page: Page) -> int:
    page.wait_for_url(re.compile(r"/requests/\d+$"))
    return int(page.url.rsplit("/", 1)[1])


def _take_in(desk: Hand, phone: str) -> tuple[int, int]:
    """One comes by message, one stands at the desk."""
    page = desk.page
    page.goto("/requests")
    desk.job = "a message becomes a request"
    desk.tap(page.get_by_role("link", name="Permohonan baru"))
    desk.tap(page.get_by_text("Baca pesan WhatsApp"))
    desk.write("message", MESSAGE.format(name="Rina Makal", phone=phone))
    desk.press("Baca")
    expect(page.locator("#request-applicant")).to_have_value("Rina M.")
    expect(page.locator("#request-phone")).to_have_value(f"08120007{phone}")
    expect(page.locator("#request-service_type")).to_have_value("family_card")
    desk.press("Catat permohonan")
    sent = _number(page)
    page.goto("/requests")
    desk.job = "a visitor becomes a request"
    desk.tap(page.get_by_role("link", name="Permohonan baru"))
    desk.tap(page.locator("#request-service_type"))
    page.locator("#request-service_type").select_option("family_card")
    desk.write("applicant", "Bpk. Tonny W.")
    desk.write("phone", f"08130007{phone}")
    desk.tap(page.get_by_text("Loket", exact=True))
    desk.press("Catat permohonan")
    return sent, _number(page)


def _hand_out(head: Hand, request_id: int) -> None:
    """From its row, and then one after the other."""
    page = head.page
    page.goto("/requests?assignee=none")
    head.job = "hand over from the row"
    head.tap(page.locator(f"a.btn[href='/requests/hand-over?pick={request_id}']"))
    head.press("Serahkan")
    page.wait_for_url("**/requests?assignee=none")
    head.told("1 permohonan diserahkan.")
    head.job = "hand over, and the next one"
    head.tap(page.get_by_role("link", name="Serahkan satu per satu"))
    page.wait_for_url("**/requests/unassigned")
    first = page.locator("main a.mono").inner_text()
    head.tap(page.locator("main form.row button.main"))
    expect(page.locator("main a.mono")).not_to_have_text(first)


def _work_off(officer: Hand, request_id: int) -> None:
    """From the list of one's own to a citizen who has the paper in hand."""
    page = officer.page
    page.goto("/requests?assignee=me")
    officer.job = "start checking"
    officer.tap(page.locator(f".phone a[href='/requests/{request_id}']"))
    officer.press("Mulai periksa")
    officer.says("Minta berkas lagi")
    _correct(page, request_id)
    officer.job = "ask for papers"
    officer.write("note", "Foto KK lama yang terbaca jelas")
    officer.press("Minta berkas lagi")
    officer.says("Yang masih kurang: Foto KK lama yang terbaca jelas.")
    for officer.job, name, comes in (
        ("papers came", "Lanjutkan pemeriksaan", "Selesai diperiksa"),
        ("checked", "Selesai diperiksa", "Sudah ditandatangani, siap diambil"),
        ("ready to collect", "Sudah ditandatangani, siap diambil", "Sudah diambil"),
        ("collected", "Sudah diambil", "Permohonan yang sudah ditutup tidak berubah lagi"),
    ):
        officer.press(name)
        officer.says(comes)


def _correct(page: Page, request_id: int) -> None:
    """The number was misheard: it is put right from the page of the request, which tells so."""
    page.get_by_role("link", name="Perbaiki data").click()
    page.wait_for_url(f"**/requests/{request_id}/correct")
    page.get_by_label("Nomor telepon baru").fill("0812 0007 9988")
    page.get_by_role("button", name="Simpan").click()
    page.wait_for_url(f"**/requests/{request_id}")
    expect(page.locator(".history")).to_contain_text("Data diperbaiki: telepon")
    expect(page.locator("#request-data")).to_contain_text("08xx-xxxx-9988")


def _write_down(officer: Hand, *, scripted: bool) -> None:
    """What the day proposes, and a line of one's own that a cut network does not take."""
    page = officer.page
    page.goto("/worklog")
    lines = page.locator("#log-card li[id^=entry-]")
    before = lines.count()
    officer.job = "log what the day proposes"
    officer.tap(page.locator("#log-proposals button[name=take]").first)
    expect(lines).to_have_count(before + 1)
    officer.job = "log a line of one's own"
    officer.write("text", "Menyusun arsip loket")
    officer.write("start", "07.40")
    if scripted:
        page.context.set_offline(True)
        page.goto("about:blank")  # the phone closes the page
        page.context.set_offline(False)
        page.goto("/worklog")
        expect(page.locator("form[data-draft] [name=text]")).to_have_value("Menyusun arsip loket")
    officer.tap(page.locator("form[data-draft] button[name=length]").first)
    expect(lines).to_have_count(before + 2)


def _send(officer: Hand, job: str) -> None:
    page = officer.page
    page.goto("/worklog")
    officer.job = job
    officer.tap(page.get_by_role("link", name="Kirim ke atasan"))
    page.wait_for_url("**/worklog/submit**")
    officer.press("Ya, kirim ke atasan")
    expect(page.locator("#log-state")).to_contain_text("Anda dapat menariknya sampai diverifikasi")


def _open_log(head: Hand, job: str, name: str) -> None:
    head.page.goto("/worklog/verify")
    head.job = job
    head.tap(head.page.get_by_role("link", name=re.compile(f"Periksa ?: {re.escape(name)}")).last)
    expect(head.page.get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.parametrize("scripted", [True, False], ids=["scripts", "plain"])
def test_a_whole_day_at_the_desk_on_a_phone(site: Site, scripted: bool) -> None:
    taps: Counter[str] = Counter()
    desk, head = (_hand(site, who, taps, scripted=scripted) for who in (DESK, HEAD))
    sent, _stood = _take_in(desk, "4417" if scripted else "4418")
    _hand_out(head, sent)
    with site.database.reading() as db:
        whose = sa.select(Account.username, Officer.name).join(Officer, Officer.id == Account.officer_id)
        of_request = sa.select(ServiceRequest.assignee_id).where(ServiceRequest.id == sent).scalar_subquery()
        username, name = db.execute(whose.where(Officer.id == of_request)).one()
    officer = _hand(site, username, taps, scripted=scripted)
    _work_off(officer, sent)
    _write_down(officer, scripted=scripted)
    _send(officer, "send the day")
    _open_log(head, "return a log", name)
    head.write("note", REMARK)
    head.press("Kembalikan dengan pesan")
    head.told(f"Dikembalikan: {name}")
    officer.page.goto("/worklog")
    expect(officer.page.locator("#log-state")).to_contain_text(REMARK)
    _send(officer, "send it again")
    _open_log(head, "verify a log", name)
    head.press("Verifikasi")
    head.told(f"Diverifikasi: {name}")
    officer.page.goto("/worklog")
    expect(officer.page.locator("#log-state")).to_contain_text("Deisy Kaunang")
    with site.database.reading() as db:
        steps = sa.select(RequestEvent.state).where(RequestEvent.request_id == sent).order_by(RequestEvent.id)
        went = list(db.scalars(steps))
        acts = list(db.scalars(sa.select(ReportStep.act).order_by(ReportStep.id.desc()).limit(4)))
    assert went[-1] is RequestState.DONE
    assert acts[::-1] == [LogAct.SUBMITTED, LogAct.RETURNED, LogAct.SUBMITTED, LogAct.VERIFIED]
    assert taps == TAPS
