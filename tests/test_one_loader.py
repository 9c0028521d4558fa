"""The month, one's own month and the page of a day tell the same of every day: they have one loader."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from staffhub import clock, demo
from staffhub.db import Database
from staffhub.migrations import migrate
from staffhub.reports import day as day_report
from staffhub.reports import recap
from staffhub.security import Viewer
from staffhub.settings import Settings
from tests.conftest import viewer_of

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SETTINGS = Settings(database_url="", secret_key="a-secret-only-for-the-tests-0123456789")


@pytest.mark.parametrize("now", [NOON, NOON + timedelta(hours=13)], ids=["at noon", "after midnight"])
def test_every_day_of_the_demo_reads_the_same_on_every_page(tmp_path: Path, now: datetime) -> None:
    database = Database(f"sqlite:///{tmp_path / 'demo.db'}")
    migrate(database.engine)
    with database.transaction() as db:
        demo.seed(db, SETTINGS, now=NOON)
    hr = viewer_of(database, "kepegawaian", now=now)
    months = [date(2026, 10, 1), date(2026, 11, 1)]
    with database.reading() as db:
        for first in months:
            sheet = recap.month(db, hr, first, now=now)
            lines = defaultdict(list)
            for line in sheet.lines:
                lines[line.officer.id].append(line)
            assert len(lines) == 42
            for officer_id, own_lines in lines.items():
                _agrees(db, hr, officer_id, own_lines, first, now)
    database.engine.dispose()


def _agrees(db: Session, hr: Viewer, officer_id: int, lines: list[recap.Line], first: date, now: datetime) -> None:
    """Who moved within the month has a line for each division; a day is told in one of them."""
    for n, day in enumerate(clock.month_days(first)):
        officer = recap.officer_for(db, hr, officer_id, day)
        assert day_report.evidence(db, hr, officer, day, now=now).record in [line.records[n] for line in lines]
    if len(lines) == 1:
        own = recap.own_month(db, hr, recap.officer_for(db, hr, officer_id, first), first, now=now)
        assert own.totals == lines[0].totals
        assert [record.day for record in own.open] == [r.day for r in lines[0].records if r.needs_person]
