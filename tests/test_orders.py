"""Duty orders and exemptions: what is refused, what is told, what they leave in the plan, and what becomes of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import leave, office, orders, workdays
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused, StaffHubError
from staffhub.models import (
    STUDY,
    Appointment,
    Division,
    Duty,
    DutyAssignment,
    DutyOrder,
    EmploymentType,
    Exemption,
    Meaning,
    MonthSnapshot,
    MonthStep,
    Notice,
    Office,
    Officer,
    PlanLayer,
    PlanMode,
    Posting,
    RosterExcuse,
    RuleKind,
    RuleSet,
    ServiceType,
    SignStep,
)
from staffhub.orders import changes, duty, exempted, exemptions, reading
from staffhub.orders.exemptions import Scope
from staffhub.security import Viewer
from tests.conftest import CAST, MORNING, TODAY, add_officer, add_posting, plan_range, race, viewer_of
from tests.test_roster_problem import _request

TUE, WED, FRI, SAT = (TODAY + timedelta(days=n) for n in (1, 2, 4, 5))
SENT = duty.Draft(
    "ST 094/118", Duty.FIELD, TODAY, TUE, WED, "Manado", "Konsultasi data", (),
    signer_name="Sekda", signer_position="Sekretaris",
)  # fmt: skip


class Cast:
    """Everybody of the cast as a viewer, by their sign-in names."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.seen = {name: viewer_of(database, name) for name in (*CAST, "oka")}

    def __call__(self, username: str) -> Viewer:
        return self.seen[username]

    def id(self, username: str) -> int:
        return self(username).officer_id or 0


@pytest.fixture
def cast(database: Database) -> Cast:
    return Cast(database)


def write(db: Any, me: Viewer, draft: duty.Draft, *officers: int, key: str = "", now: datetime = MORNING) -> int:
    key = key or str(uuid4())
    look = duty.look_at(db, me, replace(draft, officers=officers or draft.officers), key=key, now=now)
    return duty.write(db, me, look, key=key, now=now).order_id


def send(cast: Cast, *officers: str, by: str = "hana", **facts: Any) -> int:
    with cast.database.transaction() as db:
        return write(db, cast(by), replace(SENT, **facts), *(cast.id(one) for one in officers))


def plan_of(database: Database, me: Viewer, officer_id: int, day: date) -> workdays.Plan:
    with database.reading() as db:
        return workdays.plans(db, me.office_id, day, day, officers=[officer_id]).of(officer_id, day)


def refusal(
    cast: Cast, by: str, draft: duty.Draft, *officers: str, kind: type[StaffHubError] = Refused
) -> StaffHubError:
    with pytest.raises(kind) as caught, cast.database.transaction() as db:
        write(db, cast(by), draft, *(cast.id(one) for one in officers))
    return caught.value


def test_an_order_becomes_field_days_of_everybody_it_names_and_of_nobody_else(cast: Cast) -> None:
    hana = cast("hana")
    send(cast, "ben", "cy")
    for name in ("ben", "cy"):
        for day in (TUE, WED):
            plan = plan_of(cast.database, hana, cast.id(name), day)
            assert (plan.mode, plan.source, plan.note) == (PlanMode.FIELD, "duty", "Manado")
        assert plan_of(cast.database, hana, cast.id(name), WED + timedelta(days=1)).source == "pattern"
    assert plan_of(cast.database, hana, cast.id("tia"), TUE).source == "pattern"


