"""The close of day: at midnight of the office, the oldest first, twice is once; a missing check-out is proposed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from staffhub import clock, corrections, days, office, worklog
from staffhub.clock import at_local
from staffhub.days import watch
from staffhub.days.lines import span
from staffhub.db import Database
from staffhub.models import (
    CheckoutProposal,
    CorrectionKind,
    CorrectionReason,
    LogEntry,
    MarkKind,
    Notice,
    NoticeKind,
    Office,
    ProposalSource,
    Recount,
    StoredDay,
    TaskState,
    WorkMode,
)
from staffhub.reports import recap
from staffhub.scheduler import JOBS, Work
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, count_from, viewer_of
from tests.test_corrections_asked import ask
from tests.test_day_store import DAY, FIRST, SINCE, ZONE, agree, mark, stored


def _reach(database: Database) -> tuple[date | None, date | None]:
    with database.reading() as db:
        return tuple(db.execute(sa.select(Office.stored_from, Office.stored_to).where(Office.id == 1)).one())  # type: ignore[return-value]


def test_a_day_is_closed_at_the_midnight_of_its_office_and_not_a_second_before(database: Database) -> None:
    count_from(database, SINCE)
    days.close_due(database, now=datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC))
    assert _reach(database) == (FIRST, date(2026, 11, 22))
    days.close_due(database, now=datetime(2026, 11, 23, 16, 0, 0, tzinfo=UTC))
    assert _reach(database) == (FIRST, date(2026, 11, 23))


def test_who_was_killed_in_between_goes_on_and_twice_is_once(database: Database) -> None:
    """Jayapura is an hour ahead, and has its own days."""
    count_from(database, date(2020, 1, 1))
    assert days.close_due(database, now=MORNING, most=2) == 2
    _since, until = _reach(database)
    assert until is not None
    assert until < TODAY - timedelta(days=1)
    days.close_due(database, now=MORNING)
    assert _reach(database) == (date(2020, 1, 1), TODAY - timedelta(days=1))
    with database.reading() as db:
        before = db.scalar(sa.select(sa.func.count()).select_from(StoredDay))
    assert days.close_due(database, now=MORNING) == 0
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(StoredDay)) == before


def test_two_processes_that_close_at_once_write_every_day_once(database: Database) -> None:
    count_from(database, SINCE)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _n: days.close_due(database, now=MORNING), range(2)))
    agree(database)
    with database.reading() as db:
        rows = db.execute(sa.select(StoredDay.office_id, StoredDay.officer_id, StoredDay.date)).all()
    assert {row.date for row in rows if row.office_id == 1} >= {SINCE, TODAY - timedelta(days=1)}
    assert len(rows) == len(set(rows))


def test_a_night_stays_open_until_its_check_out_or_until_its_time_is_over(database: Database) -> None:
    count_from(database, SINCE)
    ben, tia = (viewer_of(database, name).officer_id for name in ("ben", "tia"))
    last = TODAY - timedelta(days=1)
    with database.transaction() as db:
        db.add_all(mark(who, last, time(22)) for who in (ben, tia))
    days.close_due(database, now=at_local(TODAY, time(0, 1), ZONE))
    assert stored(database, ben, last).open_until is not None
    with database.transaction() as db:
        db.add(mark(ben, last, turn=2, kind=MarkKind.CHECK_OUT, mode=None, attempted_at=at_local(TODAY, time(6), ZONE)))
    row = stored(database, ben, last)
    assert (row.open_until, row.last, row.needs_person) == (None, at_local(TODAY, time(6), ZONE), False)
    days.close_due(database, now=at_local(TODAY, time(15, 59), ZONE))
    assert stored(database, tia, last).open_until is not None
    days.close_due(database, now=at_local(TODAY, time(16), ZONE))
    row = stored(database, tia, last)
    assert (row.open_until, row.needs_person) == (None, True)
    agree(database, now=at_local(TODAY, time(16), ZONE))


def test_an_open_day_is_still_there_when_its_date_has_been_computed_again(database: Database) -> None:
    count_from(database, SINCE)
    tia, last, now = viewer_of(database, "tia").officer_id, TODAY - timedelta(days=1), at_local(TODAY, time(17), ZONE)
    with database.transaction() as db:
        db.add(mark(tia, last, time(7)))
    days.close_due(database, now=now)
    assert stored(database, tia, last).needs_person
    with database.transaction() as db:
        facts = {"office_id": 1, "first": last, "last": last, "cause": "office", "due_at": now, "created_at": now}
        db.add(Recount(**facts, state=TaskState.PENDING, officers=None))
    (again,) = (verb for name, _every, verb in JOBS if name == "recount")
    again(Work(database, None, ""), now + timedelta(minutes=11))
    row = stored(database, tia, last)
    assert (row.open_until, row.needs_person) == (None, True)
    with database.reading() as db:
        assert len(corrections.open_days(db, viewer_of(database, "tia"), last, last)) == 1


def test_a_fact_that_comes_later_does_not_hide_the_open_question_of_yesterday(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_from(database, SINCE)
    viewer, last, now = viewer_of(database, "tia"), TODAY - timedelta(days=1), at_local(TODAY, time(17), ZONE)
    tia = viewer.officer_id
    with database.transaction() as db:
        db.add(mark(tia, last, time(7)))
    days.close_due(database, now=now)
    monkeypatch.setattr(watch, "clock", SimpleNamespace(**vars(clock) | {"now": lambda: now}))
    with database.transaction() as db:
        worklog.write(db, viewer, day=last, text="Loket", starts=time(8), ends=time(11), key="late", now=now)
    row = stored(database, tia, last)
    assert (row.open_until, row.needs_person) == (None, True)
    with database.reading() as db:
        assert len(corrections.open_days(db, viewer, last, last)) == 1
        proposal = db.scalars(sa.select(CheckoutProposal)).one()
    assert (proposal.officer_id, proposal.source) == (tia, ProposalSource.LOG)
    agree(database, now=now)


def test_a_missing_check_out_is_proposed_from_the_last_thing_known_and_changes_nothing_by_itself(
    database: Database,
) -> None:
    count_from(database, SINCE)
    ben = viewer_of(database, "ben").officer_id
    assert ben
    facts = {"date": DAY, "text": "Melayani", "starts": time(14), "ends": time(15, 15), "unit": "", "version": 1}
    with database.transaction() as db:
        db.add(mark(ben))
        db.add(
            LogEntry(
                office_id=1, officer_id=ben, created_at=MORNING, updated_at=MORNING, idempotency_key="log", **facts
            )
        )
    for _twice in range(2):
        days.close_due(database, now=MORNING)
    with database.reading() as db:
        (one,) = days.proposals_of(db, 1, ben)
        assert db.scalar(sa.select(sa.func.count()).select_from(CheckoutProposal)) == 1
    assert (one.day, one.at, one.source) == (DAY, at_local(DAY, time(15, 15), ZONE), ProposalSource.LOG)
    row = stored(database, ben)
    assert (row.last, row.needs_person, row.corrected) == (None, True, False)


def test_presence_that_counts_from_an_earlier_date_is_stored_back_to_it(database: Database) -> None:
    count_from(database, SINCE)
    days.close_due(database, now=MORNING)
    with database.transaction() as db:
        db.execute(sa.update(Office).where(Office.id == 1).values(recorded_from=SINCE - timedelta(days=10)))
    days.close_due(database, now=MORNING)
    days.run_recounts(database, now=clock.now())  # those that were stored already, and did not count
    assert _reach(database)[0] == date(2026, 10, 1)
    agree(database)
    with database.reading() as db:
        assert office.facts(db, 1).stored_to == TODAY - timedelta(days=1)


def test_a_month_that_was_stored_from_its_middle_is_stored_whole_and_read_from_its_rows(database: Database) -> None:
    count_from(database, SINCE)
    days.close_due(database, now=MORNING)
    with database.transaction() as db:  # as the version before did it
        db.execute(sa.delete(StoredDay).where(StoredDay.office_id == 1, StoredDay.date < SINCE))
        db.execute(sa.update(Office).where(Office.id == 1).values(stored_from=SINCE))
    days.close_due(database, now=MORNING)
    assert _reach(database)[0] == FIRST
    agree(database)
    with database.reading() as db:
        found = db.scalars(sa.select(StoredDay.counted).where(StoredDay.office_id == 1, StoredDay.date < SINCE)).all()
        assert found
        assert not any(found), "nothing counts before presence does"
        last = TODAY - timedelta(days=1)
        assert span(db, 1, FIRST, last) == ((FIRST, last), None)
        assert days.close_due(database, now=MORNING) == 0, "nothing is left to do"
        again = sa.select(Recount.first, Recount.last).where(Recount.cause == "close", Recount.first == FIRST)
        seen = [] if database.sqlite else [(FIRST, SINCE - timedelta(days=1))]
        assert [tuple(one) for one in db.execute(again)] == seen, "a second look, for who was about to commit"


def test_for_a_day_on_which_presence_does_not_count_no_check_out_is_proposed(database: Database) -> None:
    _open_day(database, counted_from=DAY + timedelta(days=1))
    assert stored(database, viewer_of(database, "ben").officer_id).counted is False
    assert _asks(database) == []


def _open_day(database: Database, *, counted_from: date) -> Viewer:
    """Ben comes on a day, writes a line of log and never goes; the day is closed."""
    count_from(database, counted_from)
    ben = viewer_of(database, "ben")
    facts = {"date": DAY, "text": "Melayani", "starts": time(14), "ends": time(15, 15), "unit": "", "version": 1}
    facts |= {"created_at": MORNING, "updated_at": MORNING, "idempotency_key": "log"}
    with database.transaction() as db:
        db.add(mark(ben.officer_id or 0))
        db.add(LogEntry(office_id=1, officer_id=ben.officer_id, **facts))
    days.close_due(database, now=datetime.combine(DAY + timedelta(days=1), time(1), UTC))
    return ben


def _proposed(database: Database) -> tuple[Viewer, int]:
    """Ben left his day open; the close of day proposes its end, and tells him of it."""
    ben = _open_day(database, counted_from=SINCE)
    assert _asks(database) == [None]
    with database.reading() as db:
        return ben, db.scalars(sa.select(CheckoutProposal.id)).one()


def _asks(database: Database) -> list[datetime | None]:
    with database.reading() as db:
        return list(db.scalars(sa.select(Notice.read_at).where(Notice.kind == NoticeKind.CHECKOUT_PROPOSED)))


def test_the_notice_of_a_proposal_is_over_once_it_is_confirmed(database: Database) -> None:
    ben, proposal_id = _proposed(database)
    with database.transaction() as db:
        officer = recap.officer_for(db, ben, ben.officer_id, DAY)
        proposed = corrections.proposed_for(db, ben, proposal_id)
        corrections.confirm(db, ben, officer, proposed, sure=True, idempotency_key="answer", now=MORNING)
    assert _asks(database) != [None]


def test_the_notice_of_a_proposal_is_over_once_another_time_is_asked_for(database: Database) -> None:
    ben, _proposal = _proposed(database)
    ask(database, ben, day=DAY, wishes=(corrections.Wish(CorrectionKind.MODE, mode=WorkMode.HOME),))
    assert _asks(database) == [None]
    ask(database, ben, day=DAY)
    assert _asks(database) == [MORNING]


def test_the_notice_of_a_proposal_is_over_once_hr_says_when_the_day_ended(database: Database) -> None:
    ben, _proposal = _proposed(database)
    hana = viewer_of(database, "hana")
    wish = corrections.Wish(CorrectionKind.CHECK_OUT, time(16))
    given = {"day": DAY, "wish": wish, "reason": CorrectionReason.FORGOT, "note": ""}
    with database.transaction() as db:
        officer = recap.officer_for(db, hana, ben.officer_id, DAY)
        corrections.add(db, hana, officer, idempotency_key="hr", now=MORNING, **given)  # type: ignore[arg-type]
    assert _asks(database) != [None]
