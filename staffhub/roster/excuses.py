"""Days on which a bidang need not keep the minimum of a group, each with its reason."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.db import insert_unless_there
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import RosterExcuse
from staffhub.roster import covering, drafts
from staffhub.roster.coverage import APPOINTMENTS
from staffhub.roster.drafts import Draft
from staffhub.security import Viewer


def excuse(db: Session, me: Viewer, draft: Draft, days: Sequence[str], *, reason: str, now: datetime) -> int:
    """Excuse days of a group that the draft leaves short ("2026-12-28 THL"); return how many. Twice is once."""
    drafts.lock(db, draft.division_id)
    there = drafts.read(db, me.office_id, draft.division_id, draft.month)
    covers = covering.month_of(db, me.office_id, draft.division_id, there.days, cells=there.cells).covers()
    today = clock.local_day(now, me.zone)
    known = {
        (cover.day, cover.group)
        for day in covers
        for cover in covers[day]
        if cover.day >= today and cover.group != APPOINTMENTS
    }
    asked = {_read(text) for text in days}
    if not asked or not asked <= known:
        raise Refused(_("Choose one of the list."))
    write(db, me, draft.division_id, asked, reason=reason, now=now)
    return len(asked)


def write(
    db: Session, me: Viewer, division_id: int, asked: Iterable[tuple[date, str]], *, reason: str, now: datetime
) -> None:
    """Excuse a bidang, on days, the minimum of a group; by who writes its roster."""
    for day, group in sorted(asked):
        drafts.draft_for(db, me, division_id, day, today=clock.local_day(now, me.zone), edit=True)
        facts: dict[str, Any] = {"date": day, "group": group, "reason": reason}
        written = facts | {"office_id": me.office_id, "division_id": division_id, "created_by": me.author}
        if insert_unless_there(db, RosterExcuse, written | {"created_at": now}):
            audit.record(db, me, "roster.excused", "division", division_id, now=now, **facts)


def take_back(db: Session, me: Viewer, draft: Draft, text: str, *, now: datetime) -> None:
    """Let the rule hold again on a day to come ("2026-12-28 THL"). Twice is once."""
    day, group = _read(text)
    if day not in draft.days or day < clock.local_day(now, me.zone):
        raise Refused(_("Choose one of the list."))
    drafts.lock(db, draft.division_id)
    of_day = RosterExcuse.division_id == draft.division_id, RosterExcuse.date == day, RosterExcuse.group == group
    mine = RosterExcuse.office_id == me.office_id, *of_day
    if (reason := db.scalar(select(RosterExcuse.reason).where(*mine))) is None:
        return
    db.execute(delete(RosterExcuse).where(*mine))
    facts: dict[str, Any] = {"date": day, "group": group, "reason": reason}
    audit.record(db, me, "roster.excuse_taken_back", "division", draft.division_id, now=now, **facts)


def _read(text: str) -> tuple[date, str]:
    day, _space, group = text.partition(" ")
    try:
        return date.fromisoformat(day), group
    except ValueError:
        raise Refused(_("Choose one of the list.")) from None
