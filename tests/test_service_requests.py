"""Requests of citizens: numbers, states, who may do what, on both databases."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import i18n
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.models import (
    CODE_LETTERS,
    AuditEvent,
    Channel,
    Holiday,
    HolidayKind,
    Officer,
    PlanMode,
    RequestEvent,
    RequestState,
    ServiceRequest,
    ServiceType,
)
from staffhub.security import Viewer
from staffhub.service_requests import (
    citizens,
    codes,
    duty,
    handing,
    listed,
    one,
    open_for,
    owners,
    promises,
    reckoning,
    steps,
    telling,
)
from staffhub.service_requests.listed import Wanted
from tests.conftest import MORNING, TODAY, count_queries, plan_range, viewer_of

S = RequestState


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


def facts(**overrides: Any) -> dict[str, Any]:
    given = {"service_type": "family_card", "applicant": "Novi T.", "channel": Channel.WHATSAPP, "now": MORNING}
    return {**given, "key": str(uuid4()), "phone": "081234564471", **overrides}


def take_in(database: Database, username: str = "ben", **overrides: Any) -> one.Request:
    me = viewer_of(database, username)
    with database.transaction() as db:
        taken = steps.take_in(db, me, **facts(**overrides))
        return one.request_for(db, me, taken.id, now=MORNING)


def assigned(database: Database, username: str = "ben", **overrides: Any) -> one.Request:
    """A request that lies on somebody's desk."""
    me, dewi = viewer_of(database, username), viewer_of(database, "dewi")
    request = take_in(database, username, **overrides)
    with database.transaction() as db:
        steps.assign(db, dewi, request, assignee_id=me.officer_id or 0, now=MORNING)
    return reload(database, request, me)


def reload(database: Database, request: one.Request, me: Viewer | None = None) -> one.Request:
    with database.reading() as db:
        return one.request_for(db, me or viewer_of(database, "ben"), request.id, now=MORNING)


def move(database: Database, username: str, request: one.Request, *states: RequestState, **facts: Any) -> one.Request:
    me = viewer_of(database, username)
    for state in states:
        with database.transaction() as db:
            note = "KK lama" if state is S.WAITING else ""
            steps.change_state(db, me, request, **{"state": state, "now": MORNING, "note": note, **facts})
        request = reload(database, request, me)
    return request


def may_be_given(db: Session, me: Viewer, request: one.Request) -> list[duty.Candidate]:
    facts = {"division_id": request.division_id, "instead_of": request.assignee_id}
    return duty.candidates(db, me, **facts, now=MORNING)


def test_numbers_count_on_within_the_office_and_the_month_of_its_zone(database: Database) -> None:
    assert take_in(database).number == "PM-2611-0001"
    assert take_in(database).number == "PM-2611-0002"
    # 30 November 16.30 UTC is already December in WITA.
    december = datetime(2026, 11, 30, 16, 30, tzinfo=UTC)
    assert take_in(database, now=december).number == "PM-2612-0001"
    assert take_in(database, "oka").number == "PM-2611-0001"


def test_numbers_count_on_past_four_digits(database: Database) -> None:
    first = take_in(database)
    with database.transaction() as db:
        db.execute(sa.update(ServiceRequest).where(ServiceRequest.id == first.id).values(number="PM-2611-9999"))
    assert take_in(database).number == "PM-2611-10000"
    assert take_in(database).number == "PM-2611-10001"


def test_what_is_urgent_says_why_and_who_said_so_and_may_wait_again(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with pytest.raises(Refused, match="why it is urgent"):
        take_in(database, service_type="ektp_recording", urgent=True)
    urgent = take_in(database, service_type="ektp_recording", urgent=True, urgent_why="Lansia, sakit", note="Dari WA")
    waits = assigned(database, service_type="ektp_recording")

    def say(*, urgent: bool, why: str, version: int | None = None) -> None:
        with database.transaction() as db:
            row = one.request_for(db, ben, waits.id, now=MORNING)
            steps.set_urgent(db, ben, row, urgent=urgent, why=why, version=version, now=MORNING)

    say(urgent=True, why="Berangkat besok", version=waits.version)
    for seen in (waits.version, None):  # from another tab, and twice
        with pytest.raises(Conflict):
            say(urgent=True, why="Berangkat besok", version=seen)
    with database.reading() as db:
        row = one.request_for(db, ben, waits.id, now=MORNING)
        assert (row.urgent, row.state) == (True, S.DEFERRED), "it is the first of those that wait"
        told = one.history(db, ben, row)
        assert (told[0].urgent, told[0].officer, one.why_urgent(row, told)) == (True, "Ben Tumiwa", "Berangkat besok")
        assert one.why_urgent(urgent, one.history(db, ben, urgent)) == "Lansia, sakit"
    say(urgent=False, why="Keberangkatan ditunda")
    with database.reading() as db:
        row = one.request_for(db, ben, waits.id, now=MORNING)
        assert (row.urgent, one.why_urgent(row, one.history(db, ben, row))) == (False, "")
        said = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.verb == "request.urgency_changed")).all()
    assert len(said) == 2
    closed = move(database, "ben", reload(database, waits), S.CANCELLED)
    with database.transaction() as db, pytest.raises(Conflict, match="closed"):
        steps.set_urgent(db, ben, closed, urgent=True, why="x", now=MORNING)


def test_two_writers_at_once_get_distinct_numbers(database: Database) -> None:
    me, ready = viewer_of(database, "ben"), Barrier(2)

    def many(_writer: int) -> list[str]:
        ready.wait(timeout=20)
        numbers = []
        for _n in range(10):
            with database.transaction() as db:
                numbers.append(steps.take_in(db, me, **facts()).number)
        return numbers

    with ThreadPoolExecutor(2) as pool:
        found = [number for numbers in pool.map(many, range(2)) for number in numbers]
    assert sorted(found) == [f"PM-2611-{n:04}" for n in range(1, 21)]


