"""The roll call of a bidang (apel pagi): who was to be there, and what its head ticked, act after act."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, days, i18n, office, workdays
from staffhub.among import is_among
from staffhub.days import Facts, State
from staffhub.db import changed_meanwhile, insert_unless_there, rows
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    DayPart,
    Officer,
    PlanMode,
    Posting,
    RollCall,
    RollCallEntry,
    RollState,
    posting_on,
    serves,
)
from staffhub.office import Bidang
from staffhub.security import Viewer
from staffhub.workdays import Way

# How long a list can still be ticked or changed; after that a correction says what was.
OPEN_DAYS = 7
_A_MINUTE = timedelta(minutes=1)


class Free(StrEnum):
    """Why somebody is not asked. What kind of leave it is, is nobody's business here."""

    AWAY = "away"
    HOME = "home"
    FIELD = "field"
    PROVED = "proved"
    ONESELF = "oneself"


class Tick(NamedTuple):
    """What is ticked of somebody; `at`: when who came late was there, empty: at the moment of saving."""

    state: RollState
    at: time | None = None


class Line(NamedTuple):
    """Somebody who is asked for, and how the list stands; `at` is local."""

    officer_id: int
    name: str
    state: RollState
    at: datetime | None


class Rest(NamedTuple):
    """Somebody who is not asked for; `at`: when presence was proved otherwise, local."""

    officer_id: int
    name: str
    why: Free
    at: datetime | None = None


class Act(NamedTuple):
    """One saving of the list; times are local."""

    turn: int
    held_at: datetime
    author: str
    created_at: datetime
    reason: str


@dataclass(frozen=True)
class RollSheet:
    """The list of a bidang on a date. `version` counts the acts, from 1: nothing saved yet. `divisions`: whose lists
    the viewer may open.
    """

    day: date
    name: str
    division: Bidang
    divisions: Sequence[Bidang]
    lines: Sequence[Line]
    rest: Sequence[Rest]
    acts: Sequence[Act]
    held_at: time
    is_open: bool

    @property
    def version(self) -> int:
        return self.acts[-1].turn + 1 if self.acts else 1

    @property
    def counts(self) -> Counter[RollState]:
        return Counter(one.state for one in self.lines)


class _Person(NamedTuple):
    id: int
    name: str
    active_from: date
    active_to: date | None


def sheet(db: Session, me: Viewer, day: date, division_id: int | None, *, now: datetime) -> RollSheet:
    """Return the list with everybody who serves there that day: in five statements, however many they are."""
    me.require("roll_call")
    division, offered = _division(db, me, division_id)
    acts = _acts(db, me, division.id, day)
    lines, rest = _people(db, me, division.id, day, now=now)
    name, starts = _called(db, me.office_id, day)
    local = now.astimezone(me.zone)
    if acts:
        held = acts[-1].held_at.time()
    else:
        held = min(starts, local.time().replace(second=0, microsecond=0)) if day == local.date() else starts
    return RollSheet(
        day=day,
        name=name or _("Roll call"),
        division=division,
        divisions=offered,
        lines=lines,
        rest=rest,
        acts=acts,
        held_at=held,
        is_open=local.date() - timedelta(days=OPEN_DAYS) <= day <= local.date(),
    )


def _division(db: Session, me: Viewer, asked: int | None) -> tuple[Bidang, list[Bidang]]:
    """A head ticks the own people; the head of the office and that of the secretariat everybody."""
    known, center = office.divisions(db, me.office_id), office.secretariat(db, me.office_id)
    whole = me.sees_everyone or (me.division_id is not None and me.division_id == center)
    offered = [one for one in known.values() if whole or one.id == me.division_id]
    chosen = asked or me.division_id or center or (offered[0].id if offered else None)
    if chosen not in known:
        raise NotFound(_("There is no such division."))
    if all(one.id != chosen for one in offered):
        raise Forbidden(_("You keep the list of your own division only."))
    return known[chosen], offered


