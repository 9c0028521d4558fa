"""The month, one's own month and the page of a day tell the same of every day: they have one loader."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from staffhub import clock, demo
from staffhub.db import Database
from staffhub.migrations import migrate
from staffhub.reports import day as day_report
from staffhub.reports import recap
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
            assert len(sheet.lines) == 42
            for line in sheet.lines:
                officer = recap.officer_for(db, hr, line.officer.id, first)
                own = recap.own_month(db, hr, officer, first, now=now)
                assert own.totals == line.totals
                assert [record.day for record in own.open] == [r.day for r in line.records if r.needs_person]
                for day, record in zip(clock.month_days(first), line.records, strict=True):
                    assert day_report.evidence(db, hr, officer, day, now=now).record == record
    database.engine.dispose()
