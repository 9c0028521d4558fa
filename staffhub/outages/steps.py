"""What is done with an outage: entered, confirmed, widened or narrowed, dismissed, taken back. Each step is a fact.

The outage is as its last step left it, with that step's turn as its version. Whom a confirmed one excuses is written
with it (`outage_excuse`), and the stored days of just these people follow by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from staffhub import audit, notify
from staffhub.db import changed_meanwhile, insert_unless_there, lock_row, said_otherwise, write_over
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import NoticeKind, Outage, OutageAct, OutageExcuse, OutageKind, OutageState, OutageStep
from staffhub.outages.noticing import LONGEST
from staffhub.outages.touched import Span, Touched, touched
from staffhub.security import Viewer

# Who stood before a page that did not answer is not at the button in the second in which it does: so many minutes after
# the end of an outage nobody is late because of it. No regulation speaks of it; StaffHub's own choice.
GRACE = 10
_MINUTE = timedelta(minutes=1)

_FROM = {
    OutageAct.CONFIRMED: (OutageState.PROPOSED,),
    OutageAct.CHANGED: (OutageState.CONFIRMED,),
    OutageAct.DISMISSED: (OutageState.PROPOSED,),
    OutageAct.UNDONE: (OutageState.CONFIRMED, OutageState.DISMISSED),
}
_TO = {
    OutageAct.CONFIRMED: OutageState.CONFIRMED,
    OutageAct.CHANGED: OutageState.CONFIRMED,
    OutageAct.DISMISSED: OutageState.DISMISSED,
    OutageAct.UNDONE: OutageState.PROPOSED,
}


@dataclass(frozen=True)
class Draft:
    """An outage that the program did not see: a power cut, the provider; `source` says where that is from."""

    kind: OutageKind
    first: datetime
    last: datetime
    source: str


@dataclass(frozen=True)
class Decision:
    """What to do with an outage, for the span from `first` to `last`; `seen` is the version that the page showed."""

    act: OutageAct
    first: datetime
    last: datetime
    reason: str
    seen: int | None
    key: str


def enter(db: Session, me: Viewer, draft: Draft, *, key: str, now: datetime) -> int:
    """Write it down as a proposal, whose page tells whom it touches before anybody confirms; twice is once."""
    me.require("outages.decide")
    _refuse_span(draft.first, draft.last, now)
    facts: dict[str, Any] = {
        **vars(draft),
        "state": OutageState.PROPOSED,
        "evidence": {},
        "officers": [],
        "created_at": now,
    }
    added = insert_unless_there(db, Outage, {"office_id": me.office_id, **facts, "idempotency_key": key})
    row = db.scalars(select(Outage).where(Outage.office_id == me.office_id, Outage.idempotency_key == key)).one()
    if not added and any(getattr(row, name) != value for name, value in vars(draft).items()):
        raise said_otherwise()
    if added:
        people = touched(db, me.office_id, span_of(row))
        note(db, row, OutageAct.ENTERED, turn=1, people=people, by=me.account_id, reason="", key=key, now=now)
        audit.record(db, me, "outage.entered", "outage", row.id, now=now, **vars(draft))
    return row.id


def decide(db: Session, me: Viewer, outage_id: int, wish: Decision, *, now: datetime) -> bool:
    """Do it; False when the same press was done already. Who comes second is told (Conflict)."""
    me.require("outages.decide")
    lock_row(db, Outage, outage_id)
    row = db.get(Outage, outage_id, populate_existing=True)
    if row is None or row.office_id != me.office_id:
        raise NotFound(_("There is no such outage."))
    if db.scalar(
        select(OutageStep.id).where(OutageStep.office_id == me.office_id, OutageStep.idempotency_key == wish.key)
    ):
        return False
    if wish.seen not in {None, row.version} or row.state not in _FROM[wish.act]:
        raise Conflict(changed_meanwhile())
    stays = wish.act in {OutageAct.DISMISSED, OutageAct.UNDONE}
    first, last = (row.first, row.last) if stays else (wish.first, wish.last)
    _refuse_span(first, last, now)
    if not wish.reason and (wish.act is not OutageAct.CONFIRMED or (first, last) != (row.first, row.last)):
        raise Refused(_("Write why: everybody whom it touches may ask."), field="reason")
    before = row.version
    write_over(db, Outage, row.id, seen=before, first=first, last=last, state=_TO[wish.act])
    db.refresh(row)
    people = touched(db, me.office_id, span_of(row))
    _excuse(db, row, people if row.state is OutageState.CONFIRMED else [])
    note(db, row, wish.act, turn=before + 1, people=people, by=me.account_id, reason=wish.reason, key=wish.key, now=now)
    notify.over(db, notify.Subject("outage", row.id), [NoticeKind.OUTAGE_NOTICED], now=now)
    facts: dict[str, Any] = {"first": first, "last": last, "people": len(people), "reason": wish.reason}
    audit.record(db, me, f"outage.{wish.act}", "outage", row.id, now=now, **facts)
    return True


def span_of(row: Outage) -> Span:
    return Span(row.kind, row.first, row.last, frozenset(row.officers))


def _refuse_span(first: datetime, last: datetime, now: datetime) -> None:
    if last <= first:
        raise Refused(_("The end is not after the beginning."), field="last_at")
    if last > now + _MINUTE:
        raise Refused(_("This is not over yet: write it down when it is."), field="last_at")
    if last - first > LONGEST:
        raise Refused(_("An outage of more than seven days is decided otherwise: by an exemption."), field="last_on")


def _excuse(db: Session, row: Outage, people: Sequence[Touched]) -> None:
    """Write whom it excuses: rows that stay are left alone, so that only days that change are worked out again."""
    one = OutageExcuse
    wanted = {(who.officer_id, who.day, who.occurrence_id): (row.first, row.last, GRACE) for who in people}
    here = (one.office_id == row.office_id, one.outage_id == row.id)
    found = db.execute(
        select(one.id, one.officer_id, one.date, one.occurrence_id, one.first, one.last, one.grace).where(*here)
    )
    gone = []
    for id_, officer_id, day, occurrence_id, *span in found:
        key = (officer_id, day, occurrence_id)
        if wanted.get(key) == tuple(span):
            del wanted[key]
        else:
            gone.append(id_)
    if gone:
        db.execute(delete(one).where(*here, one.id.in_(gone)))
    if wanted:
        db.execute(insert(one), [_row(row, *key) for key in wanted])


def _row(row: Outage, officer_id: int, day: object, occurrence_id: int) -> dict[str, object]:
    whose = {"office_id": row.office_id, "outage_id": row.id, "officer_id": officer_id, "date": day}
    return {**whose, "first": row.first, "last": row.last, "grace": GRACE, "occurrence_id": occurrence_id}


def note(
    db: Session,
    row: Outage,
    act: OutageAct,
    *,
    turn: int,
    people: Sequence[Touched],
    by: int | None,
    reason: str,
    key: str,
    now: datetime,
) -> None:
    step = OutageStep(
        office_id=row.office_id,
        outage_id=row.id,
        turn=turn,
        act=act,
        first=row.first,
        last=row.last,
        reason=reason,
        people=len({one.officer_id for one in people}),
        created_by=by,
        created_at=now,
        idempotency_key=key,
    )
    db.add(step)
    db.flush()
