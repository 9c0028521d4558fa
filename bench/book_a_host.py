"""Two processes and two heads book one host 200 times on PostgreSQL: overlaps and doubled meetings must both be 0.

Each process draws the same hours of the same days in an order of its own and books them, some forms sent twice; what
is refused is refused because the host is taken. In the end the host's hours are compared pair by pair.

python -m bench.book_a_host            # on a PostgreSQL of its own
python -m bench.book_a_host --url sqlite:////tmp/some/staffhub.db
"""

import argparse
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from bench import processes
from bench.office import fill, token_of
from bench.postgres import Postgres
from staffhub import clock, security
from staffhub.db import Database
from staffhub.errors import Refused
from staffhub.meetings import hosts, plan
from staffhub.meetings.audience import Audience
from staffhub.models import Meeting, MeetingKind, Occurrence, Role, ZoomUser

BOOKINGS, HEADS = 200, 2
HOST = "ruang@bench.example"


def _starts(first: date, count: int) -> list[datetime]:
    """Every half hour from 8 to 17 on days one after the other, for meetings of an hour: each meets its neighbours."""
    hours = [time(8 + n // 2, 30 * (n % 2)) for n in range(18)]
    return [datetime.combine(first + timedelta(days=n // 18), hours[n % 18]) for n in range(count)]


def book(url: str, head: int, bookings: int) -> tuple[int, int]:
    """Book as one head; return how many were saved, and how many were refused."""
    database, now = Database(url), clock.now()
    with database.reading() as db:
        me = security.session_for(db, token_of(head), now=now).viewer
    starts = _starts(now.astimezone(me.zone).date() + timedelta(days=1), bookings)
    random.Random(head).shuffle(starts)
    saved = refused = 0
    for n, start in enumerate(starts):
        for _tap in range(2 if n % 4 == 0 else 1):
            facts: dict[str, Any] = {
                "kind": MeetingKind.SINGLE,
                "topic": f"Rapat {start:%d %H.%M}",
                "minutes": 60,
                "now": now,
            }
            facts |= {"starts_on": start.date(), "starts_at": start.time(), "audience": Audience(everyone=True)}
            try:
                with database.transaction() as db:
                    saved += plan.schedule(db, me, **facts, idempotency_key=f"book-{head}-{n:04}").first
            except Refused:
                refused += 1
    database.engine.dispose()
    return saved, refused


def prepare(url: str) -> None:
    """Found an office with two heads, and a pool of one host."""
    fill(url, offices=1, officers=4, roles=(Role.OFFICE_HEAD,) * HEADS)
    database = Database(url)
    with database.transaction() as db:
        facts = {"licence": hosts.LICENSED, "at_once": 1, "hosts": True, "written": 0, "seen_at": clock.now()}
        db.add(ZoomUser(email=HOST, **facts))
    database.engine.dispose()


def count(url: str) -> tuple[int, int, int]:
    """Return how many meetings there are, how many pairs of them meet at the host, and how many are there twice."""
    database = Database(url)
    with database.reading() as db:
        spans = sorted((row.starts_at, row.ends) for row in db.scalars(select(Occurrence)))
        made = db.execute(select(Meeting.created_by, Meeting.topic)).all()
        elsewhere = db.scalar(select(func.count()).select_from(Meeting).where(Meeting.zoom_host != HOST))
    database.engine.dispose()
    overlaps = sum(before[1] > after[0] for before, after in pairwise(spans))
    return len(made), overlaps + (elsewhere or 0), len(made) - len({tuple(row) for row in made})


def run(url: str, bookings: int) -> Sequence[int]:
    """Book from a process for each head at once; return the figures of `count`."""
    prepare(url)
    command = [sys.executable, "-m", "bench.book_a_host", "--url", url, "--bookings", str(bookings), "--head"]
    workers = [subprocess.Popen([*command, str(head)], cwd=processes.ROOT) for head in range(HEADS)]
    if sum(worker.wait() for worker in workers):
        raise SystemExit(1)
    return count(url)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--bookings", type=int, default=BOOKINGS // HEADS, help="of each head")
    parser.add_argument("--head", type=int, default=-1, help="be this head's process")
    given = parser.parse_args()
    if given.head >= 0:
        saved, refused = book(given.url, given.head, given.bookings)
        print(f"head {given.head}: booked {saved}, refused {refused}")
        return
    if given.url:
        figures = run(given.url, given.bookings)
    else:
        server = Postgres(durable=True)
        try:
            server.run("create database bench")
            figures = run(server.url("bench"), given.bookings)
        finally:
            server.stop()
    meetings, overlaps, doubled = figures
    tried = HEADS * given.bookings
    print(f"processes {HEADS}, bookings {tried}, meetings {meetings}, overlaps {overlaps}, doubled meetings {doubled}")
    if overlaps or doubled or not meetings:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
