"""Requests by API: so many, 16 at once, each sent twice with its key; beside a bare insert in the same run.

    python -m bench.api                                  # 10,000 requests, SQLite
    python -m bench.api --requests 1000 --postgres

Counted are calls a second, the second sending of each among them; what was answered to it must be what was answered to
the first, word for word, and the database must hold as many requests as were sent, each with a number of its own.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
import uvloop

from bench import phones, processes
from bench.office import fill
from bench.postgres import Postgres
from staffhub.db import Database
from staffhub.models import Account, Role, ServiceRequest, TokenScope
from staffhub.security import tokens, viewer_for

AT_ONCE = 16
SERVICE = "family_card"


@dataclass
class Sent:
    """What came of one load; milliseconds of each call."""

    seconds: float = 0
    errors: int = 0
    differing: int = 0
    took: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds


def _call(number: int, secret: str) -> bytes:
    body = json.dumps({"service_type": SERVICE, "applicant": f"Ibu {number}", "phone": f"0812{number:08}"})
    return (
        f"POST /api/v1/requests HTTP/1.1\r\nHost: office.test\r\nAuthorization: Bearer {secret}\r\n"
        f"Idempotency-Key: bench-{number:08}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def _program(port: int, numbers: Iterator[int], secret: str, sent: Sent) -> None:
    """One connection: a request, the same again, and on to the next that nobody has."""
    line = await phones.connect(port)
    for number in numbers:
        said = []
        for _again in range(2):
            started = time.perf_counter()
            answer = await line.ask(_call(number, secret))
            sent.took.append((time.perf_counter() - started) * 1000)
            sent.errors += answer.status != 201
            said.append(answer.body)
        sent.differing += said[0] != said[1]
    line.close()


async def _load(port: int, count: int, secret: str) -> Sent:
    numbers, sent, started = iter(range(count)), Sent(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _n in range(AT_ONCE):
            group.create_task(_program(port, numbers, secret, sent))
    sent.seconds = time.perf_counter() - started
    return sent


def _token(url: str) -> str:
    now, database = datetime.now(UTC), Database(url)
    with database.transaction() as db:
        admin = viewer_for(db, db.scalars(sa.select(sa.func.min(Account.id))).one(), now=now)
        assert admin
        made = tokens.make(db, admin, name="Bench", scopes=[TokenScope.REQUESTS_WRITE], last_day=None, now=now)
    database.engine.dispose()
    return made.secret


def _duplicates(url: str, sent: int) -> int:
    """Return how many requests there are besides those that were sent, or bear a number that another one has."""
    database = Database(url)
    with database.reading() as db:
        mine = ServiceRequest.idempotency_key.startswith("api:")
        of_mine = sa.select(sa.func.count(), sa.func.count(ServiceRequest.number.distinct())).where(mine)
        stored, numbers = db.execute(of_mine).one()
    database.engine.dispose()
    return abs(stored - sent) + abs(stored - numbers)


@contextmanager
def _served(server: processes.Server) -> Iterator[int]:
    server.start()
    try:
        yield server.port
    finally:
        server.kill()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(processes.scratch())
        urls = [f"sqlite:///{folder}/{name}.db" for name in ("staffhub", "floor")]
        if asked.postgres:
            cluster = Postgres()
            stack.callback(cluster.stop)
            for name in ("staffhub", "floor"):
                cluster.run(f"CREATE DATABASE {name}")
            urls = [cluster.url(name) for name in ("staffhub", "floor")]
        print(
            "PostgreSQL" if asked.postgres else "SQLite",
            f"{asked.requests} requests, each sent twice, {AT_ONCE} at once",
        )
        _compare(urls, folder, asked.requests)


def _compare(urls: list[str], folder: Path, count: int) -> None:
    fill(urls[0], offices=1, officers=10, roles=(Role.ADMIN,))
    secret = _token(urls[0])
    bare = processes.Server(
        ["-m", "uvicorn", "bench.insert:app", "--no-access-log", "--log-level", "warning"],
        {"FLOOR_DATABASE": urls[1]} | processes.program(),
        folder / "floor.log",
    )
    unbounded = processes.program() | {"STAFFHUB_API_CALLS_A_MINUTE": "0"}
    ours = processes.staffhub(urls[0], folder, unbounded)
    found = {}
    for name, server in (("StaffHub", ours), ("bare insert", bare)):
        with _served(server) as port:
            before = server.cpu()
            sent = found[name] = uvloop.run(_load(port, count, secret))
            cpu = (server.cpu() - before) / len(sent.took) * 1000
        p99 = statistics.quantiles(sent.took, n=100)[98]
        rates = f"{sent.rate:7.0f} calls/s, {sent.rate / 2:6.0f} requests/s"
        print(f"{name:12} {rates}, p99 {p99:6.1f} ms, CPU {cpu:5.2f} ms a call, {sent.errors} errors", flush=True)
    print(f"ratio {found['StaffHub'].rate / found['bare insert'].rate:.2f}")
    sent, twice = found["StaffHub"], _duplicates(urls[0], count)
    print(f"errors {sent.errors}, duplicates {twice}, second answers that differ {sent.differing}")


if __name__ == "__main__":
    main()
