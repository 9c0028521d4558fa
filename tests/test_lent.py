"""Whoever is lent to another desk serves it today: is offered there, given requests there, takes what is free there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from staffhub import i18n, workdays
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden
from staffhub.models import Appointment, DayPart, PlanLayer, PlanMode, RequestState, ServiceType
from staffhub.reports.today import today
from staffhub.routes.service_requests.offering import choices
from staffhub.security import Viewer
from staffhub.service_requests import handing, one, steps
from staffhub.service_requests.appointments import giving
from staffhub.service_requests.appointments.giving import Wanted
from staffhub.service_requests.lent import desk_of
from tests.conftest import MORNING, TODAY, World, count_queries, plan_range, viewer_of
from tests.test_handing import comes, first, offered
from tests.test_service_requests import assigned, reload, take_in

TOMORROW = MORNING + timedelta(days=1)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


def lend(database: Database, username: str, to: str, **facts: object) -> None:
    """Lend somebody today to the desk of the bidang of another one."""
    me, desk = viewer_of(database, username), viewer_of(database, to).division_id
    with database.transaction() as db:
        facts = {"mode": PlanMode.OFFICE, "layer": PlanLayer.ROSTER, "desk_id": desk} | facts
        plan_range(db, me, me.officer_id, TODAY, **facts)


def shown(database: Database, username: str = "ana") -> dict[str, str]:
    """Return what stands beside each name that is offered."""
    me = viewer_of(database, username)
    people = [one_of for _group, ones in choices(offered(database, username), me.division_id) for one_of in ones]
    return {said.split(",")[0].split()[0]: said.partition(", ")[2] for _id, said in people}


def test_who_is_lent_to_a_desk_is_offered_there_as_on_duty_and_at_home_as_serving_elsewhere(database: Database) -> None:
    comes(database, "ben", "cy")
    lend(database, "cy", "ana")
    lend(database, "ben", "cy")
    assert first(database) == "Cy Sondakh"
    home = viewer_of(database, "cy").division_name
    assert shown(database)["Cy"] == f"{home}, in the office, 0 requests"
    assert shown(database)["Ben"] == f"serves {home} today, in the office, 0 requests"


def test_the_head_of_the_desk_gives_to_who_is_lent_today_and_no_longer_tomorrow(database: Database) -> None:
    ana, cy, request = viewer_of(database, "ana"), viewer_of(database, "cy"), take_in(database)
    with pytest.raises(Forbidden), database.transaction() as db:
        row = one.request_for(db, ana, request.id, now=MORNING)
        steps.assign(db, ana, row, assignee_id=cy.officer_id or 0, now=MORNING)
    lend(database, "cy", "ana")
    with pytest.raises(Forbidden), database.transaction() as db:
        row = one.request_for(db, ana, request.id, now=TOMORROW)
        steps.assign(db, ana, row, assignee_id=cy.officer_id or 0, now=TOMORROW)
    gift = handing.Gift(request.id, request.version, cy.officer_id or 0)
    with database.transaction() as db:
        assert handing.give(db, ana, [gift], now=MORNING).count == 1
    with database.transaction() as db:
        row = one.request_to_work_on(db, cy, request.id, now=TOMORROW)
        steps.change_state(db, cy, row, state=row.state.CHECKING, note="", version=row.version, now=TOMORROW)


def test_who_is_lent_takes_what_nobody_has_at_the_desk_and_a_stranger_does_not(database: Database) -> None:
    cy, request = viewer_of(database, "cy"), take_in(database)

    def takes(now: object = MORNING) -> None:
        with database.transaction() as db:
            row = one.request_to_hand_over(db, cy, request.id, now=now)
            assert one.may_take(cy, row)
            steps.assign(db, cy, row, assignee_id=cy.officer_id or 0, now=now)

    for now in (MORNING, TOMORROW):
        if now is TOMORROW:
            lend(database, "cy", "ana")
        with pytest.raises(Forbidden):
            takes(now)
    takes()
    assert reload(database, request).assignee_id == cy.officer_id
    bens = assigned(database, "ben")
    with pytest.raises(Conflict), database.transaction() as db:
        row = one.request_to_hand_over(db, cy, bens.id, now=MORNING)
        assert not one.may_take(cy, row)
        steps.assign(db, cy, row, assignee_id=cy.officer_id or 0, now=MORNING)


def test_who_is_lent_receives_the_citizens_of_the_desk(database: Database) -> None:
    cy, desk = viewer_of(database, "cy"), viewer_of(database, "ana").division_id or 0
    with database.transaction() as db:
        db.execute(sa.update(ServiceType).values(slot_minutes=30))

    def may(now: object = MORNING) -> bool:
        with database.reading() as db:
            return giving.may_receive(db, cy, desk, now=now)

    assert not may()
    lend(database, "cy", "ana")
    assert (may(), may(TOMORROW)) == (True, False)


def _by_appointment(database: Database) -> None:
    with database.transaction() as db:
        db.execute(sa.update(ServiceType).where(ServiceType.code == "ektp_recording").values(slot_minutes=30))


def test_whoever_has_a_request_from_a_day_at_the_desk_keeps_its_appointment_the_day_after(world: World) -> None:
    _by_appointment(world.database)
    cy, request = viewer_of(world.database, "cy"), take_in(world.database, service_type="ektp_recording")
    lend(world.database, "cy", "ana")
    with world.database.transaction() as db:
        row = one.request_to_hand_over(db, cy, request.id, now=MORNING)
        steps.assign(db, cy, row, assignee_id=cy.officer_id or 0, now=MORNING)
    with world.database.transaction() as db:
        giving.give(db, cy, [Wanted(request.id, TODAY + timedelta(days=1), time(8, 0))], now=MORNING)
        id_ = db.scalars(sa.select(Appointment.id)).one()
    world.at(TOMORROW + timedelta(hours=1))
    client, page = world.client("cy"), f"/requests/{request.id}"
    came = f"/requests/appointments/{id_}/came"
    shown = client.get(page).text
    assert came in shown
    assert f'href="{page}/appointment"' in shown
    later = client.post(f"{page}/appointment", data={"date": "2026-11-24", "starts": "09.00"})
    assert (client.get(f"{page}/appointment").status_code, later.status_code) == (200, 303)
    came = came.replace(f"/{id_}/", f"/{id_ + 1}/")
    assert client.post(came).status_code == 303
    with world.database.reading() as db:
        assert db.scalars(sa.select(Appointment.state).order_by(Appointment.id)).all() == ["moved", "came"]
    assert reload(world.database, request).state is RequestState.CHECKING


def test_of_many_slots_at_once_whose_desk_it_is_is_asked_once(database: Database) -> None:
    _by_appointment(database)
    cy, ids = viewer_of(database, "cy"), [take_in(database, service_type="ektp_recording").id for _n in range(3)]
    lend(database, "cy", "ana")
    wanted = [Wanted(id_, TODAY + timedelta(days=1), time(8 + n, 0)) for n, id_ in enumerate(ids)]
    with count_queries(database) as asked, database.transaction() as db:
        assert giving.give(db, cy, wanted, now=MORNING) == 3
        given = db.scalars(sa.select(Appointment.id)).all()
        for each in giving.appointments_to_change(db, cy, given, now=MORNING):
            giving.told(db, cy, each, now=MORNING)
    assert sum(statement.startswith("SELECT (SELECT") for statement in asked) == 2, "by who gives and by who told"


def test_what_lies_with_who_was_lent_and_is_on_leave_is_for_the_head_whose_request_it_is(world: World) -> None:
    database = world.database
    ana, cy, request = viewer_of(database, "ana"), viewer_of(database, "cy"), take_in(database)
    comes(database, "ben")
    lend(database, "cy", "ana")
    with database.transaction() as db:
        row = one.request_to_hand_over(db, cy, request.id, now=MORNING)
        steps.assign(db, cy, row, assignee_id=cy.officer_id or 0, now=MORNING)
    with database.transaction() as db:
        plan_range(db, cy, cy.officer_id, TODAY, mode=PlanMode.LEAVE)
    page = world.client("ana").get(f"/requests/hand-on?officer={cy.officer_id}").text
    assert "Ben Tumiwa" in page
    assert "Bidang lain" not in page
    assert "Tidak ada yang bertugas sekarang" not in page

    def counted(head: Viewer) -> int:
        with database.reading() as db:
            found = today(db, head, head.officer_id or 0, now=MORNING).leading
        assert found
        return found.unassigned

    assert (counted(ana), counted(replace(ana, division_id=cy.division_id))) == (1, 0)


@pytest.mark.parametrize(
    ("over", "lent"),
    [
        ({}, True),
        ({"mode": PlanMode.LEAVE}, False),
        ({"mode": PlanMode.LEAVE, "part": DayPart.MORNING}, True),
        ({"mode": PlanMode.FIELD, "layer": PlanLayer.DUTY}, False),
        ({"mode": PlanMode.HOME, "layer": PlanLayer.HAND}, False),
    ],
)
def test_whose_desk_it_is_the_statement_says_as_the_plan_does(
    database: Database, over: dict[str, object], lent: bool
) -> None:
    cy, desk = viewer_of(database, "cy"), viewer_of(database, "ana").division_id
    lend(database, "cy", "ana")
    if over:
        with database.transaction() as db:
            plan_range(db, cy, cy.officer_id, TODAY, **over)
    with database.reading() as db:
        plan = workdays.plans(db, cy.office_id, TODAY, TODAY).of(cy.officer_id or 0, TODAY)
        asked = {"office": cy.office_id, "today": TODAY}
        said = db.execute(sa.select(desk_of(sa.literal(cy.officer_id))), asked).scalar_one()
    assert plan.desk == said == (desk if lent else None)


def test_the_page_of_a_request_offers_to_take_it_to_who_is_lent(world: World) -> None:
    request = take_in(world.database)
    cy, form = world.client("cy"), f'action="/requests/{request.id}/assign"'
    assert form not in cy.get(f"/requests/{request.id}").text
    lend(world.database, "cy", "ana")
    assert form in cy.get(f"/requests/{request.id}").text
    answer = cy.post(
        f"/requests/{request.id}/assign",
        data={"assignee": viewer_of(world.database, "cy").officer_id, "version": request.version},
    )
    assert answer.status_code == 303
    assert reload(world.database, request).assignee_id == viewer_of(world.database, "cy").officer_id
