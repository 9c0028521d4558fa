"""What every measurement starts from: a database with offices full of signed-in people, and the real server on it.

python -m bench.office URL OFFICES PEOPLE --days 20 --led     # so many people in each office
"""

import argparse
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, cast, func, insert, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bench import processes
from bench.postgres import analyse
from staffhub import clock
from staffhub.days import close_due, run_recounts
from staffhub.db import Base, Database, digest
from staffhub.founding import found_office
from staffhub.migrations import migrate
from staffhub.models import (
    Account,
    Appointment,
    AppointmentState,
    Channel,
    DailyReport,
    Division,
    DutySwap,
    EmploymentType,
    Grade,
    LogEntry,
    LogState,
    Mark,
    MarkKind,
    Meeting,
    MeetingInvite,
    MeetingKind,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Office,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanLayer,
    PlanMode,
    Posting,
    RequestState,
    Role,
    ServiceRequest,
    ServiceType,
    SwapState,
    UserSession,
    WorkMode,
    posting_on,
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
    database, now = Database(url), now or clock.now()
    migrate(database.engine)
    with database.transaction() as db:
        for n in range(offices):
            office = found_office(db, name=f"Dinas Ukur {n + 1}", timezone=ZONE.key, now=now)
            office.recorded_from = min(days, default=now.astimezone(ZONE).date())
            db.flush()
            _seat(db, office, range(n * officers, (n + 1) * officers), roles, now)
    add_days(database, days, now=now)
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


def add_days(database: Database, days: Sequence[date], *, now: datetime) -> None:
    """Let everybody come, go, write a line, and be invited to the standup on past days; every fifth has a request done.

    A few statements a day, whatever the head count. Then these days are closed, as each midnight does it: a process
    that starts on it has nothing to make up for.
    """
    for first in range(0, len(days), 50):
        with database.transaction() as db:
            for number, day in enumerate(days[first : first + 50], first):
                _add_day(db, number, day)
    # The second look at yesterday is due some minutes after midnight.
    close_due(database, now=now)
    run_recounts(database, now=now + timedelta(hours=1))
    if not database.sqlite:
        analyse(database.engine.url)


def _for_everybody(db: Session, table: type[Base], source: Select[Any], **given: Any) -> None:
    """Insert a row for each row of `source`: columns as they are, values as literals."""
    columns = table.__table__.columns
    made = {
        name: value if isinstance(value, ColumnElement | InstrumentedAttribute) else literal(value, columns[name].type)
        for name, value in given.items()
    }
    db.execute(insert(table).from_select(list(made), source.with_only_columns(*made.values())))


def _add_day(db: Session, number: int, day: date) -> None:
    own = {"office_id": Officer.office_id, "officer_id": Officer.id, "date": day}
    everybody, at = select(Officer), datetime.combine(day, time(7, 22), tzinfo=ZONE)
    for turn, (kind, mode) in enumerate(((MarkKind.CHECK_IN, WorkMode.OFFICE), (MarkKind.CHECK_OUT, None)), 1):
        # Unlike any receipt that the program draws, which has no 0.
        code = literal(f"0{number * 2 + turn:x}.") + cast(Officer.id, String)
        at = datetime.combine(day, time(7 if turn == 1 else 16, 22), tzinfo=ZONE)
        _for_everybody(
            db, Mark, everybody, **own, turn=turn, kind=kind, mode=mode, note="", attempted_at=at, received_at=at,
            method="tap", grade=Grade.C, receipt=code, idempotency_key=code,
        )  # fmt: skip
    key = literal(f"{number:x}.") + cast(Officer.id, String)
    _for_everybody(
        db, LogEntry, everybody, **own, text="Melayani pemohon di loket", starts=time(8), ends=time(11), unit="",
        version=1, created_at=at, updated_at=at, idempotency_key=key,
    )  # fmt: skip
    _for_everybody(
        db, ServiceRequest, everybody.join(ServiceType, ServiceType.office_id == Officer.office_id).where(
            Officer.id % 5 == number % 5, ServiceType.code == "family_card"
        ), office_id=Officer.office_id, number=key, service_type_id=ServiceType.id, applicant="Ibu N.", phone="",
        channel=Channel.COUNTER, urgent=False, siak_reference="", state=RequestState.DONE, assignee_id=Officer.id,
        public_code=key, created_at=at, updated_at=at, closed_at=at, version=1, idempotency_key=key,
    )  # fmt: skip
    _add_rooms(db, number, day, at)
    marker = f"[past:{number:x}]"
    first = select(func.min(Account.id)).where(Account.office_id == Office.id).correlate(Office).scalar_subquery()
    _for_everybody(
        db, Meeting, select(Office), office_id=Office.id, kind=MeetingKind.SINGLE, topic="Apel pagi", agenda="",
        starts_on=day, ends_on=day, starts_at=time(8), minutes=15, weekdays=[], occurrences=1, audience={},
        state=MeetingState.READY, marker=literal(marker) + cast(Office.id, String), version=1, zoom_host="",
        join_url="", trouble="", created_by=first, created_at=at, idempotency_key=marker,
    )  # fmt: skip
    held = select(Meeting).where(Meeting.idempotency_key == marker)
    _for_everybody(
        db, Occurrence, held, office_id=Meeting.office_id, meeting_id=Meeting.id, date=day, minutes=15,
        state=OccurrenceState.PLANNED, starts_at=at,
    )  # fmt: skip
    _for_everybody(
        db, MeetingInvite, held.join(Officer, Officer.office_id == Meeting.office_id), office_id=Meeting.office_id,
        meeting_id=Meeting.id, officer_id=Officer.id, token=literal("past.") + key,
    )  # fmt: skip


def _add_rooms(db: Session, number: int, day: date, at: datetime) -> None:
    """Let everybody send the log, which is verified, and be planned by the duty roster; every fifth has the citizen of
    the request before the desk, and once got a colleague's turn.
    """
    own = {"office_id": Officer.office_id, "officer_id": Officer.id}
    everybody, some = select(Officer), select(Officer).where(Officer.id % 5 == number % 5)
    key = literal(f"{number:x}.") + cast(Officer.id, String)
    _for_everybody(
        db, DailyReport, everybody.join(Posting, posting_on(day)), **own, date=day, minutes=180, submitted_at=at,
        late=False, state=LogState.VERIFIED, verified_by=Posting.superior_id, verified_at=at, version=2,
    )  # fmt: skip
    _for_everybody(
        db, PlanGrant, everybody, **own, layer=PlanLayer.ROSTER, first=day, last=day, mode=PlanMode.OFFICE, kind="",
        note="", document="", on_free_days=False, created_at=at, idempotency_key=key,
    )  # fmt: skip
    given = select(PlanGrant).where(PlanGrant.first == day)
    _for_everybody(
        db, PlanEntry, given, office_id=PlanGrant.office_id, officer_id=PlanGrant.officer_id, date=day,
        layer=PlanLayer.ROSTER, grant_id=PlanGrant.id,
    )  # fmt: skip
    _for_everybody(
        db, DutySwap, some, **own, colleague_id=Officer.id, gives=day, takes=day + timedelta(days=1),
        state=SwapState.APPLIED, note="", created_at=at, idempotency_key=key, version=2,
    )  # fmt: skip
    asked = select(ServiceRequest).join(ServiceType, ServiceType.id == ServiceRequest.service_type_id)
    _for_everybody(
        db, Appointment, asked.where(ServiceRequest.created_at == at), office_id=ServiceRequest.office_id,
        request_id=ServiceRequest.id, service_type_id=ServiceType.id, division_id=ServiceType.division_id, date=day,
        starts=time(9), minutes=20, seat=1, state=AppointmentState.CAME, created_at=at, version=2,
    )  # fmt: skip


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
