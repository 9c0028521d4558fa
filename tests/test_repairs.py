"""A leave that would leave a desk empty: who could come is said before it is granted, and is called in with it."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import workdays
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import (
    Account,
    Appointment,
    CallState,
    DutyCall,
    EmploymentType,
    HomeOnly,
    Notice,
    NoticeKind,
    Officer,
    PlanGrant,
    PlanLayer,
    PlanMode,
    RuleKind,
    RuleSet,
    ServiceType,
)
from staffhub.roster import calls, repairing
from staffhub.roster.repairing import Call, Need
from tests.conftest import MORNING, TODAY, World, plan_range
from tests.page_forms import form_of
from tests.test_leave_pages import _ask
from tests.test_leave_pages import office as office  # noqa: PLC0414  a fixture
from tests.test_roster_problem import _request

MONDAY = date(2026, 11, 30)
ASN = (EmploymentType.PNS, EmploymentType.CPNS, EmploymentType.PPPK, EmploymentType.PPPK_PART_TIME)


def _at_home(world: World, *names: str, first: date = MONDAY, last: date = MONDAY, **facts: Any) -> None:
    hana, who = world.viewer("hana"), [world.officer_id(name) for name in names]
    with world.database.transaction() as db:
        for officer_id in who:
            plan_range(db, hana, officer_id, first, last, **{"mode": PlanMode.HOME, "layer": PlanLayer.ROSTER} | facts)


def _mode(world: World, name: str, day: date = MONDAY) -> PlanMode | None:
    officer_id, office_id = world.officer_id(name), world.viewer(name).office_id
    with world.database.reading() as db:
        return workdays.plans(db, office_id, day, day).of(officer_id, day).mode


def _offered(world: World, division: str = "ana") -> list[tuple[str, int, bool]]:
    """Return who could come on Monday for an ASN of Ana's bidang while Ben is away."""
    viewer, ben = world.viewer(division), world.officer_id("ben")
    with world.database.reading() as db:
        found = repairing.around(db, viewer.office_id, [MONDAY])
        need = Need(MONDAY, viewer.division_id or 0, "ASN", ASN, 1)
        free = repairing.stand_ins(db, viewer.office_id, found, need, today=TODAY, besides={ben})
        return [(one.name, one.turns, one.lent) for one in free]


def test_the_cheapest_repair_is_said_before_the_leave_is_granted_and_done_with_it(office: World) -> None:
    _at_home(office, "ana")
    address = _ask(office, first=str(MONDAY), last=str(MONDAY))
    office.client("ana").post(f"{address}/agree", data={})
    dewi = office.client("dewi")
    page = dewi.get(address).text
    assert "Sen, 30 Nov, ASN: siapa yang menggantikan di kantor" in page
    answer = dewi.post(f"{address}/grant", data=form_of(page, f"{address}/grant"))
    assert answer.status_code == 303
    assert _mode(office, "ben") is PlanMode.LEAVE
    assert _mode(office, "ana") is PlanMode.OFFICE
    notices = office.client("ana").get("/notices").text
    assert "Anda diminta bertugas di kantor pada 30 November 2026, untuk piket" in notices


def test_whoever_only_agrees_reads_who_could_come(office: World) -> None:
    _at_home(office, "ana")
    page = office.client("ana").get(_ask(office, first=str(MONDAY), last=str(MONDAY))).text
    assert "Ana Kaunang bekerja dari rumah dan dapat datang" in page
    assert "call_in" not in page


def test_a_desk_that_has_as_many_as_it_may_has_room_for_who_stands_in(office: World) -> None:
    asn = {"name": "ASN", "types": [kind.value for kind in ASN], "minimum": 1, "maximum": 1}
    with office.database.transaction() as db:
        db.execute(sa.update(RuleSet).where(RuleSet.kind == RuleKind.COVERAGE).values(values={"groups": [asn]}))
    _at_home(office, "ana")
    page = office.client("ana").get(_ask(office, first=str(MONDAY), last=str(MONDAY))).text
    assert "Ana Kaunang bekerja dari rumah dan dapat datang" in page


