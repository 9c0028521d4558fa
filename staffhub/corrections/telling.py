"""Who hears of a request: whoever has it now, the person once it is decided, both sides when time ran out."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, notify, office
from staffhub.db import Database
from staffhub.models import Notice, NoticeKind, Office, Officer, RequestStep, Role, WaitingRequest
from staffhub.security import Viewer

_SAID = {
    RequestStep.ACCEPTED: "forwarded",
    RequestStep.CONFIRMED: "accepted",
    RequestStep.DECLINED: "declined",
    RequestStep.SETTLED: "entered",
}


def tell_holder(
    db: Session,
    me: Viewer,
    request_id: int,
    turn: int,
    *,
    who: str,
    day: date,
    to: int | None,
    decide_by: date | None,
    now: datetime,
) -> None:
    """Tell whoever has it after this step; where HR is nobody but the one who asked, it is the head's."""
    roles: tuple[Role, ...] = () if to else (Role.HR, Role.OFFICE_HEAD)
    for role in roles or (None,):
        told = notify.tell(
            db,
            office_id=me.office_id,
            kind=NoticeKind.CORRECTION_WAITING,
            params={"who": who, "day": day, "until": decide_by},
            address=f"/corrections/{request_id}",
            key=f"correction:{request_id}:{turn}",
            now=now,
            officers=[to] if to else (),
            roles=[role] if role else (),
            by=me.account_id,
            subject=notify.Subject("correction_request", request_id),
        )
        if told:
            return


def tell_person(
    db: Session, me: Viewer, request_id: int, turn: int, kind: RequestStep, *, officer_id: int, day: date, now: datetime
) -> None:
    """Nothing waits for whoever had it any more; the person hears of a decision."""
    subject = notify.Subject("correction_request", request_id)
    notify.over(db, subject, (NoticeKind.CORRECTION_WAITING, NoticeKind.CORRECTION_OVERDUE), now=now)
    if kind in _SAID:
        notify.tell(
            db,
            office_id=me.office_id,
            kind=NoticeKind.CORRECTION_DECIDED,
            params={"what": _SAID[kind], "day": day},
            address=f"/corrections/{request_id}",
            key=f"correction:{request_id}:{turn}:{kind.value}",
            now=now,
            officers=[officer_id],
            by=me.account_id,
            subject=subject,
        )


def tell_corrected(db: Session, me: Viewer, key: str, *, officer_id: int, day: date, now: datetime) -> None:
    """The person hears of a correction that nobody has asked for; `key` is that of its press."""
    notify.tell(
        db,
        office_id=me.office_id,
        kind=NoticeKind.CORRECTION_DECIDED,
        params={"what": "entered", "day": day},
        address=f"/attendance/{officer_id}/{day}",
        key=f"corrected:{key}",
        now=now,
        officers=[officer_id],
        by=me.account_id,
    )


def tell_overdue(database: Database, *, now: datetime) -> None:
    """Tell the superior and HR, once, of what was not decided in time: HR has it, nobody has to move it there."""
    with database.reading() as db:
        late = [row for office_id in db.scalars(select(Office.id)).all() for row in _untold(db, office_id, now)]
    for row in late:
        with database.transaction() as db:
            notify.tell(
                db,
                office_id=row.office_id,
                kind=NoticeKind.CORRECTION_OVERDUE,
                params={"who": row.name, "day": row.date},
                address=f"/corrections/{row.request_id}",
                key=_overdue_key(row),
                now=now,
                officers=[row.holder_id],
                roles=[Role.HR],
                subject=notify.Subject("correction_request", row.request_id),
            )


def _untold(db: Session, office_id: int, now: datetime) -> list[Any]:
    today = clock.local_day(now, office.facts(db, office_id).zone)
    columns = (WaitingRequest.request_id, WaitingRequest.turn, WaitingRequest.holder_id, WaitingRequest.date)
    late = (
        select(WaitingRequest.office_id, *columns, Officer.name)
        .join(Officer, Officer.id == WaitingRequest.officer_id)
        .where(WaitingRequest.office_id == office_id, WaitingRequest.decide_by < today)
    )
    found = db.execute(late).all()
    told = select(Notice.key).where(
        Notice.office_id == office_id,
        Notice.subject == "correction_request",
        Notice.subject_id.in_([row.request_id for row in found]),
        Notice.kind == NoticeKind.CORRECTION_OVERDUE,
    )
    there = set(db.scalars(told)) if found else set()
    return [row for row in found if _overdue_key(row) not in there]


def _overdue_key(row: Any) -> str:
    return f"correction:{row.request_id}:{row.turn}:overdue"
