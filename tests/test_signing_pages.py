"""Closing and signing through HTTP: HR, the head, HR again; and what each of them reads."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import days
from staffhub.corrections import Wish
from staffhub.models import Account, CorrectionKind, MonthStep
from tests.conftest import World, count_from
from tests.page_forms import form_of
from tests.test_corrections_asked import ask

OCTOBER = date(2026, 10, 1)
NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
PAGE = "/attendance/sign?month=2026-10"
CLOSE, SIGN, BACK = "/attendance/sign/close", "/attendance/sign", "/attendance/sign/back"


@pytest.fixture
def office(world: World) -> World:
    count_from(world.database, OCTOBER)
    days.close_due(world.database, now=NOW)
    world.at(NOW)
    return world


def _press(office: World, username: str, action: str, **typed: str) -> Any:
    """Open the page as somebody and send one of its forms."""
    client = office.client(username)
    return client.post(action, data=form_of(client.get(PAGE).text, action) | typed)


def _steps(office: World) -> list[str]:
    with office.database.reading() as db:
        return [kind.value for kind in db.scalars(sa.select(MonthStep.kind).order_by(MonthStep.id))]


def _correct(office: World, day: str, username: str = "ben") -> None:
    facts = {"officer": str(office.officer_id(username)), "date": day, "kind": "leave", "reason": "leave_letter"}
    answer = office.client("hana").post("/corrections", data=facts | {"idempotency_key": str(uuid4())})
    assert answer.status_code == 303


def test_the_whole_way_from_hr_to_the_head_and_back(office: World) -> None:
    dewi, hana = office.client("dewi"), office.client("hana")
    assert "Bulan ini belum ditutup kepegawaian" in dewi.get(PAGE).text
    refused = _press(office, "hana", CLOSE)
    assert refused.status_code == 422
    assert "154 hari masih perlu tindakan" in refused.text
    done = _press(office, "hana", CLOSE, note="Surat menyusul")
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert "Surat menyusul" in dewi.get(PAGE).text
    assert _press(office, "dewi", BACK).status_code == 422
    assert _press(office, "dewi", BACK, note="Tanggal 23 bagaimana?").status_code == 303
    assert "Tanggal 23 bagaimana?" in hana.get(PAGE).text
    _correct(office, "2026-10-23")
    assert _press(office, "hana", CLOSE, note="Sudah diperbaiki").status_code == 303
    assert _press(office, "dewi", SIGN).status_code == 303
    assert "Bulan ini sudah ditandatangani" in hana.get(PAGE).text
    _correct(office, "2026-10-05")
    page = hana.get(PAGE).text
    assert "1 hari berubah sejak ditandatangani" in page
    assert "Ben Tumiwa" in page
    assert _press(office, "hana", CLOSE).status_code == 422
    assert _press(office, "hana", CLOSE, note="Surat dokter menyusul").status_code == 303
    assert "Suplemen 1" in dewi.get("/attendance/supplement?month=2026-10&number=1").text
    assert _press(office, "dewi", SIGN).status_code == 303
    assert _steps(office) == ["closed", "sent_back", "closed", "signed", "closed", "signed"]
    told = dewi.get("/attendance/supplement?month=2026-10&number=1").text
    assert "Surat dokter menyusul" in told
    assert "Ben Tumiwa" in told


def test_the_head_of_a_bidang_reads_of_a_supplement_what_changed_for_the_own_people(office: World) -> None:
    _press(office, "hana", CLOSE, note="x")
    _press(office, "dewi", SIGN)
    ana, page = office.client("ana"), "/attendance/supplement?month=2026-10&number=1"
    assert ana.get(page).headers["location"] == "/attendance?month=2026-10"
    _correct(office, "2026-10-05")
    _correct(office, "2026-10-06", "cy")
    _press(office, "hana", CLOSE, note="Surat dokter menyusul")
    _press(office, "dewi", SIGN)
    assert page.replace("&", "&amp;") in ana.get("/attendance/signed?month=2026-10&upto=1").text
    told = ana.get(page).text
    assert "1 hari terbaca lain" in told
    assert ("Ben Tumiwa" in told, "Cy " in told, "Surat dokter menyusul" in told) == (True, False, True)
    assert "2 hari terbaca lain" in office.client("dewi").get(page).text


def test_the_month_reads_for_ever_as_it_was_signed(office: World) -> None:
    hana, ben = office.client("hana"), office.officer_id("ben")
    for nothing in ("signed?month=2026-10", "supplement?month=2026-10&number=1"):
        assert hana.get(f"/attendance/{nothing}").headers["location"] == PAGE
    _press(office, "hana", CLOSE, note="x")
    _press(office, "dewi", SIGN)
    before = hana.get("/attendance/signed?month=2026-10").text.split("<main")[1].split("</header>")[1]
    _correct(office, "2026-10-05")
    assert before in hana.get("/attendance/signed?month=2026-10").text
    assert before.count(f"/attendance/{ben}?") == 1
    assert ">A</td>" in before
    assert hana.get("/attendance?month=2026-10&as=signed").headers["location"] == "/attendance/signed?month=2026-10"
    _press(office, "hana", CLOSE, note="x")
    _press(office, "dewi", SIGN)
    assert hana.get("/attendance/signed?month=2026-10&upto=1").text.count(">C</td>") == 1


def test_the_head_of_a_bidang_reads_the_signed_days_of_the_own_people_alone(office: World) -> None:
    ana, address = office.client("ana"), "/attendance/signed?month=2026-10"
    nothing = ana.get(address)
    assert nothing.headers["location"] == "/attendance?month=2026-10"
    _press(office, "hana", CLOSE, note="x")
    _press(office, "dewi", SIGN)
    page = ana.get(address).text
    assert ("Ben Tumiwa" in page, "Cy Sondakh" in page) == (True, False)
    assert "Cy Sondakh" in office.client("hana").get(address).text
    elsewhere = ana.get(f"{address}&division={office.viewer('cy').division_id}").text
    assert "Cy Sondakh" not in elsewhere
    assert "/attendance/sign?" not in page
    assert address.replace("&", "&amp;") in ana.get("/attendance?month=2026-10").text
    assert office.client("ben").get(address).status_code == 403


def test_the_same_press_twice_answers_like_the_first_time(office: World) -> None:
    client = office.client("hana")
    sent = form_of(client.get(PAGE).text, CLOSE) | {"note": "x"}
    first, again = client.post(CLOSE, data=sent), client.post(CLOSE, data=sent)
    assert (first.status_code, first.headers["location"]) == (again.status_code, again.headers["location"])
    assert _steps(office) == ["closed"]


def test_two_tabs_of_hr_close_once_and_the_second_keeps_what_was_typed(office: World) -> None:
    client = office.client("hana")
    tabs = [form_of(client.get(PAGE).text, CLOSE) | {"note": f"tab {n}"} for n in (1, 2)]
    answers = [client.post(CLOSE, data=sent) for sent in tabs]
    assert [answer.status_code for answer in answers] == [303, 409]
    assert "Hana Tendean sudah menutupnya lebih dulu" in answers[1].text
    assert _steps(office) == ["closed"]


def test_the_head_is_told_what_changed_and_cannot_sign_it(office: World) -> None:
    _press(office, "hana", CLOSE, note="x")
    dewi = office.client("dewi")
    sent = form_of(dewi.get(PAGE).text, SIGN)
    _correct(office, "2026-10-05")
    answer = dewi.post(SIGN, data=sent)
    assert answer.status_code == 409
    assert "1 hari berubah sejak kepegawaian menutupnya" in answer.text
    page = dewi.get(PAGE).text
    assert f'action="{SIGN}"' not in page
    assert "Ben Tumiwa" in page
    assert _steps(office) == ["closed"]


@pytest.mark.parametrize("typed", [{}, {"first": "2026-10-02"}, {"first": "x"}, {"idempotency_key": "?"}])
def test_a_form_that_was_not_ours_says_where_the_page_is(office: World, typed: dict[str, str]) -> None:
    sent = {"first": "2026-10-01", "turn": "0", "idempotency_key": str(uuid4())} | typed if typed else {}
    answer = office.client("hana").post(CLOSE, data=sent)
    assert answer.status_code == 422
    assert _steps(office) == []


def test_a_number_of_a_person_does_not_get_into_the_reason(office: World) -> None:
    answer = _press(office, "hana", CLOSE, note="NIK 7107010101900001")
    assert answer.status_code == 422
    assert "NIK" in answer.text
    assert _steps(office) == []


def test_an_office_without_a_head_is_told_who_can_help(office: World) -> None:
    with office.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "dewi").values(disabled_at=NOW))
    assert "belum ada yang bisa menandatangani" in office.client("hana").get(PAGE).text


@pytest.mark.parametrize(
    ("month", "said"), [("2026-11", "ditutup mulai 2 Desember 2026"), ("2026-09", "presensi belum dihitung")]
)
def test_a_month_that_cannot_be_closed_says_why(office: World, month: str, said: str) -> None:
    page = office.client("hana").get(f"/attendance/sign?month={month}").text
    assert said in page
    assert f'action="{CLOSE}"' not in page


def test_without_a_month_the_page_is_about_the_last_one_that_is_over(office: World) -> None:
    assert "Oktober 2026" in office.client("hana").get("/attendance/sign").text


def test_requests_that_wait_are_named_before_hr_closes(office: World) -> None:
    assert "menunggu keputusan" not in office.client("hana").get(PAGE).text
    out = (Wish(CorrectionKind.LEAVE),)
    ask(office.database, office.viewer("ben"), day=date(2026, 10, 23), wishes=out, now=NOW)
    for page in (PAGE, "/attendance/queue?month=2026-10"):
        assert "1 permintaan pegawai juga menunggu keputusan" in office.client("hana").get(page).text
    assert "permintaan pegawai" not in office.client("ana").get("/attendance/queue?month=2026-10").text


def test_another_date_from_which_presence_counts_says_which_signed_months_it_changes(office: World) -> None:
    hana, said = office.client("hana"), "Oktober 2026 sudah ditandatangani: perubahannya menjadi suplemen."
    later = "/attendance/start?from=2026-10-12"
    assert said not in hana.get(later).text
    assert _press(office, "hana", CLOSE, note="Surat menyusul").status_code == 303
    assert _press(office, "dewi", SIGN).status_code == 303
    assert said in hana.get(later).text
    assert said not in hana.get("/attendance/start?from=2026-10-01").text, "the date that it is"
