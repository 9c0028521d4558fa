"""Duty orders and exemptions as people meet them: written, told of, printed, changed and taken back."""

import re
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from pypdf import PdfReader

from staffhub.models import DutyOrder, Office, Officer, Posting
from staffhub.reports.documents import press
from tests.conftest import TODAY, World, add_officer, count_queries, plan_range
from tests.page_forms import form_of

NEXT = (TODAY + timedelta(days=7)).isoformat()
LAST = (TODAY + timedelta(days=8)).isoformat()


def _payload(page: str, **typed: Any) -> dict[str, Any]:
    wanted = {"number": "ST 094/118", "first": NEXT, "last": LAST, "place": "Manado", "purpose": "Konsultasi data"}
    return form_of(page, "/orders") | {
        name: value if isinstance(value, list) else [value] for name, value in (wanted | typed).items()
    }


def _write(client: TestClient, **typed: Any) -> str:
    """Write an order through its form, answering what is told; return its address."""
    answer = client.post("/orders", data=_payload(client.get("/orders/new").text, **typed))
    if answer.status_code == 200:
        answer = client.post("/orders", data=form_of(answer.text, "/orders"))
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>(?:.*?</svg>)?([^<]+)', answer.text, re.DOTALL)
    return str(answer.headers["location"])


def _text(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def test_hr_writes_an_order_without_scripts_and_everybody_it_names_finds_it(world: World) -> None:
    hana, ben = world.client("hana"), world.officer_id("ben")
    page = hana.get("/orders/new").text
    found = hana.post("/orders", data=_payload(page, find="Tumiwa", search="1"))
    assert found.status_code == 200
    assert form_of(found.text, "/orders")["officer"] == [str(ben)], "the only one of a name is chosen at once"
    assert form_of(found.text, "/orders")["place"] == ["Manado"]
    answer = hana.post("/orders", data=form_of(found.text, "/orders") | {"find": [""]})
    assert answer.status_code == 303, _text(answer.text)
    shown = _text(hana.get(answer.headers["location"]).text)
    for words in ("ST 094/118: Manado", "Ben Tumiwa", "Konsultasi data", "Dewi Ondang, Kepala Dinas"):
        assert words in shown
    assert "ST 094/118" in world.client("ben").get("/orders").text
    assert "ST 094/118" not in world.client("tia").get("/orders").text
    assert 'value="ST 094/119"' in hana.get("/orders/new").text
    plan = hana.get(f"/roster/{ben}?month=2026-11").text
    assert f'<a href="{answer.headers["location"]}">ST 094/118</a>' in plan
    assert f"/roster/{ben}/exceptions/1/withdraw" not in plan, "it is changed on the order, with a reason"
    refused = hana.post(f"/roster/{ben}/exceptions/1/withdraw")
    assert refused.status_code == 422
    assert "ST 094/118" in refused.text
    assert f'href="{answer.headers["location"]}"' not in world.client("cy").get(f"/roster/{ben}?month=2026-11").text
    assert f'href="{answer.headers["location"]}"' in hana.get(f"/attendance/{ben}/{NEXT}").text


def test_what_it_breaks_is_told_once_and_written_with_the_second_press(world: World) -> None:
    hana, ben = world.client("hana"), world.officer_id("ben")
    viewer = world.viewer("hana")
    with world.database.transaction() as db:
        plan_range(db, viewer, ben, TODAY + timedelta(days=7))
    told = hana.post("/orders", data=_payload(hana.get("/orders/new").text, officer=str(ben)))
    assert told.status_code == 200
    assert "Ben Tumiwa cuti" in _text(told.text)
    assert "Tetap tulis" in told.text
    again = form_of(told.text, "/orders")
    other = hana.post(
        "/orders",
        data=again | {"last": [(TODAY + timedelta(days=9)).isoformat()], "officer": [str(world.officer_id("tia"))]},
    )
    assert other.status_code == 200, "something else is to be told by now"
    assert hana.post("/orders", data=again).status_code == 303
    assert hana.post("/orders", data=again).status_code == 303, "a press that comes twice answers as the first time"
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(DutyOrder)) == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"number": ""}, "number"),
        ({"place": ""}, "place"),
        ({"first": "kemarin"}, "first"),
        ({"last": "2026-11-01"}, "last"),
        ({"purpose": "NIP 198001012005011001"}, "purpose"),
        ({"officer": []}, "officer"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mistake_stands_beside_its_field_and_what_was_typed_is_kept(
    world: World, typed: dict[str, Any], field: str
) -> None:
    hana = world.client("hana")
    page = hana.get("/orders/new").text
    answer = hana.post("/orders", data=_payload(page, **({"officer": str(world.officer_id("ben"))} | typed)))
    assert answer.status_code == 422
    assert "<title>" in answer.text
    if field == "officer":
        assert "Pilih paling sedikit satu pegawai" in answer.text
    else:
        assert f'id="order-{field}-error"' in answer.text
    assert "Konsultasi data" in answer.text or field == "purpose"


def test_the_number_of_another_order_is_refused_and_names_it(world: World) -> None:
    hana = world.client("hana")
    _write(hana, officer=str(world.officer_id("ben")))
    answer = hana.post(
        "/orders", data=_payload(hana.get("/orders/new").text, officer=str(world.officer_id("cy")), number="st 094/118")
    )
    assert answer.status_code == 422
    assert "ke Manado" in _text(answer.text)


def test_a_head_writes_for_the_own_division_alone(world: World) -> None:
    ana = world.client("ana")
    answer = ana.post("/orders", data=_payload(ana.get("/orders/new").text, officer=str(world.officer_id("cy"))))
    assert answer.status_code == 403
    assert _write(ana, officer=str(world.officer_id("ben"))).startswith("/orders/")


def test_an_order_is_changed_step_by_step_and_every_step_is_shown(world: World) -> None:
    hana, ben, cy = world.client("hana"), world.officer_id("ben"), world.officer_id("cy")
    address = _write(hana, officer=[str(ben), str(cy)])

    def press(verb: str, **typed: Any) -> Any:
        form = form_of(hana.get(address).text, f"{address}/{verb}")
        return hana.post(f"{address}/{verb}", data=form | {"reason": ["Perubahan jadwal"]} | typed)

    assert press("officers", officer=[str(world.officer_id("dewi"))]).status_code == 303
    assert press("officers/take-out", officer=[str(cy)]).status_code == 303
    assert press("shorten", last=[(TODAY + timedelta(days=20)).isoformat()]).status_code == 422
    assert press("shorten", last=[NEXT]).status_code == 303
    shown = _text(hana.get(address).text)
    for words in (
        "Ditambah: Dewi Ondang",
        "Dikeluarkan: Cy Sondakh",
        "Berakhir Sen, 30 Nov",
        "Perubahan jadwal",
        "Hana Tendean",
    ):
        assert words in shown
    assert press("withdraw", reason=[""]).status_code == 422
    assert press("withdraw").status_code == 303
    gone = hana.get(address).text
    assert "tidak berlaku lagi" in gone
    assert f"{address}/withdraw" not in gone
    assert "dikeluarkan" in world.client("cy").get(address).text, "whoever was taken out may read why"


def test_the_print_is_one_page_with_names_full_numbers_and_nothing_read_as_markup(world: World) -> None:
    hana, ben = world.client("hana"), world.officer_id("ben")
    address = _write(
        hana,
        officer=[str(ben), str(world.officer_id("cy"))],
        place="#strong[Manado] $x^2$ @kadis",
        purpose="Rapat *penting* _sekali_ \\ <b>",
        basis="DPA 2026",
    )
    answer = world.client("ben").get(f"{address}/print")
    assert answer.headers["content-type"] == "application/pdf"
    assert 'filename="surat-tugas-st-094-118.pdf"' in answer.headers["content-disposition"]
    again = hana.get(f"{address}/print")
    assert again.content == answer.content, "the same bytes for whoever asks"
    reader = PdfReader(BytesIO(answer.content))
    assert len(reader.pages) == 1
    text = re.sub(r"\s+", " ", reader.pages[0].extract_text())
    for words in (
        "Ben Tumiwa",
        "Cy Sondakh",
        "ST 094/118",
        "#strong[Manado] $x^2$ @kadis",
        "*penting*",
        "DPA 2026",
        "Dewi Ondang",
    ):
        assert words in text, words
    assert "000000000000000003" in text.replace(" ", ""), "the full number is right on a print"
    assert reader.trailer["/Root"].get("/MarkInfo"), "tagged for screen readers"
    assert world.client("tia").get(f"{address}/print").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_order_of_fifty_people_with_long_names_is_still_one_page(world: World) -> None:
    hana = world.client("hana")
    office_id = world.viewer("hana").office_id
    with world.database.transaction() as db:
        office = db.get_one(Office, office_id)
        ids = [
            add_officer(
                db,
                office,
                number=f"7{n:017}",
                name=f"Yuliana Christiani Rondonuwu-Pangemanan {n:02}",
                position="Pengelola dokumen kependudukan",
            ).id
            for n in range(50)
        ]
    address = _write(hana, officer=[str(one) for one in ids])
    reader = PdfReader(BytesIO(hana.get(f"{address}/print").content))
    assert len(reader.pages) == 1
    assert "Pangemanan 49" in re.sub(r"\s+", " ", reader.pages[0].extract_text())
    assert press.__doc__


def test_hr_exempts_everyone_after_seeing_for_whom_and_takes_a_day_back(world: World) -> None:
    hana, ben = world.client("hana"), world.officer_id("ben")
    form = form_of(hana.get("/exemptions/new").text, "/exemptions")
    typed = {
        "number": ["SE 12/2026"],
        "meaning": ["excused"],
        "first": [NEXT],
        "last": [LAST],
        "reason": ["Banjir"],
        "everyone": ["1"],
    }
    looked = hana.post("/exemptions", data=form | typed)
    assert looked.status_code == 200
    assert "ini untuk 7 pegawai" in looked.text
    assert "Cy Sondakh" in looked.text
    written = hana.post("/exemptions", data=form_of(looked.text, "/exemptions"))
    assert written.status_code == 303
    address = written.headers["location"]
    assert hana.post("/exemptions", data=form_of(looked.text, "/exemptions")).headers["location"] == address
    assert "Banjir" in world.client("ben").get(f"/roster/{ben}?month=2026-11").text
    back = form_of(hana.get(address).text, f"{address}/take-back") | {"first": [LAST], "reason": ["Air surut"]}
    some = hana.post(f"{address}/take-back", data=back | {"whom": ["some"], "officer": [str(ben)]})
    assert some.status_code == 303
    stale = hana.post(f"{address}/take-back", data=back | {"idempotency_key": ["another-press"]})
    assert stale.status_code == 409
    assert "Air surut" in stale.text
    assert hana.post(f"{address}/take-back", data=form_of(stale.text, f"{address}/take-back")).status_code == 303
    shown = _text(hana.get(address).text)
    assert "Air surut" in shown
    assert "untuk semua" in shown
    assert "SE 12/2026" in world.client("ana").get("/exemptions").text
    assert world.client("ben").get("/exemptions").status_code == 403


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_mistakes_in_an_exemption_stand_beside_their_fields(world: World) -> None:
    hana = world.client("hana")
    form = form_of(hana.get("/exemptions/new").text, "/exemptions")
    typed = {"number": ["SE 1"], "meaning": ["home"], "first": [NEXT], "reason": ["Banjir"]}
    nobody = hana.post("/exemptions", data=form | typed)
    assert nobody.status_code == 422
    assert "Pilih untuk siapa" in nobody.text
    backwards = hana.post("/exemptions", data=form | typed | {"everyone": ["1"], "last": ["2026-11-20"]})
    assert 'id="exemption-last-error"' in backwards.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_exemption_of_400_is_a_light_page_that_finds_people(world: World) -> None:
    hana = world.client("hana")
    office_id = world.viewer("hana").office_id
    with world.database.transaction() as db:
        office = db.get_one(Office, office_id)
        division = db.scalars(sa.select(Posting.division_id).where(Posting.division_id.is_not(None))).first()
        for n in range(400):
            add_officer(db, office, number=f"6{n:017}", name=f"Pegawai Bernama Panjang {n:03}", division_id=division)
        assert db.scalar(sa.select(sa.func.count()).select_from(Officer)) > 400
    form = form_of(hana.get("/exemptions/new").text, "/exemptions")
    typed = {"number": ["SE 1"], "meaning": ["home"], "first": [NEXT], "reason": ["Banjir"], "everyone": ["1"]}
    looked = hana.post("/exemptions", data=form | typed)
    assert len(looked.content) < 60_000
    address = hana.post("/exemptions", data=form_of(looked.text, "/exemptions")).headers["location"]
    with count_queries(world.database) as seen:
        page = hana.get(address)
    assert len(seen) <= 8
    assert len(page.content) < 60_000
    assert "1 – 60 dari 407" in _text(page.text)
    part = hana.get(f"{address}?q=sondakh", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "Cy Sondakh" in part
    assert "Panjang" not in part


@pytest.mark.parametrize("path", ["/orders", "/orders/new", "/exemptions", "/exemptions/new"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_pages_speak_english_too(world: World, path: str) -> None:
    hana = world.client("hana")
    hana.post("/account/locale", data={"locale": "en"})
    page = hana.get(path).text
    assert 'lang="en"' in page
    assert "surat tugas" not in page.lower()


def test_an_order_without_anybody_says_so_once_and_leads_there(world: World) -> None:
    hana = world.client("hana")
    answer = hana.post("/orders", data=_payload(hana.get("/orders/new").text, officer=[]))
    assert answer.status_code == 422
    assert answer.text.count('role="alert"') == 1
    assert 'href="#order-officer"' in answer.text
    assert 'id="order-officer"' in answer.text


def test_a_span_over_new_year_names_both_years_and_another_none(world: World) -> None:
    hana, ben = world.client("hana"), world.officer_id("ben")
    address = _write(hana, officer=[str(ben)], first="2026-12-30", last="2027-01-05")
    page = _text(hana.get(address).text)
    assert "Rab, 30 Des 2026 – Sel, 5 Jan 2027" in page
    other = _text(hana.get(_write(hana, officer=[str(ben)], number="ST 2")).text)
    assert "Des 2026 –" not in other


def _print(client: TestClient, address: str) -> str:
    (page,) = PdfReader(BytesIO(client.get(f"{address}/print").content)).pages
    return str(page.extract_text())


def test_the_print_of_a_withdrawn_order_says_so_and_when(world: World) -> None:
    hana, ben = world.client("hana"), world.officer_id("ben")
    address = _write(hana, officer=[str(ben)])
    assert "DICABUT" not in _print(hana, address)
    form = form_of(hana.get(address).text, f"{address}/withdraw") | {"reason": ["Acara batal"]}
    assert hana.post(f"{address}/withdraw", data=form).status_code == 303
    assert "DICABUT pada 23 November 2026" in _print(hana, address)


@pytest.mark.parametrize("username", ["hana", "dewi", "ben"])
def test_a_day_that_rests_on_a_letter_names_it_in_eight_statements(world: World, username: str) -> None:
    hana, ben = world.client("hana"), world.officer_id("ben")
    today = {"first": TODAY.isoformat(), "last": TODAY.isoformat(), "issued": TODAY.isoformat()}
    address = _write(hana, officer=[str(ben)], **today)
    client = world.client(username)
    client.get(f"/attendance/{ben}/{TODAY}")
    with count_queries(world.database) as counted:
        page = client.get(f"/attendance/{ben}/{TODAY}").text
    assert f'<a href="{address}">ST 094/118</a>' in page
    asked = [one for one in counted if not one.startswith("INSERT INTO audit_event")]  # that it was read is a write
    assert len(asked) <= 8, asked