def test_the_same_form_sent_twice_at_once_is_one_request(database: Database) -> None:
    me, ready, form = viewer_of(database, "ben"), Barrier(2), facts()

    def send(_tap: int) -> steps.Taken:
        ready.wait(timeout=20)
        with database.transaction() as db:
            return steps.take_in(db, me, **form)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(send, range(2))
    assert first.id == second.id
    assert {first.again, second.again} == {False, True}
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(RequestEvent)) == 1


def test_what_needs_the_applicant_in_person_waits_unless_urgent(database: Database) -> None:
    recording = take_in(database, service_type="ektp_recording", note="Lansia")
    assert recording.state is S.DEFERRED
    with database.reading() as db:
        latest, first = one.history(db, viewer_of(database, "ben"), recording)
    assert (latest.state, first.state, first.first, first.note) == (S.DEFERRED, S.NEW, True, "Lansia")
    assert "in person" in latest.note
    assert take_in(database, service_type="ektp_recording", urgent=True, urgent_why="Lansia").state is S.NEW
    assert take_in(database, service_type="birth_certificate").state is S.NEW


def test_an_unknown_service_is_refused_beside_its_field(database: Database) -> None:
    with pytest.raises(Refused) as refused:
        take_in(database, service_type="passport")
    assert refused.value.field == "service_type"


def test_a_request_goes_from_new_to_done_and_every_step_is_an_event(database: Database) -> None:
    request = assigned(database)
    done = move(database, "ben", request, S.CHECKING, S.WAITING, S.CHECKING, S.SIGNING, S.READY, S.DONE)
    assert done.closed_at is not None
    with database.reading() as db:
        events = one.history(db, viewer_of(database, "ben"), done)
        verbs = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.subject == "service_request")).all()
    assert [event.state for event in events] == [
        S.DONE,
        S.READY,
        S.SIGNING,
        S.CHECKING,
        S.WAITING,
        S.CHECKING,
        S.NEW,
        S.NEW,
    ]
    assert (events[-2].handed_to, events[-2].taken, events[-2].officer) == ("Ben Tumiwa", False, "Dewi Ondang")
    assert verbs.count("request.state_changed") == 6
    assert {"request.taken_in", "request.assigned"} <= set(verbs)


@pytest.mark.parametrize("state", [S.SIGNING, S.READY, S.DONE, S.NEW, S.WAITING])
def test_a_step_that_does_not_follow_is_refused(database: Database, state: RequestState) -> None:
    request = assigned(database)
    with pytest.raises(Refused) as refused:
        move(database, "ben", request, state)
    assert refused.value.field == "state"
    assert reload(database, request).state is S.NEW


@pytest.mark.parametrize("way", [(), (S.CHECKING,), (S.CHECKING, S.DEFERRED), (S.CHECKING, S.SIGNING, S.READY)])
def test_whatever_is_open_can_be_cancelled_and_what_is_closed_stays_closed(
    database: Database, way: tuple[RequestState, ...]
) -> None:
    gone, dewi = move(database, "ben", assigned(database), *way, S.CANCELLED), viewer_of(database, "dewi")
    assert gone.closed_at is not None
    for state in (S.CHECKING, S.CANCELLED):
        with pytest.raises(Conflict):
            move(database, "ben", gone, state)
    with pytest.raises(Conflict), database.transaction() as db:
        steps.assign(db, dewi, gone, assignee_id=gone.assignee_id or 0, now=MORNING)


def test_a_step_on_an_old_page_is_a_conflict_and_changes_nothing(database: Database) -> None:
    seen = assigned(database)
    move(database, "ben", seen, S.CHECKING)
    fresh = reload(database, seen)
    with pytest.raises(Conflict):
        move(database, "ben", fresh, S.SIGNING, version=seen.version)
    with pytest.raises(Conflict):
        move(database, "ben", seen, S.CANCELLED)  # read before the other's commit
    assert reload(database, seen).state is S.CHECKING


def test_who_may_change_the_state(database: Database) -> None:
    request = assigned(database)
    for username, may in [
        ("ben", True),
        ("ana", True),
        ("dewi", True),
        ("adi", True),
        ("tia", False),
        ("cy", False),
        ("hana", False),
    ]:
        with database.reading() as db:
            if may:
                assert (
                    one.request_to_work_on(db, viewer_of(database, username), request.id, now=MORNING).id == request.id
                )
            else:
                with pytest.raises(Forbidden):
                    one.request_to_work_on(db, viewer_of(database, username), request.id, now=MORNING)
    certificate = take_in(database, service_type="birth_certificate")
    with database.reading() as db, pytest.raises(Forbidden):
        one.request_to_work_on(db, viewer_of(database, "ana"), certificate.id, now=MORNING)


def test_another_office_finds_nothing(database: Database) -> None:
    request = take_in(database)
    with database.reading() as db, pytest.raises(NotFound):
        one.request_for(db, viewer_of(database, "oka"), request.id, now=MORNING)


def test_an_officer_takes_a_free_request_of_the_own_division_only(database: Database) -> None:
    request, ben, cy = take_in(database), viewer_of(database, "ben"), viewer_of(database, "cy")
    assert one.may_take(ben, request)
    assert not one.may_take(cy, request)
    with pytest.raises(Forbidden), database.transaction() as db:
        steps.assign(db, cy, request, assignee_id=cy.officer_id or 0, now=MORNING)
    with database.transaction() as db:
        assert steps.assign(db, ben, request, assignee_id=ben.officer_id or 0, now=MORNING) == "Ben Tumiwa"
    tia, held = viewer_of(database, "tia"), reload(database, request)
    with pytest.raises(Conflict, match="Ben Tumiwa"), database.transaction() as db:
        steps.assign(db, tia, held, assignee_id=tia.officer_id or 0, now=MORNING)
    with database.reading() as db:
        assert one.history(db, ben, request)[0].taken


