"""What people ask to have corrected: one request with its history, what waits for whom, and all of a span of days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Date, bindparam, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    Correction,
    CorrectionKind,
    CorrectionReason,
    CorrectionRequest,
    CorrectionStep,
    Officer,
    Posting,
    RequestStep,
    Role,
    WaitingRequest,
    WorkMode,
    posting_on,
)
from staffhub.security import Viewer

_OFFICE = bindparam("office", type_=BigInteger)
_OF_OFFICE = CorrectionRequest.office_id == _OFFICE


class Standing(StrEnum):
    """Where a request is. `late`: the superior did not decide in time, so that HR has it."""

    SUPERIOR = "superior"
    LATE = "late"
    HR = "hr"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"


_ENDS = {
    RequestStep.CONFIRMED: Standing.CONFIRMED,
    RequestStep.DECLINED: Standing.DECLINED,
    RequestStep.WITHDRAWN: Standing.WITHDRAWN,
    RequestStep.SETTLED: Standing.SETTLED,
}


def _standing(
    kind: RequestStep, holder: int | None, decide_by: date | None, left: date | None, today: date
) -> Standing:
    """Say where a request is after its last step; whoever has left can decide no more, and HR has it too."""
    if kind in _ENDS:
        return _ENDS[kind]
    if holder is None or (left is not None and left < today):
        return Standing.HR
    return Standing.LATE if decide_by is not None and decide_by < today else Standing.SUPERIOR


@dataclass(frozen=True)
class Step:
    """One step of a request; the time is local. `to`: who has it afterwards, "" for HR or nobody.

    `reason`: of the correction that settled it.
    """

    turn: int
    kind: RequestStep
    by: str
    by_id: int | None
    at: datetime
    note: str
    to_id: int | None
    to: str
    to_left: date | None
    decide_by: date | None
    reason: CorrectionReason | None = None


@dataclass(frozen=True)
class Request:
    """A request with its history, oldest step first; times are local."""

    id: int
    officer_id: int
    officer: str
    active_from: date
    active_to: date | None
    day: date
    kind: CorrectionKind
    at: datetime | None
    until: datetime | None
    mode: WorkMode | None
    reason: CorrectionReason
    note: str
    created_at: datetime
    standing: Standing
    steps: tuple[Step, ...] = ()

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def turn(self) -> int:
        return self.last.turn

    @property
    def is_open(self) -> bool:
        return self.standing not in _ENDS.values()

    @property
    def with_hr(self) -> bool:
        return self.standing in {Standing.HR, Standing.LATE}

    @property
    def holder_id(self) -> int | None:
        """The superior who has it; None: HR, or it is decided."""
        return self.last.to_id if self.standing is Standing.SUPERIOR else None


def request_for(db: Session, me: Viewer, request_id: int, *, now: datetime) -> Request:
    """Load a request that I may see, in one statement: mine, one I was asked about, or of somebody in my scope."""
    found = rows(db, _of_id(), office=me.office_id, id=request_id).all()
    if not found:
        raise NotFound(_("There is no such request."))
    (one,) = _told(found, me, now)
    asked = {step.to_id for step in one.steps} - {None}
    scope = me.may("attendance") and me.sees(officer_id=one.officer_id, division_id=found[0].division_id)
    if not (one.officer_id == me.officer_id or me.officer_id in asked or scope):
        raise Forbidden(_("This request belongs to somebody outside your scope."))
    return one


def requests_of_day(db: Session, me: Viewer, officer_id: int, day: date, *, now: datetime) -> list[Request]:
    """Return what was asked for a day, oldest first; whose day it is was checked by whoever loads the day."""
    return _told(rows(db, _of_day(), office=me.office_id, officer=officer_id, day=day).all(), me, now)


def waiting_for(db: Session, me: Viewer, *, now: datetime, limit: int | None = None) -> list[Request]:
    """Return what waits for my decision, the oldest day first, in one statement."""
    today = clock.local_day(now, me.zone)
    found = _told(rows(db, _open(me.role), **asked_of(me, today)).all(), me, now)
    return found[:limit]


def mine(db: Session, me: Viewer, first: date, last: date, *, now: datetime) -> list[Request]:
    """Return my own requests: those of a span of days, and whatever is still open; newest first."""
    if me.officer_id is None:
        return []
    asked = {"office": me.office_id, "officer": me.officer_id, "first": first, "last": last}
    found = _told(rows(db, _own(), **asked).all(), me, now)
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def of_scope(db: Session, me: Viewer, first: date, last: date, *, now: datetime) -> list[Request]:
    """Return what people of my scope asked for days of a span, newest first."""
    statement = _asked().where(_OF_OFFICE, CorrectionRequest.date.between(first, last))
    statement = statement.where(me.within(CorrectionRequest.officer_id, Posting.division_id))
    found = _told(db.execute(statement, {"office": me.office_id}).all(), me, now)
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def asked_of(me: Viewer, today: date) -> dict[str, object]:
    return {"office": me.office_id, "today": today, "me": me.officer_id}


def waits_for(role: Role) -> sa.ColumnElement[bool]:
    """Say which rows of what waits are for a viewer: parameters are those of `asked_of`; the holder is `_to`.

    HR decides on nobody's day that is the own one; where one account alone is HR's, the head decides on that one's.
    """
    today, me = bindparam("today", type_=Date), bindparam("me", type_=BigInteger)
    in_time = WaitingRequest.decide_by.is_(None) | (WaitingRequest.decide_by >= today)
    holding = aliased(Officer)
    there = (
        select(holding.id)
        .where(holding.id == WaitingRequest.holder_id, holding.active_to.is_(None) | (holding.active_to >= today))
        .exists()
    )
    holder = (WaitingRequest.holder_id == me) & in_time & (WaitingRequest.officer_id != sa.func.coalesce(me, -1))
    with_hr = WaitingRequest.holder_id.is_(None) | ~in_time | ~there
    if role is Role.HR:
        return holder | (with_hr & (WaitingRequest.officer_id != sa.func.coalesce(me, -1)))
    if role is Role.OFFICE_HEAD:
        return holder | (with_hr & _of_whoever_is_hr_alone(today))
    return holder


def _of_whoever_is_hr_alone(today: Any) -> sa.ColumnElement[bool]:
    person, posting, account = aliased(Officer), aliased(Posting), aliased(Account)
    in_force = (posting.valid_from <= today) & (posting.valid_to.is_(None) | (posting.valid_to >= today))
    serves = (person.active_from <= today) & (person.active_to.is_(None) | (person.active_to >= today))
    alone = (
        select(sa.func.count())
        .select_from(person)
        .join(posting, (posting.office_id == person.office_id) & (posting.officer_id == person.id) & in_force)
        .join(account, (account.officer_id == person.id) & account.disabled_at.is_(None))
        .where(person.office_id == _OFFICE, posting.role == Role.HR, serves)
    )
    its_own = alone.where(person.id == WaitingRequest.officer_id).correlate(WaitingRequest).scalar_subquery()
    return (alone.scalar_subquery() == 1) & (its_own == 1)


@cache
def _open(role: Role) -> Any:
    waiting = _asked().join(WaitingRequest, WaitingRequest.request_id == CorrectionRequest.id)
    return waiting.where(WaitingRequest.office_id == _OFFICE, waits_for(role))


@cache
def _of_id() -> Any:
    return _asked().where(_OF_OFFICE, CorrectionRequest.id == bindparam("id", type_=BigInteger))


@cache
def _of_day() -> Any:
    officer, day = bindparam("officer", type_=BigInteger), bindparam("day", type_=Date)
    return _asked().where(_OF_OFFICE, CorrectionRequest.officer_id == officer, CorrectionRequest.date == day)


@cache
def _own() -> Any:
    officer = bindparam("officer", type_=BigInteger)
    still = select(WaitingRequest.request_id).where(
        WaitingRequest.office_id == _OFFICE, WaitingRequest.officer_id == officer
    )
    of_days = CorrectionRequest.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date))
    return _asked().where(CorrectionRequest.officer_id == officer, of_days | CorrectionRequest.id.in_(still))


@cache
def _asked() -> Any:
    """Requests with their steps, a row each, in order; whose they are the caller says, by whatever index finds them."""
    by, to = aliased(Officer), aliased(Officer)
    request, step = CorrectionRequest, CorrectionStep
    # The step that a correction of HR brought about bears its key, and a number where there are several. A look-up of
    # its own: PostgreSQL takes more than eight tables in the order in which they are joined.
    settled_by = (
        select(Correction.reason)
        .where(step.kind == RequestStep.SETTLED, Correction.office_id == request.office_id)
        .where(Correction.officer_id == request.officer_id, Correction.date == request.date)
        .where(step.idempotency_key.startswith(Correction.idempotency_key))
        .limit(1)
        .correlate(request, step)
        .scalar_subquery()
    )
    return (
        select(
            request.id,
            request.officer_id,
            Officer.name,
            Officer.active_from,
            Officer.active_to,
            request.date,
            request.kind,
            request.at,
            request.until,
            request.mode,
            request.reason,
            request.note,
            request.created_at,
            Posting.division_id.label("division_id"),
            step.turn,
            step.kind.label("step"),
            sa.func.coalesce(by.name, Account.username).label("by"),
            Account.officer_id.label("by_id"),
            step.created_at.label("step_at"),
            step.note.label("step_note"),
            step.to_id,
            sa.func.coalesce(to.name, "").label("to"),
            to.active_to.label("to_left"),
            step.decide_by,
            settled_by.label("step_reason"),
        )
        .select_from(request)
        .join(Officer, Officer.id == request.officer_id)
        .outerjoin(Posting, posting_on(request.date))
        .join(step, step.request_id == request.id)
        .join(Account, Account.id == step.created_by)
        .outerjoin(by, by.id == Account.officer_id)
        .outerjoin(to, to.id == step.to_id)
        .order_by(request.date, request.id, step.turn)
    )


_FACTS = 13  # columns of the request itself, as they stand in Request


def _told(found: Sequence[Any], me: Viewer, now: datetime) -> list[Request]:
    told: dict[int, Request] = {}
    today = clock.local_day(now, me.zone)
    for row in found:
        at = row.step_at.astimezone(me.zone)
        step = Step(
            row.turn,
            row.step,
            row.by,
            row.by_id,
            at,
            row.step_note,
            row.to_id,
            row.to,
            row.to_left,
            row.decide_by,
            row.step_reason,
        )
        standing = _standing(step.kind, step.to_id, step.decide_by, step.to_left, today)
        before = told.get(row.id)
        if before is None:
            values = (_local(value, me) for value in row[:_FACTS])
            told[row.id] = Request(*values, standing, (step,))  # type: ignore[call-arg]
        else:
            told[row.id] = replace(before, standing=standing, steps=(*before.steps, step))
    return list(told.values())


def _local(value: Any, me: Viewer) -> Any:
    return value.astimezone(me.zone) if isinstance(value, datetime) else value