def test_an_order_over_a_weekend_is_no_work_there_unless_it_says_so(cast: Cast) -> None:
    hana = cast("hana")
    send(cast, "ben", first=FRI, last=SAT)
    assert plan_of(cast.database, hana, cast.id("ben"), SAT).mode is None
    send(cast, "cy", first=FRI, last=SAT, number="ST 2", on_free_days=True, duty=Duty.STUDY)
    assert plan_of(cast.database, hana, cast.id("cy"), SAT).kind == STUDY
    assert plan_of(cast.database, hana, cast.id("ben"), FRI).kind == ""
    assert plan_of(cast.database, hana, cast.id("cy"), SAT).mode is PlanMode.FIELD


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"first": WED, "last": TUE}, "last"),
        ({"last": TUE + timedelta(days=200)}, "last"),
        ({"first": date(2036, 1, 1), "last": date(2036, 1, 2)}, "first"),
        ({"first": SAT, "last": SAT}, "free_days"),
        ({"signer_name": ""}, "signer_name"),
        ({"signed_by": 999_999}, "signed_by"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_is_refused_beside_its_field(cast: Cast, facts: dict[str, Any], field: str) -> None:
    assert refusal(cast, "hana", replace(SENT, **facts), "ben").field == field
    with cast.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(DutyOrder)) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_days_that_are_over_are_written_by_hr_alone(cast: Cast) -> None:
    past = replace(
        SENT, first=TODAY - timedelta(days=3), last=TODAY - timedelta(days=3), issued=TODAY - timedelta(days=4)
    )
    for name in ("ana", "dewi"):
        assert refusal(cast, name, past, "ben").field == "first"
    with cast.database.transaction() as db:
        look = duty.look_at(db, cast("hana"), replace(past, officers=(cast.id("ben"),)), key="k" * 8, now=MORNING)
        assert look.told.past == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_is_sent_before_the_first_or_after_the_last_day_of_service(cast: Cast) -> None:
    with cast.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == cast.id("ben")).values(active_to=TUE))
        db.execute(sa.update(Officer).where(Officer.id == cast.id("cy")).values(active_from=WED))
    said = refusal(cast, "hana", SENT, "ben", "cy", "tia")
    assert said.field == "officer"
    assert "Ben Tumiwa" in said.message
    assert "Cy Sondakh" in said.message
    assert "Tia" not in said.message


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_head_sends_the_own_division_and_staff_sends_nobody(cast: Cast) -> None:
    send(cast, "ben", "tia", by="ana")
    refusal(cast, "ana", replace(SENT, number="2"), "ben", "cy", kind=Forbidden)
    send(cast, "ben", "cy", by="dewi", number="3")
    for name in ("ben", "adi"):
        refusal(cast, name, replace(SENT, number="4"), "ben", kind=Forbidden)
    refusal(cast, "hana", replace(SENT, number="5"), "oka", kind=NotFound)
    assert refusal(cast, "hana", replace(SENT, number="6")).field == "officer"


def test_a_number_stands_on_one_order_of_the_office_however_it_is_spaced(cast: Cast) -> None:
    send(cast, "ben")
    said = refusal(cast, "hana", replace(SENT, number="st 094 / 118"), "cy")
    assert said.field == "number"
    assert "Manado" in said.message
    with cast.database.transaction() as db:  # another office has its own numbers
        write(db, cast("oka"), SENT, cast.id("oka"))


def test_two_with_one_number_at_once_are_one_order_and_one_sentence(cast: Cast) -> None:
    hana, ben, cy = cast("hana"), cast.id("ben"), cast.id("cy")

    def second() -> None:
        with cast.database.transaction() as db:
            write(db, hana, SENT, cy)

    with pytest.raises(Refused) as caught:
        race(cast.database, lambda db: write(db, hana, SENT, ben), second)
    assert caught.value.field == "number"


def test_a_press_that_comes_twice_is_one_order_and_with_other_words_a_conflict(cast: Cast) -> None:
    hana, ben = cast("hana"), cast.id("ben")

    def press() -> int:
        with cast.database.transaction() as db:
            return write(db, hana, SENT, ben, key="the-same-press")

    first = race(cast.database, lambda db: write(db, hana, SENT, ben, key="the-same-press"), press)
    assert press() == first
    with cast.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(DutyAssignment)) == 1
        assert len(db.scalars(sa.select(Notice.id)).all()) == 1, "told once"
    with pytest.raises(Conflict), cast.database.transaction() as db:
        write(db, hana, replace(SENT, place="Bitung"), ben, key="the-same-press")


def test_it_tells_of_leave_of_duty_and_of_a_duty_minimum_before_it_is_written(cast: Cast) -> None:
    hana = cast("hana")
    send(cast, "tia", number="ST 1")
    with cast.database.transaction() as db:
        plan_range(db, hana, cast.id("ben"), WED, FRI)
        plan_range(db, hana, cast.id("ana"), TUE, WED)
    with cast.database.transaction() as db:
        wanted = replace(SENT, number="ST 2", officers=(cast.id("ben"), cast.id("tia")))
        told = duty.look_at(db, hana, wanted, key="k" * 8, now=MORNING).told
    held = {(one.name, one.layer, one.document, one.first, one.last) for one in told.held}
    assert held == {
        ("Ben Tumiwa", PlanLayer.LEAVE, "", WED, WED),
        ("Tia Lumintang", PlanLayer.DUTY, "ST 1", TUE, WED),
    }
    # Ana is away on both days and Tia already; Ben is the last civil servant there on Tuesday.
    assert [(one.group, one.have, one.need, one.first, one.last) for one in told.short] == [("ASN", 0, 1, TUE, TUE)]
    assert told.digest != replace(told, past=1).digest


