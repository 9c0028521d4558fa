"""A pasted message: what is found in it, and that no number of a person gets any further."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.founding import SERVICES
from staffhub.models import KeptForm, ServiceRequest, UserSession
from staffhub.service_requests import pasting
from tests.conftest import World
from tests.page_forms import form_of

CATALOGUE = {code: (name, english) for code, name, english, *_more in SERVICES}
NIK = "7107015501900001"


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (
            "Nama: Novi Tumewu\nNo HP: +62 812-3456-4471\nLayanan: akte lahir anak",
            ("Novi T.", "081234564471", "birth_certificate"),
        ),
        (
            "Selamat pagi, nama saya Hendrik Wowor mau pindah ke Manado. WA 0812 3456 4471",
            ("Hendrik W.", "081234564471", "move_certificate"),
        ),
        (
            "Saya Ibu Sintia Rumondor, KTP saya hilang. Hp: 6281234564471",
            ("Ibu Sintia R.", "081234564471", "ektp_reprint"),
        ),
        (
            "Nama : Lela; HP : 0812.3456.4471; mau rekam e-KTP",
            ("Lela", "081234564471", "ektp_recording"),
        ),
        (
            "mau buat Kartu Keluarga baru, a.n. Alfian M",
            ("Alfian M.", "", "family_card"),
        ),
        (
            "Perlu KIA untuk anak. Telp 0431 851234",
            ("", "", "child_card"),
        ),
        (
            "Bapak saya meninggal, mau urus aktenya",
            ("", "", "death_certificate"),
        ),
        (
            "Selamat pagi, kantor buka jam berapa?",
            ("", "", ""),
        ),
        (
            "Mau urus KTP",
            ("", "", ""),
        ),
        (
            "Nama pemohon: Bpk. Yohanis K. Lumi\nKontak: 0812 3456 4471 / 0813 2222 3333",
            ("Bpk. Yohanis L.", "081234564471", ""),
        ),
    ],
)
def test_name_telephone_and_service_are_found_as_people_write_them(message: str, found: tuple[str, str, str]) -> None:
    read = pasting.read(message, CATALOGUE)
    assert (read.applicant, read.phone, read.service) == found
    assert not read.dropped


@pytest.mark.parametrize(
    "number",
    [NIK, "7107 0155 0190 0001", "7107.0155.0190.0001", "710701-550190-0001", "9999999999999999", f"NIK {NIK[:15]}"],
)
def test_a_number_of_a_person_is_dropped_and_the_rest_is_read(number: str) -> None:
    for message in (
        f"Nama: Novi Tumewu\nKK: {number}\nNo HP: 081234564471\nAkta lahir",
        f"nama saya Novi Tumewu, NIK {number}, hp 081234564471, mau akta lahir",
        f"Nama: {number} Novi Tumewu\n081234564471 akta kelahiran",
    ):
        read = pasting.read(message, CATALOGUE)
        assert read == pasting.Found("Novi T.", "081234564471", "birth_certificate", dropped=True), message


def test_what_was_found_stands_in_the_form_and_the_message_is_kept_nowhere(world: World) -> None:
    ben = world.client("ben")
    page = ben.get("/requests?new=1").text
    assert "message" in form_of(page, "/requests/paste")
    message = f"Nama: Novi Tumewu\nNIK {NIK}\nNo HP: +62 812-3456-4471\nmau akta lahir, tolong rahasiakan"
    answer = ben.post("/requests/paste", data={"message": message})
    assert answer.status_code == 200
    assert "rahasiakan" not in answer.text
    assert NIK not in answer.text
    assert "NIK" in answer.text
    filled = form_of(answer.text, "/requests")
    assert [filled[name] for name in ("applicant", "phone", "service_type", "channel")] == [
        ["Novi T."], ["081234564471"], ["birth_certificate"], ["whatsapp"],
    ]  # fmt: skip
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(ServiceRequest.id))) == 0
    assert ben.post("/requests", data=filled).status_code == 303
    for typed in ("", " ", "x" * 4001):
        assert ben.post("/requests/paste", data={"message": typed}).status_code == 422


def test_a_message_of_an_ended_session_is_not_kept_for_later(world: World) -> None:
    ben = world.client("ben")
    with world.database.transaction() as db:
        db.execute(sa.update(UserSession).values(ended_at=world.now))
    answer = ben.post("/requests/paste", data={"message": f"NIK {NIK}", "idempotency_key": str(uuid4())})
    assert answer.status_code == 303
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(KeptForm.id))) == 0