def test_a_leave_tells_of_the_desk_to_which_somebody_is_lent_on_the_days_of_the_loan(office: World) -> None:
    desk, tuesday = office.viewer("cy").division_id, date(2026, 12, 1)
    _at_home(office, "ben", mode=PlanMode.OFFICE, desk_id=desk)
    _at_home(office, "cy", last=tuesday)
    address = _ask(office, first=str(MONDAY), last=str(tuesday))
    page = office.client("ana").get(address).text
    assert "Sen, 30 Nov (Pencatatan Sipil ASN 0/1)" in page
    assert "Sel, 1 Des (Pencatatan Sipil" not in page


def _appointment(world: World, seats: int, day: date = MONDAY) -> None:
    """Citizens come to Ana's bidang at the same time, so many."""
    desk = world.viewer("ana").division_id
    with world.database.transaction() as db:
        kind = db.scalars(sa.select(ServiceType).where(ServiceType.division_id == desk)).first()
        assert kind
        db.add(Appointment(office_id=1, request_id=_request(db, kind.id, 1), service_type_id=kind.id,
                           division_id=desk, date=day, starts=time(8), minutes=30, seat=seats,
                           state="invited", created_at=MORNING, version=1))  # fmt: skip


def _order(world: World, **values: Any) -> None:
    """An order of flexible work of Monday."""
    with world.database.transaction() as db:
        own = {"legal_source": "SE 2/2026", "owner": "Hana", "valid_to": MONDAY, "kind": RuleKind.FLEXIBLE}
        db.add(RuleSet(office_id=1, valid_from=MONDAY, values={"document": "SE 2/2026"} | values, **own))


def test_a_leave_that_leaves_nobody_for_the_citizens_of_a_day_says_so_and_is_repaired(office: World) -> None:
    _appointment(office, 2)
    _at_home(office, "cy")
    address = _ask(office, first=str(MONDAY), last=str(MONDAY))
    office.client("ana").post(f"{address}/agree", data={})
    dewi = office.client("dewi")
    page = dewi.get(address).text
    assert "Sen, 30 Nov (Janji temu 1/2)" in page
    assert "Sen, 30 Nov, Janji temu: siapa yang menggantikan di kantor" in page
    assert dewi.post(f"{address}/grant", data=form_of(page, f"{address}/grant")).status_code == 303
    assert _mode(office, "cy") is PlanMode.OFFICE
    assert "Janji temu" not in dewi.get("/roster/repair").text


def test_a_leave_that_breaks_an_order_of_flexible_work_says_so_and_is_repaired(office: World) -> None:
    _order(office, least_office=100)
    _at_home(office, "tia")
    with office.database.transaction() as db:
        db.execute(sa.update(RuleSet).where(RuleSet.kind == RuleKind.COVERAGE).values(values={"groups": []}))
    address = _ask(office, first=str(MONDAY), last=str(MONDAY))
    dewi = office.client("dewi")
    assert "SE 2/2026 1/2" in dewi.get(address).text, "Tia is at home, whoever is on leave"
    form = form_of(dewi.get("/roster/repair").text, "/roster/repair")
    assert form["call_in"][0] == f"{office.officer_id('tia')}.{MONDAY}.{office.viewer('ana').division_id}"
    assert dewi.post("/roster/repair", data=form).status_code == 303
    assert "SE 2/2026" not in dewi.get(address).text