def test_it_tells_of_citizens_whom_nobody_would_receive_and_not_of_what_is_excused(cast: Cast) -> None:
    hana, ben, desk = cast("hana"), cast.id("ben"), cast("ben").division_id
    with cast.database.transaction() as db:
        kind = db.scalars(sa.select(ServiceType).where(ServiceType.division_id == desk)).first()
        assert kind
        db.add(Appointment(office_id=1, request_id=_request(db, kind.id, 1), service_type_id=kind.id,
                           division_id=desk, date=TUE, starts=time(8), minutes=30, seat=2,
                           state="invited", created_at=MORNING, version=1))  # fmt: skip
        plan_range(db, hana, cast.id("ana"), TUE, TUE)
        facts = {"group": "ASN", "reason": "Rakornas", "created_by": hana.account_id, "created_at": MORNING}
        db.add(RosterExcuse(office_id=1, division_id=desk, date=TUE, **facts))
    with cast.database.transaction() as db:
        told = duty.look_at(db, hana, replace(SENT, officers=(ben,)), key="k" * 8, now=MORNING).told
    assert [(one.group, one.have, one.need, one.first) for one in told.short if one.first == TUE] == [
        ("Janji temu", 1, 2, TUE)
    ]


def test_it_tells_of_the_desk_to_which_somebody_is_lent_and_of_the_secretariat_of_whoever_heads_the_office(
    cast: Cast,
) -> None:
    hana, ben, dewi, desk = cast("hana"), cast.id("ben"), cast.id("dewi"), cast("cy").division_id
    with cast.database.transaction() as db:
        plan_range(db, hana, cast.id("cy"), TUE)
        plan_range(db, hana, ben, TUE, mode=PlanMode.OFFICE, desk_id=desk)
        for other in ("ana", "hana", "adi"):
            plan_range(db, hana, cast.id(other), WED)
        asn = {"name": "ASN", "types": [EmploymentType.PNS, EmploymentType.PPPK], "minimum": 1}
        db.execute(sa.update(RuleSet).where(RuleSet.kind == RuleKind.COVERAGE).values(values={"groups": [asn]}))
        facts = {"legal_source": "SK 1", "owner": "Hana", "valid_from": TODAY, "kind": RuleKind.COVERAGE}
        db.add(RuleSet(office_id=1, subject="secretariat", values={"groups": [asn]}, **facts))
    with cast.database.transaction() as db:
        told = duty.look_at(db, hana, replace(SENT, officers=(ben, dewi)), key="k" * 8, now=MORNING).told
        desks = {one.id: one.short_name for one in office.divisions(db, 1).values()}
    there = {(one.division, one.have, one.need, one.first) for one in told.short}
    own, near = desks[cast("ben").division_id or 0], desks[cast("hana").division_id or 0]
    assert there == {(desks[desk or 0], 0, 1, TUE), (own, 0, 1, WED), (near, 0, 1, WED)}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_the_plans_of_the_divisions_that_it_touches_are_read(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    plans, read = workdays.plans, list[Any]()
    monkeypatch.setattr(
        workdays, "plans", lambda *asked, **more: read.append(more.get("officers")) or plans(*asked, **more)
    )
    with cast.database.transaction() as db:
        duty.look_at(db, cast("hana"), replace(SENT, officers=(cast.id("ben"),)), key="k" * 8, now=MORNING)
    assert sorted(cast.id(name) for name in ("ana", "ben", "tia")) in read
    assert None not in read


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_order_that_takes_nobody_from_a_short_division_tells_nothing(cast: Cast) -> None:
    with cast.database.transaction() as db:
        told = duty.look_at(db, cast("hana"), replace(SENT, officers=(cast.id("hana"),)), key="k" * 8, now=MORNING).told
    assert not told


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_tells_that_a_month_is_signed(cast: Cast) -> None:
    hana, month = cast("hana"), date(2026, 10, 1)
    with cast.database.transaction() as db:
        who = {"office_id": hana.office_id, "first": month, "at": MORNING}
        snapshot = MonthSnapshot(**who, number=1, head="{}", hash="x", officers=0)
        db.add(snapshot)
        db.flush()
        step = {"turn": 1, "kind": SignStep.SIGNED, "note": "", "created_by": hana.account_id, "idempotency_key": "s"}
        db.add(MonthStep(**who, **step, snapshot_id=snapshot.id))
    past = replace(SENT, issued=month, first=date(2026, 10, 29), last=date(2026, 11, 2), officers=(cast.id("ben"),))
    with cast.database.transaction() as db:
        told = duty.look_at(db, hana, past, key="k" * 8, now=MORNING).told
    assert told.signed == (month,)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_next_number_counts_on_and_leaves_the_year_alone(cast: Cast) -> None:
    expected = {"ST 094/009": "ST 094/010", "800/118/ST/XI/2026": "800/119/ST/XI/2026", "tanpa nomor": ""}
    for number, following in expected.items():
        send(cast, "ben", number=number)
        with cast.database.reading() as db:
            assert duty.next_number(db, cast("hana").office_id) == following


def order(cast: Cast, order_id: int, by: str = "hana") -> reading.Order:
    with cast.database.reading() as db:
        return reading.order_for(db, cast(by), order_id)


def change(cast: Cast, by: str, verb: Any, order_id: int, *, now: datetime = MORNING, **facts: Any) -> Any:
    with cast.database.transaction() as db:
        return verb(db, cast(by), order_id, **({"reason": "Batal", "key": str(uuid4())} | facts), now=now)


def test_what_was_beneath_holds_again_when_an_order_is_withdrawn_and_the_step_is_kept(cast: Cast) -> None:
    hana = cast("hana")
    older = send(cast, "ben", number="ST 1", place="Ratahan")
    newer = send(cast, "ben", "cy")
    assert plan_of(cast.database, hana, cast.id("ben"), TUE).note == "Manado"
    assert change(cast, "hana", changes.withdraw, newer) is True
    assert plan_of(cast.database, hana, cast.id("ben"), TUE).note == "Ratahan"
    assert plan_of(cast.database, hana, cast.id("cy"), TUE).source == "pattern"
    gone = order(cast, newer)
    assert (gone.state(TODAY), gone.going, [step.reason for step in gone.steps]) == ("withdrawn", [], ["Batal"])
    assert order(cast, older).state(TODAY) == "future"
    with pytest.raises(Refused):
        change(cast, "hana", changes.withdraw, newer)


def test_an_order_ends_earlier_and_people_come_and_go_each_with_a_step(cast: Cast) -> None:
    hana = cast("hana")
    one = send(cast, "ben", "cy", last=FRI)
    change(cast, "hana", changes.shorten, one, last=WED, reason="Selesai")
    assert change(cast, "hana", changes.add, one, officers=[cast.id("hana")], told=None, reason="Perlu SDM") is None
    change(cast, "hana", changes.take_out, one, officers=[cast.id("cy")], reason="Sakit")
    shown = order(cast, one)
    assert [(step.kind.value, step.names) for step in shown.steps] == [
        ("shortened", ["Ben Tumiwa", "Cy Sondakh"]),
        ("added", ["Hana Tendean"]),
        ("taken_out", ["Cy Sondakh"]),
    ]
    assert {member.name: member.days for member in shown.members} == {
        "Ben Tumiwa": [TUE, WED], "Cy Sondakh": [], "Hana Tendean": [TUE, WED]
    }  # fmt: skip
    assert shown.last == WED
    assert plan_of(cast.database, hana, cast.id("ben"), FRI).source == "pattern"
    assert plan_of(cast.database, hana, cast.id("hana"), WED).mode is PlanMode.FIELD
    # Whoever was taken out may go after all, on the dates as they are by now.
    told = change(cast, "hana", changes.add, one, officers=[cast.id("cy")], told=None)
    assert told.short, "nobody else of the own division is there"
    assert order(cast, one).version == 4
    change(cast, "hana", changes.add, one, officers=[cast.id("cy")], told=told.digest)
    assert plan_of(cast.database, hana, cast.id("cy"), WED).mode is PlanMode.FIELD
    assert plan_of(cast.database, hana, cast.id("cy"), FRI).source == "pattern"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_changes_that_cannot_be_are_refused_in_their_own_field(cast: Cast) -> None:
    one = send(cast, "ben", last=FRI)
    for verb, facts, field in (
        (changes.shorten, {"last": FRI}, "last"),
        (changes.shorten, {"last": TODAY}, "last"),
        (changes.take_out, {"officers": [cast.id("ben")]}, "officer"),
        (changes.take_out, {"officers": [cast.id("cy")]}, "officer"),
        (changes.add, {"officers": [cast.id("ben")], "told": None}, "officer"),
        (changes.add, {"officers": [], "told": None}, "officer"),
    ):
        with pytest.raises(Refused) as caught:
            change(cast, "hana", verb, one, **facts)
        assert caught.value.field == field
    assert order(cast, one).steps == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_head_leaves_days_that_are_over_alone(cast: Cast) -> None:
    one = send(cast, "ben", "tia", by="ana", first=TODAY, last=FRI)
    later = MORNING + timedelta(days=2)
    with pytest.raises(Refused):
        change(cast, "ana", changes.withdraw, one, now=later)
    with pytest.raises(Refused):
        change(cast, "ana", changes.shorten, one, last=TODAY, now=later)
    change(cast, "ana", changes.take_out, one, officers=[cast.id("tia")], now=later)
    tia = next(member for member in order(cast, one).members if member.id == cast.id("tia"))
    assert tia.days == [TODAY, TUE]
    change(cast, "hana", changes.withdraw, one, now=later)
    assert order(cast, one).going == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_order_over_two_divisions_is_seen_by_both_heads_and_changed_by_none_of_them(cast: Cast) -> None:
    one = send(cast, "ben", "cy")
    assert order(cast, one, "ana").may_change is False
    with pytest.raises(Forbidden):
        change(cast, "ana", changes.withdraw, one)
    assert order(cast, one, "dewi").may_change
    assert order(cast, one, "cy").may_change is False
    for name in ("tia", "oka"):
        with pytest.raises(NotFound):
            order(cast, one, name)


def test_of_two_changes_at_once_the_second_is_told(cast: Cast) -> None:
    one = send(cast, "ben", "cy", last=FRI)
    seen = order(cast, one).version

    def shorten() -> None:
        change(cast, "hana", changes.shorten, one, last=WED, seen=seen)

    def withdraw(db: Any) -> None:
        changes.withdraw(db, cast("hana"), one, reason="Batal", seen=seen, key="first-press", now=MORNING)

    cast("hana")
    with pytest.raises(Conflict):
        race(cast.database, withdraw, shorten)
    assert change(cast, "hana", changes.withdraw, one, seen=seen, key="first-press") is False, "a replay is no conflict"
    assert len(order(cast, one).steps) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_everybody_named_is_told_once_and_whoever_is_taken_out_too(cast: Cast) -> None:
    one = send(cast, "ben", "cy", "hana")
    change(cast, "hana", changes.take_out, one, officers=[cast.id("cy")])
    change(cast, "hana", changes.withdraw, one)
    with cast.database.reading() as db:
        told = db.execute(sa.select(Notice.account_id, Notice.kind, Notice.address).order_by(Notice.id)).all()
    names = {cast(name).account_id: name for name in ("ben", "cy", "hana")}
    assert sorted((names[row.account_id], row.kind.value) for row in told) == [
        ("ben", "order_changed"), ("ben", "order_given"), ("cy", "order_changed"), ("cy", "order_given"),
    ]  # fmt: skip
    assert {row.address for row in told} == {f"/orders/{one}"}


def unread(cast: Cast) -> list[tuple[str, str]]:
    """Who has which notice that still counts, in the order of names."""
    names = {cast(name).account_id: name for name in cast.seen}
    with cast.database.reading() as db:
        rows = db.execute(sa.select(Notice.account_id, Notice.kind).where(Notice.read_at.is_(None)))
        return sorted((names[row.account_id], row.kind.value) for row in rows)


def test_what_an_order_asked_of_somebody_is_over_once_it_is_taken_back_for_them(cast: Cast) -> None:
    one = send(cast, "ben", "cy")
    change(cast, "hana", changes.take_out, one, officers=[cast.id("cy")])
    assert unread(cast) == [("ben", "order_given"), ("cy", "order_changed")]


def ask_for_leave(cast: Cast) -> int:
    """Ben asks for Tuesday and Wednesday; Ana is above him and decides first."""
    with cast.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == cast.id("ben")).values(superior_id=cast.id("ana")))
        return leave.ask(db, cast("ben"), leave.Wish("annual", TUE, WED), key="leave", now=MORNING).leave_id


