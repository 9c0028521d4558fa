"""Days on which a bidang need not keep the minimum of a group, each with its reason."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, i18n
from staffhub.db import changed_meanwhile, insert_unless_there
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.models import RosterExcuse
from staffhub.roster import coverage, covering, drafts
from staffhub.roster.coverage import APPOINTMENTS
from staffhub.roster.drafts import Draft
from staffhub.security import Viewer


def excuse(db: Session, me: Viewer, draft: Draft, days: Sequence[str], *, reason: str, now: datetime) -> int:
    """Excuse days of a group that the draft leaves short ("2026-12-28 THL"); return how many. Twice is once."""
    drafts.lock(db, draft.division_id)
    asked, today = {_read(text) for text in days}, clock.local_day(now, me.zone)
    if not asked or not asked <= _known(db, me, draft) or min(asked)[0] < today:
        raise Refused(_("Choose one of the list."))
    write(db, me, draft.division_id, asked, reason=reason, now=now)
    return len(asked)


def _known(db: Session, me: Viewer, draft: Draft) -> set[tuple[date, str]]:
    """Return what may be excused in this month, and what is."""
    there = drafts.read(db, me.office_id, draft.division_id, draft.month)
    month = covering.month_of(db, me.office_id, draft.division_id, there.days, cells=there.cells)
    # A share that is excused asks for nothing any more: the second tap finds it here.
    known = {(day, group) for desk, day, group in month.book.calendar.excuses if desk == draft.division_id}
    return known | {
        (one.day, one.group) for covers in month.covers().values() for one in covers if one.group != APPOINTMENTS
    }


def write(
    db: Session, me: Viewer, division_id: int, asked: Iterable[tuple[date, str]], *, reason: str, now: datetime
) -> None:
    """Excuse a bidang, on days, the minimum of a group; by who writes its roster. Conflict where it is excused for
    another reason.
    """
    for day, group in sorted(asked):
        drafts.draft_for(db, me, division_id, day, today=clock.local_day(now, me.zone), edit=True)
        facts: dict[str, Any] = {"date": day, "group": group, "reason": reason}
        written = facts | {"office_id": me.office_id, "division_id": division_id, "created_by": me.author}
        if insert_unless_there(db, RosterExcuse, written | {"created_at": now}):
            audit.record(db, me, "roster.excused", "division", division_id, now=now, **facts)
        elif (there := _reason(db, me, division_id, day, group)) != reason:
            told = {"day": i18n.day(day), "group": coverage.label(group), "reason": there}
            raise Conflict(
                _("%(day)s: %(group)s is excused already: %(reason)s. To give another reason, take that back.", **told)
            )


def take_back(db: Session, me: Viewer, draft: Draft, text: str, *, seen: str, now: datetime) -> None:
    """Let the rule hold again on a day to come ("2026-12-28 THL"). Twice is once; Conflict when it is not the reason
    that was `seen`.
    """
    day, group = _read(text)
    if day not in draft.days or day < clock.local_day(now, me.zone):
        raise Refused(_("Choose one of the list."))
    drafts.lock(db, draft.division_id)
    there = _reason(db, me, draft.division_id, day, group)
    if there is None:
        if (day, group) not in _known(db, me, draft):
            raise Refused(_("Choose one of the list."))
        return
    if there != seen:
        raise Conflict(changed_meanwhile())
    db.execute(delete(RosterExcuse).where(*_of(me, draft.division_id, day, group)))
    facts: dict[str, Any] = {"date": day, "group": group, "reason": there}
    audit.record(db, me, "roster.excuse_taken_back", "division", draft.division_id, now=now, **facts)


def _of(me: Viewer, division_id: int, day: date, group: str) -> list[ColumnElement[bool]]:
    of_day = RosterExcuse.division_id == division_id, RosterExcuse.date == day, RosterExcuse.group == group
    return [RosterExcuse.office_id == me.office_id, *of_day]


def _reason(db: Session, me: Viewer, division_id: int, day: date, group: str) -> str | None:
    return db.scalar(select(RosterExcuse.reason).where(*_of(me, division_id, day, group)))


def _read(text: str) -> tuple[date, str]:
    day, _space, group = text.partition(" ")
    try:
        return date.fromisoformat(day), group
    except ValueError:
        raise Refused(_("Choose one of the list.")) from None