def _called(db: Session, office_id: int, day: date) -> tuple[str, time]:
    """Return what the rule book calls the roll call of the morning and when it is held, else when work begins."""
    schedule = workdays.calendar(db, office_id).schedule(day)
    if schedule is None:
        return "", time(7, 30)
    noon = time(12)
    windows = [one for one in schedule.roll_calls if one.starts < noon]
    return (windows[0].name, windows[0].starts) if windows else ("", schedule.hours.starts)


_ACTS: Any = (
    select(
        RollCall.turn,
        RollCall.held_at,
        sa.func.coalesce(Officer.name, Account.name, Account.username),
        RollCall.created_at,
        RollCall.reason,
    )
    .join(Account, Account.id == RollCall.created_by)
    .outerjoin(Officer, Officer.id == Account.officer_id)
    .where(RollCall.office_id == bindparam("office"), RollCall.division_id == bindparam("division"))
    .where(RollCall.date == bindparam("day", type_=sa.Date))
    .order_by(RollCall.turn)
)


def _acts(db: Session, me: Viewer, division_id: int, day: date) -> list[Act]:
    found = rows(db, _ACTS, office=me.office_id, division=division_id, day=day)
    return [
        Act(turn, held.astimezone(me.zone), author, created.astimezone(me.zone), reason)
        for turn, held, author, created, reason in found
    ]


@cache
def _serving(*, in_none: bool) -> Any:
    """`in_none`: with those who serve in no bidang."""
    day = bindparam("day", type_=sa.Date)
    here: Any = Posting.division_id == bindparam("division")
    return (
        select(Officer.id, Officer.name, Officer.active_from, Officer.active_to)
        .join(Posting, posting_on(day))
        .where(Officer.office_id == bindparam("office"), serves(day, day))
        .where(sa.or_(here, Posting.division_id.is_(None)) if in_none else here)
        .order_by(Officer.name, Officer.id)
    )


def _entries() -> Any:
    one = RollCallEntry
    wanted: Any = select(one.officer_id, one.state, one.at).where(one.office_id == bindparam("office"))
    return wanted.where(one.date == bindparam("day", type_=sa.Date), is_among(one.officer_id)).order_by(one.id)


_ENTRIES = _entries()


def _people(db: Session, me: Viewer, division_id: int, day: date, *, now: datetime) -> tuple[list[Line], list[Rest]]:
    asked = {"office": me.office_id, "division": division_id, "day": day}
    center = office.secretariat(db, me.office_id)
    people = [_Person._make(row) for row in rows(db, _serving(in_none=division_id == center), **asked)]
    loaded = days.load(db, me.office_id, people, [day], zone=me.zone, now=now)
    said = rows(db, _ENTRIES, office=me.office_id, day=day, ids=[one.id for one in people])
    ticked = {who: (state, at and at.astimezone(me.zone)) for who, state, at in said}
    lines, rest = [], []
    for one in people:
        facts = loaded.facts[one.id, day]
        why, at = _why_not(facts) if one.id != me.officer_id else (Free.ONESELF, None)
        if why is None or (why is Free.PROVED and one.id in ticked):
            lines.append(Line(one.id, one.name, *ticked.get(one.id, (RollState.MISSING, None))))
        else:
            rest.append(Rest(one.id, one.name, why, at))
    return lines, rest


def _why_not(facts: Facts) -> tuple[Free | None, datetime | None]:
    """Say why somebody is not asked; None: he is. Who proved presence by what stands in for a roll call need not."""
    plan, record = facts.plan, days.reconcile(facts)
    if not plan.is_work or record.state is State.LEAVE or (plan.half and plan.half.part is DayPart.MORNING):
        return Free.AWAY, None
    if plan.mode is PlanMode.FIELD:
        return Free.FIELD, None
    if plan.mode is PlanMode.HOME:
        return Free.HOME, None
    proved = days.proved_without(facts, Way.ROLL_CALL)
    return (Free.PROVED, proved.astimezone(facts.zone)) if proved else (None, None)


class Wish(NamedTuple):
    """A list as it is to stand. `seen`: the version that was shown; `everybody`: who is not ticked was there."""

    day: date
    division_id: int | None
    held_at: time
    ticks: Mapping[int, Tick]
    seen: int | None
    key: str
    reason: str = ""
    everybody: bool = False


