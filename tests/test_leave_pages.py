"""Leave as people meet it: asked for on a phone, decided by the superior and the head, entered by HR from a letter."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import leave
from staffhub.models import Account, LeaveRequest, LeaveState, MonthSnapshot, MonthStep, PlanMode, Posting, SignStep
from tests.conftest import MORNING, TODAY, World, plan_range
from tests.page_forms import form_of


@pytest.fixture
def office(world: World) -> World:
    """Ana is above Ben and Tia; Dewi, the head, above the rest."""
    with world.database.transaction() as db:
        ids = {
            name: db.scalar(sa.select(Account.officer_id).where(Account.username == name))
            for name in ("ana", "ben", "tia")
        }
        under = Posting.officer_id.in_((ids["ben"], ids["tia"]))
        db.execute(sa.update(Posting).where(under).values(superior_id=ids["ana"]))
    return world


def _payload(**fields: str) -> dict[str, str]:
    given = {"kind": "annual", "first": "2026-11-30", "last": "2026-12-02", "note": "Menjenguk orang tua"}
    return given | {"idempotency_key": str(uuid4())} | fields


def _ask(world: World, name: str = "ben", **fields: str) -> str:
    """Ask as the page does it: what it becomes is shown first, and sent with the next press."""
    client, typed = world.client(name), _payload(**fields)
    shown = client.post("/leave", data=typed)
    assert shown.status_code == 200, shown.text
    seen = form_of(shown.text, "/leave")
    sent = client.post("/leave", data=seen)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def _faults(html: str) -> set[str]:
    return set(re.findall(r'id="([\w-]+)-error"', html))


def _count(world: World) -> int:
    with world.database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(LeaveRequest)) or 0


def test_a_leave_from_the_phone_to_the_plan(office: World) -> None:
    ben, ana, dewi = (office.client(name) for name in ("ben", "ana", "dewi"))
    assert "Cuti tahunan 2026: sisa 12 hari." in ben.get("/leave").text
    address = _ask(office)
    page = ben.get(address).text
    assert "Ana Kaunang" in page
    waiting = ana.get("/leave").text
    assert waiting.index("Menunggu keputusan Anda") < waiting.index("Ajukan cuti"), "what waits comes first"
    assert f'href="{address}"' in waiting
    decide = ana.get(address).text
    assert "sisa 12 hari, menjadi 9 hari" in decide
    assert "Menjenguk orang tua" in decide
    assert "Batas piket tidak terjaga" not in decide, "Ana herself is an ASN in the office"
    assert ana.post(f"{address}/agree", data=form_of(decide, f"{address}/agree")).status_code == 303
    grant = dewi.get(address).text
    assert dewi.post(f"{address}/grant", data=form_of(grant, f"{address}/grant")).status_code == 303
    after = ben.get("/leave").text
    assert "sisa 9 hari" in after
    assert "Diberikan" in after
    assert "cuti" in ben.get(f"/roster/{office.officer_id('ben')}?month=2026-12").text.lower()


def test_what_it_becomes_is_shown_while_it_is_typed_and_nothing_is_stored(office: World) -> None:
    ben = office.client("ben")
    typed = "/leave?kind=annual&first=2026-12-21&last=2026-12-28"
    answer = ben.get(typed, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="leave-becomes"' in answer.text
    assert "Hari libur di dalamnya tidak memotong cuti" in answer.text
    assert 'name="seen"' in answer.text
    page = ben.get(typed).text
    assert "<html" in page
    assert 'value="2026-12-21"' in page
    wrong = ben.get("/leave?kind=annual&first=2026-12-21&last=2026-12-01", headers={"HX-Request": "true"}).text
    assert "Kirim pengajuan" not in wrong
    assert 'role="alert"' in wrong
    assert _count(office) == 0


def test_what_was_not_shown_is_not_sent(office: World) -> None:
    """Somebody granted leave meanwhile, so that the balance that was shown is another one."""
    ben = office.client("ben")
    shown = form_of(ben.post("/leave", data=_payload()).text, "/leave")
    hana, who = office.viewer("hana"), office.officer_id("ben")
    with office.database.transaction() as db:
        plan_range(db, hana, who, date(2026, 12, 14), date(2026, 12, 31), kind="annual")
    again = ben.post("/leave", data=shown)
    assert again.status_code == 200
    assert "akan kurang" in again.text
    assert _count(office) == 0
    assert ben.post("/leave", data=form_of(again.text, "/leave")).status_code == 303


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "holiday"}, "leave-kind"),
        ({"first": ""}, "leave-first"),
        ({"first": "2026-11-20"}, "leave-first"),
        ({"last": "2026-11-29"}, "leave-last"),
        ({"last": "2027-07-01"}, "leave-last"),
        ({"kind": "sick", "note": "Demam"}, "leave-note"),
        ({"note": "NIK 7107011204900001"}, "leave-note"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(
    office: World, fields: dict[str, str], field: str
) -> None:
    answer = office.client("ben").post("/leave", data=_payload(**fields))
    assert answer.status_code == 422
    assert field in _faults(answer.text)
    assert 'value="2026-1' in answer.text
    assert _count(office) == 0


def test_the_same_form_sent_twice_leads_to_the_same_leave(office: World) -> None:
    ben = office.client("ben")
    form = form_of(ben.post("/leave", data=_payload()).text, "/leave")
    first, second = (ben.post("/leave", data=form).headers["location"] for _press in range(2))
    assert first == second
    assert "sudah diajukan" in ben.get(second).text


def test_the_approver_is_told_of_a_broken_duty_minimum_and_who_is_away(office: World) -> None:
    hana, who = office.viewer("hana"), office.officer_id("ana")
    with office.database.transaction() as db:
        plan_range(db, hana, who, date(2026, 11, 30), mode=PlanMode.HOME)
    page = office.client("ana").get(_ask(office)).text
    assert "Batas piket tidak terjaga pada 1 hari:" in page
    assert "ASN 0/1" in page


def test_a_reason_is_asked_of_whoever_declines_and_read_by_the_officer(office: World) -> None:
    address, ana = _ask(office), office.client("ana")
    answer = ana.post(f"{address}/decline", data={"reason": ""})
    assert answer.status_code == 422
    assert "decline-reason" in _faults(answer.text)
    assert ana.post(f"{address}/decline", data={"reason": "Akhir tahun padat"}).status_code == 303
    assert "Akhir tahun padat" in office.client("ben").get(address).text
    told = ana.post(f"{address}/agree", data={})
    assert told.status_code == 409
    assert "lebih dulu" in told.text


def test_an_older_picture_is_not_decided_upon(office: World) -> None:
    address, ben = _ask(office), office.client("ben")
    older = form_of(office.client("ana").get(address).text, f"{address}/agree")
    assert (
        ben.post(f"{address}/withdraw", data=form_of(ben.get(address).text, f"{address}/withdraw")).status_code == 303
    )
    answer = office.client("ana").post(f"{address}/agree", data=older)
    assert answer.status_code == 409
    assert "Ben Tumiwa" in answer.text


def test_the_officer_comes_back_early_and_gives_the_rest_back(office: World) -> None:
    address = _ask(office)
    for name, verb in (("ana", "agree"), ("dewi", "grant")):
        assert office.client(name).post(f"{address}/{verb}", data={}).status_code == 303
    office.at(MORNING + timedelta(days=8))  # 1 December
    ben = office.client("ben")
    page = ben.get(address).text
    assert f"{address}/withdraw" not in page, "it has begun"
    wrong = ben.post(f"{address}/shorten", data={"last": "2026-12-05"})
    assert (wrong.status_code, "shorten-last" in _faults(wrong.text)) == (422, True)
    assert ben.post(f"{address}/shorten", data={"last": "2026-11-30"}).status_code == 303
    assert "sisa 11 hari" in ben.get("/leave").text


def test_hr_enters_a_leave_from_a_letter_after_seeing_what_speaks_against_it(office: World) -> None:
    hana, ben = office.client("hana"), office.officer_id("ben")
    typed = {
        "officer": str(ben), "kind": "sick", "first": "2026-11-16", "last": "2026-11-17", "document": "SKD 44/2026",
        "letter_seen_on": "2026-11-18", "doctor_signed": "1", "idempotency_key": str(uuid4()),
    }  # fmt: skip
    shown = hana.post("/leave/paper", data=typed)
    assert shown.status_code == 200
    assert "Belum tersimpan" in shown.text
    assert _count(office) == 0
    entered = hana.post("/leave/paper", data=form_of(shown.text, "/leave/paper"))
    assert entered.status_code == 303, entered.text
    page = office.client("ben").get(entered.headers["location"]).text
    assert "SKD 44/2026" in page
    assert "ditandatangani dokter" in page
    empty = hana.post("/leave/paper", data=typed | {"document": "", "idempotency_key": str(uuid4())})
    assert (empty.status_code, "paper-document" in _faults(empty.text)) == (422, True)


def test_hr_notes_what_was_left_over_and_who_grants(office: World) -> None:
    hana = office.client("hana")
    opening = {"officer": str(office.officer_id("ben")), "year": "2026", "days": "2,5", "idempotency_key": str(uuid4())}
    assert hana.post("/leave/openings", data=opening).status_code == 303
    assert "2,5 hari" in hana.get("/leave/openings?year=2026").text
    assert "sisa 14,5 hari" in office.client("ben").get("/leave").text
    wrong = hana.post("/leave/openings", data=opening | {"days": "dua", "idempotency_key": str(uuid4())})
    assert (wrong.status_code, "opening-days" in _faults(wrong.text)) == (422, True)
    delegate = {
        "officer": str(office.officer_id("cy")), "valid_from": TODAY.isoformat(), "document": "SK 12",
        "idempotency_key": str(uuid4()),
    }  # fmt: skip
    assert hana.post("/leave/delegates", data=delegate).status_code == 303
    page = hana.get("/leave/delegates").text
    end = re.search(r'action="(/leave/delegates/\d+/end)"', page)
    assert end
    address = _ask(office)
    office.client("ana").post(f"{address}/agree", data={})
    assert office.client("cy").get(address).status_code == 200
    assert hana.post(end[1]).status_code == 303
    assert office.client("cy").get(address).status_code == 403


def _sign(world: World, first: date) -> None:
    """Let a month be signed, as a fact."""
    dewi = world.viewer("dewi")
    with world.database.transaction() as db:
        made = {"office_id": dewi.office_id, "first": first, "at": MORNING}
        snapshot = MonthSnapshot(number=1, head="", hash="0" * 64, officers=0, **made)
        db.add(snapshot)
        db.flush()
        step = {"turn": 1, "kind": SignStep.SIGNED, "snapshot_id": snapshot.id, "note": ""}
        db.add(MonthStep(created_by=dewi.account_id, idempotency_key="signed-1", **step, **made))


def test_a_leave_in_a_month_that_is_signed_says_that_its_days_come_in_a_supplement(office: World) -> None:
    hana = office.client("hana")
    _sign(office, date(2026, 10, 1))
    typed = {
        "officer": str(office.officer_id("ben")), "kind": "annual", "first": "2026-10-29", "last": "2026-11-02",
        "document": "850/9", "idempotency_key": str(uuid4()),
    }  # fmt: skip
    shown = hana.post("/leave/paper", data=typed)
    assert shown.status_code == 200
    assert "10/2026 sudah ditandatangani" in shown.text
    assert hana.post("/leave/paper", data=form_of(shown.text, "/leave/paper")).status_code == 303


def test_the_menu_leads_there_in_both_languages(office: World) -> None:
    ben = office.client("ben")
    assert 'href="/leave"' in ben.get("/").text
    ben.post("/account/locale", data={"locale": "en"})
    page = ben.get("/leave").text
    assert "Annual leave 2026: 12 days left." in page
    with office.database.reading() as db:
        assert db.scalars(sa.select(LeaveRequest.state).where(LeaveRequest.state == LeaveState.ASKED)).all() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_more_leaves_than_a_page_holds_are_on_the_next_one(office: World) -> None:
    ben = office.client("ben")
    me = office.viewer("ben")
    with office.database.transaction() as db:
        for n in range(42):
            kind, nth = leave.kinds.KINDS[n % 7], n // 7
            day = date(2026, 11, 30) + timedelta(days=nth + 2 * (nth // 5))
            leave.ask(db, me, leave.Wish(kind, day, day), key=f"key-{n:04}", now=office.now)
    found: list[str] = []
    page = "/leave"
    while page:
        html = ben.get(page).text
        found += re.findall(r'href="/leave/(\d+)"', html)
        following = re.search(r'href="([^"]+)"[^>]*>\s*Berikut', html)
        page = following[1].replace("&amp;", "&") if following else ""
    assert len(found) == len(set(found)) == 42
    assert ben.get("/leave?page=99").status_code == 200
    first = office.client("ana").get("/leave").text
    assert "1 – 40 dari 42" in first, "what waits for somebody is paged as well"
    assert "41 – 42 dari 42" in office.client("ana").get("/leave?waits=2").text


def test_dates_of_another_year_say_it_and_over_the_end_of_a_year_both_ends_do(world: World) -> None:
    hana, ben = world.viewer("hana"), world.viewer("ben")
    spans = ((date(2026, 12, 1), date(2026, 12, 2)), (date(2026, 12, 30), date(2027, 1, 5)),
             (date(2027, 2, 1), date(2027, 2, 1)))  # fmt: skip
    with world.database.transaction() as db:
        for first, last in spans:
            db.add(
                LeaveRequest(
                    office_id=ben.office_id,
                    officer_id=ben.officer_id,
                    kind="annual",
                    first=first,
                    last=last,
                    until=last,
                    state=LeaveState.ASKED,
                    idempotency_key=f"k{first}",
                    created_by=hana.account_id,
                    created_at=MORNING,
                )
            )
            plan_range(db, hana, ben.officer_id, first, last)
    said = ("Sel, 1 Des – Rab, 2 Des", "Rab, 30 Des 2026 – Sel, 5 Jan 2027", "Sen, 1 Feb 2027")
    leaves = world.client("ben").get("/leave").text
    december = world.client("hana").get(f"/roster/{ben.officer_id}?month=2026-12").text
    assert [text in leaves for text in said] == [True, True, True]
    assert [text in december for text in said[:2]] == [True, True]
    assert "1 Des 2026" not in leaves + december, "the present year is not said"
