"""The main job in a real browser, as the officer, the head and HR do it; then without JavaScript."""

import re
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from staffhub import clock
from staffhub.models import LogEntry, Officer
from tests.browser import Site, demo_site, npm_file, violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WITA = ZoneInfo("Asia/Makassar")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


def _newcomer(site: Site, number: int) -> str:
    """Return a staff account whose owner has no mark and no log today, whatever hour the demo was seeded at."""
    username = f"pegawai{number:02}"
    officer, today = site.without_marks(username), clock.local_day(clock.now(), WITA)
    with site.database.transaction() as db:
        db.execute(sa.text("DROP TRIGGER IF EXISTS report_step_no_delete"))
        of_report = "report_id IN (SELECT id FROM daily_report WHERE officer_id = :id)"
        db.execute(sa.text(f"DELETE FROM report_step WHERE {of_report}"), {"id": officer})  # noqa: S608
        db.execute(sa.text("DELETE FROM daily_report WHERE officer_id = :id"), {"id": officer})
        db.execute(sa.delete(LogEntry).where(LogEntry.officer_id == officer, LogEntry.date == today))
    return username


def _marks(site: Site, username: str) -> int:
    """Those since `without_marks`, of whatever day: midnight may pass while a test looks on."""
    with site.database.reading() as db:
        query = sa.text("SELECT count(*) FROM mark JOIN account USING (officer_id) WHERE username = :name")
        return int(db.scalar(query, {"name": username}) or 0)


def test_a_password_can_be_looked_at_while_it_is_typed_and_is_sent_as_one(site: Site) -> None:
    page = site.context()
    page.goto("/login")
    password = page.get_by_label("Kata sandi")
    password.fill("salah-sekali")
    expect(password).to_have_attribute("type", "password")
    page.get_by_text("Tampilkan sandi").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_text("Tampilkan sandi").click()
    expect(password).to_have_attribute("type", "password")
    page.get_by_text("Tampilkan sandi").click()
    page.get_by_label("Nama pengguna").fill("pegawai05")
    page.evaluate("document.forms[0].addEventListener('submit', e => { e.preventDefault(); })")
    page.get_by_role("button", name="Masuk").click()
    expect(password).to_have_attribute("type", "password")
    without = site.context(java_script_enabled=False)
    without.goto("/login")
    expect(without.get_by_text("Tampilkan sandi")).to_be_hidden()


def test_an_officer_signs_in_and_checks_in_with_one_tap(site: Site) -> None:
    username = _newcomer(site, 5)
    page = site.context()
    page.goto("/")
    page.get_by_label("Nama pengguna").fill(username)
    page.get_by_label("Kata sandi").fill("staffhub-demo")
    page.get_by_role("button", name="Masuk").click()
    page.locator("#presence-card .btn.main, #presence-card .btn.big").first.wait_for()
    page.locator("#presence-card button[value=office]").click()
    expect(page.locator("#presence-card")).to_contain_text("Sudah masuk")
    expect(page.locator("#toasts")).to_contain_text("Presensi masuk tercatat")
    expect(page.locator("#presence-card .receipt b")).to_have_text(re.compile(r"^\w\w-\w{3}-\w\w$"))
    assert page.url == f"{site.address}/", "htmx changed the card, not the page"
    page.goto("/board")
    assert _marks(site, username) == 1


def test_two_quick_taps_make_one_mark(site: Site) -> None:
    username = _newcomer(site, 6)
    page = site.context(username)
    page.goto("/")
    page.locator("#presence-card button[value=home]").dblclick()
    expect(page.locator("#presence-card")).to_contain_text("Sudah masuk")
    assert _marks(site, username) == 1


def test_field_duty_is_recorded_with_one_tap_and_asks_for_its_place_afterwards(site: Site) -> None:
    username = _newcomer(site, 7)
    page = site.context(username)
    page.goto("/")
    page.locator("#presence-card button[value=field]").click()
    expect(page.locator("#toasts")).to_contain_text("Presensi masuk tercatat")
    place = page.get_by_label("Tempat dan nomor surat tugas")
    place.fill("Perekaman KTP-el di kecamatan")
    page.get_by_role("button", name="Simpan tempat").click()
    expect(page.locator("#presence-card .did")).to_contain_text("Perekaman KTP-el di kecamatan")
    assert _marks(site, username) == 1


def test_the_clock_before_the_check_in_runs_by_the_servers_time(site: Site) -> None:
    page = site.context(_newcomer(site, 14))
    page.clock.install()
    page.goto("/")
    clock_face = page.locator("#presence-card .clock")
    before = clock_face.inner_text()
    page.clock.fast_forward(3 * 60 * 1000)
    hours, minutes = (int(part) for part in before.split("."))
    later = (hours * 60 + minutes + 3) % (24 * 60)
    expect(clock_face).to_have_text(re.compile(rf"^{later // 60:02}\.({later % 60:02}|{(later + 1) % 60:02})$"))


