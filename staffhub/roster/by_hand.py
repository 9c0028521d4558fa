"""Changing a draft by hand: what a form or the grid's script says, and how a step is named."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from staffhub import i18n, workdays
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import PLAN_LETTERS, PlanMode, RosterAct
from staffhub.roster import drafts
from staffhub.roster.coverage import with_cells
from staffhub.roster.drafts import Cell, Draft, Key, Step
from staffhub.security import Viewer

# What the grid's script says of a cell, beside the letters of the places.
CLEAR, LOCK = "X", "L"
PLACES = {PLAN_LETTERS[mode]: mode for mode in drafts.PLACES}
_MOST = 2000

Changes = dict[Key, Cell | None]


def one(draft: Draft, officer_id: int, day: date, mode: PlanMode | None, *, locked: bool) -> Changes:
    """A day as the form says it; mode None: as it is published."""
    return {(officer_id, day): None if mode is None else _placed(draft, (officer_id, day), mode, locked)}


def typed(db: Session, me: Viewer, draft: Draft, cells: Sequence[str]) -> Changes:
    """Read cells of the grid, in the order in which they were pressed: "12.2026-12-02.K"; L locks what stands there."""
    wrong = Refused(_("Choose one of the list."))
    changes: Changes = {}
    stands: workdays.PlanBook | None = None
    if len(cells) > _MOST:
        raise wrong
    for text in cells:
        key, letter = _read(text, wrong)
        there = changes.get(key, draft.cells.get(key))
        if letter == LOCK:
            if there is None:
                stands = stands or workdays.plans(db, me.office_id, draft.days[0], draft.days[-1])
                mode = stands.of(*key).mode
                if mode not in drafts.PLACES:
                    raise Refused(_("Only days of work are locked."))
                there = Cell(mode)
            changes[key] = there._replace(locked=not there.locked)
        elif letter == CLEAR:
            changes[key] = None
        else:
            locked = bool(there and there.locked)
            changes[key] = _placed(draft, key, PLACES[letter], locked)
    return changes


def _read(text: str, wrong: Refused) -> tuple[Key, str]:
    officer, day, letter = (*text.split("."), "", "")[:3]
    if not (officer.isascii() and officer.isdecimal() and len(officer) < 19) or letter not in {*PLACES, CLEAR, LOCK}:  # noqa: PLR2004  of 64 bits
        raise wrong
    try:
        return (int(officer), date.fromisoformat(day)), letter
    except ValueError:
        raise wrong from None


def _placed(draft: Draft, key: Key, mode: PlanMode, locked: bool) -> Cell:
    """Whose desk somebody keeps stays, as long as it is one in the office."""
    there = draft.cells.get(key)
    return Cell(mode, there.desk if there and mode is PlanMode.OFFICE else None, locked)


def change(
    db: Session,
    me: Viewer,
    draft: Draft,
    changes: drafts.Changes,
    *,
    version: int,
    now: datetime,
    act: RosterAct | None = None,
) -> int:
    """Write what a hand says; a day on which something lies over the roster is told, and stays.

    Without an `act` it is a change, or a lock where nothing else changes.
    """
    days = draft.days
    officers = sorted({officer_id for officer_id, _day in changes})
    book = workdays.plans(db, me.office_id, days[0], days[-1], officers=officers)
    would = with_cells(book, {key: cell or Cell(PlanMode.OFFICE) for key, cell in changes.items()})
    for key in changes:
        plan = would.of(*key)
        if plan.mode is not None and plan.source != "roster":
            raise Refused(_("On %(day)s something of higher rank lies over the roster.", day=i18n.day(key[1])))
    if act is None:
        locks = all(_only_locks(draft.cells.get(key), cell, book.of(*key).mode) for key, cell in changes.items())
        act = RosterAct.LOCKED if locks else RosterAct.CHANGED
    return drafts.write(db, me, draft, changes, act=act, version=version, now=now)


def _only_locks(before: Cell | None, after: Cell | None, planned: PlanMode | None) -> bool:
    """Whether the place stays what it was, in the draft or else in the plan."""
    there = before or Cell(planned or PlanMode.LEAVE)
    return after is not None and after == there._replace(locked=after.locked)


def step_said(step: Step, names: Mapping[int, str]) -> str:
    """Name a step for whoever is to take it back."""
    cells = step.cells
    if step.act in {RosterAct.CHANGED, RosterAct.LOCKED} and len(cells) == 1:
        (who, day), before, after = cells[0]
        if step.act is RosterAct.LOCKED:
            return _("%(name)s, %(day)s: lock", name=names.get(who, ""), day=day.day)
        was, now = (PLAN_LETTERS[cell.mode] if cell else "–" for cell in (before, after))
        return _("%(name)s, %(day)s: %(was)s to %(now)s", name=names.get(who, ""), day=day.day, was=was, now=now)
    days = ngettext("%(num)s day", "%(num)s days", len(cells))
    return f"{act_said(step.act)} ({days})"


def act_said(act: RosterAct) -> str:
    return {
        RosterAct.PROPOSED: _("proposal"),
        RosterAct.CHANGED: _("change"),
        RosterAct.LOCKED: _("lock"),
        RosterAct.IMPORTED: _("sheet"),
        RosterAct.RELAXED: _("way out"),
        RosterAct.REPAIRED: _("repair"),
        RosterAct.SWAPPED: _("swap"),
        RosterAct.UNDONE: _("undoing"),
        RosterAct.PUBLISHED: _("publication"),
    }[act]
