"""Killed in the middle, the work goes on where it was: nothing is lost, nothing is there twice."""

import subprocess
import sys
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from staffhub import clock, days
from staffhub.db import Database
from staffhub.models import (
    CheckoutProposal,
    ExportJob,
    LogEntry,
    Notice,
    NoticeKind,
    Office,
    Recount,
    RecountedDay,
    StoredDay,
    TaskState,
)
from tests.conftest import MORNING, TODAY, World, count_from, viewer_of
from tests.killed import KILLED
from tests.test_day_store import agree, mark
from tests.test_documents_pages import MONTH, Wish, asked, job
from tests.test_recompute import _holiday

FIRST, FRIDAY = date(2026, 11, 18), date(2026, 11, 20)
# A lease of somebody who died has ended by then.
LATER = timedelta(minutes=5)


def run(database: Database, name: str, now: datetime, commit: int) -> int:
    """Do a job in a process of its own; return how it ended."""
    url = database.engine.url.render_as_string(hide_password=False)
    words = [sys.executable, "-m", "tests.killed", name, url, now.isoformat(), str(commit)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode in {0, KILLED}, done.stderr
    return done.returncode


def kill_until_done(database: Database, name: str, now: datetime, commit: int) -> int:
    """Kill it at each step, and begin again; return how often it died."""
    for died in range(60):
        if run(database, name, now + died * LATER, commit) == 0:
            return died
    raise AssertionError(f"{name} does not get on")


def test_a_close_of_day_that_dies_in_each_step_stores_every_day_once(database: Database) -> None:
    count_from(database, FIRST)
    ben = viewer_of(database, "ben").officer_id
    log = {"text": "Melayani", "starts": time(14), "ends": time(15, 15), "unit": "", "version": 1}
    with database.transaction() as db:
        db.add(mark(ben, FRIDAY))
        entry = LogEntry(office_id=1, officer_id=ben, date=FRIDAY, **log, idempotency_key="log")
        entry.created_at = entry.updated_at = MORNING
        db.add(entry)
        db.execute(sa.update(Office).where(Office.id == 2).values(recorded_from=TODAY))
    assert run(database, "close", MORNING, commit=1) == KILLED
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(StoredDay)) == 0, "the first step is undone whole"
    assert kill_until_done(database, "close", MORNING, commit=2) >= 3
    agree(database)
    with database.reading() as db:
        rows = db.execute(sa.select(StoredDay.officer_id, StoredDay.date).where(StoredDay.office_id == 1)).all()
        proposed = db.execute(sa.select(CheckoutProposal.officer_id, CheckoutProposal.date)).all()
        told = db.scalar(sa.select(sa.func.count()).where(Notice.kind == NoticeKind.CHECKOUT_PROPOSED))
    assert len(rows) == len(set(rows)) == 7 * (TODAY - FIRST.replace(day=1)).days, "whole months"
    assert [tuple(one) for one in proposed] == [(ben, FRIDAY)]
    assert told == 1


def test_a_recount_that_dies_in_each_batch_computes_and_tells_each_day_once(database: Database) -> None:
    count_from(database, FIRST - timedelta(days=7))
    days.close_due(database, now=MORNING)
    days.run_recounts(database, now=clock.now())
    _holiday(database)
    # The first commit takes the work, each of the others is a batch.
    assert kill_until_done(database, "recount", clock.now(), commit=3) >= 2
    agree(database)
    with database.reading() as db:
        row = db.scalars(sa.select(Recount).where(Recount.cause == "holiday")).one()
        told = db.execute(sa.select(RecountedDay.officer_id, RecountedDay.date)).all()
    assert (row.state, row.total, row.done, row.changed) == (TaskState.DONE, 7, 7, 7)
    assert len(told) == len(set(told)) == 7


@pytest.mark.parametrize("form", ["csv", "pdf"])
def test_an_export_that_dies_with_the_file_in_its_hands_is_made_again_whole(world: World, form: str) -> None:
    job_id = asked(world, wish=Wish(MONTH, form))
    assert run(world.database, "export", MORNING, commit=2) == KILLED
    half = job(world, job_id)
    assert (half.state, half.content) == (TaskState.CLAIMED, None), "no half file"
    assert run(world.database, "export", MORNING + timedelta(seconds=1), commit=0) == 0
    assert job(world, job_id).state is TaskState.CLAIMED, "whoever holds the lease may still be at it"
    assert run(world.database, "export", MORNING + timedelta(hours=1), commit=0) == 0
    made = job(world, job_id)
    assert (made.state, made.attempts) == (TaskState.DONE, 2)
    assert made.content.startswith(b"%PDF" if form == "pdf" else b"\xef\xbb\xbf")
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ExportJob)) == 1
        assert db.scalar(sa.select(sa.func.count()).where(Notice.kind == NoticeKind.EXPORT_READY)) == 1
