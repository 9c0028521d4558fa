"""What HR adds to a day: a new fact with an author and a reason. The facts it corrects stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock, i18n
from staffhub.days import CorrectionFact, DayRecord, Facts, Serving, Stage, load, reconcile
from staffhub.db import insert_unless_there, said_otherwise
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    Correction,
    CorrectionKind,
    CorrectionReason,
    Officer,
    Posting,
    Role,
    WorkMode,
    posting_on,
    role_held,
    serves,
)
from staffhub.security import Viewer

_TIMED = {CorrectionKind.CHECK_IN, CorrectionKind.CHECK_OUT}
_PLACED = {CorrectionKind.CHECK_IN, CorrectionKind.MODE}


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
class Wish:
    """What a correction is to say. `next_day`: the time is of the day after, as when a night on guard ends."""

    kind: CorrectionKind
    clock_time: time | None = None
    mode: WorkMode | None = None
    next_day: bool = False


def outcome(facts: Facts, wish: Wish, *, now: datetime) -> DayRecord:
    """Return the day as it would be; nothing is written. Refused when it cannot have been so."""
    at = _moment(facts, wish, now=now)
    newest = max((fact.id for fact in facts.corrections), default=0)
    fact = CorrectionFact(newest + 1, wish.kind, at, _place(wish), now)
    return reconcile(replace(facts, corrections=(*facts.corrections, fact)))


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
    of_office = select(Officer.id).where(Officer.office_id == me.office_id, Officer.id == officer.id)
    db.execute(of_office.with_for_update(key_share=True))
    if _written_before(db, me, officer.id, day, wish, reason, note, idempotency_key):
        return Added(officer.id, day, first=False)
    facts = load(db, me.office_id, [officer], [day], zone=me.zone, now=now).facts[officer.id, day]
    _refuse_stale(facts, newest)
    at = _moment(facts, wish, now=now)
    mode = _place(wish)
    correction = {
        "office_id": me.office_id,
        "officer_id": officer.id,
        "date": day,
        "kind": wish.kind,
        "at": at,
        "mode": mode,
        "reason": reason,
        "note": note,
        "created_by": me.account_id,
        "created_at": now,
        "idempotency_key": idempotency_key,
    }
    if not insert_unless_there(db, Correction, correction):
        return Added(officer.id, day, first=False)
    # The note stays out of the trail: it may say that a doctor's letter was seen.
    told = {"date": day, "kind": wish.kind, "corrected_to": at, "mode": mode, "reason": reason}
    audit.record(db, me, "correction.added", "officer", officer.id, now=now, **told)  # type: ignore[arg-type]
    return Added(officer.id, day, first=True)


def _written_before(
    db: Session, me: Viewer, officer_id: int, day: date, wish: Wish, reason: CorrectionReason, note: str, key: str
) -> bool:
    """Whether the same press recorded it already; Conflict when the form went out before and said something else."""
    same_key = (Correction.office_id == me.office_id) & (Correction.idempotency_key == key)
    there = db.scalar(select(Correction).where(same_key))
    if there is None:
        return False
    at = _instant(wish, day, me.zone) if wish.kind in _TIMED else None
    said = (officer_id, day, wish.kind, at, _place(wish), reason, note)
    if said != (there.officer_id, there.date, there.kind, there.at, there.mode, there.reason, there.note):
        raise said_otherwise()
    return True


def _instant(wish: Wish, day: date, zone: ZoneInfo) -> datetime | None:
    if wish.clock_time is None:
        return None
    return clock.at_local(day + timedelta(days=wish.next_day), wish.clock_time, zone)


def _refuse_stale(facts: Facts, newest: int | None) -> None:
    last = max(facts.corrections, key=lambda fact: fact.id, default=None)
    if newest is not None and last is not None and last.id != newest:
        raise Conflict(
            _("%(author)s has corrected this day meanwhile. Look at it as it is now, then decide.", author=last.author)
        )


def _place(wish: Wish) -> WorkMode | None:
    return wish.mode if wish.kind in _PLACED else None


def _moment(facts: Facts, wish: Wish, *, now: datetime) -> datetime | None:
    """Refuse what cannot have happened; return the instant a correction of a time speaks of."""
    if facts.stage is Stage.TO_COME:
        raise Refused(_("This day has not come yet. Change the plan instead."), field="date")
    if wish.kind is CorrectionKind.ABSENT and facts.stage is not Stage.OVER:
        raise Refused(_("Nobody is absent before the day is over. Record it tomorrow."), field="kind")
    if wish.kind is CorrectionKind.MODE and wish.mode is None:
        raise Refused(_("Choose the place of work."), field="mode")
    if wish.kind not in _TIMED:
        return None
    at = _instant(wish, facts.day, facts.zone)
    if at is None:
        raise Refused(_("Write the time as hours and minutes, for example 15.58."), field="time")
    if wish.next_day and wish.kind is CorrectionKind.CHECK_IN:
        raise Refused(_("Work that began on the next day belongs to that day: open it there."), field="next_day")
    if at > now:
        raise Refused(_("This time has not come yet."), field="time")
    record = reconcile(facts)
    if wish.kind is CorrectionKind.CHECK_OUT and record.first and at < record.first:
        shown = i18n.clock(record.first)
        raise Refused(
            _("The check-out cannot be before the check-in at %(time)s. Was it on the next day? Say so.", time=shown),
            field="time",
        )
    if wish.kind is CorrectionKind.CHECK_IN and record.last and at > record.last:
        shown = i18n.clock(record.last)
        raise Refused(_("The check-in cannot be after the check-out at %(time)s.", time=shown), field="time")
    return at


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
    db: Session, me: Viewer, first: date, last: date, *, offset: int = 0, limit: int = 50
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
        .outerjoin(Posting, posting_on(Correction.date))
        .join(Account, Account.id == Correction.created_by)
        .outerjoin(writer, writer.id == Account.officer_id)
        .where(Correction.office_id == me.office_id, Correction.date.between(first, last))
        .order_by(Correction.created_at.desc(), Correction.id.desc())
        .offset(offset)
        .limit(limit)
    )
    rows = rows.where(me.within(Officer.id, Posting.division_id))
    found = db.execute(rows).all()
    return [_listed(me, row) for row in found], int(found[0][-1]) if found else 0


def _listed(me: Viewer, row: Sequence[object]) -> Listed:
    values = list(row[:-1])
    for place in (5, 10):
        moment = values[place]
        values[place] = moment.astimezone(me.zone) if isinstance(moment, datetime) else None
    return Listed(*values)  # type: ignore[arg-type]
