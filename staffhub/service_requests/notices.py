"""Who is told of requests: whoever is given some, and the head in whose division somebody is not there who has some."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from staffhub import notify
from staffhub.db import Database, rows
from staffhub.models import (
    LeaveRequest,
    LeaveState,
    Notice,
    NoticeKind,
    Office,
    Officer,
    Posting,
    Role,
    ServiceRequest,
    ServiceType,
    posting_on,
    serves,
)
from staffhub.security import Viewer
from staffhub.service_requests.duty import UNTIL
from staffhub.service_requests.owners import IS_OPEN, OFFICE, TODAY, absence, as_of_office, is_away_now


def tell_given(db: Session, me: Viewer, officer_id: int, given: Sequence[tuple[int, int]], *, now: datetime) -> None:
    """Tell who was given requests, as pairs of id and version; whoever takes one needs no notice."""
    if officer_id == me.officer_id:
        return
    (first, version), count = given[0], len(given)
    notify.tell(
        db,
        office_id=me.office_id,
        kind=NoticeKind.REQUESTS_GIVEN,
        params={"who": me.name, "count": count},
        address=f"/requests/{first}" if count == 1 else "/requests?assignee=me",
        key=f"requests-given:{first}:{version}",
        officers={officer_id},
        by=me.account_id,
        now=now,
    )


def tell_taken_back(
    db: Session, me: Viewer, officer_id: int, taken: Sequence[tuple[int, int]], *, now: datetime
) -> None:
    """Tell who stood in that the one who is back has them again, as pairs of id and version."""
    first, version = taken[0]
    notify.tell(
        db,
        office_id=me.office_id,
        kind=NoticeKind.REQUESTS_TAKEN_BACK,
        params={"who": me.name, "count": len(taken)},
        address=f"/requests/{first}" if len(taken) == 1 else "/requests",
        key=f"requests-taken-back:{first}:{version}",
        officers={officer_id},
        by=me.account_id,
        now=now,
    )


# Who is named to stand in for somebody on leave TODAY, in a statement that joins Officer.
_STAND_IN = (
    select(func.max(LeaveRequest.stand_in_id))
    .where(LeaveRequest.office_id == OFFICE, LeaveRequest.officer_id == Officer.id)
    .where(LeaveRequest.state == LeaveState.GRANTED, LeaveRequest.first <= TODAY, LeaveRequest.until >= TODAY)
    .correlate(Officer)
    .scalar_subquery()
)


def _left() -> Select[*tuple[Any, ...]]:
    """Who is not there and has open requests, by the division whose requests they are."""
    request = ServiceRequest
    held = (
        select(request.assignee_id, ServiceType.division_id, func.count().label("count"))
        .join(ServiceType, ServiceType.id == request.service_type_id)
        .where(request.office_id == OFFICE, IS_OPEN, request.assignee_id.is_not(None))
        .group_by(request.assignee_id, ServiceType.division_id)
        .subquery()
    ).c
    lacking = absence(Officer.id)
    return (
        select(
            Officer.id, Officer.name, held.division_id, held.count, UNTIL.label("until"), _STAND_IN.label("stand_in")
        )
        .join(held.assignee_id.table, held.assignee_id == Officer.id)
        .where(lacking != "")
        .order_by(Officer.id, held.division_id)
    )


_LEFT = _left()
_HEADS = (
    select(Posting.division_id, Officer.id)
    .join(Posting, posting_on(TODAY))
    .where(
        Officer.office_id == OFFICE, serves(TODAY, TODAY), Posting.role == Role.DIVISION_HEAD, ~is_away_now(Officer.id)
    )
)


def tell_left_due(database: Database, *, now: datetime) -> None:
    """Tell the heads, each once for each absence; what was handed over since is asked of nobody any more."""
    with database.reading() as db:
        offices = {row.id: ZoneInfo(row.timezone) for row in db.execute(select(Office.id, Office.timezone))}
    for office_id, zone in offices.items():
        with database.reading() as db:
            # Half a day of leave is over before the papers have moved: of it nobody is told.
            asked = as_of_office(db, office_id, zone, now) | {"half": None}
            left, waits = rows(db, _LEFT, **asked).all(), _told(db, office_id)
        if left or waits:
            with database.transaction() as db:
                _tell_left(db, left, waits, asked, now)


_ASKED = (NoticeKind.REQUESTS_LEFT, NoticeKind.REQUESTS_STAND_IN)


def _told(db: Session, office_id: int) -> set[int]:
    """Return the officers whose requests somebody is still asked to hand over."""
    asked = (Notice.office_id == office_id, Notice.kind.in_(_ASKED), Notice.read_at.is_(None))
    return {officer_id for officer_id in db.scalars(select(Notice.subject_id).where(*asked)) if officer_id}


def _tell_left(db: Session, left: Sequence[Any], waits: set[int], asked: dict[str, Any], now: datetime) -> None:
    heads: dict[int | None, set[int]] = defaultdict(set)
    for division_id, head_id in rows(db, _HEADS, **asked):
        heads[division_id].add(head_id)
    for row in left:
        there = heads[row.division_id] - {row.id}
        notify.tell(
            db,
            office_id=asked["office"],
            kind=NoticeKind.REQUESTS_LEFT,
            params={"who": row.name, "count": row.count, "until": row.until},
            address=f"/requests/hand-on?officer={row.id}",
            key=f"requests-left:{row.id}:{row.until or 'gone'}",
            officers=there,
            roles=() if there else (Role.OFFICE_HEAD,),
            subject=notify.Subject("officer", row.id),
            now=now,
        )
        if row.stand_in:
            _tell_stand_in(db, row, asked["office"], now)
    for officer_id in waits - {row.id for row in left}:
        notify.over(db, notify.Subject("officer", officer_id), _ASKED, now=now)


def _tell_stand_in(db: Session, row: Any, office_id: int, now: datetime) -> None:
    """Offer them to who stands in, each once for each absence; another stand-in is told as well."""
    notify.tell(
        db,
        office_id=office_id,
        kind=NoticeKind.REQUESTS_STAND_IN,
        params={"who": row.name, "count": row.count, "until": row.until},
        address="/requests?assignee=stand-in",
        key=f"requests-stand-in:{row.id}:{row.until}",
        officers={row.stand_in},
        subject=notify.Subject("officer", row.id),
        now=now,
    )
