"""Many people at once over real HTTP: nobody waits for somebody who waits for them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa

from staffhub import clock
from staffhub.app import create_app
from staffhub.claims import claim
from staffhub.models import Claim, Mark, UserSession
from staffhub.settings import Settings
from tests.conftest import PASSWORD, open_session
from tests.live import browser, serving


def test_64_requests_at_once_and_the_scheduler_writing_all_come_back(settings: Settings) -> None:
    app = create_app(settings, ticking=False)
    database = app.state.database
    now = clock.now()
    tokens = [open_session(database, name, now=now) for name in ("ben", "tia", "cy", "hana")]
    # Sessions that were not seen for a day: each page then also notes that they are in use.
    with database.transaction() as db:
        db.execute(sa.update(UserSession).values(seen_at=now - timedelta(days=1)))
    stop = threading.Event()

    def schedule() -> int:
        done = 0
        while not stop.is_set():
            with database.transaction() as db:
                claim(db, "load", uuid4().hex, now=now)
            done += 1
        return done

    def ask(number: int) -> int:
        token = tokens[number % 4]
        with browser(address, token) as client:
            kind = number // 4 % 4
            if kind == 0:
                form = {"mode": "office", "idempotency_key": uuid4().hex}
                return client.post("/presence/check-in", data=form).status_code
            if kind == 1:
                return client.post("/login", data={"username": f"nobody{number}", "password": "salah"}).status_code
            return client.get("/" if kind == 2 else "/board").status_code

    with serving(app) as address, ThreadPoolExecutor(65) as threads:
        ticking = threads.submit(schedule)
        try:
            answers = list(threads.map(ask, range(64)))
        finally:
            stop.set()
    assert set(answers) <= {200, 303, 422}
    check = create_app(settings, ticking=False).state.database
    with check.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Claim).where(Claim.job == "load")) == ticking.result()
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 4  # one check-in each, whoever taps twice
    check.engine.dispose()


def test_a_rush_of_right_passwords_from_one_address_lets_everybody_in(settings: Settings) -> None:
    app = create_app(settings, ticking=False)

    def arrive(_number: int) -> int:
        with browser(address) as client:
            return client.post("/login", data={"username": "ben", "password": PASSWORD}).status_code

    with serving(app) as address, ThreadPoolExecutor(40) as threads:
        assert set(threads.map(arrive, range(40))) == {303}
