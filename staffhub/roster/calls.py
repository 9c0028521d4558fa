"""Calls: somebody who is at home today is asked to come to the office and keep a desk, and answers herself.

Of a day to come it is said and told (`repairing.call_in`); on the day itself whoever is at home may be far away, and is
asked. Both become a day in the office written by hand, with the desk (`come`), which no roster that is published
afterwards takes back. An answer is looked at again behind the lock of the person, as a leave is.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock, i18n, notify, office, workdays
from staffhub.ahead import Ask
from staffhub.db import lock_row, read, rows, write_over
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    CallState,
    DutyCall,
    EmploymentType,
    NoticeKind,
    Officer,
    PlanLayer,
    PlanMode,
    Posting,
    posting_on,
    serves,
)
from staffhub.roster.coverage import kept_home
from staffhub.roster.entries import Range, grant_all
from staffhub.roster.standing_in import why_not_free
from staffhub.security import Viewer


@dataclass(frozen=True)
class Done:
    """What came of a press. `first_time` False: the same press came before."""

    call_id: int
    first_time: bool = True


@dataclass(frozen=True)
class Call:
    """Somebody who is called to a desk on a date, by whom, and what she answered; times are local."""

    id: int
    division_id: int
    officer_id: int
    officer: str
    day: date
    group: str
    state: CallState
    note: str
    caller_id: int | None
    caller: str
    asked_at: datetime
    answered_at: datetime | None
    version: int
    phone: str

    def may_withdraw(self, me: Viewer) -> bool:
        return writes(me, self.division_id)


def writes(me: Viewer, division_id: int | None) -> bool:
    """Whether somebody calls people to the desk of this bidang."""
    return me.may("roster.edit") and me.sees(officer_id=None, division_id=division_id)


_OFFICE, _DAY = bindparam("office", type_=BigInteger), bindparam("day", type_=Date)
_by = aliased(Officer)
_CALLS = (
    select(
        DutyCall.id,
        DutyCall.division_id,
        DutyCall.officer_id,
        Officer.name,
        DutyCall.date,
        DutyCall.group,
        DutyCall.state,
        DutyCall.note,
        DutyCall.asked_by,
        func.coalesce(_by.name, Account.name, ""),
        DutyCall.asked_at,
        DutyCall.answered_at,
        DutyCall.version,
        Officer.phone,
    )
    .join(Officer, Officer.id == DutyCall.officer_id)
    .outerjoin(Account, Account.id == DutyCall.asked_by)
    .outerjoin(_by, _by.id == Account.officer_id)
    .where(DutyCall.office_id == _OFFICE)
)
_ONE = _CALLS.where(DutyCall.id == bindparam("call"))
_OF_DAY = _CALLS.where(DutyCall.date == _DAY).order_by(DutyCall.id)


def _call(me: Viewer, row: Any) -> Call:
    one = Call(*row)
    answered = one.answered_at and one.answered_at.astimezone(me.zone)
    return replace(one, asked_at=one.asked_at.astimezone(me.zone), answered_at=answered)


def call_for(db: Session, me: Viewer, call_id: int) -> Call:
    """Load a call, of who is called, who called, and who writes the roster of that bidang."""
    row = rows(db, _ONE, office=me.office_id, call=call_id).one_or_none()
    if row is None:
        raise NotFound(_("There is no such call."))
    one = _call(me, row)
    if me.officer_id != one.officer_id and me.author != one.caller_id and not writes(me, one.division_id):
        raise Forbidden(_("A call is seen by who is called and by who writes the duty roster."))
    return one


def calls_of(db: Session, me: Viewer, day: date) -> list[Call]:
    """Return the calls of a day, whatever became of them, to the desks that I write the roster of."""
    found = [_call(me, row) for row in rows(db, _OF_DAY, office=me.office_id, day=day)]
    return [one for one in found if writes(me, one.division_id)]


_WAITING = (
    select(DutyCall.id, DutyCall.division_id)
    .where(DutyCall.office_id == _OFFICE, DutyCall.officer_id == bindparam("officer"), DutyCall.date == _DAY)
    .where(DutyCall.state == CallState.ASKED)
)


def ask_waiting(office_id: int, officer_id: int, day: date) -> Ask:
    return Ask(_WAITING, {"office": office_id, "officer": officer_id, "day": day})


def waiting(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> tuple[int, str] | None:
    """Return the call of today that somebody may still answer, and to whose desk it is; nobody has two."""
    day = clock.local_day(now, me.zone)
    row = read(db, ask_waiting(me.office_id, officer_id, day)).one_or_none()
    if row is None or is_over(db, me, day, now):
        return None
    return row[0], office.divisions(db, me.office_id)[row[1]].short_name


_PERSON = (
    select(
        Officer.name,
        Posting.division_id,
        Posting.employment_type,
        select(Account.id).where(Account.officer_id == Officer.id, Account.disabled_at.is_(None)).exists(),
    )
    .join(Posting, and_(Posting.officer_id == Officer.id, posting_on(_DAY)))
    .where(Officer.office_id == _OFFICE, Officer.id == bindparam("officer"), serves(_DAY, _DAY))
)


def call(
    db: Session,
    me: Viewer,
    *,
    officer_id: int,
    division_id: int,
    day: date,
    group: str,
    now: datetime,
) -> Done:
    """Call somebody to the desk of a bidang; whoever is called already is called once.

    `group`: of the rule for which one is needed there; "" where no group is short.
    """
    desk = office.divisions(db, me.office_id).get(division_id)
    if desk is None:
        raise NotFound(_("There is no such division."))
    if not writes(me, division_id):
        raise Forbidden(_("People are called by HR, the head of the office and the head of the division."))
    lock_row(db, Officer, officer_id)
    if there := _standing(db, me, officer_id, day):
        return _called_before(db, me, there, division_id)
    _refuse_over(db, me, day, now)
    name, _own, employment, has_account = _person(db, me, officer_id, day)
    types = next(
        (one.types for one in workdays.calendar(db, me.office_id).coverage(day, desk).groups if one.name == group), ()
    )
    if group and employment not in types:
        raise Refused(_("%(name)s is of another group.", name=name))
    said = _why_not(db, me, officer_id, day) if has_account else _("has no account to answer with")
    if said:
        raise Refused(_("%(name)s cannot come: %(why)s.", name=name, why=said))
    added = DutyCall(
        office_id=me.office_id,
        division_id=division_id,
        officer_id=officer_id,
        date=day,
        group=group,
        state=CallState.ASKED,
        asked_by=me.author,
        asked_at=now,
        version=1,
    )
    db.add(added)
    db.flush()
    one = call_for(db, me, added.id)
    audit.record(db, me, "call.asked", "duty_call", one.id, now=now, officer=officer_id, date=day, to=division_id)
    _tell(db, me, one, NoticeKind.DUTY_CALL_ASKED, {"who": me.name}, "asked", officers={officer_id}, now=now)
    return Done(one.id)


_STANDING = _CALLS.where(DutyCall.officer_id == bindparam("officer"), DutyCall.date == _DAY).where(
    DutyCall.state.in_((CallState.ASKED, CallState.ACCEPTED))
)


def _standing(db: Session, me: Viewer, officer_id: int, day: date) -> Call | None:
    row = rows(db, _STANDING, office=me.office_id, officer=officer_id, day=day).one_or_none()
    return None if row is None else _call(me, row)


def _called_before(db: Session, me: Viewer, there: Call, division_id: int) -> Done:
    """A second tap is answered like the first; another head is told who was quicker."""
    if (there.caller_id, there.division_id) == (me.author, division_id):
        return Done(there.id, first_time=False)
    desk = office.divisions(db, me.office_id)[there.division_id].short_name
    said = _("%(name)s was called already by %(who)s, to the desk of %(desk)s.")
    raise Conflict(said % {"name": there.officer, "who": there.caller, "desk": desk})


def _person(db: Session, me: Viewer, officer_id: int, day: date) -> tuple[str, int | None, EmploymentType, bool]:
    row = rows(db, _PERSON, office=me.office_id, officer=officer_id, day=day).one_or_none()
    if row is None:
        raise Refused(_("Whoever is called no longer serves in the office then."))
    return row[0], row[1], row[2], row[3]


def is_over(db: Session, me: Viewer, day: date, now: datetime) -> bool:
    """Whether a call of that day is past answering, by the office's usual hours."""
    hours, local = workdays.calendar(db, me.office_id).hours(day), now.astimezone(me.zone)
    today = local.date()
    return day < today or (day == today and hours is not None and local.time() >= hours.ends)


