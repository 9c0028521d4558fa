"""A standup that was called off, moved or had no link changes the days that asked for it, and so does the time zone."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import clock, days
from staffhub.clock import at_local
from staffhub.db import Database
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Meeting,
    MeetingInvite,
    MeetingKind,
    Occurrence,
    OccurrenceState,
    Office,
    OutageAct,
    OutageExcuse,
    OutageKind,
    Recount,
    StoredDay,
)
from staffhub.outages import steps as outages
from tests.conftest import MORNING, TODAY, count_from, viewer_of
from tests.test_day_store import DAY, SINCE, ZONE, agree, mark

LINK = "https://zoom.us/j/1"


@pytest.fixture
def ben(database: Database) -> int:
    officer_id = viewer_of(database, "ben").officer_id
    assert officer_id
    return officer_id


@pytest.fixture
def closed(database: Database, ben: int) -> Database:
    """A standup of everybody on each working day; Ben has checked in on DAY."""
    count_from(database, SINCE)
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        plan.schedule(
            db, dewi, kind=MeetingKind.STANDUP, topic="Apel", starts_on=SINCE, starts_at=time(8), minutes=15,
            weekdays=[0, 1, 2, 3, 4], occurrences=20, audience=Audience(everyone=True), idempotency_key="standup",
            now=at_local(SINCE, time(6), ZONE),
        )  # fmt: skip
        db.execute(sa.update(Meeting).values(join_url=LINK))
        db.add(mark(ben))
    days.close_due(database, now=MORNING)
    days.run_recounts(database, now=clock.now())
    agree(database)
    return database


def _hashes(database: Database) -> dict[tuple[int, date], str]:
    with database.reading() as db:
        found = db.execute(sa.select(StoredDay.officer_id, StoredDay.date, StoredDay.facts_hash))
        return {(officer_id, day): facts for officer_id, day, facts in found}


def _moved(database: Database, before: dict[tuple[int, date], str]) -> set[tuple[int, date]]:
    return {key for key, facts in _hashes(database).items() if before[key] != facts}


def _causes(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(sa.select(Recount.cause).where(Recount.cause != "close").order_by(Recount.id)))


def _called_off(db: Session) -> None:
    db.scalars(sa.select(Occurrence).where(Occurrence.date == DAY)).one().state = OccurrenceState.CANCELLED


def _moved_to_saturday(db: Session) -> None:
    db.execute(sa.update(Occurrence).where(Occurrence.date == DAY).values(date=DAY + timedelta(days=2)))


def _link_lost(db: Session) -> None:
    db.scalars(sa.select(Meeting)).one().join_url = ""


def _other_zone(db: Session) -> None:
    db.get_one(Office, 1).timezone = "Asia/Jakarta"


FOR_ALL: dict[str, Callable[[Session], None]] = {
    "occurrence": _called_off,
    "occurrence moved": _moved_to_saturday,
    "meeting": _link_lost,
    "office": _other_zone,
}


@pytest.mark.parametrize("change", FOR_ALL, ids=str)
def test_what_changes_for_all_who_were_invited_is_computed_again_by_the_scheduler(
    closed: Database, ben: int, change: str
) -> None:
    before = _hashes(closed)
    with closed.transaction() as db:
        FOR_ALL[change](db)
    assert _causes(closed) == [change.split(maxsplit=1)[0]]
    days.run_recounts(closed, now=clock.now())
    agree(closed)
    assert (ben, DAY) in _moved(closed, before)


def test_an_invitation_that_ended_changes_only_the_days_of_that_person_within_the_transaction(
    closed: Database, ben: int
) -> None:
    before = _hashes(closed)
    with closed.transaction() as db:
        db.execute(sa.update(MeetingInvite).where(MeetingInvite.officer_id == ben).values(last_on=DAY))
    agree(closed)
    held = {DAY + timedelta(days=n) for n in (1, 4, 5, 6, 7, 8)}
    assert _moved(closed, before) == {(ben, day) for day in held}
    assert _causes(closed) == []


def test_another_link_and_a_meeting_to_come_touch_no_day_that_is_over(closed: Database) -> None:
    dewi = viewer_of(closed, "dewi")
    before = _hashes(closed)
    with closed.transaction() as db:
        db.scalars(sa.select(Meeting)).one().join_url = "https://zoom.us/j/2"
    with closed.transaction() as db:
        plan.schedule(
            db, dewi, kind=MeetingKind.SINGLE, topic="Rapat", starts_on=TODAY + timedelta(days=1), starts_at=time(10),
            minutes=30, weekdays=[], occurrences=1, audience=Audience(everyone=True), idempotency_key="single",
            now=MORNING,
        )  # fmt: skip
    assert (_moved(closed, before), _causes(closed)) == (set(), [])


def _confirmed(database: Database, kind: OutageKind, now: datetime = MORNING) -> int:
    """HR enters and confirms that it was disturbed from 07.50 to 08.10 on DAY."""
    hana = viewer_of(database, "hana")
    first, last = (at_local(DAY, at, ZONE) for at in (time(7, 50), time(8, 10)))
    with database.transaction() as db:
        draft = outages.Draft(kind, first, last, "status.zoom.us")
        outage_id = outages.enter(db, hana, draft, key="an-outage", now=now)
        wish = outages.Decision(OutageAct.CONFIRMED, first, last, "", None, "a-press")
        outages.decide(db, hana, outage_id, wish, now=now)
    return outage_id


def _missed(database: Database, officer_id: int) -> bool:
    with database.reading() as db:
        this = sa.select(StoredDay.kinds).where(StoredDay.officer_id == officer_id, StoredDay.date == DAY)
        return ",standup_not_joined," in db.scalars(this).one()


def test_without_zoom_a_standup_was_not_missed_and_no_time_is_another_one(closed: Database, ben: int) -> None:
    assert _missed(closed, ben)
    _confirmed(closed, OutageKind.ZOOM)
    assert not _missed(closed, ben)
    agree(closed)
    with closed.reading() as db:
        excused = db.scalars(sa.select(OutageExcuse.occurrence_id).where(OutageExcuse.officer_id == ben)).all()
        assert excused == db.scalars(sa.select(Occurrence.id).where(Occurrence.date == DAY)).all()


def test_without_the_app_nobody_got_into_a_standup_either(closed: Database, ben: int) -> None:
    _confirmed(closed, OutageKind.APP)
    assert not _missed(closed, ben), "the way in leads through it"
    agree(closed)