def save(db: Session, me: Viewer, wish: Wish, *, now: datetime) -> bool:
    """Add an act with all that is otherwise than before; False: nothing is, or the same press was done already.

    Who is not asked for by now, being on leave since the page was opened, is left out. Of two at once the second is
    told.
    """
    me.require("roll_call")
    found = sheet(db, me, wish.day, wish.division_id, now=now)
    if db.scalar(select(RollCall.id).where(RollCall.office_id == me.office_id, RollCall.idempotency_key == wish.key)):
        return False
    if not found.is_open:
        raise Refused(_("A roll call is written within %(n)s days; after that a correction is.", n=OPEN_DAYS))
    if wish.seen not in {None, found.version}:
        raise Conflict(changed_meanwhile())
    held_at = clock.at_local(wish.day, wish.held_at, me.zone)
    if held_at > now + _A_MINUTE:
        raise Refused(_("This is still to come: save the list when it was held."), field="held_at")
    changed = _changed(found, wish, held_at, now, me)
    if not changed:
        return False
    if found.acts and not wish.reason:
        raise Refused(_("The list was saved before: write why it changes."), field="reason")
    _add(db, me, found, wish, held_at, changed, now)
    return True


_Entry = tuple[RollState, datetime | None]


def _changed(found: RollSheet, wish: Wish, held_at: datetime, now: datetime, me: Viewer) -> dict[int, _Entry]:
    changed: dict[int, _Entry] = {}
    for line in found.lines:
        tick = wish.ticks.get(line.officer_id)
        if tick is None:  # not on the list when it was opened
            continue
        if wish.everybody and tick.state is RollState.MISSING:
            tick = Tick(RollState.PRESENT)
        at = _at(line, tick, wish.day, held_at, now, me)
        if (tick.state, at) != (line.state, line.at):
            changed[line.officer_id] = tick.state, at
    return changed


def _at(line: Line, tick: Tick, day: date, held_at: datetime, now: datetime, me: Viewer) -> datetime | None:
    """From when on somebody was there, so ticked; late without a time is now, or as it was."""
    if tick.state is RollState.PRESENT:
        return held_at
    if tick.state is not RollState.LATE:
        return None
    if tick.at is None and line.state is RollState.LATE:
        return line.at
    field = f"at_{line.officer_id}"
    if tick.at is None and day != clock.local_day(now, me.zone):
        raise Refused(_("Write when %(name)s came.", name=line.name), field=field)
    at = clock.at_local(day, tick.at, me.zone) if tick.at else now.replace(second=0, microsecond=0)
    if at <= held_at or at > now + _A_MINUTE:
        since = i18n.clock(held_at.astimezone(me.zone))
        text = _("%(name)s: late is after %(since)s, and not later than now.", name=line.name, since=since)
        raise Refused(text, field=field)
    return at


def _add(
    db: Session,
    me: Viewer,
    found: RollSheet,
    wish: Wish,
    held_at: datetime,
    changed: Mapping[int, _Entry],
    now: datetime,
) -> None:
    call = {
        "office_id": me.office_id,
        "division_id": found.division.id,
        "date": wish.day,
        "turn": found.version,
        "held_at": held_at,
        "reason": wish.reason,
        "created_by": me.account_id,
        "created_at": now,
        "idempotency_key": wish.key,
    }
    if not insert_unless_there(db, RollCall, call):
        raise Conflict(changed_meanwhile())
    mine = (RollCall.office_id == me.office_id, RollCall.idempotency_key == wish.key)
    call_id = db.scalars(select(RollCall.id).where(*mine)).one()
    entry = {"office_id": me.office_id, "roll_call_id": call_id, "date": wish.day}
    db.execute(
        insert(RollCallEntry),
        [entry | {"officer_id": who, "state": state, "at": at} for who, (state, at) in sorted(changed.items())],
    )
    told = Counter(state.value for state, _at in changed.values())
    facts: dict[str, Any] = {"date": wish.day, "division": found.division.code, "reason": wish.reason, **told}
    verb = "roll_call.changed" if found.acts else "roll_call.saved"
    audit.record(db, me, verb, "roll_call", call_id, now=now, **facts)
