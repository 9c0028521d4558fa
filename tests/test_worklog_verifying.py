"""The way of a daily log: sent, taken back, returned, verified, reopened; who verifies, and of two at once one."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import days, i18n, worklog
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import (
    Account,
    Correction,
    CorrectionKind,
    CorrectionReason,
    DailyReport,
    LogAct,
    LogState,
    Notice,
    NoticeKind,
    Officer,
    PlanLayer,
    Posting,
    ReportStep,
)
from staffhub.security import Viewer
from staffhub.worklog import Press, delegates
from tests.conftest import MORNING, TODAY, plan_range, race, viewer_of

YESTERDAY = TODAY - timedelta(days=1)
FRIDAY = date(2026, 11, 20)
EVENING = MORNING - timedelta(hours=10)  # Sunday evening: the log of yesterday is in time


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def ben(database: Database) -> Viewer:
    """Ana is above Ben, and Dewi, the head, above Ana."""
    ids = {name: viewer_of(database, name).officer_id for name in ("ana", "ben", "dewi")}
    with database.transaction() as db:
        for below, above in (("ben", "ana"), ("ana", "dewi")):
            db.execute(sa.update(Posting).where(Posting.officer_id == ids[below]).values(superior_id=ids[above]))
    return viewer_of(database, "ben")


def send(database: Database, me: Viewer, *, day: date = TODAY, now: datetime = MORNING) -> int:
    """Write a line and send the day; return the report."""
    with database.transaction() as db:
        line = {"text": "Memeriksa", "starts": time(8), "ends": time(9)}
        worklog.write(db, me, day=day, **line, key=str(uuid4()), now=now)  # type: ignore[arg-type]
        worklog.submit(db, me, day=day, now=now)
        return db.scalars(
            sa.select(DailyReport.id).where(DailyReport.officer_id == me.officer_id, DailyReport.date == day)
        ).one()


def decide(database: Database, me: Viewer, report: int, act: LogAct, note: str = "", seen: int | None = None) -> bool:
    with database.transaction() as db:
        return worklog.decide(db, me, report, act, Press(seen, str(uuid4()), note), now=MORNING).first


def stands(database: Database, report: int) -> DailyReport:
    with database.reading() as db:
        return db.get_one(DailyReport, report)


def told(database: Database, kind: NoticeKind) -> list[tuple[str, bool]]:
    with database.reading() as db:
        found = sa.select(Account.username, Notice.read_at).join(Notice, Notice.account_id == Account.id)
        return [(name, read is not None) for name, read in db.execute(found.where(Notice.kind == kind))]


def test_a_log_goes_to_the_superior_and_comes_back_until_it_is_verified(database: Database, ben: Viewer) -> None:
    ana = viewer_of(database, "ana")
    report = send(database, ben)
    assert told(database, NoticeKind.LOGS_TO_VERIFY) == [("ana", False)]
    with pytest.raises(Refused, match="Write what"):
        decide(database, ana, report, LogAct.RETURNED)
    decide(database, ana, report, LogAct.RETURNED, "How many?")
    assert told(database, NoticeKind.LOGS_TO_VERIFY) == [("ana", True)], "nothing waits any more"
    assert told(database, NoticeKind.LOG_RETURNED) == [("ben", False)]
    with database.reading() as db:
        sheet = worklog.sheet_of(db, ben, TODAY)
    assert (sheet.state, sheet.note, sheet.by, sheet.locked) == (LogState.RETURNED, "How many?", "Ana Kaunang", False)
    with database.transaction() as db:
        worklog.submit(db, ben, day=TODAY, now=MORNING)
    decide(database, ana, report, LogAct.VERIFIED)
    done = stands(database, report)
    assert (done.state, done.verified_by, done.verified_at) == (LogState.VERIFIED, ana.officer_id, MORNING)
    with pytest.raises(Conflict, match="verified"), database.transaction() as db:
        worklog.take_back(db, ben, day=TODAY, version=None, now=MORNING)
    decide(database, ana, report, LogAct.REOPENED, "One line is missing")
    again = stands(database, report)
    assert (again.state, again.verified_by, again.verified_at) == (LogState.RETURNED, None, None)
    with database.reading() as db:
        steps = db.execute(sa.select(ReportStep.turn, ReportStep.act).order_by(ReportStep.turn)).all()
    course = [LogAct.SUBMITTED, LogAct.RETURNED, LogAct.SUBMITTED, LogAct.VERIFIED, LogAct.REOPENED]
    assert [tuple(step) for step in steps] == list(enumerate(course, 1))


def test_what_is_taken_back_is_open_and_counts_as_not_sent(database: Database, ben: Viewer) -> None:
    report = send(database, ben, day=FRIDAY)

    def reported() -> bool:
        with database.reading() as db:
            one = db.get_one(Officer, ben.officer_id)
            facts = days.load(db, ben.office_id, [one], [FRIDAY], zone=ben.zone, now=MORNING).facts
            return bool(facts[one.id, FRIDAY].done.reported)

    assert reported()
    with database.transaction() as db:
        worklog.take_back(db, ben, day=FRIDAY, version=1, now=MORNING)
    assert not reported()
    with pytest.raises(Conflict, match="with you"), database.transaction() as db:
        worklog.take_back(db, ben, day=FRIDAY, version=None, now=MORNING)
    with pytest.raises(Conflict, match="taken this log back"):
        decide(database, viewer_of(database, "ana"), report, LogAct.VERIFIED, seen=2)


def test_a_log_sent_after_midnight_of_the_office_is_late_and_a_returned_one_keeps_its_word(
    database: Database, ben: Viewer
) -> None:
    midnight = datetime.combine(TODAY, time(), tzinfo=ben.zone)
    in_time = send(database, ben, day=YESTERDAY, now=midnight - timedelta(seconds=1))
    late = send(database, ben, day=FRIDAY, now=midnight)
    assert (stands(database, in_time).late, stands(database, late).late) == (False, True)
    decide(database, viewer_of(database, "ana"), in_time, LogAct.RETURNED, "How many?")
    with database.transaction() as db:
        worklog.submit(db, ben, day=YESTERDAY, now=MORNING)
    assert not stands(database, in_time).late, "it was sent in time, and came back"
    with database.transaction() as db:
        worklog.take_back(db, ben, day=YESTERDAY, version=None, now=MORNING)
        worklog.submit(db, ben, day=YESTERDAY, now=MORNING)
    assert stands(database, in_time).late, "the officer took it back, and sent it after its day"


def test_the_one_above_stands_in_for_a_superior_who_is_away_or_has_left(database: Database, ben: Viewer) -> None:
    ana, dewi = viewer_of(database, "ana"), viewer_of(database, "dewi")

    def wait(me: Viewer) -> int:
        with database.reading() as db:
            count = worklog.to_verify(db, me, TODAY).count
            assert worklog.waiting(db, me, today=TODAY)[1] == count
            return count

    first, second = send(database, ben), send(database, ben, day=FRIDAY)
    own = send(database, ana)
    assert (wait(ana), wait(dewi)) == (2, 1), "nobody verifies the own log: that of Ana is with Dewi"
    with pytest.raises(Forbidden, match="does not wait"):
        decide(database, dewi, first, LogAct.VERIFIED)
    with pytest.raises(Forbidden, match="own"):
        decide(database, ana, own, LogAct.VERIFIED)
    with database.transaction() as db:
        plan_range(db, dewi, ana.officer_id, TODAY, layer=PlanLayer.LEAVE)
    assert (wait(ana), wait(dewi)) == (2, 3), "on leave Ana may still do it"
    decide(database, dewi, first, LogAct.VERIFIED)
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == ana.officer_id).values(active_to=YESTERDAY))
        db.execute(sa.update(Posting).where(Posting.officer_id == ana.officer_id).values(superior_id=None))
    assert wait(dewi) == 2, "where nobody is above the one who left, it is the head's"
    decide(database, dewi, second, LogAct.VERIFIED)
    with database.reading() as db:
        in_place = db.scalars(sa.select(ReportStep.instead_of).where(ReportStep.act == LogAct.VERIFIED)).all()
        assert set(in_place) == {ana.officer_id}
        assert worklog.waiting(db, dewi, today=TODAY, all_of_them=True)[1] == 1
    send(database, dewi)
    assert wait(dewi) == 1, "over the head stands nobody"
    with database.reading() as db:
        officers = {one.officer_id for one in worklog.waiting(db, dewi, today=TODAY, all_of_them=True)[0]}
    assert officers == {ana.officer_id}, "what nobody verifies waits for nobody"


def test_a_superior_who_is_sick_by_what_hr_wrote_of_today_is_away_like_one_on_leave(
    database: Database, ben: Viewer
) -> None:
    hana, ana, dewi = (viewer_of(database, who) for who in ("hana", "ana", "dewi"))
    send(database, ben)

    def says(kind: CorrectionKind) -> None:
        facts = {"office_id": hana.office_id, "officer_id": ana.officer_id, "date": TODAY, "kind": kind}
        facts |= {"reason": CorrectionReason.LEAVE_LETTER, "note": "Surat", "created_by": hana.account_id}
        with database.transaction() as db:
            db.execute(sa.insert(Correction).values(**facts, created_at=MORNING, idempotency_key=kind))

    assert waits(database, dewi) == 0
    says(CorrectionKind.LEAVE)
    assert waits(database, dewi) == 1
    says(CorrectionKind.ABSENT)
    assert waits(database, dewi) == 0, "the newest that speaks of the whole day counts"


def name(database: Database, me: Viewer, superior: Viewer | None, officer: Viewer, **other: Any) -> bool:
    days = {"valid_from": TODAY, "valid_to": TODAY + timedelta(days=3), "key": str(uuid4())} | other
    with database.transaction() as db:
        return delegates.name_stand_in(
            db,
            me,
            superior_id=superior and superior.officer_id,
            officer_id=officer.officer_id or 0,
            now=MORNING,
            **days,
        )


def waits(database: Database, me: Viewer, day: date = TODAY) -> int:
    with database.reading() as db:
        return worklog.to_verify(db, me, day).count


def test_a_delegate_verifies_in_the_place_of_a_superior_from_a_day_to_a_day(database: Database, ben: Viewer) -> None:
    ana, cy, dewi = (viewer_of(database, name) for name in ("ana", "cy", "dewi"))
    assert name(database, ana, ana, cy, key="once")
    assert not name(database, ana, ana, cy, key="once")
    report = send(database, ben)
    assert {username for username, _read in told(database, NoticeKind.LOGS_TO_VERIFY)} == {"ana", "cy"}
    after = TODAY + timedelta(days=4)
    assert [waits(database, one) for one in (ana, cy, dewi)] == [1, 1, 0]
    assert [waits(database, cy, TODAY - timedelta(days=1)), waits(database, cy, after)] == [0, 0]
    with database.transaction() as db:
        plan_range(db, dewi, ana.officer_id, TODAY, layer=PlanLayer.LEAVE)
    assert (waits(database, cy), waits(database, dewi)) == (1, 0), "the delegate is here, so it is not the head's"
    with database.transaction() as db:
        plan_range(db, dewi, cy.officer_id, TODAY, layer=PlanLayer.LEAVE)
    assert waits(database, dewi) == 1, "the delegate is away as well"
    decide(database, cy, report, LogAct.VERIFIED)
    with database.reading() as db:
        (step,) = db.scalars(sa.select(ReportStep).where(ReportStep.act == LogAct.VERIFIED)).all()
    assert step.instead_of == ana.officer_id
    own = send(database, cy, day=FRIDAY)
    with pytest.raises(Forbidden, match="own"):
        decide(database, cy, own, LogAct.VERIFIED)


def test_one_for_all_verifies_for_whoever_is_away_and_never_the_log_of_the_head(
    database: Database, ben: Viewer
) -> None:
    ana, cy, dewi, hana = (viewer_of(database, name) for name in ("ana", "cy", "dewi", "hana"))
    with pytest.raises(Forbidden, match="HR"):
        name(database, ana, None, cy)
    assert name(database, hana, None, cy)
    send(database, ben)
    send(database, dewi)
    with database.transaction() as db:
        plan_range(db, dewi, hana.officer_id, TODAY, layer=PlanLayer.LEAVE)
    assert waits(database, cy) == 0, "Ana is here, whoever else is on leave"
    with database.transaction() as db:
        plan_range(db, dewi, ana.officer_id, TODAY, layer=PlanLayer.LEAVE)
    assert (waits(database, cy), waits(database, dewi)) == (1, 0)
    with database.reading() as db:
        (named,) = delegates.stand_ins(db, dewi, today=TODAY)
        assert delegates.stand_ins(db, ana, today=TODAY) == []
    with pytest.raises(Forbidden, match="own place"), database.transaction() as db:
        delegates.end_stand_in(db, ana, named.id, now=MORNING)
    for first in (True, False):
        with database.transaction() as db:
            assert delegates.end_stand_in(db, dewi, named.id, now=MORNING) is first
    assert (waits(database, cy), waits(database, dewi)) == (0, 1)


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"valid_from": YESTERDAY}, "valid_from"),
        ({"valid_to": YESTERDAY}, "valid_to"),
        ({"valid_to": TODAY + timedelta(days=400)}, "valid_to"),
    ],
)
def test_a_wrong_stand_in_is_refused_beside_its_field(
    database: Database, ben: Viewer, other: dict[str, Any], field: str
) -> None:
    ana, cy = viewer_of(database, "ana"), viewer_of(database, "cy")
    with pytest.raises(Refused) as refused:
        name(database, ana, ana, cy, **other)
    assert refused.value.field == field
    with pytest.raises(Refused) as refused:
        name(database, ana, ana, ana)
    assert refused.value.field == "officer"
    with pytest.raises(Forbidden, match="own place"):
        name(database, ben, ana, cy)


def test_of_a_superior_who_verifies_and_an_officer_who_takes_back_the_second_is_told(
    database: Database, ben: Viewer
) -> None:
    ana, report = viewer_of(database, "ana"), send(database, ben)

    def take_back() -> str:
        try:
            with database.transaction() as db:
                worklog.take_back(db, ben, day=TODAY, version=1, now=MORNING)
        except Conflict as error:
            return error.message
        return ""

    said = race(
        database,
        lambda db: worklog.decide(db, ana, report, LogAct.VERIFIED, Press(1, "verify-key"), now=MORNING),
        take_back,
    )
    assert said
    assert stands(database, report).state is LogState.VERIFIED


def test_a_press_sent_again_answers_like_the_first_time(database: Database, ben: Viewer) -> None:
    ana, report = viewer_of(database, "ana"), send(database, ben)
    for first in (True, False):
        with database.transaction() as db:
            done = worklog.decide(db, ana, report, LogAct.VERIFIED, Press(1, "the-same-key"), now=MORNING)
        assert done.first is first
    assert stands(database, report).version == 2


def test_many_are_verified_at_once_and_what_changed_meanwhile_is_left_out(database: Database, ben: Viewer) -> None:
    ana = viewer_of(database, "ana")
    reports = [send(database, ben, day=TODAY - timedelta(days=n)) for n in range(3)]
    with database.transaction() as db:
        worklog.take_back(db, ben, day=TODAY, version=1, now=MORNING)
    chosen = [(report, 1) for report in reports] + [(987654, 1)]
    with database.transaction() as db:
        done = worklog.verify_many(db, ana, chosen, "many-key", now=MORNING)
    assert (done.verified, [name for name, _why in done.left_out]) == (2, ["Ben Tumiwa", "A log"])
    assert [stands(database, one).state for one in reports] == [LogState.TAKEN_BACK, *[LogState.VERIFIED] * 2]


def test_where_the_one_above_is_gone_too_and_nobody_is_named_the_log_waits_with_the_head_who_is_told(
    database: Database, ben: Viewer
) -> None:
    ana, cy, dewi = (viewer_of(database, who) for who in ("ana", "cy", "dewi"))
    with database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == ana.officer_id).values(superior_id=cy.officer_id))
        for away in (ana, cy):
            plan_range(db, dewi, away.officer_id, TODAY, layer=PlanLayer.LEAVE)
    send(database, ben)
    assert (told(database, NoticeKind.LOGS_TO_VERIFY), waits(database, dewi)) == ([("dewi", False)], 1)
    send(database, dewi)
    assert len(told(database, NoticeKind.LOGS_TO_VERIFY)) == 1, "over the head stands nobody"
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == ana.officer_id).values(active_to=YESTERDAY))
        db.execute(sa.update(Posting).where(Posting.officer_id == ana.officer_id).values(superior_id=None))
        db.execute(sa.delete(Notice))
    send(database, ben, day=FRIDAY)
    assert told(database, NoticeKind.LOGS_TO_VERIFY) == [("dewi", False)], "nobody stands above the one who left"


def test_a_verifier_is_told_once_a_day_however_many_logs_wait(database: Database, ben: Viewer) -> None:
    send(database, ben, day=YESTERDAY, now=EVENING)
    send(database, ben, day=FRIDAY, now=EVENING)
    assert len(told(database, NoticeKind.LOGS_TO_VERIFY)) == 1
    send(database, ben)
    assert len(told(database, NoticeKind.LOGS_TO_VERIFY)) == 2, "another day, another notice"
