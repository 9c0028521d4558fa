"""Who serves on a day, as a program reads it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Date, Integer, bindparam, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import EmploymentType, Officer, Posting, posting_on, serves
from staffhub.security import Viewer


@dataclass(frozen=True)
class Serving:
    id: int
    name: str
    number: str
    employment_type: EmploymentType
    position: str
    division_id: int | None
    active_from: date
    active_to: date | None


_DAY = bindparam("day", type_=Date)
_SERVING = (
    select(
        Officer.id,
        Officer.name,
        Officer.number,
        Posting.employment_type,
        Posting.position,
        Posting.division_id,
        Officer.active_from,
        Officer.active_to,
    )
    .join(Posting, posting_on(_DAY))
    .where(Officer.office_id == bindparam("office"), serves(_DAY, _DAY), Officer.id > bindparam("after"))
    .order_by(Officer.id)
    .limit(bindparam("most", type_=Integer))
)


def on(db: Session, me: Viewer, day: date, *, after: int, most: int) -> list[Serving]:
    """Return who serves on a day, by id, from the first behind `after`, at most so many."""
    found = rows(db, _SERVING, office=me.office_id, day=day, after=after, most=most)
    return [Serving(*row) for row in found]
