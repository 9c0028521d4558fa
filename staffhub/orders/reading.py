"""Orders as their pages show them: one with its people and what became of it, and the lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from staffhub.db import rows
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    Division,
    Duty,
    DutyAssignment,
    DutyOrder,
    DutyOrderStep,
    Officer,
    OrderStep,
    PlanEnding,
    PlanGrant,
    Posting,
    posting_near,
)
from staffhub.roster.entries import left
from staffhub.security import Scope, Viewer

PAGE = 25
MINE = 5


@dataclass
class Member:
    """Somebody whom an order names or named; `days`: the dates on which the order sends this person."""

    id: int
    name: str
    number: str
    position: str
    division_id: int | None
    division: str
    days: list[date] = field(default_factory=list)
    grants: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Step:
    """What was changed; `names`: of those whom it was about."""

    turn: int
    kind: OrderStep
    names: list[str]
    first: date
    last: date
    reason: str
    author: str
    at: datetime


@dataclass(frozen=True)
class Order:
    """An order as it stands. `last`: its last day by now; `signed_last`: as it was signed."""

    id: int
    number: str
    duty: Duty
    issued: date
    first: date
    signed_last: date
    place: str
    purpose: str
    basis: str
    on_free_days: bool
    signed_by: int | None
    signer_name: str
    signer_position: str
    created_at: datetime
    author: str
    members: list[Member]
    steps: list[Step]
    may_change: bool

    @property
    def version(self) -> int:
        return 1 + len(self.steps)

    @property
    def is_withdrawn(self) -> bool:
        return any(step.kind is OrderStep.WITHDRAWN for step in self.steps)

    @property
    def going(self) -> list[Member]:
        return [one for one in self.members if one.days]

    @property
    def last(self) -> date:
        cut = [step.last for step in self.steps if step.kind is OrderStep.SHORTENED]
        return min([self.signed_last, *cut])

    def state(self, today: date) -> str:
        if self.is_withdrawn or not self.going:
            return "withdrawn"
        return _state(self.first, self.last, today)


def _state(first: date, last: date, today: date) -> str:
    if first > today:
        return "future"
    return "past" if last < today else "now"


_author, _own = aliased(Officer), aliased(Account)
_WRITER = func.coalesce(_author.name, func.nullif(_own.name, ""), _own.username)
_ORDER: Select[*tuple[Any, ...]] = (
    select(
        DutyOrder.id,
        DutyOrder.number,
        DutyOrder.duty,
        DutyOrder.issued,
        DutyOrder.first,
        DutyOrder.last,
        DutyOrder.place,
        DutyOrder.purpose,
        DutyOrder.basis,
        DutyOrder.on_free_days,
        DutyOrder.signed_by,
        DutyOrder.signer_name,
        DutyOrder.signer_position,
        DutyOrder.created_at,
        _WRITER,
    )
    .join(_own, _own.id == DutyOrder.created_by)
    .outerjoin(_author, _author.id == _own.officer_id)
    .where(DutyOrder.office_id == bindparam("office"), DutyOrder.id == bindparam("order"))
)
_MEMBERS: Select[*tuple[Any, ...]] = (
    select(
        Officer.id,
        Officer.name,
        Officer.number,
        Posting.position,
        Posting.division_id,
        Division.short_name,
        PlanGrant.id,
        PlanGrant.first,
        PlanGrant.last,
        PlanEnding.first,
        PlanEnding.last,
    )
    .select_from(DutyAssignment)
    .join(DutyOrder, DutyOrder.id == DutyAssignment.order_id)
    .join(Officer, Officer.id == DutyAssignment.officer_id)
    .join(PlanGrant, PlanGrant.id == DutyAssignment.grant_id)
    .outerjoin(PlanEnding, and_(PlanEnding.grant_id == PlanGrant.id, PlanEnding.office_id == PlanGrant.office_id))
    .outerjoin(Posting, posting_near(DutyOrder.first))
    .outerjoin(Division, Division.id == Posting.division_id)
    .where(DutyAssignment.office_id == bindparam("office"), DutyAssignment.order_id == bindparam("order"))
    .order_by(Division.sort.nulls_first(), Officer.name, Officer.id, PlanGrant.id)
)
_STEPS: Select[*tuple[Any, ...]] = (
    select(
        DutyOrderStep.turn,
        DutyOrderStep.kind,
        DutyOrderStep.officers,
        DutyOrderStep.first,
        DutyOrderStep.last,
        DutyOrderStep.reason,
        _WRITER,
        DutyOrderStep.created_at,
    )
    .join(_own, _own.id == DutyOrderStep.created_by)
    .outerjoin(_author, _author.id == _own.officer_id)
    .where(DutyOrderStep.office_id == bindparam("office"), DutyOrderStep.order_id == bindparam("order"))
    .order_by(DutyOrderStep.turn)
)


def order_for(db: Session, me: Viewer, order_id: int) -> Order:
    """Load an order that names me or somebody whose days I see, in three statements; NotFound for any other."""
    asked = {"office": me.office_id, "order": order_id}
    row = rows(db, _ORDER, **asked).one_or_none()
    members = _members(rows(db, _MEMBERS, **asked)) if row else []
    if row is None or not any(me.sees(officer_id=one.id, division_id=one.division_id) for one in members):
        raise NotFound(_("There is no such order."))
    names = {one.id: one.name for one in members}
    steps = [
        Step(turn, kind, [names[id_] for id_ in officers if id_ in names], *facts)
        for turn, kind, officers, *facts in rows(db, _STEPS, **asked)
    ]
    # Who heads one division changes nothing for the people of another.
    own = all(me.sees(officer_id=None, division_id=one.division_id) for one in members)
    return Order(*[*row, members, steps, me.may("orders.write") and own])


def _members(found: Any) -> list[Member]:
    members: dict[int, Member] = {}
    ranges: dict[int, tuple[int, date, date, list[tuple[date, date]]]] = {}
    for id_, name, number, position, division_id, division, grant_id, first, last, *ending in found:
        members.setdefault(id_, Member(id_, name, number, position or "", division_id, division or ""))
        taken = ranges.setdefault(grant_id, (id_, first, last, []))[3]
        if ending[0] is not None:
            taken.append((ending[0], ending[1]))
    for grant_id, (id_, first, last, taken) in ranges.items():
        members[id_].grants.append(grant_id)
        members[id_].days += left(first, last, taken)
    return list(members.values())


class Line(NamedTuple):
    """An order in a list: who goes by now, or who went of a withdrawn one."""

    id: int
    number: str
    duty: Duty
    first: date
    last: date
    place: str
    names: list[str]
    state: str


@dataclass(frozen=True)
class Listed:
    """`first` to `last` of `total`: which of the orders found are on this page."""

    lines: list[Line]
    first: int
    last: int
    total: int


def listed(
    db: Session, me: Viewer, *, mine: bool, q: str = "", page: int = 1, at_once: int = PAGE, today: date
) -> Listed:
    """Return orders that name me, or of everybody whose days I see, the newest dates first; in three statements."""
    wanted = [DutyOrder.office_id == me.office_id, _names_me(me) if mine else _within(me), *_like(q)]
    total = db.scalar(select(func.count()).select_from(DutyOrder).where(*wanted)) or 0
    start = (page - 1) * at_once
    found = db.execute(
        select(DutyOrder.id, DutyOrder.number, DutyOrder.duty, DutyOrder.first, DutyOrder.last, DutyOrder.place)
        .where(*wanted)
        .order_by(DutyOrder.first.desc(), DutyOrder.id.desc())
        .offset(start)
        .limit(at_once)
    ).all()
    people = _people(db, me.office_id, [row.id for row in found])
    lines = [_line(row, people.get(row.id, []), today) for row in found]
    return Listed(lines, start + 1, start + len(lines), total)


def _names_me(me: Viewer) -> ColumnElement[bool]:
    named = select(DutyAssignment.order_id).where(
        DutyAssignment.office_id == me.office_id, DutyAssignment.officer_id == (me.officer_id or 0)
    )
    return DutyOrder.id.in_(named)


def _within(me: Viewer) -> ColumnElement[bool]:
    if me.scope is Scope.OFFICE:
        return true()
    of_division = (
        select(DutyAssignment.id)
        .join(Officer, Officer.id == DutyAssignment.officer_id)
        .join(Posting, posting_near(DutyOrder.first))
        .where(DutyAssignment.office_id == DutyOrder.office_id, DutyAssignment.order_id == DutyOrder.id)
        .where(me.within(None, Posting.division_id))
        .correlate(DutyOrder)
    )
    return or_(_names_me(me), of_division.exists())


def _like(q: str) -> list[ColumnElement[bool]]:
    """Every word in the number, the place or somebody's name."""
    found = []
    for word in q.split():
        goes = (
            select(DutyAssignment.id)
            .join(Officer, Officer.id == DutyAssignment.officer_id)
            .where(DutyAssignment.office_id == DutyOrder.office_id, DutyAssignment.order_id == DutyOrder.id)
            .where(Officer.name.icontains(word, autoescape=True))
            .correlate(DutyOrder)
        )
        text = [column.icontains(word, autoescape=True) for column in (DutyOrder.number, DutyOrder.place)]
        found.append(or_(*text, goes.exists()))
    return found


