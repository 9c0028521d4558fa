"""Leave, corrections, orders and disturbances on a phone: asked, decided, written and printed in a real browser."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from staffhub import clock
from staffhub.models import (
    Account,
    CorrectionKind,
    CorrectionRequest,
    CorrectionStep,
    LeaveRequest,
    LeaveState,
    Mark,
    Officer,
    Posting,
    RequestStep,
    RollCall,
)
from tests.browser import Site, demo_site, violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
HEAD = "kabid.dafduk"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


def _today() -> date:
    return clock.local_day(clock.now(), ZoneInfo("Asia/Makassar"))


def _below_the_head(site: Site, nth: int) -> Any:
    """Return (username, officer id, name) of somebody right below the head of a bidang, always in the same order."""
    above = sa.select(Account.officer_id).where(Account.username == HEAD).scalar_subquery()
    people = (
        sa.select(Account.username, Officer.id, Officer.name)
        .join(Officer, Officer.id == Account.officer_id)
        .join(Posting, (Posting.officer_id == Officer.id) & Posting.valid_to.is_(None))
        .where(Posting.superior_id == above, Account.disabled_at.is_(None), Officer.active_to.is_(None))
        .order_by(Account.username)
    )
    with site.database.reading() as db:
        return db.execute(people).all()[nth]


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_leave_is_asked_agreed_and_granted_on_a_phone(site: Site) -> None:
    username, _officer, _name = _below_the_head(site, 0)
    monday = _today() + timedelta(days=60 - _today().weekday())
    page = site.context(username)
    page.goto("/leave")
    page.locator("label:has(input[name=kind][value=annual])").click()
    # The first day comes last: the button that sends stands there only once all of it is known.
    page.locator("[name=last]").fill(f"{monday + timedelta(days=4)}")
    page.locator("[name=first]").fill(f"{monday}")
    _press(page, "Kirim pengajuan")
    page.wait_for_url(re.compile(r"/leave/\d+$"))
    _fits(page)
    address = page.url
    head = site.context(HEAD)
    head.goto(address)
    _fits(head)
    _press(head, "Setuju")
    expect(head.get_by_role("button", name="Setuju", exact=True)).to_have_count(0)
    last = site.context("kadis")
    last.goto(address)
    _press(last, "Beri cuti")
    expect(last.get_by_role("button", name="Beri cuti", exact=True)).to_have_count(0)
    with site.database.reading() as db:
        asked = sa.select(LeaveRequest.state).where(LeaveRequest.id == int(address.rsplit("/", 1)[1]))
        assert db.scalar(asked) is LeaveState.GRANTED
    page.goto("/notices")
    expect(page.locator("#notices")).to_contain_text("cuti", ignore_case=True)


def test_a_correction_is_asked_accepted_and_confirmed_on_a_phone(site: Site) -> None:
    username, officer, _name = _below_the_head(site, 1)
    asked = sa.select(CorrectionRequest.date).where(CorrectionRequest.officer_id == officer)
    with site.database.reading() as db:
        worked = sa.select(sa.func.max(Mark.date)).where(Mark.officer_id == officer, Mark.date < _today())
        day = db.scalars(worked.where(Mark.date.not_in(asked))).one()
    page = site.context(username)
    page.goto(f"/corrections/new?date={day}&kind={CorrectionKind.MODE}")
    page.locator("#claim label:has(input[name=kind][value=mode])").click()
    page.locator("#claim [name=mode]").select_option("home")
    page.locator("#claim [name=reason]").select_option("forgot")
    page.locator("#claim [name=note]").fill("Disaksikan atasan")
    page.locator("#claim button.main").click()
    expect(page.locator("#claim [name=shown]")).to_have_count(1)
    _fits(page)
    page.locator("#claim button.main").click()
    page.wait_for_url(re.compile(r"/corrections/\d+$"))
    address = page.url
    head = site.context(HEAD)
    head.goto(address)
    _fits(head)
    _press(head, "Setujui")
    expect(head.locator("#decide")).to_have_count(0)
    hr = site.context("kepegawaian")
    hr.goto(address)
    _press(hr, "Sahkan koreksi")
    expect(hr.locator("#decide")).to_have_count(0)
    with site.database.reading() as db:
        steps = sa.select(CorrectionStep.kind).where(CorrectionStep.request_id == int(address.rsplit("/", 1)[1]))
        found = db.scalars(steps.order_by(CorrectionStep.turn)).all()
    assert found == [RequestStep.ASKED, RequestStep.ACCEPTED, RequestStep.CONFIRMED]


def test_an_order_is_written_and_printed_on_a_phone(site: Site) -> None:
    _username, officer, name = _below_the_head(site, 2)
    monday = _today() + timedelta(days=60 - _today().weekday())
    page = site.context("kepegawaian")
    page.goto("/orders/new")
    page.locator("#order-find").fill(name)
    page.locator(f"#order-found input[value='{officer}']").check()
    page.locator("[name=number]").fill("ST 900/1")
    page.locator("[name=first]").fill(f"{monday}")
    page.locator("[name=last]").fill(f"{monday + timedelta(days=4)}")
    page.locator("[name=place]").fill("Manado")
    page.locator("[name=purpose]").fill("Konsultasi data")
    page.locator("form[action='/orders'] button.main").click()
    asks = page.get_by_role("button", name="Tetap tulis")
    expect(asks.or_(page.get_by_role("link", name="Cetak (PDF)"))).to_be_visible()
    if asks.count():
        _press(page, "Tetap tulis")
    page.wait_for_url(re.compile(r"/orders/\d+$"))
    _fits(page)
    expect(page.locator("main")).to_contain_text(name)
    printed = page.request.get(f"{page.url}/print")
    assert (printed.status, printed.body()[:5]) == (200, b"%PDF-")


def test_a_disturbance_that_the_program_noticed_is_confirmed_and_taken_back_on_a_phone(site: Site) -> None:
    hr = site.context("kepegawaian")
    hr.goto("/admin/outages")
    _fits(hr)
    assert violations(hr) == []
    hr.locator("main li:has(.tag.warn) a").first.click()
    hr.wait_for_url(re.compile(r"/admin/outages/\d+$"))
    _fits(hr)
    assert violations(hr) == []
    _press(hr, "Kukuhkan")
    expect(hr.locator("main header .tag").first).to_contain_text("dikukuhkan")
    hr.locator("[name=reason]").fill("Belum jelas")
    _press(hr, "Cabut kembali")
    expect(hr.locator("main header .tag").first).to_contain_text("menunggu keputusan")


def test_a_head_ticks_the_roll_call_on_a_phone_and_whoever_is_late_is_asked_for_the_time(site: Site) -> None:
    with site.database.reading() as db:
        day = db.scalars(sa.select(sa.func.max(RollCall.date))).one()
    head = site.context(HEAD)
    head.goto(f"/presence/roll-call?date={day}")
    _fits(head)
    assert violations(head) == []
    first = head.locator("fieldset.roll").first
    first.locator("[value=excused]").check()
    expect(first.locator(".came input")).to_be_hidden()
    first.locator("[value=late]").check()
    first.locator(".came input").fill("0758")
    head.locator("[name=reason]").fill("Datang sesudah apel")
    head.locator("main form[method=post] button").first.click()
    expect(head.locator(".history li").first).to_contain_text("Datang sesudah apel")
    expect(head.locator("fieldset.roll").first.locator(".came input")).to_have_value("07.58")
