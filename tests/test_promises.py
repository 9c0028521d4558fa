"""Until when a request is promised: in the office's working time, and never while it lies with the applicant."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from staffhub import founding, office
from staffhub.db import Database
from staffhub.models import Channel, Holiday, HolidayKind, RequestState, RuleKind, ServiceRequest, ServiceType
from staffhub.service_requests import listed, one, reckoning, steps, times
from staffhub.service_requests.listed import Wanted
from staffhub.service_requests.promises import Step, Term, due_at, weigh
from staffhub.service_requests.times import Cuts
from staffhub.service_requests.working_time import WorkingTime
from staffhub.workdays import Calendar, Rule, rules
from tests.conftest import World, count_queries, viewer_of

S = RequestState
WITA = ZoneInfo("Asia/Makassar")
RAMADAN = {day: ["08.00", "15.00", 30] for day in ("mon", "tue", "wed", "thu", "fri")}


def _rule(values: Any, start: date, end: date | None = None) -> Rule:
    return Rule(RuleKind.WORK_HOURS, start, end, None, rules.read(RuleKind.WORK_HOURS, values), "Perpres 21/2023")


# Thursday 3 December is a holiday; the second week of December has the hours of Ramadan.
WORKING = WorkingTime(
    Calendar(
        {date(2026, 12, 3): "Libur"},
        (
            _rule(founding.WORK_HOURS, date(2023, 4, 12)),
            _rule(RAMADAN, date(2026, 12, 7), date(2026, 12, 11)),
        ),
    ),
    WITA,
)


def at(text: str) -> datetime:
    """27.1430 is the 27th of November at 14.30 WITA, d08.0900 the 8th of December."""
    month = 12 if text.startswith("d") else 11
    day, hour = text.removeprefix("d").split(".")
    return datetime(2026, month, int(day), int(hour[:2]), int(hour[2:]), tzinfo=WITA)


def way(*taken: str) -> list[Step]:
    """Read "23.1000 new"."""
    return [(at(moment), RequestState(state)) for moment, state in (one.split() for one in taken)]


@pytest.mark.parametrize(
    ("term", "taken", "due"),
    [
        # Monday to Thursday 07.30 to 16.00 with an hour of break from 11.15, Friday to 16.30 with an hour and a half.
        (Term(None, 2), ["23.1000 new"], "23.1300"),
        (Term(None, 2), ["23.1500 new"], "24.0830"),
        (Term(None, 1), ["23.1140 new"], "23.1315"),  # in the break
        (Term(None, 1), ["23.0500 new"], "23.0830"),  # before work
        (Term(None, 1), ["28.1000 new"], "30.0830"),  # on Saturday
        (Term(None, 4), ["27.1430 new"], "30.0930"),  # over the weekend
        (Term(None, 15), ["d01.1600 new"], "d04.1630"),  # two whole days, the holiday between them
        (Term(None, 2), ["d07.1400 new"], "d08.0900"),  # in Ramadan
        (Term(None, 2), ["23.1000 new", "23.1030 checking", "23.1100 waiting"], None),
        (Term(None, 2), ["23.1000 new", "23.1100 waiting", "24.1400 checking"], "24.1500"),
        (Term(None, 2), ["23.1000 new", "23.1000 deferred", "26.0900 checking"], "26.1100"),
        # It was called ready by mistake: the clock ran on, also where it was closed as well.
        (Term(None, 2), ["23.1000 new", "23.1015 signing", "23.1030 ready", "23.1100 signing"], "23.1300"),
        (
            Term(None, 2),
            ["23.1000 new", "23.1030 ready", "23.1030 ready", "23.1045 done", "23.1100 ready", "23.1110 signing"],
            "23.1300",
        ),
        (Term(None, 2), ["23.1000 new", "23.1030 cancelled", "23.1100 new"], "23.1330"),
        # More than was promised had passed when it went to the applicant: it comes back as late as it went.
        (Term(None, 1), ["23.1000 new", "23.1315 waiting", "24.0800 checking"], "23.1515"),
        (Term(None, 2), ["23.1000 new", "23.1030 checking", "23.1045 signing"], "23.1300"),
        (Term(None, 2), ["23.1000 new", "23.1030 ready"], None),
        (Term(None, 2), ["23.1000 new", "23.1030 done"], None),
        (Term(None, 2), ["23.1000 new", "23.1030 done", "25.0800 checking"], "25.0930"),  # opened again
        # In days: until work ends on the last of them; the day it came in, or came back, is none of them.
        (Term(3), ["17.1000 new"], "20.1630"),
        (Term(0), ["23.1000 new"], "23.1600"),
        (Term(1), ["28.1000 new"], "30.1600"),
        (Term(2), ["d02.1000 new"], "d07.1500"),
        (Term(2), ["17.1000 new", "18.1100 waiting", "20.0900 checking"], "23.1600"),
        (Term(1), ["17.1000 new", "19.1100 waiting", "24.0900 checking"], "23.1600"),  # back, and late already
        (Term(1), ["17.1000 new", "18.1100 waiting"], None),
    ],
)
def test_a_request_is_due_when_the_promised_working_time_is_over(term: Term, taken: list[str], due: str | None) -> None:
    assert due_at(WORKING, term, way(*taken)) == (due and at(due))


def test_age_and_what_is_left_are_working_time_in_our_hands() -> None:
    taken = way("23.1000 new", "23.1100 waiting", "24.1400 checking")
    now = at("24.1430")
    found = weigh(WORKING, Term(None, 2), taken, now=now)
    assert (found.minutes, found.left, found.late, found.runs) == (60 + 30, 30, False, True)
    late = weigh(WORKING, Term(None, 2), taken, now=at("25.0830"))
    assert (late.minutes, late.left, late.late) == (60 + 120 + 60, -120, True)
    waits = weigh(WORKING, Term(None, 2), taken[:2], now=at("27.1000"))
    assert (waits.minutes, waits.due, waits.late, waits.runs) == (60, None, False, False)


MOMENTS = st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 28)).map(
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=WITA)
)


@given(st.lists(MOMENTS, min_size=3, max_size=3), st.integers(1, 60))
def test_the_due_moment_moves_on_by_the_working_time_that_it_waited(moments: list[datetime], hours: int) -> None:
    came, asked, back = sorted(moments)
    term = Term(None, hours)
    straight = due_at(WORKING, term, [(came, S.NEW)])
    waited = due_at(WORKING, term, [(came, S.NEW), (asked, S.WAITING), (back, S.CHECKING)])
    assert straight
    assert waited
    assert WORKING.minutes(straight, waited) == WORKING.minutes(asked, back)
    assert WORKING.minutes(came, straight) == hours * 60


@given(MOMENTS, MOMENTS, MOMENTS)
def test_working_time_adds_up_whatever_lies_between(first: datetime, second: datetime, third: datetime) -> None:
    assert WORKING.minutes(first, second) + WORKING.minutes(second, third) == WORKING.minutes(first, third)


NOON = at("23.1300")


def _promise(database: Database, **term: int | None) -> None:
    with database.transaction() as db:
        db.execute(sa.update(ServiceType).where(ServiceType.code == "family_card").values(**term))


def _taken_in(database: Database, now: datetime, **facts: Any) -> one.Request:
    me = viewer_of(database, "ana")
    told = {"service_type": "family_card", "applicant": "Novi T.", "channel": Channel.COUNTER, "key": str(uuid4())}
    with database.transaction() as db:
        taken = steps.take_in(db, me, **{**told, **facts}, now=now)
        return one.request_for(db, me, taken.id, now=now)


def _step(database: Database, request: one.Request, state: RequestState, now: datetime) -> None:
    me = viewer_of(database, "dewi")
    with database.transaction() as db:
        steps.change_state(db, me, one.request_for(db, me, request.id, now=now), state=state, note="KK", now=now)


def _due(database: Database, request: one.Request) -> datetime | None:
    with database.reading() as db:
        return db.scalar(sa.select(ServiceRequest.due_at).where(ServiceRequest.id == request.id))


def test_each_step_writes_until_when_it_is_promised(database: Database) -> None:
    _promise(database, service_hours=2)
    request = _taken_in(database, at("23.1000"))
    assert _due(database, request) == at("23.1300")
    _step(database, request, S.CHECKING, at("23.1030"))
    assert _due(database, request) == at("23.1300")
    _step(database, request, S.WAITING, at("23.1100"))
    assert _due(database, request) is None
    _step(database, request, S.CHECKING, at("24.1400"))
    assert _due(database, request) == at("24.1500")
    _step(database, request, S.CANCELLED, at("24.1430"))
    assert _due(database, request) is None
    me = viewer_of(database, "dewi")
    with database.transaction() as db:
        closed = one.request_for(db, me, request.id, now=NOON)
        steps.reopen(db, me, closed, note="Terlanjur", now=at("25.0900"))
    assert _due(database, request) == at("25.0930")
    assert _due(database, _taken_in(database, NOON, service_type="birth_certificate")) is None, "nothing is promised"


def test_a_new_holiday_or_another_promise_moves_what_is_open(database: Database) -> None:
    _promise(database, service_days=1)
    request, waits = (_taken_in(database, at("23.1000")) for _n in range(2))
    _step(database, waits, S.CHECKING, at("23.1100"))
    _step(database, waits, S.WAITING, at("23.1130"))
    assert reckoning.reckon_due(database, now=NOON) == 0, "each step wrote its own"
    office_id = viewer_of(database, "ana").office_id
    with database.transaction() as db:
        db.add(
            Holiday(office_id=office_id, date=date(2026, 11, 24), name="L", kind=HolidayKind.LOCAL, source="SK Bupati")
        )
    assert reckoning.reckon_due(database, now=NOON) == 1
    assert (_due(database, request), _due(database, waits)) == (at("25.1600"), None)
    assert reckoning.reckon_due(database, now=NOON) == 0, "once for each state of the office"
    _promise(database, service_days=None, service_hours=1)
    reckoning.reckon_due(database, now=NOON)
    assert _due(database, request) == at("23.1100")
    _promise(database, service_days=None, service_hours=None)
    reckoning.reckon_due(database, now=NOON)
    assert _due(database, request) is None


def test_once_a_day_everything_is_reckoned_whatever_was_missed(database: Database) -> None:
    _promise(database, service_days=1)
    request = _taken_in(database, at("23.1000"))
    reckoning.reckon_due(database, now=NOON)
    with database.transaction() as db:
        db.execute(sa.update(ServiceRequest).values(due_at=None))
    assert reckoning.reckon_due(database, now=NOON) == 0
    assert reckoning.reckon_due(database, now=NOON + timedelta(days=1)) == 1
    assert _due(database, request) == at("24.1600")


def test_many_are_reckoned_in_batches_and_two_processes_do_it_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reckoning, "BATCH", 2)
    monkeypatch.setattr(reckoning, "_OPEN", reckoning._OPEN.limit(2))
    requests = [_taken_in(database, at("23.1000")) for _n in range(5)]
    _promise(database, service_days=1)
    with ThreadPoolExecutor(2) as both:
        started = [both.submit(reckoning.reckon_due, database, now=NOON) for _n in range(2)]
    assert sorted(one.result() for one in started) == [0, 5]
    assert {_due(database, one) for one in requests} == {at("24.1600")}


def test_the_list_begins_with_what_is_overdue_and_soon_due(database: Database) -> None:
    """Then come the urgent ones and the oldest, also those that are promised for next week."""
    _promise(database, service_hours=2)
    with database.transaction() as db:
        db.execute(sa.update(ServiceType).where(ServiceType.code == "birth_certificate").values(service_days=9))
    calm = _taken_in(database, at("18.1000"), service_type="birth_certificate")
    old = _taken_in(database, at("12.1000"), service_type="move_certificate")
    urgent = _taken_in(database, at("23.0900"), service_type="move_certificate", urgent=True, note="Lansia")
    soon = _taken_in(database, at("23.1230"))
    late = _taken_in(database, at("20.1500"))
    ana = viewer_of(database, "ana")
    with database.reading() as db:
        found = listed.listing(db, ana, Wanted(), page=1, now=NOON)
    assert [row.id for row in found.rows] == [late.id, soon.id, urgent.id, old.id, calm.id]
    assert (found.counts.late, found.counts.soon) == (1, 1)
    told = {row.id: row.due and (row.due.late, row.due.soon, row.due.minutes) for row in found.rows}
    assert told[late.id] == (True, False, 195 + 45)
    assert told[soon.id] == (False, True, 90)
    assert told[old.id] is None
    assert told[calm.id] == (False, False, 2880)


def test_a_promise_past_all_rules_is_due_never(database: Database) -> None:
    _promise(database, service_days=1)
    with database.transaction() as db:
        db.execute(sa.text("DELETE FROM rule_set"))
    request = _taken_in(database, at("23.1000"))
    assert _due(database, request) is None
    with database.reading() as db:
        found = listed.listing(db, viewer_of(database, "ana"), Wanted(), page=1, now=datetime(2026, 12, 9, tzinfo=UTC))
    assert (found.counts.late, found.counts.soon, found.rows[0].due) == (0, 0, None)


def test_a_head_promises_days_or_hours_and_never_both(world: World) -> None:
    ana = world.client("ana")
    with world.database.reading() as db:
        card = next(
            one for one in office.services(db, world.viewer("ana").office_id).values() if one.code == "family_card"
        )
    page, typed = f"/requests/services/{card.id}", {"name": card.name, "version": str(card.version)}
    assert ana.post(page, data={**typed, "hours": "6"}).status_code == 303
    assert "Waktu layanan: 6 jam kerja" in ana.get("/requests/services").text
    refused = ana.post(page, data={**typed, "version": str(card.version + 1), "hours": "6", "days": "2"})
    assert refused.status_code == 422
    assert "Tetapkan hari kerja atau jam kerja, jangan keduanya." in refused.text
    request = _taken_in(world.database, world.now)
    said = ana.get(f"/requests/{request.id}").text
    assert "dari 6 jam kerja" in said
    assert "Jatuh tempo Sen, 23 Nov, 14.30 WITA" in said


def _closed(database: Database, minutes: int, *, waited: int = 0, lay: int = 0, service: str = "family_card") -> None:
    """One of Monday at 07.30 that waited for its applicant, lay ready and was done after so many minutes in all."""
    begins = at("23.0730")
    request = _taken_in(database, begins, service_type=service)
    _step(database, request, S.CHECKING, begins)
    if waited:
        _step(database, request, S.WAITING, begins)
        _step(database, request, S.CHECKING, begins + timedelta(minutes=waited))
    ready = begins + timedelta(minutes=minutes - lay)
    _step(database, request, S.SIGNING, ready)
    _step(database, request, S.READY, ready)
    _step(database, request, S.DONE, begins + timedelta(minutes=minutes))


def test_half_and_nine_of_ten_are_values_that_were_measured_and_of_few_nothing_is_said() -> None:
    assert times.cuts([1, 2, 3, 4]) is None
    assert times.cuts([5, 1, 4, 2, 3]) == Cuts(3, 5)
    assert times.cuts(range(10, 0, -1)) == Cuts(5, 9)


def test_a_head_sees_how_long_the_own_services_took_by_week_and_service(world: World) -> None:
    for minutes in (30, 60, 90, 120, 180):
        _closed(world.database, minutes, waited=15, lay=15)
    _closed(world.database, 60, service="birth_certificate")
    now = at("24.0800")
    with world.database.reading() as db:
        ana = times.times(db, world.viewer("ana"), "", now=now, say_day=str)
        dewi = times.times(db, world.viewer("dewi"), "birth_certificate", now=now, say_day=str)
    last = ana.weeks[-1]
    assert (last.count, last.whole, last.ours) == (5, Cuts(90, 180), Cuts(60, 150))
    assert last.ready == Cuts(75, 165), "what lies at the counter is ready"
    assert [line.count for line in ana.weeks[:-1]] == [0] * (times.WEEKS - 1)
    assert [(line.label, line.count) for line in ana.services] == [("Kartu keluarga (KK)", 5)]
    assert (dewi.weeks[-1].count, dewi.weeks[-1].whole) == (1, None)
    assert [line.count for line in dewi.services] == [5, 1]


def test_what_was_ready_is_measured_by_when_it_came_to_the_counter_whatever_was_noted_there(
    database: Database,
) -> None:
    """Handed over while it lay there, closed and opened again, or taken back: each counts once and for what it was."""
    begins = at("23.0730")
    for back in (False, False, False, True, True):
        request = _taken_in(database, begins)
        for state, minutes in ((S.CHECKING, 0), (S.SIGNING, 10), (S.READY, 20)):
            _step(database, request, state, begins + timedelta(minutes=minutes))
        ana, tia = viewer_of(database, "ana"), viewer_of(database, "tia").officer_id or 0
        later = begins + timedelta(minutes=30)
        with database.transaction() as db:
            row = one.request_for(db, ana, request.id, now=later)
            steps.assign(db, ana, row, assignee_id=tia, now=later)
        _step(database, request, S.DONE, begins + timedelta(minutes=40))
        _reopen(database, request, begins + timedelta(minutes=50))
        if back:
            _reopen(database, request, begins + timedelta(minutes=55))
            _step(database, request, S.READY, begins + timedelta(minutes=60))
        _step(database, request, S.DONE, begins + timedelta(minutes=90))
    with database.reading() as db:
        found = times.times(db, viewer_of(database, "ana"), "", now=at("24.0800"), say_day=str).weeks[-1]
    assert (found.count, found.ready, found.whole) == (5, Cuts(20, 60), Cuts(90, 90))
    assert found.ours == Cuts(20, 60), "the clock ran on while it was called ready by mistake"


def _reopen(database: Database, request: one.Request, now: datetime) -> None:
    ana = viewer_of(database, "ana")
    with database.transaction() as db:
        steps.reopen(db, ana, one.request_for(db, ana, request.id, now=now), note="Salah tekan", now=now)


def test_the_picture_of_times_says_what_its_table_says_and_comes_as_a_file(world: World) -> None:
    for minutes in (30, 60, 90, 120, 180):
        _closed(world.database, minutes)
    world.at(at("24.0800").astimezone(UTC))
    ana = world.client("ana")
    with count_queries(world.database) as queries:
        page = ana.get("/requests/times").text
    assert len(queries) <= 8
    assert "Minggu 48, dari Sen, 23 Nov: separuh paling lama 1 jam 30 menit, 9 dari 10 paling lama 3 jam" in page
    assert page.count("1 jam 30 menit") == 2 + 3 + 3, (
        "two pictures, and p50 at the office, until ready and in all in both tables"
    )
    assert "<script>" not in page
    lines = ana.get("/requests/times?format=csv").text.splitlines()
    assert lines[1] == "Kartu keluarga (KK);2026-W48;5;90;180;90;180;90;180"
    assert len(lines) == 2
    assert world.client("ben").get("/requests/times").status_code == 403
