"""Meetings through HTTP: the head schedules, Zoom is told, people join."""

import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import zoom_server
from zoom_server import ZoomSandbox

import staffhub
from staffhub.db import Base
from staffhub.meetings import joining, sync
from staffhub.models import (
    AuditEvent,
    Division,
    Holiday,
    HolidayKind,
    JoinClick,
    Meeting,
    MeetingInvite,
    Occurrence,
    Office,
    RuleKind,
    RuleSet,
    ZoomTask,
)
from staffhub.settings import Settings
from tests.conftest import MORNING, World, add_officer, count_queries
from tests.page_forms import form_of

zoom_sandbox_server = zoom_server.zoom_sandbox_server

HTMX = {"HX-Request": "true"}
SEEN = {"version": "1"}


@pytest.fixture
def sandbox(zoom_sandbox_server: ZoomSandbox) -> ZoomSandbox:
    assert zoom_sandbox_server.request("POST", "/sandbox/reset").status_code == 204
    zoom_sandbox_server.clock.time = MORNING
    return zoom_sandbox_server


@pytest.fixture
def settings(settings: Settings, sandbox: ZoomSandbox) -> Settings:
    return settings.model_copy(
        update={
            "zoom_account_id": sandbox.account.account_id,
            "zoom_client_id": sandbox.account.client_id,
            "zoom_client_secret": type(settings.zoom_client_secret)(sandbox.account.client_secret),
            "zoom_base_uri": sandbox.server.base_uri,
            "zoom_oauth_uri": sandbox.server.oauth_uri,
        }
    )


