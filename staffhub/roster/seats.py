"""Who serves in a bidang on which days: the rows of its duty roster."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import EmploymentType, Officer, Posting, is_in_service, serves


class Seat(NamedTuple):
    """Somebody who serves in the bidang from a day on, until a day or without end; twice where there was a gap."""

    officer_id: int
    name: str
    employment: EmploymentType
    since: date
    until: date | None
    active_from: date
    active_to: date | None

    def serves(self, day: date) -> bool:
        posted = self.since <= day and (self.until is None or day <= self.until)
        return posted and is_in_service(self.active_from, self.active_to, day)


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_SEATS = (
    select(
        Officer.id,
        Officer.name,
        Posting.employment_type,
        Posting.valid_from,
        Posting.valid_to,
        Officer.active_from,
        Officer.active_to,
    )
    .join(Posting, (Posting.officer_id == Officer.id) & (Posting.office_id == Officer.office_id))
    .where(Officer.office_id == bindparam("office"), Posting.division_id == bindparam("division", type_=BigInteger))
    .where(Posting.valid_from <= _LAST, Posting.valid_to.is_(None) | (Posting.valid_to >= _FIRST))
    .where(serves(_FIRST, _LAST))
    .order_by(Officer.name, Officer.id, Posting.valid_from)
)


def seats_of(db: Session, office_id: int, division_id: int, first: date, last: date) -> list[Seat]:
    found = rows(db, _SEATS, office=office_id, division=division_id, first=first, last=last)
    return [Seat._make(row) for row in found]
