"""Files that take too long for a request: asked for in a row, made by the scheduler, kept for a day for whoever asked.

The days are read and the file is made outside of any transaction that writes; the row becomes done, has its file and is
told of in one transaction, with the ticket of the lease. Whoever dies in between leaves nothing, and it is made anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from staffhub import audit, claims, clock, i18n, notify, office, security, signing
from staffhub.db import Database, insert_unless_there, rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import ExportJob, NoticeKind, TaskState
from staffhub.reports import recap
from staffhub.reports.documents import lines, lkh
from staffhub.reports.documents.book import month_xlsx
from staffhub.reports.documents.printed import month_pdf
from staffhub.reports.documents.signed import of_papers
from staffhub.reports.documents.table import month_csv, signed_csv
from staffhub.reports.logbook import Period
from staffhub.security import Viewer

log = structlog.get_logger(__name__)

KEPT = timedelta(days=1)
_LEASE = timedelta(minutes=5)
_AGAIN = timedelta(seconds=20)
_TRIES = 3
# Above so many rows a PDF or XLSX is made after the request: about a third of a second of work.
AT_ONCE = 60


class Wish(NamedTuple):
    """What is asked for: `form` is csv, xlsx or pdf; then the filters of the screen.

    With `log`, the form of an LKH, it is no recap but the logs of everybody of `division`.
    """

    first: date
    form: str
    division: str = ""
    q: str = ""
    show: str = ""
    log: lkh.Form | None = None

    @classmethod
    def of(cls, asked: dict[str, Any]) -> "Wish":
        return cls(**asked | {"first": date.fromisoformat(asked["first"])})

    @property
    def file(self) -> str:
        """presensi-2026-11-dafduk.xlsx, lkh-2026-11-dafduk.pdf; the bidang's code has letters, digits and "_" only."""
        part = "".join(letter for letter in self.division.casefold() if letter.isascii() and letter.isalnum())
        name = "-".join(part for part in ("lkh" if self.log else "presensi", f"{self.first:%Y-%m}", part[:30]) if part)
        return name + ("-format-b" if self.log == "b" else "") + f".{self.form}"


class Export(NamedTuple):
    """A row of the list of whoever asked. `progress` is of a hundred."""

    id: int
    name: str
    state: TaskState
    progress: int
    size: int
    created_at: datetime
    expires_at: datetime

    @property
    def waits(self) -> bool:
        return self.state in claims.UNFINISHED


def takes_long(db: Session, me: Viewer, wish: Wish) -> bool:
    """Whether a PDF or XLSX of so many people is made after the request; nobody's days are read to know."""
    if wish.form == "csv":
        return False
    return lines.size(db, me, wish.first, division=wish.division, q=wish.q) > AT_ONCE


def _bidang_of(db: Session, me: Viewer, wish: Wish) -> int:
    """Return the bidang whose logs are asked for, where they are within my scope."""
    for one in office.divisions(db, me.office_id).values():
        if one.code == wish.division and me.sees(officer_id=None, division_id=one.id):
            return one.id
    raise Forbidden(_("This division is outside your scope."))


def make(db: Session, me: Viewer, wish: Wish, *, now: datetime) -> Callable[[], bytes]:
    """Read what the file holds; what comes back makes it, and needs no database."""
    if wish.log:
        return lkh.bidang_pdf(db, me, _bidang_of(db, me, wish), Period.around("month", wish.first), wish.log)
    if wish.form == "csv":
        papers = signing.snapshot_of(db, me.office_id, wish.first)
        seal = lines.seal(papers, office.facts(db, me.office_id))
        if papers and papers.month.signed_at:
            kept = of_papers(db, me, papers, wish.first, division=wish.division, q=wish.q)
            return partial(signed_csv, kept, seal=seal, full_numbers=me.may("attendance.numbers"))
        filters = {"division": wish.division, "q": wish.q, "show": wish.show}
        sheet = recap.month(db, me, wish.first, now=now, **filters, page=None)
        return partial(month_csv, sheet, seal=seal, full_numbers=me.may("attendance.numbers"))
    found = lines.of_month(db, me, wish.first, now=now, division=wish.division, q=wish.q, show=wish.show)
    return partial(month_xlsx if wish.form == "xlsx" else month_pdf, found)


def ask(db: Session, me: Viewer, wish: Wish, *, key: str, now: datetime) -> None:
    """Leave it to the scheduler; the same form asks once."""
    me.require("attendance")
    if wish.log:
        _bidang_of(db, me, wish)
    values = {
        "office_id": me.office_id,
        "account_id": me.account_id,
        "key": key,
        "name": wish.file,
        "locale": i18n.current_locale(),
        "asked": {**wish._asdict(), "first": wish.first.isoformat()},
        "whole_office": me.sees_everyone,
        "division_id": me.division_id,
        "full_numbers": me.may("attendance.numbers"),
        "state": TaskState.PENDING,
        "attempts": 0,
        "progress": 0,
        "size": 0,
        "due_at": now,
        "created_at": now,
        "expires_at": now + KEPT,
    }
    if insert_unless_there(db, ExportJob, values):
        told: dict[str, Any] = {"month": wish.first} | ({"what": "log"} if wish.log else {})
        audit.record(db, me, "attendance.exported", "office", me.office_id, now=now, **told)


