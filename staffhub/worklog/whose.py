"""Who verifies a log: the direct superior of the posting on its day, or whoever stands in for him.

Whoever is named a delegate for today verifies in the superior's place. While the superior is away today or has left, or
where there is none, and no delegate is there, it is the one above him; where that one is not there either, the head of
the office. Nobody verifies an own log. Over that of the head stands nobody, and no delegate does: it counts as sent.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Date, and_, bindparam, not_, or_, select
from sqlalchemy.orm import aliased

from staffhub.models import (
    DailyReport,
    LogDelegate,
    Officer,
    Posting,
    Role,
)
from staffhub.security import Viewer
from staffhub.workdays.absence import is_away

OFFICE, ME = bindparam("office", type_=BigInteger), bindparam("me", type_=BigInteger)
TODAY, _HEAD = bindparam("today", type_=Date), bindparam("head", type_=Boolean)
OWN, _OF_SUPERIOR = aliased(Posting), aliased(Posting)
SUPERIOR, NEXT, STAND_IN = aliased(Officer), aliased(Officer), aliased(Officer)


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


def _here(officer: Any) -> ColumnElement[bool]:
    """Somebody, in service, and not away today; never null."""
    serves = or_(officer.active_to.is_(None), officer.active_to >= TODAY)
    return and_(officer.id.is_not(None), serves, not_(is_away(officer.id)))


AWAY, NEXT_AWAY = not_(_here(SUPERIOR)), not_(_here(NEXT))
# Over the head of the office stands nobody, unless somebody is posted there.
SOMEBODY_ABOVE = or_(SUPERIOR.id.is_not(None), OWN.role.is_(None), OWN.role != Role.OFFICE_HEAD)
# Who is named for today in the place of the superior of a report: for that one, or for everybody who is away.
NAMED = and_(
    LogDelegate.office_id == OFFICE,
    LogDelegate.valid_from <= TODAY,
    LogDelegate.valid_to >= TODAY,
    or_(LogDelegate.superior_id == SUPERIOR.id, and_(LogDelegate.superior_id.is_(None), AWAY, SOMEBODY_ABOVE)),
)
STANDS_IN = and_(STAND_IN.id == LogDelegate.officer_id, STAND_IN.id != DailyReport.officer_id, _here(STAND_IN))
_STOOD_IN = select(LogDelegate.id).select_from(LogDelegate, STAND_IN).where(NAMED, STANDS_IN).exists()
# Whether the viewer is the one; `above` brings the tables that it names.
MINE = and_(
    DailyReport.officer_id != ME,
    or_(
        SUPERIOR.id == ME,
        select(LogDelegate.id).where(NAMED, LogDelegate.officer_id == ME).exists(),
        and_(AWAY, not_(_STOOD_IN), or_(NEXT.id == ME, and_(_HEAD, NEXT_AWAY))),
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