def test_an_order_over_leave_that_is_only_asked_names_it_first_and_tells_both_sides(cast: Cast) -> None:
    leave_id = ask_for_leave(cast)
    with cast.database.reading() as db:
        look = duty.look_at(db, cast("hana"), replace(SENT, officers=(cast.id("ben"),)), key="k" * 8, now=MORNING)
    assert [(one.leave_id, one.first, one.last) for one in look.told.wished] == [(leave_id, TUE, WED)]
    send(cast, "ben", "cy")
    assert [one for one in unread(cast) if one[1] == "leave_under_order"] == [
        ("ana", "leave_under_order"),
        ("ben", "leave_under_order"),
    ]
    with cast.database.transaction() as db:
        leave.withdraw(db, cast("ben"), leave_id, now=MORNING)
    assert [one for one in unread(cast) if one[1] == "leave_under_order"] == [], "there is no leave any more"


def test_an_order_of_other_people_or_other_dates_tells_nobody_of_leave(cast: Cast) -> None:
    ask_for_leave(cast)
    send(cast, "cy")
    send(cast, "ben", number="ST 9", first=FRI, last=FRI)
    assert "leave_under_order" not in {kind for _who, kind in unread(cast)}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_lists_hold_what_one_may_see_and_find_by_number_place_and_name(cast: Cast) -> None:
    first = send(cast, "ben", number="ST 7")
    send(cast, "cy", number="ST 8", place="Bitung", first=WED, last=WED)

    def found(name: str, **asked: Any) -> list[str]:
        with cast.database.reading() as db:
            lines = reading.listed(db, cast(name), **({"mine": False, "today": TODAY} | asked)).lines
        return [line.number for line in lines]

    assert found("hana") == ["ST 8", "ST 7"]
    assert found("dewi") == found("adi") == ["ST 8", "ST 7"]
    assert found("ana") == ["ST 7"]
    assert found("ben", mine=True) == ["ST 7"]
    assert found("tia", mine=True) == found("hana", mine=True) == found("oka") == []
    assert found("hana", q="sondakh") == found("hana", q="bitung") == found("hana", q="st 8") == ["ST 8"]
    assert found("hana", q="%") == []
    with cast.database.transaction() as db:  # the division of the first day of the order counts
        add_posting(db, cast.id("ben"), TODAY + timedelta(days=30), division_id=cast("cy").division_id)
    assert found("ana") == ["ST 7"]
    change(cast, "hana", changes.withdraw, first)
    with cast.database.reading() as db:
        states = [line.state for line in reading.listed(db, cast("hana"), mine=False, today=WED).lines]
    assert states == ["now", "withdrawn"]


