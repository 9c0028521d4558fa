"""What was taken in wrongly is corrected: who may, what follows for the request, and what its history tells."""

from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from staffhub import worklog
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import AuditEvent, Channel, RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.service_requests import catalogue, citizens, correcting, listed, one, steps
from staffhub.service_requests.appointments import giving
from staffhub.service_requests.appointments.giving import Wanted
from staffhub.service_requests.duplicates import AlreadyAsked
from staffhub.service_requests.listed import Wanted as Sought
from tests.conftest import MORNING, TODAY, World, race, viewer_of
from tests.page_forms import form_of

S = RequestState
PHONE, OTHER = "081234564471", "081234560099"
LATER = MORNING + timedelta(hours=1)


def _taken_in(database: Database, service: str = "family_card", who: str = "ben", **facts: Any) -> one.Request:
    me = viewer_of(database, who)
    given = {"applicant": "Novi T.", "phone": PHONE, "channel": Channel.COUNTER, "key": str(uuid4())} | facts
    with database.transaction() as db:
        return one.request_for(
            db, me, steps.take_in(db, me, service_type=service, now=MORNING, **given).id, now=MORNING
        )


def _on_desk(
    database: Database, service: str = "family_card", state: RequestState | None = None, **facts: Any
) -> one.Request:
    """A request that lies with Ben."""
    ben, ana, found = viewer_of(database, "ben"), viewer_of(database, "ana"), _taken_in(database, service, **facts)
    with database.transaction() as db:
        steps.assign(db, ana, found, assignee_id=ben.officer_id or 0, now=MORNING)
    for step in () if state is None else (S.CHECKING, S.SIGNING, S.READY):
        with database.transaction() as db:
            steps.change_state(db, ben, one.request_for(db, ben, found.id, now=MORNING), state=step, now=MORNING)
        if step is state:
            break
    return _now(database, found)


def _now(database: Database, found: one.Request) -> one.Request:
    ben = viewer_of(database, "ben")
    with database.reading() as db:
        return one.request_for(db, ben, found.id, now=LATER)


def _correct(database: Database, found: one.Request, who: str = "ben", *, seen: str = "", **changed: str) -> Any:
    """Change something of the request as `found` showed it."""
    me = viewer_of(database, who)
    with database.transaction() as db:
        facts = correcting.facts_of(db, me, found)._replace(**changed)
        row = one.request_for(db, me, found.id, now=LATER)
        return correcting.correct(db, me, row, facts, seen=seen, version=found.version, now=LATER)


def _course(database: Database, found: one.Request) -> list[one.Event]:
    ben = viewer_of(database, "ben")
    with database.reading() as db:
        return one.history(db, ben, found)


def test_a_wrong_number_is_put_right_and_the_citizen_asks_with_the_new_one(database: Database) -> None:
    found = _on_desk(database)
    done = _correct(database, found, phone=OTHER, applicant="Novi Tamara", siak_reference="SIAK-1")
    assert done.fields == ("applicant", "phone", "siak_reference")
    now = _now(database, found)
    assert (now.applicant, now.phone, now.siak_reference, now.version) == (
        "Novi Tamara",
        OTHER,
        "SIAK-1",
        found.version + 1,
    )
    (latest, *_rest) = _course(database, found)
    assert (latest.corrected, latest.officer, latest.state) == (done.fields, "Ben Tumiwa", S.NEW)
    with database.transaction() as db:
        asked: dict[str, Any] = {"code": found.public_code, "address": "10.0.0.1", "key": b"k" * 32, "now": LATER}
        assert citizens.ask(db, digits=PHONE[-4:], **asked) is None
        assert citizens.ask(db, digits=OTHER[-4:], **asked)
        events = db.execute(sa.select(AuditEvent.verb, AuditEvent.facts).where(AuditEvent.subject_id == found.id)).all()
        kept = db.execute(sa.select(RequestEvent.note, RequestEvent.corrected)).all()
    assert ("request.corrected", ["applicant", "phone", "siak_reference"]) in [
        (verb, facts.get("fields")) for verb, facts in events
    ]
    for secret in (PHONE, OTHER, "Tamara"):
        assert secret not in str(events), "what people are called and called by stays out of the trail"
        assert secret not in str(kept)


def test_the_same_once_more_changes_nothing_and_on_an_old_page_the_second_is_told(database: Database) -> None:
    found = _on_desk(database)
    _correct(database, found, applicant="Novi Tamara")
    assert _correct(database, found, applicant="Novi Tamara").fields == (), "two taps are one correction"
    with pytest.raises(Conflict):
        _correct(database, found, applicant="Novi Tan")
    assert len(_course(database, found)) == 3


