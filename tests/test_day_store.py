"""The stored day is what its facts say, whoever changes a fact and however: no verb asks for it, none can forget it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import corrections, days, office, presence
from staffhub.clock import at_local
from staffhub.corrections import Wish
from staffhub.days import store
from staffhub.db import Database
from staffhub.models import (
    CorrectionKind,
    CorrectionReason,
    EmploymentType,
    Grade,
    LogEntry,
    Mark,
    MarkKind,
    MarkNote,
    Office,
    Officer,
    Posting,
    Recount,
    StoredDay,
    WeekPattern,
    WorkMode,
)
from staffhub.people import postings
from staffhub.reports import recap
from staffhub.roster import grants
from staffhub.security import Viewer
from tests.conftest import (
    MORNING,
    add_officer,
    add_posting,
    count_from,
    plan_range,
    viewer_of,
)

SINCE = date(2026, 11, 2)
FIRST = SINCE.replace(day=1)  # days are stored by whole months
DAY = date(2026, 11, 12)  # a Thursday that is over
ZONE = office.ZoneInfo("Asia/Makassar")


@pytest.fixture
def closed(database: Database) -> Database:
    """Presence counts since 2 November, and every day until yesterday is stored."""
    count_from(database, SINCE)
    days.close_due(database, now=MORNING)
    return database


def stored(database: Database, officer_id: int | None, day: date = DAY) -> StoredDay:
    with database.reading() as db:
        mine = sa.select(StoredDay).where(StoredDay.officer_id == officer_id, StoredDay.date == day)
        return db.scalars(mine).one()


def agree(database: Database, *, now: datetime = MORNING) -> None:
    """Every stored row of the first office is what its facts say, and none is missing."""
    with database.reading() as db:
        known = office.facts(db, 1)
        assert known.stored_from
        assert known.stored_to
        dates = store.dates_between(known.stored_from, known.stored_to)
        assert store.differing(db, 1, dates, until=known.stored_to, now=now) == []


def mark(officer_id: int | None, day: date = DAY, at: time = time(7, 20), turn: int = 1, **facts: Any) -> Mark:
    key = f"m-{officer_id}-{day}-{turn}"
    values = {
        "office_id": 1, "officer_id": officer_id, "date": day, "turn": turn, "kind": MarkKind.CHECK_IN,
        "mode": WorkMode.OFFICE, "attempted_at": at_local(day, at, ZONE), "received_at": MORNING,
        "grade": Grade.C, "receipt": f"{officer_id}.{day:%m%d}.{turn}", "idempotency_key": key,
    }  # fmt: skip
    return Mark(**values | facts)


def test_every_day_that_is_over_has_a_row_of_everybody_who_serves(closed: Database) -> None:
    with closed.reading() as db:
        rows = db.execute(
            sa.select(StoredDay.date, sa.func.count()).where(StoredDay.office_id == 1).group_by(StoredDay.date)
        ).all()
        assert dict(map(tuple, rows)) == dict.fromkeys(store.dates_between(FIRST, date(2026, 11, 22)), 7)
        known = office.facts(db, 1)
        assert (known.stored_from, known.stored_to) == (FIRST, date(2026, 11, 22))
    agree(closed)


@pytest.fixture
def hana(closed: Database) -> Viewer:
    return viewer_of(closed, "hana")


@pytest.fixture
def ben(closed: Database) -> int:
    officer_id = viewer_of(closed, "ben").officer_id
    assert officer_id
    return officer_id


def _log(ben: int) -> LogEntry:
    facts = {"date": DAY, "text": "Melayani", "starts": time(8), "ends": time(9), "unit": "", "version": 1}
    return LogEntry(office_id=1, officer_id=ben, created_at=MORNING, updated_at=MORNING, idempotency_key="log", **facts)


def _note(db: Session, ben: int) -> None:
    db.add(row := mark(ben))
    db.flush()
    db.add(MarkNote(office_id=1, mark_id=row.id, note="Kecamatan", created_at=MORNING, idempotency_key="n"))


def _corrects(db: Session, me: Viewer, ben: int) -> None:
    officer = recap.officer_for(db, me, ben, DAY)
    because = {"reason": CorrectionReason.LEAVE_LETTER, "note": "x", "newest": None, "idempotency_key": "k" * 36}
    corrections.add(db, me, officer, day=DAY, wish=Wish(CorrectionKind.LEAVE), now=MORNING, **because)


def _grants(db: Session, me: Viewer, ben: int) -> None:
    officer = recap.officer_for(db, me, ben, DAY)
    plan = {"first": DAY, "last": DAY + timedelta(days=1), "mode": grants.PlanMode.LEAVE, "now": MORNING}
    grants.grant(db, me, officer, **plan)


def _takes_back(db: Session, me: Viewer, ben: int) -> None:
    grant_id = plan_range(db, me, ben, DAY, DAY + timedelta(days=2))
    grants.take_out(db, me, recap.officer_for(db, me, ben, DAY), grant_id, day=DAY, now=MORNING)


def _week(db: Session, ben: int) -> None:
    days_ = ["home", "home", "home", None, "home"]
    db.add(WeekPattern(office_id=1, officer_id=ben, valid_from=DAY, version=1, days=days_, created_at=MORNING))


def _moves(db: Session, ben: int) -> None:
    other = db.scalar(sa.select(Posting.division_id).where(Posting.officer_id == ben - 1))
    add_posting(db, ben, DAY, division_id=None if other is None else other + 1)


def _posts(db: Session, ben: int) -> None:
    changed = {"employment_type": EmploymentType.PPPK}
    postings.post(db, 1, ben, changed, day=DAY, by=None, now=MORNING)


CHANGES: dict[str, Callable[[Session, Viewer, int], object]] = {
    "mark": lambda db, _me, ben: db.add(mark(ben)),
    "mark by a statement": lambda db, _me, ben: presence.check_in(
        db, replace(_me, officer_id=ben), mode=WorkMode.OFFICE, idempotency_key="x", now=at_local(DAY, time(8), ZONE)
    ),
    "mark note": lambda db, _me, ben: _note(db, ben),
    "correction": _corrects,
    "log entry": lambda db, _me, ben: db.add(_log(ben)),
    "a granted range": _grants,
    "a date taken out": _takes_back,
    "usual week": lambda db, _me, ben: _week(db, ben),
    "posting": lambda db, _me, ben: _moves(db, ben),
    "posting by a statement": lambda db, _me, ben: _posts(db, ben),
    "last day": lambda db, _me, ben: db.execute(
        sa.update(Officer).where(Officer.id == ben).values(active_to=DAY - timedelta(days=1))
    ),
    "last day of a loaded officer": lambda db, _me, ben: setattr(db.get(Officer, ben), "active_to", DAY),
    "first day": lambda db, _me, ben: db.execute(sa.update(Officer).where(Officer.id == ben).values(active_from=DAY)),
    "somebody who began earlier": lambda db, _me, _ben: add_officer(
        db, db.get_one(Office, 1), number="77", name="Baru", active_from=DAY
    ),
    "plan entries in bulk": lambda db, me, ben: plan_range(db, me, ben, DAY, DAY + timedelta(days=3)),
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_each_kind_of_fact_leaves_the_row_that_follows_from_it(
    closed: Database, hana: Viewer, ben: int, change: str
) -> None:
    with closed.reading() as db:
        before = {
            tuple(row) for row in db.execute(sa.select(StoredDay.officer_id, StoredDay.date, StoredDay.facts_hash))
        }
    with closed.transaction() as db:
        CHANGES[change](db, hana, ben)
    agree(closed)
    with closed.reading() as db:
        after = {
            tuple(row) for row in db.execute(sa.select(StoredDay.officer_id, StoredDay.date, StoredDay.facts_hash))
        }
        assert before != after
        assert {officer_id for officer_id, _day, _hash in before ^ after} <= {ben, ben + 6, ben + 5, _newest(db)}
        assert db.scalar(sa.select(sa.func.count()).select_from(Recount).where(Recount.cause != "close")) == 0


def _newest(db: Session) -> int:
    return db.scalar(sa.select(sa.func.max(Officer.id))) or 0


def test_the_place_of_a_field_duty_that_is_told_later_changes_the_stored_day(closed: Database) -> None:
    ben = viewer_of(closed, "ben")
    with closed.transaction() as db:
        db.add(mark(ben.officer_id, mode=WorkMode.FIELD))
    assert ",missing_place," in stored(closed, ben.officer_id).kinds
    with closed.reading() as db:
        code = db.scalars(sa.select(Mark.receipt).where(Mark.officer_id == ben.officer_id)).one()
        mine = presence.own_mark(db, ben, code)
    with closed.transaction() as db:
        presence.add_note(db, ben, mine, note="Kecamatan Contoh", idempotency_key="place", now=MORNING)
    assert ",missing_place," not in stored(closed, ben.officer_id).kinds
    agree(closed)
