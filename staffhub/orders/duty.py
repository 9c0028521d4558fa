"""Writing a duty order: what is refused, what is told first, and what it leaves in the plan."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from staffhub import audit, i18n, notify, workdays
from staffhub.db import insert_unless_there, said_otherwise
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import STUDY, Duty, DutyAssignment, DutyOrder, NoticeKind, PlanLayer, PlanMode
from staffhub.orders import wished
from staffhub.orders.people import Named, chosen, named
from staffhub.orders.told import NOTHING, ON_DUTY, Told, told_of
from staffhub.roster.entries import Range, dates, grant_all
from staffhub.roster.grants import refuse_span
from staffhub.roster.plan import refuse_past
from staffhub.security import Viewer


@dataclass(frozen=True)
class Draft:
    """An order as it is typed. `signed_by`: an officer of the office, None: `signer_name` and `signer_position` say."""

    number: str
    duty: Duty
    issued: date
    first: date
    last: date
    place: str
    purpose: str
    officers: tuple[int, ...]
    basis: str = ""
    on_free_days: bool = False
    signed_by: int | None = None
    signer_name: str = ""
    signer_position: str = ""


@dataclass(frozen=True)
class Look:
    """An order that may be written: who goes, who signs, what has to be told first.

    `there`: the order that the same press wrote already.
    """

    draft: Draft
    people: Sequence[Named] = ()
    told: Told = NOTHING
    there: int | None = None


@dataclass(frozen=True)
class Written:
    order_id: int
    first_time: bool = True


def number_key(number: str) -> str:
    return re.sub(r"\s+", "", number).casefold()


def look_at(db: Session, me: Viewer, draft: Draft, *, key: str, now: datetime) -> Look:
    """Refuse what cannot be; tell the rest."""
    me.require("orders.write")
    if there := _written_before(db, me, draft, key):
        return Look(draft, there=there)
    refuse_past(me, draft.first, now, field="first")
    refuse_span(me, draft.first, draft.last, now)
    if draft.last < draft.issued and not me.may("exemptions.write"):
        raise Refused(_("An order is signed before the duty is over."), field="issued")
    _refuse_taken(db, me, draft.number)
    people = chosen(db, me, draft.officers, draft.first, draft.last)
    _refuse_free_days(db, me, people, draft)
    _signer(db, me, draft)
    told = told_of(db, me, people, draft.first, draft.last, instead=ON_DUTY, now=now)
    return Look(draft, people, told)


def _written_before(db: Session, me: Viewer, draft: Draft, key: str) -> int | None:
    """Return the order of the same press; Conflict when it was sent with other words."""
    row = db.scalar(select(DutyOrder).where(DutyOrder.office_id == me.office_id, DutyOrder.idempotency_key == key))
    if row is None:
        return None
    wanted = vars(draft) | {"officers": None, "signer_name": None, "signer_position": None}
    same = all(getattr(row, name) == value for name, value in wanted.items() if value is not None)
    went = db.scalars(
        select(DutyAssignment.officer_id).where(
            DutyAssignment.office_id == me.office_id, DutyAssignment.order_id == row.id
        )
    )
    if not same or not set(draft.officers) <= set(went):
        raise said_otherwise()
    return row.id


def _refuse_taken(db: Session, me: Viewer, number: str) -> None:
    taken = db.execute(
        select(DutyOrder.first, DutyOrder.place).where(
            DutyOrder.office_id == me.office_id, DutyOrder.number_key == number_key(number)
        )
    ).one_or_none()
    if taken:
        raise Refused(
            _("This number stands on the order of %(day)s to %(place)s.", day=i18n.day(taken.first), place=taken.place),
            field="number",
        )


def _refuse_free_days(db: Session, me: Viewer, people: Sequence[Named], draft: Draft) -> None:
    """Whoever has no working day on these dates would be sent on none."""
    if draft.on_free_days:
        return
    book = workdays.plans(db, me.office_id, draft.first, draft.last, officers=[one.id for one in people])
    days = dates(draft.first, draft.last)
    idle = [one.name for one in people if all(book.usual(one.id, day).mode is None for day in days)]
    if idle:
        said = _("%(names)s: no working day on these dates. Tick this if the order is for days off.")
        raise Refused(said % {"names": ", ".join(idle)}, field="free_days")


def _signer(db: Session, me: Viewer, draft: Draft) -> tuple[str, str]:
    """Return the name and the position of who signed, as of that day."""
    if draft.signed_by is None:
        if not draft.signer_name:
            raise Refused(_("Write who signed the order."), field="signer_name")
        return draft.signer_name, draft.signer_position
    found = named(db, me.office_id, draft.issued, [draft.signed_by])
    if not found:
        raise Refused(_("Choose one of the list."), field="signed_by")
    return found[0].name, found[0].position


def write(db: Session, me: Viewer, look: Look, *, key: str, now: datetime) -> Written:
    """Write the order and a range of the plan for each officer, in one go; of one press once."""
    if look.there:
        return Written(look.there, first_time=False)
    draft = look.draft
    signer_name, signer_position = _signer(db, me, draft)
    facts: dict[str, Any] = vars(draft) | {"signer_name": signer_name, "signer_position": signer_position}
    officers = facts.pop("officers")
    who = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now}
    if not insert_unless_there(
        db, DutyOrder, facts | who | {"number_key": number_key(draft.number), "idempotency_key": key}
    ):
        if there := _written_before(db, me, draft, key):
            return Written(there, first_time=False)
        _refuse_taken(db, me, draft.number)
    order_id = db.scalars(
        select(DutyOrder.id).where(DutyOrder.office_id == me.office_id, DutyOrder.idempotency_key == key)
    ).one()
    order = db.get_one(DutyOrder, order_id)
    assign(db, me, order, [one.id for one in look.people], draft.first, draft.last, now=now)
    audit.record(db, me, "order.written", "duty_order", order_id, now=now, **facts, officers=list(officers))
    return Written(order_id)


def assign(
    db: Session, me: Viewer, order: DutyOrder, officers: Sequence[int], first: date, last: date, *, now: datetime
) -> None:
    """Let officers go on these dates of an order, and tell them."""
    duty = Range(
        PlanLayer.DUTY,
        PlanMode.FIELD,
        first,
        last,
        note=order.place,
        document=order.number,
        on_free_days=order.on_free_days,
        kind=STUDY if order.duty is Duty.STUDY else "",
    )
    granted = grant_all(db, me, officers, duty, now=now)
    who = {"office_id": me.office_id, "order_id": order.id}
    db.execute(
        insert(DutyAssignment), [who | {"officer_id": one, "grant_id": grant_id} for one, grant_id in granted.items()]
    )
    tell(db, me, order, officers, NoticeKind.ORDER_GIVEN, f"{min(granted.values())}", first, last, now=now)
    wished.tell(db, me, order.id, order.number, officers, first, last, now)


def tell(
    db: Session,
    me: Viewer,
    order: DutyOrder,
    officers: Sequence[int],
    kind: NoticeKind,
    turn: str,
    first: date,
    last: date,
    *,
    what: str | None = None,
    now: datetime,
) -> None:
    """Tell officers what an order asks of them, once for each step of it (`turn`)."""
    params: dict[str, object] = {"number": order.number, "first": first, "last": last}
    notify.tell(
        db,
        office_id=me.office_id,
        kind=kind,
        params=params | ({"what": what} if what else {}),
        address=f"/orders/{order.id}",
        key=f"order:{order.id}:{what or 'given'}:{turn}",
        now=now,
        officers=officers,
        by=me.account_id,
        subject=notify.Subject("duty_order", order.id),
    )


def next_number(db: Session, office_id: int) -> str:
    """Suggest a number: the newest one, its last group of digits that is no year counted on by one."""
    newest = db.scalar(
        select(DutyOrder.number)
        .where(DutyOrder.office_id == office_id)
        .order_by(DutyOrder.created_at.desc(), DutyOrder.id.desc())
        .limit(1)
    )
    groups = [one for one in re.finditer(r"\d+", newest or "") if not re.fullmatch(r"(19|20)\d\d", one[0])]
    if not newest or not groups:
        return ""
    start, end = groups[-1].span()
    return f"{newest[:start]}{int(newest[start:end]) + 1:0{end - start}}{newest[end:]}"
