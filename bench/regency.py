"""The morning of a whole regency: 60 offices, 10,000 people within a minute, PostgreSQL, two workers.

    python -m bench.regency                            # the morning itself
    python -m bench.regency --people 1000 --seconds 6  # a short form
    python -m bench.regency --rates 150 225 300        # so many arrivals a second, one load after the other
    python -m bench.regency --floor                    # the same people at the reference floor: what the machine bears

People arrive evenly and wait for nobody else: the page, then a check-in with the key of its form. Meanwhile the head of
each office has the board open, which asks every 30 s with If-None-Match, and HR opens the month once a minute. Whoever
is refused (503) waits as long as Retry-After says and sends the same again, with the note of the first press or try, as
the page does. Answers are compressed.
"""

import argparse
import asyncio
import math
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import uvloop

from bench import phones, processes
from bench.office import token_of
from bench.phones import Answer, Closed, Line
from bench.postgres import Postgres

OFFICE = 167  # people of an office
BOARD_SECONDS, MONTH_SECONDS, PAST_DAYS = 30, 60, 20
PATIENCE = 120  # seconds after the last arrival; who is not served by then has given up
BUCKET = 5  # seconds over which accepted marks are counted


@dataclass
class Person:
    """Milliseconds of the page, the check-in and both, until each was there; `sent`: when the mark was pressed."""

    token: str
    late: float = 0
    page: float = 0
    mark: float = 0
    both: float = 0
    key: str = ""
    sent: float = 0
    done: float = 0


@dataclass
class Wave:
    """What happened during one load."""

    people: list[Person]
    seconds: float
    refused: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    boards: list[float] = field(default_factory=list)
    unchanged: int = 0
    months: list[float] = field(default_factory=list)
    started: float = 0


class Phone:
    """A browser that keeps its connection, and opens a new one when it is gone."""

    def __init__(self, port: int, wave: Wave) -> None:
        self.port, self.wave = port, wave
        self.line: Line | None = None

    async def ask(self, what: str, request: bytes) -> tuple[Answer, float]:
        """Ask until it is served; return the answer, and when it was sent: the first press that the server knows of."""
        note, first, plain = b"", 0.0, request
        while True:
            try:
                self.line = self.line or await phones.connect(self.port)
                sent = time.time()
                answer = await self.line.ask(phones.with_header(request, b"X-First-Press", note) if note else request)
            except (Closed, OSError):
                self.wave.broken[what] += 1
                self.close()
                await asyncio.sleep(random.uniform(1, 3))
                continue
            if answer.status != 503:
                return answer, first or sent
            if not note and (note := answer.header(b"x-first-press")):
                first = sent
            if tried := answer.header(b"set-cookie"):
                request = phones.with_cookie(plain, tried)
            self.wave.refused[what] += 1
            self.close()
            await asyncio.sleep(float(answer.header(b"retry-after") or 5))

    def close(self) -> None:
        if self.line:
            self.line.close()
            self.line = None


async def _arrive(port: int, wave: Wave, one: Person, at: float) -> None:
    await asyncio.sleep(at - time.monotonic())
    phone, started = Phone(port, wave), time.monotonic()
    one.late = (started - at) * 1000
    page, _sent = await phone.ask("page", phones.get("/", one.token, b"Accept-Encoding: gzip"))
    seen = time.monotonic()
    one.page = (seen - started) * 1000
    if page.status != 200:
        wave.wrong[f"page {page.status}"] += 1
        return
    one.key = phones.key_in(page)
    request = phones.post("/presence/check-in", one.token, {"mode": "office", "idempotency_key": one.key})
    answer, one.sent = await phone.ask("mark", request)
    phone.close()
    if answer.status != 303:
        wave.wrong[f"mark {answer.status}"] += 1
        return
    one.done = time.monotonic()
    one.mark, one.both = (one.done - seen) * 1000, (one.done - started) * 1000


