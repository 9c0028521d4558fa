"""Statements, bytes and milliseconds of the pages of the demo office, with its 42 officers and with 400.

Neither statements nor bytes drift with the machine, so they have budgets in tests/test_budgets.py.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event, func, insert, literal, select
from sqlalchemy.orm import Session

from staffhub import clock, demo, security
from staffhub.app import create_app
from staffhub.db import Base, Database
from staffhub.migrations import migrate
from staffhub.models import Account, LogEntry, Mark, MeetingInvite, Officer, Posting, ServiceRequest, WeekPattern
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
# What belongs to an officer of the demo is copied for those who make the office large: whose it is, and what must
# differ from row to row with how much of it is kept.
COPIED: tuple[tuple[type[Base], str, dict[str, int]], ...] = (
    (Officer, "id", {"number": 28, "name": 100}),
    (Posting, "officer_id", {}),
    (Account, "officer_id", {"username": 40}),
    (WeekPattern, "officer_id", {}),
    (Mark, "officer_id", {"receipt": 8, "idempotency_key": 40}),
    (LogEntry, "officer_id", {"idempotency_key": 40}),
    (ServiceRequest, "assignee_id", {"number": 15, "public_code": 7, "idempotency_key": 40}),
    (MeetingInvite, "officer_id", {"token": 27}),
)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
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


def grow(db: Session, size: int) -> None:
    """Copy the demo's officers with what is theirs until there are `size` of them."""
    first, last, count = db.execute(select(func.min(Officer.id), func.max(Officer.id), func.count(Officer.id))).one()
    for number, start in enumerate(range(count, size, count), 1):
        step, until = number * (last - first + 1), first + min(count, size - start)
        for table, owner, distinct in COPIED:
            columns = {
                column.name: column
                for column in table.__table__.columns
                if column.name not in {"id", owner} and column.computed is None
            }
            given = columns | {
                name: func.substr(columns[name], 1, kept) + literal(f"-{number}") for name, kept in distinct.items()
            }
            given[owner] = table.__table__.columns[owner] + literal(step)
            mine = table.__table__.columns[owner].between(first, until - 1)
            db.execute(insert(table).from_select(list(given), select(*given.values()).where(mine)))


def _measure(size: int) -> None:
    with tempfile.TemporaryDirectory(prefix="staffhub-bench-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=f"sqlite:///{folder}/staffhub.db")
        app = create_app(settings, ticking=False)
        database: Database = app.state.database
        migrate(database.engine)
        now = clock.now()
        with database.transaction() as db:
            demo.seed(db, settings, now=now)
            grow(db, size)
        print(f"{size} officers")
        print(f"{'who':<13}{'page':<30}{'statements':>11}{'HTML bytes':>12}{'p50 ms':>9}")
        with TestClient(app) as client:
            for username, path in PAGES:
                address = path.format(today=now.astimezone(settings.zone).date())
                client.cookies.set("staffhub_session", token_for(database, username))
                client.get(address).raise_for_status()
                with statements(database) as seen:
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
