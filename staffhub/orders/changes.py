"""What becomes of an order after it was signed: people added or taken out, fewer days, none of it. Each is a step."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, clock, notify
from staffhub.db import changed_meanwhile, lock_row
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import DutyOrder, DutyOrderStep, NoticeKind, OrderStep, PlanLayer
from staffhub.orders.duty import assign, tell
from staffhub.orders.people import Named, chosen
from staffhub.orders.reading import Member, Order, order_for
from staffhub.orders.told import ON_DUTY, Told, told_of
from staffhub.roster.entries import end_all
from staffhub.roster.plan import refuse_past, writes_past
from staffhub.security import Viewer

_A_DAY = timedelta(days=1)


def _begin(db: Session, me: Viewer, order_id: int, *, seen: int | None, key: str) -> Order | None:
    """Load an order to be changed; None when the same press did it already. Whoever comes second waits, and is told."""
    order_for(db, me, order_id)
    lock_row(db, DutyOrder, order_id)
    order = order_for(db, me, order_id)
    if not order.may_change:
        raise Forbidden(_("An order is changed by HR, and by the head of the division whose people it names."))
    pressed = select(DutyOrderStep.id).where(
        DutyOrderStep.office_id == me.office_id, DutyOrderStep.idempotency_key == key
    )
    if db.scalar(pressed.where(DutyOrderStep.order_id == order_id)):
        return None
    if seen is not None and seen != order.version:
        raise Conflict(changed_meanwhile())
    if order.is_withdrawn:
        raise Refused(_("This order is withdrawn."))
    return order


def _note(
    db: Session,
    me: Viewer,
    order: Order,
    kind: OrderStep,
    officers: Sequence[int],
    first: date,
    last: date,
    reason: str,
    key: str | None,
    now: datetime,
) -> None:
    facts: dict[str, Any] = {"kind": kind, "officers": list(officers), "first": first, "last": last, "reason": reason}
    who = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now}
    db.add(DutyOrderStep(**who, **facts, order_id=order.id, turn=order.version, idempotency_key=key))
    db.flush()
    audit.record(db, me, f"order.{kind.value}", "duty_order", order.id, now=now, number=order.number, **facts)


def withdraw(
    db: Session, me: Viewer, order_id: int, *, reason: str, seen: int | None = None, key: str, now: datetime
) -> bool:
    """Take a whole order back; False when the same press did it already. A head leaves days that are over alone."""
    order = _begin(db, me, order_id, seen=seen, key=key)
    if order is None:
        return False
    today = clock.local_day(now, me.zone)
    first = order.first if writes_past(me) else max(order.first, today)
    if first > order.first:
        raise Refused(_("This order has begun: shorten it to yesterday, or let HR withdraw it."))
    _end(db, me, order, OrderStep.WITHDRAWN, order.going, first, order.last, reason, key, now)
    return True


def shorten(
    db: Session,
    me: Viewer,
    order_id: int,
    *,
    last: date,
    reason: str,
    seen: int | None = None,
    key: str,
    now: datetime,
) -> bool:
    """Let an order end earlier than it was signed, for everybody."""
    order = _begin(db, me, order_id, seen=seen, key=key)
    if order is None:
        return False
    if not order.first <= last < order.last:
        raise Refused(_("The new last day lies within the order, before its last day."), field="last")
    refuse_past(me, last + _A_DAY, now, field="last")
    grants = [grant_id for one in order.going for grant_id in one.grants]
    gone = end_all(db, me, grants, PlanLayer.DUTY, last + _A_DAY, order.signed_last, now=now)
    _note(db, me, order, OrderStep.SHORTENED, list(gone), order.first, last, reason, key, now)
    _tell(db, me, order, list(gone), "changed", order.first, last, now)
    return True


def take_out(
    db: Session,
    me: Viewer,
    order_id: int,
    *,
    officers: Sequence[int],
    reason: str,
    seen: int | None = None,
    key: str,
    now: datetime,
) -> bool:
    """Let some of the officers stay, from the first day, or for a head from today on."""
    order = _begin(db, me, order_id, seen=seen, key=key)
    if order is None:
        return False
    going = [one for one in order.going if one.id in set(officers)]
    if not going:
        raise Refused(_("Choose at least one officer."), field="officer")
    if len(going) == len(order.going):
        raise Refused(_("Nobody would be left: withdraw the order instead."), field="officer")
    today = clock.local_day(now, me.zone)
    first = order.first if writes_past(me) else max(order.first, today)
    refuse_past(me, order.last, now, field="officer")
    _end(db, me, order, OrderStep.TAKEN_OUT, going, first, order.last, reason, key, now)
    return True


def end_for(db: Session, me: Viewer, order_id: int, officer_id: int, *, first: date, reason: str, now: datetime) -> int:
    """Let one officer go no longer from a day on, whoever else is left; return of how many orders: twice is once."""
    lock_row(db, DutyOrder, order_id)
    order = order_for(db, me, order_id)
    going = [one for one in order.going if one.id == officer_id and one.days[-1] >= first]
    if not going:
        return 0
    _end(db, me, order, OrderStep.TAKEN_OUT, going, max(first, order.first), order.last, reason, None, now)
    return 1


def _end(
    db: Session,
    me: Viewer,
    order: Order,
    kind: OrderStep,
    going: Sequence[Member],
    first: date,
    last: date,
    reason: str,
    key: str | None,
    now: datetime,
) -> None:
    grants = [grant_id for one in going for grant_id in one.grants]
    gone = end_all(db, me, grants, PlanLayer.DUTY, first, order.signed_last, now=now) if grants else {}
    _note(db, me, order, kind, [one.id for one in going], first, last, reason, key, now)
    _tell(db, me, order, list(gone), "ended", first, last, now)


def _tell(
    db: Session, me: Viewer, order: Order, officers: Sequence[int], what: str, first: date, last: date, now: datetime
) -> None:
    row = db.get_one(DutyOrder, order.id)
    notify.over(db, notify.Subject("duty_order", order.id), [NoticeKind.ORDER_GIVEN], now=now, officers=officers)
    tell(db, me, row, officers, NoticeKind.ORDER_CHANGED, str(order.version), first, last, what=what, now=now)


def look_at_more(
    db: Session, me: Viewer, order: Order, officers: Sequence[int], *, now: datetime
) -> tuple[list[Named], date, Told]:
    """Return who may be added, from which day on, and what is to be told first."""
    today = clock.local_day(now, me.zone)
    first = order.first if writes_past(me) else max(order.first, today)
    refuse_past(me, order.last, now, field="officer")
    there = {one.id for one in order.going}
    people = chosen(db, me, [one for one in officers if one not in there], first, order.last)
    return people, first, told_of(db, me, people, first, order.last, instead=ON_DUTY, now=now)


def add(
    db: Session,
    me: Viewer,
    order_id: int,
    *,
    officers: Sequence[int],
    reason: str,
    told: str | None,
    seen: int | None = None,
    key: str,
    now: datetime,
) -> Told | None:
    """Send more officers with an order; return what has to be told first, and then nothing is written."""
    order = _begin(db, me, order_id, seen=seen, key=key)
    if order is None:
        return None
    people, first, unsaid = look_at_more(db, me, order, officers, now=now)
    if unsaid and unsaid.digest != told:
        return unsaid
    ids = [one.id for one in people]
    _note(db, me, order, OrderStep.ADDED, ids, first, order.last, reason, key, now)
    assign(db, me, db.get_one(DutyOrder, order.id), ids, first, order.last, now=now)
    return None