CIRCULAR = exemptions.Draft("SE 12/2026", Meaning.EXCUSED, TUE, WED, "Banjir", Scope(everyone=True))


def exempt(cast: Cast, by: str = "hana", key: str = "", **facts: Any) -> exemptions.Written:
    key = key or str(uuid4())
    with cast.database.transaction() as db:
        look = exemptions.look_at(db, cast(by), replace(CIRCULAR, **facts), key=key, now=MORNING)
        return exemptions.write(db, cast(by), look, key=key, now=MORNING)


def take_back(cast: Cast, exemption_id: int, **facts: Any) -> int:
    asked = {
        "first": None,
        "last": None,
        "officers": None,
        "reason": "Surut",
        "seen": None,
        "key": str(uuid4()),
    } | facts
    with cast.database.transaction() as db:
        return exemptions.take_back(db, cast("hana"), exemption_id, **asked, now=MORNING)


def people_of(cast: Cast, exemption_id: int) -> dict[str, list[date]]:
    with cast.database.reading() as db:
        return {one.name: one.days for one in exempted.exemption_for(db, cast("hana"), exemption_id).people}


def test_who_is_excused_is_neither_absent_nor_late_nor_on_leave_and_who_is_home_works(cast: Cast) -> None:
    hana, ben = cast("hana"), cast.id("ben")
    assert exempt(cast).people == 7
    plan = plan_of(cast.database, hana, ben, TUE)
    assert (plan.mode, plan.source, plan.is_work, plan.note) == (None, "exemption", False, "Banjir")
    exempt(cast, meaning=Meaning.HOME, first=FRI, last=FRI, scope=Scope(officers=(ben,)))
    plan = plan_of(cast.database, hana, ben, FRI)
    assert (plan.mode, plan.source) == (PlanMode.HOME, "exemption")
    assert plan_of(cast.database, hana, cast.id("cy"), FRI).source == "pattern"