def test_the_head_schedules_a_meeting_which_becomes_ready_without_a_reload(site: Site) -> None:
    page = site.context("kadis", width=1280)
    page.goto("/meetings/new")
    day = clock.local_day(clock.now(), WITA) + timedelta(days=1)
    form = page.locator("form[action='/meetings']")
    form.locator("[name=topic]").fill("Evaluasi layanan akta")
    form.locator("[name=date]").fill(day.isoformat())
    form.locator("[name=time]").fill("10.00")
    form.locator("[name=duration]").fill("45")
    _choose(form.locator("[name=everyone]"))
    form.locator("button.main").click()
    page.wait_for_url(re.compile(r"/meetings/\d+$"))
    join = page.locator("a[href^='/join/']")
    expect(join).to_be_visible()
    expect(page.locator("main")).to_contain_text("Zoom sandbox")
    join.click()
    page.wait_for_url(re.compile(r"/j/\d+"))
    expect(page.locator("body")).to_contain_text("Zoom")
    assert site.address not in page.url


@pytest.mark.parametrize(
    ("username", "path", "chooses", "save"),
    [
        ("kabid.dafduk", "meetings", None, "Simpan rapat"),
        ("kadis", "meetings", "Semua pegawai", "Simpan rapat"),
        ("kabid.dafduk", "standups", None, "Simpan standup"),
    ],
)
@pytest.mark.parametrize("scripted", [True, False])
def test_from_today_a_meeting_or_a_standup_is_scheduled_with_four_taps_at_most_on_a_phone(
    site: Site, username: str, path: str, chooses: str | None, save: str, *, scripted: bool
) -> None:
    page = site.context(username, width=360, java_script_enabled=scripted)
    page.goto("/")
    taps = [page.get_by_role("link", name="Rapat baru")]
    if path == "standups":
        taps.append(page.get_by_role("link", name="Standup baru"))
    if chooses:
        taps.append(page.get_by_text(chooses))
    taps.append(page.get_by_role("button", name=save))
    assert len(taps) <= 4
    for number, control in enumerate(taps):
        if number:
            page.wait_for_url(re.compile(rf"/(meetings|{path})/new$"))
        assert control.count() == 1
        control.click()
    page.wait_for_url(re.compile(r"/meetings/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Pendaftaran|Dafduk|kantor"))


@pytest.mark.parametrize("path", ["/meetings/new", "/standups/new"])
def test_on_a_phone_a_new_meeting_is_a_sheet_whose_bar_leaves_room_to_type(site: Site, path: str) -> None:
    page = site.context("kabid.dafduk", width=360, java_script_enabled=False)
    page.goto(path)
    expect(page.locator(".bar")).to_be_visible()
    expect(page.locator(".nav")).to_be_hidden()
    bar = page.locator(".savebar").bounding_box()
    assert bar
    assert bar["height"] <= 80  # of 800
    assert bar["y"] + bar["height"] == 800, "at the lower edge, under the thumb"
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator(".nav")).to_be_visible()


def test_while_a_meeting_is_thought_of_the_page_tells_who_is_there_and_follows_what_is_chosen(site: Site) -> None:
    page = site.context("kadis", width=360)
    page.goto("/meetings/new")
    told = page.locator("#meeting-around .note")
    expect(told).to_have_count(0)  # nobody is chosen yet
    page.get_by_label("Pendaftaran Penduduk").check()
    expect(told).to_contain_text("di kantor")
    before = told.inner_text()
    page.get_by_label("Semua pegawai").check()
    expect(told).not_to_have_text(before)
    expect(told).to_contain_text("di kantor")


def _choose(box: "object") -> None:
    from playwright.sync_api import Locator

    assert isinstance(box, Locator)
    if box.count() and not box.first.is_checked():
        box.first.check()


def test_a_search_on_the_board_narrows_it_while_typing_and_the_back_button_returns(site: Site) -> None:
    with site.database.reading() as db:
        name = db.scalars(sa.select(Officer.name).order_by(Officer.id.desc()).limit(1)).one()
    page = site.context("kadis", width=1280)
    page.goto("/")
    page.goto("/board")
    everyone = page.locator("#people .person").count()
    page.get_by_role("searchbox").press_sequentially(name)
    expect(page.locator("#people .person")).to_have_count(1)
    expect(page.locator("#people")).to_contain_text(name)
    page.go_back()
    page.wait_for_load_state()
    page.goto("/board")
    expect(page.locator("#people .person")).to_have_count(everyone)


