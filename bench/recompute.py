"""How long the days of a month take: written for the first time, and computed again when nothing has changed.

python -m bench.recompute --people 1000 --days 22      # on SQLite, in a folder that is removed afterwards
python -m bench.recompute --url postgresql+psycopg://...
"""

import argparse
import time
from collections.abc import Callable
from datetime import timedelta

from bench import processes
from bench.office import ZONE, fill, workdays_before
from staffhub import clock, days
from staffhub.db import Database


def _timed(name: str, work: Callable[[], object]) -> None:
    began, used = time.perf_counter(), time.process_time()
    found = work()
    print(f"{name}: {time.perf_counter() - began:.1f} s, CPU {time.process_time() - used:.1f} s ({found})")


def measure(url: str, people: int, working: int) -> None:
    now = clock.now()
    past = workdays_before(now.astimezone(ZONE).date(), working)
    fill(url, offices=1, officers=people, days=past, now=now)
    database = Database(url)
    first, last = past[-1], past[0]
    _timed(f"close {people} people x {(last - first).days + 1} days", lambda: days.close_due(database, now=now))
    _timed("recompute", lambda: days.recompute(database, first, last, now=now))
    _timed("check", lambda: sum(1 for _odd in days.check(database, first, last + timedelta(days=1), now=now)))
    database.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--days", type=int, default=22, help="working days behind today on which everybody came")
    given = parser.parse_args()
    if given.url:
        measure(given.url, given.people, given.days)
        return
    with processes.scratch() as folder:
        measure(f"sqlite:///{folder / 'staffhub.db'}", given.people, given.days)


if __name__ == "__main__":
    main()
