"""5,000 of Zoom's events over the wire, shuffled and 30 % of them twice: is attendance as after the ordered run?

python -m bench.events [--postgresql] [--events 5000] [--clients 8]
"""

import argparse
import hashlib
import hmac
import http.client
import json
import random
import secrets
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn

from bench.postgres import Postgres, free_port
from staffhub import clock, demo
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.meetings import attendance
from staffhub.migrations import migrate
from staffhub.models import Attendance, Meeting, Occurrence, ZoomSighting
from staffhub.serving import Arrivals
from staffhub.settings import Settings

SECRET = "only-for-this-measurement"
PEOPLE = 250
Said = dict[str, Any]


def events(number: int, starts: datetime, count: int) -> list[Said]:
    """Return joins and leaves of PEOPLE with rejoins and second devices, in the order in which they happened."""
    draw, made = random.Random(1), []
    for connection in range(count // 2):
        name, came = f"Orang {connection % PEOPLE}", starts + timedelta(seconds=draw.randint(-600, 1500))
        for kind, word, at in (
            ("joined", "join_time", came), ("left", "leave_time", came + timedelta(seconds=draw.randint(10, 900))),
        ):  # fmt: skip
            who = {"user_id": str(connection), "user_name": name, "email": "", "id": "", word: at.isoformat()}
            thing = {"id": str(number), "uuid": "run==", "participant": who}
            made.append((at, {"event": f"meeting.participant_{kind}", "payload": {"object": thing}}))
    return [event for _at, event in sorted(made, key=lambda one: one[0])]


def deliver(port: int, told: list[Said], clients: int) -> list[float]:
    """Post them, each signed, `clients` at once; return the seconds of each answer."""

    def some(mine: list[Said]) -> list[float]:
        seconds, line = [], http.client.HTTPConnection("127.0.0.1", port)
        for event in mine:
            raw, stamp = json.dumps(event).encode(), str(int(time.time()))
            signed = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
            headers = {"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={signed}"}
            began = time.perf_counter()
            line.request("POST", "/webhooks/zoom", raw, headers | {"content-type": "application/json"})
            answer = line.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - began)
            if answer.status != 200:
                raise SystemExit(f"an event was answered {answer.status}")
        return seconds

    with ThreadPoolExecutor(clients) as pool:
        return [one for found in pool.map(some, [told[at::clients] for at in range(clients)]) for one in found]


def served(app: Any) -> tuple[uvicorn.Server, threading.Thread, int]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", http=Arrivals))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    return server, thread, port


def one_run(url: str, folder: Path, *, ordered: bool, count: int, clients: int) -> list[tuple[Any, ...]]:
    settings = Settings(
        database_url=url, data_dir=folder, secret_key=secrets.token_urlsafe(32), zoom_webhook_secret=SECRET,
        base_url="http://127.0.0.1",
    )  # fmt: skip
    app = create_app(settings, ticking=False)
    database: Database = app.state.database
    migrate(database.engine)
    now = clock.now()
    with database.transaction() as db:
        demo.seed(db, settings, now=now)
    held = _meeting(database, clock.local_day(now, settings.zone))
    told = events(held[0], held[3], count)
    if not ordered:
        draw = random.Random(2)
        told += draw.sample(told, len(told) * 3 // 10)
        draw.shuffle(told)
    server, thread, port = served(app)
    try:
        seconds = sorted(deliver(port, told, 1 if ordered else clients))
    finally:
        server.should_exit = True
        thread.join()
    return _worked_out(database, held, told, seconds, ordered=ordered)


def _meeting(database: Database, day: date) -> tuple[int, int, int, datetime, int, date]:
    """Return Zoom's number, ours, the office, start and length of a meeting of today, without what was seen of it."""
    with database.transaction() as db:
        query = sa.select(Occurrence).where(Occurrence.date <= day).order_by(Occurrence.date.desc(), Occurrence.id)
        one = db.scalars(query.limit(1)).one()
        db.get_one(Meeting, one.meeting_id).zoom_id = 81234567890
        return 81234567890, one.meeting_id, one.office_id, one.starts_at, one.minutes, one.date


def _worked_out(
    database: Database, held: Any, told: list[Said], seconds: list[float], *, ordered: bool
) -> list[tuple[Any, ...]]:
    _number, meeting, office, starts, minutes, day = held
    began = time.perf_counter()
    with database.transaction() as db:
        attendance.work_out(db, attendance.Held(office, meeting, day, starts, minutes, 0))
    took = time.perf_counter() - began
    columns = (Attendance.person, Attendance.seconds, Attendance.joined_at, Attendance.left_at)
    mine = (Attendance.meeting_id == meeting, Attendance.date == day, Attendance.name.startswith("Orang "))
    with database.reading() as db:
        found = [tuple(row) for row in db.execute(sa.select(*columns).where(*mine).order_by(Attendance.person))]
        stored = db.scalar(sa.select(sa.func.count()).where(ZoomSighting.meeting_id == meeting))
    p99 = seconds[int(len(seconds) * 0.99)] * 1000
    print(
        f"{'ordered ' if ordered else 'shuffled'} {len(told)} deliveries, {stored} facts: "
        f"p50 {statistics.median(seconds) * 1000:.1f} ms, p99 {p99:.1f} ms, max {seconds[-1] * 1000:.0f} ms; "
        f"worked out in {took:.2f} s, {len(found)} people"
    )
    database.engine.dispose()
    return found


def main() -> None:
    read = argparse.ArgumentParser()
    read.add_argument("--postgresql", action="store_true")
    read.add_argument("--events", type=int, default=5000)
    read.add_argument("--clients", type=int, default=8)
    given = read.parse_args()
    found = []
    for ordered in (True, False):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = f"sqlite:///{folder}/events.db"
            if given.postgresql:
                postgres = Postgres(durable=True)
                stack.callback(postgres.stop)
                postgres.run("CREATE DATABASE events")
                url = postgres.url("events")
            found.append(one_run(url, folder, ordered=ordered, count=given.events, clients=given.clients))
    print("attendance equal:", found[0] == found[1])
    sys.exit(found[0] != found[1])


if __name__ == "__main__":
    main()
