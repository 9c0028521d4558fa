import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import corrections, days, i18n, presence
from staffhub.clock import at_local
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import (
    Account,
    AuditEvent,
    Correction,
    CorrectionKind,
    CorrectionReason,
    Grade,
    Mark,
    MarkKind,
    Office,
    Officer,
    Posting,
    Role,
    WorkMode,
)
from staffhub.reports import recap, words
from tests.conftest import MORNING, TODAY, add_account, add_officer, viewer_of

FRIDAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def hana(database):
    return viewer_of(database, "hana")


@pytest.fixture
def ben_id(database):
    return viewer_of(database, "ben").officer_id


def put_mark(database, me, officer_id: int, day: date, clock: str, kind: MarkKind, **facts: Any) -> None:
    at = at_local(day, time.fromisoformat(clock), me.zone)
    values = {
        "mode": WorkMode.OFFICE if kind is MarkKind.CHECK_IN else None,
        "grade": Grade.C,
        "receipt": uuid4().hex[:12].upper(),
        "idempotency_key": str(uuid4()),
        "turn": int(clock[:2]) * 60 + int(clock[3:5]),
        **facts,
    }
    with database.transaction() as db:
        row = {"office_id": me.office_id, "officer_id": officer_id, "date": day, "kind": kind}
        db.add(Mark(**row, attempted_at=at, received_at=at, **values))


def add(database, me, officer_id: int, **facts: Any) -> corrections.Added:
    wish = {"kind": CorrectionKind.CHECK_OUT, "clock_time": time(16, 0), "mode": None, "next_day": False}
    wish |= {name: facts.pop(name) for name in wish.keys() & facts.keys()}
    given = {
        "day": FRIDAY,
        "wish": corrections.Wish(**wish),
        "reason": CorrectionReason.FORGOT,
        "note": "",
        "idempotency_key": str(uuid4()),
        "now": MORNING,
        **facts,
    }
    with database.transaction() as db:
        return corrections.add(db, me, recap.officer_for(db, me, officer_id, TODAY), **given)


def stored(database) -> list[Correction]:
    with database.reading() as db:
        return list(db.scalars(sa.select(Correction).order_by(Correction.id)))


def test_hr_adds_a_fact_and_the_trail_knows_it_but_not_its_note(database, hana, ben_id):
    added = add(database, hana, ben_id, note="ada surat dokter")
    assert (added.officer_id, added.day, added.first) == (ben_id, FRIDAY, True)
    row = stored(database)[0]
    assert (row.kind, row.at, row.created_by) == (
        CorrectionKind.CHECK_OUT,
        at_local(FRIDAY, time(16, 0), hana.zone),
        hana.account_id,
    )
    with database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "correction.added")).one()
    assert (event.subject, event.subject_id, event.facts["kind"]) == ("officer", ben_id, "check_out")
    assert "dokter" not in str(event.facts)


def test_the_same_form_twice_is_one_correction(database, hana, ben_id):
    key = str(uuid4())
    assert add(database, hana, ben_id, idempotency_key=key).first
    again = add(database, hana, ben_id, idempotency_key=key)
    assert (again.first, again.officer_id, again.day) == (False, ben_id, FRIDAY)
    assert len(stored(database)) == 1


def test_a_form_that_was_sent_and_then_changed_is_not_called_recorded(database, hana, ben_id):
    key = str(uuid4())
    assert add(database, hana, ben_id, idempotency_key=key).first
    with pytest.raises(Conflict):
        add(database, hana, ben_id, idempotency_key=key, clock_time=time(15, 0))
    assert len(stored(database)) == 1


def test_two_taps_at_once_are_one_correction(database, hana, ben_id):
    key, start = str(uuid4()), threading.Barrier(4)

    def tap(_n: int) -> bool:
        start.wait()
        return add(database, hana, ben_id, idempotency_key=key).first

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(tap, range(4))) == [False, False, False, True]
    assert len(stored(database)) == 1


