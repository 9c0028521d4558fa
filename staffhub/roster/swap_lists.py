"""Swaps as people read them: one with its course and who may undo it, mine, and whose turn could go to whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, Date, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    DutySwap,
    DutySwapStep,
    Officer,
    Posting,
    SwapState,
    is_in_service,
    posting_on,
)
from staffhub.roster.standing_in import Room, room
from staffhub.security import Viewer
from staffhub.workdays.absence import is_away

# So many days before and after a turn a day in return is offered.
_AROUND = timedelta(days=31)
# So many swaps stand on the page of somebody's own.
LISTED = 40
# Of who cannot take a turn, so many stand under each reason.
_NAMED = 12


@dataclass(frozen=True)
class Step:
    state: SwapState
    note: str
    at: datetime
    author: str
    grants: Sequence[int]


@dataclass(frozen=True)
class Swap:
    """A swap with its course. `above`: the officers who are its direct superiors, or stand in for one who is away."""

    id: int
    officer_id: int
    officer: str
    colleague_id: int
    colleague: str
    gives: date
    takes: date | None
    state: SwapState
    note: str
    version: int
    division_id: int | None = None
    above: frozenset[int] = frozenset()
    steps: tuple[Step, ...] = ()

    @classmethod
    def wish(cls, officer_id: int, colleague_id: int, gives: date, takes: date | None) -> "Swap":
        return cls(0, officer_id, "", colleague_id, "", gives, takes, SwapState.ASKED, "", 0)

    @property
    def days(self) -> list[date]:
        return [self.gives, *([self.takes] if self.takes else [])]

    @property
    def grants(self) -> list[int]:
        return [grant for step in self.steps for grant in step.grants]

    def is_party(self, me: Viewer) -> bool:
        return me.officer_id in {self.officer_id, self.colleague_id}

    def may_undo(self, me: Viewer) -> bool:
        writes = me.may("roster.edit") and me.sees(officer_id=None, division_id=self.division_id)
        return not self.is_party(me) and (writes or me.officer_id in self.above)


_OFFICE, _TODAY = bindparam("office", type_=BigInteger), bindparam("today", type_=Date)
_who, _whom = aliased(Officer), aliased(Officer)
_COLUMNS = (
    DutySwap.id,
    DutySwap.officer_id,
    _who.name,
    DutySwap.colleague_id,
    _whom.name,
    DutySwap.gives,
    DutySwap.takes,
    DutySwap.state,
    DutySwap.note,
    DutySwap.version,
)
_SWAPS = (
    select(*_COLUMNS)
    .join(_who, _who.id == DutySwap.officer_id)
    .join(_whom, _whom.id == DutySwap.colleague_id)
    .where(DutySwap.office_id == _OFFICE)
)
_ONE = _SWAPS.where(DutySwap.id == bindparam("swap"))
_MINE = _SWAPS.where(DutySwap.officer_id == bindparam("officer")).order_by(DutySwap.id.desc()).limit(LISTED)
_OF_ME = _SWAPS.where(DutySwap.colleague_id == bindparam("officer")).order_by(DutySwap.id.desc()).limit(LISTED)
_ASKED_OF_ME = select(DutySwap.officer_id, DutySwap.gives, DutySwap.takes).where(
    DutySwap.office_id == _OFFICE,
    DutySwap.colleague_id == bindparam("officer"),
    DutySwap.state == SwapState.ASKED,
)
_author, _writer = aliased(Account), aliased(Officer)
_STEPS = (
    select(
        DutySwapStep.state,
        DutySwapStep.note,
        DutySwapStep.created_at,
        func.coalesce(_writer.name, _author.name, ""),
        DutySwapStep.grants,
    )
    .outerjoin(_author, _author.id == DutySwapStep.created_by)
    .outerjoin(_writer, _writer.id == _author.officer_id)
    .where(DutySwapStep.office_id == _OFFICE, DutySwapStep.swap_id == bindparam("swap"))
    .order_by(DutySwapStep.turn)
)


def swap_for(db: Session, me: Viewer, swap_id: int, *, now: datetime) -> Swap:
    """Load a swap with its course, of who is a party to it, stands above one, or writes the roster there."""
    row = rows(db, _ONE, office=me.office_id, swap=swap_id).one_or_none()
    if row is None:
        raise NotFound(_("There is no such swap."))
    one = Swap(*row)
    today = clock.local_day(now, me.zone)
    one = replace(
        one,
        division_id=division_of(db, me.office_id, one.officer_id, one.gives),
        above=superiors(db, me.office_id, [one.officer_id, one.colleague_id], today),
        steps=tuple(
            Step(state, note, at.astimezone(me.zone), author, grants)
            for state, note, at, author, grants in rows(db, _STEPS, office=me.office_id, swap=swap_id)
        ),
    )
    if not one.is_party(me) and not one.may_undo(me):
        raise Forbidden(_("A swap is seen by those who swap and by those above them."))
    return one


def mine(db: Session, me: Viewer) -> list[Swap]:
    """Return the newest swaps that I asked for or was asked for."""
    asked = {"office": me.office_id, "officer": me.officer_id}
    found = [Swap(*row) for statement in (_MINE, _OF_ME) for row in rows(db, statement, **asked)]
    return sorted(found, key=lambda one: -one.id)[:LISTED]


_DIVISION = (
    select(Posting.division_id)
    .join(Officer, and_(Officer.id == Posting.officer_id, posting_on(_TODAY)))
    .where(Officer.office_id == _OFFICE, Officer.id == bindparam("officer"))
)


def division_of(db: Session, office_id: int, officer_id: int, day: date) -> int | None:
    """Return the bidang in which somebody serves on a day."""
    found = rows(db, _DIVISION, office=office_id, officer=officer_id, today=day).one_or_none()
    return found[0] if found else None


_superior = aliased(Officer)
_SUPERIORS = (
    select(
        _superior.id,
        _superior.active_from,
        _superior.active_to,
        is_away(Posting.superior_id),
    )
    .select_from(Officer)
    .join(Posting, posting_on(_TODAY))
    .join(_superior, _superior.id == Posting.superior_id)
    .where(Officer.office_id == _OFFICE, Officer.id.in_(bindparam("ids", expanding=True)))
)


def superiors(db: Session, office_id: int, officers: Sequence[int], today: date) -> frozenset[int]:
    """Return the direct superiors, and who is above one that is away or has left, up to somebody who is there."""
    found: set[int] = set()
    below, seen = set(officers), set(officers)
    while below:
        above = rows(db, _SUPERIORS, office=office_id, ids=sorted(below), today=today).all()
        there = {who for who, since, until, _away in above if is_in_service(since, until, today)}
        found |= there
        below = {who for who, _since, _until, away in above if away or who not in there} - seen
        seen |= below
    return frozenset(found - set(officers))


class Colleague(NamedTuple):
    """Somebody who could take a turn, and the days that could come back for it."""

    officer_id: int
    name: str
    back: Sequence[date]


@dataclass(frozen=True)
class Offer:
    """For a turn of mine: who could take it, and by reason who could not, with how many have no name here."""

    day: date
    able: Sequence[Colleague]
    others: Sequence[tuple[str, Sequence[str], int]]


def my_turns(db: Session, me: Viewer, swaps: Sequence[Swap] = (), *, now: datetime) -> list[date]:
    """Return the days to come of this month and the next on which a turn of mine could go to somebody.

    Without those for which one of these swaps asks a colleague already.
    """
    today = clock.local_day(now, me.zone)
    last = clock.month_days(clock.month_after(today.replace(day=1)))[-1]
    there = _my_room(db, me, today, today, last, now=now)
    if there is None or me.officer_id is None:
        return []
    asked = {one.gives for one in swaps if one.state is SwapState.ASKED and one.officer_id == me.officer_id}
    days = [today + timedelta(days=n) for n in range((last - today).days + 1)]
    return [day for day in days if day not in asked and not there.cannot_give(me.officer_id, day)]


def _my_room(db: Session, me: Viewer, day: date, first: date, last: date, *, now: datetime) -> Room | None:
    division_id = division_of(db, me.office_id, me.officer_id, day) if me.officer_id else None
    return room(db, me, division_id, first, last, now=now) if division_id else None


def offer(db: Session, me: Viewer, day: date, *, now: datetime) -> Offer:
    """Say who could take my turn of a day, and what could come back; Refused where it is no turn of mine to give."""
    today = clock.local_day(now, me.zone)
    first, last = max(min(day, today), day - _AROUND), day + _AROUND
    there = _my_room(db, me, day, first, last, now=now)
    if there is None or me.officer_id is None:
        raise Refused(_("On this day you serve in no division."))
    mine = me.officer_id
    if said := there.cannot_give(mine, day):
        raise Refused(_("This is no turn that can be swapped: %(why)s.", why=said))
    able: list[Colleague] = []
    others: dict[str, list[str]] = {}
    asked = {(who, on) for who, *both in rows(db, _ASKED_OF_ME, office=me.office_id, officer=mine) for on in both}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for officer_id, seats in there.people.items():
        if officer_id == mine:
            continue
        said = there.cannot_take(officer_id, mine, day)
        if not said and (officer_id, day) in asked:
            said = _("has just asked you for a swap of this day; answer that one")
        if said:
            others.setdefault(said, []).append(seats[0].name)
            continue
        free = [one for one in days if one != day and (officer_id, one) not in asked]
        able.append(Colleague(officer_id, seats[0].name, _back(there, mine, officer_id, free)))
    told = [(said, names[:_NAMED], len(names[_NAMED:])) for said, names in sorted(others.items())]
    return Offer(day, able, told)


def _back(there: Room, mine: int, theirs: int, days: Sequence[date]) -> list[date]:
    return [day for day in days if not there.cannot_give(theirs, day) and not there.cannot_take(mine, theirs, day)]