def test_of_two_who_take_it_at_once_one_has_it(database: Database) -> None:
    request, ready = take_in(database), Barrier(2)
    people = [viewer_of(database, "ben"), viewer_of(database, "tia")]

    def take(me: Viewer) -> str | None:
        ready.wait(timeout=20)
        try:
            with database.transaction() as db:
                return steps.assign(db, me, request, assignee_id=me.officer_id or 0, now=MORNING)
        except Conflict:
            return None

    with ThreadPoolExecutor(2) as pool:
        names = list(pool.map(take, people))
    assert names.count(None) == 1
    assert reload(database, request).officer in names


def test_a_head_hands_over_within_the_own_scope(database: Database) -> None:
    request = take_in(database)
    ids = {name: viewer_of(database, name).officer_id or 0 for name in ("ben", "tia", "cy", "oka")}
    ana, dewi = viewer_of(database, "ana"), viewer_of(database, "dewi")
    with database.transaction() as db:
        assert steps.assign(db, ana, request, assignee_id=ids["tia"], now=MORNING) == "Tia Lumintang"
    request = reload(database, request)
    for me, officer, error in [
        (ana, "cy", Forbidden),
        (viewer_of(database, "ben"), "tia", Forbidden),
        (viewer_of(database, "hana"), "ben", Forbidden),
        (dewi, "oka", NotFound),
        (dewi, "tia", Conflict),
    ]:
        with pytest.raises(error), database.transaction() as db:
            steps.assign(db, me, request, assignee_id=ids[officer], now=MORNING)
    with database.transaction() as db:
        steps.assign(db, dewi, request, assignee_id=ids["cy"], now=MORNING)
    with database.reading() as db:
        divisions = {c.division for c in may_be_given(db, ana, request)}
        everyone = may_be_given(db, dewi, reload(database, request))
    assert divisions == {"Pendaftaran Penduduk"}
    assert "Cy Sondakh" not in {c.name for c in everyone}
    assert everyone[0].division == "Pendaftaran Penduduk"


def test_nobody_hands_over_to_an_officer_who_left(database: Database) -> None:
    request, tia, ana = take_in(database), viewer_of(database, "tia"), viewer_of(database, "ana")
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == tia.officer_id).values(active_to=date(2026, 11, 22)))
    with pytest.raises(Refused) as refused, database.transaction() as db:
        steps.assign(db, ana, request, assignee_id=tia.officer_id or 0, now=MORNING)
    assert refused.value.field == "assignee"
    with database.reading() as db:
        names = {c.name for c in may_be_given(db, ana, request)}
    assert "Tia Lumintang" not in names


