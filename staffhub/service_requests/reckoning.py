"""Until when open requests are promised, reckoned again when the calendar or the promise of a service has changed.

Each step of a request writes its own (`promises.due_after`). Whatever else moves it raises the version of the office:
its scheduler then goes over what is open, and over everything once a day, so that a step that was written in the
moment of such a change does not stay as it was.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, bindparam, select, update
from sqlalchemy.orm import Session

from staffhub import claims, clock, deadlines, office
from staffhub.db import Database, rows
from staffhub.models import Claim, Office, RequestEvent, ServiceRequest
from staffhub.service_requests.owners import IS_OPEN, OFFICE
from staffhub.service_requests.promises import due_at, term_of
from staffhub.service_requests.working_time import working_time

BATCH = 500  # requests in one transaction
_JOB = "due"
_OFFICES = select(Office.id, Office.timezone, Office.version).order_by(Office.id)
_DONE = select(Claim.slot).where(Claim.job == _JOB, Claim.done_at.is_not(None), Claim.slot == bindparam("slot"))
_OPEN = (
    select(ServiceRequest.id, ServiceRequest.service_type_id, ServiceRequest.due_at)
    .where(ServiceRequest.office_id == OFFICE, IS_OPEN, ServiceRequest.id > bindparam("after", type_=BigInteger))
    .order_by(ServiceRequest.id)
    .limit(BATCH)
)
_STEPS = (
    select(RequestEvent.request_id, RequestEvent.at, RequestEvent.state)
    .where(RequestEvent.request_id.in_(bindparam("ids", expanding=True)))
    .order_by(RequestEvent.request_id, RequestEvent.at, RequestEvent.id)
)


def reckon_due(database: Database, *, now: datetime) -> int:
    """Reckon again in every office that has changed since, or that has a new day; return how many rows moved."""
    with database.reading() as db:
        offices = rows(db, _OFFICES).all()
        slots = [(id_, _slot(id_, ZoneInfo(zone), version, now)) for id_, zone, version in offices]
        due = [(id_, slot) for id_, slot in slots if rows(db, _DONE, slot=slot).first() is None]
    return sum(_reckon_office(database, office_id, slot, now=now) for office_id, slot in due)


def _slot(office_id: int, zone: ZoneInfo, version: str, now: datetime) -> str:
    """Name a state of an office on one of its days; half of the random version is enough to tell two apart."""
    return f"{office_id}:{clock.local_day(now, zone):%y%m%d}:{version[:16]}"


def _reckon_office(database: Database, office_id: int, slot: str, *, now: datetime) -> int:
    with database.transaction() as db:
        if not claims.claim(db, _JOB, slot, now=now):
            return 0
    moved, after = 0, 0
    while True:
        with database.transaction() as db:
            last, count = _reckon_batch(db, office_id, after)
            moved += count
            if last is None:
                claims.finish(db, _JOB, slot, now=now)
                return moved
        after = last
        deadlines.again()


def reckon(db: Session, office_id: int) -> int:
    """Reckon all that is open in this transaction, as for a demo that is being made; return how many rows moved."""
    moved, after = 0, 0
    while True:
        last, count = _reckon_batch(db, office_id, after)
        moved += count
        if last is None:
            return moved
        after = last


def _reckon_batch(db: Session, office_id: int, after: int) -> tuple[int | None, int]:
    """Write the next rows that read otherwise; return the last one seen, None past the end, and how many moved."""
    found = rows(db, _OPEN, office=office_id, after=after).all()
    if not found:
        return None, 0
    promised = {one.id: term for one in office.services(db, office_id).values() if (term := term_of(one))}
    steps = _steps(db, [id_ for id_, service, _due in found if service in promised])
    working, moved = working_time(db, office_id), []
    for id_, service, was in found:
        term = promised.get(service)
        due = due_at(working, term, steps.get(id_, ())) if term else None
        if due != was:
            moved.append({"id": id_, "due_at": due, "was": was})
    _write(db, moved)
    return found[-1][0], len(moved)


def _steps(db: Session, ids: Sequence[int]) -> dict[int, list[Any]]:
    found = rows(db, _STEPS, ids=ids).all() if ids else []
    return {id_: [(at, state) for _id, at, state in steps] for id_, steps in groupby(found, key=itemgetter(0))}


def _write(db: Session, moved: Sequence[dict[str, Any]]) -> None:
    """Write each as long as nobody has moved it meanwhile: what a step wrote is newer than what was read here."""
    request = ServiceRequest
    for one in moved:
        as_read = request.due_at.is_not_distinct_from(one["was"])
        db.execute(update(request).where(request.id == one["id"], as_read).values(due_at=one["due_at"]))