def test_two_corrections_of_a_kind_are_both_kept(database, hana, ben_id):
    add(database, hana, ben_id)
    add(database, hana, ben_id, clock_time=time(16, 5), now=MORNING + timedelta(minutes=5))
    assert len(stored(database)) == 2
    with database.reading() as db:
        listed, total = corrections.listed(db, hana, FRIDAY, FRIDAY)
    assert [(one.at.strftime("%H:%M"), one.replaced) for one in listed] == [("16:05", False), ("16:00", True)]
    assert total == 2
    assert {(one.officer, one.author) for one in listed} == {("Ben Tumiwa", "Hana Tendean")}


@pytest.mark.parametrize("username", ["dewi", "ana", "ben", "adi"])
def test_nobody_but_hr_corrects(database, ben_id, username):
    with pytest.raises(Forbidden):
        add(database, viewer_of(database, username), ben_id)
    assert stored(database) == []


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"day": TODAY + timedelta(days=1)}, "date"),
        ({"day": TODAY, "clock_time": time(7, 30)}, "time"),
        ({"clock_time": None}, "time"),
        ({"kind": CorrectionKind.CHECK_IN, "clock_time": None}, "time"),
        ({"kind": CorrectionKind.MODE}, "mode"),
        ({"kind": CorrectionKind.ABSENT, "day": TODAY}, "kind"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(database, hana, ben_id, facts, field):
    with pytest.raises(Refused) as refused:
        add(database, hana, ben_id, **facts)
    assert refused.value.field == field
    assert stored(database) == []


def test_the_check_out_is_never_before_the_check_in(database, hana, ben_id):
    put_mark(database, hana, ben_id, FRIDAY, "07:52", MarkKind.CHECK_IN)
    with pytest.raises(Refused, match="before the check-in at 07:52"):
        add(database, hana, ben_id, clock_time=time(7, 51))
    with i18n.in_locale("id"), pytest.raises(Refused, match=r"07\.52"):
        add(database, hana, ben_id, clock_time=time(7, 51))
    add(database, hana, ben_id, kind=CorrectionKind.CHECK_IN, clock_time=time(7, 20))
    assert add(database, hana, ben_id, clock_time=time(7, 51)).first


def test_the_check_in_is_never_after_the_check_out(database, hana, ben_id):
    put_mark(database, hana, ben_id, FRIDAY, "07:30", MarkKind.CHECK_IN)
    put_mark(database, hana, ben_id, FRIDAY, "15:00", MarkKind.CHECK_OUT)
    with pytest.raises(Refused, match="after the check-out at 15:00"):
        add(database, hana, ben_id, kind=CorrectionKind.CHECK_IN, clock_time=time(15, 1))
    add(database, hana, ben_id, clock_time=time(16, 30))
    assert add(database, hana, ben_id, kind=CorrectionKind.CHECK_IN, clock_time=time(15, 1)).first


def test_a_time_belongs_only_to_a_time_and_a_place_only_to_work(database, hana, ben_id):
    add(database, hana, ben_id, kind=CorrectionKind.LEAVE, mode=WorkMode.HOME)
    add(database, hana, ben_id, kind=CorrectionKind.MODE, mode=WorkMode.HOME)
    add(database, hana, ben_id, kind=CorrectionKind.CHECK_IN, clock_time=time(7, 30), mode=WorkMode.HOME)
    add(database, hana, ben_id, kind=CorrectionKind.ABSENT, day=date(2026, 11, 19))
    assert [(row.at is None, row.mode) for row in stored(database)] == [
        (True, None),
        (True, WorkMode.HOME),
        (False, WorkMode.HOME),
        (True, None),
    ]


def test_the_list_holds_what_is_in_scope_page_by_page(database, hana, ben_id):
    cy_id = viewer_of(database, "cy").officer_id
    for minute in range(3):
        add(database, hana, ben_id, now=MORNING + timedelta(minutes=minute))
    add(database, hana, cy_id)
    span = (date(2026, 11, 1), date(2026, 11, 30))
    with database.reading() as db:
        assert corrections.listed(db, hana, *span)[1] == 4
        rows, total = corrections.listed(db, hana, *span, offset=3, limit=3)
        assert (len(rows), total) == (1, 4)
        for username, seen in (("ana", 3), ("ben", 3), ("cy", 1), ("tia", 0), ("dewi", 4), ("oka", 0)):
            assert corrections.listed(db, viewer_of(database, username), *span)[1] == seen
        assert corrections.listed(db, hana, date(2026, 10, 1), date(2026, 10, 31)) == ([], 0)


def test_an_author_without_a_place_on_the_register_is_known_by_the_user_name(database, hana, ben_id):
    add(database, hana, ben_id)
    with database.transaction() as db:
        db.execute(sa.text("UPDATE account SET officer_id = NULL, role = 'hr' WHERE username = 'hana'"))
    with database.reading() as db:
        assert corrections.listed(db, hana, FRIDAY, FRIDAY)[0][0].author == "hana"
        assert isinstance(corrections.listed(db, hana, FRIDAY, FRIDAY)[0][0].created_at, datetime)
        assert db.scalar(sa.select(Officer.name).where(Officer.id == ben_id)) == "Ben Tumiwa"


# Nights: work that ends on the day after it began


def test_a_time_of_the_next_day_is_said_to_be_one(database, hana, ben_id):
    put_mark(database, hana, ben_id, FRIDAY, "22:00", MarkKind.CHECK_IN)
    with pytest.raises(Refused, match="before the check-in at 22:00"):
        add(database, hana, ben_id, clock_time=time(6, 0))
    assert add(database, hana, ben_id, clock_time=time(6, 0), next_day=True).first
    assert stored(database)[0].at == at_local(FRIDAY + timedelta(days=1), time(6, 0), hana.zone)
    with database.reading() as db:
        ben = recap.officer_for(db, hana, ben_id, FRIDAY)
        found = days.load(db, hana.office_id, [ben], [FRIDAY], zone=hana.zone, now=MORNING)
    record = found.record(ben_id, FRIDAY)
    assert (record.worked, words.span(record)) == (480, "22:00 – 06:00 the next day")


def test_a_check_in_is_never_of_the_next_day_and_no_time_is_later_than_now(database, hana, ben_id):
    for facts, field in (
        ({"kind": CorrectionKind.CHECK_IN, "next_day": True}, "next_day"),
        ({"day": TODAY, "clock_time": time(6, 0), "next_day": True}, "time"),
    ):
        with pytest.raises(Refused) as refused:
            add(database, hana, ben_id, **facts)
        assert refused.value.field == field


def stage_of(database, me, officer_id: int, day: date, *, now: datetime) -> days.Stage:
    with database.reading() as db:
        officer = recap.officer_for(db, me, officer_id, day)
        return days.load(db, me.office_id, [officer], [day], zone=me.zone, now=now).facts[officer_id, day].stage


def test_a_night_is_running_until_it_takes_no_more_check_out(database, hana, ben_id):
    put_mark(database, hana, ben_id, FRIDAY, "22:00", MarkKind.CHECK_IN)
    ends = at_local(FRIDAY, time(22), hana.zone) + presence.OPEN_FOR
    midnight = at_local(FRIDAY + timedelta(days=1), time(), hana.zone)
    for now in (midnight, ends - timedelta(minutes=1)):
        assert stage_of(database, hana, ben_id, FRIDAY, now=now) is days.Stage.RUNNING
    assert stage_of(database, hana, ben_id, FRIDAY, now=ends) is days.Stage.OVER
    put_mark(database, hana, ben_id, FRIDAY + timedelta(days=1), "07:00", MarkKind.CHECK_IN)
    assert stage_of(database, hana, ben_id, FRIDAY, now=midnight + timedelta(hours=8)) is days.Stage.OVER
    cy_id = viewer_of(database, "cy").officer_id
    assert stage_of(database, hana, cy_id, FRIDAY, now=midnight) is days.Stage.OVER


# Nobody decides on the own day


def test_hr_does_not_decide_on_her_own_day_and_the_head_does_where_she_is_alone(database, hana, ben_id):
    dewi, ana = viewer_of(database, "dewi"), viewer_of(database, "ana")
    with pytest.raises(Forbidden, match="Ask Dewi Ondang to do it"):
        add(database, hana, hana.officer_id)
    with pytest.raises(Forbidden):
        add(database, ana, hana.officer_id)
    for officer_id in (ben_id, dewi.officer_id):
        with pytest.raises(Forbidden):
            add(database, dewi, officer_id)
    assert add(database, dewi, hana.officer_id).first
    assert stored(database)[0].created_by == dewi.account_id


def test_with_a_second_hr_account_that_one_decides_and_the_head_no_more(database, hana):
    with database.transaction() as db:
        office = db.get_one(Office, hana.office_id)
        add_account(db, add_officer(db, office, number="77", name="Ira Kedua", position="Analis"), "ira", Role.HR)
    with pytest.raises(Forbidden, match="Ask Ira Kedua to do it"):
        add(database, hana, hana.officer_id)
    with pytest.raises(Forbidden):
        add(database, viewer_of(database, "dewi"), hana.officer_id)
    assert add(database, viewer_of(database, "ira"), hana.officer_id).first


def test_an_hr_account_that_is_closed_or_whose_officer_left_decides_nothing(database, hana):
    with database.transaction() as db:
        office = db.get_one(Office, hana.office_id)
        officer = add_officer(db, office, number="77", name="Ira Kedua", position="Analis")
        add_account(db, officer, "ira", Role.HR, disabled_at=MORNING)
        gone = add_officer(db, office, number="78", name="Eva Pergi", position="Analis", active_to=FRIDAY)
        add_account(db, gone, "eva", Role.HR)
        dewi = sa.select(Account.officer_id).where(Account.username == "dewi").scalar_subquery()
        db.execute(sa.update(Posting).where(Posting.officer_id == dewi).values(role=Role.STAFF))
    with database.reading() as db:
        why_not = corrections.right(db, hana, hana.officer_id, now=MORNING).why_not
    assert why_not.endswith("give one the role of HR.")


# Two who decide at once


def test_the_second_of_two_is_told_that_the_day_was_corrected_meanwhile(database, hana, ben_id):
    add(database, hana, ben_id, newest=0)
    with pytest.raises(Conflict, match="Hana Tendean has corrected this day meanwhile"):
        add(database, hana, ben_id, newest=0, clock_time=time(15, 0))
    assert add(database, hana, ben_id, newest=stored(database)[0].id, clock_time=time(15, 0)).first


def test_of_two_who_press_at_the_same_moment_one_is_told(database, hana, ben_id):
    start = threading.Barrier(2)

    def decide(hour: int) -> str:
        start.wait()
        try:
            add(database, hana, ben_id, newest=0, clock_time=time(hour, 0))
        except Conflict:
            return "told"
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(decide, (15, 16))) == ["saved", "told"]
    assert len(stored(database)) == 1


