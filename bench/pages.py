"""Statements, bytes and milliseconds of the pages of the demo office, with its 42 officers and with 400.

Neither statements nor bytes drift with the machine, so the limits are also tests: at most 8 and 60 kB of HTML.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from staffhub import clock, demo, security
from staffhub.app import create_app
from staffhub.db import Base, Database
from staffhub.migrations import migrate
from staffhub.models import Account, LogEntry, Mark, Officer, Posting, WeekPattern
from staffhub.settings import Settings

ROUNDS = 9
OFFICES = (42, 400)
PAGES = (
    ("pegawai01", "/"),
    ("kadis", "/"),
    ("pegawai01", "/board"),
    ("kadis", "/board"),
    ("kepegawaian", "/attendance"),
    ("kepegawaian", "/attendance/queue"),
    ("kepegawaian", "/attendance/2/{today}"),
    ("kepegawaian", "/corrections"),
    ("kepegawaian", "/roster"),
    ("kepegawaian", "/roster/2"),
    ("pegawai01", "/worklog"),
    ("kadis", "/requests"),
    ("kadis", "/requests/hand-on?officer=2"),
    ("pegawai01", "/requests"),
    ("pegawai01", "/requests/1"),
    ("kadis", "/meetings"),
    ("kadis", "/meetings/1"),
    ("pegawai01", "/me/month"),
    ("kepegawaian", "/people"),
    ("kepegawaian", "/people/2"),
    ("kepegawaian", "/admin/office"),
    ("kepegawaian", "/admin/holidays"),
    ("pegawai01", "/account"),
)
# What an officer of the demo has, copied for those who make the office large; what must differ gets the copy's number.
COPIED: tuple[tuple[type[Base], tuple[str, ...]], ...] = (
    (Officer, ("number", "name")),
    (Posting, ()),
    (Account, ("username",)),
    (WeekPattern, ()),
    (Mark, ("receipt", "idempotency_key")),
    (LogEntry, ("idempotency_key",)),
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


def token_for(database: Database, username: str) -> str:
    now = clock.now()
    with database.transaction() as db:
        account = db.scalars(select(Account).where(Account.username == username)).one()
        attempt, _account = security.begin_sign_in(
            db, username=username, address="127.0.0.1", device=None, key=b"", now=now
        )
        return security.finish_sign_in(db, attempt, account, device="bench", user_agent="bench", now=now)


def _distinct(name: str, value: str, new: int) -> str:
    """A receipt has seven places: two tell the copy apart, the rest tell the marks of one day apart."""
    return f"{value[:4]}{new:03}" if name == "receipt" else f"{value[:24]} {new:03}"


def _grow(db: Session, size: int) -> None:
    """Copy the demo's officers, with their postings, weeks, marks and entries, until there are `size` of them."""
    there = list(db.scalars(select(Officer.id).order_by(Officer.id)))
    first = max(there) + 1
    copies = {first + n: there[n % len(there)] for n in range(size - len(there))}
    for table, distinct in COPIED:
        columns = table.__table__.columns
        owner = "id" if table is Officer else "officer_id"
        rows = [dict(row) for row in db.execute(select(*columns)).mappings() if row[owner] in there]
        made = [
            {name: value for name, value in row.items() if name != "id"}
            | {owner: new}
            | {name: _distinct(name, row[name], new) for name in distinct}
            for new, old in copies.items()
            for row in rows
            if row[owner] == old
        ]
        if made:
            db.execute(insert(table), made)


def _measure(size: int) -> None:
    with tempfile.TemporaryDirectory(prefix="staffhub-bench-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=f"sqlite:///{folder}/staffhub.db")
        app = create_app(settings, ticking=False)
        database: Database = app.state.database
        migrate(database.engine)
        now = clock.now()
        with database.transaction() as db:
            demo.seed(db, settings, now=now)
            _grow(db, size)
        print(f"{size} officers")
        print(f"{'who':<13}{'page':<30}{'statements':>11}{'HTML bytes':>12}{'p50 ms':>9}")
        with TestClient(app) as client:
            for username, path in PAGES:
                address = path.format(today=now.astimezone(settings.zone).date())
                client.cookies.set("staffhub_session", token_for(database, username))
                client.get(address).raise_for_status()
                with _statements(database) as seen:
                    answer = client.get(address)
                took = []
                for _round in range(ROUNDS):
                    started = time.perf_counter()
                    client.get(address)
                    took.append((time.perf_counter() - started) * 1000)
                size_of_page = len(answer.content)
                print(f"{username:<13}{path:<30}{len(seen):>11}{size_of_page:>12}{statistics.median(took):>9.1f}")


def main() -> None:
    for size in OFFICES:
        _measure(size)


if __name__ == "__main__":
    main()
