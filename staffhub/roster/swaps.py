"""Swaps of turns between colleagues: asked, accepted or declined, withdrawn, and undone by a superior.

An accepted swap is applied only if it still holds at that moment: it is looked at again behind the lock of the bidang's
roster, under which a draft is published too, and those of both people, for which a leave that is being granted waits.
Drafts of these days take the new places along, locked, so that no later proposal or publication takes them back unseen.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from staffhub import audit, i18n, workdays
from staffhub.db import insert_unless_there, said_otherwise, write_over
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import DutySwap, DutySwapStep, PlanLayer, PlanMode, RosterAct, SwapState
from staffhub.roster import drafts, swap_telling
from staffhub.roster.entries import Range, end_all, grant_all, lock_officers
from staffhub.roster.standing_in import Room, room
from staffhub.roster.swap_lists import Swap, division_of, swap_for
from staffhub.security import Viewer


@dataclass(frozen=True)
class Done:
    """What came of a press. `first_time` False: the same press came before."""

    swap_id: int
    first_time: bool = True


class Turn(NamedTuple):
    """A turn that goes from one to another on a day."""

    giver: int
    taker: int
    day: date

    def why_not(self, there: Room, one: Swap) -> str:
        """Say, with the name, why it cannot go over; "" where it can."""
        for officer_id, said in (
            (self.giver, there.cannot_give(self.giver, self.day)),
            (self.taker, there.cannot_take(self.taker, self.giver, self.day)),
        ):
            if said:
                name = one.officer if officer_id == one.officer_id else one.colleague
                name = name or there.name(officer_id)
                return _("%(name)s, %(day)s: %(why)s", name=name, day=i18n.day(self.day), why=said)
        return ""


def turns_of(one: Swap) -> list[Turn]:
    back = [Turn(one.colleague_id, one.officer_id, one.takes)] if one.takes else []
    return [Turn(one.officer_id, one.colleague_id, one.gives), *back]


def ask(
    db: Session,
    me: Viewer,
    *,
    colleague_id: int,
    gives: date,
    takes: date | None,
    note: str = "",
    key: str,
    now: datetime,
) -> Done:
    """Ask a colleague to take a turn of mine, for one of hers or for nothing in return."""
    if me.officer_id is None:
        raise Forbidden(_("This account belongs to no officer."))
    division_id = division_of(db, me.office_id, me.officer_id, gives)
    if division_id is None:
        raise Refused(_("On this day you serve in no division."), field="gives")
    drafts.lock(db, division_id)
    wanted = {"colleague_id": colleague_id, "gives": gives, "takes": takes, "note": note}
    if there := _asked_before(db, me, wanted, key):
        return Done(there, first_time=False)
    if takes == gives:
        raise Refused(_("Choose another day in return."), field="takes")
    there_then = _room_of(db, me, division_id, [gives, *([takes] if takes else [])], now=now)
    _refuse_unless_it_holds(there_then, Swap.wish(me.officer_id, colleague_id, gives, takes))
    row = DutySwap(
        office_id=me.office_id,
        officer_id=me.officer_id,
        **wanted,
        state=SwapState.ASKED,
        version=1,
        created_at=now,
        idempotency_key=key,
    )
    db.add(row)
    db.flush()
    _step(db, me, row.id, 1, SwapState.ASKED, now=now, note=note)
    one = swap_for(db, me, row.id, now=now)
    audit.record(db, me, "swap.asked", "duty_swap", one.id, now=now, with_whom=colleague_id, gives=gives, takes=takes)
    swap_telling.asked(db, me, one, now=now)
    return Done(one.id)


def _asked_before(db: Session, me: Viewer, wanted: dict[str, Any], key: str) -> int | None:
    """Return the swap that this press, or the same words in another tab, asked for; refuse what is in its way."""
    swap = DutySwap
    mine = select(swap).where(swap.office_id == me.office_id, swap.officer_id == me.officer_id)
    pressed = db.scalar(mine.where(swap.idempotency_key == key))
    if pressed is not None and any(getattr(pressed, name) != value for name, value in wanted.items()):
        raise said_otherwise()
    if pressed is not None:
        return pressed.id
    open_one = db.scalar(mine.where(swap.gives == wanted["gives"], swap.state == SwapState.ASKED))
    if open_one is not None:
        if (open_one.colleague_id, open_one.takes) == (wanted["colleague_id"], wanted["takes"]):
            return open_one.id
        raise Refused(_("You have asked a colleague for this day already. Withdraw that first."))
    days = [day for day in (wanted["gives"], wanted["takes"]) if day]
    theirs = select(swap.id).where(
        swap.office_id == me.office_id,
        swap.officer_id == wanted["colleague_id"],
        swap.colleague_id == me.officer_id,
        swap.state == SwapState.ASKED,
        or_(swap.gives.in_(days), swap.takes.in_(days)),
    )
    if db.scalar(theirs):
        raise Refused(_("This colleague has just asked you for a swap of these days. Answer that one."))
    return None


def _room_of(db: Session, me: Viewer, division_id: int, days: Iterable[date], *, now: datetime) -> Room:
    days = sorted(days)
    return room(db, me, division_id, days[0], days[-1], now=now)


def why_not(there: Room, one: Swap) -> str:
    """Say why a swap does not hold now; "" where it does."""
    return next((said for turn in turns_of(one) if (said := turn.why_not(there, one))), "")


def stands_in_the_way(db: Session, me: Viewer, one: Swap, *, now: datetime) -> str:
    """Say why an open swap could not be accepted now, or an applied one not be undone; "" where it could."""
    if one.division_id is None:
        return _("On this day %(name)s serves in no division.", name=one.officer)
    there = _room_of(db, me, one.division_id, one.days, now=now)
    if one.state is SwapState.ASKED:
        return why_not(there, one)
    back = (Turn(turn.taker, turn.giver, turn.day) for turn in turns_of(one))
    return next((said for turn in back if (said := turn.why_not(there, one))), "")


def _refuse_unless_it_holds(there: Room, one: Swap) -> None:
    if said := why_not(there, one):
        raise Refused(_("This swap does not hold. %(why)s", why=said + "."))


def accept(db: Session, me: Viewer, swap_id: int, *, now: datetime) -> Done:
    """The colleague accepts: it is applied, if it still holds."""
    one, division_id = _locked(db, me, swap_id, now=now)
    if me.officer_id != one.colleague_id:
        raise Forbidden(_("Only the colleague who was asked answers."))
    if one.state is SwapState.APPLIED:
        return Done(one.id, first_time=False)
    _refuse_answered(one)
    there = _room_of(db, me, division_id, one.days, now=now)
    _refuse_unless_it_holds(there, one)
    grants = [grant for turn in turns_of(one) for grant in _hand_over(db, me, there, turn, now=now)]
    _carry(db, me, one, division_id, locked=True, now=now)
    _move(db, me, one, SwapState.APPLIED, grants=grants, now=now)
    swap_telling.applied(db, me, one, now=now)
    return Done(one.id)


def _hand_over(db: Session, me: Viewer, there: Room, turn: Turn, *, now: datetime) -> list[int]:
    """The taker keeps the desk that the giver would have kept; the giver works where the taker would have."""
    kept, left = there.book.of(turn.giver, turn.day), there.book.of(turn.taker, turn.day)
    day = Range(PlanLayer.ROSTER, PlanMode.OFFICE, turn.day, turn.day, desk_id=kept.desk)
    at_home = replace(day, mode=left.mode or PlanMode.HOME, desk_id=None)
    taken = grant_all(db, me, [turn.taker], day, now=now)
    given = grant_all(db, me, [turn.giver], at_home, now=now)
    return [*taken.values(), *given.values()]


def _carry(db: Session, me: Viewer, one: Swap, division_id: int, *, locked: bool, now: datetime) -> None:
    """Take what the plan says now of these days into the drafts of their months, as a step of its own."""
    book = workdays.plans(db, me.office_id, min(one.days), max(one.days), officers=[one.officer_id, one.colleague_id])
    for month in sorted({day.replace(day=1) for day in one.days}):
        cells: dict[drafts.Key, drafts.Cell | None] = {}
        for day in one.days:
            for officer_id in (one.officer_id, one.colleague_id):
                plan = book.of(officer_id, day)
                if day.replace(day=1) == month and plan.mode in drafts.PLACES:
                    cells[officer_id, day] = drafts.Cell(plan.mode, plan.desk, locked)
        draft = drafts.read(db, me.office_id, division_id, month)
        drafts.write(db, me, draft, cells, act=RosterAct.SWAPPED, version=draft.version, now=now)


def decline(db: Session, me: Viewer, swap_id: int, *, note: str = "", now: datetime) -> Done:
    one, _division = _locked(db, me, swap_id, now=now)
    if me.officer_id != one.colleague_id:
        raise Forbidden(_("Only the colleague who was asked answers."))
    if one.state is SwapState.DECLINED:
        return Done(one.id, first_time=False)
    _refuse_answered(one)
    _move(db, me, one, SwapState.DECLINED, note=note, now=now)
    swap_telling.changed(db, me, one, "declined", {one.officer_id}, now=now)
    return Done(one.id)


def withdraw(db: Session, me: Viewer, swap_id: int, *, now: datetime) -> Done:
    """Whoever asked takes it back, before an answer."""
    one, _division = _locked(db, me, swap_id, now=now)
    if me.officer_id != one.officer_id:
        raise Forbidden(_("Only the officer who asked withdraws it."))
    if one.state is SwapState.WITHDRAWN:
        return Done(one.id, first_time=False)
    _refuse_answered(one)
    _move(db, me, one, SwapState.WITHDRAWN, now=now)
    swap_telling.changed(db, me, one, "withdrawn", {one.colleague_id}, now=now)
    return Done(one.id)


def undo(db: Session, me: Viewer, swap_id: int, *, note: str, now: datetime) -> Done:
    """A superior takes an applied swap back, until the first of its days begins; the turns go back as they came."""
    one, division_id = _locked(db, me, swap_id, now=now)
    if not one.may_undo(me):
        raise Forbidden(_("A swap is undone by the direct superior or by who writes the duty roster."))
    if one.state is SwapState.UNDONE:
        return Done(one.id, first_time=False)
    if one.state is not SwapState.APPLIED:
        raise Conflict(_("There is nothing to undo: this swap was not applied."))
    if said := stands_in_the_way(db, me, one, now=now):
        raise Refused(_("This swap cannot be undone any more. %(why)s", why=said + "."))
    end_all(db, me, one.grants, PlanLayer.ROSTER, min(one.days), max(one.days), now=now)
    _carry(db, me, one, division_id, locked=False, now=now)
    _move(db, me, one, SwapState.UNDONE, note=note, now=now)
    swap_telling.changed(db, me, one, "undone", {one.officer_id, one.colleague_id}, now=now)
    return Done(one.id)


def _locked(db: Session, me: Viewer, swap_id: int, *, now: datetime) -> tuple[Swap, int]:
    """Load a swap behind the locks of the roster and of both people, with the bidang that it is of."""
    one = swap_for(db, me, swap_id, now=now)
    division_id = division_of(db, me.office_id, one.officer_id, one.gives)
    if division_id is None:
        raise Refused(_("On this day %(name)s serves in no division.", name=one.officer))
    drafts.lock(db, division_id)
    lock_officers(db, me.office_id, [one.officer_id, one.colleague_id])
    return swap_for(db, me, swap_id, now=now), division_id


def _refuse_answered(one: Swap) -> None:
    said = {
        SwapState.APPLIED: _("This swap was accepted already."),
        SwapState.DECLINED: _("This swap was declined already."),
        SwapState.WITHDRAWN: _("This swap was withdrawn."),
        SwapState.UNDONE: _("This swap was undone by a superior."),
    }
    if one.state in said:
        raise Conflict(said[one.state])


def _move(
    db: Session,
    me: Viewer,
    one: Swap,
    state: SwapState,
    *,
    note: str = "",
    grants: Iterable[int] = (),
    now: datetime,
) -> None:
    write_over(db, DutySwap, one.id, seen=one.version, state=state)
    _step(db, me, one.id, one.version + 1, state, note=note, grants=grants, now=now)
    audit.record(db, me, f"swap.{state.value}", "duty_swap", one.id, now=now, days=[str(day) for day in one.days])


def _step(
    db: Session,
    me: Viewer,
    swap_id: int,
    turn: int,
    state: SwapState,
    *,
    note: str = "",
    grants: Iterable[int] = (),
    now: datetime,
) -> None:
    facts: dict[str, Any] = {"swap_id": swap_id, "turn": turn, "state": state, "note": note, "grants": list(grants)}
    who = {"office_id": me.office_id, "created_by": me.author, "created_at": now}
    if not insert_unless_there(db, DutySwapStep, facts | who):
        raise Conflict(_("Somebody was quicker. Look at the swap again."))
