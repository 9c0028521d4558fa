"""What is done about a request: accepted, confirmed, declined, passed on, withdrawn. Each is a fact of its own."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, clock, i18n, workdays
from staffhub.corrections.deciding import right, write
from staffhub.corrections.requests import Request, Standing, request_for
from staffhub.corrections.superiors import Superior, choices, deadline
from staffhub.corrections.telling import tell_holder, tell_person
from staffhub.corrections.wishes import facts_version, moments, wishes_of
from staffhub.days import Facts, load
from staffhub.db import lock_row
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import CorrectionStep, Officer, RequestStep, WaitingRequest
from staffhub.security import Viewer


@dataclass(frozen=True)
class Power:
    """What I may do about a request now. `confirms`: my word puts the correction in force.

    `why_not` is for whoever had it, or would find the buttons there otherwise.
    """

    decides: bool = False
    confirms: bool = False
    withdraws: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class Press:
    """What the page showed when a button was pressed: the last step, and the facts of the day ("" when not shown)."""

    turn: int
    seen: str
    note: str
    idempotency_key: str


@dataclass(frozen=True)
class Done:
    """What was done; `first` False: the same press came a second time."""

    request: Request
    kind: RequestStep
    first: bool


def power(db: Session, me: Viewer, one: Request, *, now: datetime) -> Power:
    """Say what I may do; asks for the rights of HR only where HR has the request, or may confirm at once."""
    if not one.is_open:
        return Power()
    if one.officer_id == me.officer_id:
        return Power(withdraws=True)
    holds = one.holder_id is not None and one.holder_id == me.officer_id
    if not (holds or one.with_hr):
        return Power()
    allowed = right(db, me, one.officer_id, now=now)
    if holds or allowed.may:
        return Power(decides=True, confirms=allowed.may)
    if one.standing is Standing.LATE and one.last.to_id == me.officer_id:
        return Power(
            why_not=_("This was to be decided by %(day)s. Now HR decides.", day=i18n.day(one.last.decide_by or one.day))
        )
    return Power(why_not=allowed.why_not)


def refuse_button(db: Session, me: Viewer, one: Request, name: str, *, now: datetime) -> None:
    """Refuse whoever could never press it: 403 before anything is read. Who was quicker is told by the verb itself."""
    own = one.officer_id == me.officer_id
    if name == "withdraw" and not own:
        raise Forbidden(_("Only whoever asked may withdraw this."))
    if name != "withdraw" and own:
        raise Forbidden(_("Nobody decides on the own day."))
    asked = any(me.officer_id in {step.to_id, step.by_id} for step in one.steps)
    if name != "withdraw" and not asked and not right(db, me, one.officer_id, now=now).may:
        raise Forbidden(_("This request does not wait for you."))


def accept(db: Session, me: Viewer, request_id: int, press: Press, *, now: datetime) -> Done:
    """The superior agrees, and HR has it; HR agrees, and the correction is in force."""
    one, done = _opened(db, me, request_id, RequestStep.ACCEPTED, press, now=now)
    if done:
        return done
    allowed = _decides(db, me, one, now=now)
    facts = facts_of(db, me, one, now=now)
    if press.seen != facts_version(facts):
        raise Conflict(_("The day has changed meanwhile. Look at what it becomes now, then decide."))
    wishes = wishes_of(one, me.zone)
    instants = moments(facts, wishes, now=now)
    if not allowed.confirms:
        return _step(db, me, one, RequestStep.ACCEPTED, press, now=now)
    done = _step(db, me, one, RequestStep.CONFIRMED, press, now=now)
    for number, (wish, at) in enumerate(zip(wishes, instants, strict=True), 1):
        key = f"request-{one.id}-{number}"
        given = {"at": at, "reason": one.reason, "note": one.note, "idempotency_key": key, "request_id": one.id}
        write(db, me, one.officer_id, one.day, wish, now=now, **given)  # type: ignore[arg-type]
    return done


def decline(db: Session, me: Viewer, request_id: int, press: Press, *, now: datetime) -> Done:
    """Decline with a reason; the day stays as it is, and the request stays visible."""
    one, done = _opened(db, me, request_id, RequestStep.DECLINED, press, now=now)
    if done:
        return done
    _decides(db, me, one, now=now)
    if not press.note:
        raise Refused(_("Write why, so that the person can understand it."), field="note")
    return _step(db, me, one, RequestStep.DECLINED, press, now=now)


def pass_on(db: Session, me: Viewer, request_id: int, press: Press, *, to: int | None, now: datetime) -> Done:
    """Let somebody else decide: who stands above the person, or HR (None). The time to decide begins anew."""
    one, done = _opened(db, me, request_id, RequestStep.PASSED_ON, press, now=now)
    if done:
        return done
    _decides(db, me, one, now=now)
    offered = {choice.id for choice in offers(db, me, one, now=now)}
    if (to is None and one.with_hr) or (to is not None and to not in offered):
        raise Refused(_("Choose one of the list."), field="to")
    return _step(db, me, one, RequestStep.PASSED_ON, press, to=to, now=now)


def withdraw(db: Session, me: Viewer, request_id: int, press: Press, *, now: datetime) -> Done:
    """Take an own request back; that it was made stays visible."""
    one, done = _opened(db, me, request_id, RequestStep.WITHDRAWN, press, now=now)
    if done:
        return done
    if one.officer_id != me.officer_id:
        raise Forbidden(_("Only whoever asked may withdraw this."))
    return _step(db, me, one, RequestStep.WITHDRAWN, press, now=now)


def offers(db: Session, me: Viewer, one: Request, *, now: datetime) -> list[Superior]:
    return choices(db, me, one.officer_id, one.day, now=now)


def facts_of(db: Session, me: Viewer, one: Request, *, now: datetime) -> Facts:
    """Load the day that a request is about, in three statements."""
    person = _Person(one.officer_id, one.active_from, one.active_to)
    return load(db, me.office_id, [person], [one.day], zone=me.zone, now=now).facts[one.officer_id, one.day]


@dataclass(frozen=True)
class _Person:
    id: int
    active_from: date
    active_to: date | None


def _opened(
    db: Session, me: Viewer, request_id: int, kind: RequestStep, press: Press, *, now: datetime
) -> tuple[Request, Done | None]:
    """Load a request behind the lock of its officer, as it stands once whoever was quicker is done.

    The same press again answers like the first time; Conflict when something was done since the page was made.
    """
    one = request_for(db, me, request_id, now=now)
    lock_row(db, Officer, one.officer_id)
    one = request_for(db, me, request_id, now=now)
    same = select(CorrectionStep.kind).where(
        CorrectionStep.office_id == me.office_id,
        CorrectionStep.idempotency_key == press.idempotency_key,
        CorrectionStep.request_id == request_id,
        CorrectionStep.created_by == me.account_id,
    )
    before = db.scalar(same)
    if before is not None and (before is kind or (before, kind) == (RequestStep.CONFIRMED, RequestStep.ACCEPTED)):
        return one, Done(one, before, first=False)
    if one.turn != press.turn or not one.is_open:
        raise Conflict(_meanwhile(one))
    return one, None


def _meanwhile(one: Request) -> str:
    by = one.last.by
    return {
        RequestStep.ASKED: _("This request looks different now. Look at it again."),
        RequestStep.PASSED_ON: _("%(name)s has passed this request on meanwhile.", name=by),
        RequestStep.ACCEPTED: _("%(name)s has accepted this request meanwhile.", name=by),
        RequestStep.CONFIRMED: _("%(name)s has confirmed this request meanwhile.", name=by),
        RequestStep.DECLINED: _("%(name)s has declined this request meanwhile.", name=by),
        RequestStep.SETTLED: _("%(name)s has corrected this day meanwhile. Nothing is left to decide.", name=by),
        RequestStep.WITHDRAWN: _("%(name)s has withdrawn this request meanwhile. Nothing is left to decide.", name=by),
    }[one.last.kind]


def _decides(db: Session, me: Viewer, one: Request, *, now: datetime) -> Power:
    if one.officer_id == me.officer_id:
        raise Forbidden(_("Nobody decides on the own day."))
    found = power(db, me, one, now=now)
    if not found.decides:
        raise Forbidden(found.why_not or _("This request does not wait for you."))
    return found


def _step(
    db: Session, me: Viewer, one: Request, kind: RequestStep, press: Press, *, to: int | None = None, now: datetime
) -> Done:
    """Write a step and who has the request then; the last one takes it off the desks."""
    calendar, today = workdays.calendar(db, me.office_id), clock.local_day(now, me.zone)
    decide_by = deadline(calendar, today) if to is not None else None
    step = {"request_id": one.id, "turn": one.turn + 1, "kind": kind, "to_id": to, "decide_by": decide_by}
    stamped = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now, "note": press.note}
    db.execute(sa.insert(CorrectionStep).values(**step, **stamped, idempotency_key=press.idempotency_key))
    waits = (WaitingRequest.office_id == me.office_id) & (WaitingRequest.request_id == one.id)
    if kind in {RequestStep.ACCEPTED, RequestStep.PASSED_ON}:
        held = {"holder_id": to, "decide_by": decide_by, "turn": one.turn + 1}
        db.execute(sa.update(WaitingRequest).where(waits).values(held))
    else:
        db.execute(sa.delete(WaitingRequest).where(waits))
    # The note stays out of the trail, as that of the request does.
    told = {"request": one.id, "date": one.day, "to": to}
    audit.record(db, me, f"correction.{kind}", "officer", one.officer_id, now=now, **told)  # type: ignore[arg-type]
    tell_person(db, me, one.id, one.turn + 1, kind, officer_id=one.officer_id, day=one.day, now=now)
    if kind in {RequestStep.ACCEPTED, RequestStep.PASSED_ON}:
        given = {"who": one.officer, "day": one.day, "to": to, "decide_by": decide_by}
        tell_holder(db, me, one.id, one.turn + 1, now=now, **given)  # type: ignore[arg-type]
    return Done(one, kind, first=True)
