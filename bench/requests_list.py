"""The list of requests over 50,000 of them, filtered, searched and paged: statements and CPU of each page.

    python -m bench.requests_list             # 2,000 open and the rest closed, then all of them open; both databases
    python -m bench.requests_list --requests 5000 --sqlite

CPU milliseconds of a call in process, the median of rounds; on PostgreSQL with what the server itself used. A list is
to take at most 5 statements and 20 ms; where all are open, which is no office's day, it is only shown.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import insert, select

from bench import processes
from bench.cpu import Caller
from bench.office import LED, fill, token_of
from bench.pages import statements
from bench.postgres import NotInstalled, Postgres, analyse
from staffhub import clock
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.models import Channel, Officer, RequestState, ServiceRequest, ServiceType
from staffhub.settings import Settings

PEOPLE, OPEN, HEAD = 42, 2000, 0
ROUNDS, CALLS = 5, 8
STATEMENTS, CPU = 5, 20
# What comes in, by turns: some of it lies with nobody, waits or is urgent.
STATES = (
    RequestState.CHECKING, RequestState.NEW, RequestState.WAITING, RequestState.CHECKING, RequestState.DEFERRED,
    RequestState.SIGNING, RequestState.READY,
)  # fmt: skip
NAMES = ("Ibu Sari", "Bapak Wenas", "Nona Tiwa", "Ibu Rahma", "Bapak Lontoh", "Saudara Amri", "Ibu Kalalo")
PAGES = (
    ("open", ""),
    ("open, page 30", "page=30"),
    ("mine", "assignee=me"),
    ("without an officer", "assignee=none"),
    ("deferred", "state=deferred"),
    ("being checked", "state=checking"),
    ("one service", "type=family_card"),
    ("one bidang", "division={division}"),
    ("bidang, page 15", "division={division}&page=15"),
    ("done", "state=done"),
    ("done, page 400", "state=done&page=400"),
    ("done of a bidang", "state=done&division={division}"),
    ("done of a bidang, page 400", "state=done&division={division}&page=400"),
    ("a number", "q=PM-2611-04321"),
    ("a name, rare", "q=kalalo 4321"),
    ("a name, frequent", "q=sari"),
    ("a name, nobody's", "q=xyzzy"),
    ("name and bidang", "q=sari&division={division}"),
)


def _fill(url: str, requests: int, opened: int, now: datetime) -> int:
    """Store the requests, the newest of them open; return a bidang."""
    database = Database(url)
    with database.transaction() as db:
        kinds = db.execute(select(ServiceType.id, ServiceType.division_id).order_by(ServiceType.id)).all()
        people = list(db.scalars(select(Officer.id).order_by(Officer.id)))
        made = []
        for n in range(requests):
            at = now - timedelta(minutes=30 * (requests - n))
            is_open, officer = n >= requests - opened, people[n % len(people)]
            state = STATES[n % len(STATES)] if is_open else RequestState.DONE
            due = now + timedelta(hours=(n % 400) - 60) if is_open and n % 3 == 0 else None
            made.append({
                "office_id": 1, "number": f"PM-2611-{n:05}", "public_code": f"{n:08}",
                "applicant": f"{NAMES[n % 7]} {n}",
                "phone": "", "service_type_id": kinds[n % len(kinds)].id, "channel": Channel.COUNTER,
                "urgent": n % 50 == 0, "siak_reference": "", "state": state, "idempotency_key": f"{n}", "version": 1,
                "assignee_id": None if is_open and n % 11 == 0 else officer, "created_at": at, "updated_at": at,
                "closed_at": None if is_open else at + timedelta(days=2), "due_at": due,
            })  # fmt: skip
        for start in range(0, requests, 5000):
            db.execute(insert(ServiceRequest), made[start : start + 5000])
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    if not database.sqlite:
        analyse(database.engine.url)
    database.engine.dispose()
    return int(kinds[0].division_id)


async def _cpu(app: FastAPI, asked: str, server: int | None) -> tuple[float, float]:
    """Return the CPU milliseconds of a call: of the program, and of the database's own processes."""
    caller, took, theirs = Caller(app, [token_of(HEAD)]), [], []
    caller.query = asked.encode()
    for _warm in range(3):
        await caller("/requests")
    for _round in range(ROUNDS):
        used, started = processes.cpu(server) if server else 0.0, time.process_time()
        for _call in range(CALLS):
            await caller("/requests")
        took.append((time.process_time() - started) * 1000 / CALLS)
        theirs.append(((processes.cpu(server) if server else 0.0) - used) * 1000 / CALLS)
    return statistics.median(took), statistics.mean(theirs)


async def _used(app: FastAPI, pages: list[tuple[str, str]], server: int | None) -> list[tuple[float, float]]:
    async with app.router.lifespan_context(app):
        return [await _cpu(app, asked, server) for _name, asked in pages]


def _asked(app: FastAPI, pages: list[tuple[str, str]]) -> list[int]:
    found = []
    with TestClient(app) as client:
        client.cookies.set("staffhub_session", token_of(HEAD))
        for _name, asked in pages:
            client.get(f"/requests?{asked}").raise_for_status()
            with statements(app.state.database) as seen:
                client.get(f"/requests?{asked}")
            found.append(len(seen))
    return found


def measure(url: str, folder: Path, requests: int, opened: int, server: int | None) -> bool:
    now = clock.now()
    fill(url, offices=1, officers=PEOPLE, roles=LED, now=now)
    division = _fill(url, requests, opened, now)
    pages = [(name, asked.format(division=division).replace(" ", "%20")) for name, asked in PAGES]
    settings = Settings(data_dir=folder, database_url=url)
    counted = _asked(create_app(settings, ticking=False), pages)
    used = asyncio.run(_used(create_app(settings, ticking=False), pages, server))
    kept = True
    for (name, _asked_for), asked, (ours, theirs) in zip(pages, counted, used, strict=True):
        within = opened == requests or (asked <= STATEMENTS and ours + theirs <= CPU)
        kept = kept and within
        shared = f" (database {theirs:.1f})" if server else ""
        print(
            f"{name:<28}{asked:>3} statements {ours + theirs:>7.1f} ms{shared}{'' if within else '  OVER'}", flush=True
        )
    return kept


@contextmanager
def _address(folder: Path, *, postgres: bool) -> Iterator[tuple[str, int | None]]:
    if not postgres:
        yield f"sqlite:///{folder}/staffhub.db", None
        return
    server = Postgres()
    try:
        server.run("CREATE DATABASE staffhub")
        yield server.url("staffhub"), server.pid
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--sqlite", action="store_true", help="SQLite alone")
    given = parser.parse_args()
    kept = True
    for postgres in (False,) if given.sqlite else (False, True):
        for opened in (min(OPEN, given.requests), given.requests):
            print(f"{'PostgreSQL' if postgres else 'SQLite'}, {given.requests} requests, {opened} open", flush=True)
            try:
                with processes.scratch() as folder, _address(folder, postgres=postgres) as (url, server):
                    kept = measure(url, folder, given.requests, opened, server) and kept
            except NotInstalled as error:
                print(error)
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