def _refuse_over(db: Session, me: Viewer, day: date, now: datetime) -> None:
    if is_over(db, me, day, now):
        raise Refused(_("The working day of %(day)s is over.", day=i18n.day(day)))


def _why_not(db: Session, me: Viewer, officer_id: int, day: date) -> str:
    plan = workdays.plans(db, me.office_id, day, day, officers=[officer_id]).of(officer_id, day)
    stays = any(who == officer_id for who, _first, _last in kept_home(db, me.office_id, day, day))
    return why_not_free(plan, stays_home=stays)


def accept(db: Session, me: Viewer, call_id: int, *, now: datetime) -> Done:
    """Whoever is called comes: the day is written into the plan, with the desk."""
    one = _locked(db, me, call_id)
    if me.officer_id != one.officer_id:
        raise Forbidden(_("Only who is called answers."))
    if one.state is CallState.ACCEPTED:
        return Done(one.id, first_time=False)
    _refuse_answered(one)
    _refuse_over(db, me, one.day, now)
    name, own, *_rest = _person(db, me, one.officer_id, one.day)
    if said := _why_not(db, me, one.officer_id, one.day):
        raise Refused(_("%(name)s cannot come: %(why)s.", name=name, why=said))
    grant_id = come(db, me, one.officer_id, one.day, at=one.division_id, own=own, now=now)
    return _answer(db, me, one, CallState.ACCEPTED, grant_id=grant_id, now=now)


