"""A request on its way through the pages, as the people of the office meet it."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.models import AuditEvent, EmploymentType, Officer, RequestEvent, ServiceRequest
from staffhub.service_requests import reckoning
from staffhub.service_requests.codes import fresh_codes
from tests.conftest import TODAY, World, count_queries, plan_range

NIK = "7107015501900001"


def _payload(**overrides: str) -> dict[str, str]:
    given = {"service_type": "family_card", "applicant": "Novi T.", "phone": "+62 812-3456-4471", "channel": "whatsapp"}
    return {**given, "idempotency_key": str(uuid4()), **overrides}


def _take_in(world: World, username: str = "ben", **overrides: str) -> str:
    answer = world.client(username).post("/requests", data=_payload(**overrides))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', text)
    assert found, f"no hidden {name}"
    return found[1]


def _stored(world: World) -> Any:
    with world.database.reading() as db:
        return db.execute(sa.select(ServiceRequest.__table__).order_by(ServiceRequest.id.desc())).first()


def test_the_form_offers_the_services_and_leads_to_the_new_request(world: World) -> None:
    ben = world.client("ben")
    page = ben.get("/requests?new=1")
    assert page.status_code == 200
    assert 'value="family_card"' in page.text
    assert "NIK" in page.text
    answer = ben.post("/requests", data=_payload(idempotency_key=_hidden(page.text, "idempotency_key")))
    assert answer.status_code == 303
    seen = ben.get(answer.headers["location"])
    assert "PM-2611-0001" in seen.text
    assert "08xx-xxxx-4471" in seen.text
    assert "6281234564471" not in seen.text
    assert "081234564471" not in seen.text
    assert _stored(world).phone == "081234564471"


def test_the_same_form_twice_leads_to_the_same_request_and_says_so(world: World) -> None:
    ben, form = world.client("ben"), _payload()
    first, second = (ben.post("/requests", data=form) for _n in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert "sudah tercatat" in ben.get(second.headers["location"]).text


def test_the_form_of_one_citizen_sent_again_for_the_next_is_not_lost(world: World) -> None:
    """Back in the browser brings the form of before, with its key: the words of the next person are kept."""
    ben, form = world.client("ben"), _payload()
    first = ben.post("/requests", data=form).headers["location"]
    told = ben.post("/requests", data=form | {"applicant": "Sari P."})
    assert told.status_code == 409
    assert "pernah dikirim dengan isi lain" in told.text
    assert 'value="Sari P."' in told.text
    key = _hidden(told.text, "idempotency_key")
    assert key != form["idempotency_key"]
    second = ben.post("/requests", data=form | {"applicant": "Sari P.", "idempotency_key": key})
    assert second.status_code == 303
    assert second.headers["location"] != first


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("applicant", f"Novi {NIK}"),
        ("applicant", "7107 0155 0190 0001"),
        ("applicant", " "),
        ("applicant", "N" * 61),
        ("phone", NIK),
        ("phone", "tidak ada"),
        ("phone", "123"),
        ("channel", "fax"),
        ("service_type", ""),
        ("service_type", "passport"),
        ("siak_reference", NIK),
        ("note", f"KK lama {NIK}"),
        ("note", "x" * 201),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(
    world: World, field: str, typed: str
) -> None:
    answer = world.client("ben").post("/requests", data=_payload(**{field: typed}))
    assert answer.status_code == 422
    assert f'id="request-{field}-error"' in answer.text
    assert "Novi" in answer.text or field == "applicant"
    assert _stored(world) is None


def test_what_needs_the_applicant_in_person_starts_deferred_with_the_reason(world: World) -> None:
    ben = world.client("ben")
    waits = ben.get(_take_in(world, service_type="ektp_recording"))
    assert "Ditangguhkan" in waits.text
    assert "datang sendiri" in waits.text
    unexplained = ben.post("/requests", data=_payload(urgent="1"))
    assert unexplained.status_code == 422
    assert "Tulis mengapa mendesak." in unexplained.text
    path = _take_in(world, service_type="ektp_recording", urgent="1", urgent_why="Lansia")
    urgent = ben.get(path)
    assert "Ditandai mendesak" in urgent.text
    ana, said = world.client("ana"), {"version": "1", "urgent": "0"}
    assert ana.post(f"{path}/urgency", data=said).status_code == 422
    assert ana.post(f"{path}/urgency", data=said | {"why": "Sudah sembuh"}).status_code == 303
    assert ben.post(f"{path}/urgency", data=said | {"why": "Sudah sembuh"}).status_code == 403
    late = ana.post(f"{path}/urgency", data=said | {"why": "Sudah sembuh benar"})
    assert late.status_code == 409
    assert "Sudah sembuh benar" in late.text
    assert "Tidak lagi mendesak" in late.text
    assert "Mendesak" in urgent.text
    assert "Diterima" in urgent.text
    assert _stored(world).state == "new"


def test_an_officer_takes_a_request_and_brings_it_to_the_end(world: World) -> None:
    ben, path = world.client("ben"), _take_in(world)
    page = ben.get(path)
    assert "Ambil permohonan ini" in page.text
    answer = ben.post(
        f"{path}/assign", data={"assignee": world.officer_id("ben"), "version": _hidden(page.text, "version")}
    )
    assert answer.headers["location"] == path
    for state in ("checking", "signing", "ready", "done"):
        page = ben.get(path)
        assert f'value="{state}"' in page.text
        note = {"note": "Berkas lengkap"} if state == "checking" else {}
        moved = ben.post(f"{path}/state", data={"state": state, "version": _hidden(page.text, "version"), **note})
        assert moved.status_code == 303
    page = ben.get(path)
    assert "Diambil oleh Ben Tumiwa" in page.text
    assert "Berkas lengkap" in page.text
    assert 'name="state"' not in page.text
    history = re.search(r'<ol class="history">.*?</ol>', page.text, re.DOTALL)
    assert history
    assert history[0].index("Selesai") < history[0].index("Diterima")
    assert "PM-2611-0001" in ben.get("/requests?state=done").text
    assert "PM-2611-0001" not in ben.get("/requests").text


def test_a_stale_page_is_told_and_keeps_the_note(world: World) -> None:
    ana, path = world.client("ana"), _take_in(world)
    version = _hidden(ana.get(path).text, "version")
    assert ana.post(f"{path}/state", data={"state": "checking", "version": version}).status_code == 303
    stale = ana.post(f"{path}/state", data={"state": "cancelled", "note": "Ganda", "version": version})
    assert stale.status_code == 409
    assert 'value="Ganda"' in stale.text
    assert "Diperiksa" in stale.text
    jump = ana.post(f"{path}/state", data={"state": "done", "note": "Ganda"})
    assert (jump.status_code, 'value="Ganda"' in jump.text) == (422, True)


@pytest.mark.parametrize("posted", [{"state": "flying"}, {}, {"state": "checking", "note": NIK}])
def test_a_step_with_a_bad_field_changes_nothing(world: World, posted: dict[str, str]) -> None:
    path = _take_in(world)
    assert world.client("ana").post(f"{path}/state", data=posted).status_code == 422
    assert _stored(world).state == "new"


def test_who_may_do_what(world: World) -> None:
    path = _take_in(world)
    take = {"assignee": world.officer_id("tia")}
    assert world.client().get(path).status_code == 303
    assert world.client("oka").get(path).status_code == 404
    assert world.client("ben").get("/requests/999").status_code == 404
    for name in ("cy", "hana", "ben"):
        seen = world.client(name).get(path)
        assert seen.status_code == 200
        assert 'name="state"' not in seen.text
        assert world.client(name).post(f"{path}/state", data={"state": "checking"}).status_code == 403
        assert world.client(name).post(f"{path}/reveal").status_code == 403
        assert world.client(name).post(f"{path}/assign", data=take).status_code == 403
    assert world.client("oka").post(f"{path}/state", data={"state": "checking"}).status_code == 404
    assert world.client("ana").post(f"{path}/assign", data={"assignee": "7.5"}).status_code == 422
    assert world.client("ana").post(f"{path}/assign", data={"assignee": 999}).status_code == 404
    assert world.client("ana").post(f"{path}/assign", data=take).status_code == 303
    again = world.client("ana").post(f"{path}/assign", data=take)
    assert (again.status_code, "sudah dipegang Tia Lumintang" in again.text) == (409, True)


def test_the_telephone_is_shown_on_demand_and_the_look_is_recorded(world: World) -> None:
    path = _take_in(world)
    world.client("ana").post(f"{path}/assign", data={"assignee": world.officer_id("ben")})
    ben = world.client("ben")
    assert "081234564471" not in ben.get(f"{path}?reveal=phone").text
    shown = ben.post(f"{path}/reveal")
    assert shown.status_code == 200
    assert "081234564471" in shown.text
    assert "no-store" in shown.headers["cache-control"]
    fragment = ben.post(f"{path}/reveal", headers={"HX-Request": "true"})
    assert "<html" not in fragment.text
    assert 'id="request-data"' in fragment.text
    with world.database.reading() as db:
        verbs = db.scalars(sa.select(AuditEvent.verb)).all()
    assert verbs.count("request.phone_shown") == 2


def test_a_head_hands_on_what_an_absent_officer_has_with_one_press(world: World) -> None:
    paths = [_take_in(world, applicant=f"Novi {n}") for n in range(2)]
    ana, tia, ben = world.client("ana"), world.officer_id("tia"), world.officer_id("ben")
    for path in paths:
        ana.post(f"{path}/assign", data={"assignee": tia, "note": "Berkas lama"})
    assert "Berkas lama" in ana.get(paths[0]).text
    head = world.viewer("ana")
    with world.database.transaction() as db:
        plan_range(db, head, tia, TODAY)
    address = f"/requests/hand-on?officer={tia}"
    listed = ana.get("/requests").text
    assert "Tia Lumintang cuti hari ini:" in listed
    assert f'href="{address}"' in listed
    assert address not in world.client("ben").get("/requests").text
    assert "Petugas cuti hari ini" in world.client("ben").get("/requests?assignee=none").text
    assert "Ambil permohonan ini" in world.client("ben").get(paths[0]).text
    page = ana.get(address).text
    assert "2 permohonan terbuka yang dapat Anda alihkan" in page
    missing = ana.post("/requests/hand-on", data={"officer": tia, "note": "Tia cuti"})
    assert (missing.status_code, 'value="Tia cuti"' in missing.text) == (422, True)
    assert ana.post("/requests/hand-on", data={"officer": "x", "assignee": ben}).status_code == 422
    refused = ana.post("/requests/hand-on", data={"officer": tia, "assignee": tia})
    assert refused.status_code == 422
    done = ana.post("/requests/hand-on", data={"officer": tia, "assignee": ben, "note": "Tia cuti"})
    assert done.headers["location"] == "/requests?assignee=none"
    assert "2 permohonan Tia Lumintang sudah dialihkan" in ana.get("/requests").text
    assert "Tia cuti" in ana.get(paths[1]).text
    again = ana.post("/requests/hand-on", data={"officer": tia, "assignee": ben})
    assert again.headers["location"] == "/requests"
    assert "tidak punya permohonan terbuka" in ana.get("/requests").text
    assert "Tidak ada yang perlu dialihkan" in ana.get(address).text
    assert ana.get("/requests/hand-on").headers["location"] == "/requests?assignee=none"


def test_a_request_closed_by_mistake_is_opened_again_with_a_note(world: World) -> None:
    path, ana = _take_in(world), world.client("ana")
    ana.post(f"{path}/state", data={"state": "checking"})
    ana.post(f"{path}/state", data={"state": "cancelled", "note": "Ganda"})
    page = ana.get(path).text
    assert "Terlanjur ditutup" in page
    assert "Terlanjur ditutup" not in world.client("ben").get(path).text
    without = ana.post(f"{path}/reopen", data={"version": _hidden(page, "version")})
    assert (without.status_code, 'id="again-note-error"' in without.text) == (422, True)
    form = {"note": "Salah tekan", "version": _hidden(page, "version")}
    assert ana.post(f"{path}/reopen", data=form).headers["location"] == path
    page = ana.get(path).text
    assert "Dibuka lagi" in page
    assert "Salah tekan" in page
    assert "Dibatalkan" in page, "that it was closed stays in its history"
    assert 'value="signing"' in page
    assert ana.post(f"{path}/reopen", data=form).status_code == 409
    assert "PM-2611-0001" in ana.get("/requests").text


def test_a_request_called_ready_by_mistake_goes_back_to_the_signer_with_a_note(world: World) -> None:
    path, ana = _take_in(world), world.client("ana")
    for state in ("checking", "signing"):
        ana.post(f"{path}/state", data={"state": state})
    assert "Ternyata belum siap" not in ana.get(path).text
    ana.post(f"{path}/state", data={"state": "ready"})
    page = ana.get(path).text
    assert "Ternyata belum siap?" in page
    assert "Ternyata belum siap?" not in world.client("ben").get(path).text, "who does not work on it"
    without = ana.post(f"{path}/reopen", data={"version": _hidden(page, "version")})
    assert (without.status_code, 'id="again-note-error"' in without.text) == (422, True)
    form = {"note": "Salah tekan", "version": _hidden(page, "version")}
    assert ana.post(f"{path}/reopen", data=form).headers["location"] == path
    page = ana.get(path).text
    assert "Ternyata belum siap: Menunggu tanda tangan" in page
    assert "Salah tekan" in page
    assert "menunggu tanda tangan" in page.partition('id="h-message"')[2], "what the citizen is told follows"
    assert ana.post(f"{path}/reopen", data=form).status_code == 409


def test_whatsapp_is_offered_with_a_usable_number_and_the_look_at_it_is_recorded(world: World) -> None:
    path, ana = _take_in(world), world.client("ana")
    page = ana.get(path).text
    assert "wa.me" not in page
    assert "Tulis lewat WhatsApp" in page
    opened = ana.post(f"{path}/reveal").text
    with world.database.reading() as db:
        code = db.scalars(sa.select(ServiceRequest.public_code)).one()
    assert f'href="https://wa.me/6281234564471?text=Permohonan%20{code}' in opened
    assert code in page
    assert "Novi" not in opened.split("wa.me")[1].split('"')[0]
    with world.database.reading() as db:
        assert db.scalars(sa.select(AuditEvent.verb)).all().count("request.phone_shown") == 1
    for phone in ("0431 851234", ""):
        page = ana.get(_take_in(world, phone=phone)).text
        assert "WhatsApp tidak dapat dibuka" in page
        assert "Tulis lewat WhatsApp" not in page
    assert "Tulis lewat WhatsApp" not in world.client("cy").get(path).text


def test_the_list_is_searched_filtered_and_paged(world: World) -> None:
    for n in range(26):
        _take_in(world, applicant=f"Novi {n:02}")
    _take_in(world, "cy", service_type="birth_certificate", applicant="Hendrik W.")
    ben = world.client("ben")
    page = ben.get("/requests")
    assert "1 – 25 dari 27" in page.text
    assert "27 permohonan belum punya petugas" in page.text
    assert 'href="/requests?page=2"' in page.text
    assert "26 – 27 dari 27" in ben.get("/requests?page=2").text
    assert "26 – 27 dari 27" in ben.get("/requests?page=77").text
    assert "1 – 1 dari 1" in ben.get("/requests?q=hendrik&type=").text
    assert "1 – 1 dari 1" in ben.get("/requests?type=birth_certificate").text
    assert "2611-0003" in ben.get("/requests?q=0003").text
    assert "Tidak ada permohonan yang cocok" in ben.get("/requests?q=tidakada").text
    assert "081234564471" not in page.text
    assert ben.get("/requests?page=0").status_code == 422
    assert ben.get("/requests?state=flying").status_code == 422


def test_a_search_by_htmx_answers_with_the_found_block_only(world: World) -> None:
    _take_in(world)
    answer = world.client("ben").get("/requests?q=novi", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert answer.text.count('id="requests-found"') == 1
    assert answer.headers["vary"].lower().startswith("hx-request")


def test_the_pages_stay_within_nine_statements(world: World) -> None:
    for _n in range(12):
        path = _take_in(world)
    tia = world.officer_id("tia")
    world.client("ana").post(f"{path}/assign", data={"assignee": tia})
    head = world.viewer("ana")
    with world.database.transaction() as db:
        db.execute(sa.text("UPDATE service_type SET service_days = 0"))
        plan_range(db, head, tia, TODAY)
    hand_on = f"/requests/hand-on?officer={tia}"
    for name, address in (("ben", "/requests"), ("ana", path), ("ben", "/requests?new=1"), ("ana", hand_on)):
        client = world.client(name)
        with count_queries(world.database) as queries:
            assert client.get(address).status_code == 200
        assert len(queries) <= 9, (address, len(queries))


def test_a_promise_of_the_office_is_shown_and_none_is_invented(world: World) -> None:
    path = _take_in(world)
    ben = world.client("ben")
    assert "belum ditetapkan" in ben.get(path).text
    with world.database.transaction() as db:
        db.execute(sa.text("UPDATE service_type SET service_days = 3"))
    assert "terpakai 0 dari 3 hari kerja" in ben.get(path).text
    assert "Jatuh tempo Kam, 26 Nov, 16.00 WITA (sisa 3 hari kerja)" in ben.get(path).text
    world.at(world.now.replace(day=27))
    ben = world.client("ben")
    reckoning.reckon_due(world.database, now=world.now)
    assert "terlambat" in ben.get(path).text
    assert "1 lewat batas" in ben.get("/requests").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_with_400_people_and_thousands_of_requests_every_page_is_light(world: World) -> None:
    head, path = world.viewer("ana"), _take_in(world)
    world.client("ana").post(f"{path}/assign", data={"assignee": world.officer_id("ben")})
    person = {"office_id": head.office_id, "employment_type": EmploymentType.THL, "division_id": head.division_id}
    with world.database.transaction() as db:
        people = [
            person | {"number": f"N{n:05}", "name": f"Wilhelmina Rondonuwu {n:03}", "active_from": TODAY}
            for n in range(400)
        ]
        ids = db.scalars(sa.insert(Officer).returning(Officer.id), people).all()
        stored = [column for column in ServiceRequest.__table__.c if column.computed is None]
        like = db.execute(sa.select(*stored)).mappings().first()
        assert like
        long_ago = {"created_at": world.now - timedelta(days=20), "updated_at": world.now, "state": "checking"}
        many = [
            {
                **like,
                **long_ago,
                "public_code": code,
                "id": 10 + n,
                "number": f"PM-2610-{n:04}",
                "idempotency_key": str(uuid4()),
            }
            | {"assignee_id": ids[n % 400]}
            for n, code in enumerate(fresh_codes(db, 3000))
        ]
        db.execute(sa.insert(ServiceRequest), many)
        event = {"office_id": head.office_id, "at": long_ago["created_at"], "state": "new", "note": ""}
        db.execute(sa.insert(RequestEvent), [event | {"request_id": row["id"]} for row in many])
        db.execute(sa.text("UPDATE service_type SET service_days = 3"))
        for officer_id in ids[:40]:
            plan_range(db, head, officer_id, TODAY)
    reckoning.reckon_due(world.database, now=world.now)
    for name in ("dewi", "ana", "ben"):
        client = world.client(name)
        for address in ("/requests", "/requests?assignee=none", path, f"/requests/hand-on?officer={ids[0]}"):
            if name == "ben" and "hand-on" in address:
                continue
            with count_queries(world.database) as queries:
                page = client.get(address)
            assert page.status_code == 200
            assert len(page.content) <= 60_000, (name, address, len(page.content))
            assert len(queries) <= 8, (name, address, queries)
    assert "3000 lewat batas" in world.client("ana").get("/requests").text


def test_a_head_writes_what_a_service_asks_for_and_whoever_takes_a_request_reads_it(world: World) -> None:
    ana, ben = world.client("ana"), world.client("ben")
    page = ben.get("/requests/services").text
    assert "Waktu layanan: belum ditetapkan" in page
    assert "/requests/services/new" not in page
    typed = {"name": "Legalisasi dokumen", "papers": "Dokumen asli\r\nSalinan", "days": "dua", "minutes": "7"}
    wrong = ana.post("/requests/services", data={**typed, "division_id": str(world.viewer("ana").division_id)})
    assert wrong.status_code == 422
    assert "Tulis angka bulat." in wrong.text
    assert "Tulis kelipatan 5." in wrong.text
    assert "Dokumen asli" in wrong.text, "what was typed is kept"
    right = typed | {"division_id": str(world.viewer("ana").division_id), "days": "2", "minutes": "20", "quota": "30"}
    for _twice in range(2):
        assert ana.post("/requests/services", data=right).status_code == 303
    page = ben.get("/requests/services").text
    assert page.count(": Legalisasi dokumen<") == 1
    assert "<li>Salinan</li>" in page
    assert "janji temu 20 menit" in page
    assert "paling banyak 30 per hari" in page
    assert "Dokumen asli; Salinan" in ben.get("/requests?new=1").text
    form = {"service_type": "legalisasi_dokumen", "applicant": "Novi T.", "channel": "counter"}
    taken = ben.post("/requests", data=form | {"idempotency_key": str(uuid4())})
    assert "<li>Dokumen asli</li>" in ben.get(taken.headers["location"]).text
    service = re.search(r'href="(/requests/services/\d+)">Legalisasi', ana.get("/requests/services").text)
    assert service
    assert "Ya, hentikan" in ana.get(service[1]).text
    ana.cookies.set("staffhub_locale", "en")
    recording = re.search(r'href="(/requests/services/\d+)">e-KTP recording', ana.get("/requests/services").text)
    assert recording
    assert "<h1>e-KTP recording</h1>" in ana.get(recording[1]).text, "each reader's own name of it"
    ana.cookies.delete("staffhub_locale")
    assert ana.post(f"{service[1]}/end").status_code == 303
    assert "legalisasi_dokumen" not in ben.get("/requests?new=1").text
    assert "berakhir" in ben.get("/requests/services").text
    assert "Layani lagi" in ana.get(service[1]).text


def test_the_search_of_the_list_is_sent_with_nothing_chosen_too(world: World) -> None:
    ben = world.client("ben")
    for sent in ("q=an&type=&division=", "q=&type=&division=1", "q=an&type=&division=tidak-ada"):
        assert ben.get(f"/requests?{sent}").status_code == 200, sent
