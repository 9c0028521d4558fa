"""Leave that somebody only asks for yet, on dates for which an order or an exemption is written."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import notify
from staffhub.models import LeaveRequest, LeaveState, NoticeKind, Officer
from staffhub.security import Viewer


class Wished(NamedTuple):
    """A leave that is not decided; of what kind it is stays between the person and who decides."""

    leave_id: int
    officer_id: int
    name: str
    first: date
    last: date


def wished(db: Session, office_id: int, officers: Collection[int], first: date, last: date) -> list[Wished]:
    """Return what these people ask for on these dates, in one statement."""
    one = LeaveRequest
    found = db.execute(
        select(one.id, one.officer_id, Officer.name, one.first, one.until)
        .join(Officer, Officer.id == one.officer_id)
        .where(one.office_id == office_id, one.state.in_((LeaveState.ASKED, LeaveState.AGREED)))
        .where(one.first <= last, one.until >= first)
        .order_by(one.first, Officer.name, one.id)
    )
    here = set(officers)
    return [Wished(*row) for row in found if row.officer_id in here]


def tell(
    db: Session,
    me: Viewer,
    order_id: int,
    number: str,
    officers: Collection[int],
    first: date,
    last: date,
    now: datetime,
) -> None:
    """Tell whoever asks for leave on the dates of an order, and whoever was asked to decide on it."""
    nobody: set[int] = set()
    for one in wished(db, me.office_id, officers, first, last):
        about = notify.Subject("leave_request", one.leave_id)
        deciders = notify.told(db, about, NoticeKind.LEAVE_ASKED)
        for who, officers_told, accounts in ((None, {one.officer_id}, nobody), (one.name, nobody, deciders)):
            notify.tell(
                db,
                office_id=me.office_id,
                kind=NoticeKind.LEAVE_UNDER_ORDER,
                params={"who": who, "number": number, "first": one.first, "last": one.last},
                address=f"/leave/{one.leave_id}",
                key=f"leave:{one.leave_id}:order:{order_id}",
                now=now,
                officers=officers_told,
                accounts=accounts,
                by=me.account_id,
                subject=about,
            )
