"""A log on its way to the superior and back, as people meet it."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.models import DailyReport, LogState, Posting, RequestState
from staffhub.service_requests import steps
from tests.conftest import MORNING, TODAY, World, viewer_of
from tests.page_forms import form_of
from tests.test_service_requests import move, reload, take_in


@pytest.fixture
def office(world: World) -> World:
    """Ana is above Ben and Tia."""
    below = Posting.officer_id.in_([world.officer_id(name) for name in ("ben", "tia")])
    ana = world.officer_id("ana")
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(below).values(superior_id=ana))
    return world


def _send(world: World, name: str, *spans: tuple[str, str]) -> int:
    client = world.client(name)
    world.at(MORNING)
    client.post("/presence/check-in", data={"mode": "office", "idempotency_key": str(uuid4())})
    world.at(MORNING + timedelta(hours=2))
    for start, end in spans or (("07.15", "07.45"),):
        line = {"text": f"Memeriksa {start}", "start": start, "end": end, "idempotency_key": str(uuid4())}
        assert client.post("/worklog", data=line).status_code == 303
    assert client.post("/worklog/submit", data={"date": TODAY.isoformat()}).status_code == 303
    wanted = sa.select(DailyReport.id).where(DailyReport.officer_id == world.officer_id(name))
    with world.database.reading() as db:
        return db.scalars(wanted).one()


def _state(world: World, report: int) -> Any:
    with world.database.reading() as db:
        return db.scalars(sa.select(DailyReport.state).where(DailyReport.id == report)).one()


def test_a_log_that_came_back_is_asked_about_as_it_will_be_marked(office: World) -> None:
    ben, ana, tomorrow = office.client("ben"), office.client("ana"), MORNING + timedelta(days=1)
    report = _send(office, "ben")
    back = {"decision": "returned", "note": "Berapa?", "idempotency_key": str(uuid4()), "version": "1"}
    assert ana.post(f"/worklog/verify/{report}", data=back).status_code == 303
    office.at(tomorrow)
    address = f"/worklog/submit?date={TODAY}"
    assert "ditandai terlambat" not in ben.get(address).text, "it was sent in time, and came back"
    assert ben.post("/worklog/submit", data={"date": TODAY.isoformat()}).status_code == 303
    assert "Dikirim terlambat" not in ben.get(f"/worklog?date={TODAY}").text
    assert ben.post("/worklog/take-back", data={"date": TODAY.isoformat()}).status_code == 303
    assert "ditandai terlambat" in ben.get(address).text, "taken back, it is sent after its day"


def test_a_day_is_looked_at_returned_mended_and_verified(office: World) -> None:
    ben, ana = office.client("ben"), office.client("ana")
    report = _send(office, "ben", ("07.15", "07.30"), ("07.20", "07.40"))
    assert "1 catatan menunggu verifikasi Anda" in ana.get("/worklog").text
    waiting = ana.get("/worklog/verify").text
    assert "Ben Tumiwa" in waiting
    assert "Baris bertumpuk" in waiting
    assert "checked" not in waiting, "what is doubtful is not chosen for anybody"
    page = ana.get(f"/worklog/verify/{report}").text
    assert "Presensi masuk" in page, "the marks stand beside it"
    form = form_of(page, f"/worklog/verify/{report}")
    refused = ana.post(f"/worklog/verify/{report}", data=form | {"decision": "returned", "note": ""})
    assert (refused.status_code, "Tulis apa yang perlu diperbaiki." in refused.text) == (422, True)
    done = ana.post(f"/worklog/verify/{report}", data=form | {"decision": "returned", "note": "Berapa berkas?"})
    assert (done.status_code, done.headers["location"]) == (303, "/worklog/verify")
    mine = ben.get("/worklog").text
    assert "Berapa berkas?" in mine
    assert 'id="log-add"' in mine, "it can be written again"
    assert "dikembalikan dengan pesan" in ben.get("/notices").text
    assert ben.post("/worklog/submit", data={"date": TODAY.isoformat()}).status_code == 303
    form = form_of(ana.get(f"/worklog/verify/{report}").text, f"/worklog/verify/{report}")
    for said in ("Diverifikasi: Ben Tumiwa", "Hal ini sudah dilakukan"):
        assert ana.post(f"/worklog/verify/{report}", data=form | {"decision": "verified"}).status_code == 303
        if said.startswith("Diverifikasi"):
            assert said in ana.get("/worklog/verify").text
    locked = ben.get("/worklog").text
    assert "Diverifikasi oleh Ana Kaunang" in locked
    assert 'action="/worklog/take-back"' not in locked
    told = ben.post("/worklog/take-back", data={"date": TODAY.isoformat()})
    assert told.status_code == 303
    assert "sudah diverifikasi" in ben.get("/worklog").text
    assert _state(office, report) is LogState.VERIFIED


def test_the_officer_takes_a_log_back_and_the_superior_is_told_with_the_remark_kept(office: World) -> None:
    ben, ana = office.client("ben"), office.client("ana")
    report = _send(office, "ben")
    old = form_of(ana.get(f"/worklog/verify/{report}").text, f"/worklog/verify/{report}")
    back = form_of(ben.get("/worklog").text, "/worklog/take-back")
    assert ben.post("/worklog/take-back", data=back).status_code == 303
    assert "kembali pada Anda" in ben.get("/worklog").text
    told = ana.post(f"/worklog/verify/{report}", data=old | {"decision": "returned", "note": "Berapa berkas?"})
    assert (told.status_code, "Pegawai sudah menarik catatan ini" in told.text) == (409, True)
    assert "Berapa berkas?" in told.text, "what was typed is still there"
    assert _state(office, report) is LogState.TAKEN_BACK


def test_many_are_verified_with_one_press_those_without_doubts_chosen(office: World) -> None:
    ana = office.client("ana")
    reports = [_send(office, name) for name in ("ben", "tia")]
    page = ana.get("/worklog/verify").text
    assert len(re.findall(r'name="report"[^>]*checked', page)) == 2
    assert ana.post("/worklog/verify", data={}).status_code == 303
    assert "Pilih paling sedikit satu" in ana.get("/worklog/verify").text
    chosen = [f"{report}.1" for report in reports]
    assert ana.post("/worklog/verify", data={"report": chosen, "idempotency_key": str(uuid4())}).status_code == 303
    assert "2 catatan diverifikasi." in ana.get("/worklog/verify").text
    assert {_state(office, report) for report in reports} == {LogState.VERIFIED}
    assert ana.post("/worklog/verify", data={"report": ["1.x"]}).status_code == 422


def test_hr_reads_what_waits_in_the_whole_office_and_decides_nothing(office: World) -> None:
    report, hana = _send(office, "ben"), office.client("hana")
    page = hana.get("/worklog/verify?whose=all").text
    assert "menunggu Ana Kaunang" in page
    assert 'type="checkbox"' not in page
    day = hana.get(f"/worklog/verify/{report}").text
    assert 'name="decision"' not in day
    assert hana.post(f"/worklog/verify/{report}", data={"decision": "verified"}).status_code == 403
    assert office.client("ben").get("/worklog/verify?whose=all").status_code == 403


def test_the_head_is_told_plainly_that_nobody_verifies_the_own_log(office: World) -> None:
    assert "tidak diverifikasi siapa pun" in office.client("dewi").get("/worklog").text


def test_a_superior_names_a_delegate_and_ends_it_again(world: World) -> None:
    dewi, ben = world.client("dewi"), world.client("ben")
    form = {
        "superior": str(world.officer_id("dewi")), "officer": str(world.officer_id("cy")), "valid_from": f"{TODAY}",
        "valid_to": "", "idempotency_key": str(uuid4()),
    }  # fmt: skip
    refused = dewi.post("/worklog/delegates", data=form)
    assert (refused.status_code, 'id="stand-in-valid_to"' in refused.text) == (422, True)
    assert dewi.post("/worklog/delegates", data=form | {"valid_to": f"{TODAY}"}).status_code == 303
    page = dewi.get("/worklog/delegates").text
    assert "atas nama Dewi Ondang" in page
    end = re.search(r'action="(/worklog/delegates/\d+/end)"', page)
    assert end
    assert ben.post(end[1]).status_code == 403
    assert dewi.post(end[1]).status_code == 303
    assert "/end" not in dewi.get("/worklog/delegates").text
    assert 'name="officer"' not in ben.get("/worklog/delegates").text, "who has no people names nobody"


def test_a_request_that_was_only_taken_over_is_not_counted_as_moved_on(office: World) -> None:
    request, ben = take_in(office.database, "tia"), viewer_of(office.database, "ben")
    with office.database.transaction() as db:
        steps.assign(db, ben, request, assignee_id=ben.officer_id or 0, now=MORNING)
    report = _send(office, "ben")
    ana = office.client("ana")
    assert "dikerjakan" not in ana.get(f"/worklog/verify/{report}").text
    move(office.database, "ben", reload(office.database, request), RequestState.CHECKING)
    assert "1 dikerjakan" in ana.get(f"/worklog/verify/{report}").text