def test_an_event_can_neither_be_changed_nor_deleted(database: Database) -> None:
    take_in(database)
    for statement in (sa.update(RequestEvent).values(note="x"), sa.delete(RequestEvent)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.transaction() as db:
            db.execute(statement)


def test_the_phone_is_masked_and_looking_at_it_is_written_down_without_it(database: Database) -> None:
    request, ben = assigned(database), viewer_of(database, "ben")
    assert one.masked(request.phone) == "08xx-xxxx-4471"
    assert one.masked("") == ""
    with database.transaction() as db:
        assert steps.show_phone(db, ben, request, now=MORNING) == "081234564471"
    with database.reading() as db:
        events = db.scalars(sa.select(AuditEvent)).all()
    assert [event.verb for event in events].count("request.phone_shown") == 1
    assert all("4471" not in str(event.facts) for event in events)


def is_late(db: Session, me: Viewer, request: one.Request) -> bool:
    seen = one.request_for(db, me, request.id, now=MORNING)
    found = one.promise(db, me, seen, one.history(db, me, seen), now=MORNING)
    return found is not None and found.late


def promise(database: Database, days: int | None, code: str = "family_card") -> None:
    with database.transaction() as db:
        db.execute(sa.update(ServiceType).where(ServiceType.code == code).values(service_days=days))
    reckoning.reckon_due(database, now=MORNING)


def test_late_counts_working_days_and_only_where_the_office_promised_some(database: Database) -> None:
    ben = viewer_of(database, "ben")
    # Tuesday to Monday are four working days, the weekend left out.
    tuesday = assigned(database, now=datetime(2026, 11, 17, 2, 0, tzinfo=UTC))
    for days, late in [(None, False), (3, True), (4, False)]:
        promise(database, days)
        with database.reading() as db:
            assert is_late(db, ben, tuesday) is late
            found = listed.listing(db, ben, Wanted(), page=1, now=MORNING)
        assert (found.counts.late, found.rows[0].late, found.rows[0].age_days) == (int(late), late, 6)
    promise(database, 3)
    waiting = move(database, "ben", tuesday, S.CHECKING, S.WAITING)
    tia = assigned(database, "tia", now=datetime(2026, 11, 17, 2, 0, tzinfo=UTC))
    with database.reading() as db:
        assert [row.id for row in listed.listing(db, ben, Wanted(late=True), page=1, now=MORNING).rows] == [tia.id]
        other = Wanted(late=True, service="birth_certificate")
        assert listed.listing(db, ben, other, page=1, now=MORNING).total == 0
        assert listed.listing(db, ben, Wanted(late=True, assignee="me"), page=1, now=MORNING).total == 0
    move(database, "tia", tia, S.CHECKING, S.WAITING)
    with database.reading() as db:
        assert not is_late(db, ben, waiting)  # it lies with the applicant
        assert listed.listing(db, ben, Wanted(), page=1, now=MORNING).counts.late == 0


WITA = timezone(timedelta(hours=8))


def at(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=WITA)


@pytest.mark.parametrize(
    ("way", "used"),
    [
        ([(9, S.NEW)], 10),  # Monday 9 to Monday 23: the nine working days after it and today's
        ([(20, S.NEW)], 1),  # Friday: Monday counts
        ([(21, S.NEW)], 1),  # Saturday: the next working day counts
        ([(23, S.NEW)], 0),
        ([(9, S.NEW), (10, S.CHECKING), (11, S.WAITING)], 2),
        ([(9, S.NEW), (10, S.CHECKING), (11, S.WAITING), (20, S.CHECKING)], 3),  # and the day of the return does not
        ([(9, S.NEW), (9, S.DEFERRED)], 0),
        ([(9, S.NEW), (9, S.DEFERRED), (19, S.CHECKING), (20, S.DEFERRED), (20, S.CHECKING)], 2),
        ([(9, S.NEW), (10, S.CHECKING), (11, S.SIGNING), (12, S.READY)], 3),
        ([(9, S.NEW), (10, S.CHECKING), (11, S.SIGNING), (12, S.DONE), (20, S.CHECKING)], 4),  # opened again
        ([(16, S.NEW), (17, S.WAITING), (17, S.CHECKING), (17, S.WAITING)], 1),
    ],
)
def test_the_promise_counts_working_days_that_began_with_the_office(
    database: Database, way: list[tuple[int, RequestState]], used: int
) -> None:
    ben = viewer_of(database, "ben")
    steps = [(at(day, 10 + n), state) for n, (day, state) in enumerate(way)]
    with database.reading() as db:
        found = promises.promise_of(db, ben, used - 1, steps, now=at(23, 15))
        assert found is not None
        assert (found.used, found.late) == (used, steps[-1][1] in promises.IN_OUR_HANDS)
        kept = promises.promise_of(db, ben, used, steps, now=at(23, 15))
        assert (kept and kept.late, promises.promise_of(db, ben, None, steps, now=at(23))) == (False, None)


def test_a_holiday_does_not_use_up_the_promise(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        db.add(Holiday(office_id=ben.office_id, date=date(2026, 11, 19), name="L", kind=HolidayKind.LOCAL, source="x"))
    with database.reading() as db:
        found = promises.promise_of(db, ben, 3, [(at(17), S.NEW)], now=MORNING)
    assert found is not None
    assert (found.used, found.late) == (3, False)


def test_the_promise_goes_on_over_the_new_year_and_a_new_holiday_counts_at_once(database: Database) -> None:
    ben = viewer_of(database, "ben")
    steps = [(datetime(2026, 12, 29, 10, tzinfo=WITA), S.NEW)]
    now = datetime(2027, 1, 6, 9, tzinfo=WITA)

    def used() -> int | None:
        with database.reading() as db:
            found = promises.promise_of(db, ben, 3, steps, now=now)
        return found and found.used

    assert used() == 4  # 30 and 31 December, 4 and 6 January: the 1st and the 5th are holidays
    with database.transaction() as db:
        db.add(Holiday(office_id=ben.office_id, date=date(2027, 1, 4), name="L", kind=HolidayKind.LOCAL, source="x"))
    assert used() == 3


def test_the_list_weighs_every_request_by_its_own_steps(database: Database) -> None:
    """Of two that came in together the one that waited for its applicant is in time; the list and the page agree."""
    ben = viewer_of(database, "ben")
    promise(database, 3)
    slow, waited = (assigned(database, now=at(10)) for _n in range(2))
    move(database, "ben", slow, S.CHECKING, now=at(11))
    move(database, "ben", waited, S.CHECKING, S.WAITING, now=at(11))
    move(database, "ben", reload(database, waited), S.CHECKING, now=at(20))
    with database.reading() as db:
        found = listed.listing(db, ben, Wanted(), page=1, now=MORNING)
        assert {row.id: row.late for row in found.rows} == {slow.id: True, waited.id: False}
        assert [is_late(db, ben, one) for one in (slow, waited)] == [True, False]
    assert found.counts.late == 1


def test_a_promise_longer_than_the_office_has_rules_for_is_never_late(database: Database) -> None:
    promise(database, 5)
    request = assigned(database, now=MORNING - timedelta(days=400))
    with database.transaction() as db:
        db.execute(sa.text("DELETE FROM rule_set"))
    with database.reading() as db:
        assert not is_late(db, viewer_of(database, "ben"), request)


def test_the_list_shows_the_office_its_tabs_and_its_counts(database: Database) -> None:
    ben = viewer_of(database, "ben")
    mine = assigned(database, applicant="Hendrik W.")
    deferred = take_in(database, service_type="ektp_recording")
    ready = move(database, "ben", assigned(database), S.CHECKING, S.SIGNING, S.READY)
    done = move(database, "ben", assigned(database), S.CHECKING, S.SIGNING, S.READY, S.DONE)
    gone = move(database, "ben", assigned(database), S.CANCELLED)
    urgent = take_in(database, "cy", service_type="birth_certificate", urgent=True, note="Sakit")
    take_in(database, "oka")

    def numbers(*args: Any, me: Viewer = ben, **wanted: Any) -> list[str]:
        with database.reading() as db:
            return [row.number for row in listed.listing(db, me, Wanted(**wanted), page=1, now=MORNING).rows]

    assert numbers() == [urgent.number, mine.number, deferred.number, ready.number]
    assert numbers(assignee="me") == [mine.number, ready.number]
    assert numbers(assignee="none") == [urgent.number, deferred.number]
    assert numbers(state=S.DEFERRED) == [deferred.number]
    assert numbers(state=S.READY) == [ready.number]
    assert numbers(state=S.DONE) == [gone.number, done.number]
    assert numbers(service="birth_certificate") == [urgent.number]
    assert numbers(q="hendrik") == [mine.number]
    assert numbers(q=done.number) == [done.number]  # who looks a number up means it, open or closed
    assert numbers(q=done.number, assignee="me") == []
    assert numbers(q="endri") == [mine.number], "any part of a name"
    assert numbers(q="%") == []
    with database.reading() as db:
        counts = listed.listing(db, ben, Wanted(), page=1, now=MORNING).counts
        alone = owners.waiting(db, viewer_of(database, "dewi"), now=MORNING)
    assert (counts.open, counts.mine, counts.deferred, counts.ready, counts.unassigned) == (4, 2, 1, 1, 2)
    assert alone == [owners.Waiting(None, None, "none", 2, deferred.id, deferred.number)]


def test_an_account_without_an_officer_has_nothing_of_its_own(database: Database) -> None:
    take_in(database)
    adi = viewer_of(database, "adi")
    nobody = Viewer(**{**adi.__dict__, "officer_id": None, "division_id": None})
    with database.reading() as db:
        found = listed.listing(db, nobody, Wanted(assignee="me"), page=1, now=MORNING)
    assert (found.total, found.counts.mine) == (0, 0)


def test_pages_hold_25_and_a_page_past_the_end_is_the_last(database: Database) -> None:
    for _n in range(26):
        take_in(database)
    with database.reading() as db:
        first = listed.listing(db, viewer_of(database, "ben"), Wanted(), page=1, now=MORNING)
        last = listed.listing(db, viewer_of(database, "ben"), Wanted(), page=99, now=MORNING)
    assert (first.first, first.last, first.total, first.more) == (1, 25, 26, True)
    with database.reading() as db:
        sought = listed.listing(db, viewer_of(database, "ben"), Wanted(q="novi"), page=99, now=MORNING)
        nothing = listed.listing(db, viewer_of(database, "ben"), Wanted(q="nobody"), page=99, now=MORNING)
    assert (last.first, last.last, last.page, last.more) == (26, 26, 2, False)
    assert (sought.first, sought.last, sought.page, sought.total) == (26, 26, 2, 26)
    assert (nothing.first, nothing.page, nothing.total) == (0, 1, 0)


def test_the_number_on_a_tab_is_that_of_its_list(database: Database) -> None:
    ben = viewer_of(database, "ben")
    for _n in range(2):
        take_in(database, service_type="ektp_recording")
        move(database, "ben", assigned(database), S.CHECKING, S.SIGNING, S.READY)
    assigned(database, "tia")
    move(database, "ben", assigned(database), S.CANCELLED)
    for wanted, total in {
        Wanted(): 5,
        Wanted(assignee="me"): 2,
        Wanted(assignee="none"): 2,
        Wanted(state=S.DEFERRED): 2,
        Wanted(state=S.READY): 2,
        Wanted(state=S.DONE): 1,
        Wanted(state=S.DEFERRED, service="family_card"): 0,
        Wanted(assignee="me", q="novi"): 2,
        Wanted(q="novi"): 6,
        Wanted(service="unheard of"): 0,
    }.items():
        with database.reading() as db:
            found = listed.listing(db, ben, wanted, page=1, now=MORNING)
        assert (found.total, len(found.rows)) == (total, total), wanted


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL reads ten rows whole, as it should
def test_what_is_open_is_found_without_reading_what_was_closed(database: Database) -> None:
    """However many years there are: by an index that holds only that, then by its key."""
    ben = viewer_of(database, "ben")
    with database.reading() as db, count_queries(database) as queries:
        open_for(db, ben.office_id, ben.officer_id or 0, now=MORNING)
        for wanted in (Wanted(), Wanted(assignee="me"), Wanted(assignee="none"), Wanted(state=S.READY)):
            listed.listing(db, ben, wanted, page=1, now=MORNING)
    plans = []
    with database.engine.connect() as connection:
        for query in {query for query in queries if "FROM service_request" in query}:
            given = (0,) * query.count("?")
            plans += [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given)]
    found = [line for line in plans if re.match(r"(SCAN|SEARCH) service_request\b", line)]
    small = "ix_service_request_open", "INTEGER PRIMARY KEY"
    assert len(found) > 5
    assert [line for line in found if not any(name in line for name in small)] == []


def test_the_tab_of_a_filter_is_the_one_that_would_show_it() -> None:
    assert Wanted().tab == "open"
    assert Wanted(assignee="me").tab == "me"
    assert Wanted(state=S.READY).tab == "ready"
    assert Wanted(late=True).tab == "late"
    assert Wanted(q="novi").tab == ""
    assert Wanted(state=S.CHECKING).tab == ""


def test_what_is_on_my_desk_is_urgent_first_then_the_oldest(database: Database) -> None:
    ben = viewer_of(database, "ben")
    old = assigned(database, now=MORNING - timedelta(days=3))
    new, urgent = assigned(database), assigned(database, urgent=True, note="Sakit")
    move(database, "ben", assigned(database), S.CANCELLED)
    take_in(database)
    with database.reading() as db, count_queries(database) as queries:
        rows = open_for(db, ben.office_id, ben.officer_id or 0, now=MORNING)
    assert [query for query in queries if "office.version" not in query] == queries[-1:]
    assert [row.id for row in rows] == [urgent.id, old.id, new.id]
    assert [(row.age_days, row.age) for row in rows] == [(0, "Today"), (3, "3 days"), (0, "Today")]
    assert (rows[0].title, rows[0].state_label, rows[0].created_at.hour) == ("Family card (KK)", "Received", 7)
    with i18n.in_locale("id"), database.reading() as db:
        assert open_for(db, ben.office_id, ben.officer_id or 0)[0].title == "Kartu keluarga (KK)"


PAGE = "https://staffhub.example/status"


def message(request: one.Request, me: Viewer, *, missing: str = "") -> str:
    return telling.message(request, me, missing=missing, page=PAGE)


def test_the_message_to_the_applicant_is_indonesian_whoever_writes_it(database: Database) -> None:
    request, ben = take_in(database), viewer_of(database, "ben")
    look = f"Lihat sampai di mana: {PAGE} (kode ini dan 4 angka terakhir nomor telepon Anda)."
    told = f"Permohonan {request.public_code} sudah kami terima. Anda belum perlu melakukan apa-apa."
    assert message(request, ben) == f"{told} {look} Disdukcapil Kabupaten Contoh"
    assert message(replace(request, phone=""), ben) == f"{told} Disdukcapil Kabupaten Contoh"


def test_the_message_says_what_to_do_next_and_never_name_document_and_number_together(database: Database) -> None:
    request, ben = take_in(database), viewer_of(database, "ben")
    told = {state: message(replace(request, state=state), ben) for state in S}
    assert len(set(told.values())) == len(S)
    for text in told.values():
        assert request.public_code in text
        said = text.replace(request.public_code, "")  # its letters are drawn by chance
        assert not any(word in said for word in (request.number, request.phone, "Novi", "Kartu", "KK", "keluarga"))
    assert "Datang ke kantor" in told[S.READY]
    in_person = replace(request, state=S.DEFERRED, needs_presence=True)
    assert "datang sendiri" in message(in_person, ben)
    assert "datang" not in told[S.DEFERRED]


def test_who_is_asked_for_more_papers_is_told_which(database: Database) -> None:
    request, ben = move(database, "ben", assigned(database), S.CHECKING), viewer_of(database, "ben")
    with pytest.raises(Refused, match="what is missing"):
        move(database, "ben", request, S.WAITING, note="")
    asked = move(database, "ben", request, S.WAITING, note="Surat keterangan lahir.")
    with database.reading() as db:
        missing = telling.missing(one.history(db, ben, asked))
    assert "Yang masih kurang: Surat keterangan lahir. Kirim lewat WhatsApp" in message(asked, ben, missing=missing)


def test_every_request_has_a_code_that_no_other_office_has_and_nobody_reads_wrongly(database: Database) -> None:
    given = {take_in(database, username).public_code for username in ("ben", "ben", "ben", "oka")}
    assert len(given) == 4
    for code in given:
        assert re.fullmatch(f"[{CODE_LETTERS}]{{4}}-[{CODE_LETTERS}]{{4}}", code)
    assert not set("AEIOU01258BSZL").intersection(CODE_LETTERS)


def test_a_code_that_is_given_already_is_not_given_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first = take_in(database)
    made = iter([first.public_code, "CCCC-CCCC"])
    monkeypatch.setattr(codes, "new_code", lambda: next(made))
    assert take_in(database).public_code == "CCCC-CCCC"


def test_who_says_a_code_at_the_counter_is_found_by_it(database: Database) -> None:
    request, ben = take_in(database), viewer_of(database, "ben")
    take_in(database)
    with database.reading() as db:
        found = listed.listing(db, ben, Wanted(q=request.public_code.lower()), page=1, now=MORNING)
    assert [row.id for row in found.rows] == [request.id]


_STORED = [column for column in ServiceRequest.__table__.c if not column.primary_key and column.computed is None]


def test_a_whole_number_is_looked_up_and_a_part_of_it_is_sought(database: Database) -> None:
    first, second = take_in(database), take_in(database)
    ben = viewer_of(database, "ben")
    for typed, expected in (
        (second.number.lower(), [second.id]),
        (second.number[:-1], [second.id, first.id]),
        ("PM-2611-9999", []),
    ):
        with database.reading() as db, count_queries(database) as queries:
            found = listed.listing(db, ben, Wanted(q=typed), page=1, now=MORNING)
        assert [row.id for row in found.rows] == expected, "the newest first"
        assert any("sought" in query for query in queries) == (len(typed) < 12)


def test_a_search_counts_no_further_than_a_thousand_and_shows_the_newest(database: Database) -> None:
    known = take_in(database)
    with database.transaction() as db:
        row = dict(db.execute(sa.select(*_STORED).where(ServiceRequest.id == known.id)).one()._mapping)
        many = [
            row | {"number": f"PM-2610-{n:04}", "public_code": f"X{n}", "idempotency_key": f"many-{n}"}
            for n in range(listed.MOST + 1)
        ]
        db.execute(sa.insert(ServiceRequest), many)
    ben = viewer_of(database, "ben")
    for page, shown, numbers in ((1, 25, "PM-2610-1000"), (40, 25, "PM-2610-0025"), (41, 25, "PM-2610-0025")):
        with database.reading() as db:
            found = listed.listing(db, ben, Wanted(q="novi"), page=page, now=MORNING)
        assert (found.total, found.too_many, len(found.rows)) == (listed.MOST, True, shown)
        assert found.rows[0].number == numbers, page
    with database.reading() as db:
        assert not listed.listing(db, ben, Wanted(), page=1, now=MORNING).too_many, "a list counts to its end"


@pytest.mark.parametrize(
    ("phone", "chat"),
    [("081234564471", "https://wa.me/6281234564471?text="), ("+6591234567", "https://wa.me/6591234567?text="),
     ("0431851234", None), ("", None)],
)  # fmt: skip
def test_only_a_number_that_whatsapp_can_reach_gets_a_link(database: Database, phone: str, chat: str | None) -> None:
    link = telling.whatsapp_link(take_in(database, phone=phone), "Permohonan PM-2611-0001 & siap")
    assert link == (chat and f"{chat}Permohonan%20PM-2611-0001%20%26%20siap")


def test_the_age_of_what_is_closed_stands_still(database: Database) -> None:
    request = move(database, "ben", assigned(database, now=MORNING - timedelta(days=2)), S.CANCELLED)
    assert request.age(MORNING + timedelta(days=30)) == "2 days old"
    assert not request.is_open


def leaves(database: Database, username: str) -> None:
    """The officer's last day was yesterday."""
    gone = viewer_of(database, username).officer_id
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == gone).values(active_to=TODAY - timedelta(days=1)))