def test_only_who_works_on_it_or_its_head_corrects_and_nothing_that_is_closed(database: Database) -> None:
    found = _on_desk(database)
    for who, may in {"ben": True, "ana": True, "dewi": True, "tia": False, "cy": False}.items():
        me = viewer_of(database, who)
        with database.reading() as db:
            if may:
                assert one.request_to_work_on(db, me, found.id, now=LATER)
            else:
                with pytest.raises(Forbidden):
                    one.request_to_work_on(db, me, found.id, now=LATER)
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        steps.change_state(db, ben, found, state=S.CANCELLED, now=MORNING)
    with pytest.raises(Conflict):
        _correct(database, _now(database, found), applicant="Novi Tamara")


def test_the_same_number_and_service_as_another_request_is_asked_about_first(database: Database) -> None:
    there, found = _taken_in(database, phone=OTHER), _on_desk(database)
    with pytest.raises(AlreadyAsked) as question:
        _correct(database, found, phone=OTHER)
    assert [one.number for one in question.value.found] == [there.number]
    assert _correct(database, found, phone=OTHER, seen=question.value.mark).fields == ("phone",)
    assert _correct(database, _now(database, found), applicant="Novi").fields == ("applicant",), "asked once"
    card = _taken_in(database, "ektp_reprint", phone=OTHER)
    with pytest.raises(AlreadyAsked):
        _correct(database, _now(database, card), "ana", service_type="family_card")


def _promised(database: Database, service: str, **term: int) -> None:
    with database.transaction() as db:
        db.execute(sa.update(ServiceType).where(ServiceType.code == service).values(**term))


def test_another_service_of_the_bidang_is_due_by_its_own_promise_from_when_it_came_in(database: Database) -> None:
    _promised(database, "family_card", service_hours=2)
    _promised(database, "ektp_reprint", service_hours=4)
    found = _on_desk(database, state=S.CHECKING)
    done = _correct(database, found, service_type="ektp_reprint")
    now = _now(database, found)
    assert (done.fields, done.division) == (("service_type",), None)
    assert (now.state, now.officer) == (S.CHECKING, "Ben Tumiwa")
    with database.reading() as db:
        due = db.scalar(sa.select(ServiceRequest.due_at).where(ServiceRequest.id == found.id))
    other = _taken_in(database, "ektp_reprint", applicant="Lela W.", phone="")
    with database.reading() as db:
        assert due == db.scalar(sa.select(ServiceRequest.due_at).where(ServiceRequest.id == other.id))
    note = _course(database, found)[0].note
    assert note.startswith("Kartu keluarga (KK) → ")


def test_a_service_of_another_bidang_goes_there_without_an_officer(database: Database) -> None:
    found = _on_desk(database, state=S.CHECKING)
    done = _correct(database, found, service_type="birth_certificate")
    now, cy = _now(database, found), viewer_of(database, "cy")
    assert (now.assignee_id, now.lacking, now.division_id, now.state) == (None, "none", cy.division_id, S.CHECKING)
    assert done.division == now.division
    ben = viewer_of(database, "ben")
    with database.reading() as db:
        assert one.may_take(cy, now)
        with pytest.raises(Forbidden):
            one.request_to_work_on(db, ben, found.id, now=LATER)
        waiting = listed.listing(db, cy, Sought(assignee="none"), page=1, now=LATER).rows
    assert [row.id for row in waiting] == [found.id]


@pytest.mark.parametrize(
    ("state", "urgent", "becomes"),
    [
        (None, False, S.DEFERRED),
        (S.CHECKING, False, S.DEFERRED),
        (S.CHECKING, True, S.CHECKING),
        (S.SIGNING, False, S.SIGNING),
        (S.READY, False, S.READY),
    ],
)
def test_what_turns_out_to_need_the_applicant_in_person_waits_by_the_rule_of_the_intake(
    database: Database, state: RequestState | None, urgent: bool, becomes: RequestState
) -> None:
    found, ana = _on_desk(database, state=state), viewer_of(database, "ana")
    if urgent:
        with database.transaction() as db:
            steps.set_urgent(db, ana, found, urgent=True, why="Sakit", now=MORNING)
        found = _now(database, found)
    _correct(database, found, service_type="ektp_recording")
    assert _now(database, found).state is becomes
    assert _course(database, found)[0].state is becomes


def test_what_need_not_come_in_person_after_all_waits_no_longer(database: Database) -> None:
    _promised(database, "family_card", service_hours=2)
    found = _on_desk(database, "ektp_recording")
    assert found.state is S.DEFERRED
    _correct(database, found, service_type="family_card")
    assert _now(database, found).state is S.NEW
    with database.reading() as db:
        assert db.scalar(sa.select(ServiceRequest.due_at).where(ServiceRequest.id == found.id)), "its clock runs"


