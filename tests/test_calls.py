"""Calls to a desk: who is free, who answers, and what came in between; and plan against fact of today."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import workdays
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import DutyCall, HomeOnly, Notice, PlanLayer, PlanMode, WorkMode
from staffhub.presence import check_in
from staffhub.reports import board, desks
from staffhub.roster import calls
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, plan_range, race, viewer_of

DUTY_HOME = {"mode": PlanMode.HOME, "layer": PlanLayer.ROSTER}
AT_WORK = MORNING + timedelta(minutes=60)


class Hall:
    """Ben is planned at home today; the desk of his bidang, and that of Cy, lack somebody."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ana, self.ben, self.cy, self.dewi = (viewer_of(database, name) for name in ("ana", "ben", "cy", "dewi"))
        with database.transaction() as db:
            plan_range(db, self.ana, self.ben.officer_id, TODAY, **DUTY_HOME)

    def call(self, me: Viewer | None = None, **other: Any) -> calls.Done:
        facts = {"officer_id": self.ben.officer_id, "division_id": self.ben.division_id, "day": TODAY, "group": "ASN"}
        with self.database.transaction() as db:
            return calls.call(db, me or self.ana, **facts | {"now": AT_WORK} | other)  # type: ignore[arg-type]

    def press(self, verb: Callable[..., calls.Done], me: Viewer, call_id: int, **other: Any) -> calls.Done:
        with self.database.transaction() as db:
            return verb(db, me, call_id, **{"now": AT_WORK} | other)

    def plan(self) -> workdays.Plan:
        with self.database.reading() as db:
            return workdays.plans(db, self.ben.office_id, TODAY, TODAY).of(self.ben.officer_id or 0, TODAY)

    def told(self, me: Viewer) -> list[tuple[str, str | None]]:
        with self.database.reading() as db:
            found = db.scalars(sa.select(Notice).where(Notice.account_id == me.account_id).order_by(Notice.id))
            return [(one.kind.value, one.params.get("what")) for one in found]

    def desks(self, me: Viewer) -> dict[str, desks.Desk]:
        with self.database.reading() as db:
            return {one.name: one for one in desks.desks(db, me, now=AT_WORK).desks}


@pytest.fixture
def hall(database: Database) -> Hall:
    return Hall(database)


def test_whoever_accepts_a_call_is_planned_in_the_office_and_the_caller_is_told(hall: Hall) -> None:
    asked = hall.call()
    assert hall.told(hall.ben) == [("duty_call_asked", None)]
    assert hall.plan().mode is PlanMode.HOME, "nothing changes before the answer"
    assert hall.press(calls.accept, hall.ben, asked.call_id).first_time
    assert (hall.plan().mode, hall.plan().source, hall.plan().desk) == (PlanMode.OFFICE, "hand", None)
    assert hall.told(hall.ana) == [("duty_call_changed", "accepted")]
    assert not hall.press(calls.accept, hall.ben, asked.call_id).first_time, "a second tap"
    with hall.database.reading() as db:
        assert db.scalar(sa.select(DutyCall.grant_id)) == hall.plan().grant_id


def test_who_is_called_to_another_bidang_keeps_its_desk_and_counts_there(hall: Hall) -> None:
    hall.press(calls.accept, hall.ben, hall.call(hall.dewi, division_id=hall.cy.division_id).call_id)
    assert hall.plan().desk == hall.cy.division_id
    with hall.database.transaction() as db:
        check_in(db, hall.ben, mode=WorkMode.OFFICE, note="", idempotency_key="in-the-office", now=AT_WORK)
    with hall.database.reading() as db:
        found = {one.name: one.covers for one in board.board(db, hall.dewi, now=AT_WORK).columns}
    assert [(one.name, one.have) for one in found["Pencatatan Sipil"]] == [("ASN", 1), ("THL", 0)]
    assert found["Pencatatan Sipil"][0].keepers == ["Ben Tumiwa"]
    assert found["Pendaftaran Penduduk"][0].have == 0