# What a day becomes


def test_the_outcome_is_shown_without_a_trace_and_is_what_the_day_reads_afterwards(database, hana, ben_id):
    put_mark(database, hana, ben_id, FRIDAY, "07:30", MarkKind.CHECK_IN)
    wish = corrections.Wish(CorrectionKind.CHECK_OUT, time(15, 15))
    with database.reading() as db:
        ben = recap.officer_for(db, hana, ben_id, FRIDAY)
        facts = days.load(db, hana.office_id, [ben], [FRIDAY], zone=hana.zone, now=MORNING).facts[ben_id, FRIDAY]
        becomes = corrections.outcome(facts, wish, now=MORNING)
    assert (becomes.code, words.sentence(becomes)) == ("HP", "Left 1 h 15 min early")
    assert stored(database) == []
    add(database, hana, ben_id, clock_time=time(15, 15))
    with database.reading() as db:
        record = days.load(db, hana.office_id, [ben], [FRIDAY], zone=hana.zone, now=MORNING).record(ben_id, FRIDAY)
    assert (record.code, record.early, record.last) == (becomes.code, becomes.early, becomes.last)


def test_leave_and_absence_decided_now_are_in_force_whatever_was_corrected_before(database, hana, ben_id):
    add(database, hana, ben_id, kind=CorrectionKind.MODE, mode=WorkMode.HOME)
    with database.reading() as db:
        ben = recap.officer_for(db, hana, ben_id, FRIDAY)
        facts = days.load(db, hana.office_id, [ben], [FRIDAY], zone=hana.zone, now=MORNING).facts[ben_id, FRIDAY]
    assert corrections.outcome(facts, corrections.Wish(CorrectionKind.ABSENT), now=MORNING).code == "A"
