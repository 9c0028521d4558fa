"""A process of its own that does one piece of the time-driven work and is killed within it, for good: SIGKILL.

`python -m tests.killed JOB DATABASE NOW COMMIT` dies before the commit of that number, with everything in it undone by
the database; COMMIT 0 lets it live. Batches are small, so that a few people and days take several steps.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import count

from sqlalchemy import event, select

from staffhub import clock, days, security, signing
from staffhub.days import closing, recount
from staffhub.db import Database
from staffhub.machines import taking
from staffhub.models import Account
from staffhub.reports.documents import exports
from staffhub.roster import runs
from staffhub.signing import snapshots


def _close_month(database: Database, now: datetime) -> None:
    """HR closes the month before, as the first step of it."""
    with database.transaction() as db:
        me = security.viewer_for(db, db.scalars(select(Account.id).where(Account.username == "hana")).one(), now=now)
        assert me
        first = clock.month_before(clock.local_day(now, me.zone))
        signing.close(db, me, first, note="Apa adanya", turn=0, idempotency_key="a-press", now=now)


JOBS: dict[str, Callable[[Database, datetime], object]] = {
    "close": lambda database, now: days.close_due(database, now=now),
    "recount": lambda database, now: days.run_recounts(database, now=now),
    "export": lambda database, now: exports.run_due(database, now=now),
    "machine": lambda database, now: taking.run_due(database, now=now),
    "roster": lambda database, now: runs.run_due(database, now=now),
    "month": _close_month,
}
KILLED = -signal.SIGKILL


def main(job: str, url: str, now: str, commit: str) -> None:
    closing.BATCH = recount.BATCH = 3
    taking.BATCH = 3
    snapshots._BATCH = 2
    database, numbers = Database(url), count(1)

    def die(_db: object) -> None:
        if next(numbers) == int(commit):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.writing, "before_commit", die)
    JOBS[job](database, datetime.fromisoformat(now))


if __name__ == "__main__":
    main(*sys.argv[1:])
