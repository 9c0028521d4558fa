"""Days on which a bidang need not keep the minimum of a group, each with its reason."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.db import insert_unless_there
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import RosterExcuse
from staffhub.roster import covering, drafts
from staffhub.roster.drafts import Draft
from staffhub.security import Viewer


def excuse(db: Session, me: Viewer, draft: Draft, days: Sequence[str], *, reason: str, now: datetime) -> int:
    """Excuse days of a group that the draft leaves short ("2026-12-28 THL"); return how many. Twice is once."""
    drafts.lock(db, draft.division_id)
    there = drafts.read(db, me.office_id, draft.division_id, draft.month)
    covers = covering.month_of(db, me.office_id, draft.division_id, there.days, cells=there.cells).covers()
    today = clock.local_day(now, me.zone)
    known = {(cover.day, cover.group) for day in covers for cover in covers[day] if cover.day >= today}
    asked = {_read(text) for text in days}
    if not asked or not asked <= known:
        raise Refused(_("Choose one of the list."))
    for day, group in sorted(asked):
        keys = {"office_id": me.office_id, "division_id": draft.division_id, "date": day, "group": group}
        written = keys | {"reason": reason, "created_by": me.author, "created_at": now}
        if insert_unless_there(db, RosterExcuse, written):
            facts: dict[str, Any] = {"date": day, "group": group, "reason": reason}
            audit.record(db, me, "roster.excused", "division", draft.division_id, now=now, **facts)
    return len(asked)


def _read(text: str) -> tuple[date, str]:
    day, _space, group = text.partition(" ")
    try:
        return date.fromisoformat(day), group
    except ValueError:
        raise Refused(_("Choose one of the list.")) from None
