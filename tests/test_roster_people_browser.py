"""The duty roster between people, press by press: a swap, somebody sick, calls to a desk; axe on each of its pages."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from staffhub import clock, workdays
from staffhub.models import (
    Account,
    Division,
    DutyCall,
    DutySwap,
    LeaveRequest,
    LeaveState,
    Officer,
    PlanMode,
    SwapState,
)
from staffhub.roster import coverage, covering
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


def _open(site: Site, username: str, *, width: int = 360, **options: Any) -> Page:
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
        asked = sa.select(DutySwap).where(DutySwap.state == SwapState.ASKED)
        there = db.scalars(asked.order_by(DutySwap.id).limit(1)).one()
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


def test_a_swap_is_asked_for_on_a_desk_without_scripts(site: Site) -> None:
    with site.database.reading() as db:
        swapping = {one for pair in db.execute(sa.select(DutySwap.officer_id, DutySwap.colleague_id)) for one in pair}
        free = sa.select(Account.username).where(Account.officer_id.not_in(swapping), Account.username != HEAD)
        people = {one.officer_id for one in coverage.serving(db, 1, _today(), _today()) if one.employment == "pns"}
        username = db.scalars(free.where(Account.username.like("pegawai%"), Account.officer_id.in_(people))).first()
    page = _open(site, username or "", width=1280, java_script_enabled=False)
    page.goto("/roster/swaps")
    page.get_by_role("link", name=re.compile("^Tukar ")).first.click()
    page.get_by_role("link", name=re.compile("^Pilih ")).first.click()
    page.get_by_label("Hari yang Anda ambil sebagai gantinya").select_option(index=0)
    _press(page, "Ajukan")
    _main(page, "Rekan Anda sudah diminta.")
    with site.database.reading() as db:
        mine = sa.select(Account.officer_id).where(Account.username == username).scalar_subquery()
        asked = db.execute(sa.select(DutySwap.state, DutySwap.takes).where(DutySwap.officer_id == mine)).all()
    assert asked == [(SwapState.ASKED, None)]


def _superior(site: Site, officer_id: int) -> str:
    with site.database.reading() as db:
        found = [one for one in coverage.serving(db, 1, _today(), _today()) if one.officer_id == officer_id]
    return _username(site, found[0].superior_id or 0)


def _alone_at_the_desk(site: Site) -> tuple[str, date]:
    """Return whose leave would empty the desk of the head's bidang, and on which day."""
    first, last = _today() + timedelta(days=1), _today() + timedelta(days=10)
    with site.database.reading() as db:
        head = sa.select(Officer.id).join(Account, Account.officer_id == Officer.id).where(Account.username == HEAD)
        people = coverage.serving(db, 1, first, last)
        division = next(one.division_id for one in people if one.officer_id == db.scalars(head).one())
        days = [first + timedelta(days=n) for n in range(10)]
        covers = covering.month_of(db, 1, division or 0, days).covers()
        cover = next(one for day in covers for one in covers[day] if one.have == one.minimum == 1)
    return _username(site, cover.there[0]), cover.day


def test_the_leave_of_somebody_who_is_needed_shows_the_lack_and_calls_somebody_in(site: Site) -> None:
    username, day = _alone_at_the_desk(site)
    phone = _open(site, username)
    phone.goto("/leave")
    phone.locator("label:has(input[name=kind][value=sick])").click()
    phone.locator("[name=last]").fill(f"{day}")
    phone.locator("[name=first]").fill(f"{day}")
    _press(phone, "Kirim pengajuan")
    phone.wait_for_url(re.compile(r"/leave/\d+$"))
    head = _open(site, HEAD, java_script_enabled=False)
    head.goto(phone.url)
    _main(head, "Batas piket tidak terjaga")
    _main(head, "dari rumah dan dapat datang")
    _press(head, "Setuju")
    last = _open(site, "kadis", width=1280)
    last.goto(phone.url)
    choice = last.get_by_label(re.compile("siapa yang menggantikan di kantor")).first
    called = int(choice.input_value().partition(".")[0])
    assert violations(last) == []
    _press(last, "Beri cuti")
    expect(last.get_by_role("button", name="Beri cuti", exact=True)).to_have_count(0)
    with site.database.reading() as db:
        leave = db.get_one(LeaveRequest, int(phone.url.rsplit("/", 1)[1]))
        assert leave.state is LeaveState.GRANTED
        assert workdays.plans(db, 1, day, day).of(called, day).mode is PlanMode.OFFICE
    told = _open(site, _username(site, called))
    told.goto("/notices")
    expect(told.locator("#notices")).to_contain_text(re.compile("kantor", re.IGNORECASE))


def test_a_stand_in_who_cannot_come_is_followed_by_another_who_does(site: Site) -> None:
    head = _open(site, "kadis")
    names = []
    for answer in ("Saya tidak dapat datang", "Saya datang"):
        head.goto("/roster/calls")
        call = head.get_by_role("button", name=re.compile("^Panggil")).first
        name = (call.inner_text().removeprefix("Panggil") or "").strip()
        call.click()
        _main(head, name)
        with site.database.reading() as db:
            who = sa.select(Account.username).join(Officer, Officer.id == Account.officer_id)
            username = db.scalars(who.where(Officer.name == name)).one()
            call_id = db.scalar(sa.select(sa.func.max(DutyCall.id)))
        phone = _open(site, username, java_script_enabled=False)
        phone.goto(f"/roster/calls/{call_id}")
        _press(phone, answer)
        names.append(name)
    assert len(set(names)) == 2
    _main(phone, "Anda direncanakan di kantor.")
    head.goto("/roster/calls")
    assert violations(head) == []
    for name in names:
        _main(head, name)