def _people(db: Session, office_id: int, orders: Sequence[int]) -> dict[int, list[Member]]:
    if not orders:
        return {}
    columns = (
        Officer.id,
        Officer.name,
        PlanGrant.id,
        PlanGrant.first,
        PlanGrant.last,
        PlanEnding.first,
        PlanEnding.last,
    )
    found = db.execute(
        select(DutyAssignment.order_id, *columns)
        .join(Officer, Officer.id == DutyAssignment.officer_id)
        .join(PlanGrant, PlanGrant.id == DutyAssignment.grant_id)
        .outerjoin(PlanEnding, and_(PlanEnding.grant_id == PlanGrant.id, PlanEnding.office_id == PlanGrant.office_id))
        .where(DutyAssignment.office_id == office_id, DutyAssignment.order_id.in_(orders))
        .order_by(DutyAssignment.id)
    )
    of_order: dict[int, list[Any]] = {}
    for order_id, id_, name, *rest in found:
        of_order.setdefault(order_id, []).append((id_, name, "", "", None, "", *rest))
    return {order_id: _members(members) for order_id, members in of_order.items()}


def _line(row: Any, members: Sequence[Member], today: date) -> Line:
    going = [one for one in members if one.days]
    last = max((one.days[-1] for one in going), default=row.last)
    state = _state(row.first, last, today) if going else "withdrawn"
    return Line(row.id, row.number, row.duty, row.first, last, row.place, [one.name for one in going or members], state)
