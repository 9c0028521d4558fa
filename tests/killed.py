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

from sqlalchemy import event

from staffhub import days
from staffhub.days import closing, recount
from staffhub.db import Database
from staffhub.reports.documents import exports

JOBS: dict[str, Callable[[Database, datetime], object]] = {
    "close": lambda database, now: days.close_due(database, now=now),
    "recount": lambda database, now: days.run_recounts(database, now=now),
    "export": lambda database, now: exports.run_due(database, now=now),
}
KILLED = -signal.SIGKILL


def main(job: str, url: str, now: str, commit: str) -> None:
    closing.BATCH = recount.BATCH = 3
    database, numbers = Database(url), count(1)

    def die(_db: object) -> None:
        if next(numbers) == int(commit):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.writing, "before_commit", die)
    JOBS[job](database, datetime.fromisoformat(now))


if __name__ == "__main__":
    main(*sys.argv[1:])