def test_a_service_that_is_not_offered_is_refused_unless_it_is_the_one_that_stands(database: Database) -> None:
    found, ana = _on_desk(database), viewer_of(database, "ana")
    with database.transaction() as db:
        catalogue.end(db, ana, catalogue.service_to_keep(db, ana, found.service_id), now=MORNING)
    assert _correct(database, found, applicant="Novi Tamara").fields == ("applicant",)
    for code in ("nothing", "ektp"):
        with pytest.raises(Refused) as refused:
            _correct(database, _now(database, found), service_type=code)
        assert refused.value.field == "service_type"


def test_while_somebody_is_to_come_the_service_stays_and_what_was_given_is_never_orphaned(database: Database) -> None:
    _promised(database, "ektp_recording", slot_minutes=30)
    found, ben, ana = _on_desk(database, "ektp_recording"), viewer_of(database, "ben"), viewer_of(database, "ana")
    with database.transaction() as db:
        giving.give(db, ben, [Wanted(found.id, TODAY + timedelta(days=1), time(8, 0))], now=MORNING)
    with pytest.raises(Refused) as refused:
        _correct(database, found, service_type="family_card")
    assert refused.value.field == "service_type"
    assert "08.00" in refused.value.message
    assert _correct(database, found, applicant="Novi Tamara").fields == ("applicant",), "all else may be put right"
    with database.transaction() as db:
        (given,) = db.scalars(sa.select(giving.Appointment))
        giving.cancel(db, ben, given, why="", now=MORNING)
    _correct(database, _now(database, found), service_type="family_card")
    with database.transaction() as db:
        kept = catalogue.service_to_keep(db, ana, found.service_id)
        assert not catalogue.end(db, ana, kept, now=LATER), "its appointments still name it, so it ends and stays"


def _slot(database: Database, found: one.Request, who: str = "ben", day: date = TODAY, at: time = time(8, 0)) -> int:
    me = viewer_of(database, who)
    with database.transaction() as db:
        giving.give(db, me, [Wanted(found.id, day, at)], now=MORNING)
        return db.scalars(sa.select(sa.func.max(giving.Appointment.id))).one()


def _appointment(database: Database, verb: str, id_: int, **more: str) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        found = giving.appointment_to_change(db, ben, id_, now=LATER)
        getattr(giving, verb)(db, ben, found, now=LATER, **more)


def _slots(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(sa.select(giving.Appointment.state).order_by(giving.Appointment.id)))


def test_an_appointment_of_the_service_before_a_correction_moves_the_request_no_more(world: World) -> None:
    database = world.database
    for code in ("ektp_recording", "birth_certificate"):
        _promised(database, code, slot_minutes=30)
    found, missed = _on_desk(database, "ektp_recording"), _on_desk(database, "ektp_recording", phone=OTHER)
    came, no_show = _slot(database, found), _slot(database, missed, at=time(7, 30))
    _appointment(database, "came", came)
    _appointment(database, "did_not_come", no_show)
    world.at(LATER)
    page, addresses = "/requests/appointments", [f"/{came}/undo", f"/{no_show}/came"]
    shown = world.client("ben").get(page).text
    assert all(one_of in shown for one_of in addresses)
    for each in (found, missed):
        _correct(database, _now(database, each), service_type="birth_certificate")
    with pytest.raises(Conflict, match="Akta kelahiran"):
        _appointment(database, "undo_came", came, why="Salah orang")
    with pytest.raises(Conflict, match="Akta kelahiran"):
        _appointment(database, "came", no_show)
    assert _slots(database) == ["came", "no_show"]
    assert _now(database, found).state is S.CHECKING
    shown = world.client("ben").get(page).text
    assert not any(one_of in shown for one_of in addresses)


def test_of_a_slot_and_a_correction_at_once_the_second_is_told_whichever_it_is(database: Database) -> None:
    _promised(database, "ektp_recording", slot_minutes=30)
    _promised(database, "birth_certificate", slot_minutes=30)
    first, second = _on_desk(database, "ektp_recording"), _on_desk(database, "ektp_recording", phone=OTHER)
    ana = viewer_of(database, "ana")

    def correct(db: Session) -> None:
        facts = correcting.facts_of(db, ana, first)._replace(service_type="birth_certificate")
        correcting.correct(db, ana, first, facts, now=LATER)

    # One that comes after it altogether, as on SQLite, finds a request that is not of its bidang.
    with pytest.raises((Conflict, Forbidden)):
        race(database, correct, lambda: _slot(database, first))

    def give(db: Session) -> None:
        giving.give(db, ana, [Wanted(second.id, TODAY, time(8, 0))], now=MORNING)

    with pytest.raises(Refused, match=r"08\.00"):
        race(database, give, lambda: _correct(database, second, service_type="birth_certificate"))
    assert _slots(database) == ["invited"]


