"""Appointments: the slots of a day, one slot for one request, and what becomes of it, on both databases."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import (
    Appointment,
    AppointmentHold,
    AppointmentState,
    AppointmentStep,
    AuditEvent,
    Channel,
    CorrectionKind,
    DayPart,
    Holiday,
    HolidayKind,
    Officer,
    PlanLayer,
    PlanMode,
    RequestEvent,
    RequestState,
    RuleKind,
    RuleSet,
    ServiceRequest,
    ServiceType,
)
from staffhub.roster import coverage
from staffhub.service_requests import one, steps
from staffhub.service_requests.appointments import giving, shown, slots, texts
from staffhub.service_requests.appointments.giving import Wanted
from staffhub.workdays import plans
from tests.conftest import MORNING, TODAY, count_queries, plan_range, race, viewer_of
from tests.test_away import says

A, S = AppointmentState, RequestState
TUE, WED = TODAY + timedelta(days=1), TODAY + timedelta(days=2)
EIGHT = time(8, 0)
TUE_EIGHT = MORNING + timedelta(days=1, minutes=48)


@pytest.fixture
def base(database: Database) -> Database:
    """e-KTP recording takes half an hour; Ben and Tia are in the office."""
    _set(database, slot_minutes=30)
    return database


def _set(database: Database, **values: int | None) -> None:
    with database.transaction() as db:
        db.execute(sa.update(ServiceType).where(ServiceType.code == "ektp_recording").values(**values))


def _ask(database: Database, count: int = 1, *, urgent: bool = False, minutes: int = 0) -> list[int]:
    """Take in requests that wait, so many minutes after the morning began."""
    ben, facts = viewer_of(database, "ben"), {"service_type": "ektp_recording", "channel": Channel.COUNTER}
    with database.transaction() as db:
        at = MORNING + timedelta(minutes=minutes)
        ids = [
            steps.take_in(db, ben, applicant="Novi T.", phone="081234564471", key=str(uuid4()), now=at, **facts).id
            for _n in range(count)
        ]
        db.execute(sa.update(ServiceRequest).where(ServiceRequest.id.in_(ids)).values(urgent=urgent))
    return ids


def _give(
    database: Database, request_id: int, day: date = TUE, at: time = EIGHT, *, who: str = "ben", now: datetime = MORNING
) -> int:
    me = viewer_of(database, who)
    with database.transaction() as db:
        return giving.give(db, me, [Wanted(request_id, day, at)], now=now)


def _free(database: Database, day: date, *, now: datetime = MORNING) -> dict[time, int]:
    """How many may still come, by the hour."""
    ben = viewer_of(database, "ben")
    with database.reading() as db:
        seats = slots.book(db, ben, ben.division_id or 0, now=now)
        (service,) = slots.services_of(db, ben, ben.division_id or 0).values()
        return {slot.starts: seats.left(slot) for slot in seats.free(service, day)}


def _listed(database: Database, first: date, last: date | None = None, *, now: datetime = MORNING) -> list[shown.Given]:
    ben = viewer_of(database, "ben")
    with database.reading() as db:
        seats = slots.book(db, ben, ben.division_id or 0, now=now)
        return shown.given(db, ben, ben.division_id or 0, seats, first, last or first)


def _states(database: Database, request_id: int) -> Sequence[str]:
    """The appointments of a request in their order, and its own state last."""
    with database.reading() as db:
        own = sa.select(Appointment.state).where(Appointment.request_id == request_id).order_by(Appointment.id)
        state = db.scalar(sa.select(ServiceRequest.state).where(ServiceRequest.id == request_id))
        return [*db.scalars(own), str(state)]


def _away(database: Database, who: str, day: date, **facts: object) -> None:
    me = viewer_of(database, who)
    with database.transaction() as db:
        plan_range(db, me, me.officer_id, day, **facts)


def _do(database: Database, verb: str, request_id: int, *, now: datetime, who: str = "tia", **more: str | bool) -> None:
    me = viewer_of(database, who)
    with database.transaction() as db:
        newest = sa.select(sa.func.max(Appointment.id)).where(Appointment.request_id == request_id)
        found = giving.appointment_to_change(db, me, db.scalars(newest).one(), now=now)
        getattr(giving, verb)(db, me, found, now=now, **more)


def test_the_slots_of_a_day_follow_from_its_hours_and_who_is_in_the_office(base: Database) -> None:
    whole = _free(base, TUE)
    assert list(whole)[:2] == [time(7, 30), time(8, 0)]
    assert set(whole.values()) == {2}, "Ben and Tia; Ana leads"
    assert time(11, 15) not in whole, "the break in the middle of the day"
    assert max(whole) == time(15, 15), "the afternoon begins when the break ends, and nobody is kept beyond its end"
    assert _free(base, TODAY + timedelta(days=5)) == {}, "on a Saturday nobody works"
    assert _free(base, TODAY - timedelta(days=3)) == {}
    assert min(_free(base, TODAY, now=MORNING + timedelta(hours=2))) == time(9, 30), "of today what has not begun"
    _away(base, "tia", TUE, part=DayPart.MORNING)
    _away(base, "ben", WED, mode=PlanMode.HOME)
    half = _free(base, TUE)
    assert (half[time(8, 0)], half[time(14, 15)]) == (1, 2)
    assert set(_free(base, WED).values()) == {1}
    _away(base, "tia", WED)
    assert _free(base, WED) == {}
    with base.transaction() as db:
        db.add(Holiday(office_id=1, date=TUE, name="Pilkada", kind=HolidayKind.LOCAL, source="SK"))
    assert _free(base, TUE) == {}


def test_whoever_is_sick_by_what_hr_wrote_has_no_seat_today_and_one_tomorrow(base: Database) -> None:
    noon = max(_free(base, TUE))
    before = {day: _free(base, day)[noon] for day in (TODAY, TUE)}
    says(base, "ben", CorrectionKind.LEAVE)
    assert _free(base, TODAY)[noon] == before[TODAY] - 1
    assert _free(base, TUE)[noon] == before[TUE]
    says(base, "ben", CorrectionKind.ABSENT)
    assert _free(base, TODAY)[noon] == before[TODAY]


def test_the_daily_quota_bounds_what_is_given_and_what_is_cancelled_counts_no_more(base: Database) -> None:
    _set(base, daily_quota=2)
    first, second, third = _ask(base, 3)
    _give(base, first)
    _give(base, second, at=time(9, 0))
    assert _free(base, TUE) == {}
    with pytest.raises(Conflict):
        _give(base, third, at=time(10, 0))
    _do(base, "cancel", first, why="Sakit", now=MORNING)
    assert _give(base, third, at=time(10, 0)) == 1
    assert _states(base, first) == ["cancelled", "deferred"]


def test_fifty_clients_want_one_slot_and_it_is_given_once(base: Database) -> None:
    _away(base, "tia", TUE)
    ids, ben = _ask(base, 50), viewer_of(base, "ben")

    def want(request_id: int) -> bool:
        try:
            with base.transaction() as db:
                return giving.give(db, ben, [Wanted(request_id, TUE, EIGHT)], now=MORNING) == 1
        except Conflict:
            return False

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(want, ids)) == 1
    with base.reading() as db:
        held = db.execute(sa.select(AppointmentHold.starts, AppointmentHold.seat)).all()
        assert db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1
    assert len(held) == len(set(held)) == 6, "half an hour, five minutes each"


def test_two_lengths_never_overlap_on_one_seat_and_the_key_says_so(base: Database) -> None:
    _away(base, "tia", TUE)
    (long,) = _ask(base)
    _give(base, long, at=time(8, 0))
    _set(base, slot_minutes=20)
    free = _free(base, TUE)
    assert [at for at in free if time(7, 30) <= at < time(9)] == [time(7, 30), time(8, 30), time(8, 50)]
    with base.transaction() as db, pytest.raises(sa.exc.IntegrityError):
        kept = db.scalars(sa.select(Appointment)).one()
        giving.hold(db, kept.division_id, kept.id, slots.Slot(TUE, time(8, 25), 5, kept.seat))


def test_of_two_at_once_the_second_is_told_and_of_two_tabs_too(base: Database) -> None:
    _away(base, "tia", TUE)
    (first, second), ben = _ask(base, 2), viewer_of(base, "ben")

    def give(db: Session) -> None:
        giving.give(db, ben, [Wanted(first, TUE, EIGHT)], now=MORNING)

    with pytest.raises(Conflict, match=r"08\.00"):
        race(base, give, lambda: _give(base, second))
    assert _give(base, first) == 0, "the same once more changes nothing"
    assert _states(base, second) == ["deferred"]
    with pytest.raises(Conflict):  # of today, and past
        _give(base, second, TODAY, EIGHT, now=MORNING + timedelta(hours=1))
    with pytest.raises(Conflict):  # a moment that no slot begins at
        _give(base, second, TUE, time(8, 10))
    with pytest.raises(Forbidden):
        _give(base, second, who="cy")
    _set(base, slot_minutes=None)
    with pytest.raises(Refused, match="katalog"):
        _give(base, second)


def test_another_slot_frees_the_old_one_in_the_same_transaction_or_nothing_changes(base: Database) -> None:
    _away(base, "tia", TUE)
    first, second = _ask(base, 2)
    _give(base, first)
    _give(base, second, at=time(9, 0))
    with pytest.raises(Conflict):
        _give(base, first, at=time(9, 0))
    assert _states(base, first) == ["invited", "deferred"], "what failed took nothing away"
    _give(base, first, at=time(9, 30))
    assert _states(base, first) == ["moved", "invited", "deferred"]
    assert _give(base, second) == 1, "08.00 is free again"
    with base.reading() as db:
        ben = viewer_of(base, "ben")
        invitation, told = shown.appointment_of(db, ben, first), shown.of_request(db, ben, first)
    assert invitation
    assert (invitation.date, invitation.starts) == (TUE, time(9, 30))
    assert [[step.state for step in each.steps] for each in told] == [["invited"], ["invited", "moved"]]
    with base.transaction() as db, pytest.raises(sa.exc.DBAPIError, match="append-only"):
        db.execute(sa.delete(AppointmentStep))


def test_who_came_is_checked_and_who_did_not_waits_again_with_the_history(base: Database) -> None:
    came, missed, late = _ask(base, 3)
    _give(base, came)
    _give(base, missed)
    _give(base, late, at=time(8, 30))
    for verb in ("came", "did_not_come"):
        with pytest.raises(Refused):  # the day before
            _do(base, verb, came, now=MORNING)
    with pytest.raises(Refused):  # a minute before it begins
        _do(base, "did_not_come", missed, now=TUE_EIGHT - timedelta(minutes=1))
    for _twice in range(2):
        _do(base, "came", came, now=TUE_EIGHT - timedelta(minutes=10))
        _do(base, "did_not_come", missed, now=TUE_EIGHT + timedelta(hours=1))
        _do(base, "did_not_come", late, now=TUE_EIGHT + timedelta(hours=1))
    assert _states(base, came) == ["came", "checking"]
    assert _states(base, missed) == ["no_show", "deferred"]
    _do(base, "came", late, now=TUE_EIGHT + timedelta(hours=2))
    assert _states(base, late) == ["came", "checking"], "late, but here"
    with pytest.raises(Conflict):  # past midnight it stays what it was
        _do(base, "came", missed, now=TUE_EIGHT + timedelta(hours=16))
    ben = viewer_of(base, "ben")
    with base.reading() as db:
        kinds = slots.services_of(db, ben, ben.division_id or 0)
        ((waits,), total) = shown.in_line(db, ben, kinds, today=TUE, most=5)
        verbs = set(db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.verb.like("appointment.%"))))
    assert (waits.id, waits.no_shows, total) == (missed, 1, 1)
    assert verbs == {"appointment.given", "appointment.came", "appointment.no_show"}
    assert _give(base, missed, WED) == 1


def test_a_request_that_goes_on_by_hand_frees_its_slot(base: Database) -> None:
    (request_id,), ana = _ask(base), viewer_of(base, "ana")
    _give(base, request_id)
    with base.transaction() as db:
        row = one.request_for(db, ana, request_id, now=MORNING)
        steps.change_state(db, ana, row, state=S.CANCELLED, note="Ganda", now=MORNING)
    assert _states(base, request_id) == ["cancelled", "cancelled"]
    assert _free(base, TUE)[EIGHT] == 2
    with pytest.raises(Conflict):
        _give(base, request_id)
    with pytest.raises(Conflict):  # from a tab that still shows it
        _do(base, "came", request_id, now=TUE_EIGHT)


def test_whom_nobody_is_there_for_is_shown_and_nothing_is_dropped(base: Database) -> None:
    first, second, third = _ask(base, 3)
    for request_id, at in ((first, EIGHT), (second, EIGHT), (third, time(14, 15))):
        _give(base, request_id, at=at)
    assert not any(row.beyond for row in _listed(base, TODAY))
    _away(base, "tia", TUE, part=DayPart.MORNING)  # granted late
    beyond = [row.request_id for row in _listed(base, TODAY) if row.beyond]
    assert beyond == [second], "one of the two at eight, shown on whatever day is looked at"
    _do(base, "cancel", first, why="", now=MORNING)
    assert not any(row.beyond for row in _listed(base, TODAY)), "the seat that is left is enough for the other"
    with base.transaction() as db:
        db.add(Holiday(office_id=1, date=TUE, name="Pilkada", kind=HolidayKind.LOCAL, source="SK"))
    assert [row.request_id for row in _listed(base, WED) if row.beyond] == [second, third]
    assert not any(row.beyond for row in _listed(base, TUE, now=TUE_EIGHT + timedelta(hours=9))), "the day is over"


def test_several_are_invited_the_urgent_first_then_the_oldest_all_or_none(base: Database) -> None:
    _away(base, "tia", TUE)
    (new,) = _ask(base, minutes=20)
    old, older = _ask(base, 2)
    (urgent,) = _ask(base, minutes=30, urgent=True)
    ben = viewer_of(base, "ben")
    with base.reading() as db:
        kinds = slots.services_of(db, ben, ben.division_id or 0)
        line, total = shown.in_line(db, ben, kinds, today=TODAY, most=3)
        seats = slots.book(db, ben, ben.division_id or 0, now=MORNING)
        found = [wanted for _who, wanted in shown.proposed(seats, kinds, line, since=TUE)]
    assert total == 4
    assert [wanted.request_id for wanted in found] == [urgent, old, older]
    assert [wanted.starts for wanted in found] == [time(7, 30), time(8, 0), time(8, 30)]
    _give(base, new)  # takes eight o'clock while the preview is read
    with pytest.raises(Conflict), base.transaction() as db:
        giving.give(db, ben, found, now=MORNING)
    assert _states(base, urgent) == ["deferred"], "all or none"
    with base.transaction() as db:
        again = [Wanted(urgent, TUE, time(7, 30)), Wanted(old, TUE, time(9, 0))]
        assert giving.give(db, ben, again, now=MORNING) == 2
        assert giving.give(db, ben, again, now=MORNING) == 0
        assert len(texts.to_send(db, ben, ben.division_id or 0, now=MORNING)) == 3
        with pytest.raises(Refused):
            giving.give(db, ben, [Wanted(new, TUE, time(9, 0)), Wanted(new, TUE, time(10, 0))], now=MORNING)
        assert giving.give(db, ben, [Wanted(new, TUE, time(10, 0))] * 2, now=MORNING) == 1, "sent twice in one form"
    _do(base, "told", old, now=MORNING)
    _do(base, "told", old, now=MORNING)
    with base.transaction() as db:
        (text, *more) = texts.to_send(db, ben, ben.division_id or 0, now=MORNING)
    assert "07.30 WITA" in text.text
    assert "Novi" not in text.text
    assert text.number not in text.text
    assert text.chat
    assert len(more) == 1, "who was written to is not written to again"


def test_who_came_by_mistake_is_taken_back_the_same_day_with_a_reason_and_the_request_too(base: Database) -> None:
    wrong, late, gone, by_hand = _ask(base, 4)
    for request_id, at in ((wrong, EIGHT), (late, EIGHT), (gone, time(9, 0)), (by_hand, time(9, 0))):
        _give(base, request_id, at=at)
    noon = TUE_EIGHT + timedelta(hours=4)
    _do(base, "told", wrong, now=MORNING)
    _do(base, "did_not_come", late, now=noon)
    _do(base, "did_not_come", by_hand, now=noon)
    _move(base, by_hand, S.CHECKING, now=noon)
    for minutes, request_id in enumerate((wrong, late, gone, by_hand)):
        _do(base, "came", request_id, now=noon + timedelta(minutes=minutes + 1))
    _move(base, gone, S.SIGNING, now=noon + timedelta(hours=1))
    later = noon + timedelta(hours=2)
    for _twice in range(2):
        for request_id in (wrong, late, by_hand):
            _do(base, "undo_came", request_id, why="Salah orang", now=later)
    assert _states(base, wrong) == ["told", "deferred"], "as it was, and the slot is kept"
    assert _states(base, late) == ["no_show", "deferred"]
    assert _states(base, by_hand) == ["no_show", "checking"], "it was there before"
    with pytest.raises(Conflict):
        _do(base, "undo_came", gone, why="Salah orang", now=later)
    assert _states(base, gone) == ["came", "signing"], "it went on, so nothing changes"
    ben = viewer_of(base, "ben")
    with base.reading() as db:
        told = [(step.state, step.note) for step in shown.of_request(db, ben, wrong)[0].steps]
        notes = db.scalars(sa.select(RequestEvent.note).where(RequestEvent.request_id == wrong)).all()
    assert told[-2:] == [("came", ""), ("told", "Salah orang")]
    assert notes[-1] == "Salah orang"
    _do(base, "came", wrong, now=later)
    with pytest.raises(Refused):
        _do(base, "undo_came", wrong, why="Salah orang", now=later + timedelta(days=1))


def _move(database: Database, request_id: int, state: RequestState, *, now: datetime) -> None:
    ana = viewer_of(database, "ana")
    with database.transaction() as db:
        steps.change_state(db, ana, one.request_for(db, ana, request_id, now=now), state=state, now=now)


def test_that_a_citizen_will_come_is_noted_and_taken_back_and_the_slot_is_as_before(base: Database) -> None:
    sure, written, gone = _ask(base, 3)
    for request_id, at in ((sure, EIGHT), (written, EIGHT), (gone, time(9, 0))):
        _give(base, request_id, at=at)
    for _twice in range(2):
        _do(base, "confirm", sure, sure=True, now=MORNING)
    _do(base, "told", sure, now=MORNING)
    assert [one.is_open for one in _listed(base, TUE)] == [False, True, True]
    assert _give(base, sure, now=MORNING) == 0, "the same slot once more changes nothing"
    assert _states(base, sure) == ["confirmed", "deferred"]
    for _twice in range(2):
        _do(base, "confirm", sure, sure=False, now=MORNING)
    assert _states(base, sure) == ["told", "deferred"]
    _do(base, "confirm", sure, sure=True, now=MORNING)
    assert _give(base, sure, at=time(10, 0)) == 1
    assert _states(base, sure) == ["moved", "invited", "deferred"], "of the new hour nobody has said anything"
    _do(base, "confirm", written, sure=True, now=MORNING)
    _do(base, "came", written, now=TUE_EIGHT)
    _do(base, "undo_came", written, why="Salah orang", now=TUE_EIGHT)
    _do(base, "undo_came", written, why="Salah orang", now=TUE_EIGHT)
    assert _states(base, written) == ["confirmed", "deferred"]
    _do(base, "cancel", gone, why="", now=MORNING)
    with pytest.raises(Conflict):
        _do(base, "confirm", gone, sure=True, now=MORNING)
    with base.reading() as db:
        own = sa.select(AppointmentStep.state).join(Appointment, Appointment.id == AppointmentStep.appointment_id)
        of_sure = own.where(Appointment.request_id == sure).order_by(AppointmentStep.id)
        assert db.scalars(of_sure).all() == ["invited", "confirmed", "told", "confirmed", "moved", "invited"]


def test_in_ramadan_the_slots_follow_the_shorter_hours_and_what_was_given_before_is_shown(base: Database) -> None:
    early, late = _ask(base, 2)
    _give(base, early, at=time(9, 0))
    _give(base, late, at=time(15, 15))
    with base.transaction() as db:
        hours = {day: ["08.00", "15.00", 30] for day in ("mon", "tue", "wed", "thu", "fri")}
        facts = {"office_id": 1, "kind": RuleKind.WORK_HOURS, "owner": "Ortala", "legal_source": "SE Ramadan"}
        db.add(RuleSet(**facts, subject="special", valid_from=TUE, valid_to=WED, values=hours))
    free = _free(base, TUE)
    assert (min(free), max(free)) == (time(8, 0), time(14, 15)), "in steps from the end of the break"
    assert [row.request_id for row in _listed(base, TODAY) if row.beyond] == [late]
    assert max(_free(base, TUE + timedelta(days=2))) == time(15, 15), "after it the usual hours"


def test_who_leaves_the_office_has_no_seat_any_more_and_the_appointments_stay_to_be_moved(base: Database) -> None:
    first, second = _ask(base, 2)
    for request_id in (first, second):
        _give(base, request_id, WED)
    tia = viewer_of(base, "tia")
    with base.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == tia.officer_id).values(active_to=TUE))
    assert set(_free(base, TUE).values()) == {2}, "the last day of service counts"
    assert EIGHT not in _free(base, WED)
    assert [row.request_id for row in _listed(base, TODAY) if row.beyond] == [second]
    assert _give(base, second, WED, time(9, 0)) == 1
    assert not any(row.beyond for row in _listed(base, TODAY))
    assert _states(base, second) == ["moved", "invited", "deferred"]


def test_whoever_is_lent_has_a_seat_at_that_desk_and_none_at_the_own_one_as_the_roster_counts(base: Database) -> None:
    here, there = (viewer_of(base, name).division_id for name in ("ben", "cy"))
    _away(base, "ben", TUE, mode=PlanMode.OFFICE, layer=PlanLayer.ROSTER, desk_id=there)
    assert set(_free(base, TUE).values()) == {1}, "Tia alone"
    _away(base, "cy", TUE, mode=PlanMode.OFFICE, layer=PlanLayer.ROSTER, desk_id=here)
    assert set(_free(base, TUE).values()) == {2}
    request_id = _ask(base)[0]
    _give(base, request_id, TUE)
    with base.reading() as db:
        wanted = coverage.given(db, 1, TUE, TUE)
        found = coverage.counted(wanted, coverage.serving(db, 1, TUE, TUE), plans(db, 1, TUE, TUE))
    assert [set(one.there) for one in found] == [{viewer_of(base, name).officer_id for name in ("cy", "tia")}]


def test_the_seats_of_four_weeks_are_read_in_four_statements(base: Database) -> None:
    ben = viewer_of(base, "ben")
    with base.reading() as db, count_queries(base) as queries:
        slots.book(db, ben, ben.division_id or 0, now=MORNING)
    assert len([one for one in queries if "office.version" not in one]) == 4
