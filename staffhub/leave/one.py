"""Leaves as people read them: one with its whole course, mine, and those that wait for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock
from staffhub.ahead import Ask
from staffhub.db import read, rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.leave.balances import OPEN
from staffhub.leave.who import OFFICE, TODAY, Above, Decider, Granters, Turn, ask_granters, granters, turn
from staffhub.models import (
    Account,
    DayPart,
    Division,
    LeaveAct,
    LeaveRequest,
    LeaveState,
    LeaveStep,
    Officer,
    Posting,
    Role,
    posting_near,
)
from staffhub.security import Viewer
from staffhub.workdays.absence import is_away

# So many of the own leaves, and of those that wait, stand on one page.
LISTED = 40


@dataclass(frozen=True)
class Step:
    """Something that was done; the time is local. `instead_of` names the superior in whose place it was."""

    act: LeaveAct
    note: str
    last: date | None
    at: datetime
    author: str
    author_id: int | None
    instead_of: str


@dataclass(frozen=True)
class Leave:
    """One leave, and who has it now."""

    id: int
    officer_id: int
    kind: str
    first: date
    last: date
    until: date
    half_day: bool
    part: DayPart | None
    note: str
    document: str
    letter_seen_on: date | None
    doctor_signed: bool | None
    state: LeaveState
    grant_id: int | None
    version: int
    officer: str
    active_to: date | None
    position: str
    division_id: int | None
    division: str
    seen_by: str
    stand_in_id: int | None
    stand_in: str
    above: Above
    turn: Turn
    steps: tuple[Step, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def came_on_paper(self) -> bool:
        return bool(self.document)


_superior, _next, _above = aliased(Officer), aliased(Officer), aliased(Posting)
_seer, _seen_by = aliased(Account), aliased(Officer)
_stand_in = aliased(Officer)
_author, _writer, _instead = aliased(Account), aliased(Officer), aliased(Officer)
_COLUMNS = (
    LeaveRequest.id,
    LeaveRequest.officer_id,
    LeaveRequest.kind,
    LeaveRequest.first,
    LeaveRequest.last,
    LeaveRequest.until,
    LeaveRequest.half_day,
    LeaveRequest.part,
    LeaveRequest.note,
    LeaveRequest.document,
    LeaveRequest.letter_seen_on,
    LeaveRequest.doctor_signed,
    LeaveRequest.state,
    LeaveRequest.grant_id,
    LeaveRequest.version,
    Officer.name,
    Officer.active_to,
    func.coalesce(Posting.position, ""),
    Posting.division_id,
    func.coalesce(Division.name, ""),
    func.coalesce(_seen_by.name, _seer.name, ""),
    LeaveRequest.stand_in_id,
    func.coalesce(_stand_in.name, ""),
)
_OWN = len(_COLUMNS)
_STATE = _COLUMNS.index(LeaveRequest.state)
_UPWARDS = (
    _superior.id,
    _superior.name,
    _superior.active_to,
    is_away(_superior.id),
    _next.id,
    _next.name,
    _next.active_to,
    is_away(_next.id),
)
_STEPS = (
    LeaveStep.act,
    LeaveStep.note,
    LeaveStep.last,
    LeaveStep.created_at,
    func.coalesce(_writer.name, _author.name, ""),
    LeaveStep.created_by,
    func.coalesce(_instead.name, ""),
)


def _joined(*columns: Any) -> Select[Any]:
    above_today = and_(
        _above.office_id == Posting.office_id,
        _above.officer_id == Posting.superior_id,
        _above.valid_from <= TODAY,
        or_(_above.valid_to.is_(None), _above.valid_to >= TODAY),
    )
    wanted: Any = select(*_COLUMNS, *_UPWARDS, *columns)
    joined: Select[Any] = (
        wanted.join(Officer, Officer.id == LeaveRequest.officer_id)
        .outerjoin(Posting, posting_near(TODAY))
        .outerjoin(Division, Division.id == Posting.division_id)
        .outerjoin(_superior, _superior.id == Posting.superior_id)
        .outerjoin(_above, above_today)
        .outerjoin(_next, _next.id == _above.superior_id)
        .outerjoin(_seer, _seer.id == LeaveRequest.letter_seen_by)
        .outerjoin(_seen_by, _seen_by.id == _seer.officer_id)
        .outerjoin(_stand_in, _stand_in.id == LeaveRequest.stand_in_id)
        .where(LeaveRequest.office_id == OFFICE)
    )
    return joined


def _one() -> Select[Any]:
    return (
        _joined(*_STEPS)
        .outerjoin(LeaveStep, (LeaveStep.request_id == LeaveRequest.id) & (LeaveStep.office_id == OFFICE))
        .outerjoin(_author, _author.id == LeaveStep.created_by)
        .outerjoin(_writer, _writer.id == _author.officer_id)
        .outerjoin(_instead, _instead.id == LeaveStep.instead_of)
        .where(LeaveRequest.id == bindparam("leave"))
        .order_by(LeaveStep.id)
    )


_ONE = _one()
_MINE: Select[Any] = (
    _joined(func.count().over())
    .where(LeaveRequest.officer_id == bindparam("officer"))
    .order_by(LeaveRequest.first.desc(), LeaveRequest.id.desc())
    .limit(LISTED)
    .offset(bindparam("offset", type_=BigInteger))
)


@cache
def _waiting(everyone: bool) -> Select[Any]:
    """What is not decided yet: of the whole office, or of whom I am the superior or the one above."""
    found = _joined().where(LeaveRequest.state.in_(OPEN)).order_by(LeaveRequest.first, LeaveRequest.id)
    me = bindparam("officer", type_=BigInteger)
    return found if everyone else found.where(or_(Posting.superior_id == me, _above.superior_id == me))


def _leave(row: Sequence[Any], who: Granters, today: date, steps: tuple[Step, ...] = ()) -> Leave:
    own, up = row[:_OWN], row[_OWN : _OWN + len(_UPWARDS)]

    def decider(id_: int | None, name: str, away: Any) -> Decider | None:
        return None if id_ is None else Decider(id_, name, bool(away))

    def left(active_to: date | None) -> bool:
        return active_to is not None and active_to < today

    above = Above(decider(up[0], up[1], up[3]), left(up[2]), decider(up[4], up[5], up[7]), left(up[6]))
    facts: list[Any] = [*own, above, turn(own[_STATE], own[1], above, who), steps]
    return Leave(*facts)


def mine(db: Session, me: Viewer, who: Granters, *, today: date, page: int = 1) -> tuple[list[Leave], int]:
    """Return a page of my leaves, the latest first, and how many there are in all; beyond the last one nothing."""
    asked = {"office": me.office_id, "officer": me.officer_id, "today": today, "offset": (page - 1) * LISTED}
    found = rows(db, _MINE, **asked).all()
    return [_leave(row, who, today) for row in found], found[0][-1] if found else 0


def waiting(db: Session, me: Viewer, who: Granters, *, today: date) -> list[Leave]:
    """Return what waits for my decision, by its first day; for HR what only a letter on paper can decide as well."""
    found = read(db, _ask(me, today, everyone=who.includes(me.officer_id) or me.may("leave.paper")))
    return [one for one in (_leave(row, who, today) for row in found) if waits_for(me, one)]


def _ask(me: Viewer, today: date, *, everyone: bool) -> Ask:
    asked = {"office": me.office_id, "today": today}
    return Ask(_waiting(everyone), asked if everyone else asked | {"officer": me.officer_id})


def asks_waiting(me: Viewer, today: date) -> tuple[Ask, Ask]:
    """Say what `granters` and `waiting` are about to ask; of a delegate only the first, who is known by it."""
    everyone = me.role is Role.OFFICE_HEAD or me.may("leave.paper")
    return ask_granters(me.office_id, today), _ask(me, today, everyone=everyone)


def waits_for(me: Viewer, one: Leave) -> bool:
    return one.turn.mine(me.officer_id) is not None or (one.turn.what == "paper" and enters_paper(me, one.officer_id))


def enters_paper(me: Viewer, officer_id: int) -> bool:
    """HR writes down what was decided on paper, for everybody but themselves."""
    return me.may("leave.paper") and officer_id != me.officer_id


def leave_for(db: Session, me: Viewer, leave_id: int, *, now: datetime) -> Leave:
    """Load a leave that I may see: mine, one of my scope, of whom I am above, or that I may decide on."""
    today = clock.local_day(now, me.zone)
    found = rows(db, _ONE, office=me.office_id, leave=leave_id, today=today).all()
    if not found:
        raise NotFound(_("There is no such leave."))
    steps = [row[_OWN + len(_UPWARDS) :] for row in found if row[-len(_STEPS)] is not None]
    course = tuple(
        Step(act, note, last, at.astimezone(me.zone), author, by, instead)
        for act, note, last, at, author, by, instead in steps
    )
    one = _leave(found[0], granters(db, me.office_id, today=today), today, course)
    above = {person.officer_id for person in (one.above.superior, one.above.next_above) if person}
    may = me.sees(officer_id=one.officer_id, division_id=one.division_id) or me.officer_id in above
    if not may and not any(granter.officer_id == me.officer_id for granter in (*one.turn.deciders, *one.turn.granters)):
        raise Forbidden(_("This leave is seen by the officer, by who decides on it and by HR."))
    return one
