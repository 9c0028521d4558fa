"""What every measurement starts from: a database with many signed-in officers, and the real server on it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import insert, select

from staffhub import clock
from staffhub.connections import make_engine
from staffhub.db import Database, digest
from staffhub.founding import found_office
from staffhub.migrations import migrate
from staffhub.models import Account, Division, EmploymentType, Officer, Posting, Role, UserSession


@dataclass
class Bench:
    """A folder with a database of `officers` signed-in people; `tokens` are their session cookies."""

    folder: Path
    tokens: list[str]
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'staffhub.db'}"

    def start(self, *, workers: int = 1) -> None:
        """Start `staffhub serve` in a process group of its own and wait until it answers."""
        self.port = self.port or free_port()
        environment = os.environ | self.extra
        environment |= {"STAFFHUB_DATABASE_URL": self.url, "STAFFHUB_DATA_DIR": str(self.folder)}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "staffhub.cli", "serve", "--port", str(self.port), "--workers", str(workers)],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self.port, "/healthz")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process:
            os.killpg(self.process.pid, how)
            self.process.wait(30)
            self.process = None

    def database(self) -> Database:
        return Database(self.url)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, path: str, *, seconds: float = 30) -> float:
    """Wait until a server answers; return how many seconds it took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        try:
            status, _body = get(port, path)
        except (OSError, HTTPException):
            time.sleep(0.02)
            continue
        if status < 500:
            return time.monotonic() - started
    raise TimeoutError(f"no server on port {port}")


def get(port: int, path: str, *, token: str = "") -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Cookie": f"staffhub_session={token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def post(connection: HTTPConnection, path: str, token: str, form: dict[str, str]) -> int:
    """Send a form as a browser does, over a connection that stays open; return the status."""
    headers = {
        "Cookie": f"staffhub_session={token}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    connection.request("POST", path, urlencode(form), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


@contextmanager
def bench_office(officers: int, *, role: Role = Role.STAFF) -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="staffhub-bench-"))
    made = Bench(folder, _fill(f"sqlite:///{folder / 'staffhub.db'}", officers, role))
    try:
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _fill(url: str, count: int, first_role: Role) -> list[str]:
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    database, now = Database(url), clock.now()
    tokens = [f"bench-token-{n:04}-{os.urandom(12).hex()}" for n in range(count)]
    with database.transaction() as db:
        office = found_office(db, name="Dinas Ukur", timezone="Asia/Makassar", now=now)
        divisions = list(db.scalars(select(Division.id).where(Division.office_id == office.id).order_by(Division.sort)))
        kinds = (EmploymentType.PNS, EmploymentType.THL)
        people = [
            {
                "id": n + 1, "office_id": office.id, "number": f"{n:018}", "name": f"Pegawai {n:04}",
                "active_from": date(2020, 1, 1), "email": "", "phone": "",
            }
            for n in range(count)
        ]  # fmt: skip
        postings = [
            {
                "office_id": office.id, "officer_id": n + 1, "valid_from": date(2020, 1, 1), "position": "",
                "employment_type": kinds[n % 2], "division_id": divisions[n % len(divisions)],
                "role": Role.STAFF if n else first_role, "created_at": now,
            }
            for n in range(count)
        ]  # fmt: skip
        accounts = [
            {
                "id": n + 1, "office_id": office.id, "officer_id": n + 1, "username": f"pegawai{n}",
                "password_hash": "-", "password_changed_at": now, "must_change_password": False,
                "created_at": now,
            }
            for n in range(count)
        ]  # fmt: skip
        sessions = [
            {
                "account_id": n + 1, "token_hash": digest(token), "device_hash": "", "user_agent": "bench",
                "created_at": now, "seen_at": now, "expires_at": now.replace(year=now.year + 1),
            }
            for n, token in enumerate(tokens)
        ]  # fmt: skip
        db.execute(insert(Officer), people)
        db.execute(insert(Posting), postings)
        db.execute(insert(Account), accounts)
        db.execute(insert(UserSession), sessions)
    database.engine.dispose()
    return tokens