async def _watch_board(port: int, wave: Wave, token: str, at: float, end: float) -> None:
    tag = b""
    while at < end:
        await asyncio.sleep(at - time.monotonic())
        phone, started = Phone(port, wave), time.monotonic()
        more = (b"If-None-Match: " + tag,) if tag else ()
        answer, _sent = await phone.ask("board", phones.get("/board", token, b"Accept-Encoding: gzip", *more))
        phone.close()
        wave.boards.append((time.monotonic() - started) * 1000)
        wave.unchanged += answer.status == 304
        if answer.status not in {200, 304}:
            wave.wrong[f"board {answer.status}"] += 1
        tag, at = answer.header(b"etag") or tag, at + BOARD_SECONDS


async def _open_month(port: int, wave: Wave, token: str, at: float, end: float) -> None:
    while at < end:
        await asyncio.sleep(at - time.monotonic())
        phone, started = Phone(port, wave), time.monotonic()
        answer, _sent = await phone.ask("month", phones.get("/attendance", token, b"Accept-Encoding: gzip"))
        phone.close()
        wave.months.append((time.monotonic() - started) * 1000)
        if answer.status != 200:
            wave.wrong[f"month {answer.status}"] += 1
        at += MONTH_SECONDS


async def _run(port: int, wave: Wave, offices: int) -> None:
    wave.started = start = time.monotonic() + 0.5
    end, each = start + wave.seconds, wave.seconds / len(wave.people)
    arrivals = [_arrive(port, wave, one, start + n * each) for n, one in enumerate(wave.people)]
    board, month = (min(seconds, wave.seconds) / max(1, offices) for seconds in (BOARD_SECONDS, MONTH_SECONDS))
    others = [_watch_board(port, wave, token_of(n * OFFICE), start + n * board, end) for n in range(offices)]
    others += [_open_month(port, wave, token_of(n * OFFICE + 1), start + n * month, end) for n in range(offices)]
    tasks = [asyncio.ensure_future(one) for one in (*arrivals, *others)]
    _done, waiting = await asyncio.wait(tasks, timeout=wave.seconds + PATIENCE)
    for task in waiting:
        task.cancel()
    for task in _done:
        if error := task.exception():
            wave.wrong[f"{type(error).__name__}: {error}"[:120]] += 1


def _cuts(values: list[float]) -> str:
    if len(values) < 2:
        return "-"
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return f"p50 {cuts[49]:6.0f}   p99 {cuts[98]:6.0f}   max {max(values):6.0f} ms"


@dataclass
class Stored:
    """What the database says about the keys of a wave."""

    at: dict[str, datetime]
    twice: int


# What each of the two calls a mark of this morning: its key, its moment, whose it is; and which keys are older.
_OURS = ("idempotency_key", "attempted_at", "officer_id", "0%.%")
_FLOOR = ("key", "at", "person_id", "yesterday")


def _stored(url: str, keys: set[str], *, floor: bool) -> Stored:
    key, at, who, older = _FLOOR if floor else _OURS
    mark = sa.table("mark", sa.column(key, sa.String), sa.column(at, sa.DateTime(timezone=True)), sa.column(who))
    today = mark.c[key].not_like(older)
    doubled = sa.select(sa.literal(1)).where(today).group_by(mark.c[who]).having(sa.func.count() > 1).subquery()
    engine = sa.create_engine(url)
    with engine.connect() as db:
        found = db.execute(sa.select(mark.c[key], mark.c[at]).where(today))
        moments = {one: moment for one, moment in found if one in keys}
        twice = db.execute(sa.select(sa.func.count()).select_from(doubled)).scalar_one()
    engine.dispose()
    return Stored(moments, int(twice))


