"""The day's log: entries, the day's lock, and what a tap on a request proposes, on both databases."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import i18n, presence, workdays, worklog
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.models import (
    AuditEvent,
    Channel,
    DailyReport,
    LogEntry,
    RequestEvent,
    RequestState,
    ServiceRequest,
    ServiceType,
    WorkMode,
)
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, viewer_of

AT_TEN = datetime(2026, 11, 23, 2, 3, 40, tzinfo=UTC)  # 10.03.40 WITA


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def ben(database: Database) -> Viewer:
    return viewer_of(database, "ben")


def facts(**overrides: Any) -> dict[str, Any]:
    given = {"day": TODAY, "text": "Checking papers", "starts": time(7, 20), "ends": time(7, 55), "now": MORNING}
    return {**given, "key": str(uuid4()), **overrides}


def write(database: Database, me: Viewer, **overrides: Any) -> worklog.Entry:
    with database.transaction() as db:
        written = worklog.write(db, me, **facts(**overrides))
        return worklog.entry_for(db, me, written.id)


def edit(database: Database, me: Viewer, entry: worklog.Entry, **overrides: Any) -> worklog.Entry:
    values = {name: getattr(entry, name) for name in ("text", "starts", "ends", "quantity", "unit", "request_id")}
    with database.transaction() as db:
        worklog.edit(db, me, entry, **{**values, "now": MORNING, **overrides})
        return worklog.entry_for(db, me, entry.id)


def submit(database: Database, me: Viewer, day: date = TODAY) -> int:
    with database.transaction() as db:
        return worklog.submit(db, me, day=day, now=MORNING)


def entries(database: Database, me: Viewer, day: date = TODAY) -> list[worklog.Entry]:
    with database.reading() as db:
        return worklog.entries_of(db, me, day)


def give(database: Database, me: Viewer, *, held_by: Viewer | None, held_before: Viewer | None = None) -> int:
    """A request of the office of `me`, on the desk of `held_by`."""
    with database.transaction() as db:
        service = db.scalar(
            sa.select(ServiceType.id).where(ServiceType.office_id == me.office_id, ServiceType.code == "family_card")
        )
        request = ServiceRequest(office_id=me.office_id, number=f"PM-2611-{uuid4().hex[:12]}", service_type_id=service)
        request.applicant, request.channel, request.urgent = "Novi T.", Channel.COUNTER, False
        request.state, request.assignee_id = RequestState.CHECKING, held_by and held_by.officer_id
        request.created_at = request.updated_at = MORNING
        request.version, request.idempotency_key = 1, str(uuid4())
        db.add(request)
        db.flush()
        if held_before:
            event = RequestEvent(office_id=me.office_id, request_id=request.id, at=MORNING, state=RequestState.NEW)
            event.assignee_id = held_before.officer_id
            db.add(event)
        return request.id


def test_entries_are_listed_by_time_and_their_minutes_added_up(database: Database, ben: Viewer) -> None:
    write(database, ben, starts=time(9), ends=time(11, 15), quantity=14, unit="data")
    write(database, ben)
    write(database, ben, day=TODAY - timedelta(days=3))
    write(database, viewer_of(database, "tia"))
    rows = entries(database, ben)
    assert [(row.starts, row.minutes, row.quantity, row.unit) for row in rows] == [
        (time(7, 20), 35, None, ""),
        (time(9), 135, 14, "data"),
    ]
    assert worklog.minutes_of(rows) == 170
    assert worklog.minutes_of([]) == 0


def test_overlaps_name_both_lines_and_touching_ones_do_not_overlap(database: Database, ben: Viewer) -> None:
    for starts, ends in [(time(7), time(9)), (time(7, 30), time(8)), (time(8, 30), time(8, 40)), (time(9), time(10))]:
        write(database, ben, starts=starts, ends=ends)
    rows = entries(database, ben)
    assert worklog.overlaps(rows) == [(rows[0], rows[1]), (rows[0], rows[2])]
    assert worklog.minutes_of(rows) == 120 + 30 + 10 + 60, "both count"


@pytest.mark.parametrize("ends", [time(7, 20), time(7, 19)])
def test_an_end_that_is_not_after_the_start_is_refused(database: Database, ben: Viewer, ends: time) -> None:
    with pytest.raises(Refused) as refused:
        write(database, ben, ends=ends)
    assert refused.value.field == "end"
    entry = write(database, ben)
    with pytest.raises(Refused):
        edit(database, ben, entry, ends=ends)


def test_days_to_come_are_refused_by_the_offices_calendar(database: Database, ben: Viewer) -> None:
    with pytest.raises(Refused) as refused:
        write(database, ben, day=TODAY + timedelta(days=1))
    assert refused.value.field == "date"
    # 16.30 UTC on the 23rd is already the 24th in WITA.
    late = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    assert write(database, ben, day=TODAY + timedelta(days=1), now=late).date == TODAY + timedelta(days=1)
    assert write(database, ben, day=TODAY - timedelta(days=40)).date == TODAY - timedelta(days=40)


def test_the_same_form_twice_is_one_entry_even_when_the_day_is_locked_meanwhile(
    database: Database, ben: Viewer
) -> None:
    form = facts()
    with database.transaction() as db:
        first = worklog.write(db, ben, **form)
    submit(database, ben)
    with database.transaction() as db:
        second = worklog.write(db, ben, **form)
    assert (second.id, first.again, second.again) == (first.id, False, True)


def test_two_taps_at_once_are_one_entry(database: Database, ben: Viewer) -> None:
    ready, form = Barrier(2), facts()

    def tap(_n: int) -> worklog.Written:
        ready.wait(timeout=20)
        with database.transaction() as db:
            return worklog.write(db, ben, **form)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(tap, range(2)))
    assert sorted(one.again for one in found) == [False, True]
    assert len(entries(database, ben)) == 1


def test_of_two_submissions_at_once_the_second_is_told(database: Database, ben: Viewer) -> None:
    write(database, ben)
    ready = Barrier(2)

    def tap(_n: int) -> int | None:
        ready.wait(timeout=20)
        try:
            return submit(database, ben)
        except Conflict:
            return None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(tap, range(2)), key=str) == [35, None]
    with database.reading() as db:
        report = db.scalars(sa.select(DailyReport)).one()
    assert (report.minutes, report.submitted_at, report.date) == (35, MORNING, TODAY)


def while_open(database: Database, first: Any, second: Any) -> Any:
    """Run `second` on another thread while the transaction of `first` is still open; return what came of it."""
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as db:
            first(db)
            other = pool.submit(second)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.4)  # it waits for us, on either database
        return other


def test_an_entry_never_slips_past_a_day_that_is_being_submitted(database: Database, ben: Viewer) -> None:
    write(database, ben)
    late = facts(starts=time(8), ends=time(9))
    submitted = while_open(database, lambda db: worklog.write(db, ben, **late), lambda: submit(database, ben))
    assert submitted.result() == 95 == worklog.minutes_of(entries(database, ben))


def test_an_entry_written_while_the_day_is_being_submitted_is_refused(database: Database, ben: Viewer) -> None:
    write(database, ben)
    written = while_open(
        database,
        lambda db: worklog.submit(db, ben, day=TODAY, now=MORNING),
        lambda: write(database, ben, starts=time(8), ends=time(9)),
    )
    with pytest.raises(Conflict):
        written.result()


def test_a_form_and_a_submission_sent_again_before_the_first_is_stored_are_told(
    database: Database, ben: Viewer
) -> None:
    form = facts()
    again = while_open(database, lambda db: worklog.write(db, ben, **form), lambda: write(database, ben, **form))
    assert again.result().id == entries(database, ben)[0].id
    submitted = while_open(
        database, lambda db: worklog.submit(db, ben, day=TODAY, now=MORNING), lambda: submit(database, ben)
    )
    with pytest.raises(Conflict):
        submitted.result()


def test_a_submitted_day_is_locked_and_only_that_day(database: Database, ben: Viewer) -> None:
    entry = write(database, ben)
    assert submit(database, ben) == 35
    with pytest.raises(Conflict, match="locked"):
        write(database, ben)
    with pytest.raises(Conflict, match="locked"):
        edit(database, ben, entry, text="Other")
    with pytest.raises(Conflict, match="locked"), database.transaction() as db:
        worklog.remove(db, ben, entry, now=MORNING)
    assert write(database, ben, day=TODAY - timedelta(days=1))
    with database.reading() as db:
        sheet = worklog.sheet_of(db, ben, TODAY)
        other = worklog.sheet_of(db, ben, TODAY - timedelta(days=1))
    assert sheet.superior == "Dewi Ondang"
    assert sheet.submitted_at is not None
    assert (sheet.submitted_at.hour, sheet.minutes, other.submitted_at) == (7, 35, None)


def test_an_empty_day_is_not_submitted(database: Database, ben: Viewer) -> None:
    with pytest.raises(Refused):
        submit(database, ben)


def test_an_edit_changes_what_was_typed_and_the_trail_holds_no_text(database: Database, ben: Viewer) -> None:
    entry = write(database, ben, text="Novi T. called")
    edited = edit(database, ben, entry, text="Hendrik called", ends=time(8), quantity=2, unit="pesan")
    assert (edited.text, edited.minutes, edited.quantity, edited.unit, edited.version) == (
        "Hendrik called",
        40,
        2,
        "pesan",
        2,
    )
    with database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "log.edited")).one()
    assert event.facts["changed"]["ends"] == ["07:55:00", "08:00:00"]
    assert event.facts["reworded"] is True
    assert "called" not in str(event.facts)


def test_a_stale_edit_is_a_conflict_and_changes_nothing(database: Database, ben: Viewer) -> None:
    entry = write(database, ben)
    edit(database, ben, entry, text="First")
    with pytest.raises(Conflict):
        edit(database, ben, entry, text="Second")
    with pytest.raises(Conflict):
        edit(database, ben, entries(database, ben)[0], text="Second", version=1)
    assert entries(database, ben)[0].text == "First"


def test_an_entry_is_removed_once(database: Database, ben: Viewer) -> None:
    entry = write(database, ben)
    with database.transaction() as db:
        worklog.remove(db, ben, entry, now=MORNING)
    with pytest.raises(NotFound), database.transaction() as db:
        worklog.remove(db, ben, entry, now=MORNING)
    with database.reading() as db, pytest.raises(NotFound):
        worklog.entry_for(db, ben, entry.id)


def test_an_entry_is_opened_by_its_writer_only(database: Database, ben: Viewer) -> None:
    entry = write(database, ben)
    for name, error in [("ana", Forbidden), ("dewi", Forbidden), ("tia", Forbidden), ("oka", NotFound)]:
        other = viewer_of(database, name)
        with database.reading() as db, pytest.raises(error):
            worklog.entry_for(db, other, entry.id)


def test_a_request_proposes_its_words_and_a_start_and_leaves_the_end_to_the_person(
    database: Database, ben: Viewer
) -> None:
    request_id = give(database, ben, held_by=ben)

    def proposed(now: datetime | None = AT_TEN) -> worklog.Proposal:
        with database.reading() as db:
            return worklog.proposal(db, ben, request_id, entries(database, ben), now=now)

    assert re.fullmatch(r"Kartu keluarga \(KK\), Novi T\., PM-2611-\w{12}", proposed().text)
    assert (proposed().starts, proposed(now=None).starts) == (time(10, 0), None), "on an earlier day there is no now"
    write(database, ben, starts=time(15), ends=time(16))
    assert proposed().starts == time(16), "after the last line, also when that one lies ahead"
    write(database, ben, starts=time(22), ends=time(2))
    assert proposed().starts == time(2)
    with i18n.in_locale("id"):
        assert proposed().text.startswith("Kartu keluarga (KK), Novi T., PM-2611-")
    assert len(entries(database, ben)) == 2, "a proposal stores nothing"


def test_a_length_says_when_it_ended_also_past_midnight() -> None:
    assert [worklog.after(time(10, 50), n) for n in (15, 30, 60)] == [time(11, 5), time(11, 20), time(11, 50)]
    assert worklog.after(time(23, 45), 30) == time(0, 15)


def test_work_past_midnight_belongs_to_the_day_it_began(database: Database, ben: Viewer) -> None:
    night = write(database, ben, starts=time(22), ends=time(6))
    assert (night.minutes, night.span, night.ends_next_day, night.date) == (480, (1320, 1800), True, TODAY)
    late = write(database, ben, starts=time(23, 30), ends=time(0, 30))
    day = write(database, ben, starts=time(8), ends=time(9))
    rows = entries(database, ben)
    assert worklog.overlaps(rows) == [(night, late)], "what ends on the next day does not meet the morning of this one"
    assert (worklog.minutes_of(rows), worklog.covered(rows)) == (480 + 60 + 60, 480 + 60)
    assert worklog.last_end(rows) == time(6)
    edited = edit(database, ben, day, starts=time(20), ends=time(1))
    assert edited.minutes == 300


@pytest.mark.parametrize(("starts", "ends"), [(time(7, 20), time(7, 0)), (time(13), time(12)), (time(11), time(0))])
def test_an_end_before_the_start_that_is_no_likely_night_is_a_slip(
    database: Database, ben: Viewer, starts: time, ends: time
) -> None:
    with pytest.raises(Refused) as refused:
        write(database, ben, starts=starts, ends=ends)
    assert refused.value.field == "end"


def doubts(database: Database, me: Viewer, now: datetime = MORNING, day: date = TODAY) -> worklog.Doubts:
    with database.reading() as db:
        book = workdays.plans(db, me.office_id, day, day, officers=[me.officer_id or 0])
        return worklog.doubts(db, me, day, entries(database, me, day), book=book, now=now)


def test_a_sum_that_no_day_has_and_lines_that_overlap_are_doubted_and_not_refused(
    database: Database, ben: Viewer
) -> None:
    write(database, ben, starts=time(7, 30), ends=time(16))
    assert not doubts(database, ben).any
    for _n in range(3):
        write(database, ben, starts=time(7, 30), ends=time(16))
    found = doubts(database, ben)
    assert (found.sum, found.covered, len(found.overlaps), found.past_a_day, found.any) == (2040, 510, 3, True, True)
    assert submit(database, ben) == 2040


def test_a_sum_longer_than_the_presence_of_the_day_is_doubted(database: Database, ben: Viewer) -> None:
    came, left = MORNING, MORNING + timedelta(hours=2)
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key=str(uuid4()), now=came)
    write(database, ben, starts=time(7, 20), ends=time(9))
    assert (doubts(database, ben, now=came + timedelta(minutes=30)).presence, 100) == (30, 100)
    assert doubts(database, ben, now=came + timedelta(minutes=30)).past_presence, "not checked out: up to now"
    with database.transaction() as db:
        presence.check_out(db, ben, idempotency_key=str(uuid4()), now=left)
    found = doubts(database, ben, now=left + timedelta(hours=3))
    assert (found.presence, found.past_presence, found.any) == (120, False, False)
    write(database, ben, starts=time(9), ends=time(12))
    assert doubts(database, ben, now=left).past_presence
    assert doubts(database, ben, day=TODAY - timedelta(days=1)).presence is None


def test_what_was_asked_about_is_what_is_sent(database: Database, ben: Viewer) -> None:
    write(database, ben)
    with pytest.raises(worklog.Altered), database.transaction() as db:
        worklog.submit(db, ben, day=TODAY, seen=34, now=MORNING)
    assert not entries(database, ben)[0].is_sent
    with database.transaction() as db:
        assert worklog.submit(db, ben, day=TODAY, seen=35, now=MORNING) == 35
    assert entries(database, ben)[0].is_sent


def test_an_entry_names_only_requests_that_are_mine_or_were(database: Database, ben: Viewer) -> None:
    tia, oka = viewer_of(database, "tia"), viewer_of(database, "oka")
    mine, was_mine = give(database, ben, held_by=ben), give(database, ben, held_by=tia, held_before=ben)
    hers, nobodys, foreign = (
        give(database, ben, held_by=tia),
        give(database, ben, held_by=None),
        give(database, oka, held_by=oka),
    )
    for request_id in (mine, was_mine):
        assert write(database, ben, request_id=request_id).request_id == request_id
    for request_id, error in [(hers, Forbidden), (nobodys, Forbidden), (foreign, NotFound), (999_999, NotFound)]:
        with pytest.raises(error):
            write(database, ben, request_id=request_id)
    entry = write(database, ben, request_id=mine)
    with pytest.raises(Forbidden):
        edit(database, ben, entry, request_id=hers)
    assert edit(database, ben, entry, request_id=was_mine).request_id == was_mine
    with database.transaction() as db:
        db.execute(sa.update(LogEntry).where(LogEntry.id == entry.id).values(service_request_id=hers))
    kept = next(row for row in entries(database, ben) if row.id == entry.id)
    assert edit(database, ben, kept, text="Other words").request_id == hers, "what stands there may stay"


def test_an_entry_names_a_request_that_i_acted_on_though_it_never_lay_with_me(database: Database, ben: Viewer) -> None:
    tia = viewer_of(database, "tia")
    hers = give(database, ben, held_by=tia)
    with database.transaction() as db:
        step = {"office_id": ben.office_id, "request_id": hers, "at": MORNING, "state": RequestState.CHECKING}
        db.add(RequestEvent(**step, officer_id=ben.officer_id, assignee_id=tia.officer_id))
    with database.reading() as db:
        assert worklog.proposal(db, ben, hers, [], now=AT_TEN).text.startswith("Kartu keluarga")
    assert write(database, ben, request_id=hers).request_id == hers


def test_an_account_without_an_officer_writes_no_log(database: Database) -> None:
    nobody = replace(viewer_of(database, "adi"), officer_id=None)
    with pytest.raises(Forbidden):
        write(database, nobody)
    with pytest.raises(Forbidden):
        submit(database, nobody)
