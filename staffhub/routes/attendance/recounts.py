"""What was computed again since a rule, a holiday or many postings changed, and which days read differently since."""

from functools import partial
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import days
from staffhub.i18n import gettext as _
from staffhub.reports import words
from staffhub.routes.attendance.asked import PAGE, Page, pager
from staffhub.routes.deps import DB, Me, pages
from staffhub.web import query, render

router = pages()

_SHOWN = 12


@router.get("/attendance/recounts")
def recounts(
    request: Request, db: DB, me: Me, recount: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0, page: Page = 1
) -> Response:
    """The newest of them, and the changed days of the one that is asked for, or of the newest that changed any."""
    me.require("month")
    known = days.recounts(db, me.office_id, many=_SHOWN)
    chosen = next((found for found in known if (found.id == recount if recount else found.changed)), None)
    offset = (page - 1) * PAGE
    changed = days.recounted(db, me.office_id, chosen.id, offset=offset, many=PAGE) if chosen else []
    total = chosen.changed if chosen else 0
    here = partial(query, "/attendance/recounts", recount=chosen.id if chosen else None)
    return render(
        request,
        "attendance/recounts.html",
        recounts=known,
        chosen=chosen,
        changed=changed,
        cause=cause,
        words=words,
        pager=pager(offset + 1, offset + len(changed), total, page, here),
    )


def cause(name: str) -> str:
    """Return what had changed, by the name of its table."""
    said = {
        "rule_set": _("A rule of the rule book"),
        "machine_mark": _("The log of a fingerprint machine"),
        "machine_person": _("Whose number it is on a fingerprint machine"),
        "holiday": _("The holidays"),
        "office": _("From when presence counts, or the time zone"),
        "posting": _("Postings"),
        "occurrence": _("Meetings"),
        "meeting": _("Meetings"),
        "meeting_invite": _("Meetings"),
        "officer": _("Dates of service"),
        "command": _("The command staffhub recompute"),
    }
    return said.get(name, _("Facts of many days"))