def _report(wave: Wave, stored: Stored, cpu: dict[str, float], memory: list[int]) -> bool:
    """Print a wave; return whether nothing was lost, doubled or wrong."""
    served = [one for one in wave.people if one.done]
    lost = [one for one in served if one.key not in stored.at]
    took = max((one.done for one in served), default=wave.started) - wave.started
    delays = [(stored.at[one.key].timestamp() - one.sent) * 1000 for one in served if one.key in stored.at]
    buckets = Counter(int((one.done - wave.started) // BUCKET) for one in served)
    count = len(wave.people)
    print(f"\n{count} people in {wave.seconds:.0f} s: {count / wave.seconds:.0f} arrive a second")
    print(
        f"served {len(served)} within {took:.1f} s, {len(served) / took if took else 0:.0f} a second; "
        f"gave up {count - len(served)}, lost {len(lost)}, doubled {stored.twice}, "
        f"wrong answers {dict(wave.wrong) or 0}"
    )
    print(f"refused with 503: {dict(wave.refused) or 0}; broken connections: {dict(wave.broken) or 0}")
    print(f"page      {_cuts([one.page for one in served])}")
    print(f"check-in  {_cuts([one.mark for one in served])}")
    print(f"both      {_cuts([one.both for one in served])}")
    print(f"board     {_cuts(wave.boards)}   ({len(wave.boards)} asked, {wave.unchanged} unchanged)")
    print(f"month     {_cuts(wave.months)}   ({len(wave.months)} asked)")
    print(f"pressed until attempted_at  {_cuts(delays)}")
    print(f"the load's own lateness  {_cuts([one.late for one in wave.people])}")
    accepted = " ".join(f"{buckets[n] / BUCKET:.0f}" for n in range(max(buckets, default=0) + 1))
    print(f"accepted marks a second, each {BUCKET} s: {accepted}")
    each = 1000 / max(1, len(served))
    used = ", ".join(f"{name} {seconds:.1f} s ({seconds * each:.1f} ms a person)" for name, seconds in cpu.items())
    print(f"CPU: {used}; memory of each worker and of what starts them: {memory} MB", flush=True)
    return not lost and not stored.twice and not wave.wrong and len(served) == count


@contextmanager
def _regency(given: argparse.Namespace, people: int) -> Iterator[tuple[processes.Server, Postgres, str]]:
    with ExitStack() as stack:
        folder = stack.enter_context(processes.scratch())
        postgres = Postgres(durable=True)
        stack.callback(postgres.stop)
        postgres.run("CREATE DATABASE regency")
        url, environment = postgres.url("regency"), processes.program(given.against or processes.ROOT)
        started, offices = time.monotonic(), math.ceil(people / OFFICE)
        if given.floor:
            processes.run(["-m", "bench.floor", str(people)], environment | {"FLOOR_DATABASE": url})
            server = processes.floor(url, folder)
        else:
            words = ["-m", "bench.office", url, str(offices), str(OFFICE), "--days", str(PAST_DAYS), "--led"]
            processes.run(words, environment)
            server = processes.staffhub(url, folder, environment)
        print(f"{offices} offices of {OFFICE}, {PAST_DAYS} past days, seeded in {time.monotonic() - started:.0f} s")
        server.start(workers=given.workers)
        stack.callback(server.kill)
        yield server, postgres, url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rates", type=float, nargs="*", help="arrivals a second, instead of --people")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--against", type=Path, help="another clone of StaffHub, to measure instead of this one")
    parser.add_argument("--floor", action="store_true", help="bench/floor.py instead, which has no boards and months")
    given = parser.parse_args()
    sizes = [round(rate * given.seconds) for rate in given.rates or ()] or [given.people]
    offices = 0 if given.floor else min(60, math.ceil(sum(sizes) / OFFICE))
    everybody = [Person(token_of(n)) for n in range(sum(sizes))]
    random.Random(7).shuffle(everybody)
    well = True
    with _regency(given, len(everybody)) as (server, postgres, url):
        for size in sizes:
            wave = Wave(everybody[:size], given.seconds)
            del everybody[:size]
            before = {"workers": server.cpu(), "PostgreSQL": processes.cpu(postgres.pid), "load": time.process_time()}
            uvloop.run(_run(server.port, wave, offices))
            after = {"workers": server.cpu(), "PostgreSQL": processes.cpu(postgres.pid), "load": time.process_time()}
            stored = _stored(url, {one.key for one in wave.people if one.done}, floor=given.floor)
            well &= _report(
                wave, stored, {name: after[name] - before[name] for name in after}, server.memory(given.workers)
            )
    if not well:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
