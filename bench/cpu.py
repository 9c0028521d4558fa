"""CPU of one request, in milliseconds: the app is called as the server calls it, without sockets and without a client.

    python -m bench.cpu                          # the pages of the morning, for the demo office
    python -m bench.cpu --postgres               # the same; what PostgreSQL itself uses is not counted
    python -m bench.cpu --only kadis /board      # one page again and again, for a sampling profiler

All threads count. What the server and the kernel add is the same for every page; bench.morning measures with it.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import FastAPI

from bench.pages import token_for
from bench.postgres import Postgres
from staffhub import clock, demo
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.migrations import migrate
from staffhub.settings import Settings

CALLS, ROUNDS = 40, 5
PAGES = (
    ("pegawai01", "/healthz"),
    ("pegawai05", "/"),
    ("kadis", "/"),
    ("everybody", "check-in"),
    ("pegawai05", "/board"),
    ("pegawai05", "/board (unchanged)"),
    ("kadis", "/board"),
    ("kadis", "/requests"),
    ("pegawai01", "/requests"),
    ("pegawai01", "/worklog"),
    ("kepegawaian", "/attendance"),
    ("kepegawaian", "/attendance/queue"),
    ("pegawai05", "/me/month"),
    ("kadis", "/meetings"),
    ("kepegawaian", "/roster"),
)


class Caller:
    """Calls the app as signed-in people, in turn."""

    def __init__(self, app: FastAPI, tokens: list[str]) -> None:
        self.app = app
        self.people = [
            [(b"host", b"office.test"), (b"cookie", f"staffhub_session={token}".encode())] for token in tokens
        ]
        self.tag = b""
        self.turn = 0
        self.query = b""

    async def __call__(self, page: str) -> int:
        self.turn += 1
        if page == "check-in":
            mode = "home" if self.turn // len(self.people) % 2 else "office"
            body = urlencode({"mode": mode, "idempotency_key": str(uuid4())}).encode()
            kind = (b"content-type", b"application/x-www-form-urlencoded")
            same = (b"sec-fetch-site", b"same-origin")
            return await self._call("POST", "/presence/check-in", [kind, same], body)
        path, _space, unchanged = page.partition(" ")
        return await self._call("GET", path, [(b"if-none-match", self.tag)] if unchanged else [], b"")

    async def _call(self, method: str, path: str, more: list[tuple[bytes, bytes]], body: bytes) -> int:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": self.query, "root_path": "",
            "headers": [*self.people[self.turn % len(self.people)], *more],
            "client": ("127.0.0.1", 5), "server": ("office.test", 80),
        }  # fmt: skip
        status = 0

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self.tag = dict(message["headers"]).get(b"etag", self.tag)

        await self.app(scope, receive, send)
        return status


def _tokens(database: Database, who: str) -> list[str]:
    """Return the session of one, or of the whole demo office, so that nobody has a hundred marks a day."""
    names = [f"pegawai{n:02}" for n in range(1, 39)] if who == "everybody" else [who]
    return [token_for(database, name) for name in names]


async def _measure(caller: Caller, page: str, expected: tuple[int, ...]) -> float:
    """Return the median over the rounds of the mean CPU milliseconds of a call."""
    for _warm in range(5):
        status = await caller(page)
        if status not in expected:
            raise RuntimeError(f"{page} answered {status}")
    took = []
    for _round in range(ROUNDS):
        started = time.process_time()
        for _call in range(CALLS):
            await caller(page)
        took.append((time.process_time() - started) * 1000 / CALLS)
    return statistics.median(took)


async def _repeat(caller: Caller, page: str) -> None:
    """Keep one page busy, so that a sampling profiler sees every thread (py-spy record -- python -m bench.cpu ...)."""
    for _call in range(1500):
        await caller(page)


@contextmanager
def _address(folder: str, *, postgres: bool) -> Iterator[str]:
    if not postgres:
        yield f"sqlite:///{folder}/staffhub.db"
        return
    server = Postgres(durable=True)
    try:
        server.run("CREATE DATABASE staffhub")
        yield server.url("staffhub")
    finally:
        server.stop()


async def _main(only: list[str] | None, pages: list[str] | None, *, postgres: bool) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="staffhub-bench-") as folder,
        _address(folder, postgres=postgres) as address,
    ):
        settings = Settings(data_dir=Path(folder), database_url=address)
        app = create_app(settings, ticking=False)
        database: Database = app.state.database
        migrate(database.engine)
        with database.transaction() as db:
            demo.seed(db, settings, now=clock.now())
        async with app.router.lifespan_context(app):
            if only:
                await _repeat(Caller(app, _tokens(database, only[0])), only[1])
                return
            print(f"{'who':<13}{'page':<24}{'CPU ms':>8}")
            for username, page in PAGES:
                if pages and page not in pages:
                    continue
                expected = (303,) if page == "check-in" else (304,) if "unchanged" in page else (200,)
                caller = Caller(app, _tokens(database, username))
                if "unchanged" in page:
                    await caller("/board")
                print(f"{username:<13}{page:<24}{await _measure(caller, page, expected):>8.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--only", nargs=2, metavar=("WHO", "PAGE"))
    parser.add_argument("--pages", nargs="*", help="some of the pages")
    parser.add_argument(
        "--postgres", action="store_true", help="instead of SQLite; the server's own CPU does not count"
    )
    given = parser.parse_args()
    asyncio.run(_main(given.only, given.pages, postgres=given.postgres))


if __name__ == "__main__":
    main()