def test_of_the_highest_levels_only_the_person_is_offered_and_today_she_is_asked(office: World) -> None:
    with office.database.transaction() as db:
        db.execute(
            sa.update(RuleSet).where(RuleSet.kind == RuleKind.COVERAGE).values(values={"groups": [], "levels": 2})
        )
    _at_home(office, "ana", "ben", first=TODAY, last=TODAY)
    hana, ana = office.viewer("hana"), office.viewer("ana")
    with office.database.reading() as db:
        found = repairing.around(db, 1, [TODAY])
        wanted = repairing.needs(db, 1, found, TODAY, TODAY, only=ana.division_id)
        (offer,) = repairing.offers(db, hana, found, wanted, today=TODAY)
    assert (offer.need.label, [one.name for one in offer.stand_ins]) == ("Pimpinan", ["Ana Kaunang"])
    choice = f"{ana.officer_id}.{TODAY}.{ana.division_id}"
    dewi = office.client("dewi")
    assert choice in dewi.get("/roster/repair").text
    assert dewi.post("/roster/repair", data={"call_in": choice}).status_code == 303
    assert choice not in dewi.get("/roster/repair").text, "she is called already"
    with office.database.reading() as db:
        call_id = db.scalars(sa.select(DutyCall.id)).one()
    assert "Kelompok" not in office.client("ana").get(f"/roster/calls/{call_id}").text


def test_nobody_is_called_when_the_head_chooses_so(office: World) -> None:
    _at_home(office, "ana")
    address = _ask(office, first=str(MONDAY), last=str(MONDAY))
    office.client("ana").post(f"{address}/agree", data={})
    assert office.client("dewi").post(f"{address}/grant", data={"call_in": ""}).status_code == 303
    assert _mode(office, "ana") is PlanMode.HOME


def _asks_for_leave(world: World) -> None:
    _ask(world, "ana", first=str(MONDAY), last=str(MONDAY))


def _has_a_letter(world: World) -> None:
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        facts: dict[str, Any] = {"document": "440/12", "created_at": MORNING, "idempotency_key": "k", "version": 1}
        db.add(HomeOnly(office_id=hana.office_id, officer_id=_ana(db), first=MONDAY, last=MONDAY, **facts))


def _ana(db: Session) -> int:
    return int(db.scalar(sa.text("SELECT id FROM officer WHERE name LIKE 'Ana %'")) or 0)


def _agreed_by_hand(world: World) -> None:
    _at_home(world, "ana", layer=PlanLayer.HAND)


def _in_the_field(world: World) -> None:
    _at_home(world, "ana", mode=PlanMode.FIELD, layer=PlanLayer.DUTY)


@pytest.mark.parametrize("meanwhile", [_asks_for_leave, _agreed_by_hand, _in_the_field])
def test_who_is_kept_elsewhere_is_not_offered_and_an_older_page_grants_nothing(
    office: World, meanwhile: Callable[[World], None]
) -> None:
    _at_home(office, "ana")
    address, dewi = _ask(office, first=str(MONDAY), last=str(MONDAY)), office.client("dewi")
    office.client("ana").post(f"{address}/agree", data={})
    older = form_of(dewi.get(address).text, f"{address}/grant")
    assert _offered(office) == [("Ana Kaunang", 20, False)]
    meanwhile(office)
    assert _offered(office) == []
    answer = dewi.post(f"{address}/grant", data=older)
    assert answer.status_code == 409
    assert "tidak bebas lagi" in answer.text
    assert _mode(office, "ben") is not PlanMode.LEAVE
    assert "Tidak ada pengganti ASN yang sedang bekerja dari rumah pada:" in answer.text


def test_who_must_not_be_put_on_duty_by_a_letter_is_not_offered(office: World) -> None:
    _at_home(office, "ana")
    _has_a_letter(office)
    assert _offered(office) == []


