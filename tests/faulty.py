"""Faults for the tests: a proxy that loses packets, a server in a process of its own, a PostgreSQL that is stopped."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from bench.postgres import Postgres, free_port
from tests.conftest import wait_until
from tests.live import browser

ROOT = Path(__file__).parent.parent
# What is promised (503 in 5 seconds, /readyz in 2, back in 5), and what a machine takes on top that does other things
# or stands still for a while. Without a deadline it would be more than 20.
_BUSY = 6.0
IN_TIME, READY_IN_TIME, BACK_IN_TIME = 5 + _BUSY, 2 + _BUSY, 5 + _BUSY


class Proxy:
    """Carries bytes to a port and back, until it is told to lose them.

    What is lost arrives after all once it works again, as TCP sends it anew.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = free_port()
        self._carries = {True: threading.Event(), False: threading.Event()}
        self._ends: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.restore()

    def drop(self, *, answers_only: bool = False) -> None:
        """Lose what comes from the database and, unless `answers_only`, what goes to it as well."""
        self._carries[False].clear()
        if not answers_only:
            self._carries[True].clear()

    def refuse(self) -> None:
        """Nobody listens any more, and who is connected is cut off."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.reset()

    def reset(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def restore(self) -> None:
        for carries in self._carries.values():
            carries.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        self.restore()
        self.refuse()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near = listener.accept()[0]
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                self._ends += [near, far]
                for source, sink, there in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._carry, args=(source, sink, there), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, there: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._carries[there].wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Frozen:
    """A PostgreSQL whose processes are all stopped: the system still acknowledges what is sent to them."""

    def __init__(self, postgres: Postgres) -> None:
        self._pids = processes(postgres)

    def __enter__(self) -> None:
        self._send(signal.SIGSTOP)

    def __exit__(self, *_error: object) -> None:
        self._send(signal.SIGCONT)

    def _send(self, what: signal.Signals) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, what)


def processes(postgres: Postgres) -> list[int]:
    """The postmaster's number and those of its children, in this order."""
    return [postgres.pid, *children(postgres.pid)]


def children(pid: int) -> list[int]:
    return [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == pid]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


@dataclass
class Server:
    """`staffhub serve` in a process of its own."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def said(self, event: str) -> int:
        return self.log.read_text().count(f'"event": "{event}"')


@contextmanager
def served(folder: Path, database_url: str, *, module: str = "staffhub.cli", **more: str) -> Iterator[Server]:
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "STAFFHUB_DATABASE_URL": database_url,
        "STAFFHUB_DATA_DIR": str(folder),
        "STAFFHUB_SECRET_KEY": "a-secret-only-for-the-tests-0123456789",
        **more,
    }
    log = folder / "server.log"
    process = subprocess.Popen(
        [sys.executable, "-m", module, "serve", "--port", str(port)],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    # Written by us: a limit on the size of the server's files is none on its log.
    writer = threading.Thread(target=_write, args=(process, log))
    writer.start()
    server = Server(f"http://127.0.0.1:{port}", process, log)
    try:
        wait_until(lambda: is_up(server.address) or process.poll() is not None, seconds=60)
        assert process.poll() is None, log.read_text()
        yield server
    finally:
        process.kill()
        process.wait()
        writer.join()


def _write(process: subprocess.Popen[bytes], log: Path) -> None:
    assert process.stdout is not None
    with process.stdout, log.open("wb", buffering=0) as file:
        for line in process.stdout:
            file.write(line)


def is_up(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


@dataclass(frozen=True)
class Answer:
    path: str
    status: int
    seconds: float
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def ask(address: str, path: str, token: str | None = None, form: dict[str, str] | None = None) -> Answer:
    """One request on a connection of its own; a status of 0 when none came back."""
    begun = time.monotonic()
    with browser(address, token) as client:
        try:
            answer = client.request("POST" if form is not None else "GET", path, data=form)
        except httpx2.HTTPError:
            return Answer(path, 0, time.monotonic() - begun)
    return Answer(path, answer.status_code, time.monotonic() - begun, answer.text, dict(answer.headers))
