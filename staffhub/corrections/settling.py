"""What HR corrects by itself settles what the person has asked about the same: nobody has to decide on it any more."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.corrections.telling import tell_person
from staffhub.models import Correction, CorrectionKind, CorrectionRequest, CorrectionStep, RequestStep, WaitingRequest
from staffhub.security import Viewer

# These speak of the day as a whole, and so of everything that was asked about it.
_WHOLE = {CorrectionKind.LEAVE, CorrectionKind.ABSENT}


def settle(
    db: Session,
    me: Viewer,
    officer_id: int,
    day: date,
    kind: CorrectionKind,
    *,
    note: str,
    idempotency_key: str,
    now: datetime,
) -> int:
    """End the open requests that a correction of this kind, just written, leaves nothing of; tell the person.

    A check-in that was asked for with its check-out is settled once both have been corrected since. Return how many.
    """
    settled = [row for row in _open(db, me, officer_id, day) if kind in _WHOLE or _is_said(db, row, kind)]
    for number, row in enumerate(settled):
        facts = {"office_id": me.office_id, "request_id": row.request_id, "turn": row.turn + 1, "note": note}
        # The key of the press, by which its reason is found.
        key = {"idempotency_key": f"{idempotency_key}-{number}"}
        stamped = {"created_by": me.account_id, "created_at": now, "to_id": None, "decide_by": None}
        db.execute(sa.insert(CorrectionStep).values(**facts, **key, **stamped, kind=RequestStep.SETTLED))
        waits = (WaitingRequest.office_id == me.office_id) & (WaitingRequest.request_id == row.request_id)
        db.execute(sa.delete(WaitingRequest).where(waits))
        told = {"request": row.request_id, "date": day}
        audit.record(db, me, "correction.settled", "officer", officer_id, now=now, **told)
        turn = row.turn + 1
        tell_person(db, me, row.request_id, turn, RequestStep.SETTLED, officer_id=officer_id, day=day, now=now)
    return len(settled)


def _open(db: Session, me: Viewer, officer_id: int, day: date) -> list[Any]:
    waits, request = WaitingRequest, CorrectionRequest
    columns = (waits.request_id, waits.turn, waits.kind, request.until, request.created_at)
    found = select(*columns, waits.office_id, waits.officer_id, waits.date).join(
        request, request.id == waits.request_id
    )
    mine = (waits.office_id == me.office_id, waits.officer_id == officer_id, waits.date == day)
    return list(db.execute(found.where(*mine).order_by(waits.request_id)).all())


def _is_said(db: Session, row: Any, kind: CorrectionKind) -> bool:
    """Whether everything that a request asks for has been corrected since, this kind with it."""
    asked = {row.kind} | ({CorrectionKind.CHECK_OUT} if row.until else set())
    if kind not in asked:
        return False
    since = select(Correction.kind).where(
        Correction.office_id == row.office_id,
        Correction.officer_id == row.officer_id,
        Correction.date == row.date,
        Correction.created_at >= row.created_at,
    )
    return asked <= {kind, *db.scalars(since)}
