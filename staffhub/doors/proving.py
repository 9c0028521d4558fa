"""A code that was given in time: it checks in or out, or raises what was declared; each code once for each person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import audit, office, presence
from staffhub.db import insert_unless_there, rows
from staffhub.doors.codes import LENGTH, normal, window_of
from staffhub.errors import Refused
from staffhub.models import Mark, MarkProof, WorkMode
from staffhub.presence import SCANNED, Stamp
from staffhub.security import Viewer


@dataclass(frozen=True)
class Way:
    """A code that counts: the screen of a place showed it in a window of time."""

    place_id: int
    place: str
    slot: int


def judge(db: Session, me: Viewer, typed: str, *, now: datetime) -> Way | None:
    """Find the place of my office whose screen shows, or showed a moment ago, what was typed or scanned."""
    code = normal(typed)
    if len(code) != LENGTH:
        return None
    found = None
    for place in office.places(db, me.office_id):  # all of them, so that the time taken tells nothing
        window = window_of(code, place.key, me.office_id, place.id, now=now)
        if window is not None:
            found = Way(place.id, place.name, window)
    return found


@dataclass(frozen=True)
class Proven:
    """`stamp.first`: a new mark. `raised`: what I had declared is proven now. `again`: I had used this code before."""

    stamp: Stamp
    raised: bool = False
    again: bool = False


_USED = select(MarkProof.mark_id, MarkProof.date).where(
    MarkProof.office_id == bindparam("office"),
    MarkProof.officer_id == bindparam("officer"),
    MarkProof.place_id == bindparam("place"),
    MarkProof.slot == bindparam("slot"),
)


def used(db: Session, me: Viewer, way: Way) -> Stamp | None:
    """Return the mark for which I have used this code already."""
    key = {"office": me.office_id, "officer": me.officer_id, "place": way.place_id, "slot": way.slot}
    found = rows(db, _USED, **key).one_or_none()
    if found is None:
        return None
    mark_id, day = found
    return next(stamp for stamp in presence.stamps(db, me, day=day) if stamp.id == mark_id)


def prove(db: Session, me: Viewer, way: Way, *, out: bool, idempotency_key: str, now: datetime) -> Proven:
    """Check in at the office with a code, or out; whoever is there by a tap already has that mark proven instead."""
    if me.officer_id is None:
        raise Refused(presence.belongs_to_nobody())
    if before := used(db, me, way):
        return Proven(before, again=True)
    how: dict[str, Any] = {"idempotency_key": idempotency_key, "now": now, "proof": SCANNED}
    if out:
        stamp = presence.check_out(db, me, **how)
        if not stamp.first:  # whoever had left by then was not seen leaving
            return Proven(stamp)
    else:
        stamp = presence.check_in(db, me, mode=WorkMode.OFFICE, **how)
    mark_id = stamp.id or db.scalars(select(Mark.id).where(_mine(me), Mark.receipt == stamp.receipt)).one()
    fact = {"office_id": me.office_id, "officer_id": me.officer_id, "date": stamp.day, "mark_id": mark_id}
    fact |= {"place_id": way.place_id, "slot": way.slot, "created_at": now}
    is_new = insert_unless_there(db, MarkProof, fact)
    raised = is_new and not stamp.first
    if raised:
        audit.record(
            db, me, "presence.proven", "officer", me.officer_id, now=now, receipt=stamp.receipt, place=way.place_id
        )
    return Proven(stamp, raised=raised)


def _mine(me: Viewer) -> Any:
    return (Mark.office_id == me.office_id) & (Mark.officer_id == me.officer_id)