def test_own_people_come_first_then_who_was_least_in_the_office_and_others_are_lent_with_their_desk(
    office: World,
) -> None:
    _at_home(office, "ana", "hana", "adi")
    _at_home(office, "hana", first=date(2026, 11, 2), last=date(2026, 11, 13))
    assert [one[2] for one in _offered(office)] == [False]
    _agreed_by_hand(office)
    assert _offered(office) == [("Hana Tendean", 10, True), ("Adi Walangitan", 20, True)]
    hana, division = office.viewer("hana"), office.viewer("ana").division_id
    with office.database.transaction() as db:
        repairing.call_in(db, hana, [Call(hana.officer_id or 0, MONDAY, division or 0)], now=MORNING)
    with office.database.reading() as db:
        last = sa.select(PlanGrant.mode, PlanGrant.desk_id).order_by(PlanGrant.id.desc()).limit(1)
        assert db.execute(last).one() == (PlanMode.OFFICE, division)
        assert db.scalar(sa.select(sa.func.count()).where(Notice.kind == NoticeKind.CALLED_IN)) == 0  # by oneself


def test_who_leads_another_bidang_is_asked_last(office: World) -> None:
    _at_home(office, "ana", "ben")
    _at_home(office, "ana", first=date(2026, 11, 2), last=date(2026, 11, 13))
    desk = office.viewer("cy").division_id or 0
    with office.database.reading() as db:
        found = repairing.around(db, 1, [MONDAY])
        free = repairing.stand_ins(db, 1, found, Need(MONDAY, desk, "ASN", ASN, 1), today=TODAY)
    assert [(one.name, one.turns) for one in free] == [("Ben Tumiwa", 20), ("Ana Kaunang", 10)]


def test_a_head_of_a_bidang_calls_in_own_people_only_and_nobody_on_a_day_that_is_over(office: World) -> None:
    _at_home(office, "ana", "hana", first=TODAY, last=MONDAY)
    people = {name: office.viewer(name) for name in ("ana", "hana", "ben")}
    ids = {name: viewer.officer_id or 0 for name, viewer in people.items()}
    desk = people["ana"].division_id or 0
    for by, who, day, refused in (
        ("ana", "hana", MONDAY, Forbidden),
        ("ben", "ana", MONDAY, Forbidden),
        ("hana", "ana", date(2026, 11, 20), Refused),
        ("hana", "ben", MONDAY, Conflict),
    ):
        with pytest.raises(refused), office.database.transaction() as db:
            repairing.call_in(db, people[by], [Call(ids[who], day, desk)], now=MORNING)
    with office.database.transaction() as db:
        repairing.call_in(db, people["ana"], [Call(ids["ana"], MONDAY, desk)], now=MORNING)
    assert _mode(office, "ana") is PlanMode.OFFICE


def _empty_desk(world: World) -> tuple[str, int]:
    """Ben is on leave on Monday and Ana at home; return the choice that the page proposes."""
    _at_home(world, "ana")
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    with world.database.transaction() as db:
        plan_range(db, hana, ben, MONDAY)
    return f"{world.officer_id('ana')}.{MONDAY}.{world.viewer('ana').division_id}", ben


def test_an_empty_desk_of_the_next_days_is_filled_with_one_press_and_the_message_is_ready(office: World) -> None:
    choice, _ben = _empty_desk(office)
    with office.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.name == "Ana Kaunang").values(phone="081234567890"))
    dewi = office.client("dewi")
    form = form_of(dewi.get("/roster/repair").text, "/roster/repair")
    assert choice in form["call_in"]
    answer = dewi.post("/roster/repair", data={"call_in": choice})
    assert answer.status_code == 303
    assert _mode(office, "ana") is PlanMode.OFFICE
    told = dewi.get(answer.headers["location"]).text
    assert "https://wa.me/6281234567890?text=Anda%20diminta%20bertugas" in told
    again = dewi.post("/roster/repair", data={"call_in": choice})
    assert (again.status_code, again.headers["location"]) == (303, answer.headers["location"])
    with office.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).where(Notice.kind == NoticeKind.CALLED_IN)) == 1
    late = office.client("hana").post("/roster/repair", data={"call_in": choice})
    assert late.status_code == 409, "another was quicker"
    assert "tidak bebas lagi" in late.text


