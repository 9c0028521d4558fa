"""From "somebody leaves" to "nothing is left", page by page, as personnel and the head of office press it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub.meetings.audience import Audience
from staffhub.models import AuditEvent, Meeting, Office, Officer, PlanEnding, PlanMode, Posting, Role
from tests.conftest import MORNING, TODAY, World, add_officer, add_posting, count_queries, plan_range
from tests.page_forms import form_of
from tests.test_kept_forms_pages import BACK, Typed, _end, _sends, _shows, _signs_in
from tests.test_leavings import AFTER, LAST, give_request, schedule
from tests.test_people_pages import _text

HTMX = pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])


@pytest.fixture
def ana(world: World) -> int:
    """Ana leaves in a week with something of each kind left; return her id."""
    viewer = world.viewer("ana")
    assert viewer.officer_id
    ben = world.officer_id("ben")
    with world.database.transaction() as db:
        add_posting(db, ben, TODAY - timedelta(days=30), superior_id=viewer.officer_id)
        give_request(db, viewer, viewer.officer_id)
        schedule(db, viewer, AFTER, Audience(officers=(ben,)))
        plan_range(db, viewer, viewer.officer_id, AFTER, AFTER + timedelta(days=2), mode=PlanMode.HOME)
        db.execute(sa.update(Officer).where(Officer.id == viewer.officer_id).values(active_to=LAST))
    return viewer.officer_id


def _left(world: World, officer_id: int, who: str) -> str:
    page = world.client(who).get(f"/people/{officer_id}")
    assert page.status_code == 200
    section = re.search(r'<section class="card stack" id="left".*?</section>', page.text, re.DOTALL)
    assert section
    page._content = section[0].encode()
    return _text(page)


def _count(world: World, verb: str) -> int:
    with world.database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).where(AuditEvent.verb == verb)) or 0


def _went_on(answer: Any, address: str) -> bool:
    place = answer.headers.get("hx-redirect") or answer.headers.get("location")
    return answer.status_code in {204, 303} and place == address


def test_the_list_of_people_says_who_leaves_and_what_is_left(world: World, ana: int) -> None:
    page = world.client("hana").get("/people")
    text = _text(page)
    assert "Yang berhenti atau cuti lama" in text
    assert "1 permohonan terbuka · 1 rapat · 1 bawahan · 1 rencana · peran Kepala bidang" in text
    assert f'href="/people/{ana}#left"' in page.text
    assert "Yang berhenti atau cuti lama" in _text(world.client("dewi").get("/people"))
    assert world.client("ana").get("/people").status_code == 403


def test_each_sees_all_of_it_and_who_hands_on_what_they_may_not(world: World, ana: int) -> None:
    hana, dewi = _left(world, ana, "hana"), _left(world, ana, "dewi")
    for text in (hana, dewi):
        for words in (
            "Akan berhenti. Hari terakhirnya Senin, 30 November 2026.",
            "1 permohonan terbuka",
            "1 rapat yang diselenggarakannya",
            "1 bawahan langsung",
            "1 rencana sesudah hari terakhir",
            "Akun tertutup sendiri sesudah hari terakhir",
            "Perannya masih Kepala bidang",
            "Belum ada pengganti dengan peran ini.",
        ):
            assert words in text
    assert "1 permohonan terbuka Yang dapat menyerahkan: Adi Walangitan, Dewi Ondang." in hana
    assert "Pilih penerima permohonan" in dewi
    assert "Yang dapat menyerahkan: Hana Tendean." in dewi
    assert "Ya, serahkan rapat" in dewi
    assert "Ya, serahkan rapat" not in hana
    assert "Ya, akhiri rencana" in hana
    assert "Ya, akhiri rencana" not in dewi


def test_who_stays_has_no_such_part(world: World, ana: int) -> None:
    assert ana
    page = world.client("hana").get(f"/people/{world.officer_id('ben')}")
    assert 'id="left"' not in page.text


@HTMX
def test_personnel_gives_the_people_another_superior_once(world: World, ana: int, headers: dict[str, str]) -> None:
    client, address = world.client("hana"), f"/people/{ana}/hand-on/people"
    form = form_of(client.get(f"/people/{ana}").text, address)
    assert form["valid_from"] == [AFTER.isoformat()]
    form["superior"] = [str(world.officer_id("dewi"))]
    assert _went_on(client.post(address, data=form, headers=headers), f"/people/{ana}")
    assert "1 orang mendapat atasan baru." in _text(client.get(f"/people/{ana}"))
    assert _went_on(client.post(address, data=form, headers=headers), f"/people/{ana}")
    assert "Tidak ada lagi yang beratasan pegawai ini" in _text(client.get(f"/people/{ana}"))
    with world.database.reading() as db:
        rows = db.scalars(sa.select(Posting.superior_id).where(Posting.officer_id == world.officer_id("ben")))
        assert rows.all()[-1] == world.officer_id("dewi")
    assert _count(world, "officer.changed") == 1
    assert "bawahan langsung" not in _left(world, ana, "hana")


@HTMX
def test_a_wrong_superior_is_said_beside_what_was_typed(world: World, ana: int, headers: dict[str, str]) -> None:
    client, address = world.client("hana"), f"/people/{ana}/hand-on/people"
    typed = {"superior": str(world.officer_id("dewi")), "valid_from": "2026-11-01"}
    answer = client.post(address, data=typed, headers=headers)
    assert answer.status_code == 422
    assert "Pilih 23 November 2026 atau sesudahnya." in _text(answer)
    assert form_of(answer.text, address)["superior"] == [str(world.officer_id("dewi"))]
    assert client.post(address, data={"valid_from": ""}, headers=headers).status_code == 422
    assert client.post(address, data=typed | {"superior": "999999", "valid_from": AFTER.isoformat()}).status_code == 404
    assert _count(world, "officer.changed") == 0


@HTMX
def test_personnel_ends_the_plan_with_the_last_day_once(world: World, ana: int, headers: dict[str, str]) -> None:
    client, address = world.client("hana"), f"/people/{ana}/hand-on/plan"
    assert _went_on(client.post(address, headers=headers), f"/people/{ana}")
    assert "1 rencana diakhiri." in _text(client.get(f"/people/{ana}"))
    assert _went_on(client.post(address, headers=headers), f"/people/{ana}")
    assert "Tidak ada lagi rencana sesudah hari terakhir." in _text(client.get(f"/people/{ana}"))
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(PlanEnding.id))) == 1


@HTMX
def test_the_head_hands_the_meetings_on_once(world: World, ana: int, headers: dict[str, str]) -> None:
    client, address = world.client("dewi"), f"/people/{ana}/hand-on/meetings"
    form = form_of(client.get(f"/people/{ana}").text, address) | {"officer": [str(world.officer_id("dewi"))]}
    assert _went_on(client.post(address, data=form, headers=headers), f"/people/{ana}")
    assert "1 rapat diserahkan." in _text(client.get(f"/people/{ana}"))
    assert _went_on(client.post(address, data=form, headers=headers), f"/people/{ana}")
    assert "Tidak ada lagi rapat yang dapat Anda serahkan." in _text(client.get(f"/people/{ana}"))
    with world.database.reading() as db:
        assert db.scalars(sa.select(Meeting.created_by)).all() == [world.viewer("dewi").account_id]
    assert _count(world, "meeting.handed_on") == 1
    answer = client.post(address, data={"officer": str(world.officer_id("cy"))}, headers=headers)
    assert answer.status_code == 422
    assert "Cy Sondakh tidak berhak menjadwalkan rapat saat itu." in _text(answer)


def test_the_requests_go_by_the_form_of_the_requests(world: World, ana: int) -> None:
    client = world.client("dewi")
    assert f"/requests/hand-on?officer={ana}" in client.get(f"/people/{ana}").text
    typed = {"officer": str(ana), "assignee": str(world.officer_id("ben"))}
    assert client.post("/requests/hand-on", data=typed).status_code == 303
    assert "permohonan terbuka" not in _left(world, ana, "dewi")


def test_nobody_presses_what_is_not_theirs(world: World, ana: int) -> None:
    refused = {
        "people": ("dewi", "ana", "ben"),
        "plan": ("dewi", "adi", "ana", "ben"),
        "meetings": ("hana", "adi", "ana", "ben"),
    }
    typed = {"superior": str(world.officer_id("dewi")), "officer": str(world.officer_id("dewi"))}
    for what, names in refused.items():
        for name in names:
            answer = world.client(name).post(
                f"/people/{ana}/hand-on/{what}", data=typed | {"valid_from": AFTER.isoformat()}
            )
            assert answer.status_code == 403, (what, name)
        for name in ("oka",):
            answer = world.client(name).post(
                f"/people/{ana}/hand-on/{what}", data=typed | {"valid_from": AFTER.isoformat()}
            )
            assert answer.status_code in {403, 404}, (what, name)
    for verb in ("officer.changed", "plan.taken_out", "meeting.handed_on"):
        assert _count(world, verb) == 0


def test_the_plan_and_meetings_of_who_stays_are_left_alone(world: World, ana: int) -> None:
    assert ana
    ben, dewi = world.officer_id("ben"), str(world.officer_id("dewi"))
    assert world.client("hana").post(f"/people/{ben}/hand-on/plan").status_code == 409
    assert world.client("dewi").post(f"/people/{ben}/hand-on/meetings", data={"officer": dewi}).status_code == 409
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        plan_range(db, hana, ben, TODAY, TODAY + timedelta(days=10))
    assert "Cuti sampai Kamis, 3 Desember 2026." in _left(world, ben, "hana")
    assert world.client("hana").post(f"/people/{ben}/hand-on/plan").status_code == 409


def test_after_the_last_day_it_is_still_there_and_the_account_has_closed(world: World, ana: int) -> None:
    before = world.client("ana")
    assert before.get("/").status_code == 200
    world.at(MORNING + timedelta(days=8))
    assert before.get("/").status_code == 303
    text = _left(world, ana, "hana")
    assert "Sudah berhenti. Hari terakhirnya Senin, 30 November 2026." in text
    assert "Akun tertutup sendiri sesudah hari terakhir, di semua perangkat. Akun terbuka lagi" in text
    assert "1 permohonan terbuka" in text
    client = world.client("hana")
    assert client.post(f"/people/{ana}/role", data={"role": Role.STAFF.value}).status_code == 303
    assert "Perannya masih" not in _left(world, ana, "hana")
    with world.database.reading() as db:
        assert (
            db.scalar(sa.select(Posting.role).where(Posting.officer_id == ana, Posting.valid_to.is_(None)))
            is Role.STAFF
        )


def test_the_pages_keep_their_statements(world: World, ana: int) -> None:
    client = world.client("hana")
    for address in ("/people", f"/people/{ana}"):
        with count_queries(world.database) as seen:
            assert client.get(address).status_code == 200
        assert len(seen) <= 8, "\n".join(seen)


def test_what_was_chosen_survives_the_end_of_a_session(world: World, ana: int) -> None:
    page, address, dewi = f"/people/{ana}", f"/people/{ana}/hand-on/people", str(world.officer_id("dewi"))
    typed = Typed("hana", page, address, {"valid_from": "2026-12-05"}, {"superior": dewi}, None)
    client = world.client("hana")
    _end(world, client)
    back = client.get(_signs_in(client, "hana", _sends(client, typed)))
    assert BACK in _text(back)
    assert _shows(back.text, "superior", dewi)
    assert form_of(back.text, address)["valid_from"] == ["2026-12-05"]
    assert _count(world, "officer.changed") == 0


def test_in_a_large_office_the_pages_stay_small(world: World, ana: int) -> None:
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        office = db.get_one(Office, hana.office_id)
        for number in range(400):
            last = LAST if number < 100 else None
            name = f"Wilhelmina Christiani Rondonuwu-Pangemanan {number:03}"
            facts = {"position": "Pengelola dokumen", "superior_id": ana if number % 2 else None, "active_to": last}
            add_officer(db, office, number=f"THL-{number:04}", name=name, **facts)
    client = world.client("hana")
    for address in ("/people", f"/people/{ana}"):
        with count_queries(world.database) as seen:
            answer = client.get(address)
        assert len(seen) <= 8
        assert len(answer.content) < 60_000, (address, len(answer.content))
