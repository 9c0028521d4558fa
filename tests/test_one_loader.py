"""The month, one's own month and the page of a day tell the same of every day: they have one loader."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import clock, days, demo
from staffhub.days import DayRecord
from staffhub.db import Database
from staffhub.migrations import migrate
from staffhub.models import StoredDay
from staffhub.reports import counters, recap, sheet, words
from staffhub.reports import day as day_report
from staffhub.reports.documents import lines as papers
from staffhub.security import Viewer
from staffhub.settings import Settings
from tests.conftest import viewer_of

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SETTINGS = Settings(database_url="", secret_key="a-secret-only-for-the-tests-0123456789")


@pytest.fixture(scope="module")
def demo_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("loader")
    database = Database(f"sqlite:///{path / 'demo.db'}")
    migrate(database.engine)
    with database.transaction() as db:
        demo.seed(db, SETTINGS, now=NOON)
    yield database
    database.engine.dispose()


@pytest.mark.parametrize("now", [NOON, NOON + timedelta(hours=13)], ids=["at noon", "after midnight"])
def test_every_day_of_the_demo_reads_the_same_on_every_page(demo_office: Database, now: datetime) -> None:
    hr = viewer_of(demo_office, "kepegawaian", now=now)
    months = [date(2026, 10, 1), date(2026, 11, 1)]
    with demo_office.reading() as db:
        for first in months:
            sheet = recap.month(db, hr, first, now=now)
            lines = defaultdict(list)
            for line in sheet.lines:
                lines[line.officer.id].append(line)
            assert len(lines) == 42
            for officer_id, own_lines in lines.items():
                _agrees(db, hr, officer_id, own_lines, first, now)


@pytest.mark.parametrize("hours", [0, 13], ids=["at noon", "after midnight"])
def test_what_is_read_from_rows_is_what_the_facts_say(demo_office: Database, hours: int) -> None:
    """Papers of an unsigned month and one's own month, with every filter; at noon and while nights are open."""
    now = NOON + timedelta(hours=hours)
    hr = viewer_of(demo_office, "kepegawaian", now=now)
    with demo_office.reading() as db:
        for first in (date(2026, 10, 1), date(2026, 11, 1)):
            for show in ("", "open", "late"):
                live = recap.month(db, hr, first, now=now, show=show, page=None)
                found = sheet.whole(db, hr, first, sheet.Filters(show=show), now=now)
                assert [name for name, _lines in found.groups] == [name for name, _lines in live.groups]
                told = [line for _name, lines in found.groups for line in lines]
                worked_out = [
                    sheet.Line(one.officer, [days.line_of(record) for record in one.records], one.totals)
                    for one in live.lines
                ]
                assert told == worked_out
                assert found.moves == live.moves
            for line in recap.month(db, hr, first, now=now, page=None).lines:
                own = recap.own_month(db, hr, line.officer, first, now=now)
                assert [_seen(record) for record in own.records] == [_seen(record) for record in line.records]
                assert own.totals == line.totals
                assert counters.asked_minutes(own.records) == counters.asked_minutes(line.records)


def _seen(record: DayRecord) -> tuple[object, ...]:
    """All that a page or a paper of one's month reads."""
    found = [(one.kind, one.needs_person, one.count) for one in record.discrepancies]
    times = (record.first, record.last, record.worked, record.late, record.early, record.late_tier, record.early_tier)
    flags = (record.counted, record.is_corrected, record.is_plain, record.is_study, record.is_work, record.ends_later)
    said = (words.of_record(record), words.sentence(record))
    return record.day, record.plan, record.state, record.code, record.codes, record.mode, *times, *flags, *said, found


def test_days_that_are_over_are_read_from_their_rows(demo_office: Database) -> None:
    """What a row says is told, and nobody asks again what it followed from."""
    hr = viewer_of(demo_office, "kepegawaian", now=NOON)
    row, day, first = StoredDay.__table__, date(2026, 11, 19), date(2026, 11, 1)
    mine = (row.c.officer_id == hr.officer_id, row.c.date == day)
    with demo_office.transaction() as db:
        before = db.scalar(sa.select(row.c.code).where(*mine))
        db.execute(sa.update(row).where(*mine).values(code="TB"))
        own = recap.own_month(db, hr, recap.officer_for(db, hr, hr.officer_id, first), first, now=NOON)
        (line,) = (one for one in papers.of_month(db, hr, first, now=NOON).rows if one.officer_id == hr.officer_id)
        db.execute(sa.update(row).where(*mine).values(code=before))
    assert (before, own.records[18].code, line.codes[18]) == ("WFH", "TB", "TB")


def _agrees(db: Session, hr: Viewer, officer_id: int, lines: list[recap.Line], first: date, now: datetime) -> None:
    """Who moved within the month has a line for each division; a day is told in one of them."""
    for n, day in enumerate(clock.month_days(first)):
        officer = recap.officer_for(db, hr, officer_id, day)
        assert day_report.evidence(db, hr, officer, day, now=now).record in [line.records[n] for line in lines]
    if len(lines) == 1:
        own = recap.own_month(db, hr, recap.officer_for(db, hr, officer_id, first), first, now=now)
        assert own.totals == lines[0].totals
        assert [record.day for record in own.open] == [r.day for r in lines[0].records if r.needs_person]