def test_a_second_tap_for_today_asks_once_also_after_the_answer(office: World) -> None:
    _at_home(office, "ana", first=TODAY, last=TODAY)
    ana, hana = office.viewer("ana"), office.viewer("hana")
    called = [Call(ana.officer_id or 0, TODAY, ana.division_id or 0)]
    for _tap in range(2):
        with office.database.transaction() as db:
            repairing.call_in(db, hana, called, now=MORNING)
    with office.database.transaction() as db:
        calls.accept(db, ana, db.scalars(sa.select(DutyCall.id)).one(), now=MORNING)
    with office.database.transaction() as db:
        repairing.call_in(db, hana, called, now=MORNING)
    assert _mode(office, "ana", TODAY) is PlanMode.OFFICE


def test_who_has_no_account_is_not_called_today_and_of_a_day_to_come_it_is_said(office: World) -> None:
    choice, _ben = _empty_desk(office)
    _at_home(office, "ana", first=TODAY, last=TODAY)
    hana, ana = office.viewer("hana"), office.viewer("ana")
    desk = ana.division_id or 0
    with office.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.officer_id == ana.officer_id).values(disabled_at=MORNING))
    with office.database.reading() as db:
        found = repairing.around(db, hana.office_id, [TODAY, MONDAY])
        free = {
            day: repairing.stand_ins(db, hana.office_id, found, Need(day, desk, "ASN", ASN, 1), today=TODAY)
            for day in (TODAY, MONDAY)
        }
    assert [len(free[day]) for day in (TODAY, MONDAY)] == [0, 1]
    with pytest.raises(Refused, match="tidak punya akun"), office.database.transaction() as db:
        repairing.call_in(db, hana, [Call(ana.officer_id or 0, TODAY, desk)], now=MORNING)
    dewi = office.client("dewi")
    answer = dewi.post("/roster/repair", data={"call_in": choice})
    assert "belum ada akun" in dewi.get(answer.headers["location"]).text


def test_what_is_no_choice_is_refused_and_so_is_one_person_for_two_desks(office: World) -> None:
    choice, _ben = _empty_desk(office)
    dewi = office.client("dewi")
    for typed in (["x"], ["1.2.3"], ["1.2026-11-30"], [choice, choice]):
        assert dewi.post("/roster/repair", data={"call_in": typed}).status_code == 422, typed
    assert _mode(office, "ana") is PlanMode.HOME


def test_the_head_of_a_bidang_sees_the_own_desks_and_staff_none(office: World) -> None:
    _empty_desk(office)
    _at_home(office, "cy")
    mine, all_of_them = (office.client(name).get("/roster/repair").text for name in ("ana", "dewi"))
    assert ("Pencatatan Sipil" in mine, "Pencatatan Sipil" in all_of_them) == (False, True)
    assert office.client("ben").get("/roster/repair").status_code == 403


def test_of_a_day_to_come_it_is_told_and_no_roster_takes_it_back_and_today_it_is_asked(office: World) -> None:
    _at_home(office, "ana", first=TODAY, last=MONDAY)
    ana, hana = office.viewer("ana"), office.viewer("hana")
    called = [Call(ana.officer_id or 0, day, ana.division_id or 0) for day in (TODAY, MONDAY)]
    with office.database.transaction() as db:
        repairing.call_in(db, hana, called, now=MORNING)
    with office.database.reading() as db:
        book = workdays.plans(db, 1, TODAY, MONDAY)
        asked = db.scalars(sa.select(DutyCall)).one()
    assert (asked.date, asked.group, asked.state) == (TODAY, "ASN", CallState.ASKED)
    assert book.of(ana.officer_id or 0, TODAY).mode is PlanMode.HOME, "before she answers"
    assert (book.of(ana.officer_id or 0, MONDAY).mode, book.of(ana.officer_id or 0, MONDAY).source) == (
        PlanMode.OFFICE,
        "hand",
    )
