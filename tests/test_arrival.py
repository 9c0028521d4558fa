"""The time that counts is the arrival of the first byte, whatever the request waits for afterwards."""

import socket
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from staffhub import clock
from staffhub.app import create_app
from staffhub.models import Mark
from staffhub.serving import seen_by_proxy
from staffhub.settings import Settings
from tests.conftest import TODAY, World, count_from, open_session
from tests.live import browser, serving
from tests.page_forms import form_of


def _form(**facts: str) -> dict[str, str]:
    return {"mode": "office", "idempotency_key": str(uuid4())} | facts


def _hold_the_lock(url: str) -> Any:
    """Let another program keep every mark from being written until the connection is closed."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    connection = engine.connect()
    sqlite = engine.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
    if not sqlite:
        connection.exec_driver_sql("LOCK TABLE mark IN EXCLUSIVE MODE")
    return closing(connection)


def test_while_the_lock_is_held_for_five_seconds_each_mark_keeps_the_moment_it_was_sent(settings: Settings) -> None:
    """Nobody is kept waiting as long as that: whoever is told to come again does, with the same key and the note."""
    app = create_app(settings, ticking=False)
    names = ("ben", "tia", "cy")
    tokens = [open_session(app.state.database, name, now=clock.now()) for name in names]
    answers: list[int] = []

    def tap(token: str) -> None:
        form = _form()
        with browser(address, token) as client:
            for _try in range(40):
                answer = client.post("/presence/check-in", data=form)
                answers.append(answer.status_code)
                if answer.status_code == 303:
                    return
                form |= {name: values[0] for name, values in form_of(answer.text, "/presence/check-in").items()}
                time.sleep(0.5)  # less than the answer's Retry-After asks for

    with serving(app) as address:
        with _hold_the_lock(settings.database_url):
            sent = clock.now()
            taps = [threading.Thread(target=tap, args=[token]) for token in tokens]
            for one in taps:
                one.start()
            time.sleep(2)
            seen = clock.now()
            time.sleep(3)
            assert 303 not in answers
            freed = clock.now()
        for one in taps:
            one.join()
        assert answers.count(303) == 3
        with app.state.database.reading() as db:
            marks = db.execute(sa.select(Mark.attempted_at, Mark.received_at)).all()
    # The note holds milliseconds.
    assert all(sent - timedelta(milliseconds=1) <= at <= seen for at, _stored in marks), (sent, seen, marks)
    if app.state.database.sqlite:  # PostgreSQL lets it begin and waits in the middle
        assert all(stored >= freed for _at, stored in marks)


def _raw(address: str, token: str, form: dict[str, str], **headers: str) -> bytes:
    body = urlencode(form)
    host = urlsplit(address).netloc
    lines = [
        "POST /presence/check-in HTTP/1.1",
        f"Host: {host}",
        "Sec-Fetch-Site: same-origin",
        f"Cookie: staffhub_session={token}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_first_byte_of_a_slow_phone_counts_also_on_a_connection_that_was_used_before(settings: Settings) -> None:
    app = create_app(settings, ticking=False)
    token = open_session(app.state.database, "ben", now=clock.now())
    with serving(app) as address:
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as phone:
            phone.sendall(f"GET /healthz HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
            while not phone.recv(4096).endswith(b'{"process":"ok"}'):
                pass
            message = _raw(address, token, _form())
            before = clock.now()
            phone.sendall(message[:3])
            time.sleep(1)
            after = clock.now()
            time.sleep(1)
            phone.sendall(message[3:-4])
            time.sleep(1)
            phone.sendall(message[-4:])
            assert phone.recv(4096).startswith(b"HTTP/1.1 303")
        with app.state.database.reading() as db:
            at = db.scalar(sa.select(Mark.attempted_at))
    assert at
    assert before <= at <= after


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("trusted", "said", "counts"),
    [
        ("127.0.0.1", "t={now:.3f} after=4.000", True),
        ("", "t={now:.3f} after=4.000", False),  # anybody may write a header
        ("10.1.2.3", "t={now:.3f} after=4.000", False),
        ("127.0.0.1", "t={now:.3f} after=400", False),  # another clock
        ("127.0.0.1", "t=x", False),
    ],
)
def test_only_a_trusted_proxy_may_say_when_the_first_byte_came(
    settings: Settings, trusted: str, said: str, counts: bool
) -> None:
    app = create_app(settings, ticking=False)
    token = open_session(app.state.database, "ben", now=clock.now())
    given = {"proxy_headers": bool(trusted), "forwarded_allow_ips": trusted or "127.0.0.1"}
    with serving(app, **given) as address:
        parts = urlsplit(address)
        before = clock.now()
        start = {"X_Request_Start": said.format(now=before.timestamp()), "X_Forwarded_For": "192.0.2.1"}
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as proxy:
            proxy.sendall(_raw(address, token, _form(), **start))
            assert proxy.recv(4096).startswith(b"HTTP/1.1 303")
        with app.state.database.reading() as db:
            at = db.scalar(sa.select(Mark.attempted_at))
    assert at
    assert (at < before - timedelta(seconds=3)) is counts


@pytest.mark.parametrize(
    "said", [b"", b"t=", b"t=1e9", b"t=nan", b"t=-5", b"t=99999999999", b"t=999999999999 after=9999", b"t=1 after=x"]
)
def test_a_proxys_stamp_that_makes_no_sense_is_left_aside(said: bytes) -> None:
    ours = datetime(2026, 11, 22, 23, 12, tzinfo=UTC)
    assert seen_by_proxy(said, ours) == ours


class _Late:
    """The app as a server hands it requests whose first byte came at `arrived`, some time ago."""

    def __init__(self, app: Any, arrived: datetime) -> None:
        self.app, self.arrived = app, arrived

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({**scope, clock.ARRIVED: self.arrived}, receive, send)


def _late_client(world: World, arrived: datetime) -> TestClient:
    """A browser of Ben's whose request arrived then; by now it is 5 seconds later."""
    token = world.token("ben")
    world.at(arrived + timedelta(seconds=5))
    client = TestClient(_Late(world.app, arrived), follow_redirects=False, headers={"Sec-Fetch-Site": "same-origin"})
    client.cookies.set("staffhub_session", token)
    world.clients.append(client)
    return client


