"""Who hears of a log: its verifiers once a day that some wait, its officer when it comes back."""

from datetime import date, datetime

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, notify
from staffhub.db import rows
from staffhub.models import DailyReport, LogAct, LogDelegate, NoticeKind, Officer, Posting, Role, posting_on, serves
from staffhub.security import Viewer
from staffhub.worklog import whose

# What waits for a person is one thing, however many logs it is.
_DESK = "officer"
_ABOVE = (
    whose.above(
        select(whose.SUPERIOR.id, whose.AWAY, whose.NEXT.id, whose.NEXT_AWAY, whose.STAND_IN.id).select_from(
            DailyReport
        )
    )
    .outerjoin(LogDelegate, whose.NAMED)
    .outerjoin(whose.STAND_IN, whose.STANDS_IN)
    .where(DailyReport.id == bindparam("report", type_=BigInteger))
)
_HEADS = (
    select(Officer.id)
    .join(Posting, posting_on(whose.TODAY))
    .where(Officer.office_id == whose.OFFICE, serves(whose.TODAY, whose.TODAY), Posting.role == Role.OFFICE_HEAD)
)


def tell_superior(db: Session, me: Viewer, report_id: int, *, now: datetime) -> None:
    """Tell whoever verifies, one notice a day: the first log that waits says that some do."""
    for verifier in _verifiers(db, me, report_id, now=now) - {me.officer_id}:
        _tell(db, me, verifier, now=now)


def _verifiers(db: Session, me: Viewer, report_id: int, *, now: datetime) -> set[int]:
    """The superior who is here and whoever is named in that place; where neither is, the one above, then the head."""
    asked = {"office": me.office_id, "today": clock.local_day(now, me.zone)}
    found = rows(db, _ABOVE, **asked, report=report_id).all()
    superior, away, above, above_away, _named = found[0]
    there = {row[4] for row in found} | (set() if away else {superior})
    if there := there - {None}:
        return there
    return {above} if not above_away else set(db.scalars(_HEADS, asked))


def _tell(db: Session, me: Viewer, verifier: int, *, now: datetime) -> None:
    today = clock.local_day(now, me.zone)
    notify.tell(
        db,
        office_id=me.office_id,
        kind=NoticeKind.LOGS_TO_VERIFY,
        params={"day": today},
        address="/worklog/verify",
        key=f"logs:{today}",
        now=now,
        officers=[verifier],
        by=me.account_id,
        subject=notify.Subject(_DESK, verifier),
    )


def nothing_waits(db: Session, me: Viewer, *, now: datetime) -> None:
    if me.officer_id is not None:
        notify.over(db, notify.Subject(_DESK, me.officer_id), [NoticeKind.LOGS_TO_VERIFY], now=now)


def tell_officer(
    db: Session, me: Viewer, report_id: int, turn: int, act: LogAct, *, officer_id: int, day: date, now: datetime
) -> None:
    notify.tell(
        db,
        office_id=me.office_id,
        kind=NoticeKind.LOG_RETURNED,
        params={"day": day, "what": act.value},
        address=f"/worklog?date={day}",
        key=f"log:{report_id}:{turn}",
        now=now,
        officers=[officer_id],
        by=me.account_id,
        subject=notify.Subject("daily_report", report_id),
    )
