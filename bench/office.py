"""What every measurement starts from: a database with offices full of signed-in people, and the real server on it.

python -m bench.office URL OFFICES PEOPLE --days 20 --led     # so many people in each office
"""

import argparse
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, insert, literal, select
from sqlalchemy.orm import Session

from bench import processes
from staffhub import clock
from staffhub.connections import make_engine
from staffhub.db import Database, digest
from staffhub.founding import found_office
from staffhub.migrations import migrate
from staffhub.models import (
    Account,
    Division,
    EmploymentType,
    Grade,
    Mark,
    MarkKind,
    Office,
    Officer,
    Posting,
    Role,
    UserSession,
    WorkMode,
)

START = date(2010, 1, 4)
ZONE = ZoneInfo("Asia/Makassar")
# Who leads an office, in the order of its officers.
LED = (Role.OFFICE_HEAD, Role.HR, Role.DIVISION_HEAD, Role.DIVISION_HEAD, Role.DIVISION_HEAD, Role.DIVISION_HEAD)
_KINDS = (EmploymentType.PNS, EmploymentType.THL)


def token_of(number: int) -> str:
    """The session cookie of a person, counted from 0 over all offices."""
    return f"bench-token-{number:06}"


@dataclass
class Bench:
    """A folder with a database of signed-in people; `tokens` are their session cookies."""

    folder: Path
    tokens: list[str]
    url: str
    server: processes.Server

    def start(self, *, workers: int = 1) -> None:
        self.server.start(workers=workers)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        self.server.kill(how)

    def database(self) -> Database:
        return Database(self.url)


@contextmanager
def bench_office(officers: int, *, role: Role = Role.STAFF) -> Iterator[Bench]:
    """One office on SQLite, with the program of this clone; the first officer has the role."""
    with processes.scratch() as folder:
        url = f"sqlite:///{folder / 'staffhub.db'}"
        fill(url, offices=1, officers=officers, roles=(role,))
        tokens = [token_of(n) for n in range(officers)]
        made = Bench(folder, tokens, url, processes.staffhub(url, folder, processes.program()))
        try:
            yield made
        finally:
            made.kill()


def fill(
    url: str,
    *,
    offices: int,
    officers: int,
    roles: Sequence[Role] = (),
    days: Sequence[date] = (),
    now: datetime | None = None,
) -> None:
    """Found offices with so many officers each, all signed in; the first ones of each have the `roles`.

    `days`: the past days on which everybody came and went.
    """
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    database, now = Database(url), now or clock.now()
    with database.transaction() as db:
        for n in range(offices):
            office = found_office(db, name=f"Dinas Ukur {n + 1}", timezone=ZONE.key, now=now)
            office.recorded_from = START
            db.flush()
            _seat(db, office, range(n * officers, (n + 1) * officers), roles, now)
    add_marks(database, days)
    database.engine.dispose()


def _seat(db: Session, office: Office, numbers: range, roles: Sequence[Role], now: datetime) -> None:
    divisions = list(db.scalars(select(Division.id).where(Division.office_id == office.id).order_by(Division.sort)))
    first = numbers[0]
    held = {first + n: role for n, role in enumerate(roles)}
    people = [
        {
            "id": n + 1, "office_id": office.id, "number": f"{n:018}", "name": f"Pegawai {n:06}",
            "active_from": START, "email": "", "phone": "",
        }
        for n in numbers
    ]  # fmt: skip
    postings = [
        {
            "office_id": office.id, "officer_id": n + 1, "valid_from": START, "position": "Pengelola data",
            "employment_type": _KINDS[n % 2], "role": held.get(n, Role.STAFF), "created_at": now,
            "division_id": None if held.get(n) is Role.OFFICE_HEAD else divisions[n % len(divisions)],
            "superior_id": first + 1 if roles and n != first else None,
        }
        for n in numbers
    ]  # fmt: skip
    accounts = [
        {
            "id": n + 1, "office_id": office.id, "officer_id": n + 1, "username": f"pegawai{n}",
            "password_hash": "-", "password_changed_at": now, "must_change_password": False, "created_at": now,
        }
        for n in numbers
    ]  # fmt: skip
    sessions = [
        {
            "account_id": n + 1, "token_hash": digest(token_of(n)), "device_hash": "", "user_agent": "bench",
            "created_at": now, "seen_at": now, "expires_at": now + timedelta(days=300),
        }
        for n in numbers
    ]  # fmt: skip
    for table, rows in ((Officer, people), (Posting, postings), (Account, accounts), (UserSession, sessions)):
        db.execute(insert(table), rows)


def workdays_before(day: date, count: int) -> list[date]:
    """Return so many days of Monday to Friday before a day, the newest first."""
    found = (day - timedelta(days=back) for back in range(1, 2 * count + 8))
    return [one for one in found if one.weekday() < 5][:count]


def add_marks(database: Database, days: Sequence[date]) -> None:
    """Let everybody come and go on past days: one statement for a day and kind, whatever the head count."""
    for number, day in enumerate(days):
        with database.transaction() as db:
            for turn, (kind, hour) in enumerate(((MarkKind.CHECK_IN, 7), (MarkKind.CHECK_OUT, 16)), 1):
                at = datetime(day.year, day.month, day.day, hour, 22, tzinfo=ZONE)
                # Unlike any receipt that the program draws, which has no 0.
                code = literal(f"0{number * 2 + turn:x}.") + cast(Officer.id, String)
                given = {
                    "office_id": Officer.office_id, "officer_id": Officer.id, "date": literal(day),
                    "turn": literal(turn), "kind": literal(kind, Mark.kind.type),
                    "mode": literal(WorkMode.OFFICE if turn == 1 else None, Mark.mode.type), "note": literal(""),
                    "attempted_at": literal(at, Mark.attempted_at.type),
                    "received_at": literal(at, Mark.received_at.type), "method": literal("tap"),
                    "grade": literal(Grade.C, Mark.grade.type), "receipt": code, "idempotency_key": code,
                }  # fmt: skip
                db.execute(insert(Mark).from_select(list(given), select(*given.values())))
    if not database.sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("offices", type=int)
    parser.add_argument("officers", type=int)
    parser.add_argument("--days", type=int, default=0, help="working days behind today on which everybody came")
    parser.add_argument("--led", action="store_true", help="each office has its head, HR and heads of bidang")
    given = parser.parse_args()
    now = clock.now()
    days = workdays_before(now.astimezone(ZONE).date(), given.days)
    fill(given.url, offices=given.offices, officers=given.officers, roles=LED if given.led else (), days=days, now=now)


if __name__ == "__main__":
    main()
