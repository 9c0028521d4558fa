"""Many at once over a real port: marks get in, nobody's slowness holds a turn, and every turn is given back."""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from staffhub import clock
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.models import Mark
from staffhub.security import passwords
from staffhub.settings import Settings
from tests.conftest import PASSWORD, open_session, wait_until
from tests.live import browser, serving
from tests.page_forms import form_of

NAMES = ("ben", "tia", "cy", "hana", "ana", "dewi")
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _tokens(database: Database) -> list[str]:
    return [open_session(database, name, now=clock.now()) for name in NAMES]


def _form() -> dict[str, str]:
    return {"mode": "office", "idempotency_key": str(uuid4())}


def _count(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(Mark)) or 0


def _refused(line: str) -> float:
    return REGISTRY.get_sample_value("staffhub_refused_total", {"line": line}) or 0


def test_in_a_rush_of_pages_every_mark_gets_in_and_a_page_is_there_or_says_when_to_come(settings: Settings) -> None:
    app = create_app(settings, ticking=False)
    door, tokens = app.state.door, _tokens(app.state.database)
    refused = _refused("marks")
    door.pages.turns, door.pages.patience = 1, 0.05

    def ask(number: int) -> tuple[str, int, str]:
        with browser(address, tokens[number % 6]) as client:
            if number % 8 == 0:
                form, answers = _form(), []
                # The database itself may ask for patience on a machine that is busy otherwise.
                wait_until(
                    lambda: answers.append(client.post("/presence/check-in", data=form)) or answers[-1].is_redirect
                )
                return "mark", answers[-1].status_code, ""
            answer = client.get(("/", "/board")[number % 2])
            return "page", answer.status_code, answer.headers.get("retry-after", "")

    with serving(app) as address, ThreadPoolExecutor(48) as threads:
        answers = list(threads.map(ask, range(96)))
        assert {status for kind, status, _later in answers if kind == "mark"} == {303}
        assert _refused("marks") == refused
        pages = {(status, bool(later)) for kind, status, later in answers if kind == "page"}
        assert pages <= {(200, False), (503, True)}
        assert (503, True) in pages, "so many would have stood in line for too long"
        assert (door.inside, [line.inside for line in door.lines]) == (0, [0, 0, 0, 0, 0])
        assert all(turn.done() for line in door.lines for turn in line.waiting)
        with browser(address, tokens[0]) as client:
            door.pages.patience = 4
            assert client.get("/").status_code == 200
        assert _count(app.state.database) == 3  # people whose number is a multiple of 8


@SQLITE
def test_phones_that_stop_in_the_middle_of_a_form_hold_no_turn(settings: Settings) -> None:
    app = create_app(settings, ticking=False)
    tokens = _tokens(app.state.database)
    body = urlencode(_form())
    head = (
        f"POST /presence/check-in HTTP/1.1\r\nHost: testserver\r\nSec-Fetch-Site: same-origin\r\n"
        f"Cookie: staffhub_session={tokens[0]}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with serving(app) as address:
        parts = urlsplit(address)
        phones = [socket.create_connection((parts.hostname or "", parts.port or 0)) for _n in range(20)]
        for phone in phones:
            phone.sendall(f"{head}{body[:10]}".encode())
        with browser(address, tokens[1]) as client:
            assert client.get("/").status_code == 200
            assert client.post("/presence/check-in", data=_form()).status_code == 303
        assert app.state.door.inside == 0
        for phone in phones[1:]:
            phone.close()
        phones[0].sendall(body[10:].encode())
        assert phones[0].recv(4096).startswith(b"HTTP/1.1 303")
        phones[0].close()
        assert _count(app.state.database) == 2


@SQLITE
def test_while_sign_ins_wait_for_their_hashes_whoever_is_signed_in_goes_on(settings: Settings) -> None:
    app = create_app(settings, ticking=False)
    tokens = _tokens(app.state.database)
    free = threading.Event()
    busy = [passwords._hashing.submit(free.wait) for _n in range(os.cpu_count() or 1)]

    def sign_in(_number: int) -> int:
        with browser(address) as client:
            return client.post("/login", data={"username": "ben", "password": PASSWORD}).status_code

    with serving(app) as address, ThreadPoolExecutor(12) as threads:
        try:
            coming = [threads.submit(sign_in, n) for n in range(12)]
            wait_until(lambda: len(app.state.door.sign_ins.waiting) == 10)
            for token in tokens:
                with browser(address, token) as client:
                    assert client.get("/").status_code == 200
                    assert client.post("/presence/check-in", data=_form()).status_code == 303
        finally:
            free.set()
        assert {one.result() for one in coming} == {303}
    assert all(one.result() for one in busy)


@SQLITE
def test_a_mark_that_the_database_could_not_take_stands_on_the_page_and_keeps_its_moment(settings: Settings) -> None:
    app = create_app(settings, ticking=False)
    token = _tokens(app.state.database)[0]
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    other = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with serving(app) as address, browser(address, token) as client:
        with other.connect() as holder:
            holder.exec_driver_sql("BEGIN IMMEDIATE")
            sent = clock.now()
            refused = client.post("/presence/check-in", data=_form())
            holder.exec_driver_sql("ROLLBACK")
        assert refused.status_code == 503
        told = clock.now()
        form = {name: values[0] for name, values in form_of(refused.text, "/presence/check-in").items()}
        # The database is asked again only after a moment.
        wait_until(lambda: client.post("/presence/check-in", data=form).status_code == 303)
        assert "Sudah tercatat" in client.post("/presence/check-in", data=form, headers={"HX-Request": "true"}).text
        with app.state.database.reading() as db:
            marks = db.execute(sa.select(Mark.attempted_at, Mark.received_at)).all()
    assert len(marks) == 1
    assert sent.replace(microsecond=0) <= marks[0][0] < told <= marks[0][1]