def test_the_desks_of_today_say_plan_and_fact_and_who_could_come(hall: Hall) -> None:
    desk = hall.desks(hall.ana)["Pendaftaran Penduduk"]
    asn, thl = desk.covers
    assert (asn.planned, asn.have, asn.rest, asn.need) == (1, 0, 1, 1), "Ana is planned and not there yet"
    assert (thl.planned, thl.have, thl.rest) == (1, 0, 1)
    assert [one.name for lack in desk.lacks for one in lack.stand_ins] == ["Ben Tumiwa"]
    hall.call()
    called = hall.desks(hall.ana)["Pendaftaran Penduduk"]
    assert [one.officer for one in called.calls] == ["Ben Tumiwa"]
    assert not any(lack.stand_ins for lack in called.lacks), "who is called is offered no more"
    assert set(hall.desks(hall.ana)) == {"Pendaftaran Penduduk"}, "the head of a bidang sees the own desk"
    assert set(hall.desks(hall.dewi)) >= {"Pendaftaran Penduduk", "Pencatatan Sipil"}


def test_of_two_heads_who_call_the_same_person_at_once_the_second_is_told(hall: Hall) -> None:
    def first(db: Any) -> None:
        calls.call(
            db, hall.dewi, officer_id=hall.ben.officer_id or 0, division_id=hall.cy.division_id or 0, day=TODAY,
            group="ASN", now=AT_WORK,
        )  # fmt: skip

    with pytest.raises(Conflict, match=r"Dewi Ondang.*Pencatatan Sipil"):
        race(hall.database, first, hall.call)
    assert hall.told(hall.ben) == [("duty_call_asked", None)]


def test_two_taps_call_once(hall: Hall) -> None:
    first = hall.call()
    assert hall.call() == calls.Done(first.call_id, first_time=False)


def test_a_leave_that_was_approved_meanwhile_is_why_nobody_comes(hall: Hall) -> None:
    call_id = hall.call().call_id
    with pytest.raises(Refused, match="cuti saat itu"):
        race(
            hall.database,
            lambda db: (calls.lock_row(db, calls.Officer, hall.ben.officer_id or 0),
                        plan_range(db, hall.ana, hall.ben.officer_id, TODAY)),
            lambda: hall.press(calls.accept, hall.ben, call_id),
        )  # fmt: skip
    assert hall.plan().mode is PlanMode.LEAVE


def test_a_call_that_was_withdrawn_or_is_over_is_answered_in_words(hall: Hall) -> None:
    call_id = hall.call().call_id
    with pytest.raises(Refused, match="sudah selesai"):
        hall.press(calls.accept, hall.ben, call_id, now=AT_WORK + timedelta(days=1))
    with pytest.raises(Refused, match="sudah selesai"):
        hall.press(calls.accept, hall.ben, call_id, now=AT_WORK + timedelta(hours=9))
    with pytest.raises(Forbidden):
        hall.press(calls.withdraw, hall.ben, call_id)
    hall.press(calls.withdraw, hall.ana, call_id)
    assert hall.told(hall.ben)[-1] == ("duty_call_changed", "withdrawn")
    with pytest.raises(Conflict, match="sudah ditarik"):
        hall.press(calls.accept, hall.ben, call_id)
    assert hall.call().call_id != call_id, "somebody may be called again"


def test_a_decline_is_told_to_the_caller_and_another_may_answer_nothing(hall: Hall) -> None:
    call_id = hall.call().call_id
    with pytest.raises(Forbidden):
        hall.press(calls.accept, hall.dewi, call_id)
    hall.press(calls.decline, hall.ben, call_id, note="Anak sakit")
    assert hall.told(hall.ana) == [("duty_call_changed", "declined")]
    desk = hall.desks(hall.ana)["Pendaftaran Penduduk"]
    assert not any(lack.stand_ins for lack in desk.lacks), "who cannot come is offered no more today"
    assert hall.plan().mode is PlanMode.HOME


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"mode": PlanMode.LEAVE}, "cuti saat itu"),
        ({"mode": PlanMode.FIELD, "layer": PlanLayer.DUTY}, "dinas luar"),
        ({"mode": PlanMode.HOME, "layer": PlanLayer.HAND}, "menurut kesepakatan"),
    ],
)
def test_who_is_away_or_at_home_by_arrangement_is_not_called(hall: Hall, facts: dict[str, Any], why: str) -> None:
    with hall.database.transaction() as db:
        plan_range(db, hall.ana, hall.ben.officer_id, TODAY, **facts)
    with pytest.raises(Refused, match=why):
        hall.call()


