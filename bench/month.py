"""A month of an office: its sheet and queue, the page of the signature, closing and signing it.

    python -m bench.month                  # 200 and 1,000 officers on SQLite, who came on each working day
    python -m bench.month --people 1000

Statements, kB and CPU milliseconds of each page in process, the median of a few calls; the two steps are done once. The
sheet of 200 officers is to take at most 8 statements and 40 ms, of 1,000 less than 150 ms.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from bench import processes
from bench.cpu import Caller
from bench.office import LED, ZONE, fill, token_of, workdays_before
from bench.pages import statements
from staffhub import clock, security, signing
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.models import SignStep
from staffhub.settings import Settings

HEAD, HR, CALLS = 0, 1, 9
PAGES = ("/attendance", "/attendance/queue", "/attendance/sign")
MOST = {(200, "/attendance"): 40, (1000, "/attendance"): 150}


def _pages(app: FastAPI, first: date, people: int) -> bool:
    kept = True
    shown = {}
    with TestClient(app, follow_redirects=False) as client:
        client.cookies.set("staffhub_session", token_of(HR))
        for page in PAGES:
            client.get(f"{page}?month={first:%Y-%m}")
            with statements(app.state.database) as seen:
                answer = client.get(f"{page}?month={first:%Y-%m}")
            shown[page] = (answer.status_code, len(seen), len(answer.content))
    for page, (status, asked, size) in shown.items():
        cpu, most = asyncio.run(_cpu(app, f"{page}?month={first:%Y-%m}")), MOST.get((people, page))
        within = status == 200 and asked <= 8 and (most is None or cpu <= most)
        kept = kept and within
        limit = f"{'within' if within else 'OVER'} {most} ms" if most else ""
        print(f"{people:>6} {page:<20}{asked:>3} statements {size / 1000:>6.0f} kB {cpu:>7.1f} ms  {limit}", flush=True)
    return kept


async def _cpu(app: FastAPI, page: str) -> float:
    path, _mark, asked = page.partition("?")
    caller, took = Caller(app, [token_of(HR)]), []
    caller.query = asked.encode()
    async with app.router.lifespan_context(app):
        await caller(path)
        for _call in range(CALLS):
            started = time.process_time()
            await caller(path)
            took.append((time.process_time() - started) * 1000)
    return statistics.median(took)


def _timed(people: int, name: str, work: Callable[[], object]) -> None:
    wall, used = time.perf_counter(), time.process_time()
    work()
    print(
        f"{people:>6} {name:<20}{time.perf_counter() - wall:>6.2f} s, CPU {time.process_time() - used:.2f} s",
        flush=True,
    )


def _step(database: Database, number: int, first: date, kind: SignStep, now: datetime) -> None:
    with database.transaction() as db:
        me = security.viewer_for(db, number + 1, now=now)
        assert me
        known = signing.history(db, me.office_id, first)
        told = {"turn": known.turn, "idempotency_key": kind.value, "now": now}
        if kind is SignStep.CLOSED:
            signing.close(db, me, first, note="Uji", **told)  # type: ignore[arg-type]
        elif known.waiting:
            signing.sign(db, me, first, snapshot_id=known.waiting.snapshot_id, **told)  # type: ignore[arg-type]


def measure(people: int, folder: Path) -> bool:
    now = clock.now()
    # A month can be closed two days after its last one.
    first = clock.month_before(now.astimezone(ZONE).date() - timedelta(days=1))
    worked = [day for day in workdays_before(clock.month_days(first)[-1] + timedelta(days=1), 31) if day >= first]
    url = f"sqlite:///{folder}/staffhub.db"
    fill(url, offices=1, officers=people, roles=LED, days=worked, now=now)
    settings = Settings(data_dir=folder, database_url=url)
    kept = _pages(create_app(settings, ticking=False), first, people)
    database = Database(url)
    _timed(people, "closing", lambda: _step(database, HR, first, SignStep.CLOSED, now))
    _timed(people, "signing", lambda: _step(database, HEAD, first, SignStep.SIGNED, now))
    print(f"{people:>6} once it is signed:")
    kept = _pages(create_app(settings, ticking=False), first, people) and kept
    database.engine.dispose()
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="*", default=[200, 1000])
    given = parser.parse_args()
    kept = True
    for people in given.people:
        with processes.scratch() as folder:
            kept = measure(people, folder) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