def goes_on_leave(database: Database, username: str) -> None:
    me = viewer_of(database, username)
    with database.transaction() as db:
        plan_range(db, me, me.officer_id, TODAY)


ABSENCES = pytest.mark.parametrize(("absence", "why"), [(leaves, "left"), (goes_on_leave, "away")])


@ABSENCES
def test_what_lies_with_somebody_who_is_not_there_needs_an_officer(database: Database, absence: Any, why: str) -> None:
    ana = viewer_of(database, "ana")
    hers, free = assigned(database, "tia"), take_in(database, "tia")
    his = assigned(database, "ben")
    with database.reading() as db:
        assert {row.why for row in owners.waiting(db, ana, now=MORNING)} == {"none"}
    absence(database, "tia")
    with database.reading() as db:
        found = listed.listing(db, ana, Wanted(assignee="none"), page=1, now=MORNING)
    assert [(row.name, row.why, row.count) for row in found.waiting] == [(None, "none", 1), ("Tia Lumintang", why, 1)]
    assert {row.id: row.lacking for row in found.rows} == {hers.id: why, free.id: "none"}
    assert (found.counts.unassigned, found.counts.open) == (2, 3)
    assert [reload(database, one_of, ana).lacking for one_of in (hers, free, his)] == [why, "none", ""]