class Page(HTMLParser):
    """Ids, form fields, links and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fields: list[dict[str, str]] = []
        self.said: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attrs}
        self.ids.add(about.get("id", ""))
        if tag == "a":
            self.links.append(about.get("href", ""))
        if tag in {"input", "textarea", "select", "button"}:
            self.fields.append({"tag": tag} | about)

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())

    def value(self, id: str) -> str:
        return next(field.get("value", "") for field in self.fields if field.get("id") == id)


def _payload(**overrides: Any) -> dict[str, Any]:
    usual = {"topic": "Evaluasi akta", "date": "2026-11-25", "time": "14.00", "duration": "45", "everyone": "1"}
    return {name: value for name, value in (usual | {"idempotency_key": str(uuid4())} | overrides).items() if value}


def _standup(**overrides: Any) -> dict[str, Any]:
    usual = {"topic": "Apel pagi", "date": "2026-11-23", "time": "08.30", "duration": "15", "count": "4"}
    return _payload(**usual | {"weekday": ["mon", "wed"]} | overrides)


def _schedule(world: World, name: str = "dewi", path: str = "/meetings", **overrides: Any) -> str:
    make = _standup if path == "/standups" else _payload
    answer = world.client(name).post(path, data=make(**overrides))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _tick(world: World) -> None:
    sync.run_due(world.database, world.app.state.work.zoom, now=world.now, host="")


def _token(world: World, username: str) -> str:
    officer_id = world.officer_id(username)
    with world.database.reading() as db:
        query = sa.select(MeetingInvite.id, MeetingInvite.token, Meeting.starts_on).join(Meeting)
        return joining.token_for(*db.execute(query.where(MeetingInvite.officer_id == officer_id)).one())


def _clicks(world: World) -> int:
    with world.database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(JoinClick)) or 0


def _division(world: World, code: str) -> int:
    with world.database.reading() as db:
        return db.scalars(sa.select(Division.id).where(Division.code == code).order_by(Division.id)).first() or 0


def test_the_head_schedules_zoom_is_told_and_an_officer_joins(world: World, sandbox: ZoomSandbox) -> None:
    address = _schedule(world)
    ben = world.client("ben")
    waiting = ben.get(address)
    assert "Menunggu Zoom" in Page(waiting.text).text
    assert 'hx-trigger="every 3s"' in waiting.text
    _tick(world)
    ready = Page(ben.get(address).text)
    token = _token(world, "ben")
    assert f"/join/{token}" in ready.links
    assert "Siap" in ready.text
    world.at(at := datetime(2026, 11, 25, 5, 50, tzinfo=UTC))  # ten minutes before it begins
    joined = ben.get(f"/join/{token}")
    assert (joined.status_code, joined.headers["location"]) == (303, sandbox.meetings()[0]["join_url"])
    with world.database.reading() as db:
        click = db.scalars(sa.select(JoinClick)).one()
    assert (click.officer_id, click.date, click.at) == (world.officer_id("ben"), date(2026, 11, 25), at)


DURING = datetime(2026, 11, 25, 6, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "counts"),
    [(-24 * 60, False), (-31, False), (-30, True), (0, True), (44, True), (74, True), (75, False), (164, False)],
)
def test_a_click_counts_from_half_an_hour_before_the_start_to_half_an_hour_after_the_end(
    world: World, sandbox: ZoomSandbox, minutes: int, counts: bool
) -> None:
    _schedule(world)  # 14.00 WITA, 45 minutes
    _tick(world)
    world.at(datetime(2026, 11, 25, 6, tzinfo=UTC) + timedelta(minutes=minutes))
    answer = world.client("ben").get(f"/join/{_token(world, 'ben')}")
    # Whoever comes at another hour is led to Zoom all the same.
    assert (answer.status_code, answer.headers["location"]) == (303, sandbox.meetings()[0]["join_url"])
    assert _clicks(world) == counts


def test_a_meeting_that_is_over_promises_no_record_of_a_click_on_hari_ini(world: World, sandbox: ZoomSandbox) -> None:
    _schedule(world)  # 14.00 WITA, 45 minutes
    _tick(world)
    promised = "Klik Anda tercatat sejak setengah jam sebelum mulai"
    world.at(DURING)
    assert promised in world.client("ben").get("/").text
    world.at(DURING + timedelta(hours=2))
    page = world.client("ben").get("/").text
    assert "selesai" in page
    assert promised not in page


def test_only_a_person_who_opens_the_way_in_leaves_a_click(world: World, sandbox: ZoomSandbox) -> None:
    _schedule(world)
    _tick(world)
    world.at(DURING)
    ben, way = world.client("ben"), f"/join/{_token(world, 'ben')}"
    assert ben.head(way).status_code == 303
    for ahead in ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Purpose": "preview"}):
        answer = ben.get(way, headers=ahead)
        assert (answer.status_code, answer.content) == (503, b"")
    assert ben.get(way, headers={"Sec-Fetch-Mode": "cors"}).status_code == 303
    assert "Apel" not in world.client().get(way).text  # a messenger's preview
    assert _clicks(world) == 0
    assert ben.get(way, headers={"Sec-Fetch-Mode": "navigate"}).status_code == 303
    assert _clicks(world) == 1


def test_asking_with_head_leaves_no_trace_of_having_read(world: World) -> None:
    officer, hana = world.officer_id("ben"), world.client("hana")

    def audited() -> int:
        with world.database.reading() as db:
            return db.scalar(sa.select(sa.func.count(AuditEvent.id)).where(AuditEvent.verb == "day.read")) or 0

    before = audited()
    path = f"/attendance/{officer}/2026-11-23"
    assert hana.head(path).status_code == 200
    assert audited() == before


def test_a_standup_is_scheduled_on_chosen_weekdays(world: World, sandbox: ZoomSandbox) -> None:
    address = _schedule(world, path="/standups")
    _tick(world)
    page = Page(world.client("cy").get(address).text)
    assert "Senin, 23 November 2026 – Rabu, 2 Desember 2026" in page.text
    assert "4 tanggal" in page.text
    assert len(sandbox.meetings()[0]["occurrences"]) == 4


def test_a_standups_first_date_may_be_called_from(world: World) -> None:
    assert _schedule(world, path="/standups", date=None, **{"from": "2026-11-24"})


def _add_holiday(world: World, day: date) -> None:
    with world.database.transaction() as db:
        office = db.scalars(sa.select(Office.id).order_by(Office.id)).first()
        holiday = {"office_id": office, "date": day, "name": "Hari Uji", "source": "test"}
        db.execute(sa.insert(Holiday).values(kind=HolidayKind.LOCAL, **holiday))


def test_the_dates_can_be_checked_before_saving_with_holidays_marked(world: World) -> None:
    _add_holiday(world, date(2026, 11, 25))
    dewi = world.client("dewi")
    page = Page(dewi.post("/standups", data=_standup(preview="1")).text)
    assert "4 tanggal, belum tersimpan" in page.text
    assert "hari libur: Hari Uji" in page.text
    assert page.value("standup-topic") == "Apel pagi"
    refused = dewi.post("/standups", data=_standup(preview="1", count="299"))
    assert (refused.status_code, "standup-count-error" in Page(refused.text).ids) == (422, True)
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 0


@pytest.mark.parametrize(
    ("path", "field", "wrong"),
    [
        ("/meetings", "topic", {"topic": None}),
        ("/meetings", "date", {"date": "25/11/2026"}),
        ("/meetings", "date", {"date": "0001-01-01"}),
        ("/meetings", "date", {"date": "9999-12-31"}),
        ("/meetings", "time", {"time": "pagi"}),
        ("/meetings", "time", {"date": "2026-11-23", "time": "06.00"}),
        ("/meetings", "duration", {"duration": "9" * 30}),
        ("/meetings", "agenda", {"agenda": "x" * 1901}),
        ("/meetings", "division", {"everyone": None}),
        ("/standups", "weekday", {"weekday": None}),
        ("/standups", "count", {"count": "261"}),
        ("/standups", "until", {"until": "2026-11-01"}),
    ],
)
def test_a_form_that_is_not_right_comes_back_with_what_was_typed(
    world: World, path: str, field: str, wrong: dict[str, Any]
) -> None:
    make = _standup if path == "/standups" else _payload
    answer = world.client("dewi").post(path, data=make(**{"topic": "Judul ketikan"} | wrong))
    page = Page(answer.text)
    name = "standup" if path == "/standups" else "meeting"
    assert answer.status_code == 422
    assert f"{name}-{field}-error" in page.ids
    assert page.value(f"{name}-topic") == ("Judul ketikan" if field != "topic" else "")
    assert answer.text.count("<title>Belum tepat:") == 1
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 0


def test_a_form_sent_again_for_another_meeting_is_told_and_can_be_saved(world: World) -> None:
    dewi, payload = world.client("dewi"), _payload()
    first = dewi.post("/meetings", data=payload).headers["location"]
    told = dewi.post("/meetings", data=payload | {"topic": "Rapat yang lain"})
    assert told.status_code == 409
    assert Page(told.text).value("meeting-topic") == "Rapat yang lain"
    key = next(one["value"] for one in Page(told.text).fields if one.get("name") == "idempotency_key")
    saved = dewi.post("/meetings", data=payload | {"topic": "Rapat yang lain", "idempotency_key": key})
    assert saved.status_code == 303
    assert saved.headers["location"] != first


def test_the_same_form_sent_twice_makes_one_meeting_and_says_so(world: World) -> None:
    dewi, payload = world.client("dewi"), _payload()
    first = dewi.post("/meetings", data=payload)
    again = dewi.post("/meetings", data=payload)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    assert "sudah tersimpan sebelumnya" in dewi.get(again.headers["location"]).text


def test_only_heads_have_the_forms_and_may_send_them(world: World) -> None:
    for name, may in (("dewi", True), ("ana", True), ("ben", False), ("hana", False), ("adi", False)):
        for path in ("/", "/meetings"):
            links = Page(world.client(name).get(path).text).links
            assert ("/meetings/new" in links) is may
        assert ("/standups/new" in links) is may
        if not may:
            assert world.client(name).get("/meetings/new").status_code == 403
            assert world.client(name).get("/standups/new").status_code == 403
            assert world.client(name).post("/meetings", data=_payload()).status_code == 403
            assert world.client(name).post("/standups", data=_standup()).status_code == 403
    nobody = world.client().get("/meetings")
    assert (nobody.status_code, nobody.headers["location"]) == (303, "/login?next=%2Fmeetings")


def test_a_division_head_is_offered_and_given_the_own_division_only(world: World) -> None:
    ana = world.client("ana")
    page = Page(ana.get("/meetings/new").text)
    offered = {field["value"] for field in page.fields if field.get("name") == "division"}
    own = _division(world, "population_registration")
    assert offered == {str(own)}
    assert "meeting-everyone" not in page.ids
    assert ana.post("/meetings", data=_payload()).status_code == 422
    other = _payload(everyone=None, officer=str(world.officer_id("cy")))
    assert ana.post("/meetings", data=other).status_code == 403
    assert ana.post("/meetings", data=_payload(everyone=None, officer=str(10**30))).status_code == 422
    assert _schedule(world, "ana", everyone=None, division=str(own))


def test_who_may_open_a_meeting(world: World) -> None:
    officers = _schedule(world, everyone=None, officer=str(world.officer_id("cy")))
    codes = {name: world.client(name).get(officers).status_code for name in ("dewi", "cy", "hana", "adi")}
    assert codes == {"dewi": 200, "cy": 200, "hana": 200, "adi": 200}
    assert [world.client(name).get(officers).status_code for name in ("ben", "ana", "oka")] == [403, 403, 404]
    assert world.client("ben").get("/meetings/999").status_code == 404
    assert "Evaluasi akta" not in world.client("ben").get("/meetings").text
    assert "Evaluasi akta" in world.client("cy").get("/meetings").text
    divisions = _schedule(
        world, "ana", topic="Rapat bidang", everyone=None, division=str(_division(world, "population_registration"))
    )
    assert world.client("cy").get(divisions).status_code == 403
    assert "Rapat bidang" in world.client("ana").get("/meetings").text


def test_verbs_on_a_meeting_are_refused_to_everybody_else(world: World) -> None:
    address = _schedule(world)
    for name, status in (("ben", 403), ("ana", 403), ("hana", 403), ("oka", 403)):
        client = world.client(name)
        for verb in ("edit", "cancel", "retry"):
            assert client.post(f"{address}/{verb}", data=_payload(version="1")).status_code == status
        for page in ("edit", "cancel"):
            assert client.get(f"{address}/{page}").status_code == status
    cross = world.client("dewi", **{"Sec-Fetch-Site": "cross-site"})
    assert cross.post(f"{address}/cancel", data=SEEN).status_code == 403
    assert "Dibatalkan" not in world.client("dewi").get(address).text


def test_an_edit_reaches_zoom(world: World, sandbox: ZoomSandbox) -> None:
    address, dewi = _schedule(world), world.client("dewi")
    _tick(world)
    page = Page(dewi.get(f"{address}/edit").text)
    assert (page.value("edit-topic"), page.value("edit-time")) == ("Evaluasi akta", "14.00")
    version = next(field["value"] for field in page.fields if field.get("name") == "version")
    answer = dewi.post(f"{address}/edit", data=_payload(topic="Evaluasi KK", time="15.30", version=version))
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    _tick(world)
    assert sandbox.meetings()[0]["topic"] == "Evaluasi KK"
    assert sandbox.meetings()[0]["start_time"] == "2026-11-25T07:30:00Z"


def test_an_edit_of_an_older_version_is_a_409_with_what_was_typed(world: World) -> None:
    address, dewi = _schedule(world), world.client("dewi")
    assert dewi.post(f"{address}/edit", data=_payload(topic="Dari kantor", version="1")).status_code == 303
    answer = dewi.post(f"{address}/edit", data=_payload(topic="Dari rumah", version="1"))
    page = Page(answer.text)
    assert answer.status_code == 409
    assert page.value("edit-topic") == "Dari rumah"
    assert "Dari kantor" in page.text
    again = next(field["value"] for field in page.fields if field.get("name") == "version")
    assert dewi.post(f"{address}/edit", data=_payload(topic="Dari rumah", version=again)).status_code == 303


def test_an_edit_that_breaks_a_rule_comes_back(world: World) -> None:
    address, dewi = _schedule(world, path="/standups"), world.client("dewi")
    for wrong, field in (({"count": "0"}, "count"), ({"duration": "x"}, "duration"), ({"everyone": None}, "division")):
        answer = dewi.post(f"{address}/edit", data=_standup(version="1") | {"everyone": ""} | _standup(**wrong))
        assert answer.status_code == 422
        answer = dewi.post(f"{address}/edit", data=_standup(version="1", **wrong))
        assert (answer.status_code, f"edit-{field}-error" in Page(answer.text).ids) == (422, True)


def test_a_series_that_has_begun_keeps_its_dates_in_the_form(world: World, sandbox: ZoomSandbox) -> None:
    address = _schedule(world, path="/standups")
    _tick(world)
    sandbox.clock.time = MORNING + timedelta(days=1)
    world.at(MORNING + timedelta(days=1))
    dewi = world.client("dewi")
    page = Page(dewi.get(f"{address}/edit").text)
    assert "edit-date" not in page.ids
    names = ("version", "date", "time", "count", "weekday", "until")
    hidden = {name: [f["value"] for f in page.fields if f.get("name") == name] for name in names}
    answer = dewi.post(f"{address}/edit", data=_standup(topic="Apel", duration="20") | hidden)
    assert answer.status_code == 303, answer.text
    _tick(world)
    assert sandbox.meetings()[0]["topic"] == "Apel"
    assert len(sandbox.meetings()[0]["occurrences"]) == 4


def test_a_standup_goes_on_by_itself_unless_somebody_gives_it_an_end(world: World) -> None:
    dewi = world.client("dewi")
    form = form_of(dewi.get("/standups/new").text, "/standups")
    assert (form.get("count"), form.get("until")) == ([""], [""])
    preview = Page(dewi.post("/standups", data=form | {"preview": "1", "everyone": "1"}).text).text
    assert "Berlanjut tanpa tanggal akhir, belum tersimpan" in preview
    assert "selanjutnya ditambahkan otomatis" in preview
    address = _schedule(world, path="/standups", count=None)
    assert "sejak Senin, 23 November 2026, tanpa tanggal akhir" in Page(dewi.get(address).text).text
    assert "Seri berlanjut otomatis" in Page(world.client("ben").get(address).text).text
    world.at(MORNING + timedelta(days=1))
    page = Page(dewi.get(f"{address}/edit").text)
    assert page.value("edit-until") == ""
    wish = _standup(version="1", count=None, until="2026-11-23")
    refused = dewi.post(f"{address}/edit", data=wish)
    assert (refused.status_code, "edit-until-error" in Page(refused.text).ids) == (422, True)
    assert dewi.post(f"{address}/edit", data=wish | {"until": "2026-12-09"}).status_code == 303
    assert "Rabu, 9 Desember 2026" in Page(dewi.get(address).text).text
    assert Page(dewi.get(f"{address}/edit").text).value("edit-until") == "2026-12-09"


def test_cancelling_asks_first_and_reaches_zoom(world: World, sandbox: ZoomSandbox) -> None:
    address, dewi = _schedule(world), world.client("dewi")
    _tick(world)
    asked = Page(dewi.get(f"{address}/cancel").text)
    assert "Batalkan rapat ini?" in asked.text
    assert len(sandbox.meetings()) == 1
    assert dewi.post(f"{address}/cancel", data=SEEN).status_code == 303
    _tick(world)
    assert sandbox.meetings() == []
    assert "Dibatalkan" in Page(dewi.get(address).text).text
    token = _token(world, "ben")
    answer = world.client("ben").get(f"/join/{token}")
    assert (answer.status_code, "Dibatalkan" in answer.text, _clicks(world)) == (409, True, 0)
    week = dewi.get("/meetings").text
    assert 'class="meeting off"' in week
    for closed in ("edit", "cancel"):
        assert dewi.get(f"{address}/{closed}").headers["location"] == address
    assert dewi.post(f"{address}/edit", data=_payload(version="2")).status_code == 409


def test_a_cancelled_standup_crosses_out_only_what_was_left(world: World) -> None:
    address = _schedule(world, path="/standups")
    world.at(MORNING + timedelta(days=1))
    dewi = world.client("dewi")
    dewi.post(f"{address}/cancel", data=SEEN)
    assert dewi.get("/meetings").text.count('class="meeting off"') == 1


def test_a_way_in_is_personal(world: World, sandbox: ZoomSandbox) -> None:
    _schedule(world)
    _tick(world)
    token = _token(world, "ben")
    assert world.client("cy").get(f"/join/{token}").status_code == 403
    assert world.client("dewi").get(f"/join/{token}").status_code == 403
    assert world.client("oka").get(f"/join/{token}").status_code == 404
    assert world.client("ben").get("/join/unknown").status_code == 404
    assert world.client("ben").get(f"/join/{token[:-1]}{'B' if token[-1] == 'A' else 'A'}").status_code == 404
    assert _clicks(world) == 0


def test_before_zoom_answers_the_way_in_says_to_wait(world: World) -> None:
    _schedule(world)
    answer = world.client("ben").get(f"/join/{_token(world, 'ben')}")
    assert (answer.status_code, "Menunggu Zoom" in answer.text, _clicks(world)) == (409, True, 0)


def test_while_zoom_is_down_the_meeting_stands_with_reason_and_next_try(world: World, sandbox: ZoomSandbox) -> None:
    sandbox.fault("status", path_prefix="/oauth/token", times=9, status=503, body="down")
    address = _schedule(world)
    _tick(world)
    for day in range(1, 4):
        world.at(MORNING + timedelta(minutes=day * 6))
        _tick(world)
    dewi = world.client("dewi")
    page = Page(dewi.get(address).text)
    assert "Zoom sedang tidak terjangkau" in page.text
    assert re.search(r"Percobaan berikutnya pukul 07\.\d\d WITA", page.text)
    assert page.text.count("Rapat tersimpan dan undangannya berlaku") == 1
    assert address in page.links  # to reload without a script
    assert 'hx-trigger="every 30s"' in dewi.get(address).text
    assert "percobaan berikutnya pukul" in dewi.get("/meetings").text
    english = world.client("dewi")
    english.cookies.set("staffhub_locale", "en")
    assert "Zoom cannot be reached right now" in english.get(address).text


def test_a_refusal_shows_its_reason_and_a_button_to_try_again(world: World, sandbox: ZoomSandbox) -> None:
    body = {"code": 300, "message": "Validation Failed.", "errors": [{"field": "topic", "message": "No."}]}
    sandbox.fault("status", method="POST", path_prefix="/v2/users", status=400, body=body)
    address, dewi = _schedule(world), world.client("dewi")
    _tick(world)
    for path in (address, "/meetings"):
        page = Page(dewi.get(path).text)
        assert "Gagal dibuat di Zoom" in page.text
        assert "Belum diterima Zoom: perihal." in page.text
    assert "1 rapat perlu Anda" in Page(dewi.get("/meetings").text).text
    assert "perlu Anda" not in Page(world.client("ben").get("/meetings").text).text
    assert f"{address}/retry" not in world.client("ben").get(address).text
    assert dewi.post(f"{address}/retry", data=SEEN).headers["location"] == address
    _tick(world)
    assert "Siap" in Page(dewi.get(address).text).text


def test_a_meeting_gone_from_zoom_is_offered_again(world: World, sandbox: ZoomSandbox) -> None:
    address, dewi = _schedule(world), world.client("dewi")
    with world.database.transaction() as db:
        db.execute(sa.update(Meeting).values(state="failed", trouble="gone", zoom_id=8))
        db.execute(sa.update(ZoomTask).values(state="done"))
    page = Page(dewi.get(address).text)
    assert "Hilang dari Zoom" in page.text
    assert "Buat lagi" in page.text
    dewi.post(f"{address}/retry", data=SEEN)
    _tick(world)
    assert len(sandbox.meetings()) == 1


def test_the_state_card_polls_itself_until_there_is_news(world: World) -> None:
    address, ben = _schedule(world), world.client("ben")
    match = re.search(r'hx-get="([^"]+)"', ben.get(address).text)
    assert match
    again = match[1].replace("&amp;", "&")
    unchanged = ben.get(again, headers=HTMX)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert ben.get(again).status_code == 200
    _tick(world)
    news = ben.get(again, headers=HTMX)
    assert (news.status_code, "<html" in news.text) == (200, False)
    assert 'id="meeting-state"' in news.text
    assert "hx-trigger" not in news.text
    assert f"/join/{_token(world, 'ben')}" in Page(news.text).links


def test_the_sandbox_is_named_wherever_a_meeting_is_shown(world: World) -> None:
    address = _schedule(world)
    _tick(world)
    for path in (address, "/meetings", f"{address}/cancel", f"{address}/edit"):
        assert "Zoom sandbox" in world.client("dewi").get(path).text
    card = world.client("ben").get(address, headers=HTMX).text
    assert "Zoom sandbox" in card


def test_no_link_or_passcode_reaches_the_log_or_the_audit_trail(
    world: World, sandbox: ZoomSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    _schedule(world)
    _tick(world)
    token = _token(world, "ben")
    world.client("ben").get(f"/join/{token}")
    made, logged = sandbox.meetings()[0], capsys.readouterr()
    with world.database.reading() as db:
        audited = str([event.facts for event in db.scalars(sa.select(AuditEvent))])
    for secret in (made["join_url"], made["password"], token, made["start_url"]):
        assert secret not in logged.out + logged.err + audited


def test_weeks_can_be_turned_and_odd_ones_are_refused(world: World) -> None:
    _schedule(world)
    dewi = world.client("dewi")
    page = Page(dewi.get("/meetings?week=2026-W48").text)
    assert "Evaluasi akta" in page.text
    assert {"/meetings?week=2026-W47", "/meetings?week=2026-W49"} <= set(page.links)
    assert "Tidak ada rapat pada minggu ini." in Page(dewi.get("/meetings?week=2026-W49").text).text
    for odd in ("2026-W60", "x", "0000-W01", "9999-W53", "2026-W4800", "0001-W01", "9999-W52"):
        assert dewi.get(f"/meetings?week={odd}").status_code == 422
    assert dewi.get("/standups").headers["location"] == "/meetings"


def test_a_meeting_that_is_over_offers_nothing(world: World) -> None:
    address = _schedule(world)
    _tick(world)
    world.at(datetime(2026, 11, 27, 1, tzinfo=UTC))
    page = Page(world.client("dewi").get(address).text)
    assert "Rapat ini sudah selesai." in page.text
    assert not {f"{address}/edit", f"{address}/cancel"} & set(page.links)
    assert world.client("dewi").post(f"{address}/cancel", data=SEEN).status_code == 409


def _crowd(world: World, people: int) -> None:
    with world.database.transaction() as db:
        office = db.scalars(sa.select(Office).order_by(Office.id)).first()
        assert office
        for number in range(100, 100 + people):
            add_officer(db, office, number=str(number), name=f"Pegawai Nomor {number}")


@pytest.mark.parametrize("people", [35, 400])
def test_the_pages_stay_within_their_budget(world: World, people: int) -> None:
    _crowd(world, people)
    address = _schedule(world, path="/standups", weekday=["mon", "tue", "wed", "thu", "fri"], count="20")
    for n in range(6):
        _schedule(world, topic=f"Rapat {n}", date=f"2026-11-2{4 + n % 3}")
    dewi = world.client("dewi")
    new = ("/meetings/new", "/standups/new", "/meetings/guests?find=pegawai")
    for path in ("/meetings", address, f"{address}/edit", f"{address}/cancel", *new):
        dewi.get(path, headers=HTMX if "guests" in path else {})
        with count_queries(world.database) as seen:
            html = dewi.get(path, headers=HTMX if "guests" in path else {}).text
        assert len(seen) <= 8, path
        assert len(html.encode()) < 60_000, path


def _ticked(page: Page, name: str) -> set[str]:
    return {one["value"] for one in page.fields if one.get("name") == name and "checked" in one}


def test_persons_are_found_and_added_without_a_script(world: World) -> None:
    dewi, ben = world.client("dewi"), str(world.officer_id("ben"))
    typed = _payload(everyone=None, topic="Rapat kecil", time="ngawur", find="ben", search="1")
    page = Page(dewi.post("/meetings", data=typed).text)
    assert _ticked(page, "officer") == {ben}  # the only one of the name
    assert page.value("meeting-topic") == "Rapat kecil"
    assert "meeting-time-error" not in page.ids  # nothing was to be saved yet
    more = Page(dewi.post("/meetings", data=typed | {"officer": ben, "find": "an"}).text)
    offered = {one["value"] for one in more.fields if one.get("name") == "officer"}
    assert (_ticked(more, "officer"), offered > {ben}) == ({ben}, True)
    nobody = dewi.post("/meetings", data=typed | {"find": "zzz"})
    assert (nobody.status_code, "Tidak ada yang bernama “zzz”." in nobody.text) == (200, True)
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 0
    # Enter presses the first button of a form: with nothing sought it saves.
    saved = dewi.post("/meetings", data=_payload(everyone=None, officer=ben, search="1"))
    assert saved.status_code == 303


def test_persons_are_found_while_one_types(world: World) -> None:
    ana, ben, cy = world.client("ana"), world.officer_id("ben"), world.officer_id("cy")
    html = ana.get(f"/meetings/guests?form=standup&find=i&officer={ben}", headers=HTMX).text
    page = Page(html)
    assert ("<html" in html, "standup-found" in page.ids, _ticked(page, "officer")) == (False, True, {str(ben)})
    assert str(cy) not in {one.get("value") for one in page.fields}  # another division's
    assert ana.get("/meetings/guests?find=i").headers["location"] == "/meetings"


def test_an_edit_shows_who_was_chosen_and_finds_others(world: World) -> None:
    dewi, ben = world.client("dewi"), str(world.officer_id("ben"))
    address = _schedule(world, everyone=None, officer=ben)
    assert _ticked(Page(dewi.get(f"{address}/edit").text), "officer") == {ben}
    form = _payload(everyone=None, officer=ben, version="1", find="cy", search="1")
    page = Page(dewi.post(f"{address}/edit", data=form).text)
    assert _ticked(page, "officer") == {ben, str(world.officer_id("cy"))}


def test_no_link_of_ours_leads_to_an_anchor_that_is_not_there(world: World) -> None:
    links = set()
    for path in Path(staffhub.__file__).parent.rglob("templates/**/*.html"):
        links |= set(re.findall(r'href="(/[a-z/]*)#([a-z-]+)"', path.read_text("utf-8")))
    assert ("/worklog", "log-add") in links
    dewi = world.client("dewi")
    assert [link for link in sorted(links) if link[1] not in Page(dewi.get(link[0]).text).ids] == []
    assert "/meetings/new" in Page(dewi.get("/board").text).links


@pytest.mark.parametrize("name", ["dewi", "ben"])
def test_the_state_card_can_be_fetched_alone_in_every_state(world: World, name: str) -> None:
    address = _schedule(world)
    for state, trouble in (
        ("failed", "refused:topic"),
        ("failed", "gone"),
        ("ready", "differs:topic"),
        ("cancelled", ""),
    ):
        with world.database.transaction() as db:
            db.execute(sa.update(Meeting).values(state=state, trouble=trouble, cancelled_at=MORNING))
        answer = world.client(name).get(address, headers=HTMX)
        assert (answer.status_code, "<html" in answer.text) == (200, False)


def test_one_date_is_moved_and_cancelled_from_the_page_of_its_series(world: World, sandbox: ZoomSandbox) -> None:
    address, dewi = _schedule(world, path="/standups"), world.client("dewi")
    _tick(world)
    page = dewi.get(address).text
    dates = re.findall(rf'href="({address}/dates/\d+)"', page)
    assert len(dates) == 4
    form = form_of(dewi.get(dates[1]).text, dates[1])
    assert (form["date"], form["time"]) == (["2026-11-25"], ["08.30"])
    empty = dewi.post(dates[1], data=form | {"time": ""})
    assert (empty.status_code, "date-time-error" in Page(empty.text).ids) == (422, True)
    answer = dewi.post(dates[1], data=form | {"time": "14.15", "agenda": "Arsip"})
    assert answer.headers["location"] == address
    page = Page(dewi.get(address).text)
    assert "14.15 · agenda khusus" in page.text
    form = form_of(dewi.get(dates[2]).text, f"{dates[2]}/cancel")
    for _twice in range(2):
        assert dewi.post(f"{dates[2]}/cancel", data=form).status_code == 303
    cancelled = dewi.get(dates[2]).text
    assert "Tidak ada yang ditunggu" in cancelled
    assert f'action="{dates[2]}/cancel"' not in cancelled
    _tick(world)
    statuses = [(row["start_time"][11:16], row["status"]) for row in sandbox.meetings()[0]["occurrences"]]
    assert statuses == [("00:30", "available"), ("06:15", "available"), ("00:30", "deleted"), ("00:30", "available")]
    held = dewi.post(f"{dates[2]}/hold", data=form_of(cancelled, f"{dates[2]}/hold"))
    assert held.status_code == 303
    assert "3 tanggal" not in Page(dewi.get(address).text).text


def test_a_date_that_is_not_held_stands_in_the_week_with_its_reason_and_on_no_ones_hari_ini(world: World) -> None:
    _add_holiday(world, date(2026, 11, 25))
    _schedule(world, path="/standups", weekday=["wed"], date="2026-11-25")
    assert "Hari Uji" in Page(world.client("dewi").get("/meetings").text).text
    world.at(MORNING + timedelta(days=2))
    assert "Apel pagi" not in Page(world.client("ben").get("/").text).text


def _ramadan(world: World) -> None:
    with world.database.transaction() as db:
        office = db.scalars(sa.select(Office.id).order_by(Office.id)).first()
        hours = {day: ["08.00", "15.00", 30] for day in ("mon", "tue", "wed", "thu", "fri")}
        rule: dict[str, Any] = {
            "kind": RuleKind.WORK_HOURS,
            "subject": "special",
            "owner": "HR",
            "legal_source": "SE 1",
        }
        db.add(
            RuleSet(office_id=office, valid_from=date(2026, 11, 30), valid_to=date(2026, 12, 1), values=hours, **rule)
        )


def test_the_preview_tells_the_hour_in_ramadan(world: World) -> None:
    _ramadan(world)
    page = Page(world.client("dewi").post("/standups", data=_standup(preview="1")).text)
    assert "1 di antaranya mengikuti jam kerja khusus" in page.text
    assert "pukul 09.00 WITA dari Senin, 30 November 2026" in page.text
    chosen = _standup(special="1315")
    page = Page(world.client("dewi").post("/standups", data=chosen | {"preview": "1"}).text)
    assert "pukul 13.15 WITA dari Senin, 30 November 2026" in page.text
    wrong = world.client("dewi").post("/standups", data=chosen | {"special": "sore"})
    assert (wrong.status_code, "standup-special-error" in Page(wrong.text).ids) == (422, True)
    address = world.client("dewi").post("/standups", data=chosen).headers["location"]
    assert "diadakan pukul 13.15 WITA" in Page(world.client("ben").get(address).text).text
    assert Page(world.client("dewi").get(f"{address}/edit").text).value("edit-special") == "13.15"


def test_an_edit_of_a_standup_can_be_checked_before_it_is_saved(world: World) -> None:
    _ramadan(world)
    _add_holiday(world, date(2026, 12, 2))
    address, dewi = _schedule(world, path="/standups"), world.client("dewi")
    with world.database.transaction() as db:
        moved = db.scalars(sa.select(Occurrence).where(Occurrence.date == date(2026, 11, 25))).one()
    facts = {"version": "1", "date": "2026-11-26", "time": "10.00"}
    assert dewi.post(f"{address}/dates/{moved.id}", data=facts).status_code == 303
    wish = _standup(version="2", time="08.00", count="5", weekday=["wed", "thu", "mon"], preview="1")
    answer = dewi.post(f"{address}/edit", data=wish)
    page = Page(answer.text)
    assert (answer.status_code, page.value("edit-time")) == (200, "08.00")
    assert "4 tanggal, belum tersimpan" in page.text, "the day to which a date was moved has that one"
    assert "Rabu, 2 Desember 2026 – hari libur: Hari Uji" in page.text
    assert "pukul 08.30 WITA dari Senin, 30 November 2026" in page.text
    assert "tetap pada waktunya: Kamis, 26 November 2026, 10.00" in page.text
    assert "akan hilang" not in page.text
    shorter = Page(dewi.post(f"{address}/edit", data=wish | {"count": "2"}).text).text
    assert "2 tanggal yang kini terjadwal akan hilang" not in shorter
    assert "1 tanggal yang kini terjadwal akan hilang" in shorter
    for wrong, status in (({}, 200), ({"count": "299"}, 422), ({"date": "x"}, 422)):
        part = dewi.post(f"{address}/edit", data=wish | wrong, headers=HTMX)
        assert (part.status_code, "<html" in part.text) == (status, False)
        assert ("Belum tersimpan" in part.text) is (status != 200)
    with world.database.reading() as db:
        meeting = db.scalars(sa.select(Meeting)).one()
        assert (meeting.version, meeting.occurrences) == (2, 4)
    assert dewi.post(f"{address}/edit", data=wish | {"preview": ""}).status_code == 303
    with world.database.reading() as db:
        days = db.scalars(sa.select(Occurrence.date).order_by(Occurrence.date)).all()
    assert [day.day for day in days] == [23, 26, 30, 2]


def test_what_was_changed_in_zoom_stands_beside_ours_and_is_taken_over(world: World, sandbox: ZoomSandbox) -> None:
    address, dewi, zoom = _schedule(world), world.client("dewi"), world.app.state.work.zoom
    _tick(world)
    same = dewi.post(f"{address}/compare")
    assert (same.status_code, "Di Zoom sama" in dewi.get(address).text) == (303, True)
    zoom.update_meeting(sandbox.meetings()[0]["id"], {"topic": "Judul dari Zoom"})
    sandbox.fault("status", method="GET", path_prefix="/v2/meetings", status=503, body="down")
    assert [dewi.post(f"{address}/compare").status_code for _twice in range(2)] == [409, 303]
    page = Page(dewi.get(address).text)
    assert "Diubah di Zoom" in page.text
    assert "di Zoom: Judul dari Zoom" in page.text
    assert f'action="{address}/adopt"' not in world.client("ben").get(address).text
    form = form_of(dewi.get(address).text, f"{address}/adopt")
    assert dewi.post(f"{address}/adopt", data={"version": "9"}).status_code == 409
    for _twice in range(2):
        assert dewi.post(f"{address}/adopt", data=form).status_code == 303
    page = Page(dewi.get(address).text)
    assert "Judul dari Zoom" in page.text
    assert "Siap" in page.text


def test_the_host_starts_with_a_link_that_is_asked_for_each_time_and_kept_nowhere(
    world: World, sandbox: ZoomSandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    address, dewi = _schedule(world), world.client("dewi")
    assert dewi.post(f"{address}/start").status_code == 409
    _tick(world)
    calls = sandbox.calls("GET /v2/meetings")
    assert f'action="{address}/start"' in dewi.get(address).text
    answer = dewi.post(f"{address}/start")
    link = sandbox.meetings()[0]["start_url"]
    assert (answer.status_code, answer.headers["refresh"]) == (200, f"0; url={link}")
    assert answer.headers["cache-control"] == "no-store"
    assert link in answer.text
    assert sandbox.calls("GET /v2/meetings") == calls + 1
    ben = world.client("ben")
    assert f'action="{address}/start"' not in ben.get(address).text
    assert ben.post(f"{address}/start").status_code == 403
    sandbox.fault("status", method="GET", path_prefix="/v2/meetings", status=503, body="down")
    assert dewi.post(f"{address}/start").status_code == 409
    with world.database.reading() as db:
        for table in Base.metadata.sorted_tables:
            assert "zak=" not in str(db.execute(sa.select(table)).all()), table.name
    said = capfd.readouterr()
    assert "zak=" not in said.out + said.err
