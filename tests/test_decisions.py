"""The days that wait for a decision, as the first page counts them, are those of the month's queue, whoever asks."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import corrections, days, demo, presence
from staffhub.corrections import Wish
from staffhub.db import Database, read
from staffhub.migrations import migrate
from staffhub.models import CorrectionKind, CorrectionReason, Holiday, HolidayKind, MarkKind, Posting, WorkMode
from staffhub.reports import decisions, recap, words
from staffhub.reports import queue as queues
from staffhub.reports.today import today
from staffhub.security import Viewer
from staffhub.settings import Settings
from tests.conftest import MORNING, TODAY, World, add_posting, count_from, count_queries, plan_range, viewer_of
from tests.test_corrections import put_mark

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SETTINGS = Settings(database_url="", secret_key="a-secret-only-for-the-tests-0123456789")


@pytest.fixture(scope="module")
def demo_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("decisions")
    database = Database(f"sqlite:///{path / 'demo.db'}")
    migrate(database.engine)
    with database.transaction() as db:
        demo.seed(db, SETTINGS, now=NOON)
    yield database
    database.engine.dispose()


def _told(database: Database, me: Viewer, now: datetime) -> int:
    """What the first page says, both times the same."""
    assert me.officer_id
    told = []
    for _twice in range(2):
        with database.reading() as db:
            leading = today(db, me, me.officer_id, now=now).leading
        assert leading
        told.append(leading.decisions)
    assert told[0] == told[1]
    return told[0]


def _queue(database: Database, me: Viewer, now: datetime) -> int:
    with database.reading() as db:
        first = now.astimezone(me.zone).date().replace(day=1)
        found = queues.queue(db, me, first, now=now, size=1000)
        live = recap.month(db, me, first, now=now, page=None).queue
    told = [(one.officer.id, one.record.day, words.sentence(one.record)) for _g, rows in found.groups for one in rows]
    # Read from rows or worked out, the same days and the same words.
    assert sorted(told) == sorted((one.id, record.day, words.sentence(record)) for one, record in live)
    return found.total


@pytest.mark.parametrize("hours", [-30, -4, 0, 4, 11, 13, 24, 26, 24 * 8, 24 * 8 + 13])
def test_everybody_of_the_demo_who_leads_reads_the_length_of_the_queue(demo_office: Database, hours: int) -> None:
    """By day, over midnight while nights are open, and at the change of the month."""
    now, found = NOON + timedelta(hours=hours), set()
    for username in ("kadis", "kepegawaian", *_heads(demo_office)):
        me = viewer_of(demo_office, username, now=now)
        waits = _queue(demo_office, me, now)
        assert _told(demo_office, me, now) == waits
        found.add(waits)
    assert len(found) > 1 or now.astimezone(me.zone).day <= 2


def _heads(database: Database) -> list[str]:
    heads = sa.text(
        "SELECT username FROM account JOIN posting ON posting.officer_id = account.officer_id "
        "JOIN officer ON officer.id = account.officer_id "
        "WHERE posting.role = 'division_head' AND valid_to IS NULL AND active_to IS NULL"
    )
    with database.reading() as db:
        return list(db.scalars(heads))


@pytest.mark.parametrize("closed", [False, True], ids=["not stored", "stored"])
def test_each_fact_of_an_older_day_changes_the_number_at_once(world: World, *, closed: bool) -> None:
    database, hana = world.database, world.viewer("hana")
    count_from(database, date(2026, 11, 1))
    if closed:
        days.close_due(database, now=MORNING)
    tia, ben = world.viewer("tia"), world.viewer("ben")
    seen = [_told(database, hana, MORNING)]
    assert seen[-1] > 0

    def then(act: Callable[[Session], object]) -> None:
        with database.transaction() as db:
            act(db)
        # After the second look at yesterday, which PostgreSQL takes ten minutes after the close, in the same turn.
        days.run_recounts(database, now=MORNING + timedelta(minutes=15))
        seen.append(_told(database, hana, MORNING))
        assert seen[-1] == _queue(database, hana, MORNING) != seen[-2]

    old = TODAY - timedelta(days=10)
    wish = Wish(CorrectionKind.LEAVE)
    because = {"reason": CorrectionReason.LEAVE_LETTER, "note": "x", "newest": None, "idempotency_key": "k" * 36}
    with database.reading() as db:
        officer = recap.officer_for(db, hana, tia.officer_id, old)
    then(lambda db: corrections.add(db, hana, officer, day=old, wish=wish, now=MORNING, **because))
    holiday = Holiday(office_id=1, date=old, name="x", kind=HolidayKind.LOCAL, source="x")
    then(lambda db: db.add(holiday))
    sunday = MORNING - timedelta(days=8)
    here = {"mode": WorkMode.OFFICE, "idempotency_key": "sunday", "now": sunday}
    then(lambda db: presence.check_in(db, ben, **here))


def test_the_queue_of_the_month_in_which_presence_begins_is_read_from_rows(world: World) -> None:
    """What was left on a day of before is seen all the same."""
    database, hana, ben = world.database, world.viewer("hana"), world.viewer("ben")
    count_from(database, date(2026, 11, 12))
    days.close_due(database, now=MORNING)
    with database.reading() as db, count_queries(database) as seen:
        found = queues.queue(db, hana, date(2026, 11, 1), now=MORNING, size=1000)
    assert found.total == _queue(database, hana, MORNING) > 0
    assert not [one for one in seen if "FROM week_pattern" in one]
    put_mark(database, hana, ben.officer_id, date(2026, 11, 3), "07:30", MarkKind.CHECK_IN)
    assert _queue(database, hana, MORNING) == found.total + 1


def test_who_moved_and_who_left_within_the_month_stay_in_the_number(world: World) -> None:
    database, ana, dewi = world.database, world.viewer("ana"), world.viewer("dewi")
    count_from(database, date(2026, 11, 2))
    tia, cy = world.officer_id("tia"), world.officer_id("cy")
    with database.transaction() as db:
        other = db.scalar(sa.select(Posting.division_id).where(Posting.officer_id == cy))
        add_posting(db, tia, TODAY - timedelta(days=5), division_id=other)
        db.execute(sa.text("UPDATE officer SET active_to = '2026-11-12' WHERE name = 'Ben Tumiwa'"))
        plan_range(db, dewi, cy, TODAY - timedelta(days=7), TODAY - timedelta(days=4))
    for me in (ana, dewi):
        assert _told(database, me, MORNING) == _queue(database, me, MORNING) > 0


def test_days_that_are_stored_cost_no_more_days_than_two_and_one_statement(world: World) -> None:
    hana = world.viewer("hana")
    count_from(world.database, date(2026, 11, 1))
    days.close_due(world.database, now=MORNING)
    assert _told(world.database, hana, MORNING) == _queue(world.database, hana, MORNING) > 0
    yesterday = TODAY - timedelta(days=1)
    with world.database.reading() as db:
        assert decisions.reads_from(db, hana, TODAY) == yesterday
        staff = recap.staff_of(db, hana, yesterday, TODAY)
        loaded = days.load(db, hana.office_id, staff, [yesterday, TODAY], zone=hana.zone, now=MORNING)
        with count_queries(world.database) as seen:
            decisions.waiting(db, hana, staff, loaded)
    assert len(seen) == 1


def test_whoever_leads_asks_with_the_statement_that_was_built_for_the_first_of_them(demo_office: Database) -> None:
    heads = [viewer_of(demo_office, username, now=NOON) for username in _heads(demo_office)]
    with demo_office.reading() as db:
        for ask in (partial(decisions.ask_at_hand, db), lambda me, day: recap.ask_staff(me, day, day)):
            asks = [ask(me, TODAY) for me in heads]
            assert len({one.statement for one in asks}) == 1 < len(heads)
            assert len({tuple(read(db, one)) for one in asks}) > 1  # and each reads the own