@ABSENCES
def test_a_colleague_of_the_division_takes_it_and_nobody_else(database: Database, absence: Any, why: str) -> None:
    request = assigned(database, "tia")
    ben, cy = viewer_of(database, "ben"), viewer_of(database, "cy")
    assert not one.may_take(ben, request)
    absence(database, "tia")
    request = reload(database, request)
    assert (one.may_take(ben, request), one.may_take(cy, request)) == (True, False)
    with pytest.raises(Forbidden), database.transaction() as db:
        steps.assign(db, cy, request, assignee_id=cy.officer_id or 0, now=MORNING)
    with database.transaction() as db:
        assert steps.assign(db, ben, request, assignee_id=ben.officer_id or 0, now=MORNING) == "Ben Tumiwa"
    taken = reload(database, request)
    assert (taken.officer, taken.lacking, one.may_take(ben, taken)) == ("Ben Tumiwa", "", False)


def test_leave_of_another_day_or_of_an_officer_without_requests_changes_nothing(database: Database) -> None:
    request, tia = assigned(database, "tia"), viewer_of(database, "tia")
    with database.transaction() as db:
        tomorrow = TODAY + timedelta(days=1)
        plan_range(db, tia, tia.officer_id, tomorrow)
        plan_range(db, tia, tia.officer_id, TODAY, mode=PlanMode.HOME)
    goes_on_leave(database, "ben")
    assert reload(database, request).lacking == ""