def test_leave_and_duty_lie_over_an_exemption_and_it_over_what_was_agreed(cast: Cast) -> None:
    hana = cast("hana")
    with cast.database.transaction() as db:
        plan_range(db, hana, cast.id("ben"), TUE)
        plan_range(db, hana, cast.id("tia"), TUE, mode=PlanMode.HOME)
    send(cast, "cy")
    exempt(cast)
    modes = {name: plan_of(cast.database, hana, cast.id(name), TUE) for name in ("ben", "cy", "tia")}
    assert {name: (plan.mode, plan.source) for name, plan in modes.items()} == {
        "ben": (PlanMode.LEAVE, "leave"), "cy": (PlanMode.FIELD, "duty"), "tia": (None, "exemption"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ({"divisions": ("population_registration",)}, {"ana", "ben", "tia"}),
        ({"divisions": ("population_registration",), "groups": ("asn",)}, {"ana", "ben"}),
        ({"groups": ("non_asn",)}, {"tia"}),
        ({"groups": ("non_asn",), "officers": ("cy",)}, {"tia", "cy"}),
        ({"officers": ("dewi",)}, {"dewi"}),
        ({"everyone": True, "groups": ("asn",)}, {"dewi", "ana", "ben", "cy", "hana", "adi"}),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whom_an_exemption_is_for(cast: Cast, scope: dict[str, Any], names: set[str]) -> None:
    with cast.database.reading() as db:
        here = sa.select(Division).where(Division.office_id == cast("hana").office_id)
        codes = {one.code: one.id for one in db.scalars(here)}
    asked = scope | {
        "divisions": tuple(codes[code] for code in scope.get("divisions", ())),
        "officers": tuple(cast.id(name) for name in scope.get("officers", ())),
    }
    found = people_of(cast, exempt(cast, scope=Scope(**asked)).exemption_id)
    assert found.keys() == {cast(name).name for name in names}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_exemption_is_for_those_who_serve_then_and_names_who_does_not(cast: Cast) -> None:
    with cast.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == cast.id("ben")).values(active_to=TODAY))
    assert "Ben Tumiwa" not in people_of(cast, exempt(cast).exemption_id)
    for scope, field in ((Scope(officers=(cast.id("ben"),)), "officer"), (Scope(), "officer")):
        with pytest.raises(Refused) as caught:
            exempt(cast, scope=scope)
        assert caught.value.field == field
    with pytest.raises(Refused, match="Ben Tumiwa"):
        exempt(cast, scope=Scope(officers=(cast.id("ben"),)))
    for scope in (Scope(officers=(cast.id("oka"),)), Scope(divisions=(999_999,))):
        with pytest.raises(NotFound):
            exempt(cast, scope=scope)
    for name in ("ana", "dewi", "adi", "ben"):
        with pytest.raises(Forbidden):
            exempt(cast, by=name)