_COLUMNS = (
    ExportJob.id,
    ExportJob.name,
    ExportJob.state,
    ExportJob.progress,
    ExportJob.size,
    ExportJob.created_at,
    ExportJob.expires_at,
)
_MINE = (
    select(*_COLUMNS)
    .where(ExportJob.office_id == bindparam("office"), ExportJob.account_id == bindparam("account"))
    .where(ExportJob.expires_at > bindparam("now"))
    .order_by(ExportJob.id.desc())
    .limit(50)
)


def mine(db: Session, me: Viewer, *, now: datetime) -> list[Export]:
    """Return the files of the last day that I asked for, newest first."""
    me.require("attendance")
    return [Export(*row) for row in rows(db, _MINE, office=me.office_id, account=me.account_id, now=now)]


def file_of(db: Session, me: Viewer, job_id: int, *, now: datetime) -> tuple[str, bytes]:
    """Return name and content of my file. Whoever may see less than then gets nothing of it."""
    whose = select(
        ExportJob.name,
        ExportJob.content,
        ExportJob.whole_office,
        ExportJob.division_id,
        ExportJob.full_numbers,
    ).where(ExportJob.id == job_id, ExportJob.account_id == me.account_id, ExportJob.expires_at > now)
    row = db.execute(whose).one_or_none()
    if row is None:
        raise NotFound(_("This file is not there any more, or not yet. Ask for it once more."))
    narrower = row.whole_office and not me.sees_everyone
    elsewhere = not row.whole_office and not me.sees_everyone and row.division_id != me.division_id
    numbers = row.full_numbers and not me.may("attendance.numbers")
    if not me.may("attendance") or narrower or elsewhere or numbers:
        raise Forbidden(_("Your account may not read this file any more: it was asked for with other rights."))
    if row.content is None:
        raise NotFound(_("This file is not there any more, or not yet. Ask for it once more."))
    return row.name, row.content


def fetched(db: Session, job_id: int, *, now: datetime) -> None:
    """Whoever asked has the file: the notice of it asks for nothing any more."""
    notify.over(db, notify.Subject("export_job", job_id), [NoticeKind.EXPORT_READY], now=now)


def forget_old(db: Session, *, now: datetime) -> None:
    db.execute(delete(ExportJob).where(ExportJob.expires_at <= now))


@dataclass(frozen=True)
class _Job:
    id: int
    office_id: int
    account_id: int
    name: str
    locale: str
    wish: Wish
    attempts: int
    ticket: datetime


def run_due(database: Database, *, now: datetime) -> int:
    """Make what was asked for, one file after the other, until nothing is due; return how many were tried."""
    started, done = clock.now(), 0
    while (job := _take(database, now + (clock.now() - started))) is not None:
        _work(database, job, lambda: now + (clock.now() - started))
        done += 1
    return done


def _take(database: Database, now: datetime) -> _Job | None:
    with database.reading() as db:
        row_id = claims.next_due(db, ExportJob, now=now, in_turn=ExportJob.account_id)
    if row_id is None:
        return None
    with database.transaction() as db:
        ticket = claims.take(db, ExportJob, row_id, now=now, lease=_LEASE, progress=10)
        if ticket is None:
            return None
        job = db.get_one(ExportJob, row_id)
        wish = Wish.of(job.asked)
        return _Job(job.id, job.office_id, job.account_id, job.name, job.locale, wish, job.attempts, ticket)


def _work(database: Database, job: _Job, now: Callable[[], datetime]) -> None:
    """Whatever goes wrong becomes an outcome: a file that cannot be made stands in nobody's way."""
    content, over = None, job.attempts >= _TRIES
    try:
        # Whoever took it before died of it each time: it is not tried for ever.
        if job.attempts <= _TRIES:
            with i18n.in_locale(job.locale):
                content = _made(database, job, now())
    except Forbidden:
        over = True
    except Exception:
        log.exception("export_failed", export=job.id, attempts=job.attempts)
    with database.transaction() as db:
        _settle(db, job, content, now(), over=over)


def _made(database: Database, job: _Job, now: datetime) -> bytes:
    """Make it as whoever asked may read it now."""
    with database.reading() as db:
        me = security.viewer_for(db, job.account_id, now=now)
        if me is None:
            raise Forbidden(_("Your account may not do this."))
        me.require("attendance")
        press = make(db, me, job.wish, now=now)
    with database.transaction() as db:
        mine = (ExportJob.id == job.id, ExportJob.lease_until == job.ticket)
        db.execute(update(ExportJob).where(*mine).values(progress=60))
    return press()


def _settle(db: Session, job: _Job, content: bytes | None, now: datetime, *, over: bool) -> None:
    if content is None and not over:
        claims.settle(db, ExportJob, job.id, job.ticket, state=TaskState.PENDING, due_at=now + _AGAIN, progress=0)
        return
    state = TaskState.FAILED if content is None else TaskState.DONE
    outcome = {"content": content, "size": len(content or b""), "progress": 100, "finished_at": now}
    if claims.settle(db, ExportJob, job.id, job.ticket, state=state, expires_at=now + KEPT, **outcome):
        notify.tell(
            db,
            office_id=job.office_id,
            kind=NoticeKind.EXPORT_READY,
            params={"name": job.name, "what": "failed" if content is None else "ready"},
            address="/attendance/exports",
            key=f"export:{job.id}",
            accounts=[job.account_id],
            now=now,
            subject=notify.Subject("export_job", job.id),
        )