def test_who_stays_home_by_a_letter_or_is_of_another_group_is_not_called(hall: Hall) -> None:
    with pytest.raises(Refused, match="kelompok lain"):
        hall.call(group="THL")
    with hall.database.transaction() as db:
        db.add(HomeOnly(office_id=hall.ana.office_id, officer_id=hall.ben.officer_id, first=TODAY, last=TODAY,
                        version=1, document="445/1", created_at=MORNING, idempotency_key="a-letter"))  # fmt: skip
    with pytest.raises(Refused, match="menurut kesepakatan"):
        hall.call()
    with pytest.raises(Forbidden):
        hall.call(hall.ben)
    with pytest.raises(Forbidden):
        hall.call(division_id=hall.cy.division_id)


def test_from_hari_ini_one_tap_calls_and_the_answer_comes_from_the_phone(world: World) -> None:
    hall = Hall(world.database)
    with world.database.transaction() as db:
        db.execute(sa.text("UPDATE officer SET phone = '081234567890' WHERE id = :id"), {"id": hall.ben.officer_id})
    world.at(AT_WORK)
    ana, ben = world.client("ana"), world.client("ben")
    assert "/roster/calls" in ana.get("/").text
    page = ana.get("/roster/calls").text
    assert "Ben Tumiwa" in page
    form = {"officer": str(hall.ben.officer_id), "division": str(hall.ben.division_id), "date": TODAY.isoformat()}
    assert ana.post("/roster/calls", data=form).status_code == 422
    called = ana.post("/roster/calls", data=form | {"group": "ASN"})
    assert called.status_code == 303
    address = called.headers["location"]
    assert "https://wa.me/6281234567890?text=Ben%20Tumiwa" in ana.get(address).text
    assert "wa.me" not in ben.get(address).text
    assert f"{address}/accept" in ben.get(address).text
    first_page = ben.get("/").text
    assert "Anda dipanggil ke kantor hari ini: piket" in first_page
    assert f'href="{address}"' in first_page
    assert world.client("cy").get(address).status_code == 403
    assert ben.post(f"{address}/accept").status_code == 303
    assert "Anda dipanggil" not in ben.get("/").text
    late = ana.post(f"{address}/withdraw")
    assert late.status_code == 409
    assert "sudah bersedia datang" in late.text
    assert world.client("cy").get("/roster/calls").status_code == 403


def test_a_call_that_nobody_answered_stands_on_hari_ini_until_the_working_day_is_over(world: World) -> None:
    address = f"/roster/calls/{Hall(world.database).call().call_id}"
    ben, ana = world.client("ben"), world.client("ana")
    for hours, asked in ((0, True), (9, False)):
        world.at(AT_WORK + timedelta(hours=hours))
        assert (f'href="{address}"' in ben.get("/").text) is asked
        assert (f"{address}/accept" in ben.get(address).text) is asked
        assert ("Jam kerja Senin, 23 November 2026 sudah selesai" in ben.get(address).text) is not asked
        assert f"{address}/withdraw" in ana.get(address).text
    late = ben.post(f"{address}/accept")
    assert (late.status_code, f"{address}/accept" in late.text) == (422, False)


def test_a_desk_that_nobody_will_keep_today_is_told_before_work_begins(world: World) -> None:
    hall, tia = Hall(world.database), world.officer_id("tia")
    ana, dewi = world.client("ana"), world.client("dewi")
    assert "/roster/calls" not in ana.get("/").text, "everybody who is planned may still come"
    with world.database.transaction() as db:
        plan_range(db, hall.ana, tia, TODAY)
    for head in (ana, dewi):
        page = head.get("/").text
        assert "bidang tidak terjaga sampai sore" in page
        assert "belum presensi" not in page
