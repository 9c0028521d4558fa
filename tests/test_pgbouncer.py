"""PgBouncer in transaction mode in between, as `deploy/pgbouncer.ini` sets it up, with fewer sessions than threads."""

import configparser
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bench.postgres import Postgres, free_port
from staffhub import clock, deadlines
from staffhub.claims import claim
from staffhub.db import Database
from staffhub.models import Claim, Heartbeat, Mark
from tests.conftest import open_session, wait_until
from tests.faulty import IN_TIME, Frozen, ask, served

pytestmark = pytest.mark.xdist_group("faults")
EXAMPLE = Path(__file__).parent.parent / "deploy" / "pgbouncer.ini"
SESSIONS = 3


@dataclass
class Pooled:
    postgres: Postgres
    url: str
    direct: str


@pytest.fixture(scope="module")
def pooled(postgres: Postgres) -> Iterator[Pooled]:
    name = f"pooled_{uuid4().hex[:8]}"
    postgres.run(f"CREATE DATABASE {name} TEMPLATE template_staffhub")
    folder = postgres.folder / "pgbouncer"
    folder.mkdir()
    port = free_port()
    process = subprocess.Popen(_command(_settings(folder, port, postgres, name)), cwd="/", stderr=subprocess.DEVNULL)
    url = f"postgresql://staffhub@127.0.0.1:{port}/staffhub"
    try:
        wait_until(lambda: _answers(url))
        yield Pooled(postgres, url, postgres.url(name))
    finally:
        process.terminate()
        process.wait()
        postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


def _settings(folder: Path, port: int, postgres: Postgres, name: str) -> Path:
    """The example with the places of this machine, and so few sessions that everybody has to share."""
    settings = configparser.ConfigParser()
    settings.read(EXAMPLE)
    settings["databases"] = {"staffhub": f"host=127.0.0.1 port={postgres.port} dbname={name}"}
    users = folder / "users.txt"
    users.write_text('"staffhub" ""\n')
    own: dict[str, object] = {
        "listen_port": port,
        "auth_type": "trust",
        "auth_file": users,
        "default_pool_size": SESSIONS,
    }
    own |= {"unix_socket_dir": folder, "logfile": folder / "log", "pidfile": folder / "pid"}
    for key, value in own.items():
        settings["pgbouncer"][key] = str(value)
    file = folder / "pgbouncer.ini"
    with file.open("w") as opened:
        settings.write(opened)
    if os.geteuid() == 0:
        for path in (folder, users, file):
            shutil.chown(path, "postgres")
    return file


def _command(file: Path) -> list[str]:
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.exit("PgBouncer is not installed: apt-get install pgbouncer (then run `make test` again)", 1)
    return [*(["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []), program, "-q", str(file)]


def _answers(url: str) -> bool:
    engine = sa.create_engine(url, connect_args={"prepare_threshold": None})
    try:
        with engine.connect() as connection:
            return connection.exec_driver_sql("SELECT 1").scalar() == 1
    except sa.exc.OperationalError:
        return False
    finally:
        engine.dispose()


@pytest.fixture
def database(pooled: Pooled) -> Iterator[Database]:
    made = Database(pooled.url)
    yield made
    made.engine.dispose()


def test_a_morning_and_the_scheduler_go_through_it(pooled: Pooled, database: Database, tmp_path: Path) -> None:
    now = clock.now()
    tokens = {name: open_session(database, name, now=now) for name in ("ben", "tia", "cy", "hana", "ana", "dewi")}

    def come(name: str, address: str) -> set[int]:
        form = {"mode": "office", "idempotency_key": uuid4().hex}
        paths = ("/", "/board", "/requests", "/worklog", "/meetings", "/me/month") * 2
        seen = {ask(address, "/presence/check-in", tokens[name], form).status}
        return seen | {ask(address, path, tokens[name]).status for path in paths}

    with served(tmp_path, pooled.url) as server, ThreadPoolExecutor(12) as threads:
        coming = [threads.submit(come, name, server.address) for name in tokens]
        assert set().union(*(one.result() for one in coming)) <= {200, 303}
        assert ask(server.address, "/readyz").status == 200  # the scheduler's heart beats as well
        with Frozen(pooled.postgres):
            away = ask(server.address, "/board", tokens["ben"])
        assert (away.status, away.seconds < IN_TIME) == (503, True)
        wait_until(lambda: ask(server.address, "/board", tokens["ben"]).status == 200)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == len(tokens)
        assert db.scalar(sa.select(sa.func.count()).select_from(Heartbeat)) == 1


def test_of_many_who_claim_the_same_slot_one_gets_it(database: Database) -> None:
    def take(number: int) -> bool:
        with database.transaction() as db:
            return claim(db, "pooled", str(number % 4), now=clock.now())

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(40))) == 4
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Claim).where(Claim.job == "pooled")) == 4


def test_a_transaction_has_its_own_limits_and_leaves_none_behind(pooled: Pooled, database: Database) -> None:
    def limits(one: Database) -> list[str]:
        with one.transaction() as db:
            return [str(db.scalar(sa.text(f"SHOW {name}"))) for name in ("statement_timeout", "lock_timeout")]

    direct = Database(pooled.direct)
    for given, told in ((deadlines.PAGE, ["3s", "3s"]), (deadlines.COMMAND, ["1h", "10s"])):
        deadlines.begin(given)
        assert limits(database) == limits(direct) == told
    deadlines.begin(deadlines.WORK)
    direct.engine.dispose()
    engine = sa.create_engine(pooled.url, connect_args={"prepare_threshold": None})
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"
    engine.dispose()
