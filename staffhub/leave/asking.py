"""Ask for leave: what it becomes is worked out and told first; refused is only what nothing could undo."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from babel.numbers import format_decimal
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, clock, days, i18n
from staffhub.db import digest, insert_unless_there, lock_row, said_otherwise
from staffhub.errors import Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.leave import kinds, standing_in, telling
from staffhub.leave.balances import Balance, Ledger, dates, farthest, ledger
from staffhub.leave.one import leave_for
from staffhub.models import DayPart, LeaveAct, LeaveRequest, LeaveState, LeaveStep, Officer, PlanLayer
from staffhub.security import Viewer
from staffhub.workdays import LeaveKind, LeaveRule, Proof

# A longer leave is written in parts, as its letters are; the plan takes no longer range either.
LONGEST = timedelta(days=186)
_FARTHEST = timedelta(days=731)


@dataclass(frozen=True)
class Wish:
    """What somebody wants; of sickness nothing is noted."""

    kind: str
    first: date
    last: date
    half_day: bool = False
    note: str = ""
    # Which half. What was asked for before anybody asked which says none: it takes half a day of the balance and
    # stands in the plan as a whole day, because nobody knows when the work was to begin.
    part: DayPart | None = None
    # Who is offered the open requests first.
    stand_in_id: int | None = None


@dataclass(frozen=True)
class Told:
    """Something that is told before anybody decides. `code` names it for tests and for what was shown."""

    code: str
    text: str


@dataclass(frozen=True)
class Outlook:
    """What a leave would become. `cost`: days by year; `balances`: of these years, as they would be afterwards.

    `digest` stands in the form, so that nobody sends what was not shown.
    """

    wish: Wish
    cost: dict[int, float]
    balances: tuple[Balance, ...]
    told: tuple[Told, ...] = field(default=())

    @property
    def days(self) -> float:
        return sum(self.cost.values())

    @property
    def digest(self) -> str:
        facts = [self.wish.kind, str(self.wish.first), str(self.wish.last), str(self.days), self.wish.part or ""]
        return digest(*facts, *(one.code for one in self.told))[:16]

    def has(self, code: str) -> bool:
        return any(one.code == code for one in self.told)


def outlook(
    db: Session,
    office_id: int,
    officer_id: int,
    wish: Wish,
    *,
    today: date,
    besides: int | None = None,
    known: Ledger | None = None,
    letter: bool = False,
    signed: bool | None = None,
) -> Outlook:
    """Work out what a leave takes and what speaks against it; Refused when it cannot be at all.

    `besides`: the request itself, when it is there already. `letter`: its letter is known; `signed`: by a doctor.
    """
    check_span(wish, today)
    known = known or ledger(db, office_id, officer_id, {wish.first.year, wish.last.year, today.year})
    _check_service(known, wish)
    cost = known.cost(wish.kind, wish.first, wish.last, half_day=wish.half_day)
    if not any(known.book.of(officer_id, day).mode for day in dates(wish.first, wish.last)):
        raise Refused(_("There is no working day in this range, so no leave is needed."), field="last")
    rule = known.rule(wish.kind, wish.first)
    if wish.half_day and (wish.first != wish.last or rule is None or not rule.half_days):
        raise Refused(
            _("Half a day is only for one day, and only where the rule of this kind allows it."), field="part"
        )
    _refuse_halves(known, wish, besides)
    found = [known.balance(wish.kind, year, today=today, besides=besides) for year in sorted(cost)]
    told = [
        *_of_rule(known, wish, found[0]),
        *_of_balance(found, cost),
        *_of_plan(known, wish, besides),
        *_of_past(db, office_id, wish, today),
    ]
    told += _of_letter(rule, wish, letter=letter, signed=signed)
    return Outlook(wish, cost, tuple(found), tuple(told))


def _refuse_halves(known: Ledger, wish: Wish, besides: int | None) -> None:
    """Two halves would lie over each other in the plan: what one of them gives back would be lost."""
    for one in known.requests:
        near = one.officer_id == known.officer_id and one.id != besides and one.first <= wish.first <= one.until
        if wish.half_day and near and one.half_day:
            raise Refused(
                _("Half of this day is leave already. For both halves take that one back and write the whole day."),
                field="part",
            )


def refuse_over(wish: Wish, today: date) -> None:
    """Who asks, asks for days to come; a leave of days that are over comes from a letter."""
    if wish.first < today:
        raise Refused(_("Days that are over are entered by HR from the letter."), field="first")


def check_span(wish: Wish, today: date) -> None:
    if abs(wish.first - today) > _FARTHEST:
        raise Refused(_("Check the year."), field="first")
    if wish.last < wish.first:
        raise Refused(_("The last day is before the first."), field="last")
    if wish.last - wish.first > LONGEST:
        raise Refused(_("Write at most half a year at once, and the rest as a leave that follows."), field="last")
    if wish.kind == LeaveKind.SICK and wish.note:
        raise Refused(_("Nothing is noted about an illness. Leave this empty."), field="note")


def _check_service(known: Ledger, wish: Wish) -> None:
    if wish.first < known.active_from:
        raise Refused(_("The service begins on %(day)s.", day=i18n.day(known.active_from)), field="first")
    if known.active_to and wish.last > known.active_to:
        raise Refused(_("The last day of service is %(day)s.", day=i18n.day(known.active_to)), field="last")


def _of_rule(known: Ledger, wish: Wish, balance: Balance) -> list[Told]:
    rule = known.rule(wish.kind, wish.first)
    if rule is None:
        return [Told("no_rule", _("Not set yet for this kind of employment: the office decides by the contract."))]
    told = []
    if balance.eligible_from and wish.first < balance.eligible_from:
        day = i18n.day(balance.eligible_from)
        told.append(
            Told(
                "service", _("The service is too short: this kind is for who serves longer, from %(day)s on.", day=day)
            )
        )
    most = farthest(rule, wish.first)
    if not balance.is_yearly and most and wish.last > most:
        text = _("This is longer than the rule allows at once, which is until %(day)s.", day=i18n.day(most))
        told.append(Told("too_long", text))
    return [*told, *_of_long_leave(known, wish)]


def _of_letter(rule: LeaveRule | None, wish: Wish, *, letter: bool, signed: bool | None) -> list[Told]:
    if rule is None:
        return []
    days = (wish.last - wish.first).days + 1
    by = rule.proof(days) or (Proof.NONE if rule.proofs or not rule.needs_letter else None)
    if by is Proof.NONE:
        return []
    if letter:
        if by is None or signed is not False:
            return []
        return [Told("unsigned", _("No doctor has signed the letter, and so many days ask for a doctor's."))]
    said = {
        None: _("A letter is needed: HR or the superior notes here that it was seen."),
        Proof.DOCTOR: ngettext(
            "%(num)s day of it asks for a doctor's letter: HR or the superior notes here that it was seen.",
            "%(num)s days of it ask for a doctor's letter: HR or the superior notes here that it was seen.",
            days,
        ),
        Proof.GOVERNMENT_DOCTOR: ngettext(
            "%(num)s day of it asks for a government doctor's letter: HR or the superior notes here that it was seen.",
            "%(num)s days of it ask for a government doctor's letter: HR or the superior notes here that it was seen.",
            days,
        ),
    }
    return [Told("letter", said[by])]


def _of_long_leave(known: Ledger, wish: Wish) -> list[Told]:
    """In a year of long leave there is no annual leave (PP 11/2017), but for exceptions: so it is told and no more."""
    other = {LeaveKind.ANNUAL: LeaveKind.LONG, LeaveKind.LONG: LeaveKind.ANNUAL}.get(LeaveKind(wish.kind))
    if other is None or known.rule(LeaveKind.LONG, wish.first) is None:
        return []
    asked = [one for one in known.requests if one.officer_id == known.officer_id and one.is_open and one.kind == other]
    taken = {day.year for day in known.granted.get(other, {})} | {
        year for one in asked for year in (one.first.year, one.until.year)
    }
    years = sorted(taken & {wish.first.year, wish.last.year})
    return [
        Told(
            "long_year",
            _(
                "%(kind)s stands in %(year)s: in a year of long leave there is no annual leave, but for exceptions.",
                kind=kinds.name(other),
                year=year,
            ),
        )
        for year in years
    ]


def _of_balance(found: Sequence[Balance], cost: dict[int, float]) -> list[Told]:
    told = []
    for one in found:
        if one.is_yearly and one.rule and one.quota is None:
            told.append(Told("no_quota", _("How many days there are in %(year)s is not set yet.", year=one.year)))
        if one.left is not None and one.left < cost[one.year]:
            short = cost[one.year] - one.left
            said = _("The balance of %(year)s would be %(days)s below zero.", year=one.year, days=days_text(short))
            told.append(Told("below_zero", said))
    return told


def _of_plan(known: Ledger, wish: Wish, besides: int | None) -> list[Told]:
    told = []
    span = set(dates(wish.first, wish.last))
    mine = [one for one in known.requests if one.officer_id == known.officer_id and one.id != besides]
    for one in mine:
        if one.first <= wish.last and one.until >= wish.first:
            what = _("asked for") if one.is_open else _("granted")
            said = _("%(kind)s of %(first)s to %(last)s is %(what)s already and overlaps.", kind=kinds.name(one.kind),
                     first=i18n.day(one.first), last=i18n.day(one.until), what=what)  # fmt: skip
            told.append(Told("overlap", said))
    asked = {one.grant_id for one in known.requests}
    by_hand = [day for held in known.granted.values() for day, id_ in held.items() if id_ not in asked and day in span]
    if by_hand:
        n = len(by_hand)
        said = ngettext("On %(num)s day the plan has leave already.", "On %(num)s days the plan has leave already.", n)
        told.append(Told("overlap", said))
    told += _of_holidays(known, wish)
    duty = [day for day in sorted(span) if _is_duty(known, day)]
    if duty:
        said = ngettext(
            "It lies over a duty order on %(num)s day.", "It lies over a duty order on %(num)s days.", len(duty)
        )
        told.append(Told("duty", said))
    return told


def _of_holidays(known: Ledger, wish: Wish) -> list[Told]:
    free = known.book.calendar.holidays
    named = [day for day in dates(wish.first, wish.last) if day in free]
    if not named:
        return []
    names = ", ".join(f"{i18n.day(day)} ({free[day]})" for day in named[:4])
    rule = known.rule(wish.kind, named[0])
    if rule and rule.counts_holidays:
        return [Told("holiday", _("Holidays in it count as well, by the rule: %(names)s.", names=names))]
    return [Told("holiday", _("Holidays in it cost no day: %(names)s.", names=names))]


def _is_duty(known: Ledger, day: date) -> bool:
    held = known.book.entries.get((known.officer_id, day), ())
    return any(one.layer is PlanLayer.DUTY for one in held)


def _of_past(db: Session, office_id: int, wish: Wish, today: date) -> list[Told]:
    if wish.first > today:
        return []
    told = []
    over = (min(wish.last, today - timedelta(days=1)) - wish.first).days + 1
    if over > 0:
        said = ngettext("%(num)s date of it is over already.", "%(num)s dates of it are over already.", over)
        told.append(Told("past", said))
    signed = days.signed(db, office_id, wish.first, wish.last)
    if signed:
        months = ", ".join(f"{month:%m/%Y}" for month in signed)
        said = _("%(months)s is signed already: what changes there comes in a dated supplement.", months=months)
        told.append(Told("signed", said))
    return told


def days_text(number: float) -> str:
    """Return days as people say them: 1 hari, 2,5 hari."""
    if number == int(number):
        return ngettext("%(num)s day", "%(num)s days", int(number))
    return _("%(days)s days", days=format_decimal(number, locale=i18n.current_locale()))


@dataclass(frozen=True)
class Sent:
    """`first_time` False: it was there already, from the same press or from another tab."""

    leave_id: int
    first_time: bool = True


def ask(db: Session, me: Viewer, wish: Wish, *, key: str, now: datetime) -> Sent:
    """Send my wish to whoever decides first."""
    me.require("leave")
    if me.officer_id is None:
        raise Forbidden(_("This account belongs to no officer, so it has no leave."))
    today = clock.local_day(now, me.zone)
    lock_row(db, Officer, me.officer_id)
    there = sent_before(db, me, me.officer_id, wish, key)
    if there:
        return Sent(there, first_time=False)
    refuse_over(wish, today)
    outlook(db, me.office_id, me.officer_id, wish, today=today)
    if wish.stand_in_id:
        absent = standing_in.Absence(me.officer_id, me.division_id, wish.first, wish.last)
        standing_in.refuse_unfit(db, me.office_id, absent, wish.stand_in_id)
    leave_id = store(db, me, me.officer_id, wish, state=LeaveState.ASKED, key=key, now=now)
    step(db, me, leave_id, LeaveAct.ASKED, now=now)
    audit.record(db, me, "leave.asked", "officer", me.officer_id, now=now, leave=leave_id, **_facts(wish))
    telling.tell(db, me, leave_for(db, me, leave_id, now=now), now=now)
    return Sent(leave_id)


def _facts(wish: Wish) -> dict[str, Any]:
    """What the trail says of a leave: its note may be private."""
    return {
        "kind": wish.kind, "first": wish.first, "last": wish.last, "half_day": wish.half_day, "part": wish.part
    }  # fmt: skip


def sent_before(db: Session, me: Viewer, officer_id: int, wish: Wish, key: str) -> int | None:
    """Return what the same press, or the same wish from another tab, stored; Conflict when the key said otherwise."""
    same = (LeaveRequest.office_id == me.office_id) & (LeaveRequest.officer_id == officer_id)
    pressed = db.scalar(
        select(LeaveRequest).where(LeaveRequest.office_id == me.office_id, LeaveRequest.idempotency_key == key)
    )
    if pressed is not None:
        said = (pressed.officer_id, pressed.kind, pressed.first, pressed.last, pressed.half_day, pressed.part)
        asked = (officer_id, wish.kind, wish.first, wish.last, wish.half_day, wish.part)
        if (*said, pressed.note, pressed.stand_in_id) != (*asked, wish.note, wish.stand_in_id):
            raise said_otherwise()
        return pressed.id
    stands = LeaveRequest.state.in_((LeaveState.ASKED, LeaveState.AGREED, LeaveState.GRANTED))
    words = (LeaveRequest.kind == wish.kind) & (LeaveRequest.first == wish.first) & (LeaveRequest.until == wish.last)
    words &= (LeaveRequest.half_day == wish.half_day) & LeaveRequest.part.is_not_distinct_from(wish.part)
    return db.scalar(select(LeaveRequest.id).where(same, stands, words).limit(1))


def store(db: Session, me: Viewer, officer_id: int, wish: Wish, *, key: str, now: datetime, **facts: Any) -> int:
    values = {
        "office_id": me.office_id,
        "officer_id": officer_id,
        "kind": wish.kind,
        "first": wish.first,
        "last": wish.last,
        "until": wish.last,
        "half_day": wish.half_day,
        "part": wish.part,
        "note": wish.note,
        "stand_in_id": wish.stand_in_id,
        "document": "",
        "created_by": me.account_id,
        "created_at": now,
        "idempotency_key": key,
    }
    if not insert_unless_there(db, LeaveRequest, values | facts):
        raise said_otherwise()
    mine = (LeaveRequest.office_id == me.office_id) & (LeaveRequest.idempotency_key == key)
    return db.scalars(select(LeaveRequest.id).where(mine)).one()


def step(db: Session, me: Viewer, leave_id: int, act: LeaveAct, *, now: datetime, **facts: Any) -> None:
    who = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now}
    db.add(LeaveStep(request_id=leave_id, act=act, **who, **facts))
    db.flush()
