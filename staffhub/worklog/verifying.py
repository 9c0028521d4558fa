"""What a superior does with the logs that were sent: looks at a day, verifies it, returns it, opens it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, cast, func, literal, select
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.ahead import Ask
from staffhub.db import read, rows
from staffhub.errors import Conflict, Forbidden, NotFound, Refused, StaffHubError
from staffhub.i18n import gettext as _
from staffhub.models import LOCKED, Account, DailyReport, LogAct, LogState, Officer, ReportStep
from staffhub.security import Viewer
from staffhub.worklog import whose
from staffhub.worklog.steps import Step, take
from staffhub.worklog.telling import nothing_waits, tell_officer

A_LIST = 40


@dataclass(frozen=True)
class Report:
    """The log of somebody's day. `mine`: I verify it; `in_place`: in that of `superior`."""

    id: int
    version: int
    officer_id: int
    officer: str
    day: date
    minutes: int
    submitted_at: datetime
    late: bool
    state: LogState
    superior_id: int | None
    superior: str | None
    in_place: bool
    mine: bool
    active_from: date
    active_to: date | None

    @property
    def waits(self) -> bool:
        return self.state is LogState.SUBMITTED

    @property
    def locked(self) -> bool:
        return self.state in LOCKED


@cache
def _reports() -> Any:
    columns = (
        DailyReport.id,
        DailyReport.version,
        DailyReport.officer_id,
        Officer.name,
        DailyReport.date,
        DailyReport.minutes,
        DailyReport.submitted_at,
        DailyReport.late,
        DailyReport.state,
        whose.SUPERIOR.id,
        whose.SUPERIOR.name,
        whose.MINE,
        Officer.active_from,
        Officer.active_to,
        whose.OWN.division_id,
    )
    statement = select(*columns).select_from(DailyReport).join(Officer, Officer.id == DailyReport.officer_id)
    return whose.above(statement).where(DailyReport.office_id == whose.OFFICE)


@cache
def _waiting(*, all_of_them: bool) -> Any:
    found = _reports().add_columns(func.count().over()).where(DailyReport.state == LogState.SUBMITTED)
    found = found.where(whose.SOMEBODY_ABOVE if all_of_them else whose.MINE)
    return found.order_by(DailyReport.date, Officer.name, DailyReport.id).limit(A_LIST)


@cache
def _one() -> Any:
    return _reports().where(DailyReport.id == bindparam("report", type_=BigInteger))


def _report(me: Viewer, row: Any) -> Report:
    superior_id, mine = row[9], bool(row[11])
    in_place = mine and superior_id not in {None, me.officer_id}
    return Report(*(*row[:6], row[6].astimezone(me.zone), *row[7:11], in_place, mine, *row[12:14]))


def waiting(db: Session, me: Viewer, *, today: date, all_of_them: bool = False) -> tuple[list[Report], int]:
    """Return the logs that wait for me, oldest first, as many as a page shows, and how many there are.

    `all_of_them`: of the whole office, for whoever sees everybody.
    """
    if all_of_them and not me.sees_everyone:
        raise Forbidden(_("Your account may not do this."))
    found = rows(db, _waiting(all_of_them=all_of_them), **whose.as_verifier(me, today)).all()
    return [_report(me, row) for row in found], int(found[0][-1]) if found else 0


@dataclass(frozen=True)
class ToVerify:
    """How many logs wait for me; `oldest`: the day of the first, `late`: how many were sent late."""

    count: int
    oldest: date | None
    late: int


@cache
def _count() -> Any:
    late = func.coalesce(func.sum(cast(DailyReport.late, Integer)), 0)
    counted = select(func.count(), func.min(DailyReport.date), late).select_from(DailyReport)
    of_office = (DailyReport.office_id == whose.OFFICE, DailyReport.state == LogState.SUBMITTED)
    return whose.above(counted).where(*of_office, whose.MINE)


def ask_to_verify(me: Viewer, today: date) -> Ask:
    """Return what `to_verify` asks."""
    return Ask(_count(), dict(whose.as_verifier(me, today)))


def to_verify(db: Session, me: Viewer, today: date) -> ToVerify:
    return ToVerify(*read(db, ask_to_verify(me, today)).one())


def report_for(db: Session, me: Viewer, report_id: int, *, now: datetime) -> Report:
    """Load the log of a day for whoever verifies it, stands above, or sees everybody."""
    asked = whose.as_verifier(me, clock.local_day(now, me.zone))
    row = rows(db, _one(), **asked, report=report_id).one_or_none()
    if row is None:
        raise NotFound(_("There is no such log in your office."))
    found = _report(me, row)
    if found.officer_id == me.officer_id:
        raise Forbidden(_("Nobody verifies the own log."))
    reads = found.mine or found.superior_id == me.officer_id
    if not reads and not me.sees(officer_id=found.officer_id, division_id=row[14]):
        raise Forbidden(_("This log does not wait for you."))
    return found


