"""Our own disturbances: noticed, proposed, decided, and what they excuse, with the clock passed in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from staffhub import days, presence, scheduler
from staffhub.days import Excuse, Facts, MarkFact, Stage, reconcile
from staffhub.db import Database, digest
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.models import (
    Grade,
    Mark,
    MarkKind,
    Notice,
    NoticeKind,
    Outage,
    OutageAct,
    OutageExcuse,
    OutageKind,
    OutageState,
    OutageStep,
    PlanMode,
    StoredDay,
    TroubleSign,
    WorkMode,
)
from staffhub.outages import noticing, proposing, reading, steps
from staffhub.outages.touched import Span, touched
from staffhub.scheduler import Work
from staffhub.security import Viewer
from staffhub.troubles import Troubles
from staffhub.workdays import DayRules, Hours, Plan
from tests.conftest import MORNING, TODAY, count_from, count_queries, open_session, plan_range, viewer_of

# 07.20 to 07.52 in WITA; work begins at 07.30.
FIRST = MORNING + timedelta(minutes=8)
LAST = FIRST + timedelta(minutes=32)
LATER = LAST + timedelta(minutes=30)


def _minutes(number: int) -> datetime:
    return MORNING.replace(minute=30) + timedelta(minutes=number)  # from 07.30 on


def _gap(database: Database, first: datetime = FIRST, last: datetime = LAST) -> None:
    """The heart beat at the one and then not before the other."""
    for at in (first, last):
        with database.transaction() as db:
            noticing.beat(db, now=at, boot="a", seconds=(at - MORNING).total_seconds())


def _outages(database: Database) -> list[Any]:
    with database.reading() as db:
        return [
            (row.state, row.first, row.last, row.version)
            for row in db.scalars(sa.select(Outage).where(Outage.office_id == 1).order_by(Outage.id))
        ]


def _proposed(database: Database, now: datetime = LATER) -> int:
    """Let the office of the cast have a proposal out of a gap; return its id."""
    _gap(database)
    proposing.propose_due(database, now=now)
    with database.reading() as db:
        return db.scalars(sa.select(Outage.id).where(Outage.office_id == 1)).one()


def _decide(database: Database, outage_id: int, act: OutageAct, *, now: datetime = LATER, **other: Any) -> bool:
    hana = viewer_of(database, "hana", now=now)
    with database.transaction() as db:
        row = db.get_one(Outage, outage_id)
        given = {"first": row.first, "last": row.last, "reason": "PLN", "seen": row.version, "key": str(uuid4())}
        return steps.decide(db, hana, outage_id, steps.Decision(act, **(given | other)), now=now)


def _come(database: Database, who: str, at: datetime) -> int:
    me = viewer_of(database, who, now=at)
    with database.transaction() as db:
        presence.check_in(db, me, mode=WorkMode.OFFICE, idempotency_key=str(uuid4()), now=at)
    return me.officer_id or 0


class _Person:
    active_from, active_to = date(2020, 1, 1), None

    def __init__(self, id_: int) -> None:
        self.id = id_


def _late(database: Database, officer_id: int, now: datetime = LATER) -> int:
    me = viewer_of(database, "hana", now=now)
    with database.reading() as db:
        loaded = days.load(db, me.office_id, [_Person(officer_id)], [TODAY], zone=me.zone, now=now)
    return loaded.record(officer_id, TODAY).late


# What a day becomes


def _record(came: int, *excuses: Excuse, left: int | None = None, tolerance: int = 0) -> days.DayRecord:
    """A day from 07.30 to 16.00 on which somebody came and left so many minutes after 07.30."""
    zone = ZoneInfo("Asia/Makassar")
    hours = Hours(datetime(2026, 1, 1, 7, 30).time(), datetime(2026, 1, 1, 16, 0).time(), 450)
    marks = [MarkFact(1, MarkKind.CHECK_IN, WorkMode.OFFICE, _minutes(came), grade=Grade.C)]
    if left is not None:
        marks.append(MarkFact(2, MarkKind.CHECK_OUT, None, _minutes(left), grade=Grade.C))
    rules = DayRules(tolerance=tolerance)
    plan = Plan(PlanMode.OFFICE, "pattern", hours=hours)
    return reconcile(Facts(TODAY, Stage.OVER, zone, plan, tuple(marks), rules=rules, excuses=tuple(excuses)))


def _excuse(first: int, last: int, grace: int = 0) -> Excuse:
    return Excuse(1, _minutes(first), _minutes(last), grace)


@pytest.mark.parametrize(
    ("came", "excuses", "late"),
    [
        (20, [_excuse(-10, 22)], 0),
        (30, [_excuse(-10, 22, 10)], 0),
        (32, [_excuse(-10, 22, 10)], 0),
        (45, [_excuse(-10, 22, 10)], 13),
        (142, [_excuse(-10, 22, 10)], 110),
        (20, [_excuse(15, 25)], 15),
        (20, [_excuse(-60, -10)], 20),
        (40, [_excuse(0, 20), _excuse(10, 30)], 10),
        (40, [_excuse(0, 10), _excuse(20, 30)], 20),
        (20, [Excuse(1, _minutes(-10), _minutes(30), 0, occurrence_id=7)], 20),
    ],
)
def test_only_the_minutes_that_an_outage_took_are_not_late(came: int, excuses: list[Excuse], late: int) -> None:
    record = _record(came, *excuses)
    assert (record.late, record.excused) == (late, came - late)
    assert record.code == ("HT" if late else "H")


def test_what_is_left_after_an_outage_is_measured_against_the_tolerance() -> None:
    assert _record(30, _excuse(0, 20), tolerance=10).late == 0
    assert _record(31, _excuse(0, 20), tolerance=10).late == 11


def test_an_outage_at_the_end_of_the_day_excuses_an_early_leave_and_gives_no_grace() -> None:
    assert _record(0, _excuse(500, 600, 10), left=495).early == 5
    assert _record(0, _excuse(480, 490, 10), left=485).early == 20


# What is noticed


def test_a_heart_that_did_not_beat_for_two_minutes_is_a_gap_of_the_whole_minutes(database: Database) -> None:
    _gap(database, FIRST, FIRST + timedelta(seconds=119))
    with database.reading() as db:
        assert db.scalars(sa.select(TroubleSign)).all() == []
    _gap(database, FIRST + timedelta(seconds=121), LAST + timedelta(seconds=5))
    with database.reading() as db:
        found = db.scalars(sa.select(TroubleSign).where(TroubleSign.office_id == 1)).one()
        assert (found.first, found.last) == (FIRST + timedelta(minutes=2), LAST + timedelta(minutes=1))


def test_a_clock_that_is_put_forward_is_no_gap_and_one_put_back_hides_none(database: Database) -> None:
    with database.transaction() as db:
        noticing.beat(db, now=FIRST, boot="a", seconds=100)
    with database.transaction() as db:
        noticing.beat(db, now=FIRST + timedelta(days=365), boot="a", seconds=115)
    with database.reading() as db:
        assert db.scalars(sa.select(TroubleSign)).all() == []
    with database.transaction() as db:
        noticing.beat(db, now=LAST, boot="a", seconds=115 + 600)
    with database.reading() as db:
        found = db.scalars(sa.select(TroubleSign).where(TroubleSign.office_id == 1)).one()
        assert found.first == LAST - timedelta(minutes=10)


def test_after_a_new_start_of_the_machine_the_clock_says_how_long_it_was_off(database: Database) -> None:
    with database.transaction() as db:
        noticing.beat(db, now=FIRST, boot="a", seconds=90_000)
    with database.transaction() as db:
        noticing.beat(db, now=LAST, boot="b", seconds=20)
    with database.reading() as db:
        assert [row.first for row in db.scalars(sa.select(TroubleSign).where(TroubleSign.office_id == 1))] == [FIRST]


def test_of_two_schedulers_one_that_goes_on_is_enough_and_a_late_beat_changes_nothing(database: Database) -> None:
    for seconds in (0, 90, 180, 170, 270):
        with database.transaction() as db:
            noticing.beat(db, now=FIRST + timedelta(seconds=seconds), boot="a", seconds=100 + seconds)
    with database.reading() as db:
        assert db.scalars(sa.select(TroubleSign)).all() == []
    assert scheduler.last_beat(database) == FIRST + timedelta(seconds=270)


def _counted(troubles: Troubles, database: Database, *people: str, minutes: int = 3) -> None:
    for who in people:
        session = digest(open_session(database, who))
        for minute in range(minutes):
            troubles.note("away", session, _minutes(minute))


def test_what_a_process_counted_is_written_once_however_often(database: Database, tmp_path: Path) -> None:
    troubles = Troubles(tmp_path)
    _counted(troubles, database, "ben", "tia", minutes=1)
    waiting = troubles.waiting(LATER)
    for _time in range(2):  # the commit went through, and nobody heard of it
        with database.transaction() as db:
            noticing.write_down(db, waiting)
    troubles.written(waiting)
    with database.reading() as db:
        (found,) = db.scalars(sa.select(TroubleSign)).all()
    assert (found.count, len(found.officers), found.office_id) == (2, 2, 1), "no sign for the office that was not met"
    assert troubles.waiting(LATER) == []


def test_a_count_of_nobody_known_is_a_sign_for_every_office(database: Database) -> None:
    troubles = Troubles()
    troubles.note("busy", "", FIRST)
    with database.transaction() as db:
        noticing.write_down(db, troubles.waiting(LATER))
    with database.reading() as db:
        assert sorted(db.scalars(sa.select(TroubleSign.office_id))) == [1, 2]


def test_counting_asks_no_database_and_a_kill_before_writing_loses_nothing(database: Database, tmp_path: Path) -> None:
    troubles = Troubles(tmp_path / "troubles")
    with count_queries(database) as seen:
        for minute in range(3):
            troubles.note("away", "unknown", FIRST + timedelta(minutes=minute))
    assert seen == []
    work = Work(Database("postgresql://nobody@127.0.0.1:1/none"), None, "", troubles=troubles)
    with pytest.raises(sa.exc.OperationalError):
        scheduler._troubles(work, LATER)
    del troubles, work  # killed here
    heir = Troubles(tmp_path / "troubles")
    assert heir.waiting(datetime.now(LATER.tzinfo)) == [], "the file of a process that lives is its own"
    left = heir.waiting(datetime.now(LATER.tzinfo) + timedelta(minutes=5))
    assert sum(count.times for batch in left for count in batch.counts) == 3
    with database.transaction() as db:
        noticing.write_down(db, left)
    heir.written(left)
    assert list((tmp_path / "troubles").iterdir()) == []


def test_a_file_that_nobody_understands_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{", "utf-8")
    assert Troubles(tmp_path).waiting(datetime.now(LATER.tzinfo) + timedelta(hours=1)) == []
    assert [one.name for one in tmp_path.iterdir()] == ["old.unread"]


# What is proposed


def test_a_gap_at_the_start_of_work_is_proposed_once_with_whom_it_touches(database: Database) -> None:
    outage_id = _proposed(database)
    proposing.propose_due(database, now=LATER + timedelta(minutes=1))
    assert _outages(database) == [(OutageState.PROPOSED, FIRST, LAST, 1)]
    hana = viewer_of(database, "hana")
    with database.reading() as db:
        shown = reading.one_for(db, hana, outage_id)
        told = db.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.OUTAGE_NOTICED)).all()
    assert [(one.account_id, one.address) for one in told] == [(hana.account_id, f"/admin/outages/{outage_id}")]
    assert shown.count == 7
    assert shown.evidence == {"gap": {"minutes": 32, "times": 1}}
    assert dict(shown.divisions)["Pendaftaran Penduduk"] == ["Ana Kaunang", "Ben Tumiwa", "Tia Lumintang"]


def test_nothing_is_proposed_that_touches_nobody(database: Database) -> None:
    night = MORNING + timedelta(hours=12)
    _gap(database, night, night + timedelta(hours=2))
    proposing.propose_due(database, now=night + timedelta(hours=3))
    assert _outages(database) == []


def test_a_few_refusals_in_one_minute_are_a_blip_and_in_two_of_three_people_an_outage(database: Database) -> None:
    troubles = Troubles()
    _counted(troubles, database, "ben", "tia", "cy", minutes=1)
    for minutes, found in ((1, 0), (3, 1)):
        _counted(troubles, database, "ben", "tia", "cy", minutes=minutes)
        with database.transaction() as db:
            noticing.write_down(db, troubles.waiting(LATER))
        proposing.propose_due(database, now=LATER)
        assert len(_outages(database)) == found


def test_neighbours_are_one_outage_and_a_proposal_grows(database: Database) -> None:
    _gap(database, FIRST, FIRST + timedelta(minutes=10))
    _gap(database, FIRST + timedelta(minutes=14), FIRST + timedelta(minutes=20))
    assert proposing.propose_due(database, now=FIRST + timedelta(minutes=22)) == 0, "it may go on"
    proposing.propose_due(database, now=FIRST + timedelta(minutes=30))
    assert [one[1:] for one in _outages(database)] == [(FIRST, FIRST + timedelta(minutes=20), 1)]
    _gap(database, FIRST + timedelta(minutes=25), FIRST + timedelta(minutes=32))
    proposing.propose_due(database, now=FIRST + timedelta(minutes=40))
    assert [one[1:] for one in _outages(database)] == [(FIRST, FIRST + timedelta(minutes=32), 2)]


@pytest.mark.parametrize("act", [OutageAct.CONFIRMED, OutageAct.DISMISSED])
def test_what_was_decided_is_not_proposed_again_though_it_was_narrowed(database: Database, act: OutageAct) -> None:
    outage_id = _proposed(database)
    other = {"first": FIRST + timedelta(minutes=20)} if act is OutageAct.CONFIRMED else {}
    _decide(database, outage_id, act, **other)
    proposing.propose_due(database, now=LATER + timedelta(minutes=5))
    assert len(_outages(database)) == 1


def test_two_schedulers_that_propose_at_once_and_write_the_same_counts_make_one_outage(
    database: Database, tmp_path: Path
) -> None:
    troubles = Troubles(tmp_path / "troubles")
    _counted(troubles, database, "ben", "tia", "cy")
    waiting = troubles.waiting(LATER)

    def work(_number: int) -> None:
        with database.transaction() as db:
            noticing.write_down(db, waiting)
        proposing.propose_due(database, now=LATER)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with database.reading() as db:
        found = db.scalars(sa.select(Outage)).one()
        assert found.evidence == {"away": {"minutes": 3, "times": 9}}
        assert db.scalar(sa.select(sa.func.count()).select_from(OutageStep)) == 1


# What is decided


def test_confirmed_it_excuses_whom_it_touches_and_taken_back_it_excuses_nobody(database: Database) -> None:
    ben = _come(database, "ben", _minutes(30))
    outage_id = _proposed(database)
    assert _late(database, ben) == 30
    _decide(database, outage_id, OutageAct.CONFIRMED)
    assert _late(database, ben) == 0
    _decide(database, outage_id, OutageAct.CHANGED, last=_minutes(10))
    assert _late(database, ben) == 10
    _decide(database, outage_id, OutageAct.UNDONE)
    assert _late(database, ben) == 30
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(OutageExcuse)) == 0
        acts = db.scalars(sa.select(OutageStep.act).where(OutageStep.outage_id == outage_id).order_by(OutageStep.turn))
        assert list(acts) == [OutageAct.NOTICED, OutageAct.CONFIRMED, OutageAct.CHANGED, OutageAct.UNDONE]


def test_the_stored_days_of_just_these_people_follow(database: Database) -> None:
    count_from(database, TODAY)
    ben, outage_id = _come(database, "ben", _minutes(30)), _proposed(database)
    hana, tia = viewer_of(database, "hana"), viewer_of(database, "tia").officer_id or 0
    with database.transaction() as db:
        plan_range(db, hana, tia, TODAY)
    tomorrow = LATER + timedelta(days=1)
    for _step in range(5):
        days.close_due(database, now=tomorrow)
    with database.reading() as db:
        before = {row.officer_id: row.computed_at for row in db.scalars(sa.select(StoredDay))}
    _decide(database, outage_id, OutageAct.CONFIRMED, now=tomorrow)
    with database.reading() as db:
        after = {row.officer_id: row for row in db.scalars(sa.select(StoredDay).where(StoredDay.date == TODAY))}
        assert (after[ben].late, after[ben].code) == (0, "H")
        assert after[tia].computed_at == before[tia], "whoever is on leave is not touched"
    assert list(days.check(database, TODAY, TODAY, now=tomorrow)) == []


def test_of_two_who_decide_at_once_the_second_is_told_and_one_press_twice_is_once(database: Database) -> None:
    outage_id = _proposed(database)
    key = str(uuid4())
    assert _decide(database, outage_id, OutageAct.CONFIRMED, key=key) is True
    assert _decide(database, outage_id, OutageAct.CONFIRMED, key=key) is False
    with pytest.raises(Conflict):
        _decide(database, outage_id, OutageAct.DISMISSED, seen=1)


def test_another_span_needs_a_reason_and_no_span_ends_before_it_begins_or_later_than_now(database: Database) -> None:
    outage_id = _proposed(database)
    with pytest.raises(Refused) as refused:
        _decide(database, outage_id, OutageAct.CONFIRMED, last=LAST - timedelta(minutes=5), reason="")
    assert refused.value.field == "reason"
    for span in ({"last": FIRST}, {"last": LATER + timedelta(hours=1)}, {"first": FIRST - timedelta(days=8)}):
        with pytest.raises(Refused):
            _decide(database, outage_id, OutageAct.CONFIRMED, **span)


def test_hr_alone_decides_and_no_other_office_sees_it(database: Database) -> None:
    outage_id = _proposed(database)
    wish = steps.Decision(OutageAct.CONFIRMED, FIRST, LAST, "x", None, str(uuid4()))
    refusals = dict.fromkeys(("dewi", "adi", "ana", "ben"), Forbidden) | {"oka": NotFound}
    for who, refusal in refusals.items():
        me = viewer_of(database, who)
        with pytest.raises(refusal), database.transaction() as db:
            steps.decide(db, me, outage_id, wish, now=LATER)


def test_what_hr_enters_waits_as_a_proposal_and_twice_is_once(database: Database) -> None:
    hana, key = viewer_of(database, "hana"), str(uuid4())
    draft = steps.Draft(OutageKind.APP, FIRST, LAST, "Pemberitahuan PLN")
    found = []
    for _time in range(2):
        with database.transaction() as db:
            found.append(steps.enter(db, hana, draft, key=key, now=LATER))
    assert found[0] == found[1]
    _gap(database)
    proposing.propose_due(database, now=LATER)
    assert len(_outages(database)) == 1, "what the program noticed of it is spoken of already"


def _touched(database: Database, first: datetime, last: datetime, *officers: int) -> set[str]:
    hana: Viewer = viewer_of(database, "hana")
    with database.reading() as db:
        span = Span(OutageKind.APP, first, last, frozenset(officers))
        return {one.name.split()[0] for one in touched(db, hana.office_id, span)}


def test_touched_is_whose_work_began_or_ended_then_or_who_was_refused_and_nobody_on_leave(database: Database) -> None:
    hana, ben = viewer_of(database, "hana"), viewer_of(database, "ben").officer_id or 0
    with database.transaction() as db:
        plan_range(db, hana, ben, TODAY)
    everybody = {"Dewi", "Ana", "Tia", "Cy", "Hana", "Adi"}
    assert _touched(database, FIRST, LAST, ben) == everybody
    noon = _minutes(240)
    tia = viewer_of(database, "tia").officer_id or 0
    assert _touched(database, noon, noon + timedelta(minutes=20)) == set()
    assert _touched(database, noon, noon + timedelta(minutes=20), tia, ben) == {"Tia"}
    assert _touched(database, _minutes(500), _minutes(520)) == everybody, "16.00 lies in it"


def test_marks_are_as_they_were(database: Database) -> None:
    _come(database, "ben", _minutes(30))
    outage_id = _proposed(database)
    with database.reading() as db:
        before = db.execute(sa.select(Mark.__table__)).all()
    _decide(database, outage_id, OutageAct.CONFIRMED)
    with database.reading() as db:
        assert db.execute(sa.select(Mark.__table__)).all() == before
