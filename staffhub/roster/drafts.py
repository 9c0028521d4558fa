"""Drafts of a bidang's month: cells that only those who write the roster see, and the steps that made them.

`write` alone stores cells and steps. A step keeps each cell as it was and as it became, so any step can be taken back,
and taking back is a step as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, delete, insert, select, tuple_
from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.db import changed_meanwhile, insert_unless_there, lock_row, rows, write_over
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division, EmploymentType, PlanMode, RosterAct, RosterCell, RosterPlan, RosterStep
from staffhub.roster import coverage
from staffhub.security import Viewer

# Places that the roster gives; leave is nobody's turn.
PLACES = (PlanMode.OFFICE, PlanMode.HOME, PlanMode.FIELD)
# What is worked out or put back leaves aside what does not fit any more, where a hand is told.
_LENIENT = (RosterAct.PROPOSED, RosterAct.REPAIRED, RosterAct.UNDONE)
# Pairs of one statement: a database takes so many values and no more.
_AT_ONCE = 1000


class Cell(NamedTuple):
    """Where the draft puts somebody on a day. `desk`: the bidang whose desk is kept, None the own one."""

    mode: PlanMode
    desk: int | None = None
    locked: bool = False


Key = tuple[int, date]
Changes = Mapping[Key, Cell | None]


@dataclass(frozen=True)
class Draft:
    """The month of one bidang; `month` is its first day. Without a plan_id nobody has begun it.

    `published`: the version that was last published, None: never.
    """

    plan_id: int | None
    division_id: int
    month: date
    version: int
    published: int | None
    cells: Mapping[Key, Cell] = field(default_factory=dict)

    @property
    def days(self) -> list[date]:
        return clock.month_days(self.month)


class Step(NamedTuple):
    """A step of a draft, as its page tells it."""

    turn: int
    act: RosterAct
    note: str
    changes: list[Any]

    @property
    def cells(self) -> list[tuple[Key, Cell | None, Cell | None]]:
        """Return each cell with what it was and what it became."""
        return [((who, date.fromisoformat(day)), _cell(old), _cell(new)) for who, day, old, new in self.changes]


def draft_for(db: Session, me: Viewer, division_id: int, month: date, *, today: date, edit: bool = False) -> Draft:
    """Load the draft of a bidang that I may see or, with `edit`, write: HR and the head of the office write each, the
    head of a bidang the own one. Months that are over are only read.
    """
    if division_id not in office.divisions(db, me.office_id):
        raise NotFound(_("There is no such division."))
    sees = me.sees(officer_id=None, division_id=division_id)
    if not sees or (edit and not me.may("roster.edit")):
        raise Forbidden(_("The duty roster is written by HR, the head of the office and the head of the division."))
    month = month.replace(day=1)
    if edit and clock.month_after(month) <= today:
        raise Refused(_("This month is over."))
    return read(db, me.office_id, division_id, month)


_PLAN = select(RosterPlan.id, RosterPlan.version, RosterPlan.published).where(
    RosterPlan.office_id == bindparam("office"),
    RosterPlan.division_id == bindparam("division"),
    RosterPlan.month == bindparam("month"),
)
_CELLS = select(RosterCell.officer_id, RosterCell.date, RosterCell.mode, RosterCell.desk_id, RosterCell.locked).where(
    RosterCell.office_id == bindparam("office"), RosterCell.plan_id == bindparam("plan")
)


def read(db: Session, office_id: int, division_id: int, month: date) -> Draft:
    """Return the draft as it stands, whoever asks."""
    plan = rows(db, _PLAN, office=office_id, division=division_id, month=month).one_or_none()
    if plan is None:
        return Draft(None, division_id, month, 0, None)
    found = rows(db, _CELLS, office=office_id, plan=plan.id)
    cells = {(who, day): Cell(mode, desk, locked) for who, day, mode, desk, locked in found}
    return Draft(plan.id, division_id, month, plan.version, plan.published, cells)


_PUBLISHED = select(RosterPlan.division_id, RosterPlan.month).where(
    RosterPlan.office_id == bindparam("office"),
    RosterPlan.month.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
    RosterPlan.published.is_not(None),
)


def published_months(db: Session, office_id: int, first: date, last: date) -> set[tuple[int, date]]:
    """Return the bidang and months, of those that begin on these days, whose roster was published."""
    return {(division, month) for division, month in rows(db, _PUBLISHED, office=office_id, first=first, last=last)}


def first_open(db: Session, me: Viewer, now: datetime) -> date:
    """Return the first day that a roster still says. Once the work of today has begun people are called in instead."""
    return workdays.calendar(db, me.office_id).first_open(now.astimezone(me.zone))


def has_days_left(db: Session, me: Viewer, month: date, now: datetime) -> bool:
    """Whether anybody works on a day of a month that a roster still says."""
    works, opens = workdays.calendar(db, me.office_id).is_working_day, first_open(db, me, now)
    return any(works(day, kind) for day in clock.month_days(month) if day >= opens for kind in EmploymentType)


def lock(db: Session, division_id: int) -> None:
    """Let whoever changes or publishes the roster of this bidang wait; before the lock of any officer."""
    lock_row(db, Division, division_id)


def write(
    db: Session,
    me: Viewer,
    draft: Draft,
    changes: Changes,
    *,
    act: RosterAct,
    version: int,
    now: datetime,
    note: str = "",
    undoes: int | None = None,
) -> int:
    """Change cells of a draft in one step and return its new version; Conflict when it is not the version seen.

    Nothing that differs is no step. What a hand writes is refused on days that have begun, on free days and for people
    who do not serve in the bidang then.
    """
    lock(db, draft.division_id)
    there = read(db, me.office_id, draft.division_id, draft.month)
    if there.version != version:
        raise Conflict(changed_meanwhile())
    wanted = {key: cell for key, cell in changes.items() if there.cells.get(key) != cell}
    opens, today = first_open(db, me, now), clock.local_day(now, me.zone)
    fitting = _fitting(db, me, draft, wanted, opens)
    if len(fitting) < len(wanted) and act not in _LENIENT:
        if today < opens and any(day == today for _who, day in wanted):
            raise Refused(
                _("Work has begun today: the roster says it no longer. Whoever is to come today is called in.")
            )
        raise Refused(_("The roster is written for working days to come, of people who serve in the division then."))
    if not fitting and undoes is None and act is not RosterAct.PUBLISHED:
        return version
    plan_id = there.plan_id or _begin(db, me, draft, now)
    write_over(db, RosterPlan, plan_id, seen=version)
    _store(db, me, plan_id, fitting)
    stored = [
        [officer_id, day.isoformat(), _plain(there.cells.get((officer_id, day))), _plain(cell)]
        for (officer_id, day), cell in sorted(fitting.items())
    ]
    facts = {"turn": version + 1, "act": act, "changes": stored, "undoes": undoes, "note": note[:200]}
    who = {"office_id": me.office_id, "plan_id": plan_id, "created_by": me.author, "created_at": now}
    db.execute(insert(RosterStep), who | facts)
    return version + 1


def _begin(db: Session, me: Viewer, draft: Draft, now: datetime) -> int:
    keys = {"office_id": me.office_id, "division_id": draft.division_id, "month": draft.month}
    insert_unless_there(db, RosterPlan, keys | {"version": 0, "created_at": now})
    return rows(db, _PLAN, office=me.office_id, division=draft.division_id, month=draft.month).one()[0]


def _fitting(db: Session, me: Viewer, draft: Draft, changes: Changes, opens: date) -> dict[Key, Cell | None]:
    """Leave out what no roster says: days that have begun or are free, and who does not serve in the bidang then."""
    days = draft.days
    asked = {officer_id for officer_id, _day in changes}
    there = {
        (one.officer_id, day)
        for one in coverage.at_desk(db, me.office_id, draft.division_id, days[0], days[-1])
        if one.division_id == draft.division_id and one.officer_id in asked
        for day in days
        if one.serves(day)
    }
    book = workdays.plans(db, me.office_id, days[0], days[-1], officers=sorted(asked))
    desks = office.divisions(db, me.office_id)

    def fits(officer_id: int, day: date, cell: Cell | None) -> bool:
        if day < opens or (officer_id, day) not in there:
            return False
        right = cell is None or (cell.mode in PLACES and (cell.desk is None or cell.desk in desks))
        return right and book.usual(officer_id, day).mode is not None

    return {key: cell for key, cell in changes.items() if fits(*key, cell)}


def _store(db: Session, me: Viewer, plan_id: int, changes: Changes) -> None:
    if not changes:
        return
    # A cell of the same day may be left from the bidang where somebody served before: it is no longer said there.
    keys = list(changes)
    for start in range(0, len(keys), _AT_ONCE):
        some = tuple_(RosterCell.officer_id, RosterCell.date).in_(keys[start : start + _AT_ONCE])
        db.execute(delete(RosterCell).where(RosterCell.office_id == me.office_id, some))
    keep: dict[str, Any] = {"office_id": me.office_id, "plan_id": plan_id}
    written = [
        keep | {"officer_id": officer_id, "date": day, "mode": cell.mode, "desk_id": cell.desk, "locked": cell.locked}
        for (officer_id, day), cell in changes.items()
        if cell is not None
    ]
    if written:
        db.execute(insert(RosterCell), written)


def _plain(cell: Cell | None) -> list[Any] | None:
    return None if cell is None else [cell.mode.value, cell.desk, cell.locked]


def _cell(plain: list[Any] | None) -> Cell | None:
    return None if plain is None else Cell(PlanMode(plain[0]), plain[1], plain[2])


_STEPS = (
    select(RosterStep.turn, RosterStep.undoes)
    .where(RosterStep.office_id == bindparam("office"), RosterStep.plan_id == bindparam("plan"))
    .where(RosterStep.turn > bindparam("after"))
    .order_by(RosterStep.turn)
)
_SOME = select(RosterStep.turn, RosterStep.act, RosterStep.note, RosterStep.changes).where(
    RosterStep.office_id == bindparam("office"),
    RosterStep.plan_id == bindparam("plan"),
    RosterStep.turn.in_(bindparam("turns", expanding=True)),
)


def last_steps(db: Session, me: Viewer, draft: Draft) -> tuple[Step | None, Step | None]:
    """Return the step that undoing takes back now, and the undoing that redoing takes back; None: there is none.

    What was published was told to people: neither goes behind the last publication.
    """
    if draft.plan_id is None or draft.version == draft.published:
        return None, None
    keys = {"office": me.office_id, "plan": draft.plan_id}
    done: list[int] = []
    undone: list[int] = []
    for turn, undoes in rows(db, _STEPS, **keys, after=draft.published or 0):
        if undoes is None:
            done.append(turn)
            undone.clear()
        elif done and done[-1] == undoes:
            done.pop()
            undone.append(turn)
        else:  # it took an undoing back
            undone.pop()
            done.append(turn)
    turns = [*done[-1:], *undone[-1:]]
    found = {row.turn: Step._make(row) for row in rows(db, _SOME, **keys, turns=turns)} if turns else {}
    return found.get(done[-1]) if done else None, found.get(undone[-1]) if undone else None


_LATER = (
    select(RosterStep.turn, RosterStep.act, RosterStep.note, RosterStep.changes)
    .where(RosterStep.office_id == bindparam("office"), RosterStep.plan_id == bindparam("plan"))
    .where(RosterStep.turn > bindparam("after"))
    .order_by(RosterStep.turn.desc())
)


def as_of(db: Session, me: Viewer, draft: Draft, version: int) -> Draft:
    """Return the draft as it was at an earlier version: each later step is taken back, the last one first."""
    cells: dict[Key, Cell | None] = dict(draft.cells)
    for row in rows(db, _LATER, office=me.office_id, plan=draft.plan_id, after=version):
        cells.update((key, old) for key, old, _new in Step._make(row).cells)
    return replace(draft, version=version, cells={key: cell for key, cell in cells.items() if cell is not None})


def undo(db: Session, me: Viewer, draft: Draft, *, version: int, now: datetime, again: bool = False) -> int:
    """Take back the last step that was not taken back or, `again`, the last undoing; return the new version."""
    lock(db, draft.division_id)
    there = read(db, me.office_id, draft.division_id, draft.month)
    if there.version != version:
        raise Conflict(changed_meanwhile())
    step = last_steps(db, me, there)[again]
    if step is None:
        raise Refused(_("There is nothing to take back."))
    before = {key: old for key, old, _new in step.cells}
    return write(db, me, there, before, act=RosterAct.UNDONE, version=version, now=now, undoes=step.turn)