def test_a_tap_on_a_request_and_one_on_a_length_are_an_entry(site: Site) -> None:
    with site.database.reading() as db:
        found = sa.text(
            "SELECT username FROM account JOIN service_request ON assignee_id = account.officer_id "
            "JOIN posting ON posting.officer_id = account.officer_id AND posting.valid_to IS NULL "
            "WHERE state IN ('new', 'checking') AND posting.role = 'staff' ORDER BY username LIMIT 1"
        )
        username = str(db.scalar(found))
    _newcomer(site, int(username.removeprefix("pegawai")))
    page = site.context(username)
    page.goto("/worklog")
    page.locator("a[href*='request_id=']").first.click()
    expect(page.locator("[name=text]").first).to_have_value(re.compile(r"PM-\d{4}-\d{4}"))
    before = page.locator("#log-card li").count()
    page.locator("#log-add button[name=length][value='30']").click()
    expect(page.locator("#log-card li")).to_have_count(before + 1)
    expect(page.locator("#log-card li").last).to_contain_text("30 menit")


def test_hr_opens_a_day_from_the_month_and_adds_a_correction(site: Site) -> None:
    page = site.context("kepegawaian", width=1280)
    page.goto("/attendance")
    page.locator(".sheet td a").first.click()
    page.wait_for_url(re.compile(r"/attendance/\d+/\d{4}-\d\d-\d\d"))
    form = page.locator("form[action='/corrections']").last
    form.locator("[name=kind]").select_option("check_in")
    form.locator("[name=reason]").select_option("forgot")
    form.locator("[name=time]").fill("25.00")
    form.locator("[name=note]").fill("Lupa, disaksikan atasan")
    form.locator("button.main").click()
    expect(page.locator("[name=time]").last).to_have_attribute("aria-invalid", "true")
    form = page.locator("form[action='/corrections']").last
    form.locator("[name=time]").fill("07.31")
    form.locator("button.main").click()
    expect(page.locator("main")).to_contain_text("Lupa, disaksikan atasan")


def test_the_month_is_exported_as_a_sheet(site: Site) -> None:
    page = site.context("kepegawaian", width=1280)
    page.goto("/attendance")
    with page.expect_download() as download:
        page.locator("a[href*='format=csv']").first.click()
    content = download.value.path().read_text("utf-8-sig")
    assert len(content.splitlines()) > 42


def test_the_page_changed_by_a_stranger_on_the_cdn_is_not_run_and_everything_still_works(site: Site) -> None:
    username = _newcomer(site, 9)
    page = site.context(username, cdn=npm_file("htmx.org-4", "dist/htmx.min.js") + b"// changed")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/")
    page.locator("#presence-card button[value=office]").click()
    expect(page.locator("main")).to_contain_text("Sudah masuk")
    assert any("integrity" in text for text in said), said
    assert page.evaluate("typeof htmx") == "undefined"


@pytest.mark.parametrize("how", [{"cdn": None}, {"java_script_enabled": False}], ids=["cdn blocked", "no javascript"])
def test_the_whole_day_works_without_scripts(site: Site, how: dict[str, object]) -> None:
    username = _newcomer(site, 11 if "cdn" in how else 12)
    page = site.context(username, **how)
    page.goto("/")
    page.locator("#presence-card button[value=home]").click()
    expect(page.locator("main")).to_contain_text("Presensi masuk tercatat")
    page.goto("/worklog")
    form = page.locator("form:has([name=start])").last
    form.locator("[name=text]").fill("Memeriksa berkas KK")
    form.locator("[name=start]").fill("07.20")
    form.locator("[name=end]").fill("07.55")
    form.locator("button.main, button.btn").last.click()
    expect(page.locator("main")).to_contain_text("Memeriksa berkas KK")
    page.goto("/")
    page.locator("form[action='/presence/check-out'] button").click()
    sure = page.get_by_role("button", name="Ya, presensi pulang")
    recorded = page.get_by_text("Presensi pulang tercatat")
    expect(sure.or_(recorded).first).to_be_visible()
    if sure.count():  # before four o'clock
        sure.click()
    expect(recorded.first).to_be_visible()
    assert _marks(site, username) == 2


def test_everything_on_the_start_page_is_reached_by_keyboard(site: Site) -> None:
    page = site.context(_newcomer(site, 13), width=1280)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _step in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
    assert any('value="office"' in one for one in reached)
    assert any("<summary" in one for one in reached)


