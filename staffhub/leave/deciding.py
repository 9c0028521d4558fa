"""Decide on a leave: agree, grant, decline, withdraw, shorten, note that its letter was seen.

Each is one step that is kept, and one conditional change of the row: of two who decide at once the second is told.
What is granted becomes a range of the plan in the same transaction; what is taken back ends that range.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from staffhub import audit, clock, i18n
from staffhub.db import lock_row, write_over
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.leave import around, standing_in, telling
from staffhub.leave.asking import Sent, Wish, outlook, sent_before, step, store
from staffhub.leave.kinds import half_text
from staffhub.leave.one import Leave, enters_paper, leave_for, waits_for
from staffhub.models import LeaveAct, LeaveRequest, LeaveState, Officer, PlanLayer, PlanMode
from staffhub.roster import drafts, grants, plan, repairing
from staffhub.security import Viewer


@dataclass(frozen=True)
class Decided:
    """What came of a decision. `first_time` False: the same press came again. `hidden`, `days`: as the plan has it."""

    leave: Leave
    first_time: bool = True
    days: int = 0


def agree(db: Session, me: Viewer, leave_id: int, *, seen: int | None = None, now: datetime) -> Decided:
    """The superior agrees, or who stands in for one who is away or has left."""
    one = _locked(db, me, leave_id, now=now)
    refuse_others(me, one)
    if _is_again(me, one, LeaveState.AGREED, LeaveAct.AGREED):
        return Decided(one, first_time=False)
    _refuse_stale(one, seen, LeaveState.ASKED)
    decider = one.turn.mine(me.officer_id)
    if one.turn.what != "agree" or decider is None:
        raise _not_now(one)
    _write(db, me, one, LeaveAct.AGREED, state=LeaveState.AGREED, instead_of=decider.instead_of, now=now)
    return _done(db, me, one, now=now)


def grant(
    db: Session,
    me: Viewer,
    leave_id: int,
    *,
    document: str = "",
    calls: Sequence[repairing.Call] = (),
    seen: int | None = None,
    lacks: str | None = None,
    now: datetime,
) -> Decided:
    """Grant it: the dates go into the plan. The head's own leave is written down by HR, with its letter's number.

    `calls`: who comes into the office instead, in the same transaction; Conflict when one of them cannot any more, or
    when the desk would lack somebody else than was shown (`around.lacks`): its roster may be another one by now.
    """
    one = leave_for(db, me, leave_id, now=now)
    if one.division_id is not None:
        drafts.lock(db, one.division_id)
    one = _locked(db, me, leave_id, now=now)
    refuse_others(me, one)
    if _is_again(me, one, LeaveState.GRANTED, LeaveAct.GRANTED):
        return Decided(one, first_time=False)
    _refuse_stale(one, seen, LeaveState.ASKED, LeaveState.AGREED)
    on_paper = one.turn.what == "paper" and enters_paper(me, one.officer_id)
    if not (one.turn.may_grant(me.officer_id) or on_paper):
        raise _not_now(one)
    if on_paper and not document:
        raise Refused(_("Write the number of the letter by which it was granted."), field="document")
    if lacks is not None and around.lacks_more(db, me, one, lacks):
        raise Conflict(_("The roster is another one meanwhile: see whom the desk would lack now, then decide."))
    if one.turn.what == "agree" and (decider := one.turn.mine(me.officer_id)):
        step(db, me, one.id, LeaveAct.AGREED, instead_of=decider.instead_of, note="", now=now)
    days = _into_plan(db, me, one, document or one.document, now=now)
    repairing.call_in(db, me, calls, now=now)
    return _done(db, me, one, days=days, now=now)


def _into_plan(db: Session, me: Viewer, one: Leave, document: str, *, now: datetime) -> int:
    today = clock.local_day(now, me.zone)
    wish = Wish(one.kind, one.first, one.last, one.half_day, part=one.part)
    outlook(db, me.office_id, one.officer_id, wish, today=today, besides=one.id)
    written = grants.grant(
        db,
        me,
        plan.officer_for(db, me, one.officer_id, today=today),
        first=one.first,
        last=one.last,
        mode=PlanMode.LEAVE,
        layer=PlanLayer.LEAVE,
        kind=one.kind,
        note=half_text(one.part) if one.half_day else "",
        part=one.part,
        document=document,
        key=f"leave-{one.id}",
        decided=True,
        now=now,
    )
    facts: dict[str, Any] = {"grant_id": written.grant_id, "document": document}
    _write(db, me, one, LeaveAct.GRANTED, state=LeaveState.GRANTED, note=document, facts=facts, now=now)
    return written.days


def decline(db: Session, me: Viewer, leave_id: int, *, reason: str, seen: int | None = None, now: datetime) -> Decided:
    one = _locked(db, me, leave_id, now=now)
    refuse_others(me, one)
    if _is_again(me, one, LeaveState.DECLINED, LeaveAct.DECLINED) and one.steps[-1].note == reason:
        return Decided(one, first_time=False)
    _refuse_stale(one, seen, LeaveState.ASKED, LeaveState.AGREED)
    decider = one.turn.mine(me.officer_id)
    if decider is None and not (one.turn.what == "paper" and enters_paper(me, one.officer_id)):
        raise _not_now(one)
    instead = decider.instead_of if decider else None
    _write(db, me, one, LeaveAct.DECLINED, state=LeaveState.DECLINED, note=reason, instead_of=instead, now=now)
    return _done(db, me, one, now=now)


def withdraw(db: Session, me: Viewer, leave_id: int, *, seen: int | None = None, now: datetime) -> Decided:
    """Take it back: whoever asked, before it begins; HR also what was written down by mistake."""
    one = _locked(db, me, leave_id, now=now)
    if one.state is LeaveState.WITHDRAWN and may_withdraw(me, one):
        return Decided(one, first_time=False)
    if not may_withdraw(me, one):
        raise Forbidden(_("Only the officer withdraws a leave, and HR what was written down by mistake."))
    _refuse_stale(one, seen, LeaveState.ASKED, LeaveState.AGREED, LeaveState.GRANTED)
    today = clock.local_day(now, me.zone)
    if one.grant_id is not None:
        if one.first < today and not enters_paper(me, one.officer_id):
            raise Refused(_("This leave has begun. Shorten it: write the last day that was leave."), field="last")
        grants.withdraw(
            db, me, plan.officer_for(db, me, one.officer_id, today=today), one.grant_id, decided=True, now=now
        )
    _write(db, me, one, LeaveAct.WITHDRAWN, state=LeaveState.WITHDRAWN, now=now)
    return _done(db, me, one, now=now)


def shorten(db: Session, me: Viewer, leave_id: int, *, last: date, seen: int | None = None, now: datetime) -> Decided:
    """Let a granted leave end earlier, also after the fact; the days after it are days of work again."""
    one = _locked(db, me, leave_id, now=now)
    refuse_shortening(me, one)
    if one.state is LeaveState.GRANTED and one.until == last and _last_step(one) == (LeaveAct.SHORTENED, me.account_id):
        return Decided(one, first_time=False)
    _refuse_stale(one, seen, LeaveState.GRANTED)
    if not one.first <= last < one.until:
        raise Refused(
            _(
                "The new last day lies from %(first)s on and before %(last)s.",
                first=i18n.day(one.first),
                last=i18n.day(one.until),
            ),
            field="last",
        )
    today = clock.local_day(now, me.zone)
    own = one.officer_id == me.officer_id
    if own and last < today - timedelta(days=1):
        raise Refused(_("Days that are over are given back by HR or by who grants leave."), field="last")
    if one.grant_id is not None:
        officer = plan.officer_for(db, me, one.officer_id, today=today)
        grants.shorten(db, me, officer, one.grant_id, last=last, decided=True, now=now)
    _write(db, me, one, LeaveAct.SHORTENED, state=LeaveState.GRANTED, last=last, facts={"until": last}, now=now)
    return _done(db, me, one, now=now)


def note_letter(
    db: Session,
    me: Viewer,
    leave_id: int,
    *,
    seen_on: date,
    doctor_signed: bool,
    seen: int | None = None,
    now: datetime,
) -> Decided:
    """Note that the letter was seen, on which day, and whether a doctor signed it: nothing of what stands in it."""
    one = _locked(db, me, leave_id, now=now)
    refuse_letter(me, one)
    if (one.letter_seen_on, one.doctor_signed) == (seen_on, doctor_signed):
        return Decided(one, first_time=False)
    _refuse_stale(one, seen, LeaveState.ASKED, LeaveState.AGREED, LeaveState.GRANTED)
    if seen_on > clock.local_day(now, me.zone):
        raise Refused(_("This day has not come yet."), field="letter_seen_on")
    facts = {"letter_seen_by": me.account_id, "letter_seen_on": seen_on, "doctor_signed": doctor_signed}
    _write(db, me, one, LeaveAct.LETTER_SEEN, state=one.state, facts=facts, now=now)
    return _done(db, me, one, tells=False, now=now)


def name_stand_in(
    db: Session, me: Viewer, leave_id: int, *, stand_in_id: int | None, seen: int | None = None, now: datetime
) -> Decided:
    """Say who is offered the open requests first, or nobody; also while it lasts, when that one falls out."""
    one = _locked(db, me, leave_id, now=now)
    refuse_stand_in(me, one)
    if one.stand_in_id == stand_in_id:
        return Decided(one, first_time=False)
    _refuse_stale(one, seen, LeaveState.ASKED, LeaveState.AGREED, LeaveState.GRANTED)
    if stand_in_id:
        standing_in.refuse_unfit(db, me.office_id, absence_of(one, clock.local_day(now, me.zone)), stand_in_id)
    write_over(db, LeaveRequest, one.id, seen=one.version, stand_in_id=stand_in_id)
    facts: dict[str, Any] = {"leave": one.id, "before": one.stand_in_id, "after": stand_in_id}
    audit.record(db, me, "leave.stand_in", "officer", one.officer_id, now=now, **facts)
    step(db, me, one.id, LeaveAct.STAND_IN, note=leave_for(db, me, one.id, now=now).stand_in, now=now)
    return _done(db, me, one, tells=False, now=now)


def absence_of(one: Leave, today: date) -> standing_in.Absence:
    """Return the days of a leave that are still to come."""
    return standing_in.Absence(one.officer_id, one.division_id, min(max(one.first, today), one.until), one.until)


@dataclass(frozen=True)
class Letter:
    """What is kept of a letter: its number, and of a sick note who saw it, when, and whether a doctor signed."""

    document: str
    seen_on: date | None = None
    doctor_signed: bool | None = None


def enter_paper(
    db: Session, me: Viewer, officer_id: int, wish: Wish, letter: Letter, *, key: str, now: datetime
) -> Sent:
    """HR writes down a leave that was granted on paper, whenever it was."""
    me.require("leave.paper")
    today = clock.local_day(now, me.zone)
    if not enters_paper(me, officer_id):
        raise Refused(
            _("Nobody decides on the own leave: ask for it, or let a colleague of HR enter it."), field="officer"
        )
    officer = plan.officer_for(db, me, officer_id, today=today)
    lock_row(db, Officer, officer.id)
    there = sent_before(db, me, officer.id, wish, key)
    if there:
        return Sent(there, first_time=False)
    if letter.seen_on and letter.seen_on > today:
        raise Refused(_("This day has not come yet."), field="letter_seen_on")
    seen = {"letter_seen_by": me.account_id, "letter_seen_on": letter.seen_on, "doctor_signed": letter.doctor_signed}
    facts = {"document": letter.document} | (seen if letter.seen_on else {})
    leave_id = store(db, me, officer.id, wish, state=LeaveState.AGREED, key=key, now=now, **facts)
    step(db, me, leave_id, LeaveAct.PAPER, note=letter.document, now=now)
    one = leave_for(db, me, leave_id, now=now)
    days = _into_plan(db, me, one, letter.document, now=now)
    _done(db, me, one, days=days, now=now)
    return Sent(leave_id)


def may_withdraw(me: Viewer, one: Leave) -> bool:
    return one.officer_id == me.officer_id or enters_paper(me, one.officer_id)


def may_shorten(me: Viewer, one: Leave) -> bool:
    """The officer, HR, the superior and whoever granted it."""
    if may_withdraw(me, one):
        return True
    superior = one.above.superior
    granted = any(done.act is LeaveAct.GRANTED and done.author_id == me.account_id for done in one.steps)
    return granted or (superior is not None and superior.officer_id == me.officer_id)


def may_note_letter(me: Viewer, one: Leave) -> bool:
    superior = one.above.superior
    above = superior is not None and superior.officer_id == me.officer_id
    return enters_paper(me, one.officer_id) or (above and one.officer_id != me.officer_id)


def may_name_stand_in(me: Viewer, one: Leave) -> bool:
    """Whoever decides on it, and once it is granted whoever may end it earlier but the officer."""
    if one.officer_id == me.officer_id:
        return False
    return waits_for(me, one) if one.is_open else one.state is LeaveState.GRANTED and may_shorten(me, one)


def refuse_stand_in(me: Viewer, one: Leave) -> None:
    if not may_name_stand_in(me, one):
        raise Forbidden(_("The stand-in is named by who asks for the leave and by who decides on it."))


def refuse_shortening(me: Viewer, one: Leave) -> None:
    if not may_shorten(me, one):
        raise Forbidden(_("A leave is shortened by the officer, by who grants leave and by HR."))


def refuse_letter(me: Viewer, one: Leave) -> None:
    if not may_note_letter(me, one):
        raise Forbidden(_("That the letter was seen is noted by HR or by the superior."))


def _locked(db: Session, me: Viewer, leave_id: int, *, now: datetime) -> Leave:
    """Load it behind the lock of its officer: of two who decide at once the second reads what the first did."""
    lock_row(db, Officer, leave_for(db, me, leave_id, now=now).officer_id)
    return leave_for(db, me, leave_id, now=now)


def _last_step(one: Leave) -> tuple[LeaveAct, int | None] | None:
    return (one.steps[-1].act, one.steps[-1].author_id) if one.steps else None


def _is_again(me: Viewer, one: Leave, state: LeaveState, act: LeaveAct) -> bool:
    """Whether the same person did the same before: a second tap is answered like the first."""
    return one.state is state and _last_step(one) == (act, me.account_id)


def _refuse_stale(one: Leave, seen: int | None, *wanted: LeaveState) -> None:
    """Whoever decides on an older picture is told what it is now, and by whom."""
    if one.state in wanted and seen in {None, one.version}:
        return
    last = one.steps[-1] if one.steps else None
    by = last.author if last else ""
    raise Conflict(
        _(
            "%(author)s was quicker: %(state)s. Look at it as it is now.",
            author=by,
            state=telling.state(one.state).lower(),
        )
        if one.state not in wanted
        else _("%(author)s changed this leave meanwhile. Look at it as it is now, then decide.", author=by)
    )


def refuse_others(me: Viewer, one: Leave) -> None:
    """Forbidden for whoever never decides on this leave, whatever its turn."""
    if one.officer_id == me.officer_id:
        raise Forbidden(_("Nobody decides on the own leave."))
    if one.turn.mine(me.officer_id) or (not one.turn.granters and enters_paper(me, one.officer_id)):
        return
    above = [person.officer_id for person in (one.above.superior, one.above.next_above) if person]
    if me.officer_id not in [*above, *(person.officer_id for person in one.turn.granters)]:
        raise Forbidden(_("This leave is decided by the superior and by who grants leave."))


def _not_now(one: Leave) -> Forbidden:
    if one.turn.deciders:
        return Forbidden(_("It is for %(names)s to decide now.", names=one.turn.names))
    return Forbidden(_("HR enters it from the letter on paper."))


def _write(
    db: Session,
    me: Viewer,
    one: Leave,
    act: LeaveAct,
    *,
    state: LeaveState,
    note: str = "",
    last: date | None = None,
    instead_of: int | None = None,
    facts: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    write_over(db, LeaveRequest, one.id, seen=one.version, state=state, **(facts or {}))
    step(db, me, one.id, act, note=note, last=last, instead_of=instead_of, now=now)
    # A reason may be private: it stays with the step.
    audit.record(
        db, me, f"leave.{act}", "officer", one.officer_id, now=now, leave=one.id, last=last, instead_of=instead_of
    )


def _done(db: Session, me: Viewer, one: Leave, *, days: int = 0, tells: bool = True, now: datetime) -> Decided:
    after = leave_for(db, me, one.id, now=now)
    if tells:
        telling.tell(db, me, after, now=now)
    return Decided(after, days=days)