def test_a_head_hands_on_all_of_a_leavers_requests_with_a_note(database: Database) -> None:
    ana, ben, tia = (viewer_of(database, name) for name in ("ana", "ben", "tia"))
    hers = [assigned(database, "tia"), move(database, "tia", assigned(database, "tia"), S.CHECKING)]
    closed = move(database, "tia", assigned(database, "tia"), S.CANCELLED)
    his = assigned(database, "ben")
    leaves(database, "tia")
    ids = {"giver_id": tia.officer_id or 0, "taker_id": ben.officer_id or 0}
    with database.reading() as db:
        assert owners.holder_for(db, ana, ids["giver_id"], now=MORNING).count == 2
    with database.transaction() as db:
        assert handing.hand_on(db, ana, **ids, note="Tia pindah", now=MORNING) == 2
    with database.transaction() as db:
        assert handing.hand_on(db, ana, **ids, note="Tia pindah", now=MORNING) == 0, "a second tap moves nothing"
    assert [reload(database, one_of).officer for one_of in (*hers, his)] == ["Ben Tumiwa"] * 3
    assert reload(database, closed).officer == "Tia Lumintang"
    for before in hers:
        now = reload(database, before)
        assert (now.state, now.version) == (before.state, before.version + 1)
        with database.reading() as db:
            latest = one.history(db, ana, now)[0]
        assert (latest.handed_to, latest.officer, latest.note) == ("Ben Tumiwa", "Ana Kaunang", "Tia pindah")
    with database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "requests.handed_on")).one()
    assert event.facts["requests"] == [one_of.id for one_of in hers]


def test_only_what_is_mine_to_give_is_handed_on_and_only_to_somebody_who_serves(database: Database) -> None:
    """Ana heads one division: the certificate that Tia holds belongs to another."""
    ana, dewi = viewer_of(database, "ana"), viewer_of(database, "dewi")
    ids = {name: viewer_of(database, name).officer_id or 0 for name in ("ben", "tia", "cy", "oka", "hana")}
    card, certificate = assigned(database, "tia"), assigned(database, "tia", service_type="birth_certificate")
    for username, giver, taker, error in [
        ("ben", "tia", "ben", Forbidden),
        ("hana", "tia", "ben", Forbidden),
        ("ana", "tia", "cy", Forbidden),
        ("ana", "tia", "oka", NotFound),
        ("ana", "tia", "tia", Refused),
    ]:
        me = viewer_of(database, username)
        with pytest.raises(error), database.transaction() as db:
            handing.hand_on(db, me, giver_id=ids[giver], taker_id=ids[taker], now=MORNING)
    with database.transaction() as db:
        assert handing.hand_on(db, ana, giver_id=ids["tia"], taker_id=ids["ben"], now=MORNING) == 1
    assert [reload(database, one_of).officer for one_of in (card, certificate)] == ["Ben Tumiwa", "Tia Lumintang"]
    leaves(database, "ben")
    with pytest.raises(Refused) as refused, database.transaction() as db:
        handing.hand_on(db, dewi, giver_id=ids["tia"], taker_id=ids["ben"], now=MORNING)
    assert refused.value.field == "assignee"
    with database.reading() as db, pytest.raises(NotFound):
        owners.holder_for(db, dewi, ids["oka"], now=MORNING)


