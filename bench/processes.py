"""Servers as processes of their own, and what they cost: CPU and memory of a whole tree, as /proc tells it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.postgres import free_port

_TICKS = os.sysconf("SC_CLK_TCK")
_SETTLES = 8  # seconds
ROOT = Path(__file__).parent.parent


@dataclass
class Server:
    """Something that answers on a port: `command` gets the port and the number of workers added."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, workers: int = 1) -> None:
        """Start it in a process group of its own and wait until it answers."""
        self.port = self.port or free_port()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", *self.command, "--port", str(self.port), "--workers", str(workers)],
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self.port, "/healthz")
        # One worker answers while another still starts, and their clocks begin with every job once: a morning does not.
        time.sleep(_SETTLES if workers > 1 else 0)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process:
            os.killpg(self.process.pid, how)
            self.process.wait(30)
            self.process = None

    def cpu(self) -> float:
        return cpu(self.process.pid) if self.process else 0.0

    def memory(self, workers: int) -> list[int]:
        """Return the memory of each worker in MB, its share of what several use, and of what starts them."""
        assert self.process
        return sorted((_share(pid) for pid in tree(self.process.pid)), reverse=True)[: workers + 1]


def program(folder: Path = ROOT) -> dict[str, str]:
    """Return the environment in which `staffhub`, and the `bench` that fills its tables, are those of a clone.

    It is for `python -P`: without that the folder where one stands comes first.
    """
    return {"PYTHONPATH": str(folder.resolve())}


def staffhub(url: str, folder: Path, environment: dict[str, str]) -> Server:
    given = {"STAFFHUB_DATABASE_URL": url, "STAFFHUB_DATA_DIR": str(folder)} | environment
    return Server(["-m", "staffhub.cli", "serve"], given, folder / "server.log")


def floor(url: str, folder: Path) -> Server:
    command = ["-m", "uvicorn", "bench.floor:app", "--no-access-log", "--log-level", "warning"]
    return Server(command, {"FLOOR_DATABASE": url} | program(), folder / "floor.log")


def run(words: list[str], environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-P", *words], env=os.environ | environment, check=True)


def _stop(*_signal: object) -> None:
    sys.exit(1)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is started meanwhile; SIGTERM ends the measurement as Ctrl-C does, with all it started."""
    folder = Path(tempfile.mkdtemp(prefix="staffhub-bench-"))
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield folder
    finally:
        signal.signal(signal.SIGTERM, before)
        shutil.rmtree(folder, ignore_errors=True)


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


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold spaces."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2].split()
    except OSError:
        return []


def tree(pid: int) -> list[int]:
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    except OSError:
        return []
    return [pid, *(found for child in below for found in tree(int(child)))]


def cpu(pid: int) -> float:
    """Seconds of CPU that a process, all below it and its ended children have used."""
    ticks = 0
    for one in tree(pid):
        fields = _stat(one)
        ticks += sum(int(fields[n]) for n in ((11, 12, 13, 14) if one == pid else (11, 12))) if fields else 0
    return ticks / _TICKS


def _share(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 // 1_000_000 for line in lines if line.startswith("Pss:"))
