"""Statements and bytes of the pages of the demo office (42 officers): / , /board and /attendance, and a few more.

Neither drifts with the machine, so the limits are also tests: at most 8 statements and 60 kB of HTML.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event, select

from staffhub import clock, demo, security
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.migrations import migrate
from staffhub.models import Account
from staffhub.settings import Settings

ROUNDS = 15
PAGES = (
    ("pegawai01", "/"),
    ("kadis", "/board"),
    ("kepegawaian", "/attendance"),
    ("kepegawaian", "/roster"),
    ("pegawai01", "/worklog"),
    ("pegawai01", "/requests"),
    ("kadis", "/meetings"),
    ("pegawai01", "/me/month"),
    ("kepegawaian", "/people"),
)


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _token(database: Database, username: str) -> str:
    now = clock.now()
    with database.transaction() as db:
        account = db.scalars(select(Account).where(Account.username == username)).one()
        attempt, _account = security.begin_sign_in(
            db, username=username, address="127.0.0.1", device=None, key=b"", now=now
        )
        return security.finish_sign_in(db, attempt, account, device="bench", user_agent="bench", now=now)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="staffhub-bench-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=f"sqlite:///{folder}/staffhub.db")
        app = create_app(settings, ticking=False)
        database: Database = app.state.database
        migrate(database.engine)
        with database.transaction() as db:
            demo.seed(db, settings, now=clock.now())
        print(f"{'page':<22}{'statements':>11}{'HTML bytes':>12}{'p50 ms':>9}")
        with TestClient(app) as client:
            for username, path in PAGES:
                client.cookies.set("staffhub_session", _token(database, username))
                client.get(path)
                with _statements(database) as seen:
                    answer = client.get(path)
                took = []
                for _round in range(ROUNDS):
                    started = time.perf_counter()
                    client.get(path)
                    took.append((time.perf_counter() - started) * 1000)
                size = len(answer.content)
                print(f"{path:<22}{len(seen):>11}{size:>12}{statistics.median(took):>9.1f}")
                answer.raise_for_status()


if __name__ == "__main__":
    main()
