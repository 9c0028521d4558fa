"""A person asks to have an own day corrected. Nothing about the day changes before HR has confirmed it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.corrections.superiors import Decider, decider_of
from staffhub.corrections.telling import tell_holder
from staffhub.corrections.wishes import Wish, facts_version, moments
from staffhub.days import Facts, Serving, answered, load
from staffhub.db import digest, insert_unless_there, lock_row, said_otherwise
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    CorrectionKind,
    CorrectionReason,
    CorrectionRequest,
    CorrectionStep,
    Officer,
    RequestStep,
    WaitingRequest,
)
from staffhub.security import Viewer


@dataclass(frozen=True)
class Sent:
    """`first` False: the same form came a second time, and nothing was changed.

    Without a `request_id` nothing was stored: what the day becomes was not yet shown as it is now.
    """

    request_id: int | None
    decider: Decider | None
    first: bool


def shown_version(facts: Facts, wishes: Sequence[Wish]) -> str:
    """Tell an outcome that was shown from another one: by the facts of the day, and by what is asked."""
    return digest(facts_version(facts), *(repr(wish) for wish in wishes))[:16]


def refuse_day(facts: Facts) -> None:
    """Refuse a day of which nobody can ask anything: one outside of the dates of service."""
    if not facts.serves:
        raise Refused(_("You did not serve on this day, so there is nothing to correct."), field="date")


def ask(
    db: Session,
    me: Viewer,
    officer: Serving,
    *,
    day: date,
    wishes: Sequence[Wish],
    reason: CorrectionReason,
    note: str,
    shown: str | None,
    idempotency_key: str,
    now: datetime,
) -> Sent:
    """Store what I ask for a day of mine, and to whom it goes, once I have seen what the day becomes (`shown`).

    `wishes` are one, or a check-in and the check-out that goes with it.
    """
    if officer.id != me.officer_id:
        raise Forbidden(_("You can ask for corrections of your own days only."))
    if wishes[0].kind is CorrectionKind.ABSENT:
        raise Refused(_("Choose what happened instead: nobody asks to be absent without notice."), field="kind")
    # Whoever decides on the day, and a second tap, wait here.
    lock_row(db, Officer, officer.id)
    instants = [wish.instant(day, me.zone) for wish in wishes]
    request = {
        "officer_id": officer.id,
        "date": day,
        "kind": wishes[0].kind,
        "at": instants[0],
        "until": instants[1] if len(wishes) > 1 else None,
        "mode": wishes[0].place,
        "reason": reason,
        "note": note,
    }
    if there := _sent_before(db, me, request, idempotency_key):
        return Sent(there, None, first=False)
    facts = load(db, me.office_id, [officer], [day], zone=me.zone, now=now).facts[officer.id, day]
    refuse_day(facts)
    moments(facts, wishes, now=now)
    _refuse_twice(db, me, day, wishes[0].kind)
    if shown != shown_version(facts, wishes):
        return Sent(None, None, first=False)
    decider = decider_of(db, me, officer.id, day, now=now)
    stamped = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now}
    stamped["idempotency_key"] = idempotency_key
    request_id = db.scalars(sa.insert(CorrectionRequest).values(**request, **stamped).returning(CorrectionRequest.id))
    return _hand_over(db, me, request_id.one(), request, decider, stamped, now=now)


def _hand_over(
    db: Session,
    me: Viewer,
    request_id: int,
    request: dict[str, object],
    decider: Decider,
    stamped: dict[str, object],
    *,
    now: datetime,
) -> Sent:
    holder = decider.superior.id if decider.superior else None
    first = {"request_id": request_id, "turn": 1}
    step = {"kind": RequestStep.ASKED, "to_id": holder, "decide_by": decider.decide_by, "note": ""}
    db.execute(sa.insert(CorrectionStep).values(**first, **step, **stamped))
    waits = {name: request[name] for name in ("officer_id", "date", "kind")} | {"office_id": me.office_id}
    waits |= {**first, "holder_id": holder, "decide_by": decider.decide_by}
    if not insert_unless_there(db, WaitingRequest, waits):
        raise _twice()
    told = {name: request[name] for name in ("date", "kind", "at", "until", "mode", "reason")}
    told["to"] = holder
    audit.record(db, me, "correction.asked", "officer", me.officer_id, now=now, request=request_id, **told)  # type: ignore[arg-type]
    sent = {"who": me.name, "day": request["date"], "to": holder, "decide_by": decider.decide_by}
    tell_holder(db, me, request_id, 1, now=now, **sent)  # type: ignore[arg-type]
    if request["until"] or request["kind"] is CorrectionKind.CHECK_OUT:
        answered(db, me.office_id, [(me.officer_id or 0, request["date"])], now=now)  # type: ignore[list-item]
    return Sent(request_id, decider, first=True)


def _sent_before(db: Session, me: Viewer, request: dict[str, object], key: str) -> int | None:
    """Return the request of the same press; Conflict when the form went out before and said something else."""
    same_key = (CorrectionRequest.office_id == me.office_id) & (CorrectionRequest.idempotency_key == key)
    there = db.scalar(select(CorrectionRequest).where(same_key))
    if there is None:
        return None
    if any(getattr(there, name) != value for name, value in request.items()):
        raise said_otherwise()
    return there.id


def _refuse_twice(db: Session, me: Viewer, day: date, kind: CorrectionKind) -> None:
    same = select(WaitingRequest.request_id).where(
        WaitingRequest.office_id == me.office_id,
        WaitingRequest.officer_id == me.officer_id,
        WaitingRequest.date == day,
        WaitingRequest.kind == kind,
    )
    if db.scalar(same) is not None:
        raise _twice()


def _twice() -> Conflict:
    return Conflict(
        _("You have asked for this already, and it is not decided yet. Withdraw that request to ask otherwise."),
        field="kind",
    )
