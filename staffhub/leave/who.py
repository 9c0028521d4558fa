"""Who decides on a leave: first the direct superior, then whoever grants in the name of the appointing official.

A superior who is away or has left is stood in for by the one above, or by a delegate, and the step says in whose place.
Delegates are rows with dates and a letter; where none is named the head of the office grants. Nobody decides on the
own leave: the head's is entered by HR from the letter on paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Date, bindparam, literal, or_, select, union_all
from sqlalchemy.orm import Session

from staffhub.ahead import Ask
from staffhub.db import read
from staffhub.models import (
    LeaveDelegate,
    LeaveState,
    Officer,
    Posting,
    Role,
    posting_on,
    serves,
)
from staffhub.workdays.absence import is_away

OFFICE, TODAY = bindparam("office", type_=BigInteger), bindparam("today", type_=Date)


@dataclass(frozen=True)
class Decider:
    """Somebody who may decide. `instead_of`: the superior in whose place; `document`: the letter of a delegate."""

    officer_id: int
    name: str
    away: bool = False
    document: str = ""
    instead_of: int | None = None


@dataclass(frozen=True)
class Granters:
    """Who grants on a day: the head of the office, and who was named instead."""

    heads: tuple[Decider, ...]
    delegates: tuple[Decider, ...]

    def of(self, officer_id: int) -> tuple[Decider, ...]:
        """Return who may grant somebody's leave; nobody: it comes on paper, from above the office."""
        heads = tuple(one for one in self.heads if one.officer_id != officer_id)
        if any(one.officer_id == officer_id for one in self.heads):
            return ()
        named = tuple(one for one in self.delegates if one.officer_id != officer_id)
        present = [one for one in named if not one.away]
        return named if present else (*named, *heads)

    def includes(self, officer_id: int | None) -> bool:
        return any(one.officer_id == officer_id for one in (*self.heads, *self.delegates))


_HEAD = (
    select(literal("head"), Officer.id, Officer.name, literal(""), is_away(Officer.id))
    .join(Posting, posting_on(TODAY))
    .where(Officer.office_id == OFFICE, serves(TODAY, TODAY), Posting.role == Role.OFFICE_HEAD)
)
_NAMED = (
    select(literal("delegate"), Officer.id, Officer.name, LeaveDelegate.document, is_away(Officer.id))
    .join(Officer, (Officer.id == LeaveDelegate.officer_id) & (Officer.office_id == LeaveDelegate.office_id))
    .where(LeaveDelegate.office_id == OFFICE, LeaveDelegate.valid_from <= TODAY, serves(TODAY, TODAY))
    .where(or_(LeaveDelegate.valid_to.is_(None), LeaveDelegate.valid_to >= TODAY))
)
_GRANTERS = union_all(_HEAD, _NAMED)


def ask_granters(office_id: int, today: date) -> Ask:
    return Ask(_GRANTERS, {"office": office_id, "today": today})


def granters(db: Session, office_id: int, *, today: date) -> Granters:
    found = read(db, ask_granters(office_id, today)).all()
    people: dict[str, list[Decider]] = {"head": [], "delegate": []}
    for what, officer_id, name, document, away in found:
        people[what].append(Decider(officer_id, name, bool(away), document))
    return Granters(tuple(people["head"]), tuple(people["delegate"]))


@dataclass(frozen=True)
class Above:
    """The direct superior of an officer, and the one above; `left`: the last day of service is over."""

    superior: Decider | None
    superior_left: bool
    next_above: Decider | None
    next_left: bool


@dataclass(frozen=True)
class Turn:
    """Who has a leave now, and for what: "agree", "grant", "paper" (HR), or "" when nothing waits.

    `granters`: who may grant this officer's leave today; who has the first step as well does both at once.
    """

    what: str
    deciders: tuple[Decider, ...] = ()
    granters: tuple[Decider, ...] = ()

    def mine(self, officer_id: int | None) -> Decider | None:
        return next((one for one in self.deciders if one.officer_id == officer_id), None)

    def may_grant(self, officer_id: int | None) -> bool:
        """Whether somebody may grant now: it is the turn for it, or the first step is the same person's."""
        return self.mine(officer_id) is not None and any(one.officer_id == officer_id for one in self.granters)

    @property
    def names(self) -> str:
        return ", ".join(dict.fromkeys(one.name for one in self.deciders))


def turn(state: LeaveState, officer_id: int, above: Above, who: Granters) -> Turn:
    """Say who decides next; pure."""
    granting = who.of(officer_id)
    first = _first_step(officer_id, above, who) if state is LeaveState.ASKED else ()
    if first:
        return Turn("agree", first, granting)
    if state not in {LeaveState.ASKED, LeaveState.AGREED}:
        return Turn("", granters=granting)
    return Turn("grant", granting, granting) if granting else Turn("paper")


def _first_step(officer_id: int, above: Above, who: Granters) -> tuple[Decider, ...]:
    """Return who may agree; nobody where there is no superior, so that the leave goes on to be granted."""
    superior = above.superior
    if superior is None or superior.officer_id == officer_id:
        return ()
    own = () if above.superior_left else (superior,)
    if own and not superior.away:
        return own
    standing_in = [above.next_above] if above.next_above and not above.next_left else []
    others = _in_place([*standing_in, *who.delegates], superior.officer_id, officer_id)
    if not any(not one.away for one in others):
        others = (*others, *_in_place(who.heads, superior.officer_id, officer_id))
    return (*own, *others)


def _in_place(people: Sequence[Decider], superior_id: int, officer_id: int) -> tuple[Decider, ...]:
    return tuple(
        Decider(one.officer_id, one.name, one.away, one.document, superior_id)
        for one in people
        if one.officer_id not in {superior_id, officer_id}
    )