def refuse_stranger(one: Report) -> None:
    """Refuse whoever only reads."""
    if not one.mine:
        raise Forbidden(_("This log does not wait for you."))


@dataclass(frozen=True)
class Told:
    """One step of a log as people read it; `at` is local. `instead_of`: in whose place."""

    act: LogAct
    at: datetime
    by: str
    instead_of: str
    note: str
    minutes: int


@cache
def _history() -> Any:
    writer, other = whose.SUPERIOR, whose.NEXT
    return (
        select(
            ReportStep.act,
            ReportStep.created_at,
            func.coalesce(writer.name, Account.name, literal("")),
            func.coalesce(other.name, literal("")),
            ReportStep.note,
            ReportStep.minutes,
        )
        .outerjoin(Account, Account.id == ReportStep.created_by)
        .outerjoin(writer, writer.id == Account.officer_id)
        .outerjoin(other, other.id == ReportStep.instead_of)
        .where(ReportStep.office_id == whose.OFFICE)
        .where(ReportStep.report_id == bindparam("report", type_=BigInteger))
        .order_by(ReportStep.turn)
    )


def history(db: Session, me: Viewer, one: Report) -> list[Told]:
    return [
        Told(act, at.astimezone(me.zone), *told)
        for act, at, *told in rows(db, _history(), office=me.office_id, report=one.id)
    ]


@dataclass(frozen=True)
class Press:
    """What the page showed when a button was pressed, and what is said with it."""

    seen: int | None
    key: str
    note: str = ""


@dataclass(frozen=True)
class Done:
    """`first` False: the same press came a second time."""

    report: Report
    first: bool


def decide(db: Session, me: Viewer, report_id: int, act: LogAct, press: Press, *, now: datetime) -> Done:
    """Verify, return or reopen the log of a day. Of two at once the second is told (Conflict)."""
    one = report_for(db, me, report_id, now=now)
    same = select(ReportStep.id).where(
        ReportStep.office_id == me.office_id,
        ReportStep.idempotency_key == press.key,
        ReportStep.report_id == report_id,
        ReportStep.act == act,
    )
    if db.scalar(same):
        return Done(one, first=False)
    refuse_stranger(one)
    if one.state is not (LogState.VERIFIED if act is LogAct.REOPENED else LogState.SUBMITTED):
        raise Conflict(_meanwhile(one.state))
    if not press.note and act is not LogAct.VERIFIED:
        raise Refused(_("Write what is to be changed, so that it can be."), field="note")
    instead_of = one.superior_id if one.superior_id != me.officer_id else None
    seen = one.version if press.seen is None else press.seen
    take(db, me, Step(one.id, seen, act, one.minutes, press.key, press.note, instead_of), now=now)
    _tell(db, me, one, act, seen + 1, now)
    return Done(one, first=True)


def _tell(db: Session, me: Viewer, one: Report, act: LogAct, turn: int, now: datetime) -> None:
    # The remark stays out of the trail.
    audit.record(db, me, f"log.{act}", "daily_report", one.id, now=now, date=one.day, officer=one.officer_id)
    if act is not LogAct.VERIFIED:
        tell_officer(db, me, one.id, turn, act, officer_id=one.officer_id, day=one.day, now=now)
    if to_verify(db, me, clock.local_day(now, me.zone)).count == 0:
        nothing_waits(db, me, now=now)


def _meanwhile(state: LogState) -> str:
    return {
        LogState.SUBMITTED: _("This log was sent again and waits to be verified."),
        LogState.TAKEN_BACK: _("The officer has taken this log back meanwhile. Nothing was changed."),
        LogState.RETURNED: _("This log was returned meanwhile. Nothing was changed."),
        LogState.VERIFIED: _("This log was verified meanwhile. Nothing was changed."),
    }[state]


@dataclass(frozen=True)
class Many:
    """What came of many at once: how many were verified, and who was left out and why."""

    verified: int
    left_out: Sequence[tuple[str, str]]


def verify_many(db: Session, me: Viewer, chosen: Sequence[tuple[int, int]], key: str, *, now: datetime) -> Many:
    """Verify several logs, each as the page showed it (id, version); what changed meanwhile is left out and named."""
    verified, left_out = 0, []
    for report_id, seen in sorted(set(chosen)):  # in one order, so that two superiors never wait for each other
        try:
            decide(db, me, report_id, LogAct.VERIFIED, Press(seen, f"{key}-{report_id}"), now=now)
            verified += 1
        except (Conflict, Forbidden, NotFound) as error:
            left_out.append((_name(db, me, report_id, error, now), error.message))
    return Many(verified, left_out)


def _name(db: Session, me: Viewer, report_id: int, error: StaffHubError, now: datetime) -> str:
    if not isinstance(error, Conflict):
        return _("A log")
    one = report_for(db, me, report_id, now=now)
    return one.officer