PAGES = (
    ("pegawai01", "/"),
    ("pegawai01", "/worklog"),
    ("pegawai01", "/requests"),
    ("pegawai01", "/requests?new=1"),
    ("pegawai01", "/me/month"),
    ("pegawai01", "/worklog/summary"),
    ("pegawai01", "/account"),
    ("pegawai01", "/tidak-ada"),
    ("kadis", "/"),
    ("kadis", "/board"),
    ("kepegawaian", "/board?mode=pending"),
    ("kadis", "/meetings"),
    ("kadis", "/requests/times"),
    ("kabid.dafduk", "/roster"),
    ("kabid.dafduk", "/roster/3"),
    ("kepegawaian", "/attendance"),
    ("kepegawaian", "/corrections"),
    ("kepegawaian", "/people"),
    ("kepegawaian", "/people/5"),
    ("kepegawaian", "/admin/holidays"),
    ("kepegawaian", "/admin/rules"),
    ("kepegawaian", "/admin/rules/7"),
    ("kepegawaian", "/admin/rules/new/work_hours"),
    ("kepegawaian", "/admin/outages"),
    ("kepegawaian", "/admin/places"),
    (None, "/login"),
)


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize(("username", "path"), PAGES, ids=[path for _user, path in PAGES])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(site: Site, username: str | None, path: str, lang: str) -> None:
    scheme = "dark" if lang == "en" else "light"
    page = site.context(username, width=360, lang=lang, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(path)
    if path == "/tidak-ada":
        said.clear()  # the browser's own word about the 404
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert violations(page) == []
    assert said == []


def test_no_swap_makes_the_browser_complain(site: Site) -> None:
    """What a content policy or a script finds fault with stands in the console and nowhere else."""
    said: list[str] = []

    def watched(username: str, path: str) -> Page:
        page = site.context(username, width=1280)
        page.on("console", lambda message: said.append(f"{path}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"{path}: {error}"))
        page.goto(path)
        return page

    page = watched(_newcomer(site, 15), "/")
    page.locator("#presence-card button[value=field]").click()
    page.get_by_label("Tempat dan nomor surat tugas").fill("Kec. Ratahan")
    page.get_by_role("button", name="Simpan tempat").click()
    expect(page.locator("#toasts")).to_contain_text("Tercatat: Kec. Ratahan")
    page.locator("form[action='/presence/check-out'] button").click()
    expect(page.locator("#presence-card")).to_contain_text(re.compile("Sudah pulang|lebih cepat"))
    for username, path, rows in (
        ("kadis", "/board", "#people"),
        ("pegawai01", "/requests", "#requests-found"),
        ("kepegawaian", "/people", "#people-rows"),
    ):
        page = watched(username, path)
        page.get_by_role("searchbox").press_sequentially("an")
        page.wait_for_url(re.compile(r"q=an"))
        expect(page.locator(rows)).to_be_visible()
        page.go_back()
    for username, path in (("kepegawaian", "/attendance"), ("kepegawaian", "/roster"), ("kadis", "/meetings")):
        watched(username, path)
    assert said == []


def test_below_the_exceptions_of_a_head_stands_the_office_in_one_picture(site: Site) -> None:
    page = site.context("kadis")
    page.goto("/")
    assert page.locator("#p-flow-title").count() == 0, "nothing waits for it"
    page.get_by_role("link", name="Kantor dalam satu gambar").scroll_into_view_if_needed()
    page.mouse.wheel(0, 4000)
    expect(page.get_by_role("heading", name="Permohonan masuk dan keluar")).to_be_visible()
    expect(page.locator("svg[aria-labelledby^=p-people]")).to_have_count(1)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_month_prints_without_the_bar_and_with_its_letterhead(site: Site) -> None:
    page = site.context("kepegawaian", width=1280)
    page.goto("/attendance")
    page.emulate_media(media="print")
    assert not page.locator("header.bar").is_visible()
    assert page.locator(".paper").first.is_visible()


def test_a_month_on_a_phone_opens_at_today(site: Site) -> None:
    page = site.context("kepegawaian")
    page.goto("/attendance")
    today = page.locator("#month-sheet thead .today").bounding_box()
    names = page.locator("#month-sheet thead th").first.bounding_box()
    assert today
    assert names
    assert names["x"] + names["width"] <= today["x"] <= 360 - today["width"]


def test_hr_sees_what_a_correction_makes_of_the_day_in_its_place(site: Site) -> None:
    page = site.context("kepegawaian")
    page.goto("/attendance")
    page.locator(".queue a.btn").first.click()
    # Until the page is whole, an option that is still to come and is marked as chosen takes the choice back.
    page.wait_for_url(re.compile(r"/attendance/\d+/\d{4}-\d\d-\d\d"))
    page.wait_for_load_state("networkidle")
    page.select_option("#correction-kind", "leave")
    page.click("button[name=preview]")
    expect(page.locator("#koreksi .note .key")).to_have_text(["C"])  # it said what was proposed before
    assert page.url.endswith("#koreksi"), "the page was not left"
