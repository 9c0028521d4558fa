"""The way of a request through the pages, as a phone without scripts goes it: the person, the head, HR."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from staffhub import corrections, days
from staffhub.models import (
    AuditEvent,
    CheckoutProposal,
    Correction,
    CorrectionKind,
    CorrectionReason,
    CorrectionRequest,
    LogEntry,
    Mark,
    MarkKind,
    MonthSnapshot,
    MonthStep,
    SignStep,
)
from staffhub.reports import recap
from tests.conftest import MORNING, World, count_from, count_queries
from tests.page_forms import Values, form_of
from tests.test_attendance_pages import text_of
from tests.test_corrections import put_mark
from tests.test_corrections_asked import below, decide_within

FRIDAY = date(2026, 11, 20)
NEW = f"/corrections/new?date={FRIDAY}&kind=check_out"


@pytest.fixture
def came(world: World) -> World:
    """Ben came on Friday and forgot to check out; Ana is above him, and a decision takes three working days."""
    ben = world.viewer("ben")
    count_from(world.database, FRIDAY)
    put_mark(world.database, ben, ben.officer_id or 0, FRIDAY, "07:28", MarkKind.CHECK_IN)
    below(world.database, "ben", "ana")
    decide_within(world.database, 3)
    return world


@pytest.fixture
def friday(came: World) -> World:
    """His last log entry ends at 15.15, and the day is closed."""
    worked_until(came, "15.15")
    return came


def worked_until(world: World, until: str) -> None:
    ben, ends = world.viewer("ben"), datetime.strptime(until, "%H.%M").time()  # noqa: DTZ007  a time of day
    with world.database.transaction() as db:
        entry = {
            "office_id": ben.office_id,
            "officer_id": ben.officer_id,
            "date": FRIDAY,
            "text": "Melayani",
            "unit": "",
        }
        times = {"starts": ends.replace(hour=8), "ends": ends, "created_at": MORNING, "updated_at": MORNING}
        db.add(LogEntry(**entry, **times, version=1, idempotency_key=str(uuid4())))
    days.close_due(world.database, now=MORNING)


def ask(client: TestClient, **typed: str) -> Any:
    """Fill in the form as it stands, look at what the day becomes, and send it."""
    page = client.get(NEW).text
    given = {"time": "16.02", "reason": "forgot", "note": "Rapat sampai sore"} | typed
    shown = client.post(
        "/corrections", data=form_of(page, "/corrections") | {key: [text] for key, text in given.items()}
    )
    assert shown.status_code == 200, text_of(shown.text)
    return client.post("/corrections", data=form_of(shown.text, "/corrections"))


def press(client: TestClient, address: str, verb: str, **typed: str) -> Any:
    page = client.get(address).text
    return client.post(
        f"{address}/{verb}", data=form_of(page, f"{address}/{verb}") | {k: [v] for k, v in typed.items()}
    )


def record(world: World) -> days.DayRecord:
    ben = world.viewer("ben")
    with world.database.reading() as db:
        officer = recap.officer_for(db, ben, ben.officer_id, FRIDAY)
        return days.load(db, ben.office_id, [officer], [FRIDAY], zone=ben.zone, now=world.now).record(
            officer.id, FRIDAY
        )


def test_from_the_flagged_day_to_the_correction_in_force(friday: World) -> None:
    ben, ana, hana = (friday.client(name) for name in ("ben", "ana", "hana"))
    day = f"/attendance/{friday.officer_id('ben')}/{FRIDAY}"
    assert "/corrections/new?date=2026-11-20&amp;kind=check_out" in ben.get(day).text
    sent = ask(ben)
    address = sent.headers["location"]
    page = text_of(ben.get(address).text)
    assert "Terkirim ke Ana Kaunang." in page
    assert "Sekarang ada di Ana Kaunang, diputuskan paling lambat 26 November 2026." in page
    assert "Dengan koreksi ini harinya menjadi:" in page
    assert "1 permintaan menunggu keputusan Anda" in text_of(ana.get("/corrections").text)
    decide = ana.get(address).text
    assert "07.28 – 16.02 WITA" in text_of(decide)
    assert press(ana, address, "accept").status_code == 303
    assert record(friday).last is None
    assert "Diminta pegawai" in text_of(hana.get(day).text)
    assert press(hana, address, "accept", note="Cocok").status_code == 303
    assert "Disahkan, berlaku" in text_of(ben.get(address).text)
    assert "Cocok" in ben.get(address).text
    found = record(friday)
    assert found.last is not None
    assert found.last.strftime("%H.%M") == "16.02"
    assert "Presensi pulang 16.02" in text_of(ben.get(day).text)
    assert "action=" not in ben.get(address).text.partition("<main")[2], "nothing is left to press"


def test_an_absent_day_is_named_once_before_and_after_it_is_asked_for(world: World) -> None:
    ben = world.client("ben")
    count_from(world.database, FRIDAY)
    below(world.database, "ben", "ana")
    days.close_due(world.database, now=MORNING)
    before = text_of(ben.get(NEW).text)
    assert before.count("Tanpa keterangan") == 1
    after = text_of(ben.get(ask(ben, kind="leave", time="").headers["location"]).text)
    assert after.count("Tanpa keterangan") == 1


def test_nothing_is_stored_before_the_outcome_was_shown_and_a_changed_claim_is_shown_again(friday: World) -> None:
    ben = friday.client("ben")
    form = form_of(ben.get(NEW).text, "/corrections") | {"reason": ["forgot"], "note": ["Rapat"]}
    shown = ben.post("/corrections", data=form | {"time": ["15.00"]})
    assert shown.status_code == 200
    assert "Pulang 1 jam 30 menit lebih cepat" in text_of(shown.text)
    again = ben.post("/corrections", data=form_of(shown.text, "/corrections") | {"time": ["16.30"]})
    assert again.status_code == 200
    assert "Pulang 1 jam" not in text_of(again.text)
    with friday.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(CorrectionRequest)) == 0
    assert ben.post("/corrections", data=form_of(again.text, "/corrections")).status_code == 303


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"time": "15.5"}, "time"),
        ({"time": ""}, "time"),
        ({"time": "07.00"}, "time"),
        ({"reason": ""}, "reason"),
        ({"note": ""}, "note"),
        ({"note": "NIK 7107051203850002"}, "note"),
        ({"kind": "absent"}, "kind"),
        ({"kind": "vacation"}, "kind"),
        ({"kind": "mode", "mode": ""}, "mode"),
    ],
)
def test_bad_input_stands_beside_its_field_with_what_was_typed(
    friday: World, typed: dict[str, str], field: str
) -> None:
    ben = friday.client("ben")
    given = form_of(ben.get(NEW).text, "/corrections") | {"reason": ["forgot"], "time": ["16.00"], "note": ["Rapat"]}
    answer = ben.post("/corrections", data=given | {key: [text] for key, text in typed.items()})
    assert answer.status_code == 422
    assert f'id="claim-{field}-error"' in answer.text
    for text in (typed.get("time"), typed.get("note", "Rapat")):
        assert not text or text in answer.text


def test_with_scripts_only_the_form_comes_back(friday: World) -> None:
    ben = friday.client("ben")
    form = form_of(ben.get(NEW).text, "/corrections") | {"reason": ["forgot"], "note": ["Rapat"], "time": ["16.02"]}
    shown = ben.post("/corrections", data=form, headers={"HX-Request": "true"})
    assert "<html" not in shown.text
    sent = ben.post("/corrections", data=form_of(shown.text, "/corrections"), headers={"HX-Request": "true"})
    assert sent.headers["hx-redirect"].startswith("/corrections/")


@pytest.mark.parametrize("day", ["2026-11-24", "2019-01-02"])
def test_a_day_of_which_nothing_can_be_asked_says_why(friday: World, day: str) -> None:
    page = friday.client("ben").get(f"/corrections/new?date={day}")
    assert page.status_code == 200
    assert 'action="/corrections"' not in page.text
    assert "belum tiba" in page.text or "di luar masa kerja" in page.text
    assert friday.client("ben").get("/corrections/new?date=2026-02-30").status_code == 404


def test_a_decision_on_an_older_page_keeps_what_was_typed_and_tells_who_was_quicker(friday: World) -> None:
    ben, ana = friday.client("ben"), friday.client("ana")
    address = ask(ben).headers["location"]
    old: Values = form_of(ana.get(address).text, f"{address}/decline") | {"note": ["Saya melihat Anda pulang"]}
    assert press(ben, address, "withdraw").status_code == 303
    for headers in ({}, {"HX-Request": "true"}):
        told = ana.post(f"{address}/decline", data=old, headers=headers)
        assert told.status_code == 409
        assert "Ben Tumiwa sudah menarik permintaan ini" in told.text
        assert "Saya melihat Anda pulang" in told.text
    assert ana.post(f"{address}/accept", data={"turn": "1"}).status_code == 422


def test_a_decline_without_a_reason_is_asked_for_one(friday: World) -> None:
    ana = friday.client("ana")
    address = ask(friday.client("ben")).headers["location"]
    told = press(ana, address, "decline", note=" ")
    assert told.status_code == 422
    assert 'id="decline-note-error"' in told.text
    assert press(ana, address, "decline", note="Sudah pulang pukul dua").status_code == 303
    assert "Sudah pulang pukul dua" in friday.client("ben").get(address).text


def test_the_head_of_another_division_and_colleagues_see_nothing_of_it(friday: World) -> None:
    address = ask(friday.client("ben")).headers["location"]
    for who, status in (("tia", 403), ("cy", 403), ("oka", 404), ("dewi", 200), ("adi", 200)):
        client = friday.client(who)
        assert client.get(address).status_code == status, who
        assert client.post(f"{address}/accept", data={}).status_code in {403, 404}, who
        if status == 200:
            assert f"{address}/accept" not in client.get(address).text


def test_that_somebody_read_a_request_is_on_record(friday: World) -> None:
    address = ask(friday.client("ben")).headers["location"]
    friday.client("ben").get(address)
    friday.client("hana").get(address)
    with friday.database.reading() as db:
        read = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "day.read")).all()
    assert [event.actor_id for event in read] == [friday.viewer("hana").account_id]


def test_hr_finds_the_claim_in_her_own_form(friday: World) -> None:
    ask(friday.client("ben"))
    page = friday.client("hana").get(f"/attendance/{friday.officer_id('ben')}/{FRIDAY}").text
    values = form_of(page, "/corrections")
    assert (values["kind"], values["time"]) == (["check_out"], ["16.02"])


def test_what_is_late_is_said_and_with_hr(friday: World) -> None:
    address = ask(friday.client("ben")).headers["location"]
    friday.at(MORNING + timedelta(days=4))
    page = text_of(friday.client("hana").get(address).text)
    assert "Ana Kaunang belum memutuskan sampai 26 November 2026. Sekarang ada di kepegawaian." in page
    assert "Sahkan koreksi" in page
    mine = text_of(friday.client("ana").get(address).text)
    assert "Batas keputusannya 26 November 2026. Sekarang kepegawaian yang memutuskan." in mine
    assert "Setujui" not in mine


def test_whoever_leads_counts_what_waits_and_finds_it_there(friday: World) -> None:
    below(friday.database, "ben", "tia")
    ask(friday.client("ben"))
    tia = friday.client("tia")
    assert "1 permintaan menunggu keputusan Anda" in text_of(tia.get("/").text), "also who leads nobody by role"
    address = re.findall(r'href="(/corrections/\d+)"', tia.get("/corrections?show=waiting").text)[0]
    assert press(tia, address, "accept").status_code == 303
    for who, count in (("hana", 1), ("dewi", 0), ("ana", 0)):
        page = friday.client(who).get("/").text
        assert page.count(f"<b>{count} koreksi perlu keputusan</b>") == count, who
        assert ("koreksi perlu keputusan" in page) == (count > 0), who
    assert "menunggu keputusan" not in text_of(tia.get("/").text)


def test_a_signed_month_is_told_and_may_still_be_corrected(friday: World) -> None:
    hana = friday.viewer("hana")
    with friday.database.transaction() as db:
        snapshot = MonthSnapshot(
            office_id=hana.office_id,
            first=FRIDAY.replace(day=1),
            number=0,
            head="{}",
            hash="x" * 64,
            officers=1,
            at=MORNING,
        )
        db.add(snapshot)
        db.flush()
        about = {"note": "", "created_by": hana.account_id, "at": MORNING, "idempotency_key": str(uuid4())}
        db.add(
            MonthStep(
                office_id=hana.office_id,
                first=snapshot.first,
                turn=1,
                kind=SignStep.SIGNED,
                snapshot_id=snapshot.id,
                **about,
            )
        )
    assert "sudah ditandatangani" in friday.client("ben").get(NEW).text
    address = ask(friday.client("ben")).headers["location"]
    assert "sudah ditandatangani" in friday.client("ana").get(address).text
    assert press(friday.client("ana"), address, "accept").status_code == 303


# The check-out that the close of day proposes


def proposal(client: TestClient, page: str = "/") -> tuple[str, Values]:
    html = client.get(page).text
    found = re.search(r'action="(/corrections/proposals/\d+)"', html)
    assert found, text_of(html)
    return found[1], form_of(html, found[1])


def test_the_first_page_and_the_month_ask_about_an_open_day_with_the_proposed_time(friday: World) -> None:
    ben = friday.client("ben")
    for page in ("/", "/me/month", f"/attendance/{friday.officer_id('ben')}/{FRIDAY}"):
        text = text_of(ben.get(page).text)
        assert "Diusulkan 15.15 dari catatan terakhir Anda." in text, page
        assert "Bila benar, hari itu tercatat pulang 1 jam 15 menit lebih awal." in text, page
        assert "Benar, 15.15" in text, page
        assert "Jam lain" in text, page
    assert "presensi pulang belum ada" in text_of(ben.get("/").text)


def test_leaving_early_is_said_and_asked_before_a_forgotten_mark_becomes_it(friday: World) -> None:
    ben = friday.client("ben")
    address, form = proposal(ben)
    asked = ben.post(address, data=form)
    assert asked.status_code == 200
    assert "Maka hari itu tercatat pulang 1 jam 15 menit lebih awal. Belum ada yang tercatat." in text_of(asked.text)
    assert record(friday).last is None
    done = ben.post(address, data=form_of(asked.text, address))
    assert done.status_code == 303
    found = record(friday)
    assert found.last is not None
    assert (found.last.strftime("%H.%M"), found.early) == ("15.15", 75)
    assert "Benar, 15.15" not in ben.get("/").text
    again = ben.post(address, data=form_of(asked.text, address))
    assert again.status_code == 303
    with friday.database.reading() as db:
        marks = db.scalars(sa.select(Mark).where(Mark.date == FRIDAY, Mark.kind == MarkKind.CHECK_OUT)).all()
        assert db.scalar(sa.select(sa.func.count()).select_from(Correction)) == 0
    assert [(mark.method, mark.grade.value, mark.received_at) for mark in marks] == [("proposal", "c", MORNING)]
    day = text_of(friday.client("hana").get(f"/attendance/{friday.officer_id('ben')}/{FRIDAY}").text)
    assert "Diusulkan penutupan hari, dibenarkan pegawai" in day


def test_who_did_not_leave_early_answers_in_one_tap_and_has_a_receipt(came: World) -> None:
    worked_until(came, "16.30")
    ben = came.client("ben")
    address, form = proposal(ben)
    assert ben.post(address, data=form).status_code == 303
    said = text_of(ben.get("/").text)
    assert "Presensi pulang tercatat 16.30 WITA untuk Jum, 20 Nov." in said
    assert (record(came).early, record(came).needs_person) == (0, False)
    with came.database.reading() as db:
        receipt = db.scalars(sa.select(Mark.receipt).where(Mark.method == "proposal")).one()
    shown = text_of(ben.get(f"/presence/receipts/{receipt}").text)
    assert "diusulkan penutupan hari dari jejak terakhir" in shown
    assert "menurut jam server" not in shown


def test_a_day_that_would_last_longer_than_its_plan_goes_to_the_superior(came: World) -> None:
    worked_until(came, "18.45")
    ben = came.client("ben")
    address, form = proposal(ben)
    sent = ben.post(address, data=form)
    assert sent.headers["location"] == "/corrections/new?date=2026-11-20&kind=check_out&time=18.45"
    page = ben.get(sent.headers["location"]).text
    assert form_of(page, "/corrections")["time"] == ["18.45"]
    assert "melewati rencana" in page
    assert record(came).last is None


def test_a_day_whose_check_out_came_meanwhile_is_left_alone(friday: World) -> None:
    ben = friday.client("ben")
    address, form = proposal(ben)
    hana, ben_id = friday.viewer("hana"), friday.officer_id("ben")
    with friday.database.transaction() as db:
        officer = recap.officer_for(db, hana, ben_id, FRIDAY)
        wish = corrections.Wish(CorrectionKind.CHECK_OUT, time(16, 0))
        because = {"reason": CorrectionReason.FORGOT, "note": "x", "idempotency_key": str(uuid4())}
        corrections.add(db, hana, officer, day=FRIDAY, wish=wish, now=MORNING, **because)
    told = ben.post(address, data=form | {"sure": ["1"]})
    assert told.status_code == 303
    assert "sudah punya presensi pulang" in text_of(ben.get(told.headers["location"]).text)
    with friday.database.reading() as db:
        assert db.scalars(sa.select(Mark.id).where(Mark.method == "proposal")).all() == []


def test_a_proposal_is_answered_by_its_person_alone(friday: World) -> None:
    address, form = proposal(friday.client("ben"))
    for who in ("tia", "ana", "hana", "dewi", "oka"):
        assert friday.client(who).post(address, data=form | {"sure": ["1"]}).status_code == 404
    assert friday.client("ben").post(address, data={"idempotency_key": "x"}).status_code == 422
    assert record(friday).last is None


def test_an_open_day_without_a_proposal_leads_to_the_form_and_a_day_that_was_asked_for_to_the_request(
    friday: World,
) -> None:
    ben = friday.client("ben")
    with friday.database.transaction() as db:
        db.execute(sa.delete(CheckoutProposal))
    for page in ("/", "/me/month"):
        assert "/corrections/new?date=2026-11-20&amp;kind=check_out" in ben.get(page).text
    address = ask(ben).headers["location"]
    for page in ("/", "/me/month"):
        assert f'href="{address}"' in ben.get(page).text
        assert "corrections/new?date=2026-11-20" not in ben.get(page).text


def test_the_first_page_stays_within_eight_statements_for_everybody(friday: World) -> None:
    ask(friday.client("ben"))
    for who in ("ben", "ana", "dewi", "hana", "tia"):
        client = friday.client(who)
        client.get("/")
        with count_queries(friday.database) as seen:
            assert client.get("/").status_code == 200
        assert len(seen) <= 8, (who, seen)


def test_the_pages_of_a_request_stay_within_eight_statements(friday: World) -> None:
    address = ask(friday.client("ben")).headers["location"]
    day = f"/attendance/{friday.officer_id('ben')}/{FRIDAY}"
    for who, page in (
        ("ben", NEW),
        ("ben", address),
        ("ana", address),
        ("ben", day),
        ("ben", "/me/month"),
        ("ben", "/corrections"),
    ):
        client = friday.client(who)
        with count_queries(friday.database) as seen:
            assert client.get(page).status_code == 200
        noted = 2 if who == "ana" else 0  # that it was read
        assert len(seen) - noted <= 8, (who, page, seen)


def test_the_pages_speak_english_too(friday: World) -> None:
    ben = friday.client("ben")
    ben.cookies.set("staffhub_locale", "en")
    page = text_of(ben.get(NEW).text)
    assert "Goes to Ana Kaunang, who decides by Thursday, 26 November 2026. Then HR confirms." in page