def test_taking_back_restores_what_was_there_for_some_people_for_some_dates_or_wholly(cast: Cast) -> None:
    hana, ben, cy = cast("hana"), cast.id("ben"), cast.id("cy")
    with cast.database.transaction() as db:
        plan_range(db, hana, ben, TUE, mode=PlanMode.HOME)
    one = exempt(cast).exemption_id
    assert take_back(cast, one, officers=[ben], first=TUE) == 1
    assert plan_of(cast.database, hana, ben, TUE).mode is PlanMode.HOME
    assert plan_of(cast.database, hana, ben, WED).source == "exemption"
    assert plan_of(cast.database, hana, cy, TUE).source == "exemption"
    assert take_back(cast, one, first=WED, last=WED) == 7
    assert people_of(cast, one)["Ben Tumiwa"] == []
    assert people_of(cast, one)["Cy Sondakh"] == [TUE]
    assert take_back(cast, one) == 6
    assert plan_of(cast.database, hana, cy, TUE).source == "pattern"
    with pytest.raises(Refused):
        take_back(cast, one)
    for facts, field in (
        ({"first": WED, "last": TUE}, "last"),
        ({"first": TODAY}, "first"),
        ({"officers": []}, "officer"),
    ):
        with pytest.raises(Refused) as caught:
            take_back(cast, one, **facts)
        assert caught.value.field == field


def test_an_older_exemption_of_the_same_days_comes_back_when_the_newer_one_goes(cast: Cast) -> None:
    hana, ben = cast("hana"), cast.id("ben")
    exempt(cast, meaning=Meaning.HOME, number="SE 1")
    newer = exempt(cast).exemption_id
    assert plan_of(cast.database, hana, ben, TUE).mode is None
    take_back(cast, newer)
    assert plan_of(cast.database, hana, ben, TUE).mode is PlanMode.HOME


def test_those_for_whom_an_exemption_holds_hear_of_it_and_of_what_is_taken_back(cast: Cast) -> None:
    one = exempt(cast, scope=Scope(officers=(cast.id("ben"), cast.id("cy")))).exemption_id
    assert unread(cast) == [("ben", "exemption"), ("cy", "exemption")]
    take_back(cast, one, officers=[cast.id("cy")])
    with cast.database.reading() as db:
        told = sa.select(Notice.account_id, Notice.params).where(Notice.read_at.is_(None)).order_by(Notice.id)
        found = [(row.account_id, row.params["what"]) for row in db.execute(told)]
    assert found == [(cast("ben").account_id, "given"), (cast("cy").account_id, "ended")]


