"""What HR adds to a day: a new fact with an author and a reason. The facts it corrects stay as they are."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.corrections.settling import settle
from staffhub.corrections.telling import tell_corrected
from staffhub.corrections.wishes import Wish, moment
from staffhub.days import Facts, Serving, load
from staffhub.db import insert_unless_there, lock_row, said_otherwise
from staffhub.errors import Conflict, Forbidden
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    Correction,
    CorrectionReason,
    Officer,
    Posting,
    Role,
    posting_on,
    role_held,
    serves,
)
from staffhub.security import Viewer


@dataclass(frozen=True)
class Right:
    """Whether I may decide on somebody's days; `why_not` is for whoever would find the form there otherwise."""

    may: bool
    why_not: str = ""


def right(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Right:
    """HR decides, on everybody's days but the own. Where only one account is HR's, the head of the office decides on
    the days of that one.
    """
    own = officer_id == me.officer_id
    if me.may("attendance.correct") and not own:
        return Right(may=True)
    if not me.may("attendance.correct") and (own or not me.may("attendance.correct_hr")):
        return Right(may=False)
    today = clock.local_day(now, me.zone)
    accounts = db.execute(
        select(
            role_held().label("role"), Account.officer_id, func.coalesce(Officer.name, Account.username).label("name")
        )
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Posting, posting_on(today))
        .where(Account.office_id == me.office_id, Account.disabled_at.is_(None))
        .where(role_held().in_((Role.HR, Role.OFFICE_HEAD)))
        .where(Account.officer_id.is_(None) | serves(today, today))
    ).all()
    hr = {row.officer_id: row.name for row in accounts if row.role is Role.HR}
    if not own:
        return Right(may=list(hr) == [officer_id])
    others = [name for id_, name in hr.items() if id_ != officer_id]
    others = others or [row.name for row in accounts if row.role is Role.OFFICE_HEAD]
    if not others:
        return Right(
            may=False, why_not=_("Nobody decides on the own day, and no other account may: give one the role of HR.")
        )
    return Right(
        may=False, why_not=_("Nobody decides on the own day. Ask %(names)s to do it.", names=", ".join(sorted(others)))
    )


@dataclass(frozen=True)
class Added:
    """`first` False: the same form came a second time, and nothing was changed."""

    officer_id: int
    day: date
    first: bool


def add(
    db: Session,
    me: Viewer,
    officer: Serving,
    *,
    day: date,
    wish: Wish,
    reason: CorrectionReason,
    note: str,
    newest: int | None = None,
    idempotency_key: str,
    now: datetime,
) -> Added:
    """Add the fact. `newest` is the last correction of the day that was on the page, 0: none; Conflict when another
    came meanwhile.
    """
    allowed = right(db, me, officer.id, now=now)
    if not allowed.may:
        raise Forbidden(allowed.why_not or _("Your account may not do this."))
    # Of two who decide at once the second waits here, and then sees what the first has decided.
    lock_row(db, Officer, officer.id)
    if _written_before(db, me, officer.id, day, wish, reason, note, idempotency_key):
        return Added(officer.id, day, first=False)
    facts = load(db, me.office_id, [officer], [day], zone=me.zone, now=now).facts[officer.id, day]
    _refuse_stale(facts, newest)
    at = moment(facts, wish, now=now)
    first = write(
        db,
        me,
        officer.id,
        day,
        wish,
        at=at,
        reason=reason,
        note=note,
        idempotency_key=idempotency_key,
        now=now,
    )
    if first and not settle(db, me, officer.id, day, wish.kind, note=note, idempotency_key=idempotency_key, now=now):
        tell_corrected(db, me, idempotency_key, officer_id=officer.id, day=day, now=now)
    return Added(officer.id, day, first=first)


def write(
    db: Session,
    me: Viewer,
    officer_id: int,
    day: date,
    wish: Wish,
    *,
    at: datetime | None,
    reason: CorrectionReason,
    note: str,
    idempotency_key: str,
    now: datetime,
    request_id: int | None = None,
) -> bool:
    """Write the fact and its event; False when the key was there already. Who may, and what can be, is settled."""
    correction = {
        "office_id": me.office_id,
        "officer_id": officer_id,
        "date": day,
        "kind": wish.kind,
        "at": at,
        "mode": wish.place,
        "reason": reason,
        "note": note,
        "created_by": me.account_id,
        "created_at": now,
        "idempotency_key": idempotency_key,
        "request_id": request_id,
    }
    if not insert_unless_there(db, Correction, correction):
        return False
    # The note stays out of the trail: it may say that a doctor's letter was seen.
    told = {"date": day, "kind": wish.kind, "corrected_to": at, "mode": wish.place, "reason": reason}
    audit.record(db, me, "correction.added", "officer", officer_id, now=now, request=request_id, **told)  # type: ignore[arg-type]
    return True


def _written_before(
    db: Session, me: Viewer, officer_id: int, day: date, wish: Wish, reason: CorrectionReason, note: str, key: str
) -> bool:
    """Whether the same press recorded it already; Conflict when the form went out before and said something else."""
    same_key = (Correction.office_id == me.office_id) & (Correction.idempotency_key == key)
    there = db.scalar(select(Correction).where(same_key))
    if there is None:
        return False
    at = wish.instant(day, me.zone)
    said = (officer_id, day, wish.kind, at, wish.place, reason, note)
    if said != (there.officer_id, there.date, there.kind, there.at, there.mode, there.reason, there.note):
        raise said_otherwise()
    return True


def _refuse_stale(facts: Facts, newest: int | None) -> None:
    last = max(facts.corrections, key=lambda fact: fact.id, default=None)
    if newest is not None and last is not None and last.id != newest:
        raise Conflict(
            _("%(author)s has corrected this day meanwhile. Look at it as it is now, then decide.", author=last.author)
        )
