"""Who stands in for somebody on leave: a colleague of the same bidang who is not on leave on these days."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import workdays
from staffhub.db import rows
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.leave.balances import dates
from staffhub.models import Officer, PlanMode, Posting, serves


@dataclass(frozen=True)
class Absence:
    """Who is away, of which bidang, and from when to when."""

    officer_id: int
    division_id: int | None
    first: date
    last: date


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_COLLEAGUES = (
    select(Officer.id, Officer.name)
    .join(Posting, (Posting.officer_id == Officer.id) & (Posting.office_id == Officer.office_id))
    .where(Officer.office_id == bindparam("office"), Posting.division_id == bindparam("division"))
    .where(Posting.valid_from <= _FIRST, Posting.valid_to.is_(None) | (Posting.valid_to >= _LAST))
    .where(Officer.active_to.is_(None) | (Officer.active_to >= _LAST), serves(_FIRST, _FIRST))
    .order_by(Officer.name, Officer.id)
)


def colleagues(db: Session, office_id: int, absent: Absence) -> list[tuple[int, str]]:
    """Return who serves in the same bidang all the while, with names."""
    if absent.division_id is None:
        return []
    span = {"first": absent.first, "last": absent.last}
    found = rows(db, _COLLEAGUES, office=office_id, division=absent.division_id, **span)
    return [(id_, name) for id_, name in found if id_ != absent.officer_id]


def fit(db: Session, office_id: int, absent: Absence, book: workdays.PlanBook | None = None) -> list[tuple[int, str]]:
    """Return those of them who are on leave on none of these days. `book`: their plans, where they are known."""
    people = colleagues(db, office_id, absent)
    if book is None:
        ids = [id_ for id_, _name in people]
        book = workdays.plans(db, office_id, absent.first, absent.last, officers=ids)
    days = list(dates(absent.first, absent.last))
    return [one for one in people if all(book.of(one[0], day).mode is not PlanMode.LEAVE for day in days)]


def refuse_unfit(db: Session, office_id: int, absent: Absence, stand_in_id: int) -> None:
    if stand_in_id not in {id_ for id_, _name in fit(db, office_id, absent)}:
        raise Refused(_("Choose a colleague of the same division who is not on leave on these days."), field="stand_in")
