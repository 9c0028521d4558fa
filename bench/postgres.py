"""A PostgreSQL of one's own for tests and measurements: in a folder and on a port of its own, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import sqlalchemy as sa


class NotInstalled(RuntimeError):
    """There is no PostgreSQL on this machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A running server, started as a user other than root. `durable` False: a crash may lose what was committed."""

    def __init__(self, *, durable: bool = False, connections: int = 200) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="staffhub-pg-"))
        self.port = free_port()
        self.bin = _bin()
        self.data = self.folder / "data"
        self._as_postgres(self.bin / "initdb", "-D", self.data, "-U", "staffhub", "-A", "trust", "-E", "UTF8")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        options += f" -c fsync={'on' if durable else 'off'} -c max_connections={connections}"
        self._options = options
        self.start()

    def start(self) -> None:
        log = self.folder / "log"
        self._as_postgres(self.bin / "pg_ctl", "-D", self.data, "-l", log, "-w", "-o", self._options, "start")

    def halt(self) -> None:
        """Be away, at once, until `start`."""
        self._as_postgres(self.bin / "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def _as_postgres(self, *command: object) -> None:
        words = [str(word) for word in command]
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            words = ["runuser", "-u", "postgres", "--", *words]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text("utf-8").split()[0])

    def url(self, name: str) -> str:
        return f"postgresql://staffhub@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str) -> None:
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def restart(self) -> None:
        """At once, as after a crash."""
        self._as_postgres(self.bin / "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "restart")

    def stop(self) -> None:
        self._as_postgres(self.bin / "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def analyse(url: sa.URL) -> None:
    """Count the rows for the planner, and clean up: over a connection of its own, which has as long as it takes."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _bin() -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        raise NotInstalled("PostgreSQL is not installed: apt-get install postgresql")
    if os.geteuid() == 0:
        pwd.getpwnam("postgres")  # made by Debian's package
    return folders[-1]
