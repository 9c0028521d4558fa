"""What is done with the log of a day: sent, taken back, returned, verified, reopened. Each is a fact of its own.

The report is as its last step left it, with that step's turn as its version: of two at once the second is told.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.db import lock_row, write_over
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.models import DailyReport, LogAct, LogState, Officer, ReportStep
from staffhub.security import Viewer
from staffhub.worklog.entries import REPORT_OF_DAY, entries_of, minutes_of, of_day
from staffhub.worklog.telling import tell_superior
from staffhub.worklog.writing import officer_of, open_day

_STATE = {
    LogAct.SUBMITTED: LogState.SUBMITTED,
    LogAct.TAKEN_BACK: LogState.TAKEN_BACK,
    LogAct.RETURNED: LogState.RETURNED,
    LogAct.VERIFIED: LogState.VERIFIED,
    LogAct.REOPENED: LogState.RETURNED,
}
_REPORT = select(
    DailyReport.id, DailyReport.officer_id, DailyReport.version, DailyReport.state, DailyReport.late
).where(REPORT_OF_DAY)


class Altered(Conflict):
    """The entries are not the ones that the question was about."""


@dataclass(frozen=True)
class Step:
    """What is done with a report of so many minutes, by whoever presses; `seen` is the version that the page showed."""

    report_id: int
    seen: int
    act: LogAct
    minutes: int
    key: str
    note: str = ""
    instead_of: int | None = None


def submit(db: Session, me: Viewer, *, day: date, now: datetime, seen: int | None = None) -> int:
    """Send the day to the superior and lock it; return its minutes. The second of two taps is told.

    `seen`: the minutes that the person was asked about; with others nothing is sent.
    """
    open_day(db, me, day, now=now)
    entries = entries_of(db, me, day)
    if not entries:
        raise Refused(_("There is nothing to submit yet. Write at least one entry."), field="date")
    minutes = minutes_of(entries)
    if seen not in {None, minutes}:
        raise Altered(_("The entries have changed meanwhile. Look at the sum again before you send them."))
    report_id = _send(db, me, day, minutes, now)
    audit.record(db, me, "log.submitted", "daily_report", report_id, now=now, date=day, minutes=minutes)
    tell_superior(db, me, report_id, now=now)
    return minutes


def would_be_late(state: LogState | None, day: date, today: date, *, was: bool) -> bool:
    """Say how a log is marked that is sent today; one that was returned keeps what was said the first time."""
    return was if state is LogState.RETURNED else today > day


def _send(db: Session, me: Viewer, day: date, minutes: int, now: datetime) -> int:
    there = db.execute(_REPORT, of_day(me, day)).one_or_none()
    state, was = (there.state, there.late) if there else (None, False)
    late = would_be_late(state, day, clock.local_day(now, me.zone), was=was)
    if there is None:
        report = {"office_id": me.office_id, "officer_id": officer_of(me), "date": day, "minutes": minutes}
        made = insert(DailyReport).values(**report, submitted_at=now, late=late, state=LogState.SUBMITTED, version=1)
        report_id = db.scalar(made.returning(DailyReport.id)) or 0
        note_step(db, me, Step(report_id, 0, LogAct.SUBMITTED, minutes, str(uuid4())), now=now)
        return report_id
    step = Step(there.id, there.version, LogAct.SUBMITTED, minutes, str(uuid4()))
    take(db, me, step, now=now, minutes=minutes, submitted_at=now, late=late)
    return int(there.id)


def take_back(db: Session, me: Viewer, *, day: date, version: int | None, now: datetime) -> None:
    """Open my own log again, until somebody has verified it."""
    lock_row(db, Officer, officer_of(me))
    there = db.execute(_REPORT.add_columns(DailyReport.minutes), of_day(me, day)).one_or_none()
    if there is None:
        raise Refused(_("The log of this day was not sent yet."), field="date")
    if there.state is LogState.VERIFIED:
        raise Conflict(_("This log is verified by now. Your superior can reopen it."))
    if there.state is not LogState.SUBMITTED:
        raise Conflict(_("This log is with you already. Nothing was changed."))
    seen = there.version if version is None else version
    take(db, me, Step(there.id, seen, LogAct.TAKEN_BACK, there.minutes, str(uuid4())), now=now)
    audit.record(db, me, "log.taken_back", "daily_report", there.id, now=now, date=day)


def take(db: Session, me: Viewer, step: Step, *, now: datetime, **values: object) -> None:
    """Bring a report where the step leads; Conflict when another step came first."""
    said = _("This log was changed meanwhile. Look at it as it is now.")
    verified = step.act is LogAct.VERIFIED
    ends = {"verified_by": me.officer_id if verified else None, "verified_at": now if verified else None}
    write_over(db, DailyReport, step.report_id, seen=step.seen, said=said, state=_STATE[step.act], **ends, **values)
    note_step(db, me, step, now=now)


def note_step(db: Session, me: Viewer, step: Step, *, now: datetime) -> None:
    db.execute(
        insert(ReportStep).values(
            office_id=me.office_id,
            report_id=step.report_id,
            turn=step.seen + 1,
            act=step.act,
            note=step.note,
            minutes=step.minutes,
            instead_of=step.instead_of,
            created_by=me.account_id,
            created_at=now,
            idempotency_key=step.key,
        )
    )