def test_a_tap_of_the_last_second_of_the_day_belongs_to_that_day_though_it_waited_over_midnight(world: World) -> None:
    arrived = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)
    assert _late_client(world, arrived).post("/presence/check-in", data=_form()).status_code == 303
    with world.database.reading() as db:
        row = db.execute(sa.select(Mark.date, Mark.attempted_at, Mark.received_at)).one()
    assert tuple(row) == (TODAY, arrived, arrived + timedelta(seconds=5))


@pytest.mark.parametrize(("second", "late"), [(59, False), (60, True)])
def test_a_tap_of_the_last_second_before_lateness_is_in_time_though_it_waited_beyond(
    world: World, second: int, late: bool
) -> None:
    count_from(world.database, TODAY)
    arrived = datetime(2026, 11, 22, 23, 30, tzinfo=UTC) + timedelta(seconds=second)
    said = _late_client(world, arrived).post("/presence/check-in", data=_form(), headers={"HX-Request": "true"})
    assert f"Presensi masuk tercatat 07.3{int(late)} WITA" in said.text
    day = world.client("hana").get(f"/attendance/{world.officer_id('ben')}/{TODAY}").text
    assert ("Terlambat 1 menit" in day) is late


def test_of_two_taps_that_waited_the_later_one_holds_though_it_was_stored_first(world: World) -> None:
    arrived = datetime(2026, 11, 22, 23, 20, tzinfo=UTC)
    later = _late_client(world, arrived + timedelta(seconds=3))
    assert later.post("/presence/check-in", data=_form(mode="home")).status_code == 303
    earlier = _late_client(world, arrived)
    assert earlier.post("/presence/check-in", data=_form(mode="office")).status_code == 303
    page = world.client("ben").get("/").text
    assert "Masuk 07.20 Kantor, 07.20 Rumah." in page
    board = world.client("ana").get("/board?state=home").text
    assert "Ben Tumiwa" in board


def test_a_page_that_waited_shows_the_clock_as_it_is(world: World) -> None:
    arrived = datetime(2026, 11, 22, 23, 29, 58, tzinfo=UTC)
    page = _late_client(world, arrived).get("/").text
    assert 'data-now="2026-11-23T07:30:03+08:00">07.30<' in page
