"""Who verifies a log: the direct superior of the posting on its day, or whoever stands in for him.

While the superior is away today or has left, or where there is none, it is the one above him; where that one is not
there either, the head of the office. Nobody verifies an own log: over that of the head stands nobody.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Date, and_, bindparam, or_, select
from sqlalchemy.orm import aliased

from staffhub.models import DailyReport, Officer, PlanEntry, PlanLayer, Posting, Role
from staffhub.security import Viewer

OFFICE, ME = bindparam("office", type_=BigInteger), bindparam("me", type_=BigInteger)
TODAY, _HEAD = bindparam("today", type_=Date), bindparam("head", type_=Boolean)
OWN, _OF_SUPERIOR = aliased(Posting), aliased(Posting)
SUPERIOR, NEXT = aliased(Officer), aliased(Officer)


def as_verifier(me: Viewer, today: date) -> Mapping[str, object]:
    """Return what a statement asks for that says MINE."""
    head = me.role is Role.OFFICE_HEAD and me.officer_id is not None
    return {"office": me.office_id, "me": me.officer_id or 0, "today": today, "head": head}


def _held(posting: Any, officer: Any) -> ColumnElement[bool]:
    """The posting in force on the day of the report."""
    until = or_(posting.valid_to.is_(None), posting.valid_to >= DailyReport.date)
    return and_(
        posting.office_id == DailyReport.office_id,
        posting.officer_id == officer,
        posting.valid_from <= DailyReport.date,
        until,
    )


def _gone(officer: Any) -> ColumnElement[bool]:
    """Nobody, out of service, or on leave today."""
    on_leave = (
        select(PlanEntry.id)
        .where(PlanEntry.office_id == OFFICE, PlanEntry.officer_id == officer.id, PlanEntry.date == TODAY)
        .where(PlanEntry.layer == PlanLayer.LEAVE)
        .exists()
    )
    return or_(officer.id.is_(None), officer.active_to < TODAY, on_leave)


AWAY = _gone(SUPERIOR)
# Whether the viewer is the one; `above` brings the tables that it names.
MINE = and_(
    DailyReport.officer_id != ME,
    or_(
        SUPERIOR.id == ME,
        and_(AWAY, or_(NEXT.id == ME, and_(_HEAD, _gone(NEXT)))),
    ),
)


def above(statement: Any) -> Any:
    """Join who stands above the officer of a report, and above that one, by the postings of its day."""
    return (
        statement.outerjoin(OWN, _held(OWN, DailyReport.officer_id))
        .outerjoin(SUPERIOR, SUPERIOR.id == OWN.superior_id)
        .outerjoin(_OF_SUPERIOR, _held(_OF_SUPERIOR, SUPERIOR.id))
        .outerjoin(NEXT, NEXT.id == _OF_SUPERIOR.superior_id)
    )