def come(db: Session, me: Viewer, officer_id: int, day: date, *, at: int, own: int | None, now: datetime) -> int:
    """Write a day in the office by hand, at this desk, of who serves in the bidang `own`; return the range."""
    written = Range(PlanLayer.HAND, PlanMode.OFFICE, day, day, desk_id=at if own != at else None)
    return grant_all(db, me, [officer_id], written, now=now)[officer_id]


def decline(db: Session, me: Viewer, call_id: int, *, note: str = "", now: datetime) -> Done:
    one = _locked(db, me, call_id)
    if me.officer_id != one.officer_id:
        raise Forbidden(_("Only who is called answers."))
    if one.state is CallState.DECLINED:
        return Done(one.id, first_time=False)
    _refuse_answered(one)
    return _answer(db, me, one, CallState.DECLINED, note=note, now=now)


def withdraw(db: Session, me: Viewer, call_id: int, *, now: datetime) -> Done:
    """Whoever writes the roster needs nobody any more; before an answer."""
    one = _locked(db, me, call_id)
    if not one.may_withdraw(me):
        raise Forbidden(_("People are called by HR, the head of the office and the head of the division."))
    if one.state is CallState.WITHDRAWN:
        return Done(one.id, first_time=False)
    _refuse_answered(one)
    return _answer(db, me, one, CallState.WITHDRAWN, now=now)


def _locked(db: Session, me: Viewer, call_id: int) -> Call:
    lock_row(db, Officer, call_for(db, me, call_id).officer_id)
    return call_for(db, me, call_id)


def _refuse_answered(one: Call) -> None:
    said = {
        CallState.ACCEPTED: _("%(name)s has accepted already.", name=one.officer),
        CallState.DECLINED: _("%(name)s has declined already.", name=one.officer),
        CallState.WITHDRAWN: _("This call was withdrawn: nobody is needed any more."),
    }
    if one.state in said:
        raise Conflict(said[one.state])


def _answer(db: Session, me: Viewer, one: Call, state: CallState, *, now: datetime, **facts: Any) -> Done:
    write_over(db, DutyCall, one.id, seen=one.version, state=state, answered_at=now, **facts)
    audit.record(db, me, f"call.{state.value}", "duty_call", one.id, now=now, officer=one.officer_id, date=one.day)
    notify.over(db, notify.Subject("duty_call", one.id), [NoticeKind.DUTY_CALL_ASKED], now=now)
    own = state is CallState.WITHDRAWN
    officers, accounts = ({one.officer_id}, ()) if own else ((), {one.caller_id} if one.caller_id else ())
    params = {"who": me.name, "what": state.value}
    _tell(
        db, me, one, NoticeKind.DUTY_CALL_CHANGED, params, state.value, officers=officers, accounts=accounts, now=now
    )  # fmt: skip
    return Done(one.id)


def _tell(
    db: Session,
    me: Viewer,
    one: Call,
    kind: NoticeKind,
    params: dict[str, Any],
    key: str,
    *,
    now: datetime,
    **readers: Any,
) -> None:
    desk = office.divisions(db, me.office_id)[one.division_id].short_name
    notify.tell(
        db,
        office_id=me.office_id,
        kind=kind,
        params=params | {"day": one.day, "of": desk},
        address=f"/roster/calls/{one.id}",
        key=f"duty_call:{one.id}:{key}",
        by=me.account_id,
        subject=notify.Subject("duty_call", one.id),
        now=now,
        **readers,
    )