def _opened(world: World, path: str, who: str = "ana") -> tuple[TestClient, dict[str, Any]]:
    client = world.client(who)
    return client, form_of(client.get(f"{path}/correct").text, f"{path}/correct")


def test_the_page_of_a_request_leads_quietly_to_its_correction_and_keeps_what_was_typed(world: World) -> None:
    found = _taken_in(world.database)
    path = f"/requests/{found.id}"
    ana, typed = _opened(world, path)
    assert f'href="{path}/correct"' in ana.get(path).text
    assert f'href="{path}/correct"' not in world.client("cy").get(path).text
    page = ana.get(f"{path}/correct").text
    assert PHONE not in page, "the number is shown by its own button alone, which is recorded"
    assert "08xx-xxxx-4471" in page
    wrong = ana.post(f"{path}/correct", data=typed | {"applicant": ["7171011203900001"], "phone": ["12"]})
    assert wrong.status_code == 422
    assert 'id="correct-applicant-error"' in wrong.text
    assert 'id="correct-phone-error"' in wrong.text
    good = typed | {"applicant": ["Novi Tamara"], "phone": ["+62 812-3456-0099"]}
    done = ana.post(f"{path}/correct", data=good)
    assert (done.status_code, done.headers["location"]) == (303, path)
    shown = ana.get(path).text
    assert "Data diperbaiki: nama, telepon" in shown
    assert "Novi Tamara" in shown
    assert "08xx-xxxx-0099" in shown
    assert _now(world.database, found).phone == OTHER, "in the one form of every number"
    assert ana.post(f"{path}/correct", data=good).status_code == 303, "the second of two taps"
    assert shown.count("Data diperbaiki") == ana.get(path).text.count("Data diperbaiki")
    old = ana.post(f"{path}/correct", data=typed | {"applicant": ["Novi Tan"]})
    assert old.status_code == 409
    assert "Novi Tan" in old.text


def test_a_number_that_is_not_the_applicants_is_taken_out_and_a_wish_that_is_there_is_shown(world: World) -> None:
    there = _taken_in(world.database, phone=OTHER)
    found = _taken_in(world.database, applicant="Lela W.")
    path = f"/requests/{found.id}"
    ana, typed = _opened(world, path)
    asked = ana.post(f"{path}/correct", data=typed | {"phone": [OTHER]})
    assert asked.status_code == 409
    assert there.number in asked.text
    again = form_of(asked.text, f"{path}/correct")
    assert ana.post(f"{path}/correct", data=again).status_code == 303
    ana, typed = _opened(world, path)
    both = ana.post(f"{path}/correct", data=typed | {"phone": [PHONE], "no_phone": ["1"]})
    assert both.status_code == 422
    assert ana.post(f"{path}/correct", data=typed | {"no_phone": ["1"]}).status_code == 303
    assert _now(world.database, found).phone == ""


def test_what_a_log_says_of_a_request_stays_as_it_was_written_and_the_page_says_so(world: World) -> None:
    found, ben = _on_desk(world.database), viewer_of(world.database, "ben")
    with world.database.transaction() as db:
        said = worklog.proposal(db, ben, found.id, [], now=LATER)
        facts: dict[str, Any] = {"starts": time(7), "ends": time(8), "request_id": found.id, "key": str(uuid4())}
        worklog.write(db, ben, day=TODAY, text=said.text, **facts, now=LATER)
    assert "isi catatan harian tetap seperti ditulis" in world.client("ben").get(f"/requests/{found.id}/correct").text
    _correct(world.database, found, applicant="Lela W.")
    with world.database.reading() as db:
        (line,) = worklog.entries_of(db, ben, TODAY)
    assert "Novi T." in line.text


def test_a_request_that_waits_since_it_was_put_right_says_both_once(world: World) -> None:
    path = f"/requests/{_taken_in(world.database).id}"
    ana, typed = _opened(world, path)
    assert ana.post(f"{path}/correct", data=typed | {"service_type": ["ektp_recording"]}).status_code == 303
    shown = ana.get(path).text
    assert shown.count("Data diperbaiki: layanan") == 1
    assert "Pemohon harus datang sendiri" in shown


def test_moved_to_another_bidang_the_page_says_so_and_a_closed_request_has_nothing_to_correct(world: World) -> None:
    found = _on_desk(world.database)
    path = f"/requests/{found.id}"
    ben, typed = _opened(world, path, "ben")
    moved = ben.post(f"{path}/correct", data=typed | {"service_type": ["birth_certificate"]})
    assert moved.headers["location"] == path
    assert "belum punya petugas" in ben.get(path).text
    assert ben.get(f"{path}/correct").status_code == 403
    dewi = world.client("dewi")
    dewi.post(f"{path}/state", data={"state": "cancelled"})
    assert f'href="{path}/correct"' not in dewi.get(path).text
    assert dewi.get(f"{path}/correct").status_code == 409
