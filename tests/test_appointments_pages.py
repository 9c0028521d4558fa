"""Appointments on screen: a slot in two taps, several at once, the texts, and who came."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.models import Appointment, AuditEvent, ServiceRequest, ServiceType
from tests.conftest import MORNING, World, count_queries

PAGE = "/requests/appointments"


@pytest.fixture
def desk(world: World) -> World:
    with world.database.transaction() as db:
        of_code = sa.update(ServiceType).where(ServiceType.code == "ektp_recording")
        db.execute(of_code.values(slot_minutes=30, papers="KK asli"))
    return world


def _take_in(world: World, **more: str) -> str:
    form = {"service_type": "ektp_recording", "applicant": "Novi T.", "channel": "counter", "phone": "081234564471"}
    answer = world.client("ben").post("/requests", data=form | {"idempotency_key": str(uuid4())} | more)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _appointment(world: World) -> int:
    with world.database.reading() as db:
        return db.scalars(sa.select(sa.func.max(Appointment.id))).one()


def test_a_slot_is_two_taps_from_the_request_and_the_desk_says_who_came(desk: World) -> None:
    tia, path = desk.client("tia"), _take_in(desk)
    assert f'href="{path}/appointment"' in tia.get(path).text
    page = tia.get(f"{path}/appointment").text
    assert "Senin, 23 November 2026" in page, "the nearest first"
    assert page.index('value="07.30"') < page.index('value="08.00"')
    given = tia.post(f"{path}/appointment", data={"date": "2026-11-24", "starts": "08.00"})
    assert given.status_code == 303
    shown = tia.get(path).text
    assert "Selasa, 24 November 2026, 08.00 WITA" in shown
    with desk.database.reading() as db:
        code = db.scalars(sa.select(ServiceRequest.public_code)).one()
    standing = desk.client().post("/status", data={"code": code, "digits": "4471"}).text
    assert "Selasa, 24 November 2026 pukul 08.00 WITA" in standing
    assert "<li>KK asli</li>" in standing
    assert "Novi" not in standing
    other = _take_in(desk, applicant="Lela W.")
    assert tia.post(f"{other}/appointment", data={"date": "2026-11-24", "starts": "25.00"}).status_code == 422
    late = tia.post(f"{other}/appointment", data={"date": "2026-11-24", "starts": "08.05"})
    assert late.status_code == 409
    assert "tidak lagi kosong" in late.text
    day = tia.get(f"{PAGE}?date=2026-11-24").text
    assert "Novi T." in day
    assert "Tidak datang" not in day, "tomorrow nobody has come yet"
    id_ = _appointment(desk)
    assert tia.post(f"{PAGE}/{id_}/came").status_code == 422
    desk.at(MORNING + timedelta(days=1, hours=1))
    tia = desk.client("tia")
    assert f'id="a-{id_}"' in tia.get(PAGE).text
    assert "Tidak datang" in tia.get(PAGE).text
    for _twice in range(2):
        assert tia.post(f"{PAGE}/{id_}/came").status_code == 303
    assert tia.post(f"{PAGE}/{id_}/absent").status_code == 409
    assert f'action="{PAGE}/{id_}/undo"' in tia.get(PAGE).text
    assert tia.post(f"{PAGE}/{id_}/undo", data={"why": ""}).status_code == 422
    for _twice in range(2):
        assert tia.post(f"{PAGE}/{id_}/undo", data={"why": "Salah orang"}).status_code == 303
    assert "Salah orang" in tia.get(path).text
    assert tia.post(f"{PAGE}/{id_}/came").status_code == 303
    assert "Datang pada janji temu" in tia.get(path).text
    assert desk.client("cy").post(f"{PAGE}/{id_}/came").status_code == 403


def test_several_are_invited_in_one_press_written_to_and_ticked_off(desk: World) -> None:
    for name in ("Novi T.", "Lela W.", "Rahel S."):
        _take_in(desk, applicant=name)
    ben = desk.client("ben")
    assert "3 permohonan yang ditangguhkan menunggu slot" in ben.get(PAGE).text
    page = ben.get(f"{PAGE}/batch?count=2").text
    slots = re.findall(r'name="slot"\s+value="([^"]+)"', page)
    assert [slot.partition("@")[2] for slot in slots] == ["2026-11-24T07:30", "2026-11-24T07:30"]
    assert "Rahel" not in page
    assert ben.post(f"{PAGE}/batch", data={}).status_code == 422
    assert ben.post(f"{PAGE}/batch", data={"slot": ["x@y"]}).status_code == 422
    for _twice in range(2):
        assert ben.post(f"{PAGE}/batch", data={"slot": slots}).status_code == 303
    gone = ben.post(f"{PAGE}/batch", data={"slot": ["3@2026-11-24T07:30"]})
    assert gone.status_code == 409
    assert "3@2026-11-24T08:00" in gone.text, "what is free now"
    texts = ben.post(f"{PAGE}/texts", data={"division": str(desk.viewer("ben").division_id)})
    assert texts.headers["cache-control"] == "no-store"
    assert texts.text.count("https://wa.me/6281234564471?text=") == 2
    assert "Bawa: KK asli." in texts.text
    told = {"division": str(desk.viewer("ben").division_id), "appointment": [str(_appointment(desk))]}
    assert ben.post(f"{PAGE}/told", data=told).status_code == 303
    page = ben.get(f"{PAGE}?date=2026-11-24").text
    assert "1 sudah mendapat slot dan belum dikirimi pesan" in page
    with desk.database.reading() as db:
        seen = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.verb == "request.phones_shown")).all()
    assert len(seen) == 1
    for address in (PAGE, f"{PAGE}?view=week&date=2026-11-26", f"{PAGE}/batch", f"{PAGE}?date=2020-01-01"):
        with count_queries(desk.database) as queries:
            assert ben.get(address).status_code == 200
        assert len(queries) <= 8, queries


def test_who_has_not_confirmed_stands_out_the_day_before_and_the_desk_notes_the_answer(desk: World) -> None:
    tia = desk.client("tia")
    path, later = _take_in(desk), _take_in(desk, applicant="Lela W.", phone="081234564472")
    assert tia.post(f"{path}/appointment", data={"date": "2026-11-24", "starts": "08.00"}).status_code == 303
    id_ = _appointment(desk)
    assert tia.post(f"{later}/appointment", data={"date": "2026-11-25", "starts": "08.00"}).status_code == 303
    page = tia.get(PAGE).text
    unsure = page.partition('id="h-unsure"')[2].partition("</section>")[0]
    assert "Selasa, 24 November 2026: belum memastikan datang" in page
    assert "Novi T." in unsure
    assert "Lela" not in unsure, "there is time"
    assert "belum memastikan" in tia.get(f"{PAGE}?date=2026-11-24").text.partition('class="head')[0], "on paper"
    sure = f"{PAGE}/{id_}/confirm"
    assert tia.post(sure, data={}).status_code == 422
    answer = tia.post(sure, data={"sure": "yes", "from_request": "yes"})
    assert answer.headers["location"] == f"{path}#h-appointment"
    assert "Dicatat: akan datang." in tia.get(path).text
    assert 'id="h-unsure"' not in tia.get(PAGE).text
    assert "akan datang" in tia.get(f"{PAGE}?date=2026-11-24").text.partition('class="head')[0]
    back = tia.post(sure, data={"sure": "no"})
    assert back.headers["location"].startswith(f"{PAGE}?date=2026-11-24")
    assert 'id="h-unsure"' in tia.get(PAGE).text
    assert desk.client("cy").post(sure, data={"sure": "yes"}).status_code == 403


def test_of_whom_nobody_noted_whether_they_came_is_asked_and_the_request_waits_in_the_line_again(desk: World) -> None:
    tia, path = desk.client("tia"), _take_in(desk)
    assert tia.post(f"{path}/appointment", data={"date": "2026-11-24", "starts": "08.00"}).status_code == 303
    id_ = _appointment(desk)
    with desk.database.reading() as db:
        code = db.scalars(sa.select(ServiceRequest.public_code)).one()
    desk.at(MORNING + timedelta(days=1, hours=9))
    tia = desk.client("tia")
    assert 'id="h-unrecorded"' not in tia.get(PAGE).text, "the day is not over"
    assert "24 November" in desk.client().post("/status", data={"code": code, "digits": "4471"}).text
    own = tia.get(path).text
    assert "Anda ditunggu" not in own, "the slot has begun"
    assert f'action="{PAGE}/{id_}/confirm"' not in own
    assert f'action="{PAGE}/{id_}/absent"' in own
    assert "Tulis lewat WhatsApp" not in tia.get(PAGE).text
    assert tia.post(f"{PAGE}/{id_}/confirm", data={"sure": "yes"}).status_code == 422
    desk.at(MORNING + timedelta(days=2))
    tia = desk.client("tia")
    own = tia.get(path).text
    assert f'action="{PAGE}/{id_}/confirm"' not in own
    assert f'action="{PAGE}/{id_}/came"' in own
    page = tia.get(PAGE).text
    asked = page.partition('id="h-unrecorded"')[2].partition("</section>")[0]
    assert "1 janji temu yang lewat belum dicatat: datang atau tidak?" in asked
    assert "Novi T." in asked
    assert f'action="{PAGE}/{id_}/came"' in asked
    assert f'action="{PAGE}/{id_}/absent"' in asked
    assert "1 permohonan yang ditangguhkan menunggu slot" in page
    assert f'value="{path.rpartition("/")[2]}@' in tia.get(f"{PAGE}/batch").text
    standing = desk.client().post("/status", data={"code": code, "digits": "4471"}).text
    assert "24 November" not in standing, "nobody is told to come on a day that is over"
    assert "menunggu giliran" in standing
    assert "Anda ditunggu" not in tia.get(path).text
    assert tia.post(f"{PAGE}/{id_}/absent").status_code == 303
    assert 'id="h-unrecorded"' not in tia.get(PAGE).text


def test_a_day_is_printed_with_the_letterhead_and_without_names(desk: World) -> None:
    tia, path = desk.client("tia"), _take_in(desk)
    given = {"date": "2026-11-24", "starts": "07.30"}
    assert tia.post(f"{path}/appointment", data=given).status_code == 303
    paper, _sep, screen = tia.get(f"{PAGE}?date=2026-11-24").text.partition('class="head no-print"')
    paper = paper.partition('class="paper"')[2]
    assert "DISDUKCAPIL" in paper
    assert "Selasa, 24 November 2026" in paper
    assert re.search(r"07\.30.*PM-2611-0001.*Perekaman", paper, re.DOTALL)
    assert "Novi" not in paper
    assert "Novi T." in screen
    assert "Tidak ada yang diundang pada hari ini." in tia.get(f"{PAGE}?date=2026-11-25").text
    assert 'class="paper"' not in tia.get(f"{PAGE}?view=week").text