def test_an_exemption_written_twice_is_one_and_taken_back_twice_is_once(cast: Cast) -> None:
    first = exempt(cast, key="one-and-the-same")
    again, other_tab = exempt(cast, key="one-and-the-same"), exempt(cast)
    assert (again.exemption_id, again.first_time) == (first.exemption_id, False)
    assert (other_tab.exemption_id, other_tab.first_time) == (first.exemption_id, False), (
        "the same words in another tab"
    )
    with pytest.raises(Conflict):
        exempt(cast, key="one-and-the-same", reason="Listrik padam")
    assert take_back(cast, first.exemption_id, key="back-once") == 7
    assert take_back(cast, first.exemption_id, key="back-once", seen=1) == 0
    with pytest.raises(Conflict):
        take_back(cast, first.exemption_id, seen=1)
    assert exempt(cast).first_time, "what was taken back may be written once more"


def test_two_presses_of_one_exemption_at_once_are_one(cast: Cast) -> None:
    hana = cast("hana")

    def press(db: Any) -> int:
        look = exemptions.look_at(db, hana, CIRCULAR, key="twice-at-once", now=MORNING)
        return exemptions.write(db, hana, look, key="twice-at-once", now=MORNING).exemption_id

    def then() -> int:
        with cast.database.transaction() as db:
            return press(db)

    race(cast.database, press, then)
    with cast.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Exemption)) == 1


def test_four_hundred_people_cost_as_few_statements_as_four(cast: Cast) -> None:
    from tests.conftest import count_queries

    hana = cast("hana")
    with cast.database.transaction() as db:
        office = db.get_one(Office, hana.office_id)
        for number in range(400):
            add_officer(db, office, number=f"8{number:017}", name=f"Pegawai {number:03}", division_id=hana.division_id)
    with cast.database.transaction() as db, count_queries(cast.database) as seen:
        look = exemptions.look_at(
            db, hana, replace(CIRCULAR, last=TUE + timedelta(days=6)), key="many-many", now=MORNING
        )
        exemptions.write(db, hana, look, key="many-many", now=MORNING)
    assert len(look.people) == 407
    writing = [one for one in seen if "day_record" not in one]
    assert len(writing) <= 40, writing


def test_the_footnotes_of_a_month_tell_of_what_still_holds(cast: Cast) -> None:
    hana, ben = cast("hana"), cast.id("ben")
    one = exempt(cast, scope=Scope(officers=(ben, cast.id("cy")))).exemption_id
    gone = exempt(cast, number="SE 13", first=FRI, last=FRI).exemption_id
    take_back(cast, gone)
    take_back(cast, one, first=TUE)
    with cast.database.reading() as db:
        (note,) = orders.footnotes(db, hana.office_id, date(2026, 11, 1), date(2026, 11, 30))
        assert orders.footnotes(db, hana.office_id, date(2026, 12, 1), date(2026, 12, 31)) == []
        assert orders.footnotes(db, cast("oka").office_id, date(2026, 11, 1), date(2026, 11, 30)) == []
    assert (note.number, note.meaning, note.reason, note.first, note.last) == (
        "SE 12/2026",
        Meaning.EXCUSED,
        "Banjir",
        WED,
        WED,
    )
    assert note.of([ben]) == ((ben, "Ben Tumiwa"),)
    assert [name for _id, name in note.people] == ["Ben Tumiwa", "Cy Sondakh"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_letters_behind_a_plan_are_found_by_its_ranges(cast: Cast) -> None:
    hana, ben = cast("hana"), cast.id("ben")
    one = send(cast, "ben")
    two = exempt(cast).exemption_id
    with cast.database.reading() as db:
        found = orders.letters(db, hana.office_id, ben, TUE, WED)
        assert orders.letters(db, hana.office_id, ben, FRI, FRI) == {}
    assert {letter.address for letter in found.values()} == {f"/orders/{one}", f"/exemptions/{two}"}


NIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_today_ends_at_midnight_of_the_office(cast: Cast) -> None:
    draft = replace(SENT, first=TODAY, last=TODAY, officers=(cast.id("ben"),))
    with cast.database.transaction() as db:
        duty.look_at(db, cast("ana"), draft, key="k" * 8, now=NIGHT - timedelta(seconds=1))
    with pytest.raises(Refused), cast.database.transaction() as db:
        duty.look_at(db, cast("ana"), draft, key="k" * 8, now=NIGHT)
