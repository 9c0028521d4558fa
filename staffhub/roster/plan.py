"""Whose plan it is, and who may see and write it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division, Officer, Posting, Role, posting_near
from staffhub.security import Viewer


@dataclass(frozen=True)
class Planned:
    """Whose plan it is, and whether whoever looks may write it."""

    id: int
    name: str
    position: str
    division_id: int | None
    division: str
    may_edit: bool


_OFFICER = (
    select(Officer.id, Officer.name, Posting.position, Posting.division_id, Division.name)
    .outerjoin(Posting, posting_near(bindparam("today", type_=Date)))
    .outerjoin(Division, Division.id == Posting.division_id)
    .where(Officer.id == bindparam("officer"), Officer.office_id == bindparam("office"))
)


def officer_for(db: Session, me: Viewer, officer_id: int, *, today: date, edit: bool = False) -> Planned:
    """Load an officer of my office whose plan I may see (everyone's) or, with `edit`, may write: who heads the division
    that the officer serves in today plans the days to come.
    """
    row = rows(db, _OFFICER, officer=officer_id, office=me.office_id, today=today).one_or_none()
    if row is None:
        raise NotFound(_("There is no such officer."))
    id_, name, position, division_id, division = row
    may_edit = me.may("plan.edit") and me.sees(officer_id=None, division_id=division_id)
    if edit and not may_edit:
        raise Forbidden(_("The plan of this officer is written by HR and by the head of the division."))
    return Planned(id_, name, position or "", division_id, division or "", may_edit)


def writes_past(me: Viewer) -> bool:
    """HR may write down a leave letter that came late; a head of division plans from today on."""
    return me.role is Role.HR


def refuse_past(me: Viewer, day: date, now: datetime, *, field: str) -> None:
    if not writes_past(me) and day < clock.local_day(now, me.zone):
        raise Refused(_("A day that is over is corrected by HR."), field=field)
