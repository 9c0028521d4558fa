"""Real databases, real commits: one migrated template per kind of database, copied for every test."""

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from bench.postgres import NotInstalled, Postgres
from staffhub import clock, security, workdays
from staffhub import office as office_facts
from staffhub.app import create_app
from staffhub.connections import make_engine
from staffhub.db import Database
from staffhub.founding import found_office
from staffhub.meetings import sync
from staffhub.migrations import migrate
from staffhub.models import Account, Division, EmploymentType, Office, Officer, PlanLayer, PlanMode, Posting, Role
from staffhub.people.known import POSTED
from staffhub.roster import grants
from staffhub.security import Viewer, WebSession
from staffhub.settings import Settings

# Monday, 23 November 2026, 07.12 WITA: an ordinary working day of the office.
MORNING = datetime(2026, 11, 22, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
Result = TypeVar("Result")
PASSWORD = "sandi-uji-41"
PASSWORD_HASH = security.hash_password(PASSWORD)


@pytest.fixture(scope="session", autouse=True)
def _no_time_passes_within_a_run_of_the_outbox() -> Iterator[None]:
    """What is due is said by the `now` that a test passes, and not also by how long the machine stood still since."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync, "clock", SimpleNamespace(**vars(clock) | {"now": lambda: MORNING}))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        server = Postgres()
    except NotInstalled as error:
        pytest.exit(f"{error} (then run `make test` again)", 1)
    try:
        server.run("CREATE DATABASE template_staffhub")
        _prepare(server.url("template_staffhub"))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "staffhub.db"
    _prepare(f"sqlite:///{path}")
    return path


def _prepare(url: str) -> None:
    """Migrate, found the office and seat the cast; what every test starts from."""
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    database = Database(url)
    with database.transaction() as db:
        seat_cast(db)
    if database.sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()


# username: (name, employment type, division code, position, role)
CAST = {
    "dewi": ("Dewi Ondang", EmploymentType.PNS, None, "Kepala Dinas", Role.OFFICE_HEAD),
    "ana": ("Ana Kaunang", EmploymentType.PNS, "population_registration", "Kepala Bidang", Role.DIVISION_HEAD),
    "ben": ("Ben Tumiwa", EmploymentType.PNS, "population_registration", "Pengelola data", Role.STAFF),
    "tia": ("Tia Lumintang", EmploymentType.THL, "population_registration", "Petugas loket", Role.STAFF),
    "cy": ("Cy Sondakh", EmploymentType.PPPK, "civil_registration", "Operator layanan", Role.STAFF),
    "hana": ("Hana Tendean", EmploymentType.PNS, "secretariat", "Analis SDM", Role.HR),
    "adi": ("Adi Walangitan", EmploymentType.PNS, "secretariat", "Pranata komputer", Role.ADMIN),
}


def seat_cast(db: Any) -> None:
    """Ana heads the division of Ben and Tia, Cy is from another one, Oka from another office altogether."""
    office = found_office(db, name="Disdukcapil Kabupaten Contoh", timezone="Asia/Makassar", now=MORNING)
    divisions = {d.code: d.id for d in db.scalars(sa.select(Division).where(Division.office_id == office.id))}
    head = None
    for number, (username, (name, kind, division, position, role)) in enumerate(CAST.items(), 1):
        officer = add_officer(
            db,
            office,
            number=f"{number:018}",
            name=name,
            employment_type=kind,
            position=position,
            division_id=divisions.get(division),
            superior_id=head,
        )
        head = head or officer.id
        add_account(db, officer, username, role)
    other = found_office(db, name="Disdukcapil Kabupaten Lain", timezone="Asia/Jayapura", now=MORNING)
    add_account(db, add_officer(db, other, number="9", name="Oka Lain", position="Analis SDM"), "oka", Role.HR)


def add_officer(db: Any, office: Office, **facts: Any) -> Officer:
    facts = {"employment_type": EmploymentType.PNS, "active_from": date(2020, 1, 1), **facts}
    posted = {name: facts.pop(name) for name in POSTED if name in facts}
    officer = Officer(office_id=office.id, **facts)
    db.add(officer)
    db.flush()
    keys = {"office_id": office.id, "officer_id": officer.id, "created_at": MORNING}
    db.add(Posting(valid_from=officer.active_from, **keys, **posted))
    db.flush()
    return officer


def add_posting(db: Any, officer_id: int | None, day: date, **facts: Any) -> None:
    """Let somebody serve elsewhere or as something else from a day on, as a fact."""
    (last,) = db.scalars(sa.select(Posting).where(Posting.officer_id == officer_id, Posting.valid_to.is_(None)))
    same = {name: getattr(last, name) for name in (*POSTED, "office_id", "officer_id")}
    last.valid_to = day - timedelta(days=1)
    db.add(Posting(valid_from=day, created_at=MORNING, **(same | facts)))
    db.flush()


def add_account(db: Any, officer: Officer, username: str, role: Role = Role.STAFF, **facts: Any) -> Account:
    account = Account(
        office_id=officer.office_id,
        officer_id=officer.id,
        username=username,
        **{
            "password_hash": PASSWORD_HASH,
            "password_changed_at": MORNING,
            "must_change_password": False,
            "created_at": MORNING,
            **facts,
        },
    )
    db.add(account)
    db.execute(sa.update(Posting).where(Posting.officer_id == officer.id).values(role=role))
    db.flush()
    return account


def plan_range(db: Any, me: Viewer, officer_id: int | None, first: date, last: date | None = None, **facts: Any) -> int:
    """Write a range of the plan as a fact, whatever the rules say: leave on one day unless the facts say otherwise."""
    row = {"mode": PlanMode.LEAVE, "note": "", "document": "", "on_free_days": False} | facts
    row.setdefault("layer", PlanLayer.LEAVE if row["mode"] is PlanMode.LEAVE else PlanLayer.HAND)
    who = {"office_id": me.office_id, "officer_id": officer_id, "created_by": me.account_id, "created_at": MORNING}
    return grants.lay(db, [row | who | {"first": first, "last": last or first}])[0]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        path = tmp_path / "staffhub.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex[:12]}"
    server.run(f"CREATE DATABASE {name} TEMPLATE template_staffhub STRATEGY file_copy")
    yield server.url(name)
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    base = Database(database_url)
    yield base
    base.engine.dispose()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        data_dir=tmp_path,
        secret_key="a-secret-only-for-the-tests-0123456789",
        base_url="http://testserver",
    )


def count_from(database: Database, day: date | None) -> None:
    """Let presence count from a date in the first office, as HR does."""
    with database.transaction() as db:
        first = sa.select(sa.func.min(Office.id)).scalar_subquery()
        db.execute(sa.update(Office).where(Office.id == first).values(recorded_from=day))


def open_session(database: Database, username: str, *, now: datetime = MORNING) -> str:
    """Sign somebody in without the slow hash; return the session's token."""
    with database.transaction() as db:
        attempt_id, account = security.begin_sign_in(
            db, username=username, address="127.0.0.1", device=None, key=b"", now=now
        )
        assert account is not None
        return security.finish_sign_in(db, attempt_id, account, device="d", user_agent="test", now=now)


def session_of(database: Database, username: str, *, now: datetime = MORNING) -> WebSession:
    token = open_session(database, username, now=now)
    with database.reading() as db:
        return security.session_for(db, token, now=now)


def viewer_of(database: Database, username: str, *, now: datetime = MORNING) -> Viewer:
    return session_of(database, username, now=now).viewer


@dataclass
class World:
    """A running app, its database and the cast; `at` moves the clock of later requests."""

    app: Any
    database: Database
    settings: Settings
    now: datetime = MORNING
    clients: list[TestClient] = field(default_factory=list)

    def client(self, username: str | None = None, **headers: str) -> TestClient:
        """Return a browser; signed in when a name is given. It follows no redirects, so that tests see them."""
        client = TestClient(
            self.app,
            follow_redirects=False,
            headers={"Sec-Fetch-Site": "same-origin"} | headers,
            raise_server_exceptions=False,
        )
        if username:
            client.cookies.set("staffhub_session", self.token(username))
        self.clients.append(client)
        return client

    def token(self, username: str) -> str:
        return open_session(self.database, username, now=self.now)

    def session(self, username: str) -> WebSession:
        return session_of(self.database, username, now=self.now)

    def viewer(self, username: str) -> Viewer:
        return viewer_of(self.database, username, now=self.now)

    def officer_id(self, username: str) -> int:
        officer_id = self.viewer(username).officer_id
        assert officer_id is not None
        return officer_id

    def at(self, moment: datetime) -> None:
        self.now = moment


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    """The app in process, its time-driven work left to the test; the clock stands at MORNING until moved."""
    import time_machine

    app = create_app(settings, ticking=False)
    made = World(app=app, database=app.state.database, settings=settings)
    with time_machine.travel(MORNING, tick=False) as traveller, TestClient(app):
        made.at = lambda moment: (setattr(made, "now", moment), traveller.move_to(moment, tick=False))[0]  # type: ignore[method-assign]
        yield made
        for client in made.clients:
            client.close()


def keep_offices(database: Database) -> None:
    """Let this process know what changes rarely, as after its first page."""
    with database.reading() as db:
        for office_id in db.scalars(sa.select(Office.id)):
            workdays.calendar(db, office_id)
            for read in (office_facts.facts, office_facts.divisions, office_facts.services, office_facts.places):
                read(db, office_id)


@contextmanager
def count_queries(database: Database) -> Iterator[list[str]]:
    """Collect the statements sent meanwhile, BEGIN and COMMIT left out; what is kept per process is there already."""
    keep_offices(database)
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def race(database: Database, first: Callable[[Session], object], then: Callable[[], Result]) -> Result:
    """Let `first` write and not yet commit; start `then`, and commit once it waits for us. Return or raise its outcome.

    On PostgreSQL it waits for a row or a unique key, on SQLite for the one writer.
    """
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with ThreadPoolExecutor(1) as other:
        with database.transaction() as db:
            first(db)
            db.flush()
            outcome = other.submit(then)
            if database.sqlite:
                time.sleep(0.1)
            else:
                wait_until(lambda: outcome.done() or _count(database, waiting))
        return outcome.result()


def _count(database: Database, statement: str) -> int:
    with database.reading() as db:  # a session each time: within one, PostgreSQL shows the same activity again
        return db.scalar(sa.text(statement)) or 0


def wait_until(ready: Any, *, seconds: float = 60) -> None:
    """Wait for something another process does; the limit only keeps a broken test from hanging."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            pytest.fail("it did not happen in time")
        time.sleep(0.05)