def test_who_is_on_leave_today_is_offered_last_and_said_so(database: Database) -> None:
    request, ana = take_in(database), viewer_of(database, "ana")
    goes_on_leave(database, "ben")
    with database.reading() as db:
        found = may_be_given(db, ana, request)
    assert [one_of.name for one_of in found if one_of.place is duty.Place.AWAY] == ["Ben Tumiwa"] == [found[-1].name]
    assert (found[-1].until, found[-1].where) == (TODAY, "on leave until 23 November 2026")


@pytest.mark.parametrize(
    ("way", "back"),
    [
        ((S.CHECKING, S.SIGNING, S.READY, S.DONE), S.READY),
        ((S.CANCELLED,), S.NEW),
        ((S.CHECKING, S.CANCELLED), S.CHECKING),
    ],
)
def test_what_was_closed_by_mistake_goes_back_to_where_it_was(
    database: Database, way: tuple[RequestState, ...], back: RequestState
) -> None:
    ben, closed = viewer_of(database, "ben"), move(database, "ben", assigned(database), *way)
    with database.transaction() as db:
        assert steps.reopen(db, ben, closed, note="Salah tekan", version=closed.version, now=MORNING) is back
    request = reload(database, closed)
    assert (request.state, request.closed_at, request.is_open, request.officer) == (back, None, True, "Ben Tumiwa")
    with database.reading() as db:
        latest, before = one.history(db, ben, request)[:2]
        counts = listed.listing(db, ben, Wanted(), page=1, now=MORNING).counts
        done = listed.listing(db, ben, Wanted(state=S.DONE), page=1, now=MORNING)
        verbs = db.scalars(sa.select(AuditEvent.verb)).all()
    assert (latest.reopened, latest.note, before.reopened, before.state) == (True, "Salah tekan", False, way[-1])
    assert (counts.open, counts.mine, done.total) == (1, 1, 0)
    assert "request.reopened" in verbs
    with database.reading() as db:
        assert [row.id for row in open_for(db, ben.office_id, ben.officer_id or 0, now=MORNING)] == [request.id]
    with pytest.raises(Conflict), database.transaction() as db:  # the second of two taps
        steps.reopen(db, ben, request, note="Salah tekan", version=closed.version, now=MORNING)
    with pytest.raises(Conflict), database.transaction() as db:  # on an old page
        steps.reopen(db, ben, closed, note="Salah tekan", version=1, now=MORNING)


def test_what_was_called_ready_by_mistake_goes_back_to_the_signer_with_a_reason(database: Database) -> None:
    ben = viewer_of(database, "ben")
    ready = move(database, "ben", assigned(database), S.CHECKING, S.SIGNING, S.READY, S.DONE)
    for now_is in (S.READY, S.SIGNING):  # first that it was handed over is taken back, then that it was ready
        with database.transaction() as db:
            assert steps.reopen(db, ben, ready, note="Salah tekan", version=ready.version, now=MORNING) is now_is
        ready = reload(database, ready)
    with pytest.raises(Conflict), database.transaction() as db:  # the second of two taps, and of what is not ready
        steps.reopen(db, ben, ready, note="Salah tekan", now=MORNING)
    with database.reading() as db:
        back, opened, closed = one.history(db, ben, ready)[:3]
        verbs = db.scalars(
            sa.select(AuditEvent.verb).where(AuditEvent.subject_id == ready.id).order_by(AuditEvent.id)
        ).all()
    assert (back.taken_back, back.note, back.state) == (True, "Salah tekan", S.SIGNING)
    assert (opened.reopened, opened.taken_back, closed.state) == (True, False, S.DONE)
    assert verbs[-2:] == ["request.reopened", "request.state_changed"]
    assert move(database, "ben", ready, S.READY).state is S.READY


def test_only_what_was_asked_of_the_applicant_is_told_as_missing(database: Database) -> None:
    ben, dewi = viewer_of(database, "ben"), viewer_of(database, "dewi")
    asked = move(database, "ben", assigned(database), S.CHECKING, S.WAITING)
    tia = viewer_of(database, "tia").officer_id or 0
    with database.transaction() as db:
        steps.assign(db, dewi, asked, assignee_id=tia, note="Tolong dilanjutkan", now=MORNING)
    given = reload(database, asked)
    with database.transaction() as db:
        steps.set_urgent(db, dewi, given, urgent=True, why="Sakit keras", now=MORNING)
    closed = move(database, "dewi", reload(database, asked), S.CANCELLED, note="Ganda")
    with database.transaction() as db:
        steps.reopen(db, dewi, closed, note="Salah tekan", now=MORNING)
        history = one.history(db, ben, asked)
        told = citizens.ask(db, code=asked.public_code, digits="4471", address="10.0.0.1", key=b"k" * 32, now=MORNING)
    assert telling.missing(history) == "KK lama"
    assert told
    assert "KK lama" in told.told
    assert told.since == MORNING.astimezone(WITA)
