"""What HR adds to a day: a new fact with an author and a reason. The facts it corrects stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock, i18n
from staffhub.db import insert_unless_there
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    Correction,
    CorrectionKind,
    CorrectionReason,
    Mark,
    MarkKind,
    Officer,
    WorkMode,
)
from staffhub.security import Viewer

_TIMED = {CorrectionKind.CHECK_IN, CorrectionKind.CHECK_OUT}
_PLACED = {CorrectionKind.CHECK_IN, CorrectionKind.MODE}


@dataclass(frozen=True)
class Added:
    """`first` False: the same form came a second time, and nothing was changed."""

    officer_id: int
    day: date
    first: bool


def add(
    db: Session,
    me: Viewer,
    officer_id: int,
    *,
    day: date,
    kind: CorrectionKind,
    clock_time: time | None,
    mode: WorkMode | None,
    reason: CorrectionReason,
    note: str,
    idempotency_key: str,
    now: datetime,
) -> Added:
    me.require("attendance.correct")
    same_key = (Correction.office_id == me.office_id) & (Correction.idempotency_key == idempotency_key)
    there = db.execute(select(Correction.officer_id, Correction.date).where(same_key)).one_or_none()
    if there:
        return Added(there.officer_id, there.date, first=False)
    at = _checked_time(db, me, officer_id, day=day, kind=kind, clock_time=clock_time, now=now)
    if kind is CorrectionKind.MODE and mode is None:
        raise Refused(_("Choose the place of work."), field="mode")
    mode = mode if kind in _PLACED else None
    correction = {
        "office_id": me.office_id,
        "officer_id": officer_id,
        "date": day,
        "kind": kind,
        "at": at,
        "mode": mode,
        "reason": reason,
        "note": note,
        "created_by": me.account_id,
        "created_at": now,
        "idempotency_key": idempotency_key,
    }
    if not insert_unless_there(db, Correction, correction):
        return Added(officer_id, day, first=False)
    # The note stays out of the trail: it may say that a doctor's letter was seen.
    facts = {"date": day, "kind": kind, "corrected_to": at, "mode": mode, "reason": reason}
    audit.record(db, me, "correction.added", "officer", officer_id, now=now, **facts)  # type: ignore[arg-type]
    return Added(officer_id, day, first=True)


def _checked_time(
    db: Session,
    me: Viewer,
    officer_id: int,
    *,
    day: date,
    kind: CorrectionKind,
    clock_time: time | None,
    now: datetime,
) -> datetime | None:
    """Refuse what cannot have happened; return the instant a correction of a time speaks of."""
    today = clock.local_day(now, me.zone)
    if day > today:
        raise Refused(_("This day has not come yet. Change the plan instead."), field="date")
    if kind is CorrectionKind.ABSENT and day == today:
        raise Refused(_("Nobody is absent before the day is over. Record it tomorrow."), field="kind")
    if kind not in _TIMED:
        return None
    if clock_time is None:
        raise Refused(_("Write the time as hours and minutes, for example 15.58."), field="time")
    at = clock.at_local(day, clock_time, me.zone)
    if at > now:
        raise Refused(_("This time has not come yet."), field="time")
    check_in, check_out = _times_in_force(db, me, officer_id, day)
    if kind is CorrectionKind.CHECK_OUT and check_in and at < check_in:
        shown = _shown(check_in, me)
        raise Refused(_("The check-out cannot be before the check-in at %(time)s.", time=shown), field="time")
    if kind is CorrectionKind.CHECK_IN and check_out and at > check_out:
        shown = _shown(check_out, me)
        raise Refused(_("The check-in cannot be after the check-out at %(time)s.", time=shown), field="time")
    return at


def _shown(at: datetime, me: Viewer) -> str:
    return at.astimezone(me.zone).strftime("%H.%M" if i18n.current_locale() == "id" else "%H:%M")


def _times_in_force(db: Session, me: Viewer, officer_id: int, day: date) -> tuple[datetime | None, datetime | None]:
    """Return the first check-in and the last check-out of the day; the newest correction comes before the marks."""
    timed = db.execute(
        select(Correction.kind, Correction.at)
        .where(Correction.office_id == me.office_id, Correction.officer_id == officer_id, Correction.date == day)
        .where(Correction.kind.in_(_TIMED))
        .order_by(Correction.created_at, Correction.id)
    )
    corrected = {row.kind: row.at for row in timed}
    marks = db.execute(
        select(Mark.kind, Mark.attempted_at)
        .where(Mark.office_id == me.office_id, Mark.officer_id == officer_id, Mark.date == day)
        .order_by(Mark.attempted_at, Mark.turn)
    ).all()
    first = next((at for kind, at in marks if kind is MarkKind.CHECK_IN), None)
    last = marks[-1].attempted_at if marks and marks[-1].kind is MarkKind.CHECK_OUT else None
    return corrected.get(CorrectionKind.CHECK_IN) or first, corrected.get(CorrectionKind.CHECK_OUT) or last


@dataclass(frozen=True)
class Listed:
    """One correction as people read it; times are local. `replaced`: a newer one of its kind counts."""

    id: int
    officer_id: int
    officer: str
    day: date
    kind: CorrectionKind
    at: datetime | None
    mode: WorkMode | None
    reason: CorrectionReason
    note: str
    author: str
    created_at: datetime
    replaced: bool


def listed(
    db: Session, me: Viewer, first: date, last: date, *, officer_id: int | None = None, offset: int = 0, limit: int = 50
) -> tuple[list[Listed], int]:
    """Return the corrections of a span of days that I may see, newest first, and how many there are."""
    writer = aliased(Officer)
    newer = aliased(Correction)
    replaced = (
        select(newer.id)
        .where(newer.officer_id == Correction.officer_id, newer.date == Correction.date, newer.kind == Correction.kind)
        .where(
            (newer.created_at > Correction.created_at)
            | ((newer.created_at == Correction.created_at) & (newer.id > Correction.id))
        )
        .exists()
    )
    rows = (
        select(
            Correction.id,
            Correction.officer_id,
            Officer.name,
            Correction.date,
            Correction.kind,
            Correction.at,
            Correction.mode,
            Correction.reason,
            Correction.note,
            func.coalesce(writer.name, Account.username),
            Correction.created_at,
            replaced,
            func.count().over(),
        )
        .join(Officer, Officer.id == Correction.officer_id)
        .join(Account, Account.id == Correction.created_by)
        .outerjoin(writer, writer.id == Account.officer_id)
        .where(Correction.office_id == me.office_id, Correction.date.between(first, last))
        .order_by(Correction.created_at.desc(), Correction.id.desc())
        .offset(offset)
        .limit(limit)
    )
    if officer_id is not None:
        rows = rows.where(Correction.officer_id == officer_id)
    else:
        rows = rows.where(me.within(Officer.id, Officer.division_id))
    found = db.execute(rows).all()
    return [_listed(me, row) for row in found], int(found[0][-1]) if found else 0


def _listed(me: Viewer, row: Sequence[object]) -> Listed:
    values = list(row[:-1])
    for place in (5, 10):
        moment = values[place]
        values[place] = moment.astimezone(me.zone) if isinstance(moment, datetime) else None
    return Listed(*values)  # type: ignore[arg-type]
