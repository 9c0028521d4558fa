"""Whoever leaves the office goes on no duty afterwards: the orders and exemptions that go on tell of it in a step."""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, i18n
from staffhub.i18n import gettext as _
from staffhub.models import DutyAssignment, ExemptionPerson, PlanGrant
from staffhub.orders import changes, exemptions
from staffhub.roster import grants
from staffhub.roster.plan import Planned, writes_past
from staffhub.security import Viewer

_A_DAY = timedelta(days=1)


def end_plan(db: Session, me: Viewer, officer: Planned, *, last: date, now: datetime) -> int:
    """End everything that is planned after somebody's last day; return how many ranges. Twice is once.

    What rests on a letter ends there, with a reason. A head leaves days that are over alone.
    """
    after = last + _A_DAY
    first = after if writes_past(me) else max(after, clock.local_day(now, me.zone))
    reason = _("Leaves the office: the last day is %(day)s.", day=i18n.day(last))
    ended = 0
    for order_id in _orders(db, me, officer.id, first):
        ended += changes.end_for(db, me, order_id, officer.id, first=first, reason=reason, now=now)
    for exemption_id in _exemptions(db, me, officer.id, first):
        ended += exemptions.end_for(db, me, exemption_id, officer.id, first=first, reason=reason, now=now)
    return ended + grants.end_after(db, me, officer, last=last, now=now)


def _orders(db: Session, me: Viewer, officer_id: int, first: date) -> list[int]:
    """Return the orders that send somebody on dates from one on, in the order in which they are locked."""
    named = select(DutyAssignment.order_id).join(PlanGrant, PlanGrant.id == DutyAssignment.grant_id)
    mine = (DutyAssignment.office_id == me.office_id, DutyAssignment.officer_id == officer_id, PlanGrant.last >= first)
    return sorted(set(db.scalars(named.where(*mine))))


def _exemptions(db: Session, me: Viewer, officer_id: int, first: date) -> list[int]:
    named = select(ExemptionPerson.exemption_id).join(PlanGrant, PlanGrant.id == ExemptionPerson.grant_id)
    mine = (ExemptionPerson.office_id == me.office_id, ExemptionPerson.officer_id == officer_id)
    return sorted(set(db.scalars(named.where(*mine, PlanGrant.last >= first))))
